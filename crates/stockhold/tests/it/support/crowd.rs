//! A shop that has sold for a year: many products and many orders, put into its database quickly and by the law.
//!
//! Each command is decided as the ledger decides it, only in far larger batches and without anybody who waits for an answer;
//! so the books balance, however many orders there are. Nobody has to write a hundred thousand letters afterwards: what the
//! orders would still say is marked as said.

use futures_util::FutureExt;
use rules::books::Policy;
use rules::cart::CartLine;
use rules::commands::count_stock::CountStock;
use rules::commands::place_order::PlaceOrder;
use rules::commands::record_dispute::RecordDispute;
use rules::commands::record_payment::RecordPayment;
use rules::commands::record_refund::RecordRefund;
use rules::commands::refund_order::{RefundOrder, RefundWhat};
use rules::commands::ship_order::ShipOrder;
use rules::commands::{Command, decide};
use rules::disputes::{Dispute, DisputeState};
use rules::ids::{CountId, OrderId, RefundId, ShipmentId};
use rules::money::{Currency, Money};
use rules::payments::{MoneyState, SessionFact, SessionState};
use rules::places::{Country, Destination};
use rules::refunds::RefundState;
use rules::shipments::Units;
use rules::stock::Reason;
use rules::text::{Email, Sku};
use rules::time::{Span, Timestamp};
use stockhold::storage::{Database, Storage, Tx, books};

/// Commands of one transaction; more only make its parameters longer.
const BATCH: usize = 2_000;
const YEAR_SECONDS: i64 = 365 * 24 * 60 * 60;
const FIRST_NAMES: [&str; 8] = ["Anna", "Ben", "Chiara", "Dmitri", "Émile", "Fatima", "Greta", "Hugo"];
const LAST_NAMES: [&str; 8] = ["Abel", "Brandt", "Costa", "Dubois", "Eriksen", "Fischer", "Müller", "Novak"];
const COUNTRIES: [&str; 8] = ["US", "US", "US", "GB", "DE", "FR", "HK", "NZ"];

/// How an order goes on after it was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Unpaid,
    Expired,
    ToShip,
    PartlyShipped,
    Shipped,
    RefundedInPart,
    Refunded,
    Disputed,
}

/// One order of the crowd.
#[derive(Debug, Clone)]
struct One {
    id: OrderId,
    number: u64,
    at: Timestamp,
    course: Course,
    /// Places of its goods, with how many.
    goods: Vec<(u64, i64)>,
    total: i64,
}

/// The SKU of the product at this place.
pub fn sku_of(place: u64) -> String {
    format!("HK-{place:05}")
}

/// So many products and so many orders of theirs in the year before `now`; the latest of them are still to be paid or sent.
pub async fn fill(storage: &Storage, products: u64, orders: u64, now: Timestamp) {
    storage.execute_script(shelf(storage, products)).await.expect("goods are put on the shelf");
    let received: Vec<(Command, Timestamp)> = (0..products).map(|place| (receive(place), now)).collect();
    run_all(storage, received).await;
    let mut begun = 0;
    while begun < orders {
        let end = (begun + BATCH as u64).min(orders);
        let crowd: Vec<One> = (begun..end).map(|number| one(number, orders, products, now)).collect();
        let placed = crowd.iter().map(|one| (place(one), one.at)).collect();
        run_all(storage, placed).await;
        for step in [pay, ship, give_back, money_is_back, complain] {
            let told = crowd.iter().filter_map(|one| Some((step(one)?, one.at + Span::minutes(5)))).collect();
            run_all(storage, told).await;
        }
        begun = end;
    }
    let said = "update effects set state = 'done' where state = 'due';";
    storage.execute_script(said.to_owned()).await.expect("it is said");
    // What a database learns of its tables in the course of a day.
    let learned = if matches!(storage.database, Database::Postgres(_)) { "vacuum analyze" } else { "select 1" };
    storage.execute_script(learned.to_owned()).await.expect("the database looks at its tables");
}

fn price(place: u64) -> i64 {
    1_000 + (place % 90) as i64 * 100
}

