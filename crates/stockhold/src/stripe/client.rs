//! Our own thin Stripe client: the only file that names the HTTP library.
//!
//! Every POST takes an idempotency key and parameters frozen as text, so that a repeat is byte-identical. The API
//! version is pinned; redirects are not followed.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::wire::{Page, Refund, Session};
use super::{Call, Rejection, Uncertainty};

/// The version whose fields we read (docs.stripe.com/api/versioning).
const VERSION: &str = "2026-09-30.endive";
/// The largest answer that is read: a page of a hundred sessions is well below.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
const WAIT_MAX: Duration = Duration::from_secs(5);

/// How long and how often a call is tried within one request.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    pub connect: Duration,
    pub total: Duration,
    /// The first wait between tries; it doubles, with jitter.
    pub retry_base: Duration,
    pub tries: u32,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(15),
            retry_base: Duration::from_millis(300),
            tries: 3,
        }
    }
}

/// A client of one Stripe account.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
    timeouts: Timeouts,
}

#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made: {0}")]
pub struct ClientError(String);

/// Names a POST for at least 24 hours: the same key again meets its first answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Panics beyond what Stripe takes: our keys are built from ids of known length.
    pub fn new(text: String) -> IdempotencyKey {
        assert!(text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_graphic()), "a key is short ASCII");
        IdempotencyKey(text)
    }
}

/// Form parameters frozen as text: stored before the first try, sent byte-identical ever after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenForm(String);

impl FrozenForm {
    pub fn from_pairs<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> FrozenForm {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs);
        FrozenForm(form.finish())
    }

    pub fn from_stored(text: String) -> FrozenForm {
        FrozenForm(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Client {
    pub fn new(base: &str, key: &str, timeouts: Timeouts) -> Result<Client, ClientError> {
        let http = reqwest::Client::builder()
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.total)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ClientError(error.to_string()))?;
        Ok(Client { http, base: base.trim_end_matches('/').to_owned(), key: key.to_owned(), timeouts })
    }

    /// Whether the key charges real money.
    pub fn livemode_of_key(&self) -> bool {
        self.key.starts_with("sk_live_") || self.key.starts_with("rk_live_")
    }

    pub async fn create_session(&self, key: &IdempotencyKey, form: &FrozenForm) -> Call<Session> {
        self.post("/v1/checkout/sessions", key, form).await
    }

    /// The session with its payment intent: only that shows whether a delayed method failed.
    pub async fn session(&self, id: &str) -> Call<Session> {
        self.get(&format!("/v1/checkout/sessions/{}?expand[]=payment_intent", in_path(id))).await
    }

    pub async fn expire_session(&self, key: &IdempotencyKey, id: &str) -> Call<Session> {
        let path = format!("/v1/checkout/sessions/{}/expire", in_path(id));
        self.post(&path, key, &FrozenForm(String::new())).await
    }

    pub async fn sessions_created_since(&self, created: i64, after: Option<&str>) -> Call<Page<Session>> {
        let after = after.map(|id| format!("&starting_after={}", in_path(id))).unwrap_or_default();
        self.get(&format!("/v1/checkout/sessions?limit=100&created[gte]={created}{after}")).await
    }

    pub async fn create_refund(&self, key: &IdempotencyKey, form: &FrozenForm) -> Call<Refund> {
        self.post("/v1/refunds", key, form).await
    }

    pub async fn refunds_of(&self, payment_intent: &str) -> Call<Page<Refund>> {
        self.get(&format!("/v1/refunds?limit=100&payment_intent={}", in_path(payment_intent))).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Call<T> {
        self.call(|| self.request(Method::GET, path)).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, key: &IdempotencyKey, form: &FrozenForm) -> Call<T> {
        let request = || {
            self.request(Method::POST, path)
                .header("Idempotency-Key", &key.0)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(form.0.clone())
        };
        self.call(request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.bearer_auth(&self.key).header("Stripe-Version", VERSION)
    }

    /// Repeats what may pass, with the same key and bytes; what is still not known then is `Unknown`.
    async fn call<T: DeserializeOwned>(&self, request: impl Fn() -> RequestBuilder) -> Call<T> {
        let mut tried = 0;
        loop {
            tried += 1;
            let (outcome, again) = match request().send().await {
                Ok(response) => understand(response).await,
                Err(error) => (unknown(describe(&error), None, None), true),
            };
            let Call::Unknown(uncertainty) = &outcome else { return outcome };
            if !again || tried >= self.timeouts.tries {
                return outcome;
            }
            let wait = uncertainty.retry_after.unwrap_or_else(|| self.wait(tried));
            tokio::time::sleep(wait.min(WAIT_MAX)).await;
        }
    }

    /// Doubling, with jitter from half to the whole, so that callers do not come back in step.
    fn wait(&self, tried: u32) -> Duration {
        let mut byte = [0u8; 1];
        let jitter = if getrandom::fill(&mut byte).is_ok() { f64::from(byte[0]) / 255.0 } else { 1.0 };
        (self.timeouts.retry_base * 2u32.saturating_pow(tried - 1)).mul_f64(0.5 + jitter / 2.0)
    }
}

/// What an answer means, and whether the same again may give another one.
async fn understand<T: DeserializeOwned>(mut response: Response) -> (Call<T>, bool) {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let request_id = header("Request-Id");
    let retry_after = header("Retry-After").and_then(|s| s.parse().ok()).map(Duration::from_secs);
    let should_retry = header("Stripe-Should-Retry").map(|word| word == "true");
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return (unknown("the answer is too long".to_owned(), request_id, None), false),
            Ok(None) => break,
            Err(error) => return (unknown(describe(&error), request_id, retry_after), true),
        }
    }
    if (200..300).contains(&status) {
        return match serde_json::from_slice(&body) {
            Ok(object) => (Call::Done(object), false),
            Err(error) => (unknown(format!("the answer cannot be read: {error}"), request_id, None), true),
        };
    }
    // 409: the same key is in flight. 429: too many, or locked. 5xx: it may have taken effect.
    let passing = status == 409 || status == 429 || status >= 500;
    let error = serde_json::from_slice::<ErrorBody>(&body).ok();
    match error {
        Some(ErrorBody { error }) if !passing => (Call::Refused(error.rejection(status, request_id)), false),
        // Not Stripe's own words (a proxy's, say): nothing definite.
        _ => (unknown(format!("status {status}"), request_id, retry_after), should_retry.unwrap_or(passing)),
    }
}

fn unknown<T>(reason: String, request_id: Option<String>, retry_after: Option<Duration>) -> Call<T> {
    Call::Unknown(Uncertainty { reason, request_id, retry_after })
}

/// Says what happened without the address, whose query may name objects.
fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "it took too long".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the connection broke".to_owned()
    }
}

/// Ids come from Stripe or from an address bar: only what an id is made of reaches the path.
fn in_path(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorObject,
}

#[derive(Deserialize)]
struct ErrorObject {
    #[serde(rename = "type")]
    kind: String,
    code: Option<String>,
    param: Option<String>,
    #[serde(default)]
    message: String,
}

impl ErrorObject {
    fn rejection(self, status: u16, request_id: Option<String>) -> Rejection {
        let ErrorObject { kind, code, param, message } = self;
        Rejection { status, code, kind, param, message, request_id }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base).field("key", &"***").finish_non_exhaustive()
    }
}
