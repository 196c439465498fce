//! Disputes: a bank takes money back on its customer's word, and early warnings that it may.
//!
//! A dispute is Stripe's; the shop keeps what it says, shows the deadline, and refunds nothing while it is open,
//! or the buyer could be paid twice (docs.stripe.com/disputes).

use crate::ids::OrderId;
use crate::money::Money;
use crate::time::Timestamp;
use crate::words;

/// What Stripe says of a dispute now, as far as it changes what the shop may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisputeState {
    /// An early fraud warning: no money has moved.
    Warning,
    /// The bank asks (Stripe's `warning_…`): no money has moved, a refund settles it.
    Inquiry,
    /// Evidence is wanted, or has been sent and is being read.
    Open,
    Won,
    Lost,
    /// An inquiry or a warning that came to nothing.
    Closed,
}

/// One dispute or early fraud warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// Stripe's id: `du_…`, `dp_…` or `issfr_…`.
    pub id: String,
    pub order: OrderId,
    pub intent_id: String,
    pub amount: Money,
    /// In Stripe's words, such as `fraudulent`.
    pub reason: String,
    pub state: DisputeState,
    /// Until when evidence is taken.
    pub due_by: Option<Timestamp>,
    /// What it has withdrawn from the shop's balance and not given back, in minor units.
    pub withdrawn_minor: i64,
    pub at: Timestamp,
}

impl DisputeState {
    /// Whether refunds must wait: the bank may give the same money back.
    pub fn blocks_refunds(self) -> bool {
        match self {
            DisputeState::Open => true,
            DisputeState::Warning
            | DisputeState::Inquiry
            | DisputeState::Won
            | DisputeState::Lost
            | DisputeState::Closed => false,
        }
    }

    /// A dispute that has ended stays ended: older words arrive late.
    pub fn may_become(self, next: DisputeState) -> bool {
        match self {
            DisputeState::Won | DisputeState::Lost | DisputeState::Closed => false,
            DisputeState::Open => !matches!(next, DisputeState::Open | DisputeState::Inquiry | DisputeState::Warning),
            DisputeState::Inquiry => !matches!(next, DisputeState::Inquiry | DisputeState::Warning),
            DisputeState::Warning => next != DisputeState::Warning,
        }
    }
}

words!(DisputeState {
    Warning = "warning",
    Inquiry = "inquiry",
    Open = "open",
    Won = "won",
    Lost = "lost",
    Closed = "closed",
});
