//! `POST /api/admin/cleanup-expired-reservations`: the sweep of due holds, by hand.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::outbox::sweep::sweep;
use crate::shop::Shop;
use crate::web::problem::{Problem, ProblemBody};

/// How many holds were due, and what became of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cleanup)]
pub struct CleanupBody {
    due: usize,
    /// Given back: Stripe has closed their sessions.
    released: usize,
    /// The buyer was faster.
    paid: usize,
    /// Stripe could not be asked; these holds stay.
    unknown: usize,
    /// The ids of the orders that were looked at.
    orders: Vec<String>,
}

/// Expires due holds now, as the shop does by itself every second.
#[utoipa::path(post, path = "/api/admin/cleanup-expired-reservations", tag = "admin",
    operation_id = "cleanup_expired_reservations", security(("key" = ["orders:write"])),
    responses((status = 200, description = "Swept", body = CleanupBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn clean_up(State(shop): State<Arc<Shop>>) -> Result<Json<CleanupBody>, Problem> {
    let swept = sweep(&shop).await?;
    shop.wake_workers();
    Ok(Json(CleanupBody {
        due: swept.due,
        released: swept.released,
        paid: swept.paid,
        unknown: swept.unknown,
        orders: swept.orders.iter().map(ToString::to_string).collect(),
    }))
}
