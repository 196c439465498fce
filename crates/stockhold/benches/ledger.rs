//! Orders per second, durable: the ledger beside the bare engine doing the same statements, in the same run.
//!
//! Quote the ratios: absolute figures move with the machine. `cargo xtask bench ledger` runs this, in about five
//! minutes; a word after it chooses the rows whose name contains it (`hot`, `SQLite`, `callers`).
//!
//! The bare forms keep the shop's schema, its constraints and its durability, and do less than the ledger wherever
//! that makes them faster: they look for no earlier answer, check no caps, and nobody waits for them.

#[path = "../tests/it/support/postgres.rs"]
mod postgres;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rules::books::Policy;
use rules::cart::CartLine;
use rules::commands::place_order::PlaceOrder;
use rules::ids::OrderId;
use rules::money::Currency;
use rules::text::{Email, Sku};
use rules::time::{Span, Timestamp};
use stockhold::ledger::Ledger;
use stockhold::storage::{RowExt, Storage, migrate};

/// What is measured is durable.
const REACHES_THE_DISK: bool = true;
const SKUS: u64 = 10_000;
const CALLERS: u64 = 64;
const ORDERS_PER_COMMIT: u64 = 64;
/// Sessions that pgbench keeps busy.
const PGBENCH_CLIENTS: u64 = 32;
const RUN: Duration = Duration::from_secs(4);
/// Of the ledger and of the bare engine, in turns, so that a busy machine slows both.
const RUNS: usize = 5;

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    if !std::env::args().any(|word| word == "--bench") {
        return try_the_bare_forms(&runtime); // `cargo test`: the bare statements must go with the schema.
    }
    let chosen = std::env::args().skip(1).find(|word| !word.starts_with("--")).unwrap_or_default();
    println!("Placing orders of two lines, {SKUS} SKUs, durable commits; orders/s, median of {RUNS} runs.\n");
    println!("{:34} {:>10} {:>10} {:>7}", format!("{CALLERS} callers"), "ledger", "bare", "ratio");
    for hot in [false, true] {
        let place = if hot { "one hot SKU" } else { "spread" };
        compare(
            &format!("SQLite, {place}"),
            &chosen,
            || runtime.block_on(sqlite_ledger(hot, CALLERS)),
            || bare_sqlite(hot),
        );
        compare(
            &format!("PostgreSQL, {place}"),
            &chosen,
            || runtime.block_on(postgres_ledger(hot, CALLERS)),
            || pgbench(&runtime, hot),
        );
    }
    println!("\n{:34} {:>10} {:>10}", "the ledger alone, spread", "SQLite", "PostgreSQL");
    for callers in [1, 8, 64, 256] {
        let name = format!("{callers} callers");
        if name.contains(&chosen) {
            let sqlite = runtime.block_on(sqlite_ledger(false, callers));
            let postgres = runtime.block_on(postgres_ledger(false, callers));
            println!("{name:34} {sqlite:>10.0} {postgres:>10.0}");
        }
    }
    println!(
        "\nBare SQLite {}: rusqlite, {ORDERS_PER_COMMIT} orders a commit. Bare PostgreSQL: pgbench, one stored function \
         an order, {PGBENCH_CLIENTS} clients.",
        rusqlite::version()
    );
}

/// Some orders by each bare form, and how many rows they have left.
fn try_the_bare_forms(runtime: &tokio::runtime::Runtime) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.db");
    let connection = bare_connection(&path);
    for number in 1..=3 {
        place_bare(&connection, number, (1, 5_001));
    }
    drop(connection);
    let url = postgres::database_url();
    runtime.block_on(async {
        make_bare_postgres(&url).await;
        for (url, placed) in [(format!("sqlite:{}", path.display()), 3), (url, 1)] {
            let storage = Storage::open(&url).await.expect("it opens");
            if placed == 1 {
                storage.read("select place_bare('S1', 'S5001')", vec![]).await.expect("it is placed");
            }
            let sql = "select count(*) from orders o join order_lines l on l.order_id = o.id
                join order_events e on e.order_id = o.id join effects f on f.order_id = o.id";
            let rows = storage.read(sql, vec![]).await.expect("it answers");
            assert_eq!(rows[0].int(0), 2 * placed, "each order has two lines, an event and an effect");
        }
    });
    println!("test result: ok. 2 passed; 0 failed; the bare forms go with the schema");
}

