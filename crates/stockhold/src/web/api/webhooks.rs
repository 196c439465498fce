//! Outbound webhooks: which programs of the shopkeeper's are told what happened, and what each was told.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rules::commands::Refusal;
use rules::topics::Topic;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::access::Caller;
use super::after_sale::{hash, marked, named};
use super::conditions::{Conditions, tagged};
use super::input::{Body, IdempotencyKey, Parameters, Segment, Segments, page_rows};
use super::{page, time};
use crate::outbox::webhooks as outbox;
use crate::shop::Shop;
use crate::storage::idempotency::{self, Use};
use crate::storage::revisions::Removed;
use crate::storage::webhooks::{self, Change, Delivery, DeliveryState, Endpoint, NewEndpoint};
use crate::web::problem::{FieldError, Problem, ProblemBody};

/// Longest note of an endpoint, in characters.
pub const NOTE_CHARS_MAX: usize = 200;
/// More programs nobody has; each costs a row for everything that happens.
pub const ENDPOINTS_MAX: usize = 20;

/// A program that is told what happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookEndpoint {
    id: String,
    url: String,
    /// What it is for.
    note: String,
    /// What it is told; empty: everything.
    topics: Vec<&'static str>,
    /// `active` or `disabled`.
    state: &'static str,
    /// Why it is disabled: `by_hand`, `gone` (it answered 410) or `failing` (nothing arrived for five days).
    disabled_because: Option<&'static str>,
    /// The first failure since something arrived last.
    failing_since: Option<String>,
    created_at: String,
    /// Shown when it was just drawn, and never again. Standard Webhooks: what follows `whsec_` is base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookList {
    data: Vec<WebhookEndpoint>,
}

/// A new endpoint.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookInput {
    /// https, on the public internet.
    url: String,
    note: Option<String>,
    /// Left out or empty: everything.
    topics: Option<Vec<String>>,
}

/// What is to be different; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookChange {
    url: Option<String>,
    note: Option<String>,
    topics: Option<Vec<String>>,
    /// `true` enables it, `false` disables it.
    active: Option<bool>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// `due`, `done` or `failed`.
    state: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryList {
    data: Vec<WebhookDelivery>,
    next: Option<String>,
}

/// One thing that one endpoint is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookDelivery {
    /// `webhook-id`: the same at every attempt, and for every endpoint.
    id: String,
    r#type: String,
    order: Option<String>,
    happened_at: String,
    /// `due`, `done` or `failed` (nobody tries again by itself).
    state: &'static str,
    attempts: i64,
    /// When it is tried next; `null` when it is not.
    next_attempt_at: Option<String>,
    /// HTTP status of the last answer; `null`: there was none.
    answer_status: Option<i64>,
    /// The beginning of the last answer, or why there was none.
    answer: String,
    answered_at: Option<String>,
}

