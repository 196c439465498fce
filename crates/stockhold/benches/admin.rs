//! How long the desk's lists, searches and pages take in a shop that has sold for years: 100,000 orders, 10,000 products, through HTTP,
//! on both engines. `cargo xtask bench admin` runs this; `--orders N --products N` make another shop, and a word chooses the
//! engine (`SQLite`, `PostgreSQL`).
//!
//! Each page is asked for one at a time, as one shopkeeper does, with other words each time, so that nothing is answered from
//! what was asked before.

#[allow(dead_code, unused_macros, reason = "shared with the tests, which use all of it")]
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use rules::ids::OrderId;
use stockhold::staff::Role;
use stockhold::storage::RowExt;
use stockhold::{audit, values};
use support::books::noon;
use support::browser::Browser;
use support::crowd;
use support::shop::TestShop;

const ORDERS: u64 = 100_000;
const PRODUCTS: u64 = 10_000;
/// Requests of each page; the first ones fill caches and are not counted.
const ASKED: usize = 100;
const WARM: usize = 5;

/// A page, and the address of its n-th request.
type Asked<'a> = (&'static str, Box<dyn Fn(u64) -> String + 'a>);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1)?.parse::<u64>().ok()
    };
    // `cargo test` tries it with a small shop, so that it goes on with the pages.
    let is_bench = words.iter().any(|word| word == "--bench");
    let (orders, products) = if is_bench { (ORDERS, PRODUCTS) } else { (300, 30) };
    let (orders, products) = (number("--orders").unwrap_or(orders), number("--products").unwrap_or(products));
    let asked = if is_bench { ASKED } else { 1 };
    let chosen = ["SQLite", "PostgreSQL"].into_iter().find(|engine| words.iter().any(|word| word == engine));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    println!("Pages of the desk, {orders} orders, {products} products; {asked} requests of each, one at a time.\n");
    for engine in ["SQLite", "PostgreSQL"] {
        if chosen.is_none_or(|chosen| chosen == engine) {
            runtime.block_on(measure(engine, products, orders, asked));
        }
    }
    if !is_bench {
        println!("test result: ok. every page answers");
    }
}

async fn measure(engine: &str, products: u64, orders: u64, asked: usize) {
    let shop = match engine {
        "SQLite" => TestShop::on_sqlite().await,
        _ => TestShop::on_postgres().await,
    };
    let begun = Instant::now();
    crowd::fill(&shop.shop.storage, products, orders, noon()).await;
    let findings = audit::run(&shop.shop.storage).await.expect("the database answers");
    assert!(findings.is_empty(), "the crowd's books do not balance: {findings:#?}");
    println!("{engine}: filled and audited in {:.0} s", begun.elapsed().as_secs_f64());
    println!("{:44} {:>10} {:>10} {:>10}", "page", "median ms", "p99 ms", "bytes");
    let sql = "select id from orders where number % 97 = 0 order by number limit 2000";
    let rows = shop.shop.storage.read(sql, values![]).await.expect("the database answers");
    let ids: Vec<OrderId> = rows.iter().map(|row| row.text(0).parse().expect("an order's id")).collect();
    assert!(!ids.is_empty(), "there are orders");
    let browser = shop.sign_in(Role::Owner).await;
    for (name, address) in of_orders(orders, products, &ids).into_iter().chain(of_the_rest(orders, products)) {
        measure_page(&browser, name, &address, asked).await;
    }
    println!();
}

