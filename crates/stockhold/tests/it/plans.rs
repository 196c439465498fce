//! How the desk's lists are read in a shop with a year of orders behind it, on both engines: each walks the index that was made
//! for it, and none reads a table from end to end that grows with every sale.

use rules::ids::{OrderId, ProductId};
use stockhold::storage::products::roster;
use stockhold::storage::stock::{self, shelf};
use stockhold::storage::{Row, RowExt, Storage, Value, customers, inbox, money, order_list, order_search, products};
use stockhold::{audit, values};

use crate::on_both_engines;
use crate::support::books::{TestBooks, noon};
use crate::support::crowd;

const PRODUCTS: u64 = 2_000;
const ORDERS: u64 = 4_000;

/// What grows with every sale, and what statements call it.
const GROWING: &[(&str, &[&str])] = &[
    ("orders", &["o", "n", "latest"]),
    ("order_lines", &["l"]),
    ("order_names", &[]),
    ("payments", &["p"]),
    ("refunds", &["r"]),
    ("movements", &["m"]),
    ("stripe_events", &[]),
];
/// Reads of a whole index that a list may make: each covers only the rows of its own condition, which stay few, or is walked in
/// the order of the list until the page is full.
const MAY_BE_WALKED: &[&str] =
    &["orders_live", "orders_to_ship", "refunds_unfinished", "refunds_owed", "disputes_live", "orders_list"];

/// Plans as the engine tells them, a line each.
async fn plan(storage: &Storage, is_postgres: bool, sql: &str, parameters: Vec<Value>) -> Vec<String> {
    let words = if is_postgres { "explain" } else { "explain query plan" };
    let sql: &'static str = Box::leak(format!("{words} {sql}").into_boxed_str());
    let rows = storage.read(sql, parameters).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let column = if is_postgres { 0 } else { 3 };
    rows.iter().map(|row: &Row| row.text(column).to_owned()).collect()
}

/// Whether this line of a plan reads a growing table from end to end, or a whole index of it; `next` is the line after it.
fn reads_whole(line: &str, next: &str, is_postgres: bool) -> bool {
    if is_postgres {
        let by_index = |table: &str| {
            (line.contains("Index Scan using") || line.contains("Index Only Scan using"))
                && line.contains(&format!(" on {table} "))
                && !next.contains("Index Cond")
                && !MAY_BE_WALKED.iter().any(|index| line.contains(index))
        };
        return GROWING.iter().any(|(table, _)| line.contains(&format!("Seq Scan on {table}")) || by_index(table));
    }
    let Some(scanned) = line.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()) else { return false };
    GROWING.iter().any(|(table, names)| *table == scanned || names.contains(&scanned))
        && !MAY_BE_WALKED.iter().any(|index| line.contains(index))
}

type Asked = Vec<(&'static str, &'static str, Vec<Value>)>;

/// The lists of orders, as their page asks for them.
fn of_orders() -> Asked {
    let ids = || vec![OrderId::from_u128(1 << 64 | 0xc0_2d).to_string()];
    let filters = || values![0, 9_000_000, "", "", "", 0, i64::MAX, i64::MIN, i64::MAX, 51];
    let asked = |sql: &str| match sql {
        order_search::FIND => order_search::parameters("mül").expect("something was typed"),
        sql if sql.contains("$12") => [filters(), values![vec![1001, 1002, 1003], "to_ship"]].concat(),
        sql if sql.contains("$10") => filters(),
        sql if sql.contains("min(number)") => values![noon().micros(), noon().micros() + 1],
        sql if sql.contains("limit $1") => values![1_000],
        _ => values![ids()],
    };
    order_list::LISTS.iter().map(|(sql, index)| (*sql, *index, asked(sql))).collect()
}

