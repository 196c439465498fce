//! A ledger over a fresh database, with a shelf of goods: what tests of stock and money start from.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use rules::books::Policy;
use rules::cart::CartLine;
use rules::commands::correct_stock::{BelowHeld, CorrectStock};
use rules::commands::count_stock::CountStock;
use rules::commands::place_order::{PlaceOrder, Placed};
use rules::commands::record_checkout::{CheckoutAnswer, RecordCheckout};
use rules::commands::record_payment::{RecordPayment, Recorded};
use rules::ids::{CountId, OrderId, RefundId};
use rules::money::Currency;
use rules::payments::{MoneyState, SessionFact, SessionState};
use rules::stock::{Counted, Reason};
use rules::text::{Email, Sku};
use rules::time::{Span, Timestamp};
use stockhold::ledger::{Failure, Ledger};
use stockhold::storage::Database;
use stockhold::storage::orders::OrderView;
use stockhold::storage::products::{self, Localized, NewProduct, NewVariant, ProductStatus};
use stockhold::storage::{RowExt, Storage, migrate, orders};
use stockhold::{audit, values};

pub const PRICE_MINOR: i64 = 3200;

#[derive(Debug)]
pub struct TestBooks {
    pub storage: Storage,
    pub ledger: Ledger,
    drawn: AtomicU64,
    _folder: tempfile::TempDir,
}

pub fn usd() -> Currency {
    Currency::parse("USD").expect("a currency")
}

pub fn policy() -> Policy {
    Policy {
        currency: usd(),
        hold: Span::minutes(30),
        holds_per_buyer_max: 1_000,
        holds_per_client_max: 1_000,
        charge_minor_min: 50,
        charge_minor_max: 99_999_999,
        prices: std::sync::Arc::new(rules::price_rules::PriceRules::none()),
    }
}

/// The moment at which every test begins.
pub fn noon() -> Timestamp {
    Timestamp::from_seconds(1_795_600_800)
}

pub fn sku(text: &str) -> Sku {
    Sku::parse(text).expect("a SKU")
}

impl TestBooks {
    pub async fn on_sqlite() -> TestBooks {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let address = format!("sqlite:{}", folder.path().join("shop.db").display());
        TestBooks::open(&address, policy(), folder).await
    }

    pub async fn on_postgres() -> TestBooks {
        let folder = tempfile::tempdir().expect("a temporary folder");
        TestBooks::open(&super::postgres::database_url(), policy(), folder).await
    }

