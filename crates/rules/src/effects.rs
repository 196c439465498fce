//! Effects: what must still be said to Stripe and to buyers. A decision appends them; the outbox carries them out
//! after the commit, as often as it takes, and each takes effect once.

use crate::ids::{OrderId, RefundId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    OpenCheckout(OrderId),
    /// Close a session by its id: the order's own, or one that nobody should be able to pay.
    CloseCheckout {
        order: OrderId,
        session_id: String,
    },
    RefundPayment {
        order: OrderId,
        refund: RefundId,
    },
    SendLetter {
        order: OrderId,
        letter: Letter,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Letter {
    OrderConfirmed,
    /// Paid after the hold had lapsed and the goods were gone: an apology, and the money is on its way back.
    LateRefund,
}

impl Effect {
    pub fn kind(&self) -> &'static str {
        match self {
            Effect::OpenCheckout(_) => "open_checkout",
            Effect::CloseCheckout { .. } => "close_checkout",
            Effect::RefundPayment { .. } => "refund_payment",
            Effect::SendLetter { .. } => "send_letter",
        }
    }

    /// What it is about; with the kind it is unique, so that nothing is said twice (E2).
    pub fn subject(&self) -> String {
        match self {
            Effect::OpenCheckout(order) => order.to_string(),
            Effect::CloseCheckout { session_id, .. } => session_id.clone(),
            Effect::RefundPayment { refund, .. } => refund.to_string(),
            Effect::SendLetter { order, letter } => format!("{order}:{}", letter.as_str()),
        }
    }

    pub fn order(&self) -> OrderId {
        match self {
            Effect::OpenCheckout(order) => *order,
            Effect::CloseCheckout { order, .. }
            | Effect::RefundPayment { order, .. }
            | Effect::SendLetter { order, .. } => *order,
        }
    }
}

impl Letter {
    pub fn as_str(self) -> &'static str {
        match self {
            Letter::OrderConfirmed => "order_confirmed",
            Letter::LateRefund => "late_refund",
        }
    }

    pub fn parse(text: &str) -> Option<Letter> {
        [Letter::OrderConfirmed, Letter::LateRefund].into_iter().find(|letter| letter.as_str() == text)
    }
}
