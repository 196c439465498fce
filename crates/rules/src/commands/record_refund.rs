//! Records what Stripe says now of a refund: our own, or one made in the Stripe Dashboard (scenario R5).
//!
//! An order is `refunded` while all its money is back; a refund that fails after it had succeeded takes that back,
//! and the money is owed again (scenarios R1, R4).

use crate::books::Books;
use crate::commands::record_payment::Recorded;
use crate::commands::{Refusal, Touched};
use crate::effects::Letter;
use crate::ids::{OrderId, RefundId};
use crate::money::Money;
use crate::orders::{Hold, Status};
use crate::refunds::{Refund, RefundKind, RefundState, WENT_BACK_ANOTHER_WAY};
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRefund {
    pub order_id: OrderId,
    /// Ours, from the refund's metadata; for one made elsewhere freshly drawn, and used if Stripe's id is new.
    pub refund_id: RefundId,
    /// None: Stripe refused to make it.
    pub stripe_id: Option<String>,
    pub intent_id: String,
    pub amount: Money,
    pub state: RefundState,
    /// Why it failed, in Stripe's words; empty when it did not.
    pub failure: String,
}

impl RecordRefund {
    pub fn touched(&self) -> Touched {
        let (orders, payments) = (vec![self.order_id], vec![self.intent_id.clone()]);
        Touched { orders, payments, money: true, order_stock: true, ..Touched::default() }
    }
}

pub fn record_refund(books: &mut Books, command: &RecordRefund, now: Timestamp) -> Result<Recorded, Refusal> {
    let id = command.order_id;
    books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    match known(books, command) {
        Some(refund) => learn(books, refund, command, now),
        None if command.stripe_id.is_some() => import(books, command, now)?,
        None => return Err(Refusal::RefundUnknown),
    }
    count_money_back(books, id, now);
    Ok(Recorded { order_id: id, status: books.orders[&id].status })
}

/// By Stripe's id, or by ours.
fn known(books: &Books, command: &RecordRefund) -> Option<Refund> {
    let of_order = || books.refunds.values().filter(|refund| refund.order == command.order_id);
    let by_stripe = of_order().find(|refund| refund.stripe_id.is_some() && refund.stripe_id == command.stripe_id);
    let unnamed = |refund: &&Refund| {
        let other = refund.stripe_id.is_some() && command.stripe_id.is_some();
        refund.id == command.refund_id && !other
    };
    by_stripe.or_else(|| of_order().find(unnamed)).cloned()
}

fn learn(books: &mut Books, mut refund: Refund, command: &RecordRefund, now: Timestamp) {
    // One that was never sent and given up here may yet turn out to have been sent.
    let never_sent = refund.stripe_id.is_none() && command.stripe_id.is_some();
    let newer = refund.state.may_become(command.state) || (never_sent && refund.state != command.state);
    if !newer && (refund.stripe_id == command.stripe_id || command.stripe_id.is_none()) {
        return; // The same again, or an older word that arrived late.
    }
    let changes = newer.then_some(command.state);
    if let Some(state) = changes {
        refund.state = state;
        refund.failure.clone_from(&command.failure);
    }
    if command.stripe_id.is_some() {
        refund.stripe_id.clone_from(&command.stripe_id);
    }
    let (id, refund_id) = (refund.order, refund.id);
    if refund.state.is_alive() {
        make_room(books, &refund, now);
    }
    books.put_refund(refund);
    if let Some(state) = changes {
        tell(books, id, refund_id, state, now);
    }
}

/// Made elsewhere: whatever Stripe has given back is known here (M4). Which goods it was for, nobody has said;
/// nothing is restocked by itself, they may be on their way.
fn import(books: &mut Books, command: &RecordRefund, now: Timestamp) -> Result<(), Refusal> {
    let payment = books.payments.get(&command.intent_id).filter(|payment| payment.order == command.order_id);
    let payment = payment.ok_or(Refusal::PaymentUnknown)?;
    if command.amount.minor < 1 || command.amount.currency != payment.amount.currency {
        return Err(Refusal::RefundNotOfPayment);
    }
    let (id, amount, intent) = (command.order_id, command.amount, command.intent_id.as_str());
    let refund = Refund {
        state: command.state,
        stripe_id: command.stripe_id.clone(),
        failure: command.failure.clone(),
        assigned: false,
        ..Refund::asked(command.refund_id, id, intent, amount, RefundKind::Dashboard, now)
    };
    let (refund_id, alive) = (refund.id, refund.state.is_alive());
    if alive {
        make_room(books, &refund, now);
    }
    books.put_refund(refund);
    books.tell(id, "refund_imported", command.stripe_id.clone().unwrap_or_default(), now);
    tell(books, id, refund_id, command.state, now);
    if alive {
        books.letter_about(id, Letter::OwnerRefundUnassigned, refund_id.to_string());
    }
    Ok(())
}

