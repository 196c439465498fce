//! The webhook inbox: what Stripe sent, and once more if asked.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::{Parameters, Segment, page_rows};
use super::time;
use crate::shop::Shop;
use crate::storage::inbox;
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
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EventList {
    data: Vec<StripeEvent>,
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

/// Lists the events Stripe sent.
#[utoipa::path(get, path = "/api/admin/events", tag = "admin", operation_id = "list_events", params(EventQuery),
    security(("key" = ["payments:read"])),
    responses((status = 200, description = "The newest events", body = EventList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<EventQuery>,
) -> Result<Json<EventList>, Problem> {
    let state = query.state.filter(|state| !state.is_empty());
    if state.as_deref().is_some_and(|state| !STATES.contains(&state)) {
        return Err(Problem::invalid("state", "unknown-state", format!("A state is one of {}.", STATES.join(", "))));
    }
    let events = inbox::list(&shop.storage, state.as_deref(), page_rows(query.limit)?).await?;
    let data = events.into_iter().map(|event| StripeEvent {
        id: event.id,
        r#type: event.kind,
        object: event.object_id,
        livemode: event.livemode,
        state: event.state,
        attempts: event.attempts,
        error: event.last_error,
        received_at: time(event.received_at),
    });
    Ok(Json(EventList { data: data.collect() }))
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
