//! A whole shop in the test's process: its HTTP face, its workers stepped by hand, a simulated clock, and the Stripe
//! sandbox beside it as another company's computer.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rules::commands::count_stock::CountStock;
use rules::ids::{CountId, OrderId};
use rules::orders::Status;
use rules::stock::Reason;
use rules::text::Email;
use rules::time::Span;
use serde_json::{Value, json};
use stockhold::clock::Clock;
use stockhold::config::{Config, SandboxAddress, Secret};
use stockhold::shop::{Conduct, Shop};
use stockhold::staff::{self, Role};
use stockhold::steps::Steps;
use stockhold::storage::keys::{self, Key, Scopes};
use stockhold::storage::orders::OrderView;
use stockhold::storage::{RowExt, Storage, migrate, orders, settings};
use stockhold::stripe::client::Timeouts;
use stockhold::{audit, values, web, workers};
use stripe_sandbox::{Options, Pay, Sandbox};
use tokio::net::{TcpListener, TcpSocket};

use super::books::{noon, put_on_the_shelf, sku};
use super::browser::Browser;
use super::line::Line;

pub const WEBHOOK_SECRET: &str = "whsec_of_the_tests";

#[derive(Debug)]
pub struct TestShop {
    pub shop: Arc<Shop>,
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
    pub base_url: String,
    pub admin_key: Key,
    pub line: Line,
    drawn: AtomicU64,
    absent: Mutex<Option<(TcpSocket, axum::Router)>>,
    _folder: tempfile::TempDir,
}

/// What a test wants otherwise than usual.
#[derive(Debug, Default)]
pub struct Setup {
    pub patience: Timeouts,
    pub smtp_url: Option<String>,
    /// Connections to Stripe are refused until [`TestShop::stripe_arrives`].
    pub stripe_is_away: bool,
    /// What the shop sells in; the shop's own default when nothing is said.
    pub currency: Option<&'static str>,
    /// Where buyers reach the shop; where the tests reach it when nothing is said.
    pub base_url: Option<&'static str>,
    /// What lies in the data folder before the shop opens.
    pub prepare: Option<fn(&Path)>,
}

impl Setup {
    pub fn selling_in(currency: &'static str) -> Setup {
        Setup { currency: Some(currency), ..Setup::default() }
    }
}

/// An answer of the API: its status and its JSON.
pub type Answer = (u16, Value);

impl TestShop {
    pub async fn on_sqlite() -> TestShop {
        TestShop::on_sqlite_with(Setup::default()).await
    }

    pub async fn on_postgres() -> TestShop {
        TestShop::on_postgres_with(Setup::default()).await
    }

    pub async fn on_sqlite_with(setup: Setup) -> TestShop {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let address = format!("sqlite:{}", folder.path().join("shop.db").display());
        TestShop::open(address, folder, setup).await
    }

    pub async fn on_postgres_with(setup: Setup) -> TestShop {
        let folder = tempfile::tempdir().expect("a temporary folder");
        TestShop::open(super::postgres::database_url(), folder, setup).await
    }

    async fn open(database_url: String, folder: tempfile::TempDir, setup: Setup) -> TestShop {
        if let Some(currency) = setup.currency {
            let storage = Storage::open(&database_url).await.expect("the database opens");
            migrate::run(&storage).await.expect("the schema is made");
            settings::set(&storage, "currency", currency).await.expect("the database answers");
        }
        if let Some(prepare) = setup.prepare {
            prepare(folder.path());
        }
        let clock = Clock::simulated(noon());
        let (listener, listen) = listener().await;
        // Bound but not listening: its connections are refused, and nobody else gets the port.
        let stripe_socket = TcpSocket::new_v4().expect("a socket");
        stripe_socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let sandbox_address = stripe_socket.local_addr().expect("a bound address");
        let sandbox_url = format!("http://{sandbox_address}");
        let base_url = format!("http://{listen}");
        let sandbox_clock = clock.clone();
        let sandbox = Sandbox::open(Options {
            state_dir: None,
            base_path: sandbox_url.clone(),
            clock: Arc::new(move || sandbox_clock.now().micros()),
            webhook_url: Some(format!("{base_url}/api/webhooks/stripe")),
            webhook_secret: WEBHOOK_SECRET.to_owned(),
            api_key: None,
        });
        let sandbox = sandbox.expect("a sandbox in memory");
        let line = Line::default();
        let absent = Mutex::new(Some((stripe_socket, line.before(sandbox.router()))));
        let config = Config {
            database_url,
            data_dir: folder.path().to_owned(),
            listen,
            base_url: setup.base_url.map_or_else(|| base_url.clone(), str::to_owned),
            stripe_secret_key: None,
            webhook_secrets: vec![Secret::new(WEBHOOK_SECRET.to_owned())],
            stripe_api_base: sandbox_url.clone(),
            hold: Span::minutes(30),
            smtp_url: setup.smtp_url.map(Secret::new),
            // With a name, as most shops write it.
            mail_from: Some("The Mug Shop <shop@example.org>".to_owned()),
            confirm_moved: false,
            trusted_proxies: Vec::new(),
            admin_host: None,
            sandbox: Some(SandboxAddress { base_url: sandbox_url }),
        };
        let shop = Shop::open_with(config, clock, Conduct { patience: setup.patience, steps: Steps::default() })
            .await
            .expect("the shop opens");
        let service = web::router(shop.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        let http = http.expect("a client");
        let admin_key = Key::draw(false).expect("random numbers");
        let everything = Scopes::parse("admin").expect("a scope");
        keys::insert(&shop.storage, &admin_key, "tests", &everything, noon()).await.expect("the database answers");
        let drawn = AtomicU64::new(1);
        let shop = TestShop { shop, sandbox, http, base_url, admin_key, line, drawn, absent, _folder: folder };
        if !setup.stripe_is_away {
            shop.stripe_arrives();
        }
        shop
    }

    /// From now on Stripe's computer takes calls.
    pub fn stripe_arrives(&self) {
        let absent = self.absent.lock().expect("nobody panicked with it").take();
        let (socket, stripe) = absent.expect("Stripe arrives once");
        let listener = socket.listen(1024).expect("it listens");
        tokio::spawn(async move { axum::serve(listener, stripe).await });
    }

    pub fn draw(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::SeqCst)
    }