/// Stripe itself never gives back more than was captured. If it made this refund, then one of ours that is only
/// asked for cannot be made any more. What was paid back outside of Stripe was not captured twice for that: it counts no
/// more, and the timeline says that the buyer may have it twice.
fn make_room(books: &mut Books, coming: &Refund, now: Timestamp) {
    loop {
        let payment = &books.payments[&coming.intent_id];
        let counted = books.refunds.get(&coming.id).filter(|refund| refund.state.is_alive());
        let others = payment.refunded_minor - counted.map_or(0, |refund| refund.amount.minor);
        if others + coming.amount.minor <= payment.amount.minor {
            return;
        }
        let asked = books.refunds.values().filter(|refund| {
            refund.intent_id == coming.intent_id && refund.id != coming.id && refund.state == RefundState::Requested
        });
        let Some(mut given_up) = asked.max_by_key(|refund| (refund.at, refund.id)).cloned() else {
            if !give_up_elsewhere(books, coming, now) {
                return;
            }
            continue;
        };
        given_up.state = RefundState::Failed;
        given_up.failure = WENT_BACK_ANOTHER_WAY.to_owned();
        let (id, refund_id) = (given_up.order, given_up.id);
        books.put_refund(given_up);
        books.tell(id, "refund_failed", refund_id.to_string(), now);
    }
}

/// The latest of what was paid back outside of Stripe; false: there is none.
fn give_up_elsewhere(books: &mut Books, coming: &Refund, now: Timestamp) -> bool {
    let elsewhere = books.refunds.values().filter(|refund| {
        refund.intent_id == coming.intent_id && refund.kind == RefundKind::Elsewhere && refund.state.is_alive()
    });
    let Some(mut given_up) = elsewhere.max_by_key(|refund| (refund.at, refund.id)).cloned() else { return false };
    given_up.state = RefundState::Canceled;
    given_up.failure = "Stripe gave this money back as well".to_owned();
    let (id, refund_id) = (given_up.order, given_up.id);
    books.put_refund(given_up);
    books.tell(id, "paid_twice", refund_id.to_string(), now);
    true
}

fn tell(books: &mut Books, id: OrderId, refund_id: RefundId, state: RefundState, now: Timestamp) {
    let kind = match state {
        RefundState::Requested => return,
        RefundState::Pending => "refund_pending",
        RefundState::Succeeded => "refunded",
        RefundState::Failed => "refund_failed",
        RefundState::Canceled => "refund_canceled",
    };
    books.tell(id, kind, refund_id.to_string(), now);
    match state {
        RefundState::Succeeded => match books.refunds[&refund_id].kind {
            // The letter that said why the order ended spoke of this money already.
            // Nor does Stripe speak of what was paid elsewhere.
            RefundKind::Late | RefundKind::Cancelled | RefundKind::Elsewhere => {}
            RefundKind::Surplus | RefundKind::ByHand | RefundKind::Dashboard => {
                books.letter_about(id, Letter::RefundSent, refund_id.to_string());
            }
        },
        RefundState::Failed | RefundState::Canceled => {
            books.letter_about(id, Letter::OwnerRefundFailed, refund_id.to_string());
        }
        RefundState::Requested | RefundState::Pending => {}
    }
}

/// The order's state follows its money, in both directions.
pub fn count_money_back(books: &mut Books, id: OrderId, now: Timestamp) {
    let (captured, back) = books.money_of(id);
    let all_back = captured > 0 && back == captured;
    let before_refund = match books.orders[&id].hold {
        Hold::Sold => Status::Paid,
        Hold::Released if books.orders[&id].cancelled_at.is_some() => Status::Cancelled,
        Hold::Released => Status::Expired,
        // Money of a wrong amount kept the goods held; once it is back, nobody waits for them.
        Hold::Live if all_back => {
            books.release_held(id, now);
            Status::Refunded
        }
        Hold::Live => return,
    };
    let status = if all_back { Status::Refunded } else { before_refund };
    if status != books.orders[&id].status {
        books.change(id, |order| order.status = status);
        if status == Status::Refunded {
            books.tell(id, "all_refunded", "", now);
        }
    }
}
