//! Payments as facts: what Stripe says now of a checkout session.
//!
//! Facts are monotone. A session goes from open to complete or closed and never back; money that was taken is
//! never untaken by a later word. Whatever door a fact comes in by, it means the same (E1).

use crate::ids::{OrderId, RefundId};
use crate::money::{Currency, Money};
use crate::time::Timestamp;

/// What Stripe says now of one checkout session (docs.stripe.com/api/checkout/sessions/object).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFact {
    pub session_id: String,
    pub state: SessionState,
    pub money: MoneyState,
    /// The payment intent; none until the buyer confirms, and for ever when nothing is due.
    pub intent: Option<String>,
    pub amount_minor: i64,
    pub currency: Currency,
    pub livemode: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SessionState {
    /// The buyer can still pay.
    Open,
    /// The buyer has finished; the money may still be on its way.
    Complete,
    /// Nobody can pay here any more (Stripe's `expired`).
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MoneyState {
    Unpaid,
    Paid,
    /// The total was zero.
    NotRequired,
    /// A delayed method failed after the buyer had finished.
    Failed,
}

/// Why money is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// It paid its order.
    Order,
    /// Nothing could be given for it; it is on its way back.
    Surplus,
    /// Its amount or currency is not the order's: kept until a person decides.
    Mismatch,
}

/// A payment that Stripe captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub intent_id: String,
    pub order: OrderId,
    pub session_id: String,
    pub amount: Money,
    pub purpose: Purpose,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundState {
    Requested,
    Pending,
    Succeeded,
    Failed,
    Canceled,
}

/// Money on its way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub id: RefundId,
    pub order: OrderId,
    pub intent_id: String,
    pub amount: Money,
    pub reason: &'static str,
    pub state: RefundState,
    pub stripe_id: Option<String>,
    pub at: Timestamp,
}

impl Purpose {
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Order => "order",
            Purpose::Surplus => "surplus",
            Purpose::Mismatch => "mismatch",
        }
    }

    pub fn parse(text: &str) -> Option<Purpose> {
        [Purpose::Order, Purpose::Surplus, Purpose::Mismatch].into_iter().find(|p| p.as_str() == text)
    }
}

impl RefundState {
    pub const ALL: [RefundState; 5] = [
        RefundState::Requested,
        RefundState::Pending,
        RefundState::Succeeded,
        RefundState::Failed,
        RefundState::Canceled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            RefundState::Requested => "requested",
            RefundState::Pending => "pending",
            RefundState::Succeeded => "succeeded",
            RefundState::Failed => "failed",
            RefundState::Canceled => "canceled",
        }
    }

    pub fn parse(text: &str) -> Option<RefundState> {
        RefundState::ALL.into_iter().find(|state| state.as_str() == text)
    }
}
