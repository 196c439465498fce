//! Orders: one, for whoever has its token or a key, and the list for staff.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use rules::disputes::Dispute;
use rules::ids::OrderId;
use rules::money::Currency;
use rules::orders::Status;
use rules::payments::Payment;
use rules::places::Destination;
use rules::refunds::{Refund, RefundLine};
use rules::shipments::Shipment;
use rules::taxes::TaxLine;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::access::Caller;
use super::input::{Parameters, Segment, page_rows};
use super::{MoneyBody, money, page, time};
use crate::price_rules::DaysBody;
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
    /// An order's number or id, or the beginning of an e-mail address, a name or a SKU.
    q: Option<String>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
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
    /// The code it was placed with.
    coupon: Option<String>,
    subtotal: MoneyBody,
    discount: MoneyBody,
    /// Without the tax that comes on top.
    shipping: MoneyBody,
    /// How it is sent; null: nothing was asked about delivery.
    delivery: Option<OrderDelivery>,
    /// All of it, that of shipping included.
    tax: MoneyBody,
    /// Whether the tax is `included` in the prices, `added` to them, or there is `none`.
    taxation: &'static str,
    /// The tax by rate, for an invoice.
    tax_lines: Vec<OrderTaxLine>,
    total: MoneyBody,
    reserved_at: String,
    hold_expires_at: String,
    paid_at: Option<String>,
    /// When somebody asked to cancel it.
    cancelled_at: Option<String>,
    cancel_reason: String,
    /// `unfulfilled`, `partly_shipped`, `shipped` or `delivered`.
    fulfilment: &'static str,
    payments: Vec<OrderPayment>,
    refunds: Vec<OrderRefund>,
    disputes: Vec<OrderDispute>,
    shipments: Vec<OrderShipment>,
    timeline: Vec<OrderEvent>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderItem {
    sku: String,
    title: String,
    variant_title: String,
    quantity: i64,
    unit_price: MoneyBody,
    /// Its part of the order's discount, already off its total.
    discount: MoneyBody,
    /// Its part of the order's tax.
    tax: MoneyBody,
    total: MoneyBody,
    /// Units that have left, units that will not be sent any more, units back on the shelf.
    shipped: i64,
    cancelled: i64,
    restocked: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderDelivery {
    zone: String,
    method: String,
    /// In the order's language.
    title: String,
    days: Option<DaysBody>,
    /// `DE` or `US-CA`: what it was priced by.
    destination: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderTaxLine {
    #[schema(value_type = f64, example = 8.875)]
    percent: serde_json::Number,
    /// What is taxed, without the tax.
    base: MoneyBody,
    amount: MoneyBody,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderPayment {
    /// Stripe's id of it.
    payment_intent: String,
    amount: MoneyBody,
    /// Of it: refunded or on its way back.
    refunded: MoneyBody,
    /// `order`, or why it is on its way back: `surplus`, `mismatch`.
    purpose: &'static str,
    at: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderRefund {
    id: String,
    amount: MoneyBody,
    /// `late`, `surplus` (the shop's own), `cancelled`, `by_hand`, `dashboard` (made at Stripe) or
    /// `elsewhere` (paid back outside of Stripe, in the place of one that failed).
    kind: &'static str,
    /// In the words of whoever asked.
    reason: String,
    /// `requested`, `pending`, `succeeded`, `failed` or `canceled`.
    status: &'static str,
    /// Why it failed; the money is owed again.
    failure: String,
    /// Stripe's id of it, once it is known.
    stripe_refund: Option<String>,
    /// False: made at Stripe, and nobody has said yet which goods it was for.
    assigned: bool,
    items: Vec<OrderRefundItem>,
    shipping: MoneyBody,
    at: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderRefundItem {
    sku: String,
    quantity: i64,
    amount: MoneyBody,
    restock: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderDispute {
    /// Stripe's id of it.
    id: String,
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

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderShipment {
    id: String,
    carrier: String,
    tracking: String,
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
    let id = may_see(&shop, &caller, &id, &query, Scope::OrdersRead)?;
    let order = orders::find(&shop.storage, id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(shown_to(&caller, body(&order, None))))
}

/// What is between the shop and the bank is not the buyer's to see.
pub fn shown_to(caller: &Caller, mut body: OrderBody) -> OrderBody {
    if !caller.may(Scope::OrdersRead) {
        body.disputes.clear();
        body.timeline.retain(|event| !event.kind.starts_with("dispute") && !event.kind.starts_with("fraud"));
    }
    body
}

/// Whoever has the order's token, or a key with the scope, may go on with its id.
pub fn may_see(shop: &Shop, caller: &Caller, id: &str, query: &TokenQuery, scope: Scope) -> Result<OrderId, Problem> {
    let id: Result<OrderId, _> = id.parse();
    let has_token = match (&id, &query.token) {
        (Ok(id), Some(token)) => shop.check_order_token(*id, token),
        _ => false,
    };
    if !has_token {
        match &caller.key {
            None => return Err(Problem::not_found()),
            Some(_) if !caller.may(scope) => return Err(Problem::forbidden(scope.as_str())),
            Some(_) => {}
        }
    }
    id.map_err(|_| Problem::not_found())
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
        coupon: order.coupon.clone(),
        subtotal: amount(order.subtotal),
        discount: amount(order.discount),
        shipping: amount(order.shipping),
        delivery: order.delivery.as_ref().map(|delivery| OrderDelivery {
            zone: delivery.zone.clone(),
            method: delivery.method.clone(),
            title: delivery.title.clone(),
            days: delivery.days.map(|days| DaysBody { min: days.min, max: days.max }),
            destination: order.destination.as_ref().map_or_else(String::new, Destination::to_string),
        }),
        tax: amount(order.tax),
        taxation: order.taxation.as_str(),
        tax_lines: order.tax_lines.iter().map(|line| tax_line(line, order.currency)).collect(),
        total: amount(order.total),
        reserved_at: time(order.reserved_at),
        hold_expires_at: time(order.hold_due_at),
        paid_at: order.paid_at.map(time),
        cancelled_at: order.cancelled_at.map(time),
        cancel_reason: order.cancel_reason.clone(),
        fulfilment: order.fulfilment.as_str(),
        payments: order.payments.iter().map(payment).collect(),
        refunds: order.refunds.iter().map(|refund| refund_body(order, refund)).collect(),
        disputes: order.disputes.iter().map(dispute).collect(),
        shipments: order.shipments.iter().map(shipment).collect(),
        timeline: order
            .events
            .iter()
            .map(|event| OrderEvent { at: time(event.at), kind: event.kind.clone() })
            .collect(),
    }
}

pub fn tax_line(line: &TaxLine, currency: Currency) -> OrderTaxLine {
    OrderTaxLine {
        percent: serde_json::from_str(&line.rate.percent()).expect("a percentage is a number"),
        base: money(line.base_minor, currency),
        amount: money(line.amount_minor, currency),
    }
}

fn items(order: &OrderView) -> Vec<OrderItem> {
    let item = |line: &orders::OrderLineView| OrderItem {
        sku: line.sku.clone(),
        title: line.title.clone(),
        variant_title: line.variant_title.clone(),
        quantity: line.quantity,
        unit_price: money(line.unit_price, order.currency),
        discount: money(line.discount, order.currency),
        tax: money(line.tax, order.currency),
        total: money(line.total, order.currency),
        shipped: line.shipped,
        cancelled: line.cancelled,
        restocked: line.restocked,
    };
    order.lines.iter().map(item).collect()
}

fn payment(payment: &Payment) -> OrderPayment {
    OrderPayment {
        payment_intent: payment.intent_id.clone(),
        amount: payment.amount.into(),
        refunded: money(payment.refunded_minor, payment.amount.currency),
        purpose: payment.purpose.as_str(),
        at: time(payment.at),
    }
}

pub fn refund_body(order: &OrderView, refund: &Refund) -> OrderRefund {
    let currency = refund.amount.currency;
    let item = |line: &RefundLine| OrderRefundItem {
        sku: order.lines[line.line_no as usize - 1].sku.clone(),
        quantity: line.units,
        amount: money(line.amount_minor, currency),
        restock: line.restock,
    };
    OrderRefund {
        id: refund.id.to_string(),
        amount: refund.amount.into(),
        kind: refund.kind.as_str(),
        reason: refund.reason.clone(),
        status: refund.state.as_str(),
        failure: refund.failure.clone(),
        stripe_refund: refund.stripe_id.clone(),
        assigned: refund.assigned,
        items: refund.lines.iter().map(item).collect(),
        shipping: money(refund.shipping_minor, currency),
        at: time(refund.at),
    }
}

fn dispute(dispute: &Dispute) -> OrderDispute {
    OrderDispute {
        id: dispute.id.clone(),
        amount: dispute.amount.into(),
        reason: dispute.reason.clone(),
        status: dispute.state.as_str(),
        due_by: dispute.due_by.map(time),
        withdrawn: money(dispute.withdrawn_minor, dispute.amount.currency),
        at: time(dispute.at),
    }
}

fn shipment(shipment: &Shipment) -> OrderShipment {
    OrderShipment {
        id: shipment.id.to_string(),
        carrier: shipment.carrier.clone(),
        tracking: shipment.tracking.clone(),
        at: time(shipment.at),
    }
}
