//! Letters that have not gone out: those that wait, those that were refused, and once more if asked.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::{Parameters, Segment, page_rows};
use super::{page, time};
use crate::shop::Shop;
use crate::storage::effects::{self, OpenEffect};
use crate::web::problem::{Problem, ProblemBody};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LetterQuery {
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxList {
    data: Vec<OutboxLetter>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// A letter in the outbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxLetter {
    id: String,
    order: String,
    order_number: i64,
    /// `due`, or `refused`: nobody tries again by itself.
    state: String,
    attempts: i64,
    /// Why the last try failed; empty when none did.
    error: String,
    /// When it is tried next.
    due_at: String,
    at: String,
}

/// Lists the letters that have not gone out.
#[utoipa::path(get, path = "/api/admin/letters", tag = "admin", operation_id = "list_letters", params(LetterQuery),
    security(("key" = ["orders:read"])),
    responses((status = 200, description = "One page; what was refused comes first", body = OutboxList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<LetterQuery>,
) -> Result<Response, Problem> {
    let limit = usize::try_from(page_rows(query.limit)?).unwrap_or_default();
    let found = effects::open_letters(&shop.storage).await?;
    // A letter that went out in between is not missed: whoever reads on begins again where it stood.
    let from = match query.after.as_deref().filter(|id| !id.is_empty()) {
        None => 0,
        Some(id) => found.iter().position(|effect| effect.id == id).map_or(0, |at| at + 1),
    };
    let rows: Vec<OpenEffect> = found.iter().skip(from).take(limit).cloned().collect();
    let next = rows.last().filter(|_| from + rows.len() < found.len()).map(|effect| effect.id.clone());
    let asked = vec![("limit", query.limit.map_or_else(String::new, |limit| limit.to_string()))];
    let data = rows.into_iter().map(body).collect();
    Ok(page(OutboxList { data, next: next.clone() }, "/api/admin/letters", asked, next.as_deref()))
}

/// Hands a letter to the workers once more. One that has gone out is not sent again by this.
#[utoipa::path(post, path = "/api/admin/letters/{id}/retry", tag = "admin", operation_id = "retry_letter",
    params(("id" = String, Path, description = "As the list shows it")), security(("key" = ["orders:write"])),
    responses((status = 202, description = "It is tried at once"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn retry(State(shop): State<Arc<Shop>>, Segment(id): Segment) -> Result<StatusCode, Problem> {
    if !effects::retry_letter(&shop.storage, &id, shop.now()).await? {
        return Err(Problem::not_found());
    }
    shop.wake_workers();
    Ok(StatusCode::ACCEPTED)
}

fn body(effect: OpenEffect) -> OutboxLetter {
    OutboxLetter {
        id: effect.id,
        order: effect.order_id.to_string(),
        order_number: effect.number,
        state: effect.state,
        attempts: effect.attempts,
        error: effect.error,
        due_at: time(effect.due_at),
        at: time(effect.created_at),
    }
}
