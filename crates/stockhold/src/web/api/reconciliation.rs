//! Reconciliation: the last run, and what waits for a person. Releasing a hold that Stripe cannot be asked about.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use rules::commands::release_hold::ReleaseHold;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::Caller;
use super::input::{Body, Segment};
use super::orders::{self, OrderBody};
use super::{MoneyBody, time};
use crate::ledger::Fault;
use crate::shop::Shop;
use crate::storage::reconciliation::{self as runs, Run, StoredFinding};
use crate::storage::waiting::{self, Waiting};
use crate::web::problem::{Problem, ProblemBody};

/// Differences and waiting things that are listed.
const ROWS_MAX: i64 = 500;

/// Our books beside Stripe's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reconciliation)]
pub struct ReconciliationBody {
    /// The last run; null before the first.
    run: Option<RunBody>,
    /// What waits for a person, whatever the last run was.
    waiting: Vec<WaitingBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationRun)]
pub struct RunBody {
    id: String,
    /// `running` or `done`.
    state: &'static str,
    /// Only objects that Stripe made from here on were compared.
    since: String,
    /// Whether safe repairs were made.
    applied: bool,
    started_at: String,
    finished_at: Option<String>,
    /// How many of Stripe's objects were compared, by kind.
    compared: BTreeMap<String, i64>,
    differences: Vec<DifferenceBody>,
    /// How many of the differences were mended.
    repairs: usize,
    /// What Stripe took and our books do not explain, per currency; empty when all is well.
    unexplained: Vec<MoneyBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationDifference)]
pub struct DifferenceBody {
    /// Such as `payment_unknown` or `refund_state`; more may come.
    kind: &'static str,
    /// Stripe's id of the object.
    subject: String,
    order: Option<String>,
    /// What it leaves unexplained.
    unexplained: MoneyBody,
    detail: String,
    repaired: bool,
    /// The one thing that settles it; empty when it was repaired.
    action: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingBody {
    /// Such as `payment_differs`, `refund_owed`, `refund_unassigned` or `dispute`; more may come.
    kind: String,
    order: String,
    order_number: i64,
    /// The payment, refund, dispute or session it is about.
    subject: String,
    amount: MoneyBody,
    detail: String,
    due_by: Option<String>,
    action: &'static str,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// What you found at Stripe; at most 500 characters.
    reason: String,
}

/// Shows the last comparison with Stripe, and what waits for a person.
#[utoipa::path(get, path = "/api/admin/reconciliation", tag = "admin", operation_id = "show_reconciliation",
    security(("key" = ["payments:read"])),
    responses((status = 200, description = "The last run and what waits", body = ReconciliationBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(State(shop): State<Arc<Shop>>) -> Result<Json<ReconciliationBody>, Problem> {
    let run = match runs::latest(&shop.storage).await? {
        Some(run) => Some(body(&shop, &run, ROWS_MAX).await?),
        None => None,
    };
    let waiting = waiting::list(&shop.storage, ROWS_MAX).await?;
    Ok(Json(ReconciliationBody { run, waiting: waiting.into_iter().map(waits).collect() }))
}

/// Gives back what an order holds whose payment page Stripe cannot be asked about: its time is over, and you have
/// looked at Stripe and found no payment.
#[utoipa::path(post, path = "/api/admin/orders/{id}/release", tag = "admin", operation_id = "release_hold",
    params(("id" = String, Path, description = "ord_…")), request_body = Release,
    security(("key" = ["orders:write"])),
    responses((status = 200, description = "Released; the same again changes nothing", body = OrderBody),
        (status = 409, description = "`session-still-open`: somebody may still pay, or Stripe can be asked",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn release(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    Segment(id): Segment,
    Body(body): Body<Release>,
) -> Result<Json<OrderBody>, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let stored = async || crate::storage::orders::find(&shop.storage, id).await;
    let order = stored().await?.ok_or_else(Problem::not_found)?;
    let reason = super::after_sale::words(&body.reason, "/reason")?;
    let is_live = order.hold == rules::orders::Hold::Live;
    if is_live && order.unreachable.is_empty() {
        let detail = "Stripe can be asked about this order, so no word is needed: it is released when Stripe says so.";
        return Err(Problem::conflict("session-still-open", detail));
    }
    let why = format!("released by {}: {reason}", caller.name());
    shop.ledger.release_hold(ReleaseHold { order_id: id, why }, shop.now()).await?;
    let order = stored().await?.ok_or_else(Problem::not_found)?;
    Ok(Json(orders::body(&order, None)))
}

/// A run as it is shown.
pub async fn body(shop: &Shop, run: &Run, rows: i64) -> Result<RunBody, Fault> {
    let findings = runs::findings(&shop.storage, &run.id, rows).await?;
    let unexplained = runs::unexplained(&shop.storage, &run.id).await?;
    Ok(RunBody {
        id: run.id.clone(),
        state: if run.is_done { "done" } else { "running" },
        since: time(run.since),
        applied: run.applies,
        started_at: time(run.started_at),
        finished_at: run.finished_at.map(time),
        compared: run.compared.clone(),
        repairs: findings.iter().filter(|finding| finding.repaired).count(),
        differences: findings.into_iter().map(difference).collect(),
        unexplained: unexplained.into_iter().map(Into::into).collect(),
    })
}

fn difference(finding: StoredFinding) -> DifferenceBody {
    DifferenceBody {
        kind: finding.kind.as_str(),
        detail: finding.detail(),
        subject: finding.subject,
        order: finding.order.map(|order| order.to_string()),
        unexplained: finding.gap.into(),
        repaired: finding.repaired,
        action: if finding.repaired { "" } else { finding.kind.action() },
    }
}

fn waits(waiting: Waiting) -> WaitingBody {
    WaitingBody {
        action: waiting::action(&waiting.kind),
        detail: waiting.sentence(),
        kind: waiting.kind,
        order: waiting.order.to_string(),
        order_number: waiting.number,
        subject: waiting.subject,
        amount: waiting.amount.into(),
        due_by: waiting.due_by.map(time),
    }
}