/// Products as SQL that both engines take; their stock comes by the law.
fn shelf(storage: &Storage, products: u64) -> String {
    let is_postgres = matches!(storage.database, Database::Postgres(_));
    let (series, name) = if is_postgres {
        (format!("generate_series(0, {}) as g (i)", products.max(1) - 1), "lpad(cast(i as text), 5, '0')")
    } else {
        let to = products.max(1) - 1;
        (
            format!(
                "(with recursive g (i) as (select 0 union all select i + 1 from g where i < {to}) select i from g) as g"
            ),
            "printf('%05d', i)",
        )
    };
    format!(
        "insert into products (id, slug, status, title, description, options, specs, position, image, ships_from, tax_class, created_at, updated_at, revision)
            select 'prod_000000000000000000000000000' || {name}, 'cup-' || {name}, 'active',
                '{{\"en\":\"Cup ' || {name} || '\",\"zh-CN\":\"茶杯 ' || {name} || '\"}}', '{{}}', '[]', '[]', i, '', '', 'standard', 0, 0, 1 from {series};
         insert into variants (sku, product_id, position, title, options, price_minor, compare_at_minor, weight_grams, active)
            select 'HK-' || {name}, 'prod_000000000000000000000000000' || {name}, 0, '{{}}', '{{}}', 1000 + (i % 90) * 100, null, null, 1 from {series};
         insert into product_tokens (product_id, token, weight, is_word)
            select 'prod_000000000000000000000000000' || {name}, 'cup', 8, 1 from {series};
         insert into product_tokens (product_id, token, weight, is_word)
            select 'prod_000000000000000000000000000' || {name}, {name}, 8, 1 from {series};
         insert into stock_levels (sku, on_hand, held, seq) select 'HK-' || {name}, 0, 0, 0 from {series};"
    )
}

fn receive(place: u64) -> Command {
    Command::CountStock(CountStock {
        id: CountId::from_u128(u128::from(place)),
        sku: Sku::parse(&sku_of(place)).expect("a SKU"),
        delta: 1_000_000,
        reason: Reason::Received,
        actor: "crowd".to_owned(),
    })
}

fn one(number: u64, orders: u64, products: u64, now: Timestamp) -> One {
    let age = (orders - number) as i64 * YEAR_SECONDS / orders as i64;
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let is_new = orders - number <= orders / 100 + 5;
    let course = match (is_new, mixed % 100) {
        (true, 0..30) => Course::Unpaid,
        (true, 30..90) => Course::ToShip,
        (true, _) => Course::PartlyShipped,
        (false, 0..8) => Course::Expired,
        (false, 8..12) => Course::RefundedInPart,
        (false, 12..14) => Course::Refunded,
        (false, 14) => Course::Disputed,
        (false, _) => Course::Shipped,
    };
    let mut goods = vec![(mixed % products, 2)];
    if mixed.is_multiple_of(3) && products > 1 {
        goods.push(((mixed + 1) % products, 1));
    }
    let total = goods.iter().map(|(place, units)| price(*place) * units).sum();
    // The upper bits make ids ascend with time, as the shop's own do; the last tell the runs of a test apart.
    let id = OrderId::from_u128(u128::from(number + 1) << 64 | 0xc0_2d);
    One { id, number, at: now - Span::seconds(age), course, goods, total }
}

fn place(one: &One) -> Command {
    // Three orders a buyer, more or less.
    let buyer = one.number.wrapping_mul(7_919) % (one.number / 3 + 1);
    let (first, last) = (FIRST_NAMES[(buyer % 8) as usize], LAST_NAMES[(buyer / 8 % 8) as usize]);
    let country = COUNTRIES[(one.number % 8) as usize];
    let line = |(place, quantity): &(u64, i64)| CartLine {
        sku: Sku::parse(&sku_of(*place)).expect("a SKU"),
        quantity: *quantity,
    };
    Command::PlaceOrder(PlaceOrder {
        formerly: String::new(),
        order_id: one.id,
        request_hash: String::new(),
        lines: one.goods.iter().map(line).collect(),
        email: Email::parse(&format!("{}.{buyer}@example.org", last.to_lowercase().replace('ü', "u")))
            .expect("an address"),
        client: String::new(),
        cart_id: String::new(),
        language: if one.number.is_multiple_of(5) { "zh-CN" } else { "en" }.to_owned(),
        shipping_address: format!(
            r#"{{"name":"{first} {last}{buyer}","street":"{buyer} Kiln Lane","postal_code":"10{}","city":"Harbour","country":"{country}"}}"#,
            buyer % 1000
        ),
        destination: Some(Destination { country: Country::parse(country).expect("a country"), region: None }),
        shipping_method: None,
        coupon: None,
        total_shown: None,
    })
}

