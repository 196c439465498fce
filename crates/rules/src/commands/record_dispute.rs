//! Records what Stripe says now of a dispute, or of a warning that one may come (scenario P31). Its state only moves
//! forward; what it withdrew is counted against the payment, so that nobody refunds the same money again.

use crate::books::Books;
use crate::commands::record_payment::Recorded;
use crate::commands::{Refusal, Touched};
use crate::disputes::{Dispute, DisputeState};
use crate::effects::Letter;
use crate::ids::OrderId;
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordDispute {
    pub order_id: OrderId,
    /// As Stripe tells it now; `at` is when it was opened.
    pub dispute: Dispute,
}

impl RecordDispute {
    pub fn touched(&self) -> Touched {
        Touched {
            orders: vec![self.order_id],
            payments: vec![self.dispute.intent_id.clone()],
            money: true,
            ..Touched::default()
        }
    }
}

pub fn record_dispute(books: &mut Books, command: &RecordDispute, now: Timestamp) -> Result<Recorded, Refusal> {
    let id = command.order_id;
    let order = books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    let recorded = Recorded { order_id: id, status: order.status };
    if !books.payments.contains_key(&command.dispute.intent_id) {
        return Err(Refusal::PaymentUnknown);
    }
    let mut told = command.dispute.clone();
    let Some(before) = books.disputes.get(&told.id).cloned() else {
        let (state, dispute_id) = (told.state, told.id.clone());
        books.put_dispute(told);
        books.tell(id, kind_of(state), &*dispute_id, now);
        if matches!(state, DisputeState::Open | DisputeState::Inquiry | DisputeState::Warning) {
            books.letter_about(id, Letter::OwnerDispute, dispute_id);
        }
        return Ok(recorded);
    };
    if !before.state.may_become(told.state) {
        told.state = before.state;
    }
    told.at = before.at;
    if told == before {
        return Ok(recorded);
    }
    let (state, dispute_id) = (told.state, told.id.clone());
    let moved = told.withdrawn_minor - before.withdrawn_minor;
    books.put_dispute(told);
    if state != before.state {
        books.tell(id, kind_of(state), &*dispute_id, now);
    }
    if moved != 0 {
        let kind = if moved > 0 { "dispute_funds_withdrawn" } else { "dispute_funds_reinstated" };
        books.tell(id, kind, dispute_id, now);
    }
    Ok(recorded)
}

fn kind_of(state: DisputeState) -> &'static str {
    match state {
        DisputeState::Warning => "fraud_warning",
        DisputeState::Inquiry => "dispute_inquiry",
        DisputeState::Open => "dispute_opened",
        DisputeState::Won => "dispute_won",
        DisputeState::Lost => "dispute_lost",
        DisputeState::Closed => "dispute_closed",
    }
}
