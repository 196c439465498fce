//! Cancels an order: one decision now, and the rest follows from what the money does.
//!
//! Not paid: the payment page is closed first; once Stripe says it is closed, the hold ends. Paid meanwhile, or before:
//! what was not sent goes back on the shelf, once, and its money to the buyer. Everything sent: refused.
//! The wish itself is stored first, so that the flow goes on after a crash at any step.

use crate::books::Books;
use crate::commands::{Refusal, Touched};
use crate::disputes::DisputeState;
use crate::effects::{Effect, Letter};
use crate::ids::{OrderId, RefundId};
use crate::money::Money;
use crate::orders::{Fulfilment, Hold, Session, Status};
use crate::payments::{Payment, Purpose};
use crate::refunds::{Refund, RefundKind, RefundLine};
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelOrder {
    pub order_id: OrderId,
    /// In the words of whoever asks; may be empty.
    pub reason: String,
    /// Drawn by the caller, used only if money must go back.
    pub refund_id: RefundId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled {
    pub order_id: OrderId,
    pub status: Status,
    /// The order had been cancelled before; nothing was changed now.
    pub again: bool,
}

impl CancelOrder {
    pub fn touched(&self) -> Touched {
        Touched { orders: vec![self.order_id], money: true, order_stock: true, ..Touched::default() }
    }
}

pub fn cancel_order(books: &mut Books, command: &CancelOrder, now: Timestamp) -> Result<Cancelled, Refusal> {
    let id = command.order_id;
    let order = books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    if order.cancelled_at.is_some() || matches!(order.status, Status::Cancelled | Status::Expired) {
        return Ok(Cancelled { order_id: id, status: order.status, again: true });
    }
    let nothing_open = order.lines.iter().all(|line| line.open() == 0);
    if nothing_open && order.status == Status::Paid {
        return Err(Refusal::AlreadyShipped);
    }
    if nothing_open {
        return Ok(Cancelled { order_id: id, status: order.status, again: true });
    }
    if dispute_open(books, id) {
        return Err(Refusal::DisputeOpen);
    }

    // Nothing refuses below this line.
    books.change(id, |order| {
        order.cancelled_at = Some(now);
        order.cancel_reason.clone_from(&command.reason);
    });
    books.tell(id, "cancel_requested", &*command.reason, now);
    match books.orders[&id].status {
        Status::Pending | Status::Processing => stop_payment(books, command, now),
        Status::Paid | Status::Refunded => call_off(books, command, now),
        Status::Expired | Status::Cancelled => {}
    }
    Ok(Cancelled { order_id: id, status: books.orders[&id].status, again: false })
}

/// Whether a bank may give money of this order back by itself.
pub fn dispute_open(books: &Books, id: OrderId) -> bool {
    books.disputes.values().any(|dispute| dispute.order == id && DisputeState::blocks_refunds(dispute.state))
}

/// The page is closed at Stripe before anything is released (S4). A delayed payment cannot be stopped: it comes, and
/// then goes back, or it fails. Money of a wrong amount is here already and goes back now.
pub fn stop_payment(books: &mut Books, command: &CancelOrder, now: Timestamp) {
    let id = command.order_id;
    let mismatched = books.payments.values().find(|p| p.order == id && p.purpose == Purpose::Mismatch).cloned();
    if let Some(payment) = mismatched {
        give_up_hold(books, id, now);
        send_back(books, command, &payment, payment.left_minor(), Vec::new(), now);
        books.letter(id, Letter::OrderCancelled);
        return;
    }
    let order = &books.orders[&id];
    if order.session == Session::Never && order.hold == Hold::Live {
        give_up_hold(books, id, now); // It costs nothing, and nobody can pay for it anywhere.
        books.letter(id, Letter::OrderCancelled);
        return;
    }
    if let (Session::Open, Some(session_id)) = (order.session, order.session_id.clone()) {
        books.effect(Effect::CloseCheckout { order: id, session_id });
    }
}

/// Ends the hold of an order that is not going to be paid.
pub fn give_up_hold(books: &mut Books, id: OrderId, now: Timestamp) {
    assert!(books.orders[&id].hold == Hold::Live, "S3: a hold ends exactly once");
    books.release_held(id, now);
    books.change(id, |order| order.status = Status::Cancelled);
    books.tell(id, "cancelled", "", now);
}

/// A paid order: each unit that was not sent is back on the shelf, and what it cost goes back to the buyer; all that
/// is left of the payment when nothing was sent.
pub fn call_off(books: &mut Books, command: &CancelOrder, now: Timestamp) {
    let id = command.order_id;
    let nothing_sent = books.orders[&id].fulfilment == Fulfilment::Unfulfilled;
    if nothing_sent {
        books.give_use_back(id);
    }
    let mut lines = Vec::new();
    for at in 0..books.orders[&id].lines.len() {
        let line_no = at as i64 + 1;
        let units = books.orders[&id].lines[at].open();
        if units == 0 {
            continue;
        }
        let paid_back: i64 = books.lines_refunded(id, line_no).map(|line| line.units).sum();
        let refundable = units.min(books.orders[&id].lines[at].quantity - paid_back);
        let step_minor = books.orders[&id].currency.step_minor();
        let amount_minor = books.orders[&id].lines[at].share(paid_back, refundable, step_minor);
        if refundable > 0 {
            lines.push(RefundLine { line_no, units: refundable, amount_minor, restock: true });
        }
        books.call_off(id, line_no, units);
        books.restock(id, line_no, units, format!("{id}:cancel"), now);
    }
    if let Some(payment) = books.payment_of(id).cloned() {
        let left = payment.left_minor();
        let value: i64 = lines.iter().map(|line| line.amount_minor).sum();
        let amount = if nothing_sent { left } else { value.min(left) };
        send_back(books, command, &payment, amount, lines, now);
    } else if nothing_sent && books.orders[&id].total_minor == 0 {
        books.change(id, |order| order.status = Status::Refunded); // Nothing was taken, so all of it is back.
    }
    books.tell(id, "cancelled", "", now);
    books.letter(id, Letter::OrderCancelled);
}

fn send_back(
    books: &mut Books,
    command: &CancelOrder,
    payment: &Payment,
    amount_minor: i64,
    mut lines: Vec<RefundLine>,
    now: Timestamp,
) {
    if amount_minor == 0 {
        return; // It went back before, by other ways.
    }
    fit_into(&mut lines, amount_minor);
    let given: i64 = lines.iter().map(|line| line.amount_minor).sum();
    let of_order = payment.purpose == Purpose::Order;
    let shipping_minor = if of_order { books.shipping_left(command.order_id).min(amount_minor - given) } else { 0 };
    let (id, amount) = (command.order_id, Money::new(amount_minor, payment.amount.currency));
    let asked = Refund::asked(command.refund_id, id, &payment.intent_id, amount, RefundKind::Cancelled, now);
    books.put_refund(Refund { reason: command.reason.clone(), shipping_minor, lines, ..asked });
    books.effect(Effect::RefundPayment { order: id, refund: command.refund_id });
}

/// Money may have gone back before without naming goods; then less is left than the goods cost.
pub fn fit_into(lines: &mut [RefundLine], amount_minor: i64) {
    let mut left = amount_minor;
    for line in lines {
        line.amount_minor = line.amount_minor.min(left);
        left -= line.amount_minor;
    }
}