    async fn open(address: &str, policy: Policy, folder: tempfile::TempDir) -> TestBooks {
        let storage = Storage::open(address).await.expect("the database opens");
        migrate::run(&storage).await.expect("the schema is made");
        let ledger = Ledger::start(&storage, policy);
        TestBooks { storage, ledger, drawn: AtomicU64::new(1), _folder: folder }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.storage.database, Database::Postgres(_))
    }

    /// A second ledger over the same database: another instance.
    pub fn another_instance(&self, policy: Policy) -> Ledger {
        Ledger::start(&self.storage, policy)
    }

    pub fn draw(&self) -> u128 {
        u128::from(self.drawn.fetch_add(1, Ordering::SeqCst))
    }

    /// Puts goods on the shelf, each a product of its own.
    pub async fn stock(&self, name: &str, units: i64) {
        put_on_the_shelf(&self.storage, name).await;
        if units > 0 {
            self.count(name, units).await.expect("goods are received");
        }
    }

    /// So many units are not there, promised or not: somebody looked, and confirmed it.
    pub async fn miss(&self, name: &str, units: i64) -> Result<Counted, Failure> {
        let id = CountId::from_u128(self.draw());
        let (reason, actor) = (Reason::Counted, "test".to_owned());
        let count = CountStock { id, sku: sku(name), delta: -units, reason, actor };
        let found = CorrectStock { count, revision: None, below_held: BelowHeld::Shortfall };
        self.ledger.correct_stock(found, noon()).await
    }

    pub async fn count(&self, name: &str, delta: i64) -> Result<Counted, Failure> {
        let id = CountId::from_u128(self.draw());
        let reason = Reason::Received;
        let command = CountStock { id, sku: sku(name), delta, reason, actor: "test".to_owned() };
        self.ledger.count_stock(command, noon()).await
    }

    /// An order for so many of each, by a buyer of its own.
    pub fn order(&self, lines: &[(&str, i64)]) -> PlaceOrder {
        order_for(lines, self.draw())
    }

    pub async fn place(&self, lines: &[(&str, i64)]) -> Result<Placed, Failure> {
        self.ledger.place_order(self.order(lines), noon()).await
    }

    /// Places an order and opens its session.
    pub async fn place_open(&self, lines: &[(&str, i64)]) -> OrderId {
        let id = self.place(lines).await.expect("it is in stock").order_id;
        let answer = CheckoutAnswer::Opened {
            fact: self.fact(id, SessionState::Open, MoneyState::Unpaid).await,
            url: Some("https://pay.example/1".to_owned()),
            expires_at: noon() + Span::minutes(35),
        };
        self.ledger.record_checkout(RecordCheckout { order_id: id, answer }, noon()).await.expect("it opened");
        id
    }

    /// What Stripe would say of this order's session.
    pub async fn fact(&self, id: OrderId, state: SessionState, money: MoneyState) -> SessionFact {
        let order = self.view(id).await;
        SessionFact {
            session_id: format!("cs_test_{id}"),
            state,
            money,
            intent: (state == SessionState::Complete).then(|| format!("pi_{id}")),
            amount_minor: order.total,
            currency: order.currency,
            livemode: false,
        }
    }

    pub async fn record(&self, id: OrderId, fact: SessionFact) -> Result<Recorded, Failure> {
        let command = RecordPayment { order_id: id, fact, refund_id: RefundId::from_u128(self.draw()) };
        self.ledger.record_payment(command, noon()).await
    }

    pub async fn pay(&self, id: OrderId) -> Recorded {
        let fact = self.fact(id, SessionState::Complete, MoneyState::Paid).await;
        self.record(id, fact).await.expect("a payment is recorded")
    }

    pub async fn close(&self, id: OrderId) -> Recorded {
        let fact = self.fact(id, SessionState::Closed, MoneyState::Unpaid).await;
        self.record(id, fact).await.expect("a closed session is recorded")
    }

    pub async fn view(&self, id: OrderId) -> OrderView {
        orders::find(&self.storage, id).await.expect("the database answers").expect("the order stands")
    }

    /// On hand and held.
    pub async fn level(&self, name: &str) -> (i64, i64) {
        let rows = self.storage.read("select on_hand, held from stock_levels where sku = $1", values![name]).await;
        let rows = rows.expect("the database answers");
        (rows[0].int(0), rows[0].int(1))
    }

    pub async fn count_of(&self, sql: &'static str) -> i64 {
        self.storage.read(sql, values![]).await.expect("the database answers")[0].int(0)
    }

    /// Every promise holds: the end of each test.
    pub async fn books_balance(&self) {
        let findings = audit::run(&self.storage).await.expect("the database answers");
        assert!(findings.is_empty(), "the books do not balance: {findings:#?}");
    }
}

/// The order of this number, by a buyer of its own.
pub fn order_for(lines: &[(&str, i64)], number: u128) -> PlaceOrder {
    PlaceOrder {
        order_id: OrderId::from_u128(number),
        request_hash: format!("{lines:?}"),
        lines: lines.iter().map(|(name, quantity)| CartLine { sku: sku(name), quantity: *quantity }).collect(),
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

/// A product with one variant and an empty stock level.
pub async fn put_on_the_shelf(storage: &Storage, name: &str) {
    let product = NewProduct {
        tax_class: None,
        slug: name.to_owned(),
        status: ProductStatus::Active,
        title: Localized::of(&[("en", name), ("zh-CN", name)]),
        description: Localized::default(),
        options: Vec::new(),
        image: None,
        ships_from: None,
        specs: None,
        variants: vec![NewVariant {
            sku: sku(name),
            title: Localized::default(),
            options: BTreeMap::new(),
            price_minor: PRICE_MINOR,
            compare_at_minor: None,
            weight_grams: None,
        }],
        collections: None,
    };
    products::upsert(storage, product, noon()).await.expect("goods are put on the shelf");
}