/// Prints one row. The ratio is the median of the pairs' ratios: the two runs of a pair meet the same machine.
fn compare(name: &str, chosen: &str, ledger: impl Fn() -> f64, bare: impl Fn() -> f64) {
    if !name.contains(chosen) {
        return;
    }
    let pairs: Vec<(f64, f64)> = (0..RUNS).map(|_| (ledger(), bare())).collect();
    let ratio = median(pairs.iter().map(|(ledger, bare)| ledger / bare));
    let (ledger, bare) = (median(pairs.iter().map(|pair| pair.0)), median(pairs.iter().map(|pair| pair.1)));
    println!("{name:34} {ledger:>10.0} {bare:>10.0} {ratio:>7.2}");
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A shelf of so many products, as SQL that both engines take.
fn shelf(series: &str) -> String {
    let name = "'S' || cast(i as text)";
    format!(
        "insert into products select {name}, {name}, 'active', '{{\"en\":\"Cup\"}}', '{{}}', '[]', 0, '', '', 'standard', 0, 0 from {series};
         insert into variants select {name}, {name}, 0, '{{\"en\":\"Celadon\"}}', '{{}}', 1999, null, null, 1 from {series};
         insert into stock_levels (sku, on_hand, held, seq) select {name}, 1000000000, 0, 1 from {series};"
    )
}

const SQLITE_SERIES: &str =
    "(with recursive g (i) as (select 1 union all select i + 1 from g where i < 10000) select i from g) as g";
const POSTGRES_SERIES: &str = "generate_series(1, 10000) as g (i)";

async fn sqlite_ledger(hot: bool, callers: u64) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let storage =
        Storage::open(&format!("sqlite:{}", folder.path().join("shop.db").display())).await.expect("it opens");
    migrate::run(&storage).await.expect("it migrates");
    storage.execute_script(shelf(SQLITE_SERIES)).await.expect("it fills");
    drive(&storage, hot, callers).await
}

async fn postgres_ledger(hot: bool, callers: u64) -> f64 {
    let storage = Storage::open(&postgres::database_url()).await.expect("it opens");
    migrate::run(&storage).await.expect("it migrates");
    storage.execute_script(shelf(POSTGRES_SERIES) + "analyze;").await.expect("it fills");
    drive(&storage, hot, callers).await
}

async fn drive(storage: &Storage, hot: bool, callers: u64) -> f64 {
    let policy = Policy {
        currency: Currency::parse("USD").expect("a currency"),
        hold: Span::minutes(30),
        holds_per_buyer_max: 1_000_000,
        holds_per_client_max: 1_000_000,
        charge_minor_min: 1,
        charge_minor_max: 99_999_999,
        prices: std::sync::Arc::new(rules::price_rules::PriceRules::none()),
    };
    let ledger = Ledger::start(storage, policy);
    let (drawn, begun) = (Arc::new(AtomicU64::new(1)), Instant::now());
    let mut running = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let (ledger, drawn) = (ledger.clone(), drawn.clone());
        running.spawn(async move {
            let mut random = Random(0x9e37 + caller * 7919);
            let mut placed = 0u64;
            while begun.elapsed() < RUN {
                let order = order(drawn.fetch_add(1, Ordering::Relaxed), random.pair(hot));
                ledger.place_order(order, Timestamp::from_seconds(1_795_600_800)).await.expect("it is in stock");
                placed += 1;
            }
            placed
        });
    }
    let placed: u64 = running.join_all().await.into_iter().sum();
    placed as f64 / begun.elapsed().as_secs_f64()
}

fn order(number: u64, (first, second): (u64, u64)) -> PlaceOrder {
    let line = |sku: u64, quantity| CartLine { sku: Sku::parse(&format!("S{sku}")).expect("a SKU"), quantity };
    PlaceOrder {
        order_id: OrderId::from_u128(u128::from(number)),
        request_hash: "0123456789abcdef0123456789abcdef".to_owned(),
        lines: vec![line(first, 1), line(second, 2)],
        email: Email::parse(&format!("buyer{number}@example.org")).expect("an address"),
        formerly: String::new(),
        client: String::new(),
        cart_id: String::new(),
        language: "en".to_owned(),
        shipping_address: String::new(),
        destination: None,
        shipping_method: None,
        coupon: None,
        total_shown: None,
    }
}

