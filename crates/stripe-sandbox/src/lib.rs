//! A stateful Stripe on loopback: another company's computer, for demos and tests.
//!
//! It keeps its own books, serves a hosted payment page, signs and delivers webhooks, and misbehaves on request. It
//! shares no type with the shop: if both sides shared a misreading of Stripe, every test would be green. Nothing here
//! can charge a card, live keys are refused, and webhooks go to this computer only.

// Stripe's objects have up to sixty fields; `json!` recurses over each.
#![recursion_limit = "512"]

mod api;
mod balance;
mod books;
mod checkout_page;
mod clock;
mod control;
mod control_page;
mod coupons;
mod disputes;
mod errors;
mod faults;
mod form;
mod html;
mod money;
#[cfg(test)]
mod money_tests;
mod payments;
mod prices;
mod reads;
mod refunds;
mod sessions;
#[cfg(test)]
mod state_tests;
mod strangers;
mod webhooks;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use books::API_VERSION;
use books::{Act, Books, public};
pub use disputes::{NewDispute, Verdict};
pub use faults::{Fault, Faults, PlannedFault};
pub use payments::{Pay, PayError};
pub use refunds::{DashboardRefund, RefundStatus};
pub use webhooks::{WebhookMode, sign};

/// What a sandbox needs to know.
pub struct Options {
    /// Where `sandbox.json` is kept; `None`: in memory only.
    pub state_dir: Option<PathBuf>,
    /// The public prefix under which a buyer's browser reaches the router, e.g. `http://127.0.0.1:8081`.
    pub base_path: String,
    /// Unix microseconds.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    pub webhook_url: Option<String>,
    pub webhook_secret: String,
    /// The only key accepted; `None`: any `sk_test_…` or `rk_test_…`.
    pub api_key: Option<String>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Options").field("state_dir", &self.state_dir).field("base_path", &self.base_path).finish()
    }
}

/// A handle to one sandbox; clones share it.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    file: Option<PathBuf>,
    base_path: String,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    webhook_secret: String,
    http: reqwest::Client,
    state: Mutex<InnerState>,
}

pub(crate) struct InnerState {
    books: Books,
    faults: Faults,
    webhook_url: Option<String>,
    /// The only key accepted.
    api_key: Option<String>,
    /// Idempotency keys whose request has not been answered yet.
    in_flight: HashMap<String, usize>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Sandbox").field("base_path", &self.inner.base_path).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Opens the books, or begins new ones.
    pub fn open(options: Options) -> io::Result<Sandbox> {
        let file = options.state_dir.as_ref().map(|folder| folder.join("sandbox.json"));
        if let Some(folder) = &options.state_dir {
            std::fs::create_dir_all(folder)?;
        }
        let mut books = match &file {
            Some(file) => Books::open(file)?,
            None => Books::default(),
        };
        // Deliveries that were on their way when the process stopped may or may not have arrived: send them again.
        webhooks::resume(&mut books);
        // Somebody else may have installed a provider already; either one does.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = (reqwest::Client::builder().no_proxy())
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(io::Error::other)?;
        let state = InnerState {
            books,
            faults: Faults::default(),
            webhook_url: options.webhook_url,
            api_key: options.api_key,
            in_flight: HashMap::new(),
        };
        let inner = Inner {
            file,
            base_path: options.base_path.trim_end_matches('/').to_owned(),
            clock: options.clock,
            webhook_secret: options.webhook_secret,
            http,
            state: Mutex::new(state),
        };
        Ok(Sandbox { inner: Arc::new(inner) })
    }

    /// Serves `/v1/…` and `/_sandbox/…`.
    pub fn router(&self) -> axum::Router {
        use axum::routing::{any, get};
        axum::Router::new()
            .route("/v1/{*path}", any(api::serve))
            .route("/_sandbox/checkout.css", get(html::stylesheet))
            .route("/_sandbox/checkout/{id}", get(checkout_page::show).post(checkout_page::press))
            .nest("/_sandbox/stripe", control::routes())
            .layer(axum::middleware::from_fn(html::same_site_only))
            .with_state(self.clone())
    }

    pub fn set_webhook_url(&self, url: Option<String>) {
        self.with_state(|state| state.webhook_url = url);
    }

    pub fn set_faults(&self, faults: Faults) {
        self.with_state(|state| state.faults = faults);
    }

    pub fn faults(&self) -> Faults {
        self.with_state(|state| state.faults.clone())
    }

    /// The session as the API would show it.
    pub fn session(&self, id: &str) -> Option<Value> {
        self.with_state(|state| state.books.sessions.get(id).map(public))
    }

    /// What the hosted page's buttons do.
    pub fn pay(&self, session_id: &str, pay: Pay) -> Result<Value, PayError> {
        self.pay_as(session_id, &pay, None, None)
    }

    pub(crate) fn pay_as(
        &self,
        session: &str,
        pay: &Pay,
        email: Option<&str>,
        webhooks: Option<WebhookMode>,
    ) -> Result<Value, PayError> {
        let outcome = self.act(None, |act| {
            act.webhooks = webhooks.unwrap_or(act.webhooks);
            sessions::expire_due(act);
            payments::pay(act, session, pay, email)
        });
        match outcome {
            Ok(paid) => paid.map(|session| public(&session)),
            Err(error) => Err(PayError::Books(error.to_string())),
        }
    }

