//! Our own thin Stripe client: the only file that names the HTTP library.
//!
//! Every POST takes an idempotency key and parameters frozen as text, so that a repeat is byte-identical. The API
//! version is pinned; redirects are not followed.
//!
//! Promise: `Refused` is only what Stripe itself said and meant as final. Everything doubtful is `Unknown`.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::wire::{
    Account, BalanceTransaction, Charge, Coupon, DeletedCoupon, Dispute, EventHead, FraudWarning, Page, PaymentIntent,
    Refund, Session,
};
use super::{Call, Rejection, Uncertainty};
use crate::steps::{Course, Step, Steps};

/// The version whose fields we read (docs.stripe.com/api/versioning).
const VERSION: &str = "2026-09-30.endive";
/// The largest answer that is read: a page of a hundred sessions is well below.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The longest wait between tries: a buyer may be watching. Whoever is told to wait longer comes back later.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// The longest id of an object, generously: Stripe's own advice for columns.
const ID_BYTES_MAX: usize = 255;

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
    steps: Steps,
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
        let refuse = |why: &str| Err(ClientError(why.to_owned()));
        let Ok(address) = Url::parse(base) else { return refuse("the address of Stripe's API is not an address") };
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("the secret key is not visible ASCII");
        }
        let loopback = matches!(address.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if is_live(key) && address.scheme() != "https" && !loopback {
            return refuse("a live key is only sent over https");
        }
        // Somebody else may have installed a provider already; either one does. Without any, `build` panics.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.total)
            .redirect(reqwest::redirect::Policy::none());
        if loopback {
            // The sandbox on this machine; a proxy of the environment would look for it on its own.
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| ClientError(error.to_string()))?;
        Ok(Client {
            http,
            base: base.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            timeouts,
            steps: Steps::default(),
        })
    }

    /// A test watches each call.
    #[must_use]
    pub fn watched(self, steps: Steps) -> Client {
        Client { steps, ..self }
    }

    /// Whether the key charges real money.
    pub fn livemode_of_key(&self) -> bool {
        is_live(&self.key)
    }

    pub async fn create_session(&self, key: &IdempotencyKey, form: &FrozenForm) -> Call<Session> {
        self.post("/v1/checkout/sessions", key, form).await
    }

    /// The session with its payment intent: only that shows whether a delayed method failed.
    pub async fn session(&self, id: &str) -> Call<Session> {
        let Some(id) = in_path(id) else { return no_such_object() };
        self.get(&format!("/v1/checkout/sessions/{id}?expand[]=payment_intent")).await
    }

    /// A refusal means "read the session again": the buyer may have been faster.
    pub async fn expire_session(&self, key: &IdempotencyKey, id: &str) -> Call<Session> {
        let Some(id) = in_path(id) else { return no_such_object() };
        self.post(&format!("/v1/checkout/sessions/{id}/expire"), key, &FrozenForm(String::new())).await
    }

    /// Newest first, a hundred a page; `after` is the last id of the page before.
    pub async fn sessions_created_since(&self, created: i64, after: Option<&str>) -> Call<Page<Session>> {
        self.list("/v1/checkout/sessions", created, after).await
    }

    pub async fn payment_intent(&self, id: &str) -> Call<PaymentIntent> {
        let Some(id) = in_path(id) else { return no_such_object() };
        self.get(&format!("/v1/payment_intents/{id}")).await
    }

    pub async fn charge(&self, id: &str) -> Call<Charge> {
        let Some(id) = in_path(id) else { return no_such_object() };
        self.get(&format!("/v1/charges/{id}")).await
    }

    /// Stripe keeps events for 30 days. Newest first, a hundred a page.
    pub async fn events(&self, created: i64, after: Option<&str>) -> Call<Page<EventHead>> {
        self.list("/v1/events", created, after).await
    }

    pub async fn create_refund(&self, key: &IdempotencyKey, form: &FrozenForm) -> Call<Refund> {
        self.post("/v1/refunds", key, form).await
    }

    pub async fn refund(&self, id: &str) -> Call<Refund> {
        let Some(id) = in_path(id) else { return no_such_object() };
        self.get(&format!("/v1/refunds/{id}")).await
    }

    /// Newest first, a hundred a page: more refunds than that nobody makes of one payment.
    pub async fn refunds_of(&self, payment_intent: &str) -> Call<Page<Refund>> {
        let Some(id) = in_path(payment_intent) else { return no_such_object() };
        self.get(&format!("/v1/refunds?limit=100&payment_intent={id}")).await
    }

    /// The sessions that an intent belongs to: the way back from a charge to its order.
    pub async fn sessions_of(&self, payment_intent: &str) -> Call<Page<Session>> {
        let Some(id) = in_path(payment_intent) else { return no_such_object() };
        self.get(&format!("/v1/checkout/sessions?limit=10&payment_intent={id}")).await
    }

    pub async fn dispute(&self, id: &str) -> Call<Dispute> {
        let Some(id) = in_path(id) else { return no_such_object() };
        self.get(&format!("/v1/disputes/{id}")).await
    }

    pub async fn fraud_warning(&self, id: &str) -> Call<FraudWarning> {
        let Some(id) = in_path(id) else { return no_such_object() };
        self.get(&format!("/v1/radar/early_fraud_warnings/{id}")).await
    }

    pub async fn account(&self) -> Call<Account> {
        self.get("/v1/account").await
    }

    /// The lists that reconciliation walks: newest first, a hundred a page, from `created` on.
    pub async fn payment_intents(&self, created: i64, after: Option<&str>) -> Call<Page<PaymentIntent>> {
        self.list("/v1/payment_intents", created, after).await
    }

    pub async fn charges(&self, created: i64, after: Option<&str>) -> Call<Page<Charge>> {
        self.list("/v1/charges", created, after).await
    }

    pub async fn refunds(&self, created: i64, after: Option<&str>) -> Call<Page<Refund>> {
        self.list("/v1/refunds", created, after).await
    }

    pub async fn disputes(&self, created: i64, after: Option<&str>) -> Call<Page<Dispute>> {
        self.list("/v1/disputes", created, after).await
    }

    pub async fn fraud_warnings(&self, created: i64, after: Option<&str>) -> Call<Page<FraudWarning>> {
        self.list("/v1/radar/early_fraud_warnings", created, after).await
    }

    pub async fn balance_transactions(&self, created: i64, after: Option<&str>) -> Call<Page<BalanceTransaction>> {
        let Some(after) = after.map_or(Some(""), in_path) else { return no_such_object() };
        let after = if after.is_empty() { String::new() } else { format!("&starting_after={after}") };
        let source = "expand[]=data.source";
        self.get(&format!("/v1/balance_transactions?limit=100&{source}&created[gte]={created}{after}")).await
    }

    pub async fn balance_transaction(&self, id: &str) -> Call<BalanceTransaction> {
        let Some(id) = in_path(id) else { return no_such_object() };
        self.get(&format!("/v1/balance_transactions/{id}?expand[]=source")).await
    }

    pub async fn create_coupon(&self, key: &IdempotencyKey, form: &FrozenForm) -> Call<Coupon> {
        self.post("/v1/coupons", key, form).await
    }

    /// Stops further use; discounts already given stay.
    pub async fn delete_coupon(&self, id: &str) -> Call<DeletedCoupon> {
        let Some(id) = in_path(id) else { return no_such_object() };
        let path = format!("/v1/coupons/{id}");
        self.call(|| self.request(Method::DELETE, &path)).await
    }

    async fn list<T: DeserializeOwned>(&self, path: &str, created: i64, after: Option<&str>) -> Call<Page<T>> {
        let Some(after) = after.map_or(Some(""), in_path) else { return no_such_object() };
        let after = if after.is_empty() { String::new() } else { format!("&starting_after={after}") };
        self.get(&format!("{path}?limit=100&created[gte]={created}{after}")).await
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
            let (outcome, again) = self.send(&request).await;
            let Call::Unknown(uncertainty) = &outcome else { return outcome };
            if !again || tried >= self.timeouts.tries {
                return outcome;
            }
            // Coming back earlier than Stripe asked is only refused again: then the caller tries later.
            let wait = self.wait(tried).max(uncertainty.retry_after.unwrap_or_default());
            if wait > WAIT_MAX {
                return outcome;
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn send<T: DeserializeOwned>(&self, request: &impl Fn() -> RequestBuilder) -> (Call<T>, bool) {
        let course = self.steps.next(Step::Call);
        if course == Course::NeverHappens {
            return (unknown("the process died before this".to_owned(), None, None), false);
        }
        if course == Course::HappensTwice {
            drop(request().send().await);
        }
        let outcome = match request().send().await {
            Ok(response) => understand(response).await,
            Err(error) => (unknown(describe(&error), None, None), true),
        };
        match course {
            Course::LosesItsAnswer => (unknown("the answer was lost".to_owned(), None, None), true),
            Course::Happens | Course::HappensTwice | Course::NeverHappens => outcome,
        }
    }

    /// Doubling, with jitter from half to the whole, so that callers do not come back in step.
    fn wait(&self, tried: u32) -> Duration {
        let mut byte = [0u8; 1];
        let jitter = if getrandom::fill(&mut byte).is_ok() { f64::from(byte[0]) / 255.0 } else { 1.0 };
        let doubled = self.timeouts.retry_base.saturating_mul(2u32.saturating_pow(tried - 1)).min(WAIT_MAX);
        doubled.mul_f64(0.5 + jitter / 2.0)
    }
}

/// What an answer means, and whether the same again may give another one.
async fn understand<T: DeserializeOwned>(mut response: Response) -> (Call<T>, bool) {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let request_id = header("Request-Id");
    let retry_after = header("Retry-After").and_then(|s| s.parse().ok()).map(Duration::from_secs);
    let should_retry = header("Stripe-Should-Retry").map(|word| word == "true");
    let replayed = header("Idempotent-Replayed").is_some_and(|word| word == "true");
    tracing::debug!(status, request_id, replayed, "Stripe answered");
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
    let error = serde_json::from_slice::<ErrorBody>(&body).ok().map(|body| body.error);
    // 408: the request did not arrive whole. 409: the same key is in flight. 429: too many, or locked. 5xx: it may
    // have taken effect, and its answer is kept for the key's life: a replayed one will not change soon.
    let passing = matches!(status, 408 | 409 | 429) || (status >= 500 && !replayed);
    let again = should_retry.unwrap_or(passing);
    // The same key with other parameters: nothing is known of the request that had the key first.
    let foreign_key = error.as_ref().is_some_and(|error| error.kind == "idempotency_error");
    let definite = (400..500).contains(&status) && !passing && !again && !foreign_key;
    match error {
        Some(error) if definite => (Call::Refused(error.rejection(status, request_id)), false),
        // Not Stripe's own words (a proxy's, say), or not its last: nothing definite.
        error => {
            let code = error.map(|error| error.code.unwrap_or(error.kind)).unwrap_or_default();
            let reason = format!("status {status} {code}").trim_end().to_owned();
            let is_kept = replayed && status >= 500;
            (Call::Unknown(Uncertainty { reason, request_id, retry_after, is_kept }), again)
        }
    }
}

fn unknown<T>(reason: String, request_id: Option<String>, retry_after: Option<Duration>) -> Call<T> {
    Call::Unknown(Uncertainty { reason, request_id, retry_after, is_kept: false })
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

/// Ids come from Stripe or from an address bar: only what an id is made of reaches the path. Nothing is cut out or
/// escaped, for that would name another object.
fn in_path(id: &str) -> Option<&str> {
    let fits = !id.is_empty() && id.len() <= ID_BYTES_MAX;
    (fits && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')).then_some(id)
}

/// What Stripe would say, without asking.
fn no_such_object<T>() -> Call<T> {
    Call::Refused(Rejection {
        status: 404,
        code: Some("resource_missing".to_owned()),
        kind: "invalid_request_error".to_owned(),
        param: Some("id".to_owned()),
        message: "This is not the id of an object at Stripe.".to_owned(),
        request_id: None,
    })
}

fn is_live(key: &str) -> bool {
    key.starts_with("sk_live_") || key.starts_with("rk_live_")
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const SESSION: &str =
        r#"{"id":"cs_test_1","status":"open","payment_status":"unpaid","expires_at":1,"livemode":false}"#;
    const BUSY: &str = r#"{"error":{"type":"api_error","message":"Try again."}}"#;

    /// Another company's computer: gives these answers in turn, an empty one never, and keeps what it was asked.
    struct FakeStripe {
        base: String,
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl FakeStripe {
        async fn answering(answers: &[String]) -> FakeStripe {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let base = format!("http://{}", listener.local_addr().expect("an address"));
            let asked = Arc::new(Mutex::new(Vec::new()));
            let (heard, answers) = (asked.clone(), answers.to_vec());
            tokio::spawn(async move {
                let mut kept_waiting = Vec::new();
                for answer in answers {
                    let (mut stream, _) = listener.accept().await.expect("a caller");
                    let mut request = Vec::new();
                    while !is_whole(&request) {
                        let mut piece = [0u8; 4096];
                        let read = stream.read(&mut piece).await.expect("a request");
                        request.extend_from_slice(&piece[..read]);
                    }
                    heard.lock().expect("one at a time").push(String::from_utf8(request).expect("text"));
                    stream.write_all(answer.as_bytes()).await.expect("an answer");
                    if answer.is_empty() {
                        kept_waiting.push(stream);
                    }
                }
                std::future::pending::<()>().await;
            });
            FakeStripe { base, asked }
        }

        fn client(&self, tries: u32) -> Client {
            client_of(&self.base, tries)
        }

        fn asked(&self) -> Vec<String> {
            self.asked.lock().expect("one at a time").clone()
        }
    }

    fn is_whole(request: &[u8]) -> bool {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        body.len() >= length.parse().expect("a length")
    }

    fn answer(status: u16, headers: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {length}\r\nRequest-Id: req_1\r\n{headers}\r\n{body}"
        )
    }

    fn client_of(base: &str, tries: u32) -> Client {
        let (connect, total) = (Duration::from_secs(5), Duration::from_millis(500));
        let timeouts = Timeouts { connect, total, retry_base: Duration::from_millis(1), tries };
        Client::new(base, "sk_test_secret", timeouts).expect("a client")
    }

    async fn create(client: &Client) -> Call<Session> {
        let form = FrozenForm::from_pairs(&[("mode", "payment"), ("name", "青瓷杯 & Co")]);
        client.create_session(&IdempotencyKey::new("stockhold:ord_1:1:session".to_owned()), &form).await
    }

    /// Sends one request that gets these answers; returns what became of it and how often it was sent.
    async fn check(answers: &[String], tries: u32) -> (Call<Session>, usize) {
        let stripe = FakeStripe::answering(answers).await;
        let outcome = create(&stripe.client(tries)).await;
        (outcome, stripe.asked().len())
    }

    fn is_unknown(outcome: &Call<Session>) -> bool {
        matches!(outcome, Call::Unknown(_))
    }

    #[tokio::test]
    async fn a_repeat_carries_the_same_key_and_the_same_bytes() {
        let stripe = FakeStripe::answering(&[answer(500, "", BUSY), answer(200, "", SESSION)]).await;
        assert!(matches!(create(&stripe.client(3)).await, Call::Done(session) if session.id == "cs_test_1"));
        let asked = stripe.asked();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0], asked[1]);
        let request = asked[0].to_lowercase();
        for part in [
            "post /v1/checkout/sessions http/1.1\r\n",
            "idempotency-key: stockhold:ord_1:1:session\r\n",
            "stripe-version: 2026-09-30.endive\r\n",
            "authorization: bearer sk_test_secret\r\n",
            "content-type: application/x-www-form-urlencoded\r\n",
            "\r\n\r\nmode=payment&name=%e9%9d%92%e7%93%b7%e6%9d%af+%26+co",
        ] {
            assert!(request.contains(part), "{part} is not in {request}");
        }
    }

    #[tokio::test]
    async fn silence_is_unknown_never_refused() {
        let (outcome, asked) = check(&[String::new()], 1).await;
        assert!(is_unknown(&outcome), "{outcome:?}");
        assert_eq!(asked, 1);
        let closed = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("an address");
        assert!(is_unknown(&create(&client_of(&format!("http://{closed}"), 2)).await));
    }

    #[tokio::test]
    async fn what_is_not_stripes_own_word_is_unknown() {
        let html = "<html>Bad gateway</html>";
        for (status, headers, body) in [
            (502, "", html),
            (200, "", html),
            (200, "", "{}"),
            (404, "", html),
            (302, "Location: https://example.org/\r\n", BUSY),
        ] {
            let (outcome, asked) = check(&[answer(status, headers, body)], 1).await;
            assert!(is_unknown(&outcome), "{status} {body}: {outcome:?}");
            assert_eq!(asked, 1);
        }
    }

    #[tokio::test]
    async fn a_definite_no_is_refused_at_once() {
        let no = r#"{"error":{"type":"invalid_request_error","code":"amount_too_small","param":"x","message":"No."}}"#;
        let (outcome, asked) = check(&[answer(400, "", no)], 3).await;
        let expected = Rejection {
            status: 400,
            code: Some("amount_too_small".to_owned()),
            kind: "invalid_request_error".to_owned(),
            param: Some("x".to_owned()),
            message: "No.".to_owned(),
            request_id: Some("req_1".to_owned()),
        };
        assert_eq!((outcome, asked), (Call::Refused(expected), 1));
    }

    #[tokio::test]
    async fn a_key_that_was_used_for_something_else_decides_nothing() {
        let reused = r#"{"error":{"type":"idempotency_error","message":"Keys for idempotent requests …"}}"#;
        let (outcome, asked) = check(&[answer(400, "", reused)], 3).await;
        assert!(is_unknown(&outcome), "{outcome:?}");
        assert_eq!(asked, 1);
    }

    #[tokio::test]
    async fn stripe_says_whether_and_when_to_come_back() {
        let done = answer(200, "", SESSION);
        let again = "Stripe-Should-Retry: true\r\n";
        for (status, headers, sent) in [
            (429, again, 2),
            (429, "", 2),
            (409, "", 2),
            (400, again, 2),
            (500, "Stripe-Should-Retry: false\r\n", 1),
            (500, "Idempotent-Replayed: true\r\n", 1),
            (503, "Retry-After: 0\r\n", 2),
            (503, "Retry-After: 3600\r\n", 1),
        ] {
            let (outcome, asked) = check(&[answer(status, headers, BUSY), done.clone()], 3).await;
            assert_eq!(asked, sent, "{status} {headers}");
            assert_eq!(is_unknown(&outcome), sent == 1, "{status} {headers}: {outcome:?}");
        }
        let (outcome, asked) = check(&[answer(429, "", BUSY), answer(429, "Retry-After: 60\r\n", BUSY)], 2).await;
        let Call::Unknown(uncertainty) = outcome else { panic!("{outcome:?}") };
        assert_eq!((asked, uncertainty.retry_after), (2, Some(Duration::from_secs(60))));
        assert_eq!(uncertainty.request_id.as_deref(), Some("req_1"));
    }

    #[tokio::test]
    async fn nothing_but_an_id_reaches_the_path() {
        let stripe = FakeStripe::answering(&[answer(200, "", SESSION)]).await;
        let client = stripe.client(1);
        for id in ["", "..", "cs_1/expire", "cs_1?x=1", "cs_1 ", "杯", &"x".repeat(256)] {
            assert!(matches!(client.session(id).await, Call::Refused(rejection) if rejection.status == 404), "{id}");
        }
        assert!(stripe.asked().is_empty());
        assert!(matches!(client.session("cs_test_1").await, Call::Done(_)));
        assert!(stripe.asked()[0].starts_with("GET /v1/checkout/sessions/cs_test_1?expand[]=payment_intent HTTP/1.1"));
    }

    #[tokio::test]
    async fn lists_are_asked_for_by_the_page() {
        let page = r#"{"object":"list","has_more":false,"data":[{"id":"evt_1","type":"refund.failed","livemode":false,
            "data":{"object":{"id":"re_1"}}}]}"#;
        let stripe = FakeStripe::answering(&[answer(200, "", page)]).await;
        let Call::Done(page) = stripe.client(1).events(7, Some("evt_9")).await else { panic!("a page") };
        assert_eq!((page.data[0].object_id.as_str(), page.has_more), ("re_1", false));
        assert!(stripe.asked()[0].starts_with("GET /v1/events?limit=100&created[gte]=7&starting_after=evt_9 HTTP/1.1"));
    }

    #[test]
    fn keys_are_shown_to_nobody_and_live_ones_travel_encrypted() {
        let timeouts = Timeouts::default();
        let client = Client::new("https://api.stripe.com/", "rk_live_secret", timeouts).expect("a client");
        assert!(client.livemode_of_key());
        assert!(!format!("{client:?}").contains("secret"));
        for (base, key) in [
            ("http://api.stripe.com", "sk_live_secret"),
            ("api.stripe.com", "sk_test_secret"),
            ("https://api.stripe.com", ""),
            ("https://api.stripe.com", "sk_test_\n"),
        ] {
            assert!(Client::new(base, key, timeouts).is_err(), "{base}");
        }
    }
}