/// The same reads and writes an order, without a ledger: one connection, many orders a commit.
fn bare_sqlite(hot: bool) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = bare_connection(&folder.path().join("shop.db"));
    let (begun, mut random, mut number) = (Instant::now(), Random(0x9e37), 0u64);
    while begun.elapsed() < RUN {
        connection.execute_batch("begin immediate").expect("begin");
        for _ in 0..ORDERS_PER_COMMIT {
            number += 1;
            place_bare(&connection, number, random.pair(hot));
        }
        connection.execute_batch("commit").expect("commit");
    }
    number as f64 / begun.elapsed().as_secs_f64()
}

/// A connection to a fresh shop with a full shelf, set as the shop's own is.
fn bare_connection(path: &std::path::Path) -> rusqlite::Connection {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let storage = Storage::open(&format!("sqlite:{}", path.display())).await.expect("it opens");
        migrate::run(&storage).await.expect("it migrates");
        storage.execute_script(shelf(SQLITE_SERIES)).await.expect("it fills");
    });
    let connection = rusqlite::Connection::open(path).expect("it opens");
    connection.set_prepared_statement_cache_capacity(64);
    let settings = "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma cache_size = -65536; pragma temp_store = memory";
    connection.execute_batch(settings).expect("it is set");
    connection
}

fn place_bare(connection: &rusqlite::Connection, number: u64, (first, second): (u64, u64)) {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(sql).and_then(|mut statement| statement.execute(values)).expect("it runs");
    };
    let id = format!("ord_{number:032x}");
    let (holder, effect) = (format!("email:buyer{number}@example.org"), format!("open_checkout:{id}"));
    let email = &holder[6..];
    run(
        "insert into holders (holder, live_holds) values (?1, 1) on conflict (holder) do update set live_holds = live_holds + 1",
        &[&holder],
    );
    for (sku, quantity) in [(first, 1i64), (second, 2)] {
        let (price, titles) = price_bare(connection, sku);
        assert!(price == 1999 && titles.len() == 2, "the price and the titles that the order freezes");
        run(
            "update stock_levels set held = held + ?2 where sku = ?1 and on_hand - held >= ?2",
            &[&format!("S{sku}"), &quantity],
        );
    }
    run("update counters set value = value + 1 where name = 'order_number'", &[]);
    run(
        "insert into orders (id, number, status, hold, request_hash, email, buyer, client, cart_id, language,
            shipping_address, currency, subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor,
            reserved_at, hold_due_at, session_state, cancel_reason, fulfilment, revision, coupon_counts,
            destination, delivery, shipping_tax_minor, taxation, tax_lines)
         values (?1, (select value from counters where name = 'order_number'), 'pending', 'live', '0123456789abcdef0123456789abcdef', ?2, ?2, '', '', 'en', '', 'USD', 5997, 0, 0, 0,
            5997, 1795600800000000, 1795602600000000, 'opening', '', 'unfulfilled', 1, 0, '', '', 0, 'none', '')",
        &[&id, &email],
    );
    for (at, sku, quantity) in [(1i64, first, 1i64), (2, second, 2)] {
        run(
            "insert into order_lines (order_id, line_no, sku, title, variant_title, quantity, unit_price_minor, discount_minor,
                tax_rate, tax_minor, total_minor, shipped, cancelled, restocked)
             values (?1, ?2, ?3, 'Cup', 'Celadon', ?4, 1999, 0, 0, 0, 1999 * ?4, 0, 0, 0)",
            &[&id, &at, &format!("S{sku}"), &quantity],
        );
    }
    run(
        "insert into order_events (order_id, seq, kind, detail, happened_at) values (?1, 1, 'placed', '', 1795600800000000)",
        &[&id],
    );
    run(
        "insert into effects (id, kind, subject, order_id, parameters, state, attempts, due_at, leased_until, last_error, created_at)
         values (?1, 'open_checkout', ?2, ?2, '', 'due', 0, 1795600800000000, 0, '', 1795600800000000)",
        &[&effect, &id],
    );
}

/// What an order freezes of an item; somebody has to read it.
fn price_bare(connection: &rusqlite::Connection, sku: u64) -> (i64, [String; 2]) {
    let sql = "select v.price_minor, v.title, p.title from variants v join products p on p.id = v.product_id
        where v.sku = ?1 and v.active = 1 and p.status = 'active'";
    let mut statement = connection.prepare_cached(sql).expect("it is prepared");
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, [row.get(1)?, row.get(2)?]));
    statement.query_row([format!("S{sku}")], read).expect("it is on the shelf")
}

