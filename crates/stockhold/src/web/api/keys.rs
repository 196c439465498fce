//! API keys for whoever may do everything: which there are, a new one, and none any more.
//!
//! Invariant: a key is shown once, in the answer to its making; nobody can read it again. Its secret is random and kept as a hash:
//! a repeat of the request is told which key was made, and cannot be told the key.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rules::commands::Refusal;
use rules::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::access::Caller;
use super::after_sale::{done, named};
use super::input::{Body, IdempotencyKey, Parameters, Segment, page_rows};
use super::{page, time};
use crate::language::{Edge, parse_edge};
use crate::shop::Shop;
use crate::storage::keys::{self, Key, NAME_CHARS_MAX, Scope, Scopes, StoredKey};
use crate::web::PageError;
use crate::web::problem::{FieldError, Problem, ProblemBody};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyQuery {
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct KeyList {
    data: Vec<KeyBody>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// A key as the shop knows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyBody {
    id: String,
    name: String,
    #[schema(example = json!(["orders:read"]))]
    scopes: Vec<&'static str>,
    created_at: String,
    /// The first moment at which it opens nothing any more; null: it stays.
    expires_at: Option<String>,
    /// A day; null: it was never used.
    #[schema(example = "2026-11-22")]
    last_used_on: Option<String>,
    revoked: bool,
}

/// A new key.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeKey {
    #[serde(flatten)]
    entry: KeyBody,
    /// Shown now and never again. Left out where the request is a repeat: if the first answer was lost, the key is too, and its
    /// entry is there to be revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyInput {
    /// What it is for.
    #[schema(example = "till", min_length = 1, max_length = 100)]
    name: String,
    #[schema(example = json!(["orders:read", "stock:write"]), min_items = 1)]
    scopes: Vec<String>,
    /// A moment to come (RFC 3339), or a date on the shop's clock; left out: it stays until it is revoked.
    #[schema(example = "2099-01-01T00:00:00Z")]
    expires_at: Option<String>,
}

/// Lists the keys, the oldest first; none is shown itself.
#[utoipa::path(get, path = "/api/admin/keys", tag = "admin", operation_id = "list_keys", params(KeyQuery),
    security(("key" = ["admin"])),
    responses((status = 200, description = "One page", body = KeyList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(State(shop): State<Arc<Shop>>, Parameters(query): Parameters<KeyQuery>) -> Result<Response, Problem> {
    let limit = page_rows(query.limit)?;
    // A shop has a handful of keys; none is ever taken off the list.
    let mut found = keys::list(&shop.storage).await?;
    if let Some(after) = query.after.as_deref().filter(|after| !after.is_empty()) {
        let wrong = || Problem::invalid("after", "not-a-cursor", "This is not where a page ended.");
        let last = found.iter().position(|key| key.id == after).ok_or_else(wrong)?;
        found.drain(..=last);
    }
    let is_more = i64::try_from(found.len()).unwrap_or(i64::MAX) > limit;
    found.truncate(usize::try_from(limit).unwrap_or_default());
    let next = found.last().filter(|_| is_more).map(|key| key.id.clone());
    let asked = vec![("limit", query.limit.map_or_else(String::new, |limit| limit.to_string()))];
    let data = found.into_iter().map(body).collect();
    Ok(page(KeyList { data, next: next.clone() }, "/api/admin/keys", asked, next.as_deref()))
}

/// Draws a key. It is in the answer and nowhere else.
#[utoipa::path(post, path = "/api/admin/keys", tag = "admin", operation_id = "make_key",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same request again draws no second key")),
    request_body = KeyInput, security(("key" = ["admin"])),
    responses((status = 201, description = "It opens from now on", body = MadeKey, headers(
            ("Idempotency-Replayed" = String, description = "`true` when it was drawn before: its entry, without `key`"))),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn make(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    request: Option<IdempotencyKey>,
    Body(input): Body<KeyInput>,
) -> Result<Response, Problem> {
    let mut wrongs = Vec::new();
    let mut wrong = |pointer: &str, code: &'static str, detail: String| {
        wrongs.push(FieldError { pointer: pointer.to_owned(), code, detail });
    };
    let name = input.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        wrong("/name", "not-a-name", format!("1 to {NAME_CHARS_MAX} characters on one line."));
    }
    if input.scopes.is_empty() {
        wrong("/scopes", "empty", "Name at least one scope.".to_owned());
    }
    for (at, word) in input.scopes.iter().enumerate().filter(|(_, word)| Scope::parse(word).is_none()) {
        wrong(&format!("/scopes/{at}"), "unknown-scope", format!("There is no scope {word}."));
    }
    let expires_at: Option<Option<Timestamp>> = input.expires_at.map(|text| {
        let at = parse_edge(&text, &shop.settings().time_zone, Edge::Start).filter(|at| *at > shop.now());
        if at.is_none() {
            wrong("/expires_at", "not-a-time", "Send a moment to come, such as 2027-11-01T00:00:00Z.".to_owned());
        }
        at
    });
    if !wrongs.is_empty() {
        return Err(Problem::invalid_fields(wrongs));
    }
    let unlisted = |error: keys::ScopesError| Problem::invalid("/scopes", "unknown-scope", error.to_string());
    let scopes = Scopes::parse(&input.scopes.join(",")).map_err(unlisted)?;
    let dry = |error: getrandom::Error| Problem::fault(PageError::Fault(format!("no random numbers: {error}")));
    let key = Key::draw(shop.stripe.livemode_of_key()).map_err(dry)?;
    let id = match request {
        Some(IdempotencyKey(request)) => format!("key_{:032x}", named(&caller, "key", "", &request)),
        None => keys::draw_id(),
    };
    let expires_at = expires_at.flatten();
    let is_new = keys::insert_as(&shop.storage, &id, &key, name, &scopes, expires_at, shop.now()).await?;
    let stored = keys::by_id(&shop.storage, &id).await?.ok_or_else(Problem::not_found)?;
    if (stored.name.as_str(), &stored.scopes, stored.expires_at) != (name, &scopes, expires_at) {
        return Err(Refusal::IdempotencyKeyReused.into());
    }
    let key = is_new.then(|| key.expose().to_owned());
    Ok(done(StatusCode::CREATED, MadeKey { entry: body(stored), key }, !is_new))
}

/// Makes a key useless, at once and for good; also the one that asks.
#[utoipa::path(delete, path = "/api/admin/keys/{id}", tag = "admin", operation_id = "revoke_key",
    params(("id" = String, Path, description = "key_…")), security(("key" = ["admin"])),
    responses((status = 204, description = "It opens nothing any more; the same again changes nothing"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn revoke(State(shop): State<Arc<Shop>>, Segment(id): Segment) -> Result<StatusCode, Problem> {
    if keys::revoke(&shop.storage, &id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}

fn body(key: StoredKey) -> KeyBody {
    KeyBody {
        id: key.id,
        name: key.name,
        scopes: key.scopes.words(),
        created_at: time(key.created_at),
        expires_at: key.expires_at.map(time),
        last_used_on: Some(key.last_used_on).filter(|day| !day.is_empty()),
        revoked: key.revoked,
    }
}