/// The other lists: each module's statements in their order, with what a page asks of them.
fn of_the_rest() -> Asked {
    let product = || vec![ProductId::from_u128(7).to_string()];
    let buyers = || vec!["anna.abel.1@example.org".to_owned()];
    let first_page = || values![i64::MAX, "", 51];
    let with = |lists: &'static [(&'static str, &'static str)], parameters: Vec<Vec<Value>>| {
        assert_eq!(lists.len(), parameters.len(), "{:?}", lists.iter().map(|(sql, _)| sql).collect::<Vec<_>>());
        lists.iter().zip(parameters).map(|((sql, index), parameters)| (*sql, *index, parameters)).collect::<Asked>()
    };
    [
        with(
            customers::LISTS,
            vec![
                values![1_000_000, 51],
                values![1_000_000, 51, "fischer.7", "fischer.8", "fischer.7", "fischer.8"],
                values!["anna.abel.1@example.org"],
                values!["anna.abel.1@example.org", 1_000_000, 51],
                values![buyers()],
                values![buyers()],
                values![vec![1_001, 1_002]],
            ],
        ),
        with(roster::LISTS, vec![values!["", i64::MIN, "", "", false, Vec::<String>::new(), 51]]),
        with(
            products::LISTS,
            vec![
                values![true, i64::MIN, "", "", false, Vec::<String>::new(), 51],
                values![product()],
                values![noon().micros(), product()],
                values![product()],
            ],
        ),
        with(shelf::LISTS, vec![values![noon().micros(), "", "", Vec::<String>::new(), "all", 3, "", 51]]),
        with(
            stock::LISTS,
            vec![values!["HK-00007", 100], values!["HK-00007", i64::MAX, 50], values!["HK-00007", 100, "HK-00007"]],
        ),
        with(money::LISTS, vec![first_page(), values![i64::MAX, "", "", 51], first_page(), values![51]]),
        with(inbox::LISTS, vec![first_page(), values![i64::MAX, "", 51, "failed"]]),
    ]
    .concat()
}

/// As many messages from Stripe as a shop of this size has had; the crowd pays without them.
async fn messages(storage: &Storage, is_postgres: bool) {
    let series = if is_postgres {
        format!("generate_series(1, {ORDERS}) as g (i)")
    } else {
        format!(
            "(with recursive g (i) as (select 1 union all select i + 1 from g where i < {ORDERS}) select i from g) as g"
        )
    };
    let sql = format!(
        "insert into stripe_events (id, type, object_id, livemode, payload, state, attempts, last_error, received_at,
            due_at, leased_until, reduced)
         select 'evt_' || i, 'charge.updated', 'ch_' || i, 1, '', 'done', 1, '', i, i, 0, 1 from {series};"
    );
    storage.execute_script(sql).await.expect("messages are put in");
    let learned = if is_postgres { "vacuum analyze" } else { "select 1" };
    storage.execute_script(learned.to_owned()).await.expect("the database looks at its tables");
}

on_both_engines!(
    /// The plans of every list, search and count of the desk.
    no_list_reads_a_whole_table,
    async |shop: &TestBooks| {
        crowd::fill(&shop.storage, PRODUCTS, ORDERS, noon()).await;
        messages(&shop.storage, shop.is_postgres()).await;
        for (sql, index, parameters) in [of_orders(), of_the_rest()].concat() {
            let plan = plan(&shop.storage, shop.is_postgres(), sql, parameters).await;
            let nexts = plan.iter().skip(1).map(String::as_str).chain([""]);
            let pairs = plan.iter().zip(nexts).filter(|(line, next)| reads_whole(line, next, shop.is_postgres()));
            let whole: Vec<&String> = pairs.map(|(line, _)| line).collect();
            assert!(whole.is_empty(), "{sql}\nreads a whole table: {whole:#?}\nof {plan:#?}");
            assert!(plan.iter().any(|line| line.contains(index)), "{sql}\ndoes not walk {index}: {plan:#?}");
        }
        let findings = audit::run(&shop.storage).await.expect("the database answers");
        assert!(findings.is_empty(), "the crowd's books do not balance: {findings:#?}");
    }
);
