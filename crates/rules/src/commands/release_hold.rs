//! Releases a hold on a person's word: its session cannot be asked about (its account's key is gone), its time at
//! Stripe is over, and somebody has looked there and found no payment.

use crate::books::Books;
use crate::commands::expire_hold::expire_hold;
use crate::commands::record_payment::Recorded;
use crate::commands::{Refusal, Touched};
use crate::ids::OrderId;
use crate::orders::{Hold, Session, Status};
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseHold {
    pub order_id: OrderId,
    /// Whose word it is, and what they found.
    pub why: String,
}

impl ReleaseHold {
    pub fn touched(&self) -> Touched {
        Touched { orders: vec![self.order_id], order_stock: true, ..Touched::default() }
    }
}

pub fn release_hold(books: &mut Books, command: &ReleaseHold, now: Timestamp) -> Result<Recorded, Refusal> {
    let id = command.order_id;
    let order = books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    if order.hold != Hold::Live {
        return Ok(Recorded { order_id: id, status: order.status }); // It ended before.
    }
    if order.session == Session::Never {
        expire_hold(books, id, &command.why, now)?; // An order that costs nothing: no page of Stripe's was ever open.
        return Ok(Recorded { order_id: id, status: books.orders[&id].status });
    }
    // S4: Stripe itself closes a session at this moment, whoever can or cannot ask about it.
    let over = order.session_expires_at.is_some_and(|at| at < now);
    if order.status != Status::Pending || order.session != Session::Open || !over {
        return Err(Refusal::SessionStillOpen);
    }
    books.change(id, |order| {
        order.session = Session::Closed;
        order.session_url = None;
    });
    expire_hold(books, id, &command.why, now)?;
    Ok(Recorded { order_id: id, status: books.orders[&id].status })
}