    pub async fn stock(&self, name: &str, units: i64) {
        put_on_the_shelf(&self.shop.storage, name).await;
        if units > 0 {
            let id = CountId::from_u128(u128::from(self.draw()));
            let command =
                CountStock { id, sku: sku(name), delta: units, reason: Reason::Received, actor: "test".to_owned() };
            self.shop.ledger.count_stock(command, self.shop.now()).await.expect("goods are received");
        }
    }

    pub async fn level(&self, name: &str) -> (i64, i64) {
        let sql = "select on_hand, held from stock_levels where sku = $1";
        let rows = self.shop.storage.read(sql, values![name]).await.expect("the database answers");
        (rows[0].int(0), rows[0].int(1))
    }

    /// Checks out over HTTP under this idempotency key.
    pub async fn check_out_as(&self, key: &str, email: &str, items: &[(&str, i64)]) -> Answer {
        let items: Vec<Value> = items.iter().map(|(sku, n)| json!({ "sku": sku, "quantity": n })).collect();
        let body = json!({ "items": items, "email": email });
        let request = self.http.post(format!("{}/api/checkout", self.base_url)).header("Idempotency-Key", key);
        let request = request.header("Content-Type", "application/json").body(body.to_string());
        answer(request.send().await.expect("the shop answers")).await
    }

    /// A buyer of its own checks out and gets a payment page.
    pub async fn check_out(&self, items: &[(&str, i64)]) -> OrderId {
        let number = self.draw();
        let email = format!("buyer{number}@example.org");
        let (status, body) = self.check_out_as(&format!("key-{number}"), &email, items).await;
        assert_eq!(status, 201, "{body}");
        body["order"]["id"].as_str().expect("an id").parse().expect("an order's id")
    }

    /// The order that a check-out under this idempotency key makes.
    pub fn order_of_key(&self, key: &str) -> OrderId {
        OrderId::from_u128(web::api::checkout::bits(&format!("checkout:{key}")))
    }

    /// A key of the API with these scopes, separated by commas.
    pub async fn api_key(&self, scopes: &str) -> String {
        let key = Key::draw(false).expect("random numbers");
        let scopes = Scopes::parse(scopes).expect("scopes");
        keys::insert(&self.shop.storage, &key, "tests", &scopes, self.shop.now()).await.expect("a key");
        key.expose().to_owned()
    }