    /// What the page of this request would charge, by its form and that of its coupon alone; nothing is kept. An error
    /// is Stripe's refusal. For a shop that holds its own total against it.
    pub fn amount_total(coupon: Option<&str>, session: &str, now: i64) -> Result<i64, String> {
        let mut books = Books::default();
        let webhooks = WebhookMode::default();
        let mut act =
            Act { books: &mut books, now, base_path: "", webhooks, endpoint: None, request: None, changed: false };
        let told = |error: errors::ApiError| format!("{error:?}");
        if let Some(coupon) = coupon {
            coupons::create(&mut act, &form::decode(coupon).map_err(told)?).map_err(told)?;
        }
        let made = sessions::create(&mut act, &form::decode(session).map_err(told)?).map_err(told)?;
        Ok(made["amount_total"].as_i64().unwrap_or(-1))
    }

    /// Every event, oldest first.
    pub fn events(&self) -> Vec<Value> {
        self.with_state(|state| state.books.events.rows().to_vec())
    }

    pub fn coupons(&self) -> Vec<Value> {
        self.with_state(|state| state.books.coupons.rows().to_vec())
    }

    /// Sessions of one `client_reference_id`, oldest first.
    pub fn sessions_of(&self, client_reference_id: &str) -> Vec<Value> {
        self.with_state(|state| {
            let rows = state.books.sessions.rows().iter();
            rows.filter(|session| session["client_reference_id"] == client_reference_id).map(public).collect()
        })
    }

    /// What was really charged for an order, whatever came back later. The order is the `order_id` in a session's
    /// or an intent's metadata, or the session's `client_reference_id`.
    pub fn charged_minor(&self, order_id: &str) -> i64 {
        self.with_state(|state| {
            let paid = |charge: &&Value| charge["status"] == "succeeded" && state.books.is_of_order(charge, order_id);
            state.books.charges.rows().iter().filter(paid).filter_map(|charge| charge["amount"].as_i64()).sum()
        })
    }

    /// What is back with the buyer, or on its way there: refunds that have not failed.
    pub fn refunded_minor(&self, order_id: &str) -> i64 {
        self.with_state(|state| {
            let counts = |refund: &&Value| {
                let charge = refund["charge"].as_str().and_then(|id| state.books.charges.get(id));
                !matches!(refund["status"].as_str(), Some("failed" | "canceled"))
                    && charge.is_some_and(|charge| state.books.is_of_order(charge, order_id))
            };
            state.books.refunds.rows().iter().filter(counts).filter_map(|refund| refund["amount"].as_i64()).sum()
        })
    }

    /// Everything the sandbox knows, for tests and the control page. `payments` and `balance` are its books in short:
    /// per payment intent what was captured, refunded (by state) and disputed, per currency what is left.
    pub fn snapshot(&self) -> Value {
        self.with_state(|state| {
            let rows = |shelf: &books::Shelf| shelf.rows().iter().map(public).collect::<Vec<_>>();
            let books = &state.books;
            json!({
                "sessions": rows(&books.sessions), "payment_intents": rows(&books.payment_intents),
                "charges": rows(&books.charges), "refunds": rows(&books.refunds), "disputes": rows(&books.disputes),
                "early_fraud_warnings": rows(&books.early_fraud_warnings), "coupons": rows(&books.coupons),
                "balance_transactions": rows(&books.balance_transactions), "balance": balance::sums(books),
                "payments": balance::payments(books),
                "events": rows(&books.events), "deliveries": json!(books.deliveries), "faults": state.faults.to_json(),
                "missing": books.missing, "account": reads::account(books)["id"], "clock": books.time,
                "next_refund": books.next_refund,
            })
        })
    }

    /// Reads or switches something that is not in the books.
    pub(crate) fn with_state<T>(&self, look: impl FnOnce(&mut InnerState) -> T) -> T {
        look(&mut self.lock())
    }

    /// Changes the books outside of an [`Act`], and writes them down.
    pub(crate) fn change_books(&self, change: impl FnOnce(&mut InnerState)) -> io::Result<()> {
        let mut state = self.lock();
        change(&mut state);
        self.save(&state)
    }

    /// One change to the books, written down before anybody hears of it.
    pub(crate) fn act<T>(
        &self,
        request: Option<(String, Option<String>)>,
        change: impl FnOnce(&mut Act) -> T,
    ) -> io::Result<T> {
        let now = self.now();
        let mut guard = self.lock();
        let state = &mut *guard;
        let (webhooks, endpoint) = (state.faults.webhooks, state.webhook_url.as_deref());
        let (books, base_path) = (&mut state.books, self.inner.base_path.as_str());
        let mut act = Act { books, now, base_path, webhooks, endpoint, request, changed: false };
        let outcome = change(&mut act);
        if act.changed {
            self.save(state)?;
        }
        Ok(outcome)
    }

    fn act_quietly<T>(&self, change: impl FnOnce(&mut Act) -> T) -> Option<T> {
        let outcome = self.act(None, change);
        outcome.inspect_err(|error| eprintln!("sandbox: the books could not be written: {error}")).ok()
    }

    /// Like [`Sandbox::act`]; the error is a sentence.
    fn told(&self, change: impl FnOnce(&mut Act) -> Result<Value, String>) -> Result<Value, String> {
        self.act(None, change).map_err(|error| error.to_string())?
    }

    fn change_quietly(&self, change: impl FnOnce(&mut InnerState)) {
        if let Err(error) = self.change_books(change) {
            eprintln!("sandbox: the books could not be written: {error}");
        }
    }

    fn save(&self, state: &InnerState) -> io::Result<()> {
        self.inner.file.as_ref().map_or(Ok(()), |file| state.books.save(file))
    }

    /// A panic while the books were open is a bug of the sandbox; its tests should see that one, not a poisoned lock.
    fn lock(&self) -> MutexGuard<'_, InnerState> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
