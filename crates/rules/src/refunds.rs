//! Refunds: money on its way back, each a record of its own.
//!
//! M3: refunds of a payment never exceed what was captured, and the same refund is asked for once. Creating one is
//! not settling it: `succeeded` may still become `failed` weeks later (docs.stripe.com/refunds), and then the money is
//! owed again.

use crate::ids::{OrderId, RefundId};
use crate::money::Money;
use crate::time::Timestamp;
use crate::words;

/// Why a refund that Stripe never had is given up: what it was for went back meanwhile.
pub const WENT_BACK_ANOTHER_WAY: &str = "the money went back by another refund";

/// How far the money has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundState {
    /// Decided here; Stripe may or may not know of it yet.
    Requested,
    /// Stripe has it, the bank not yet.
    Pending,
    Succeeded,
    /// The buyer has nothing; the money is owed again.
    Failed,
    /// Taken back before it was sent; counts like failed.
    Canceled,
}

/// Why the money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundKind {
    /// The shop's own: paid after the hold had lapsed, and nothing could be given for it.
    Late,
    /// The shop's own: the order was paid already.
    Surplus,
    /// The order, or what was left of it, was cancelled.
    Cancelled,
    /// Decided by staff.
    ByHand,
    /// Made in the Stripe Dashboard and read back from there.
    Dashboard,
    /// A refund failed, and staff paid its money back outside of Stripe: by bank transfer, in cash. Stripe knows nothing of it and
    /// is never asked; its balance has that money still.
    Elsewhere,
}

/// The units a refund pays for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundLine {
    /// From 1, as the order's lines are numbered.
    pub line_no: i64,
    pub units: i64,
    pub amount_minor: i64,
    /// Whether the units come back to the shelf.
    pub restock: bool,
}

/// Money on its way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub id: RefundId,
    pub order: OrderId,
    pub intent_id: String,
    pub amount: Money,
    pub kind: RefundKind,
    /// In the words of whoever asked.
    pub reason: String,
    /// A digest of the request: the same id with other contents is refused.
    pub request_hash: String,
    pub state: RefundState,
    /// Stripe's id, once it is known.
    pub stripe_id: Option<String>,
    /// Why it failed: as Stripe calls it, or [`WENT_BACK_ANOTHER_WAY`].
    pub failure: String,
    /// The order's shipping, as far as this refund gives it back, in minor units.
    pub shipping_minor: i64,
    /// False: made elsewhere, and nobody has said yet which goods it was for.
    pub assigned: bool,
    pub lines: Vec<RefundLine>,
    /// What is still to go back because it failed, in minor units (`owed`).
    pub owed_minor: i64,
    /// The failed refund whose money it sends again.
    pub instead_of: Option<RefundId>,
    pub at: Timestamp,
}

impl Refund {
    /// One that is asked for, in no words and for no goods in particular; Stripe has not heard of it.
    pub fn asked(
        id: RefundId,
        order: OrderId,
        intent_id: &str,
        amount: Money,
        kind: RefundKind,
        at: Timestamp,
    ) -> Refund {
        Refund {
            id,
            order,
            intent_id: intent_id.to_owned(),
            amount,
            kind,
            reason: String::new(),
            request_hash: String::new(),
            state: RefundState::Requested,
            stripe_id: None,
            failure: String::new(),
            shipping_minor: 0,
            assigned: true,
            lines: Vec::new(),
            owed_minor: 0,
            instead_of: None,
            at,
        }
    }
}

impl RefundState {
    /// Whether the money is away or on its way: it counts against what was captured.
    pub fn is_alive(self) -> bool {
        match self {
            RefundState::Requested | RefundState::Pending | RefundState::Succeeded => true,
            RefundState::Failed | RefundState::Canceled => false,
        }
    }

    /// Whether news of `next` is newer than this. Stripe's own order is pending → succeeded → failed; a word that
    /// runs backwards is an older one that arrived late.
    pub fn may_become(self, next: RefundState) -> bool {
        match self {
            RefundState::Requested => next != RefundState::Requested,
            RefundState::Pending => {
                matches!(next, RefundState::Succeeded | RefundState::Failed | RefundState::Canceled)
            }
            RefundState::Succeeded => matches!(next, RefundState::Failed | RefundState::Canceled),
            RefundState::Failed | RefundState::Canceled => false,
        }
    }
}

words!(RefundState {
    Requested = "requested",
    Pending = "pending",
    Succeeded = "succeeded",
    Failed = "failed",
    Canceled = "canceled",
});
words!(RefundKind {
    Late = "late",
    Surplus = "surplus",
    Cancelled = "cancelled",
    ByHand = "by_hand",
    Dashboard = "dashboard",
    Elsewhere = "elsewhere",
});
