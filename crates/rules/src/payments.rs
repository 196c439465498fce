//! Payments as facts: what Stripe says now of a checkout session.
//!
//! Facts are monotone. A session goes from open to complete or closed and never back; money that was taken is
//! never untaken by a later word. Whatever door a fact comes in by, it means the same (E1).

use crate::ids::OrderId;
use crate::money::{Currency, Money};
use crate::time::Timestamp;
use crate::words;

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
    /// Σ refunds that are under way or done (M3).
    pub refunded_minor: i64,
    /// What disputes have withdrawn and not given back.
    pub disputed_minor: i64,
    pub at: Timestamp,
}

impl Payment {
    /// What can still go back, in minor units: neither refunded, nor on its way, nor withdrawn by a dispute.
    pub fn left_minor(&self) -> i64 {
        (self.amount.minor - self.refunded_minor - self.disputed_minor).max(0)
    }
}

words!(Purpose { Order = "order", Surplus = "surplus", Mismatch = "mismatch" });
