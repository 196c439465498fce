//! Effects: what must still be said to Stripe and to buyers. A decision appends them; the outbox carries them out
//! after the commit, as often as it takes, and each takes effect once.

use crate::ids::{OrderId, RefundId};
use crate::words;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    OpenCheckout(OrderId),
    /// Close a session by its id: the order's own, or one that nobody should be able to pay.
    CloseCheckout {
        order: OrderId,
        session_id: String,
    },
    /// Take the order's one-off coupon away at Stripe: it was used up, or never will be.
    DeleteCoupon(OrderId),
    RefundPayment {
        order: OrderId,
        refund: RefundId,
    },
    SendLetter {
        order: OrderId,
        letter: Letter,
        /// What of the order it is about, such as a refund's id; empty: the order as such.
        about: String,
    },
}

/// Every letter there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Letter {
    OrderConfirmed,
    /// The buyer has finished with a delayed method, and its bank has not answered yet.
    PaymentProcessing,
    /// A delayed payment failed: nothing was charged, the goods are back on the shelf.
    PaymentFailed,
    /// A parcel has left; one letter for each.
    OrderShipped,
    /// Paid after the hold had lapsed and the goods were gone: an apology, and the money is on its way back.
    LateRefund,
    /// Somebody asked for the order's link, by its number and the buyer's address.
    OrderLink,
    /// Called off, whole or what was left of it; what was paid is on its way back.
    OrderCancelled,
    /// Stripe has sent money back: part of it or all.
    RefundSent,
    /// To the owner, who has asked for it: an order is to be packed.
    OwnerNewOrder,
    /// To the owner: a payment came for goods that were gone, and went back.
    OwnerLatePayment,
    /// To the owner: the amount is not the order's, and the money waits for a person.
    OwnerPaymentDiffers,
    /// To the owner: a refund did not reach the buyer, and the money is owed again.
    OwnerRefundFailed,
    /// To the owner: a bank takes money back, and there is a deadline.
    OwnerDispute,
    /// To the owner: a refund was made in the Stripe Dashboard, and nobody has said for which goods.
    OwnerRefundUnassigned,
}

impl Effect {
    pub fn kind(&self) -> &'static str {
        match self {
            Effect::OpenCheckout(_) => "open_checkout",
            Effect::CloseCheckout { .. } => "close_checkout",
            Effect::DeleteCoupon(_) => "delete_coupon",
            Effect::RefundPayment { .. } => "refund_payment",
            Effect::SendLetter { .. } => "send_letter",
        }
    }

    /// What it is about; with the kind it is unique, so that nothing is said twice (E2).
    pub fn subject(&self) -> String {
        match self {
            Effect::OpenCheckout(order) | Effect::DeleteCoupon(order) => order.to_string(),
            Effect::CloseCheckout { session_id, .. } => session_id.clone(),
            Effect::RefundPayment { refund, .. } => refund.to_string(),
            Effect::SendLetter { order, letter, about } if about.is_empty() => format!("{order}:{}", letter.as_str()),
            Effect::SendLetter { order, letter, about } => format!("{order}:{}:{about}", letter.as_str()),
        }
    }

    pub fn order(&self) -> OrderId {
        match self {
            Effect::OpenCheckout(order) | Effect::DeleteCoupon(order) => *order,
            Effect::CloseCheckout { order, .. }
            | Effect::RefundPayment { order, .. }
            | Effect::SendLetter { order, .. } => *order,
        }
    }
}

impl Letter {
    /// Whether it goes to the shop's owner, not to the buyer.
    pub fn to_owner(self) -> bool {
        match self {
            Letter::OrderConfirmed
            | Letter::PaymentProcessing
            | Letter::PaymentFailed
            | Letter::OrderShipped
            | Letter::OrderLink
            | Letter::LateRefund
            | Letter::OrderCancelled
            | Letter::RefundSent => false,
            Letter::OwnerNewOrder
            | Letter::OwnerLatePayment
            | Letter::OwnerPaymentDiffers
            | Letter::OwnerRefundFailed
            | Letter::OwnerDispute
            | Letter::OwnerRefundUnassigned => true,
        }
    }
}

words!(Letter {
    OrderConfirmed = "order_confirmed",
    PaymentProcessing = "payment_processing",
    PaymentFailed = "payment_failed",
    OrderShipped = "order_shipped",
    OrderLink = "order_link",
    LateRefund = "late_refund",
    OrderCancelled = "order_cancelled",
    RefundSent = "refund_sent",
    OwnerNewOrder = "owner_new_order",
    OwnerLatePayment = "owner_late_payment",
    OwnerPaymentDiffers = "owner_payment_differs",
    OwnerRefundFailed = "owner_refund_failed",
    OwnerDispute = "owner_dispute",
    OwnerRefundUnassigned = "owner_refund_unassigned",
});
