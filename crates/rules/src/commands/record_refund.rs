//! Records what Stripe says now of a refund. Creating one is not settling it: `succeeded` may still become `failed`
//! (docs.stripe.com/refunds), so every state is kept as told.

use crate::books::Books;
use crate::commands::record_payment::Recorded;
use crate::commands::{Refusal, Touched};
use crate::ids::{OrderId, RefundId};
use crate::orders::Status;
use crate::payments::{Purpose, RefundState};
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRefund {
    pub order_id: OrderId,
    pub refund_id: RefundId,
    pub stripe_id: Option<String>,
    pub state: RefundState,
}

impl RecordRefund {
    pub fn touched(&self) -> Touched {
        Touched { orders: vec![self.order_id], refunds: vec![self.refund_id], ..Touched::default() }
    }
}

pub fn record_refund(books: &mut Books, command: &RecordRefund, now: Timestamp) -> Result<Recorded, Refusal> {
    let id = command.order_id;
    books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    let mut refund = books.refunds.get(&command.refund_id).cloned().ok_or(Refusal::RefundUnknown)?;
    if refund.state != command.state || refund.stripe_id != command.stripe_id {
        refund.state = command.state;
        refund.stripe_id.clone_from(&command.stripe_id);
        let whole = books
            .payments
            .get(&refund.intent_id)
            .is_some_and(|payment| payment.amount == refund.amount && payment.purpose == Purpose::Surplus);
        books.put_refund(refund);
        let kind = match command.state {
            RefundState::Requested => "refund_requested",
            RefundState::Pending => "refund_pending",
            RefundState::Succeeded => "refunded",
            RefundState::Failed | RefundState::Canceled => "refund_failed",
        };
        books.tell(id, kind, command.stripe_id.clone().unwrap_or_default(), now);
        let unpaid = matches!(books.orders[&id].status, Status::Expired | Status::Cancelled);
        if whole && unpaid && command.state == RefundState::Succeeded {
            books.change(id, |order| order.status = Status::Refunded);
        }
    }
    Ok(Recorded { order_id: id, status: books.orders[&id].status })
}
