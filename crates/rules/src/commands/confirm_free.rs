//! Confirms an order that costs nothing: the buyer's word takes the place of a payment (C14).

use crate::books::Books;
use crate::commands::record_payment::Recorded;
use crate::commands::{Refusal, Touched};
use crate::effects::Letter;
use crate::ids::OrderId;
use crate::orders::{Hold, Status};
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmFree {
    pub order_id: OrderId,
}

impl ConfirmFree {
    pub fn touched(&self) -> Touched {
        Touched { orders: vec![self.order_id], order_stock: true, ..Touched::default() }
    }
}

pub fn confirm_free(books: &mut Books, command: &ConfirmFree, now: Timestamp) -> Result<Recorded, Refusal> {
    let id = command.order_id;
    let order = books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    if order.total_minor == 0 && order.paid_at.is_some() {
        return Ok(Recorded { order_id: id, status: order.status }); // Confirmed before; once is enough.
    }
    if order.total_minor > 0 || order.status != Status::Pending || order.hold != Hold::Live {
        return Err(Refusal::NothingToConfirm);
    }
    books.sell_held(id, now);
    books.change(id, |order| {
        order.status = Status::Paid;
        order.paid_at = Some(now);
    });
    books.tell(id, "confirmed", "", now);
    books.letter(id, Letter::OrderConfirmed);
    Ok(Recorded { order_id: id, status: Status::Paid })
}
