//! What the API reads from a request; whatever cannot be read is a problem that names the field.
//!
//! Invariant: text with a NUL goes no further. JSON and addresses can carry one, PostgreSQL cannot store one.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::web::problem::Problem;

/// Longest idempotency key: Stripe's limit, too.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// Rows of one page of a list, unless asked for otherwise, and at most.
pub const PAGE_ROWS: i64 = 50;
pub const PAGE_ROWS_MAX: i64 = 200;

/// A JSON body of a known shape.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// The one variable segment of the path.
#[derive(Debug)]
pub struct Segment(pub String);

/// A JSON body of a known shape, or none at all.
#[derive(Debug)]
pub struct OptionalBody<T>(pub Option<T>);

/// Several variable segments of the path.
#[derive(Debug)]
pub struct Segments<const N: usize>(pub [String; N]);

/// The parameters after the question mark.
#[derive(Debug)]
pub struct Parameters<T>(pub T);

/// The caller's own name for this request: the same again meets its first answer.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub String);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::unsupported_media_type("Send JSON, with Content-Type: application/json."));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
            _ => Problem::bad_request("unreadable-body", "The body broke off."),
        })?;
        read(&body).map(Body)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let empty = request.headers().get(CONTENT_LENGTH).is_none_or(|length| length == "0");
        if empty && !request.headers().contains_key(CONTENT_TYPE) {
            return Ok(OptionalBody(None));
        }
        Body::from_request(request, state).await.map(|Body(body)| OptionalBody(Some(body)))
    }
}

impl<S: Send + Sync, const N: usize> FromRequestParts<S> for Segments<N> {
    type Rejection = Problem;

    /// An address that cannot be read leads nowhere.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<Vec<String>>::from_request_parts(parts, state).await;
        let Path(segments) = path.map_err(|_| Problem::not_found())?;
        let segments: [String; N] = segments.try_into().map_err(|_| Problem::not_found())?;
        if segments.iter().any(|segment| segment.contains('\0')) {
            return Err(Problem::not_found());
        }
        Ok(Segments(segments))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    /// An address that cannot be read leads nowhere.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(segment) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        if segment.contains('\0') { Err(Problem::not_found()) } else { Ok(Segment(segment)) }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        if form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(Problem::invalid("", "nul-character", "A parameter must not contain NUL."));
        }
        // `Failed to deserialize query string: NAME: what is wrong`
        let wrong = |words: String| {
            let words = words.split_once(": ").map_or(words.as_str(), |(_, told)| told);
            let (name, detail) = words.split_once(": ").unwrap_or(("", words));
            Problem::invalid(name, "wrong-parameter", detail)
        };
        Query::try_from_uri(&parts.uri).map(|Query(read)| Parameters(read)).map_err(|error| wrong(error.body_text()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(key) = parts.headers.get("Idempotency-Key") else {
            let detail = "Send an Idempotency-Key header, such as a UUID: the same request again is then done once.";
            return Err(Problem::bad_request("idempotency-key-missing", detail));
        };
        let key = key.to_str().map(str::trim).unwrap_or_default();
        if key.is_empty() || key.len() > IDEMPOTENCY_KEY_CHARS_MAX {
            let detail = format!("An Idempotency-Key is 1 to {IDEMPOTENCY_KEY_CHARS_MAX} ASCII characters.");
            return Err(Problem::bad_request("idempotency-key-invalid", detail));
        }
        Ok(IdempotencyKey(key.to_owned()))
    }
}

/// For requests that may go without a name.
impl<S: Send + Sync> axum::extract::OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        if !parts.headers.contains_key("Idempotency-Key") {
            return Ok(None);
        }
        <Self as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Some)
    }
}

