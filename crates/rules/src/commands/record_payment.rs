//! Records what Stripe says now of an order's session. The one way by which an order becomes paid, expires or
//! learns of money, whichever door the news came through: redirect, webhook, sweeper or hand (E1).

use crate::books::Books;
use crate::commands::cancel_order::{self, CancelOrder};
use crate::commands::expire_hold::expire_hold;
use crate::commands::{Refusal, Touched, record_refund};
use crate::effects::{Effect, Letter};
use crate::ids::{OrderId, RefundId};
use crate::money::Money;
use crate::orders::{Hold, Order, Session, Status};
use crate::payments::{MoneyState, Payment, Purpose, SessionFact, SessionState};
use crate::refunds::{Refund, RefundKind};
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPayment {
    pub order_id: OrderId,
    pub fact: SessionFact,
    /// Drawn by the caller, used only if this payment must go back.
    pub refund_id: RefundId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    pub order_id: OrderId,
    pub status: Status,
}

impl RecordPayment {
    pub fn touched(&self) -> Touched {
        Touched {
            orders: vec![self.order_id],
            payments: self.fact.intent.iter().cloned().collect(),
            money: true,
            order_stock: true,
            ..Touched::default()
        }
    }
}

pub fn record_payment(books: &mut Books, command: &RecordPayment, now: Timestamp) -> Result<Recorded, Refusal> {
    let (id, fact) = (command.order_id, &command.fact);
    books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    learn_session(books, id, fact);
    match (fact.state, fact.money) {
        // A session that asked for nothing has taken nothing: right for an order of zero, and for no other.
        (_, MoneyState::Paid) | (SessionState::Complete, MoneyState::NotRequired) => take_money(books, command, now),
        (SessionState::Open, _) => {}
        (SessionState::Closed, _) => close(books, id, fact, "the payment page was closed", now)?,
        (SessionState::Complete, MoneyState::Failed) => close(books, id, fact, "the payment failed", now)?,
        (SessionState::Complete, MoneyState::Unpaid) => wait_for_money(books, id, fact, now),
    }
    Ok(Recorded { order_id: id, status: books.orders[&id].status })
}

/// The reply that opened the session may have been lost: whoever names the order first brings the session's id.
fn learn_session(books: &mut Books, id: OrderId, fact: &SessionFact) {
    if books.orders[&id].session_id.is_none() {
        books.change(id, |order| {
            order.session_id = Some(fact.session_id.clone());
            order.session = Session::Open;
            order.livemode = Some(fact.livemode);
        });
    }
}

fn is_own(order: &Order, fact: &SessionFact) -> bool {
    order.session_id.as_deref() == Some(&fact.session_id)
}

/// The buyer has finished, the money is still on its way: the hold stays as long as Stripe decides.
fn wait_for_money(books: &mut Books, id: OrderId, fact: &SessionFact, now: Timestamp) {
    let order = &books.orders[&id];
    if order.status != Status::Pending || !is_own(order, fact) {
        return;
    }
    books.change(id, |order| {
        order.status = Status::Processing;
        order.session = Session::Complete;
        order.session_url = None;
    });
    books.tell(id, "payment_processing", fact.intent.clone().unwrap_or_default(), now);
    if books.orders[&id].cancelled_at.is_none() {
        books.letter(id, Letter::PaymentProcessing);
    }
}

/// Nobody can pay in this session any more. Another session of this order says nothing about the hold.
fn close(books: &mut Books, id: OrderId, fact: &SessionFact, why: &str, now: Timestamp) -> Result<(), Refusal> {
    let order = &books.orders[&id];
    let waiting = matches!(order.status, Status::Pending | Status::Processing);
    if !waiting && is_own(order, fact) && order.session == Session::Open {
        // Paid on another page of the order; this one took nothing, and now it cannot.
        books.change(id, |order| {
            order.session = Session::Closed;
            order.session_url = None;
        });
        return Ok(());
    }
    let contradicts = order.status == Status::Processing && fact.state == SessionState::Closed;
    if !waiting || !is_own(order, fact) || contradicts || holds_money(books, id) {
        return Ok(());
    }
    books.change(id, |order| {
        order.session = Session::Closed;
        order.session_url = None;
    });
    expire_hold(books, id, why, now)?;
    // Whoever called the order off hears of that instead.
    if fact.money == MoneyState::Failed && books.orders[&id].status == Status::Expired {
        books.letter(id, Letter::PaymentFailed);
    }
    Ok(())
}

/// Money whose amount was wrong waits for a person; until then the goods stay held.
fn holds_money(books: &Books, id: OrderId) -> bool {
    books.payments.values().any(|payment| payment.order == id && payment.purpose == Purpose::Mismatch)
}