fn pay(one: &One) -> Option<Command> {
    let (state, money) = match one.course {
        Course::Unpaid => return None,
        Course::Expired => (SessionState::Closed, MoneyState::Unpaid),
        _ => (SessionState::Complete, MoneyState::Paid),
    };
    Some(Command::RecordPayment(RecordPayment {
        order_id: one.id,
        fact: SessionFact {
            session_id: format!("cs_test_{}", one.number),
            state,
            money,
            intent: (state == SessionState::Complete).then(|| intent(one)),
            amount_minor: one.total,
            currency: usd(),
            livemode: false,
        },
        refund_id: refund_id(one),
    }))
}

fn ship(one: &One) -> Option<Command> {
    let lines = match one.course {
        Course::Unpaid | Course::Expired | Course::ToShip | Course::Refunded => return None,
        Course::PartlyShipped => vec![Units { line_no: 1, units: 1 }],
        Course::Shipped | Course::RefundedInPart | Course::Disputed => Vec::new(),
    };
    Some(Command::ShipOrder(ShipOrder {
        shipment_id: ShipmentId::from_u128(u128::from(one.number)),
        order_id: one.id,
        lines,
        carrier: "DHL".to_owned(),
        tracking: format!("JD{:010}", one.number),
        notify: true,
        request_hash: String::new(),
    }))
}

fn give_back(one: &One) -> Option<Command> {
    let what = match one.course {
        Course::RefundedInPart => RefundWhat::Goods { lines: vec![Units { line_no: 1, units: 1 }], shipping: false },
        Course::Refunded => RefundWhat::Rest,
        _ => return None,
    };
    Some(Command::RefundOrder(RefundOrder {
        refund_id: refund_id(one),
        order_id: one.id,
        what,
        restock: true,
        reason: "sent back".to_owned(),
        request_hash: String::new(),
    }))
}

fn money_is_back(one: &One) -> Option<Command> {
    let minor = match one.course {
        Course::RefundedInPart => price(one.goods[0].0),
        Course::Refunded => one.total,
        _ => return None,
    };
    Some(Command::RecordRefund(RecordRefund {
        order_id: one.id,
        refund_id: refund_id(one),
        stripe_id: Some(format!("re_{}", one.number)),
        intent_id: intent(one),
        amount: Money::new(minor, usd()),
        state: RefundState::Succeeded,
        failure: String::new(),
    }))
}

fn complain(one: &One) -> Option<Command> {
    if one.course != Course::Disputed {
        return None;
    }
    let dispute = Dispute {
        id: format!("du_{}", one.number),
        order: one.id,
        intent_id: intent(one),
        amount: Money::new(one.total, usd()),
        reason: "product_not_received".to_owned(),
        state: if one.number.is_multiple_of(9) { DisputeState::Open } else { DisputeState::Won },
        due_by: Some(one.at + Span::minutes(14 * 24 * 60)),
        withdrawn_minor: 0,
        at: one.at,
    };
    Some(Command::RecordDispute(RecordDispute { order_id: one.id, dispute }))
}

fn intent(one: &One) -> String {
    format!("pi_{}", one.number)
}

fn refund_id(one: &One) -> RefundId {
    RefundId::from_u128(u128::from(one.number) << 64 | 1)
}

fn usd() -> Currency {
    Currency::parse("USD").expect("a currency")
}

fn policy() -> Policy {
    Policy { holds_per_buyer_max: 1_000_000, ..super::books::policy() }
}

async fn run_all(storage: &Storage, mut work: Vec<(Command, Timestamp)>) {
    while !work.is_empty() {
        let rest = work.split_off(work.len().min(BATCH));
        run(storage, work).await;
        work = rest;
    }
}

/// One batch as the ledger runs it: load, decide, save.
async fn run(storage: &Storage, work: Vec<(Command, Timestamp)>) {
    match &storage.database {
        Database::Sqlite(sqlite) => {
            let job = move |tx: &mut _| run_batch(tx, &work).now_or_never();
            sqlite.on_writer(job).await.expect("the writer works").expect("SQLite's futures are ready at once");
        }
        Database::Postgres(postgres) => {
            let mut tx = postgres.connect().await.expect("PostgreSQL answers");
            run_batch(&mut tx, &work).await;
        }
    }
}

async fn run_batch<T: Tx>(tx: &mut T, work: &[(Command, Timestamp)]) {
    let commands: Vec<&Command> = work.iter().map(|(command, _)| command).collect();
    let mut books = books::load(tx, &commands, &policy()).await.expect("the books are read");
    for (command, now) in work {
        decide(&mut books, command, *now).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
    }
    books::save(tx, &books).await.expect("the books are saved");
}
