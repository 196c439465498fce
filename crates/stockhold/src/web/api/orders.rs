//! Orders: one, for whoever has its token or a key, and the list for staff.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use rules::ids::OrderId;
use rules::orders::Status;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::access::Caller;
use super::input::{Parameters, Segment, page_rows};
use super::{MoneyBody, money, page, time};
use crate::shop::Shop;
use crate::storage::keys::Scope;
use crate::storage::orders::{self, OrderSummary, OrderView};
use crate::web::problem::{Problem, ProblemBody};

/// Longer words are nobody's e-mail or order number.
const QUERY_CHARS_MAX: usize = 254;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// From the checkout's answer, or from the link in a letter.
    token: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrderQuery {
    /// `pending`, `processing`, `paid`, `expired`, `cancelled` or `refunded`.
    status: Option<String>,
    /// An order's number or id, or part of an e-mail address.
    q: Option<String>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

/// An order with everything that happened to it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderBody {
    id: String,
    number: i64,
    /// `pending`, `processing`, `paid`, `expired`, `cancelled` or `refunded`; more may come.
    status: &'static str,
    /// Opens the order without a key. Only in the checkout's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    items: Vec<OrderItem>,
    subtotal: MoneyBody,
    discount: MoneyBody,
    shipping: MoneyBody,
    tax: MoneyBody,
    total: MoneyBody,
    reserved_at: String,
    hold_expires_at: String,
    paid_at: Option<String>,
    fulfilment: String,
    payments: Vec<OrderPayment>,
    refunds: Vec<OrderRefund>,
    timeline: Vec<OrderEvent>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderItem {
    sku: String,
    title: String,
    variant_title: String,
    quantity: i64,
    unit_price: MoneyBody,
    total: MoneyBody,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderPayment {
    amount: MoneyBody,
    /// `order`, or why it is on its way back: `surplus`, `mismatch`.
    purpose: &'static str,
    at: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderRefund {
    id: String,
    amount: MoneyBody,
    reason: String,
    /// `requested`, `pending`, `succeeded`, `failed` or `canceled`.
    status: &'static str,
    at: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderEvent {
    at: String,
    kind: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OrderList {
    data: Vec<OrderRow>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OrderRow {
    id: String,
    number: i64,
    status: &'static str,
    email: String,
    total: MoneyBody,
    reserved_at: String,
    hold_expires_at: String,
    paid_at: Option<String>,
    fulfilment: String,
}

/// Shows an order. A wrong token and an unknown order look the same: nobody learns which orders exist.
#[utoipa::path(get, path = "/api/orders/{id}", tag = "shop", operation_id = "show_order",
    params(("id" = String, Path, description = "ord_…"), TokenQuery), security((), ("key" = ["orders:read"])),
    responses((status = 200, description = "The order as it stands", body = OrderBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    Segment(id): Segment,
    Parameters(query): Parameters<TokenQuery>,
) -> Result<Json<OrderBody>, Problem> {
    let id: Result<OrderId, _> = id.parse();
    let has_token = match (&id, &query.token) {
        (Ok(id), Some(token)) => shop.check_order_token(*id, token),
        _ => false,
    };
    if !has_token {
        match &caller.key {
            None => return Err(Problem::not_found()),
            Some(_) if !caller.may(Scope::OrdersRead) => {
                return Err(Problem::forbidden(Scope::OrdersRead.as_str()));
            }
            Some(_) => {}
        }
    }
    let id = id.map_err(|_| Problem::not_found())?;
    let order = orders::find(&shop.storage, id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(body(&order, None)))
}

/// Lists orders, the newest first.
#[utoipa::path(get, path = "/api/admin/orders", tag = "admin", operation_id = "list_orders", params(OrderQuery),
    security(("key" = ["orders:read"])),
    responses((status = 200, description = "One page", body = OrderList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<OrderQuery>,
) -> Result<Response, Problem> {
    let status = match query.status.as_deref().filter(|word| !word.is_empty()) {
        None => None,
        Some(word) => {
            let unknown = || Problem::invalid("status", "unknown-status", "There is no such status.");
            Some(Status::parse(word).ok_or_else(unknown)?)
        }
    };
    let before = match query.after.as_deref().filter(|word| !word.is_empty()) {
        None => None,
        Some(word) => Some(
            word.parse::<i64>()
                .ok()
                .filter(|number| *number > 0)
                .ok_or_else(|| Problem::invalid("after", "not-a-cursor", "This is not where a page ended."))?,
        ),
    };
    let q: String = query.q.as_deref().unwrap_or_default().trim().chars().take(QUERY_CHARS_MAX).collect();
    let limit = page_rows(query.limit)?;
    let mut rows = orders::list(&shop.storage, status, &q, before, limit + 1).await?;
    let is_more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or_default());
    let next = rows.last().filter(|_| is_more).map(|row| row.number.to_string());
    let asked = vec![
        ("status", query.status.unwrap_or_default()),
        ("q", q),
        ("limit", query.limit.map_or_else(String::new, |limit| limit.to_string())),
    ];
    let data = rows.iter().map(row).collect();
    Ok(page(OrderList { data, next: next.clone() }, "/api/admin/orders", asked, next.as_deref()))
}

fn row(order: &OrderSummary) -> OrderRow {
    OrderRow {
        id: order.id.to_string(),
        number: order.number,
        status: order.status.as_str(),
        email: order.email.clone(),
        total: money(order.total, order.currency),
        reserved_at: time(order.reserved_at),
        hold_expires_at: time(order.hold_due_at),
        paid_at: order.paid_at.map(time),
        fulfilment: order.fulfilment.clone(),
    }
}

pub fn body(order: &OrderView, token: Option<String>) -> OrderBody {
    let amount = |minor| money(minor, order.currency);
    OrderBody {
        id: order.id.to_string(),
        number: order.number,
        status: order.status.as_str(),
        token,
        items: items(order),
        subtotal: amount(order.subtotal),
        discount: amount(order.discount),
        shipping: amount(order.shipping),
        tax: amount(order.tax),
        total: amount(order.total),
        reserved_at: time(order.reserved_at),
        hold_expires_at: time(order.hold_due_at),
        paid_at: order.paid_at.map(time),
        fulfilment: order.fulfilment.clone(),
        payments: payments(order),
        refunds: refunds(order),
        timeline: order
            .events
            .iter()
            .map(|event| OrderEvent { at: time(event.at), kind: event.kind.clone() })
            .collect(),
    }
}

fn items(order: &OrderView) -> Vec<OrderItem> {
    let item = |line: &orders::OrderLineView| OrderItem {
        sku: line.sku.clone(),
        title: line.title.clone(),
        variant_title: line.variant_title.clone(),
        quantity: line.quantity,
        unit_price: money(line.unit_price, order.currency),
        total: money(line.total, order.currency),
    };
    order.lines.iter().map(item).collect()
}

fn payments(order: &OrderView) -> Vec<OrderPayment> {
    let payment = |payment: &orders::PaymentView| OrderPayment {
        amount: money(payment.amount, payment.currency),
        purpose: payment.purpose.as_str(),
        at: time(payment.at),
    };
    order.payments.iter().map(payment).collect()
}

fn refunds(order: &OrderView) -> Vec<OrderRefund> {
    let refund = |refund: &orders::RefundView| OrderRefund {
        id: refund.id.to_string(),
        amount: money(refund.amount, refund.currency),
        reason: refund.reason.clone(),
        status: refund.state.as_str(),
        at: time(refund.at),
    };
    order.refunds.iter().map(refund).collect()
}
