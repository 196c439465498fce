//! Topics: what the shop tells other programs. Each is told of an entry of an order's timeline, or of a movement of
//! stock, and of nothing else: so nothing is told that did not happen.

use crate::orders::Event;
use crate::words;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    OrderPaid,
    OrderShipped,
    /// The order, or what was left of it, was called off.
    OrderCancelled,
    /// All of its money is back.
    OrderRefunded,
    RefundSucceeded,
    RefundFailed,
    DisputeOpened,
    DisputeClosed,
    /// What is on hand of a SKU came down to where the shopkeeper calls it low.
    StockLow,
}

words!(Topic {
    OrderPaid = "order.paid",
    OrderShipped = "order.shipped",
    OrderCancelled = "order.cancelled",
    OrderRefunded = "order.refunded",
    RefundSucceeded = "refund.succeeded",
    RefundFailed = "refund.failed",
    DisputeOpened = "dispute.opened",
    DisputeClosed = "dispute.closed",
    StockLow = "stock.low",
});

/// What an entry of a timeline is told as; most are the shop's own affair.
pub fn of(event: &Event) -> Option<Topic> {
    Some(match event.kind {
        "paid" | "paid_late" | "confirmed" => Topic::OrderPaid,
        "shipped" => Topic::OrderShipped,
        "cancelled" => Topic::OrderCancelled,
        "all_refunded" => Topic::OrderRefunded,
        "refunded" => Topic::RefundSucceeded,
        "refund_failed" | "refund_canceled" => Topic::RefundFailed,
        "dispute_opened" | "dispute_inquiry" => Topic::DisputeOpened,
        "dispute_won" | "dispute_lost" | "dispute_closed" => Topic::DisputeClosed,
        _ => return None,
    })
}

impl Topic {
    /// What an entry's detail names, if its topic is about one thing of the order.
    pub fn names(self) -> Option<&'static str> {
        match self {
            Topic::RefundSucceeded | Topic::RefundFailed => Some("refund"),
            Topic::DisputeOpened | Topic::DisputeClosed => Some("dispute"),
            Topic::StockLow => Some("sku"),
            Topic::OrderPaid | Topic::OrderShipped | Topic::OrderCancelled | Topic::OrderRefunded => None,
        }
    }
}