    /// A browser in which somebody with this role has just signed in.
    pub async fn sign_in(&self, role: Role) -> Browser<'_> {
        let number = self.draw();
        let email = Email::parse(&format!("{}{number}@shop.example", role.as_str())).expect("an address");
        let (storage, now) = (&self.shop.storage, self.shop.now());
        // No password: this session comes without one, and without the time that hashing takes.
        let member = staff::hire(storage, &email, role.as_str(), role, "", now).await.expect("the database answers");
        let token = staff::open_session(storage, &member, "tests", "tests", now).await.expect("the database answers");
        let browser = Browser::new(self);
        browser.keep_cookie("admin", token.expose());
        browser
    }

    pub async fn view(&self, id: OrderId) -> OrderView {
        orders::find(&self.shop.storage, id).await.expect("the database answers").expect("the order stands")
    }

    pub async fn session_of(&self, id: OrderId) -> String {
        self.view(id).await.session_id.expect("its session is open")
    }

    /// The buyer pays on Stripe's page; the shop has not heard of it yet.
    pub async fn pay(&self, id: OrderId) {
        let card = Pay::Card("4242424242424242".to_owned());
        self.sandbox.pay(&self.session_of(id).await, card).expect("the card is good");
    }

    /// Delivers every webhook and lets the workers come to rest.
    pub async fn settle(&self) {
        while self.sandbox.deliver_due().await > 0 {}
        workers::until_idle(&self.shop).await.expect("the workers come to rest");
    }

    /// A request of the shopkeeper's, with a key that may do everything. What stands is overwritten, as it says.
    pub async fn staff(&self, method: &str, path: &str, key: &str, body: Value) -> Answer {
        let request = || {
            let request = self.ask(method, path).header("Idempotency-Key", key);
            request.header("Content-Type", "application/json").body(body.to_string())
        };
        let answered = answer(request().send().await.expect("the shop answers")).await;
        if answered.0 != 428 {
            return answered;
        }
        answer(request().header("If-Match", "*").send().await.expect("the shop answers")).await
    }

    /// The same, for a test that sets its own headers.
    pub fn ask(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        self.http.request(method, format!("{}{path}", self.base_url)).bearer_auth(self.admin_key.expose())
    }

    /// The buyer cancels, over HTTP, with the token of their link.
    pub async fn cancel(&self, id: OrderId) -> Answer {
        let token = self.shop.order_token(id);
        let request = self.http.post(format!("{}/api/orders/{id}/cancel?token={token}", self.base_url));
        let request = request.header("Idempotency-Key", format!("cancel {id}"));
        answer(request.send().await.expect("the shop answers")).await
    }

    /// An order that is placed and paid.
    pub async fn paid(&self, items: &[(&str, i64)]) -> OrderId {
        let id = self.check_out(items).await;
        self.pay(id).await;
        self.settle().await;
        assert_eq!(self.view(id).await.status, Status::Paid);
        id
    }

    /// The subjects of the letters that were sent, oldest first.
    pub fn subjects(&self) -> Vec<String> {
        let mut subjects: Vec<String> = self.shop.mailer.stored().into_iter().map(|letter| letter.subject).collect();
        subjects.reverse();
        subjects
    }

    pub fn letters(&self) -> usize {
        self.shop.mailer.stored().len()
    }

    /// What Stripe charged, by the order that its session names; from one look, because a look at each order walks all
    /// sessions.
    fn charged_by_order(&self) -> HashMap<String, i64> {
        let books = self.sandbox.snapshot();
        let rows = |name: &str| books[name].as_array().cloned().unwrap_or_default();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let order_of: HashMap<String, String> = rows("sessions")
            .iter()
            .map(|session| (text(session, "payment_intent"), text(session, "client_reference_id")))
            .collect();
        let mut charged = HashMap::new();
        for charge in rows("charges").iter().filter(|charge| charge["status"] == "succeeded") {
            let order = order_of.get(&text(charge, "payment_intent")).cloned().unwrap_or_default();
            *charged.entry(order).or_default() += charge["amount"].as_i64().unwrap_or(0);
        }
        charged
    }

    /// Every promise holds, and Stripe's books say the same of each order as ours.
    pub async fn books_balance(&self) {
        let findings = audit::run(&self.shop.storage).await.expect("the database answers");
        assert!(findings.is_empty(), "the books do not balance: {findings:#?}");
        let charged = self.charged_by_order();
        let rows = self.shop.storage.read("select id from orders", values![]).await.expect("the database answers");
        for row in rows {
            let order = self.view(row.text(0).parse().expect("an order's id")).await;
            let ours: i64 = order.payments.iter().map(|payment| payment.amount.minor).sum();
            let stripes = charged.get(&order.id.to_string()).copied().unwrap_or(0);
            assert_eq!(ours, stripes, "M4: order {}", order.number);
            if !order.refunds.is_empty() {
                let back = self.sandbox.refunded_minor(&order.id.to_string());
                let ours = order.going_back() - order.paid_elsewhere();
                assert_eq!(ours, back, "M3: refunds of order {}", order.number);
            }
        }
    }
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    (listener, address)
}

pub async fn answer(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let text = response.text().await.expect("the answer is whole");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Patience towards Stripe for tests in which much goes wrong: as many tries as usual, without the waits.
pub fn quick() -> Timeouts {
    Timeouts { retry_base: Duration::from_millis(2), ..Timeouts::default() }
}
