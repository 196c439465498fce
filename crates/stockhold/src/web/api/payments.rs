//! Money over all orders: payments, refunds and disputes, the newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use rules::disputes::Dispute;
use rules::payments::Payment;
use rules::refunds::{Refund, RefundState};
use rules::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::{Parameters, page_rows};
use super::{MoneyBody, money, page, time};
use crate::shop::Shop;
use crate::storage::money::{self as stored, MoneyCursor};
use crate::web::problem::{Problem, ProblemBody};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MoneyQuery {
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RefundQuery {
    /// `requested`, `pending`, `succeeded`, `failed` or `canceled`.
    state: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentList {
    data: Vec<PaymentRow>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// Money that Stripe took.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentRow {
    /// Stripe's id of it.
    payment_intent: String,
    order: String,
    order_number: i64,
    amount: MoneyBody,
    /// Of it: refunded or on its way back.
    refunded: MoneyBody,
    /// Of it: withdrawn by disputes and not given back.
    disputed: MoneyBody,
    /// `order`, or why it is on its way back: `surplus`, `mismatch`.
    purpose: &'static str,
    at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RefundList {
    data: Vec<RefundRow>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// Money on its way back.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundRow {
    id: String,
    order: String,
    order_number: i64,
    /// Of which payment, at Stripe.
    payment_intent: String,
    amount: MoneyBody,
    /// `late`, `surplus` (the shop's own), `cancelled`, `by_hand`, `dashboard` (made at Stripe) or
    /// `elsewhere` (paid back outside of Stripe, in the place of one that failed).
    kind: &'static str,
    reason: String,
    /// `requested`, `pending`, `succeeded`, `failed` or `canceled`.
    status: &'static str,
    /// Why it failed; the money is owed again.
    failure: String,
    /// Stripe's id of it, once it is known.
    stripe_refund: Option<String>,
    /// False: made at Stripe, and nobody has said yet which goods it was for.
    assigned: bool,
    at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DisputeList {
    data: Vec<DisputeRow>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// A bank's dispute, or a warning of one.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisputeRow {
    /// Stripe's id of it.
    id: String,
    order: String,
    order_number: i64,
    payment_intent: String,
    amount: MoneyBody,
    /// In Stripe's words.
    reason: String,
    /// `warning`, `inquiry`, `open`, `won`, `lost` or `closed`.
    status: &'static str,
    /// Until when evidence is taken.
    due_by: Option<String>,
    /// Taken out of the shop's balance and not given back.
    withdrawn: MoneyBody,
    at: String,
}

/// Lists the payments.
#[utoipa::path(get, path = "/api/admin/payments", tag = "admin", operation_id = "list_payments", params(MoneyQuery),
    security(("key" = ["payments:read"])),
    responses((status = 200, description = "One page", body = PaymentList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<MoneyQuery>,
) -> Result<Response, Problem> {
    let (limit, after) = (page_rows(query.limit)?, cursor(query.after.as_deref())?);
    let mut found = stored::payments_page(&shop.storage, after, limit + 1).await?;
    let next = cut(&mut found, limit, |(payment, _)| (payment.at, payment.intent_id.clone()));
    let data = found.iter().map(|(payment, number)| payment_row(payment, *number)).collect();
    Ok(page(PaymentList { data, next: next.clone() }, "/api/admin/payments", asked(query.limit), next.as_deref()))
}

/// Lists the refunds.
#[utoipa::path(get, path = "/api/admin/refunds", tag = "admin", operation_id = "list_refunds", params(RefundQuery),
    security(("key" = ["payments:read"])),
    responses((status = 200, description = "One page", body = RefundList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list_refunds(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<RefundQuery>,
) -> Result<Response, Problem> {
    let (limit, after) = (page_rows(query.limit)?, cursor(query.after.as_deref())?);
    let unknown = || Problem::invalid("state", "unknown-state", "There is no such state.");
    let word = query.state.as_deref().filter(|word| !word.is_empty());
    let state = word.map(|word| RefundState::parse(word).ok_or_else(unknown)).transpose()?;
    let mut found = stored::refunds_page(&shop.storage, state, after, limit + 1).await?;
    let next = cut(&mut found, limit, |(refund, _)| (refund.at, refund.id.to_string()));
    let data = found.iter().map(|(refund, number)| refund_row(refund, *number)).collect();
    let mut asked = asked(query.limit);
    asked.push(("state", query.state.unwrap_or_default()));
    Ok(page(RefundList { data, next: next.clone() }, "/api/admin/refunds", asked, next.as_deref()))
}

/// Lists disputes and early fraud warnings.
#[utoipa::path(get, path = "/api/admin/disputes", tag = "admin", operation_id = "list_disputes", params(MoneyQuery),
    security(("key" = ["payments:read"])),
    responses((status = 200, description = "One page", body = DisputeList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list_disputes(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<MoneyQuery>,
) -> Result<Response, Problem> {
    let (limit, after) = (page_rows(query.limit)?, cursor(query.after.as_deref())?);
    let mut found = stored::disputes_page(&shop.storage, after, limit + 1).await?;
    let next = cut(&mut found, limit, |(dispute, _)| (dispute.at, dispute.id.clone()));
    let data = found.iter().map(|(dispute, number)| dispute_row(dispute, *number)).collect();
    Ok(page(DisputeList { data, next: next.clone() }, "/api/admin/disputes", asked(query.limit), next.as_deref()))
}

fn asked(limit: Option<i64>) -> Vec<(&'static str, String)> {
    vec![("limit", limit.map_or_else(String::new, |limit| limit.to_string()))]
}

fn payment_row(payment: &Payment, number: i64) -> PaymentRow {
    let currency = payment.amount.currency;
    PaymentRow {
        payment_intent: payment.intent_id.clone(),
        order: payment.order.to_string(),
        order_number: number,
        amount: payment.amount.into(),
        refunded: money(payment.refunded_minor, currency),
        disputed: money(payment.disputed_minor, currency),
        purpose: payment.purpose.as_str(),
        at: time(payment.at),
    }
}

fn refund_row(refund: &Refund, number: i64) -> RefundRow {
    RefundRow {
        id: refund.id.to_string(),
        order: refund.order.to_string(),
        order_number: number,
        payment_intent: refund.intent_id.clone(),
        amount: refund.amount.into(),
        kind: refund.kind.as_str(),
        reason: refund.reason.clone(),
        status: refund.state.as_str(),
        failure: refund.failure.clone(),
        stripe_refund: refund.stripe_id.clone(),
        assigned: refund.assigned,
        at: time(refund.at),
    }
}

fn dispute_row(dispute: &Dispute, number: i64) -> DisputeRow {
    DisputeRow {
        id: dispute.id.clone(),
        order: dispute.order.to_string(),
        order_number: number,
        payment_intent: dispute.intent_id.clone(),
        amount: dispute.amount.into(),
        reason: dispute.reason.clone(),
        status: dispute.state.as_str(),
        due_by: dispute.due_by.map(time),
        withdrawn: money(dispute.withdrawn_minor, dispute.amount.currency),
        at: time(dispute.at),
    }
}

/// The moment and the id that a page ended with, as its `next` tells them.
pub fn cursor(text: Option<&str>) -> Result<Option<MoneyCursor>, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let read =
        text.split_once('.').and_then(|(at, id)| Some((Timestamp::from_micros(at.parse().ok()?), id.to_owned())));
    let wrong = || Problem::invalid("after", "not-a-cursor", "This is not where a page ended.");
    read.map(Some).ok_or_else(wrong)
}

/// Takes away the row that only told whether there is more; where the next page begins, if there is.
pub fn cut<T>(rows: &mut Vec<T>, limit: i64, place: impl Fn(&T) -> MoneyCursor) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or_default();
    let is_more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| is_more).map(|last| {
        let (at, id) = place(last);
        format!("{}.{id}", at.micros())
    })
}
