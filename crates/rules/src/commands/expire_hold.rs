//! Expires a hold: the order was never paid and cannot be paid any more; its stock goes back on the shelf.
//! An order that somebody called off ends as cancelled, any other as expired.

use crate::books::Books;
use crate::commands::Refusal;
use crate::effects::Letter;
use crate::ids::OrderId;
use crate::orders::{Hold, Session, Status};
use crate::time::Timestamp;

/// S4: a hold is released only when the buyer can no longer pay, so the session must be known to be closed, never
/// opened, or finished without money (`failed`).
pub fn expire_hold(books: &mut Books, id: OrderId, why: &str, now: Timestamp) -> Result<(), Refusal> {
    let order = books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    if order.hold != Hold::Live {
        return Ok(()); // It ended before; once is enough (S3).
    }
    match order.session {
        Session::Closed | Session::Never => {}
        Session::Opening | Session::Open | Session::Complete => return Err(Refusal::SessionStillOpen),
    }
    books.release_held(id, now);
    if books.orders[&id].cancelled_at.is_some() {
        books.change(id, |order| order.status = Status::Cancelled);
        books.tell(id, "cancelled", why, now);
        books.letter(id, Letter::OrderCancelled);
    } else {
        books.change(id, |order| order.status = Status::Expired);
        books.tell(id, "expired", why, now);
    }
    Ok(())
}
