//! A street with two houses: the sandbox behind a real socket, and a shop that writes down every webhook.
#![allow(dead_code, reason = "every test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use stripe_sandbox::{Options, Sandbox};

pub const SECRET: &str = "whsec_street";
pub const KEY: &str = "sk_test_street";
/// 2026-11-24, 00:00 UTC.
pub const START: i64 = 1_795_478_400;

/// One webhook as it arrived.
#[derive(Debug, Clone)]
pub struct Letter {
    pub signature: String,
    pub body: String,
}

impl Letter {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.event()["type"].as_str().unwrap().to_owned()
    }
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub struct Street {
    pub sandbox: Sandbox,
    pub base: String,
    pub http: reqwest::Client,
    clock: Arc<AtomicI64>,
    letters: Arc<Mutex<Vec<Letter>>>,
    shop_answers: Arc<AtomicU16>,
}

impl Street {
    pub async fn open() -> Street {
        Street::at(START).await
    }

    pub async fn at(start: i64) -> Street {
        let clock = Arc::new(AtomicI64::new(start));
        let letters = Arc::new(Mutex::new(Vec::new()));
        let shop_answers = Arc::new(AtomicU16::new(200));
        let (written, answering) = (letters.clone(), shop_answers.clone());
        let hear = move |headers: HeaderMap, body: String| async move {
            let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
            written.lock().unwrap().push(Letter { signature, body });
            StatusCode::from_u16(answering.load(Ordering::SeqCst)).unwrap()
        };
        let shop = serve(axum::Router::new().route("/webhooks/stripe", axum::routing::post(hear))).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let ticking = clock.clone();
        let sandbox = Sandbox::open(Options {
            state_dir: None,
            base_path: base.clone(),
            clock: Arc::new(move || ticking.load(Ordering::SeqCst) * 1_000_000),
            webhook_url: Some(format!("http://{shop}/webhooks/stripe")),
            webhook_secret: SECRET.to_owned(),
            api_key: None,
        })
        .unwrap();
        let router = sandbox.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Street { sandbox, base, http, clock, letters, shop_answers }
    }

    pub fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn shop_answers(&self, status: u16) {
        self.shop_answers.store(status, Ordering::SeqCst);
    }

    /// What arrived since the last look.
    pub fn letters(&self) -> Vec<Letter> {
        std::mem::take(&mut *self.letters.lock().unwrap())
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(self.http.get(format!("{}{path}", self.base)).bearer_auth(KEY)).await.unwrap()
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(self.http.delete(format!("{}{path}", self.base)).bearer_auth(KEY)).await.unwrap()
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.try_post(path, form, None).await.unwrap()
    }

    pub async fn keyed(&self, path: &str, form: &[(&str, &str)], key: &str) -> Answer {
        self.try_post(path, form, Some(key)).await.unwrap()
    }

    pub async fn try_post(&self, path: &str, form: &[(&str, &str)], key: Option<&str>) -> reqwest::Result<Answer> {
        let mut request = self.http.post(format!("{}{path}", self.base)).bearer_auth(KEY);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(encode(form));
        self.ask(request).await
    }

    pub async fn ask(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Answer { status, headers, text: answer.text().await? })
    }

    /// Two mugs for 12.00 each and one tea for 5.50: 29.50 EUR.
    pub async fn session(&self) -> Value {
        self.session_with(&[]).await.ok()
    }

    pub async fn session_with(&self, more: &[(&str, &str)]) -> Answer {
        self.post("/v1/checkout/sessions", &order(more)).await
    }

    /// A session paid with a card.
    pub async fn paid(&self, card: &str) -> Value {
        let session = self.session().await;
        self.sandbox.pay(session["id"].as_str().unwrap(), stripe_sandbox::Pay::Card(card.to_owned())).unwrap()
    }
}

pub async fn serve(router: axum::Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

pub fn order<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let base = [
        ("mode", "payment"),
        ("success_url", "https://shop.test/done?session={CHECKOUT_SESSION_ID}"),
        ("cancel_url", "https://shop.test/cart"),
        ("client_reference_id", "ord_1"),
        ("metadata[order_id]", "ord_1"),
        ("payment_intent_data[metadata][order_id]", "ord_1"),
        ("customer_email", "ada@example.com"),
        ("line_items[0][quantity]", "2"),
        ("line_items[0][price_data][currency]", "eur"),
        ("line_items[0][price_data][unit_amount]", "1200"),
        ("line_items[0][price_data][product_data][name]", "Mug <blue>"),
        ("line_items[1][quantity]", "1"),
        ("line_items[1][price_data][currency]", "eur"),
        ("line_items[1][price_data][unit_amount]", "550"),
        ("line_items[1][price_data][product_data][name]", "Tea"),
    ];
    let kept = base.into_iter().filter(|(key, _)| !more.iter().any(|(other, _)| other == key));
    // An empty value in `more` leaves the field out.
    kept.chain(more.iter().copied().filter(|(_, value)| !value.is_empty())).collect()
}

pub fn encode(form: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        text.bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    form.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect::<Vec<_>>().join("&")
}

pub fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}