/// Orders: every tab, the filters, the searches and what is done with one order.
fn of_orders<'a>(orders: u64, products: u64, ids: &'a [OrderId]) -> Vec<Asked<'a>> {
    let last = 1_000 + orders;
    let id = |n: u64| ids[n as usize % ids.len()];
    let query = move |name: &'static str, query: fn(u64) -> String| -> Asked<'a> {
        (name, Box::new(move |n| format!("/admin/orders?{}", query(n))))
    };
    vec![
        query("list: to ship", |_| "tab=to_ship".to_owned()),
        query("list: unpaid", |_| "tab=unpaid".to_owned()),
        query("list: all", |_| "tab=all".to_owned()),
        query("list: refunds", |_| "tab=refunds".to_owned()),
        (
            "list: all, a page far down",
            Box::new(move |n| format!("/admin/orders?tab=all&after={}", last - n * 700 % orders)),
        ),
        (
            "list: refunds, a page far down",
            Box::new(move |n| format!("/admin/orders?tab=refunds&after={}", last - n * 700 % orders)),
        ),
        query("filter: a country", |n| format!("tab=all&country={}", ["DE", "NZ", "HK"][n as usize % 3])),
        query("filter: nothing is like it", |_| "tab=all&country=AQ".to_owned()),
        query("filter: cancelled", |_| "tab=all&status=cancelled".to_owned()),
        query("filter: a week", |n| format!("tab=all&from=2026-{:02}-01&to=2026-{:02}-07", n % 9 + 1, n % 9 + 1)),
        query("filter: a year, large amounts", |_| "tab=all&from=2025-12-01&to=2026-11-30&min=200".to_owned()),
        ("search: a number", Box::new(move |n| format!("/admin/orders?q={}", 1_001 + n * 997 % orders))),
        query("search: an e-mail address", |n| format!("q=fischer.{}%40example.org", n * 211 % 30_000)),
        query("search: the beginning of an address", |n| format!("q=novak.{}", n % 90 + 10)),
        query("search: a name", |n| format!("q=M%C3%BCller{}", n * 211 % 30_000)),
        query("search: a first name (very many)", |n| format!("q={}", ["anna", "greta", "hugo"][n as usize % 3])),
        ("search: a SKU", Box::new(move |n| format!("/admin/orders?q={}", crowd::sku_of(n * 37 % products)))),
        query("search: hk- (everything)", |_| "q=hk-".to_owned()),
        query("search in a tab", |n| format!("tab=refunds&q=brandt{}", n % 90)),
        ("the order", Box::new(move |n| format!("/admin/orders/{}", id(n)))),
        ("the order: ship", Box::new(move |n| format!("/admin/orders/{}/ship", id(n)))),
        ("the order: refund", Box::new(move |n| format!("/admin/orders/{}/refund", id(n)))),
        ("the order: packing slip", Box::new(move |n| format!("/admin/orders/{}/packing-slip", id(n)))),
        (
            "50 packing slips",
            Box::new(move |n| {
                let named: Vec<String> = (0..50).map(|more| format!("order={}", id(n * 50 + more))).collect();
                format!("/admin/orders/packing-slips?{}", named.join("&"))
            }),
        ),
    ]
}

/// Everything else that lists: goods, stock, money, customers, and the pages that sum.
fn of_the_rest<'a>(orders: u64, products: u64) -> Vec<Asked<'a>> {
    let at = |name: &'static str, address: &'static str| -> Asked<'a> { (name, Box::new(move |_| address.to_owned())) };
    let place = move |n: u64| n * 37 % products;
    let buyer = move |n: u64| n * 211 % (orders / 3 + 1);
    vec![
        at("today", "/admin"),
        at("products", "/admin/products"),
        at("products: drafts (none)", "/admin/products?status=draft"),
        ("products: a search", Box::new(move |n| format!("/admin/products?q={:05}", place(n)))),
        at("products: a search (everything)", "/admin/products?q=cup"),
        ("the product", Box::new(move |n| format!("/admin/products/cup-{:05}", place(n)))),
        at("collections", "/admin/collections"),
        at("stock", "/admin/stock"),
        at("stock: what is low", "/admin/stock?which=low"),
        ("stock: a search", Box::new(move |n| format!("/admin/stock?q={}", crowd::sku_of(place(n))))),
        ("stock: a page far down", Box::new(move |n| format!("/admin/stock?after={}", crowd::sku_of(place(n))))),
        ("the stock of a variant", Box::new(move |n| format!("/admin/stock/{}", crowd::sku_of(place(n))))),
        at("count sheet", "/admin/stock/count"),
        at("payments", "/admin/payments"),
        at("payments: all", "/admin/payments/all"),
        at("payments: refunds", "/admin/payments/refunds"),
        at("payments: disputes", "/admin/payments/disputes"),
        at("payments: webhooks", "/admin/payments/webhooks"),
        at("payments: reconciliation", "/admin/payments/reconciliation"),
        at("customers", "/admin/customers"),
        ("customers: an address", Box::new(move |n| format!("/admin/customers?q=fischer.{}%40example.org", buyer(n)))),
        ("customers: a name", Box::new(move |n| format!("/admin/customers?q=M%C3%BCller{}", buyer(n)))),
        at("customers: a first name (very many)", "/admin/customers?q=anna"),
        at("discounts", "/admin/discounts"),
        at("letters", "/admin/settings/letters"),
        at("audit log", "/admin/audit-log"),
        at("staff", "/admin/staff"),
        at("system", "/admin/system"),
    ]
}

async fn measure_page(browser: &Browser<'_>, name: &str, address: &dyn Fn(u64) -> String, asked: usize) {
    let warm = WARM.min(asked - 1);
    let (mut times, mut bytes) = (Vec::new(), 0);
    for n in 0..asked + warm {
        let address = address(n as u64);
        let begun = Instant::now();
        let page = browser.get(&address).await;
        let took = begun.elapsed();
        assert_eq!(page.status, 200, "{address} {}", page.text);
        if n >= warm {
            times.push(took);
            bytes = page.text.len();
        }
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    println!("{name:44} {:>10.1} {:>10.1} {bytes:>10}", milliseconds(at(50)), milliseconds(at(99)));
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
