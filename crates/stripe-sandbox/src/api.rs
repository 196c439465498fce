//! The API's front desk: key, misbehaviour, idempotency, then the room that was asked for.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::books::{Act, StoredAnswer, draw_id};
use crate::errors::ApiError;
use crate::faults::Fault;
use crate::form::{self, Pairs};
use crate::{Sandbox, balance, coupons, reads, refunds, sessions};

const BODY_BYTES_MOST: usize = 1024 * 1024;
const KEY_CHARACTERS_MOST: usize = 255;

/// What every answer carries besides its body.
struct Call {
    request_id: String,
    key: Option<String>,
    version: String,
}

pub async fn serve(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str().to_owned();
    let path = parts.uri.path().to_owned();
    let word = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let call = Call {
        request_id: draw_id("req"),
        key: word("idempotency-key").filter(|_| parts.method == Method::POST),
        version: word("stripe-version").unwrap_or_else(|| crate::books::API_VERSION.to_owned()),
    };
    let planned = sandbox.with_state(|state| state.faults.take(&method, &path));
    let fault = planned.as_ref().map(|planned| planned.fault);
    match fault {
        Some(Fault::Unreachable) => return broken(),
        Some(Fault::BadGateway) => return bad_gateway(),
        Some(Fault::TooManyRequests) => return slowed_down(&call, planned.map_or(0, |planned| planned.retry_after)),
        Some(Fault::LockTimeout) => return refusal(&call, &ApiError::lock_timeout()),
        Some(Fault::Forbidden) => return refusal(&call, &ApiError::forbidden()),
        Some(Fault::Missing) => {
            let id = path.rsplit('/').find(|part| part.contains('_')).unwrap_or_default();
            return refusal(&call, &ApiError::no_such("object", id));
        }
        Some(Fault::Hang) => {
            // While the caller waits, its key is in use; when it hangs up, this future is dropped and the key is free.
            let _in_use = InUse::claim(&sandbox, call.key.as_deref());
            std::future::pending::<()>().await;
        }
        Some(Fault::ServerError | Fault::ServerErrorAfterSuccess | Fault::ReplyLostAfterSuccess | Fault::OtherMode)
        | None => {}
    }
    if let Err(error) = authenticate(&sandbox, &parts.headers) {
        return refusal(&call, &error);
    }
    let body = match axum::body::to_bytes(body, BODY_BYTES_MOST).await {
        Ok(body) => body,
        Err(_) => return refusal(&call, &ApiError::invalid("body", "The request body cannot be read.")),
    };
    let answer = answer(&sandbox, &call, &method, &path, parts.uri.query(), &parts.headers, &body, fault);
    if fault == Some(Fault::ReplyLostAfterSuccess) { broken() } else { answer }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one request, used once")]
fn answer(
    sandbox: &Sandbox,
    call: &Call,
    method: &str,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &Bytes,
    fault: Option<Fault>,
) -> Response {
    let pairs = match read_pairs(query, headers, body) {
        Ok(pairs) => pairs,
        Err(error) => return refusal(call, &error),
    };
    let fingerprint = fingerprint(method, path, &pairs);
    if let Some(key) = &call.key {
        match sandbox.stored_answer(key, &fingerprint) {
            Ok(None) => {}
            Ok(Some(stored)) => return replay(call, &stored),
            Err(error) => return refusal(call, &error),
        }
    }
    let request = Some((call.request_id.clone(), call.key.clone()));
    let outcome = sandbox.act(request, |act| {
        sessions::expire_due(act);
        let mut outcome = match fault {
            Some(Fault::ServerError) => Err(ApiError::server_error()),
            _ => route(act, method, path, &pairs),
        };
        if fault == Some(Fault::ServerErrorAfterSuccess) && outcome.is_ok() {
            outcome = Err(ApiError::server_error());
        }
        let (status, body, kept) = match outcome {
            Ok(body) => (200, body, true),
            Err(error) => (error.status, error.body(), error.kept),
        };
        if let Some(key) = call.key.as_deref().filter(|_| kept) {
            let (request_id, body) = (call.request_id.clone(), body.clone());
            let stored = StoredAnswer { fingerprint, request_id, status, body, at: act.now };
            act.books.keep_answer(key, stored);
            act.changed = true;
        }
        (status, body)
    });
    match outcome {
        Ok((status, mut body)) => {
            if fault == Some(Fault::OtherMode) {
                of_other_mode(&mut body);
            }
            respond(call, status, &body)
        }
        Err(error) => refusal(call, &ApiError::books_unwritable(&error)),
    }
}

fn route(act: &mut Act, method: &str, path: &str, pairs: &Pairs) -> Result<Value, ApiError> {
    let below = path.strip_prefix("/v1/").unwrap_or_default();
    let parts: Vec<&str> = below.split('/').collect();
    // What is lost is lost in the address, and as a parameter that names it.
    let named = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (place, id) in parts.iter().map(|part| ("id", *part)).chain(named) {
        if act.books.missing.contains(id) {
            let error = ApiError::no_such_param("object", id, place);
            return Err(if place == "id" { ApiError { status: 404, ..error } } else { error });
        }
    }
    if method == "POST" {
        reads::check_expand(path, pairs)?;
    }
    match (method, parts.as_slice()) {
        ("POST", ["checkout", "sessions"]) => {
            let made = sessions::create(act, pairs)?;
            expanded(act, &made, pairs)
        }
        ("POST", ["checkout", "sessions", id, "expire"]) => {
            let closed = sessions::expire(act, id, pairs)?;
            expanded(act, &closed, pairs)
        }
        ("GET", ["checkout", "sessions", id, "line_items"]) => reads::line_items(act, id, pairs),
        ("POST", ["coupons"]) => coupons::create(act, pairs),
        ("DELETE", ["coupons", id]) => coupons::delete(act, id),
        ("POST", ["refunds"]) => {
            let made = refunds::create(act, pairs)?;
            expanded(act, &made, pairs)
        }
        ("POST", ["refunds", id]) => {
            let changed = refunds::update(act, id, pairs)?;
            expanded(act, &changed, pairs)
        }
        ("POST", ["refunds", id, "cancel"]) => {
            let canceled = refunds::cancel(act, id, pairs)?;
            expanded(act, &canceled, pairs)
        }
        ("GET", ["account"]) => Ok(reads::account(act.books)),
        ("GET", ["webhook_endpoints"]) => reads::webhook_endpoints(act, pairs),
        ("POST", ["webhook_endpoints"]) => Err(ApiError::not_imitated("webhook_endpoints")),
        ("GET", ["balance"]) => Ok(balance::shown(act.books)),
        ("GET", _) => {
            let room = reads::ROOMS.iter().find_map(|room| match below.strip_prefix(room.path)? {
                "" => Some((room, None)),
                rest => {
                    rest.strip_prefix('/').filter(|id| !id.is_empty() && !id.contains('/')).map(|id| (room, Some(id)))
                }
            });
            match room {
                Some((room, None)) => reads::list(act, room, pairs),
                Some((room, Some(id))) => reads::one(act, room, id, pairs),
                None => Err(ApiError::unrecognized(method, path)),
            }
        }
        _ => Err(ApiError::unrecognized(method, path)),
    }
}

/// The answer to a change, with the expansions the same request asked for.
fn expanded(act: &Act, made: &Value, pairs: &Pairs) -> Result<Value, ApiError> {
    let asked: Vec<&String> =
        pairs.iter().filter(|(key, _)| key.starts_with("expand[")).map(|(_, path)| path).collect();
    reads::shown(act.books, made, &serde_json::json!(asked))
}

fn read_pairs(query: Option<&str>, headers: &HeaderMap, body: &Bytes) -> Result<Pairs, ApiError> {
    let mut pairs = form::decode(query.unwrap_or_default())?;
    if !body.is_empty() {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            let message = "Request bodies must be sent as application/x-www-form-urlencoded.";
            return Err(ApiError::invalid("body", message));
        }
        let text = std::str::from_utf8(body).map_err(|_| ApiError::invalid("body", "Invalid UTF-8 in the request"))?;
        pairs.extend(form::decode(text)?);
    }
    Ok(pairs)
}

