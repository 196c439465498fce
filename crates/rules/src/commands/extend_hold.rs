//! Holds an unpaid order's goods for as long again: once, before the time is up, and only while nobody has to wait
//! for them.
//!
//! Nobody waits as long as the shelf has another of each of its goods. A hold that has lapsed is never revived: its
//! goods may be promised to somebody in the same moment. The payment page was opened to live that long, and the hold
//! never outlasts it: a buyer who is told "until 15:02" can pay until then.

use crate::books::Books;
use crate::commands::{Refusal, Touched};
use crate::ids::OrderId;
use crate::orders::{Hold, Order, Session, Status};
use crate::time::{Span, Timestamp};

/// The payment page must outlive the hold: Stripe closes it at its own second, and the shop does so when the hold is due.
const PAGE_OUTLIVES_HOLD: Span = Span::minutes(1);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendHold {
    pub order_id: OrderId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extended {
    pub order_id: OrderId,
    pub hold_due_at: Timestamp,
    pub again: bool,
}

impl ExtendHold {
    pub fn touched(&self) -> Touched {
        Touched { orders: vec![self.order_id], order_stock: true, ..Touched::default() }
    }
}

pub fn extend_hold(books: &mut Books, command: &ExtendHold, now: Timestamp) -> Result<Extended, Refusal> {
    let id = command.order_id;
    let order = books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    if is_over(order, now) {
        return Err(Refusal::HoldOver);
    }
    if order.hold_extended {
        return Ok(Extended { order_id: id, hold_due_at: order.hold_due_at, again: true }); // Once, however often pressed.
    }
    let due = longest(order).filter(|due| *due > order.hold_due_at).ok_or(Refusal::HoldOver)?;
    if let Some(sku) = order.demand().into_keys().find(|sku| books.level(sku).available() < 1) {
        return Err(Refusal::OthersWait { sku });
    }
    books.change(id, |order| {
        order.hold_due_at = due;
        order.hold_extended = true;
    });
    books.tell(id, "hold_extended", "", now);
    Ok(Extended { order_id: id, hold_due_at: due, again: false })
}

/// Nobody can pay it any more, or soon nobody can: it is called off, or its time is up.
fn is_over(order: &Order, now: Timestamp) -> bool {
    let is_open = order.status == Status::Pending && order.hold == Hold::Live && order.session == Session::Open;
    !is_open || order.cancelled_at.is_some() || now >= order.hold_due_at
}

/// As long again as it was, but not beyond the life of its payment page.
fn longest(order: &Order) -> Option<Timestamp> {
    let again = order.hold_due_at + (order.hold_due_at - order.reserved_at);
    Some(again.min(order.session_expires_at? - PAGE_OUTLIVES_HOLD))
}