/// How many rows a caller asked for.
pub fn page_rows(limit: Option<i64>) -> Result<i64, Problem> {
    let limit = limit.unwrap_or(PAGE_ROWS);
    let wrong = || Problem::invalid("limit", "out-of-range", format!("Ask for 1 to {PAGE_ROWS_MAX} rows."));
    (1..=PAGE_ROWS_MAX).contains(&limit).then_some(limit).ok_or_else(wrong)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Tells `null` from nothing said.
pub fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(field: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(field).map(Some)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let malformed =
        |error: serde_json::Error| Problem::bad_request("malformed-json", format!("This is not JSON: {error}"));
    let value: Value = serde_json::from_slice(body).map_err(malformed)?;
    if let Some(pointer) = nul_at(&value, String::new()) {
        return Err(Problem::invalid(pointer, "nul-character", "Text must not contain NUL."));
    }
    serde_json::from_slice(body).map_err(|error| {
        let pointer = pointer_at(body, error.line(), error.column());
        let words = error.to_string();
        let detail = words.split(" at line ").next().unwrap_or(&words).to_owned();
        let (pointer, code) = match quoted(&detail) {
            Some(_) if detail.starts_with("unknown field") => (pointer, "unknown-field"),
            Some(field) if detail.starts_with("missing field") => (format!("{pointer}/{}", escaped(&field)), "missing"),
            _ => (pointer, "wrong-type"),
        };
        Problem::invalid(pointer, code, detail)
    })
}

/// The first name between back-ticks: serde names fields so.
fn quoted(words: &str) -> Option<String> {
    let (_, rest) = words.split_once('`')?;
    rest.split_once('`').map(|(name, _)| name.to_owned())
}

/// Where text with a NUL stands.
fn nul_at(value: &Value, at: String) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then_some(at),
        Value::Array(values) => values.iter().enumerate().find_map(|(n, value)| nul_at(value, format!("{at}/{n}"))),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            if name.contains('\0') {
                return Some(at.clone());
            }
            nul_at(value, format!("{at}/{}", escaped(name)))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The JSON Pointer of the place that a reader of well-formed JSON had reached: the parser tells only line and column.
fn pointer_at(body: &[u8], line: usize, column: usize) -> String {
    let start: usize = body.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    let end = (start + column).min(body.len());
    // The open objects and arrays, each with its place.
    let mut open: Vec<Place> = Vec::new();
    let mut at = 0;
    while at < end {
        match body[at] {
            b'{' => open.push(Place::Field { name: String::new(), is_name_next: true }),
            b'[' => open.push(Place::Item(0)),
            b'}' | b']' => {
                // What was just closed is what went wrong.
                if at + 1 >= end {
                    break;
                }
                open.pop();
            }
            b',' => match open.last_mut() {
                Some(Place::Item(n)) => *n += 1,
                Some(Place::Field { is_name_next, .. }) => *is_name_next = true,
                None => {}
            },
            b'"' => {
                let text_end = end_of_text(body, at);
                if let Some(Place::Field { name, is_name_next }) = open.last_mut()
                    && std::mem::take(is_name_next)
                {
                    *name = serde_json::from_slice(&body[at..text_end]).unwrap_or_default();
                }
                at = text_end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    let closed = at < end; // A whole object was refused: its own fields are not the place.
    let depth = open.len() - usize::from(closed && !open.is_empty());
    open[..depth].iter().map(|place| format!("/{place}")).collect()
}

/// Just behind the closing quote.
fn end_of_text(body: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < body.len() {
        match body[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    body.len()
}

enum Place {
    Field { name: String, is_name_next: bool },
    Item(usize),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Field { name, .. } => f.write_str(&escaped(name)),
            Place::Item(n) => write!(f, "{n}"),
        }
    }
}

/// RFC 6901, 3.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only their types matter")]
    struct Order {
        items: Vec<Item>,
        email: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only their types matter")]
    struct Item {
        sku: String,
        quantity: i64,
    }

    #[track_caller]
    fn check(body: &str, status: u16, pointer: &str, code: &str) {
        let problem = read::<Order>(body.as_bytes()).expect_err(body);
        let told = format!("{problem:?}");
        assert_eq!(problem.into_response().status().as_u16(), status, "{told}");
        assert!(told.contains(&format!("pointer: {pointer:?}")), "{pointer} in {told}");
        assert!(told.contains(&format!("code: {code:?}")), "{code} in {told}");
    }

    #[test]
    fn a_wrong_field_is_named_by_its_place() {
        check(r#"{"items":[],"email":"a","price":1}"#, 422, "/price", "unknown-field");
        check(r#"{"items":[{"sku":"A","quantity":1,"price":1}],"email":"a"}"#, 422, "/items/0/price", "unknown-field");
        check(r#"{"items":[{"sku":"A","quantity":"two"}],"email":"a"}"#, 422, "/items/0/quantity", "wrong-type");
        check("{\"items\":[],\n \"email\": 7}", 422, "/email", "wrong-type");
        check(r#"{"items":[{"sku":"A","quantity":1},{"sku":"B"}],"email":"a"}"#, 422, "/items/1/quantity", "missing");
        check(r#"{"items":[]}"#, 422, "/email", "missing");
        check(r#"{"items":[],"email":"a\u0000b"}"#, 422, "/email", "nul-character");
        check(r#"{"items":[{"sku":"A","quantity":1.5}],"email":"a"}"#, 422, "/items/0/quantity", "wrong-type");
        check(r#"{"items":{"~/":1},"email":"a"}"#, 422, "/items", "wrong-type");
    }

    #[test]
    fn what_is_not_json_is_400() {
        for body in ["", "{", "{\"items\":[}", "\u{feff}{}", "nul"] {
            let problem = read::<Order>(body.as_bytes()).expect_err(body);
            assert_eq!(problem.into_response().status(), StatusCode::BAD_REQUEST, "{body}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(read::<Order>(deep.as_bytes()).expect_err("too deep").into_response().status(), 400);
    }

    #[test]
    fn json_is_known_by_its_type() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/plain", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, kind.parse().expect("a header"));
            assert_eq!(is_json(&headers), expected, "{kind}");
        }
    }
}
