//! The webhook inbox: what Stripe sent, and once more if asked.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::{Parameters, Segment, page_rows};
use super::payments::{cursor, cut};
use super::{page, time};
use crate::shop::Shop;
use crate::storage::inbox::{self, StoredEvent};
use crate::web::problem::{Problem, ProblemBody};

const STATES: [&str; 4] = ["received", "done", "not_ours", "failed"];

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// `received`, `done`, `not_ours` or `failed`.
    state: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EventList {
    data: Vec<StripeEvent>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// An event as it lies in the inbox; the newest come first.
#[derive(Debug, Serialize, ToSchema)]
pub struct StripeEvent {
    id: String,
    r#type: String,
    /// What it is about, at Stripe.
    object: String,
    livemode: bool,
    state: String,
    attempts: i64,
    /// Why the last attempt failed; empty when it did not.
    error: String,
    received_at: String,
}

/// One event, with what Stripe sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct WholeEvent {
    #[serde(flatten)]
    event: StripeEvent,
    /// As Stripe wrote it.
    payload: serde_json::Value,
}

/// Lists the events Stripe sent, the newest first.
#[utoipa::path(get, path = "/api/admin/events", tag = "admin", operation_id = "list_events", params(EventQuery),
    security(("key" = ["payments:read"])),
    responses((status = 200, description = "One page", body = EventList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<EventQuery>,
) -> Result<Response, Problem> {
    let (limit, after) = (page_rows(query.limit)?, cursor(query.after.as_deref())?);
    let state = query.state.filter(|state| !state.is_empty());
    if state.as_deref().is_some_and(|state| !STATES.contains(&state)) {
        return Err(Problem::invalid("state", "unknown-state", format!("A state is one of {}.", STATES.join(", "))));
    }
    let mut found = inbox::page(&shop.storage, state.as_deref(), after, limit + 1).await?;
    let next = cut(&mut found, limit, |event| (event.received_at, event.id.clone()));
    let asked = vec![
        ("state", state.unwrap_or_default()),
        ("limit", query.limit.map_or_else(String::new, |limit| limit.to_string())),
    ];
    let data = found.into_iter().map(event).collect();
    Ok(page(EventList { data, next: next.clone() }, "/api/admin/events", asked, next.as_deref()))
}

/// Shows one event, with what Stripe sent.
#[utoipa::path(get, path = "/api/admin/events/{id}", tag = "admin", operation_id = "show_event",
    params(("id" = String, Path, description = "Stripe's id, evt_…")), security(("key" = ["payments:read"])),
    responses((status = 200, description = "The event", body = WholeEvent),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(State(shop): State<Arc<Shop>>, Segment(id): Segment) -> Result<Json<WholeEvent>, Problem> {
    let found = inbox::find(&shop.storage, &id).await?.ok_or_else(Problem::not_found)?;
    let payload = serde_json::from_str(&found.payload).unwrap_or_default();
    Ok(Json(WholeEvent { event: event(found), payload }))
}

/// Hands an event to the workers once more. What it led to before is not done twice.
#[utoipa::path(post, path = "/api/admin/events/{id}/replay", tag = "admin", operation_id = "replay_event",
    params(("id" = String, Path, description = "Stripe's id, evt_…")), security(("key" = ["payments:write"])),
    responses((status = 202, description = "It will be read again"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn replay(State(shop): State<Arc<Shop>>, Segment(id): Segment) -> Result<StatusCode, Problem> {
    if !inbox::replay(&shop.storage, &id, shop.now()).await? {
        return Err(Problem::not_found());
    }
    shop.wake_workers();
    Ok(StatusCode::ACCEPTED)
}

fn event(event: StoredEvent) -> StripeEvent {
    StripeEvent {
        id: event.id,
        r#type: event.kind,
        object: event.object_id,
        livemode: event.livemode,
        state: event.state,
        attempts: event.attempts,
        error: event.last_error,
        received_at: time(event.received_at),
    }
}