/// Lists the endpoints.
#[utoipa::path(get, path = "/api/admin/webhooks", tag = "admin", operation_id = "list_webhooks",
    security(("key" = ["settings:read"])),
    responses((status = 200, description = "All of them", body = WebhookList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(State(shop): State<Arc<Shop>>) -> Result<Json<WebhookList>, Problem> {
    let data = webhooks::list(&shop.storage).await?.iter().map(|endpoint| body(endpoint, None)).collect();
    Ok(Json(WebhookList { data }))
}

/// Shows one endpoint.
#[utoipa::path(get, path = "/api/admin/webhooks/{id}", tag = "admin", operation_id = "show_webhook",
    params(("id" = String, Path, description = "whk_…")), security(("key" = ["settings:read"])),
    responses((status = 200, description = "The endpoint", body = WebhookEndpoint),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(id): Segment,
) -> Result<Response, Problem> {
    let endpoint = find(&shop, &id).await?;
    Ok(conditions.show(endpoint.revision, &body(&endpoint, None)))
}

/// Makes an endpoint; its secret is in the answer, once. From now on it is told what happens.
#[utoipa::path(post, path = "/api/admin/webhooks", tag = "admin", operation_id = "make_webhook",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same request again is the same endpoint")),
    request_body = WebhookInput, security(("key" = ["settings:write"])),
    responses((status = 201, description = "It is told what happens from now on", body = WebhookEndpoint, headers(
            ("Idempotency-Replayed" = String, description = "`true` when it was made before"))),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn make(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    key: Option<IdempotencyKey>,
    Body(input): Body<WebhookInput>,
) -> Result<Response, Problem> {
    let request = hash(&input);
    let endpoint = checked(&shop, &input.url, input.note.unwrap_or_default(), &input.topics.unwrap_or_default());
    let endpoint = endpoint.map_err(Problem::invalid_fields)?;
    let id = match key {
        None => draw_id(&shop),
        Some(IdempotencyKey(key)) => {
            let id = format!("whk_{:032x}", named(&caller, "webhook", "", &key));
            if idempotency::used(&shop.storage, &id, &request, shop.now()).await? == Use::OfAnother {
                return Err(Refusal::IdempotencyKeyReused.into());
            }
            id
        }
    };
    let stands = webhooks::find(&shop.storage, &id).await?;
    if stands.is_none() && webhooks::list(&shop.storage).await?.len() >= ENDPOINTS_MAX {
        let detail = format!("There are {ENDPOINTS_MAX} endpoints already. Remove one first.");
        return Err(Problem::conflict("too-many-endpoints", detail));
    }
    let is_new = webhooks::insert(&shop.storage, &id, &endpoint, shop.now()).await?;
    // One that was made under this name and removed since does not come back.
    let made = webhooks::find(&shop.storage, &id).await?.ok_or(Refusal::IdempotencyKeyReused)?;
    Ok(with_secret(&shop, StatusCode::CREATED, &made, !is_new))
}

/// Changes what is said of it, and nothing else. Whoever enables one sends what waited.
#[utoipa::path(patch, path = "/api/admin/webhooks/{id}", tag = "admin", operation_id = "change_webhook",
    params(("id" = String, Path, description = "whk_…")), request_body = WebhookChange,
    security(("key" = ["settings:write"])),
    responses((status = 200, description = "The endpoint as it stands now", body = WebhookEndpoint),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn change(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(id): Segment,
    Body(input): Body<WebhookChange>,
) -> Result<Response, Problem> {
    let stands = find(&shop, &id).await?;
    let revision = conditions.to_change(Some(stands.revision))?.revision();
    let url = input.url.as_deref().unwrap_or(&stands.url);
    let asked =
        checked(&shop, url, input.note.clone().unwrap_or_default(), input.topics.as_deref().unwrap_or_default());
    let NewEndpoint { url, note, topics } = asked.map_err(Problem::invalid_fields)?;
    let change = Change {
        url: input.url.map(|_| url),
        note: input.note.map(|_| note),
        topics: input.topics.map(|_| topics),
        active: input.active,
    };
    let is_done = webhooks::update(&shop.storage, &id, change, revision).await?;
    let stands = find(&shop, &id).await?;
    if is_done {
        Ok(tagged(StatusCode::OK, stands.revision, &body(&stands, None)))
    } else {
        Err(conditions.overtaken())
    }
}

/// Removes an endpoint: nothing more is sent to it.
#[utoipa::path(delete, path = "/api/admin/webhooks/{id}", tag = "admin", operation_id = "remove_webhook",
    params(("id" = String, Path, description = "whk_…")), security(("key" = ["settings:write"])),
    responses((status = 204, description = "It is gone"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn remove(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(id): Segment,
) -> Result<StatusCode, Problem> {
    let stands = find(&shop, &id).await?;
    let expected = conditions.to_remove(Some(stands.revision))?;
    match webhooks::remove(&shop.storage, &id, expected.revision()).await? {
        Removed::Done => Ok(StatusCode::NO_CONTENT),
        Removed::NotThere => Err(Problem::not_found()),
        Removed::NotAsRead => Err(conditions.overtaken()),
    }
}

/// Draws a new secret. For a day messages are signed with the one before as well, so that the other program can change
/// over in its own time.
#[utoipa::path(post, path = "/api/admin/webhooks/{id}/secret", tag = "admin", operation_id = "rotate_webhook_secret",
    params(("id" = String, Path, description = "whk_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same request again draws no further secret")),
    security(("key" = ["settings:write"])),
    responses((status = 200, description = "The endpoint with its new secret", body = WebhookEndpoint, headers(
            ("Idempotency-Replayed" = String, description = "`true` when it was drawn before"))),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn rotate(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    key: Option<IdempotencyKey>,
    Segment(id): Segment,
) -> Result<Response, Problem> {
    let stands = find(&shop, &id).await?;
    if let Some(IdempotencyKey(key)) = key {
        // The name is kept with the secret that stood before: where another stands, the drawing took place.
        let name = format!("secret:{:032x}", named(&caller, "secret", &id, &key));
        let from = stands.generation.to_string();
        if idempotency::used(&shop.storage, &name, &from, shop.now()).await? == Use::OfAnother {
            return Ok(with_secret(&shop, StatusCode::OK, &stands, true));
        }
    }
    if !webhooks::rotate(&shop.storage, &id, stands.generation, shop.now() + outbox::CHANGE_OVER).await? {
        return Err(Problem::conflict("conflict", "Somebody changed this just now. Try again."));
    }
    Ok(with_secret(&shop, StatusCode::OK, &find(&shop, &id).await?, false))
}

/// Sends a `webhook.test` now, once, and tells what the endpoint answered.
#[utoipa::path(post, path = "/api/admin/webhooks/{id}/test", tag = "admin", operation_id = "test_webhook",
    params(("id" = String, Path, description = "whk_…")), security(("key" = ["settings:write"])),
    responses((status = 200, description = "What became of it", body = WebhookDelivery),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn test(State(shop): State<Arc<Shop>>, Segment(id): Segment) -> Result<Json<WebhookDelivery>, Problem> {
    let endpoint = find(&shop, &id).await?;
    Ok(Json(delivery(outbox::test(&shop, &endpoint).await?)))
}

/// Lists what an endpoint was told and is to be told, the newest first; what is over is kept for 30 days.
#[utoipa::path(get, path = "/api/admin/webhooks/{id}/deliveries", tag = "admin", operation_id = "list_deliveries",
    params(("id" = String, Path, description = "whk_…"), DeliveryQuery), security(("key" = ["settings:read"])),
    responses((status = 200, description = "One page", body = DeliveryList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn deliveries(
    State(shop): State<Arc<Shop>>,
    Segment(id): Segment,
    Parameters(query): Parameters<DeliveryQuery>,
) -> Result<Response, Problem> {
    find(&shop, &id).await?;
    let limit = page_rows(query.limit)?;
    let said = query.state.as_deref().filter(|state| !state.is_empty());
    let state = said.and_then(DeliveryState::parse);
    if said.is_some() && state.is_none() {
        return Err(Problem::invalid("state", "unknown-state", "A state is one of due, done, failed."));
    }
    let after = match query.after.as_deref().filter(|after| !after.is_empty()) {
        None => None,
        Some(text) => {
            let cursor = read_cursor(text);
            Some(cursor.ok_or_else(|| Problem::invalid("after", "not-a-cursor", "Send `next` of the page before."))?)
        }
    };
    let mut found = webhooks::deliveries(&shop.storage, &id, state, after, limit + 1).await?;
    let has_more = i64::try_from(found.len()).unwrap_or(i64::MAX) > limit;
    found.truncate(usize::try_from(limit).unwrap_or_default());
    let next = found.last().filter(|_| has_more).map(cursor);
    let asked = vec![
        ("state", query.state.unwrap_or_default()),
        ("limit", query.limit.map_or_else(String::new, |limit| limit.to_string())),
    ];
    let data = found.into_iter().map(delivery).collect();
    let path = format!("/api/admin/webhooks/{id}/deliveries");
    Ok(page(DeliveryList { data, next: next.clone() }, &path, asked, next.as_deref()))
}

/// Sends one delivery again, with all its attempts. It has the same id, so that a careful endpoint takes it once.
#[utoipa::path(post, path = "/api/admin/webhooks/{id}/deliveries/{event}/replay", tag = "admin",
    operation_id = "replay_delivery",
    params(("id" = String, Path, description = "whk_…"), ("event" = String, Path, description = "msg_…")),
    security(("key" = ["settings:write"])),
    responses((status = 202, description = "It will be sent again"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn replay(State(shop): State<Arc<Shop>>, Segments(segments): Segments<2>) -> Result<StatusCode, Problem> {
    let [id, event] = segments;
    find(&shop, &id).await?;
    if !webhooks::replay(&shop.storage, &id, &event, shop.now()).await? {
        return Err(Problem::not_found());
    }
    Ok(StatusCode::ACCEPTED)
}

async fn find(shop: &Shop, id: &str) -> Result<Endpoint, Problem> {
    webhooks::find(&shop.storage, id).await?.ok_or_else(Problem::not_found)
}

pub fn draw_id(shop: &Shop) -> String {
    format!("whk_{}", shop.draw_order_id().to_string().trim_start_matches("ord_"))
}

/// An endpoint as it may be, or every field that cannot be used.
pub fn checked(shop: &Shop, url: &str, note: String, topics: &[String]) -> Result<NewEndpoint, Vec<FieldError>> {
    let mut wrongs = Vec::new();
    let mut wrong = |pointer: String, code: &'static str, detail: String| {
        wrongs.push(FieldError { pointer, code, detail });
    };
    let url = shop.webhooks.check(url).map_err(|error| wrong("/url".to_owned(), error.code(), error.to_string()));
    if note.chars().count() > NOTE_CHARS_MAX || note.chars().any(char::is_control) {
        wrong("/note".to_owned(), "too-long", format!("Write at most {NOTE_CHARS_MAX} characters on one line."));
    }
    let mut known = Vec::new();
    for (at, word) in topics.iter().enumerate() {
        match Topic::parse(word) {
            Some(topic) if known.contains(&topic) => {}
            Some(topic) => known.push(topic),
            None => {
                let all: Vec<&str> = Topic::ALL.iter().map(|topic| topic.as_str()).collect();
                wrong(format!("/topics/{at}"), "unknown-topic", format!("Topics are {}.", all.join(", ")));
            }
        }
    }
    match url {
        Ok(url) if wrongs.is_empty() => Ok(NewEndpoint { url, note: note.trim().to_owned(), topics: known }),
        _ => Err(wrongs),
    }
}

/// An endpoint with the secret that stands, and the tag by which it is changed next.
fn with_secret(shop: &Shop, status: StatusCode, endpoint: &Endpoint, again: bool) -> Response {
    let secret = shop.webhook_secret(&endpoint.id, endpoint.generation).expose();
    marked(tagged(status, endpoint.revision, &body(endpoint, Some(secret))), again)
}

fn cursor(last: &Delivery) -> String {
    format!("{}.{}", last.happened_at.micros(), last.event_id)
}

/// A page begins after this moment and event.
pub fn read_cursor(text: &str) -> Option<(i64, &str)> {
    let (moment, event) = text.split_once('.')?;
    Some((moment.parse().ok()?, event))
}

fn body(endpoint: &Endpoint, secret: Option<String>) -> WebhookEndpoint {
    WebhookEndpoint {
        id: endpoint.id.clone(),
        url: endpoint.url.clone(),
        note: endpoint.note.clone(),
        topics: endpoint.topics.iter().map(|topic| topic.as_str()).collect(),
        state: endpoint.state.as_str(),
        disabled_because: Some(endpoint.why.as_str()).filter(|why| !why.is_empty()),
        failing_since: endpoint.failing_since.map(time),
        created_at: time(endpoint.created_at),
        secret,
    }
}

fn delivery(delivery: Delivery) -> WebhookDelivery {
    let is_due = delivery.state == DeliveryState::Due;
    WebhookDelivery {
        id: delivery.event_id,
        r#type: delivery.topic,
        order: Some(delivery.order_id).filter(|id| !id.is_empty()),
        happened_at: time(delivery.happened_at),
        state: delivery.state.as_str(),
        attempts: delivery.attempts,
        next_attempt_at: is_due.then(|| time(delivery.due_at)),
        answer_status: Some(delivery.answered).filter(|status| *status > 0),
        answer: delivery.answer,
        answered_at: delivery.answered_at.map(time),
    }
}
