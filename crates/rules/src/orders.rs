//! Orders: what was promised, to whom, for how much, and how far it has come.

use std::collections::BTreeMap;

use crate::ids::OrderId;
use crate::money::{Currency, Money};
use crate::text::Sku;
use crate::time::Timestamp;

/// The life of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Placed: stock held, price frozen, the payment page open or being opened.
    Pending,
    /// The buyer has finished with a delayed method; the hold stays as long as Stripe decides.
    Processing,
    Paid,
    /// Never paid: session closed, stock given back.
    Expired,
    /// Called off before payment.
    Cancelled,
    /// All money went back.
    Refunded,
}

/// What became of the stock an order held. It ends exactly once (S3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    Live,
    Sold,
    Released,
}

/// The order's checkout session at Stripe, as far as we know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Session {
    /// Asked for; the answer is not in yet. A buyer may be able to pay: nothing is released now (S4).
    Opening,
    Open,
    Complete,
    Closed,
    /// Stripe refused to open one: nobody could ever pay.
    Never,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub sku: Sku,
    /// Frozen in the order's language.
    pub title: String,
    pub variant_title: String,
    pub quantity: i64,
    pub unit_price_minor: i64,
    pub total_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    pub number: i64,
    pub status: Status,
    pub hold: Hold,
    /// A digest of the request: the same id with other contents is refused.
    pub request_hash: String,
    pub email: String,
    /// The normalised e-mail.
    pub buyer: String,
    /// Where it came from, hashed; empty for a trusted key.
    pub client: String,
    pub cart_id: String,
    pub language: String,
    pub shipping_address: String,
    pub currency: Currency,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub shipping_minor: i64,
    pub tax_minor: i64,
    pub total_minor: i64,
    pub reserved_at: Timestamp,
    pub hold_due_at: Timestamp,
    pub session: Session,
    pub session_id: Option<String>,
    pub session_url: Option<String>,
    pub session_expires_at: Option<Timestamp>,
    pub livemode: Option<bool>,
    pub payment_intent: Option<String>,
    pub paid_at: Option<Timestamp>,
    /// Counts the entries of the timeline; whoever read an older one writes in vain.
    pub revision: i64,
    pub lines: Vec<Line>,
}

/// One entry of an order's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub order: OrderId,
    pub seq: i64,
    pub kind: &'static str,
    pub detail: String,
    pub at: Timestamp,
}

impl Order {
    pub fn total(&self) -> Money {
        Money::new(self.total_minor, self.currency)
    }

    /// Units per SKU: two lines of one SKU are one demand.
    pub fn demand(&self) -> BTreeMap<Sku, i64> {
        let mut demand = BTreeMap::new();
        for line in &self.lines {
            *demand.entry(line.sku.clone()).or_insert(0) += line.quantity;
        }
        demand
    }

    /// Who counts this order's hold against their cap.
    pub fn holders(&self) -> Vec<String> {
        holders(&self.buyer, &self.client)
    }
}

/// The names under which live holds are counted: the buyer, and the client when it is known.
pub fn holders(buyer: &str, client: &str) -> Vec<String> {
    let mut names = vec![format!("email:{buyer}")];
    if !client.is_empty() {
        names.push(format!("client:{client}"));
    }
    names
}

macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word),+
                }
            }

            pub fn parse(text: &str) -> Option<$name> {
                match text {
                    $($word => Some($name::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

words!(Status {
    Pending = "pending",
    Processing = "processing",
    Paid = "paid",
    Expired = "expired",
    Cancelled = "cancelled",
    Refunded = "refunded",
});
words!(Hold { Live = "live", Sold = "sold", Released = "released" });
words!(Session {
    Opening = "opening",
    Open = "open",
    Complete = "complete",
    Closed = "closed",
    Never = "never",
});