fn take_money(books: &mut Books, command: &RecordPayment, now: Timestamp) {
    let (id, fact) = (command.order_id, &command.fact);
    // A paid session always has an intent; should one come without, the session's own id names the payment.
    let intent = fact.intent.clone().unwrap_or_else(|| fact.session_id.clone());
    if is_own(&books.orders[&id], fact) && books.orders[&id].session != Session::Complete {
        books.change(id, |order| {
            order.session = Session::Complete;
            order.session_url = None;
        });
    }
    if books.payments.contains_key(&intent) {
        return; // M2: the same payment again.
    }
    let order = &books.orders[&id];
    let amount = Money::new(fact.amount_minor, fact.currency);
    // The order names this payment, so it was here before: its row was lost, and never is it sent back for that.
    let bought = order.payment_intent.as_ref() == Some(&intent);
    let right = amount == order.total();
    let payable = bought
        || match order.status {
            Status::Pending | Status::Processing => true,
            // Whoever was erased since has nobody to send goods to: their money goes back.
            Status::Expired => !order.is_erased() && in_stock_again(books, order) && books.use_is_there(order),
            Status::Cancelled | Status::Paid | Status::Refunded => false,
        };
    if amount.minor == 0 && !matches!(order.status, Status::Pending | Status::Processing) {
        return; // Nothing was taken, and nobody waits for it.
    }
    let purpose = match (payable, right) {
        (true, true) => Purpose::Order,
        (true, false) => Purpose::Mismatch,
        (false, _) => Purpose::Surplus,
    };
    books.take_payment(Payment {
        intent_id: intent.clone(),
        order: id,
        session_id: fact.session_id.clone(),
        amount,
        purpose,
        refunded_minor: 0,
        disputed_minor: 0,
        at: now,
    });
    if bought {
        books.tell(id, "payment_restored", intent, now);
        return;
    }
    match purpose {
        Purpose::Order => pay(books, command, intent, now),
        Purpose::Mismatch => keep_for_a_person(books, command, amount, now),
        Purpose::Surplus => send_back(books, command, intent, amount, now),
    }
}

fn in_stock_again(books: &Books, order: &Order) -> bool {
    order.demand().iter().all(|(sku, quantity)| books.level(sku).available() >= *quantity)
}

fn pay(books: &mut Books, command: &RecordPayment, intent: String, now: Timestamp) {
    let (id, fact) = (command.order_id, &command.fact);
    let late = books.orders[&id].hold == Hold::Released;
    if late {
        books.sell_released(id, now);
    } else {
        books.sell_held(id, now);
    }
    let own_left_open = {
        let order = &books.orders[&id];
        (!is_own(order, fact) && order.session == Session::Open).then(|| order.session_id.clone()).flatten()
    };
    books.change(id, |order| {
        order.status = Status::Paid;
        order.payment_intent = Some(intent.clone());
        order.paid_at = Some(now);
    });
    books.tell(id, if late { "paid_late" } else { "paid" }, intent, now);
    if let Some(session_id) = own_left_open {
        books.effect(Effect::CloseCheckout { order: id, session_id });
    }
    if books.orders[&id].cancelled_at.is_some() {
        // Somebody called it off while the payment was on its way: it is paid, and goes back like any paid order.
        cancel_order::call_off(books, &cancellation(books, command), now);
    } else {
        books.letter(id, Letter::OrderConfirmed);
    }
}

fn cancellation(books: &Books, command: &RecordPayment) -> CancelOrder {
    let reason = books.orders[&command.order_id].cancel_reason.clone();
    CancelOrder { order_id: command.order_id, reason, refund_id: command.refund_id }
}

/// Alarm: what Stripe took is not what the buyer was shown. Nothing is given for it and nothing sent back before
/// somebody has looked; the goods stay held.
fn keep_for_a_person(books: &mut Books, command: &RecordPayment, amount: Money, now: Timestamp) {
    let id = command.order_id;
    if books.orders[&id].cancelled_at.is_some() && books.orders[&id].hold == Hold::Live {
        // Nobody wants the goods any more, so nobody need look: all of it goes back.
        cancel_order::stop_payment(books, &cancellation(books, command), now);
        return;
    }
    books.letter(id, Letter::OwnerPaymentDiffers);
    if books.orders[&id].hold == Hold::Live {
        books.change(id, |order| order.status = Status::Processing);
    }
    books.tell(id, "payment_differs", format!("{} {}", amount.minor, amount.currency), now);
}

/// M2, M5: a payment that can buy nothing goes back in full, without anyone asking.
fn send_back(books: &mut Books, command: &RecordPayment, intent: String, amount: Money, now: Timestamp) {
    let (id, refund_id) = (command.order_id, command.refund_id);
    books.tell(id, "payment_returned", intent.clone(), now);
    let paid = books.orders[&id].hold == Hold::Sold;
    let kind = if paid { RefundKind::Surplus } else { RefundKind::Late };
    books.put_refund(Refund::asked(refund_id, id, &intent, amount, kind, now));
    books.effect(Effect::RefundPayment { order: id, refund: refund_id });
    if !paid {
        books.letter(id, Letter::LateRefund);
        books.letter(id, Letter::OwnerLatePayment);
    }
    record_refund::count_money_back(books, id, now); // A refunded order has money again, for a while.
}