/// PostgreSQL's best form without a ledger: a stored function an order, so one round trip and one commit each.
///
/// It writes every row that the ledger writes. In one thing it is let off: its order numbers come from a sequence,
/// where the shop's come from a counter's row, so that they have no gaps. With the counter's row every order would
/// wait for the commit of the one before, spread or hot, and the comparison would flatter the ledger. Ids ascend, as
/// the shop's do (UUID version 7), because random ones would cost the indexes more.
const FUNCTION: &str = "
create sequence bare_numbers;
create function place_bare(first text, second text) returns bigint language plpgsql as $$
declare no bigint := nextval('bare_numbers'); id text := 'ord_' || lpad(to_hex(no), 32, '0'); email text := 'buyer' || no || '@example.org';
    price bigint; title text;
begin
    insert into holders (holder, live_holds) values ('email:' || email, 1) on conflict (holder) do update set live_holds = holders.live_holds + 1;
    perform 1 from stock_levels where sku in (first, second) order by sku for update;
    select v.price_minor, p.title into price, title from variants v join products p on p.id = v.product_id where v.sku = first;
    select v.price_minor, p.title into price, title from variants v join products p on p.id = v.product_id where v.sku = second;
    update stock_levels set held = held + 1 where sku = first and on_hand - held >= 1;
    update stock_levels set held = held + 2 where sku = second and on_hand - held >= 2;
    insert into orders (id, number, status, hold, request_hash, email, buyer, client, cart_id, language, shipping_address,
        currency, subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor, reserved_at, hold_due_at, session_state,
        cancel_reason, fulfilment, revision, coupon_counts, destination, delivery, shipping_tax_minor, taxation, tax_lines)
    values (id, no, 'pending', 'live', '0123456789abcdef0123456789abcdef', email, email, '', '', 'en', '', 'USD', 5997, 0, 0, 0, 5997,
        1795600800000000, 1795602600000000, 'opening', '', 'unfulfilled', 1, 0, '', '', 0, 'none', '');
    insert into order_lines values (id, 1, first, 'Cup', 'Celadon', 1, 1999, 0, 0, 0, 1999, 0, 0, 0), (id, 2, second, 'Cup', 'Celadon', 2, 1999, 0, 0, 0, 3998, 0, 0, 0);
    insert into order_events values (id, 1, 'placed', '', 1795600800000000);
    insert into effects values ('open_checkout:' || id, 'open_checkout', id, id, '', 'due', 0, 1795600800000000, 0, '', 1795600800000000);
    return no;
end $$;";

async fn make_bare_postgres(url: &str) {
    let storage = Storage::open(url).await.expect("it opens");
    migrate::run(&storage).await.expect("it migrates");
    storage.execute_script(shelf(POSTGRES_SERIES) + FUNCTION + "analyze;").await.expect("it fills");
}

fn pgbench(runtime: &tokio::runtime::Runtime, hot: bool) -> f64 {
    let url = postgres::database_url();
    runtime.block_on(make_bare_postgres(&url));
    let first = if hot { "1" } else { ":a" };
    let script = format!(
        "\\set a random(2, 5000)\n\\set b random(5001, 10000)\nselect place_bare('S' || {first}, 'S' || :b);\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("place.sql");
    std::fs::write(&file, script).expect("it is written");
    let (seconds, clients) = (RUN.as_secs().to_string(), PGBENCH_CLIENTS.to_string());
    let program = postgres::programs().join("pgbench");
    let output = Command::new(program)
        .args(["-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &seconds, "-f"])
        .arg(&file)
        .arg(&url)
        .output();
    let output = output.expect("pgbench starts (Debian: postgresql-contrib)");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text
        .lines()
        .find(|line| line.starts_with("tps = "))
        .unwrap_or_else(|| panic!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)));
    line["tps = ".len()..].split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % most
    }

    /// Two different SKUs; hot: the first is always the same.
    fn pair(&mut self, hot: bool) -> (u64, u64) {
        (if hot { 1 } else { 2 + self.below(4_999) }, 5_001 + self.below(5_000))
    }
}
