//! The buyer calls an order off: one page that says what will happen, one button that does it.
//!
//! Invariants: only whoever has opened the order's link may; what the page said would go back is what goes back, and
//! if that has changed meanwhile, the page is shown again first (M1). A double click is one cancellation.

use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::commands::Refusal;
use rules::ids::OrderId;
use rules::orders::Status;
use serde::Deserialize;

use super::order_status::current;
use super::see_other;
use crate::ledger::Failure;
use crate::outbox::cancel::cancel;
use crate::storage::orders::{OrderLineView, OrderView};
use crate::web::PageError;
use crate::web::session::Visitor;

/// Longest reason.
const REASON_CHARS_MAX: usize = 500;

#[derive(Debug, Deserialize)]
pub struct CancelForm {
    /// What the page said would go back, in minor units.
    #[serde(default)]
    seen: String,
    #[serde(default)]
    reason: String,
}

/// What the page says besides what will happen.
#[derive(Debug, Default)]
struct Notice {
    changed: bool,
    too_long: bool,
    reason: String,
}

/// `GET /orders/{id}/cancel`: says what will happen, and changes nothing.
pub async fn show(visitor: Visitor, path: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let order = opened(&visitor, path?.0).await?;
    if is_over(&order) {
        return Ok(to_order(&visitor, &order));
    }
    match refusal(&order) {
        Some(refusal) => refused(&visitor, &order, &refusal),
        None => confirm(&visitor, &order, StatusCode::OK, &Notice::default()),
    }
}

/// `POST /orders/{id}/cancel`: does it.
pub async fn submit(
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    form: Result<Form<CancelForm>, FormRejection>,
) -> Result<Response, PageError> {
    let order = opened(&visitor, path?.0).await?;
    let form = form?.0;
    if is_over(&order) {
        return Ok(to_order(&visitor, &order)); // The same click again.
    }
    if let Some(refusal) = refusal(&order) {
        return refused(&visitor, &order, &refusal);
    }
    let reason: String = form.reason.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let reason = reason.trim().to_owned();
    if reason.chars().count() > REASON_CHARS_MAX {
        let notice = Notice { too_long: true, reason, ..Notice::default() };
        return confirm(&visitor, &order, StatusCode::UNPROCESSABLE_ENTITY, &notice);
    }
    if form.seen != seen(&order) {
        return confirm(&visitor, &order, StatusCode::CONFLICT, &Notice { changed: true, reason, ..Notice::default() });
    }
    match cancel(&visitor.shop, order.id, &reason).await {
        Ok(_) => Ok(to_order(&visitor, &order)),
        Err(Failure::Refused(refusal)) => refused(&visitor, &order, &refusal),
        Err(Failure::Fault(fault)) => Err(PageError::Fault(fault.to_string())),
    }
}

/// Whether the order's page offers it.
pub fn is_offered(order: &OrderView) -> bool {
    !is_over(order) && open(order) > 0
}

async fn opened(visitor: &Visitor, id: String) -> Result<OrderView, PageError> {
    let id: OrderId = id.parse().map_err(|_| PageError::NotFound)?;
    if !visitor.has_opened(id) {
        return Err(PageError::NotFound);
    }
    current(visitor, id).await?.ok_or(PageError::NotFound)
}

fn is_over(order: &OrderView) -> bool {
    order.cancelled_at.is_some() || matches!(order.status, Status::Expired | Status::Cancelled | Status::Refunded)
}

/// What the law is going to say, as far as it can be known before; its own word counts.
fn refusal(order: &OrderView) -> Option<Refusal> {
    if order.disputes.iter().any(|dispute| dispute.state.blocks_refunds()) {
        return Some(Refusal::DisputeOpen);
    }
    (open(order) == 0).then_some(Refusal::AlreadyShipped)
}

fn open(order: &OrderView) -> i64 {
    order.lines.iter().map(open_units).sum()
}

fn open_units(line: &OrderLineView) -> i64 {
    line.quantity - line.shipped - line.cancelled
}

/// What cancelling now gives back, in minor units: all that is left of the payment, or, when parcels have left, what
/// the rest of the goods cost. The same sum as the law's; a test holds both against each other.
fn goes_back(order: &OrderView) -> i64 {
    let own = order.payment_intent.as_deref();
    let payment = order.payments.iter().find(|payment| own.is_none_or(|own| payment.intent_id == own));
    let Some(payment) = payment else { return 0 };
    if order.lines.iter().all(|line| line.shipped == 0) {
        return payment.left_minor();
    }
    let refunded = |line_no: i64| {
        let alive = order.refunds.iter().filter(|refund| refund.state.is_alive()).flat_map(|refund| &refund.lines);
        alive.filter(|line| line.line_no == line_no).map(|line| line.units).sum::<i64>()
    };
    let value: i64 = (1..)
        .zip(&order.lines)
        .map(|(line_no, line)| {
            let before = refunded(line_no);
            let units = open_units(line).min(line.quantity - before);
            if units > 0 { line.share(before, units, order.currency.step_minor()) } else { 0 }
        })
        .sum();
    value.min(payment.left_minor())
}

/// What the buyer has seen, to the point where another answer would be another decision.
fn seen(order: &OrderView) -> String {
    format!("{}.{}.{}", order.status.as_str(), goes_back(order), open(order))
}

fn confirm(visitor: &Visitor, order: &OrderView, status: StatusCode, notice: &Notice) -> Result<Response, PageError> {
    let amount = goes_back(order);
    let shipped = order.lines.iter().any(|line| line.shipped > 0);
    let money = match (order.status, amount) {
        (Status::Processing, 0) => "cancel-money-on-its-way",
        (_, 0) if order.captured() == 0 => "cancel-money-nothing",
        (_, 0) => "cancel-money-back-already",
        (_, _) => "cancel-money-back",
    };
    let amount = visitor.money_in(amount, order.currency);
    let lines = order.lines.iter().filter(|line| open_units(line) > 0);
    let context = context! {
        number => order.number,
        order_url => order_url(visitor, order),
        refused => "",
        shipped,
        money => visitor.say(money, &[("amount", amount.into())]),
        lines => lines.map(shown_line).collect::<Vec<_>>(),
        lang_of_order => order.language.as_str(),
        seen => seen(order),
        changed => notice.changed,
        too_long => notice.too_long,
        reason => notice.reason.as_str(),
        reason_max => REASON_CHARS_MAX,
    };
    visitor.page(status, "storefront/cancel.html", context)
}

fn shown_line(line: &OrderLineView) -> Value {
    context! { title => line.title.as_str(), variant => line.variant_title.as_str(), quantity => open_units(line) }
}

fn refused(visitor: &Visitor, order: &OrderView, refusal: &Refusal) -> Result<Response, PageError> {
    let refused = match refusal {
        Refusal::AlreadyShipped => "cancel-refused-shipped",
        Refusal::DisputeOpen => "cancel-refused-dispute",
        Refusal::OrderUnknown => return Err(PageError::NotFound),
        other => return Err(PageError::Fault(format!("cancelling was refused for an unforeseen reason: {other}"))),
    };
    let context = context! { number => order.number, order_url => order_url(visitor, order), refused };
    visitor.page(StatusCode::CONFLICT, "storefront/cancel.html", context)
}

fn order_url(visitor: &Visitor, order: &OrderView) -> String {
    format!("{}/orders/{}", visitor.prefix(), order.id)
}

fn to_order(visitor: &Visitor, order: &OrderView) -> Response {
    see_other(&order_url(visitor, order))
}