/// Bearer or the user of Basic. Live keys are turned away whatever the settings: nothing here is real.
fn authenticate(sandbox: &Sandbox, headers: &HeaderMap) -> Result<(), ApiError> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = match given.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim().to_owned(),
        Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(pair.trim()).unwrap_or_default();
            String::from_utf8_lossy(&bytes).split(':').next().unwrap_or_default().to_owned()
        }
        _ => String::new(),
    };
    if key.is_empty() {
        let message = "You did not provide an API key. You need to provide your API key in the Authorization header, \
            using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').";
        return Err(ApiError::unauthorized(message));
    }
    let right = match sandbox.with_state(|state| state.api_key.clone()) {
        Some(expected) => bool::from(expected.as_bytes().ct_eq(key.as_bytes())),
        None => key.starts_with("sk_test_") || key.starts_with("rk_test_"),
    };
    if right && !key.contains("_live_") {
        return Ok(());
    }
    let start: String = key.chars().take(8).collect();
    Err(ApiError::unauthorized(format!("Invalid API Key provided: {start}****")))
}

impl Sandbox {
    /// What the key remembers for this very request; an error when it remembers another one, or is in use.
    fn stored_answer(&self, key: &str, fingerprint: &str) -> Result<Option<StoredAnswer>, ApiError> {
        if key.is_empty() || key.chars().count() > KEY_CHARACTERS_MOST {
            let message = format!("An Idempotency-Key has 1 to {KEY_CHARACTERS_MOST} characters.");
            return Err(ApiError::invalid("Idempotency-Key", message));
        }
        let now = self.now();
        self.with_state(|state| {
            if state.in_flight.contains_key(key) {
                return Err(ApiError::key_in_use(key));
            }
            match state.books.answer(key, now) {
                Some(stored) if stored.fingerprint != fingerprint => Err(ApiError::key_reused(key)),
                stored => Ok(stored.cloned()),
            }
        })
    }
}

/// Marks a key as being executed until dropped.
struct InUse {
    sandbox: Sandbox,
    key: String,
}

impl InUse {
    fn claim(sandbox: &Sandbox, key: Option<&str>) -> Option<InUse> {
        let key = key?.to_owned();
        sandbox.with_state(|state| *state.in_flight.entry(key.clone()).or_default() += 1);
        Some(InUse { sandbox: sandbox.clone(), key })
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.sandbox.with_state(|state| {
            let left = state.in_flight.remove(&self.key).unwrap_or(0);
            if left > 1 {
                state.in_flight.insert(self.key.clone(), left - 1);
            }
        });
    }
}

/// The same request has the same parameters, in whatever order they are written.
fn fingerprint(method: &str, path: &str, pairs: &Pairs) -> String {
    let mut sorted: Vec<&(String, String)> = pairs.iter().collect();
    sorted.sort();
    let digest = Sha256::digest(serde_json::json!([method, path, sorted]).to_string());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn respond(call: &Call, status: u16, body: &Value) -> Response {
    let mut answer = Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CACHE_CONTROL, "no-cache, no-store")
        .header("request-id", &call.request_id)
        .header("stripe-version", &call.version);
    if let Some(key) = &call.key {
        answer = answer.header("idempotency-key", key);
    }
    let text = serde_json::to_string_pretty(body).unwrap_or_default();
    answer.body(Body::from(text)).unwrap_or_else(|_| broken())
}

fn refusal(call: &Call, error: &ApiError) -> Response {
    respond(call, error.status, &error.body())
}

/// Too many requests: nothing happened, and the caller is told when to come again (0: not told).
fn slowed_down(call: &Call, retry_after: u32) -> Response {
    let mut answer = refusal(call, &ApiError::too_many_requests());
    answer.headers_mut().insert("stripe-rate-limited-reason", header::HeaderValue::from_static("global-rate"));
    if retry_after > 0 {
        answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(retry_after));
    }
    answer
}

/// The same answer as live mode would give it.
fn of_other_mode(body: &mut Value) {
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "livemode" {
                    *value = Value::Bool(true);
                }
                of_other_mode(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(of_other_mode),
        _ => {}
    }
}

fn replay(call: &Call, stored: &StoredAnswer) -> Response {
    let mut answer = respond(call, stored.status, &stored.body);
    answer.headers_mut().insert("idempotent-replayed", header::HeaderValue::from_static("true"));
    if let Ok(original) = header::HeaderValue::from_str(&stored.request_id) {
        answer.headers_mut().insert("original-request", original);
    }
    answer
}

fn bad_gateway() -> Response {
    let page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";
    let mut answer = Response::new(Body::from(page));
    *answer.status_mut() = StatusCode::BAD_GATEWAY;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html"));
    answer
}

/// An answer whose body breaks off: the server closes the connection and the caller learns nothing.
fn broken() -> Response {
    Response::new(Body::new(BreaksOff))
}

struct BreaksOff;

impl axum::body::HttpBody for BreaksOff {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, axum::BoxError>>> {
        std::task::Poll::Ready(Some(Err("the sandbox breaks this connection on purpose".into())))
    }
}
