//! Orders: what was promised, to whom, for how much, and how far it has come.

use std::collections::BTreeMap;

use crate::coupons::CouponCode;
use crate::ids::OrderId;
use crate::money::{Currency, Money};
use crate::places::Destination;
use crate::pricing::LineParts;
use crate::shipping::Days;
use crate::taxes::{Rate, TaxLine, Taxation};
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
    /// Its part of the order's discount.
    pub discount_minor: i64,
    pub tax_rate: Rate,
    /// Its part of the order's tax, in the price or on top of it.
    pub tax_minor: i64,
    /// What the buyer pays for it: the units less the discount, and the tax where that comes on top.
    pub total_minor: i64,
    /// Units that have left for the buyer.
    pub shipped: i64,
    /// Units that will not be sent any more.
    pub cancelled: i64,
    /// Units that are back on the shelf (S3: each unit once).
    pub restocked: i64,
}

/// How far the parcels have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fulfilment {
    Unfulfilled,
    PartlyShipped,
    /// Nothing is left to send.
    Shipped,
    Delivered,
}

/// The code that an order was placed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CouponUse {
    pub code: CouponCode,
    /// Whether its use is this order's; false: it was given back (C1).
    pub counts: bool,
}

/// How an order is sent, frozen when it was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDelivery {
    pub zone: String,
    pub method: String,
    /// In the order's language.
    pub title: String,
    pub days: Option<Days>,
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
    /// What shipping and taxes were priced by; `None`: nothing depended on it.
    pub destination: Option<Destination>,
    /// `None`: nothing was asked about delivery.
    pub delivery: Option<OrderDelivery>,
    pub coupon: Option<CouponUse>,
    pub currency: Currency,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    /// As the method says; the tax is in it or comes on top, as with the goods.
    pub shipping_minor: i64,
    pub shipping_tax_minor: i64,
    pub taxation: Taxation,
    /// All of the tax, that of shipping included: in the prices or on top, as `taxation` says.
    pub tax_minor: i64,
    /// By rate, for the invoice.
    pub tax_lines: Vec<TaxLine>,
    pub total_minor: i64,
    pub reserved_at: Timestamp,
    pub hold_due_at: Timestamp,
    /// Whether the buyer has asked for longer; that is granted once.
    pub hold_extended: bool,
    pub session: Session,
    pub session_id: Option<String>,
    pub session_url: Option<String>,
    pub session_expires_at: Option<Timestamp>,
    pub livemode: Option<bool>,
    pub payment_intent: Option<String>,
    pub paid_at: Option<Timestamp>,
    /// When somebody asked to call the order off. What follows depends on what the money does.
    pub cancelled_at: Option<Timestamp>,
    /// In the words of whoever asked.
    pub cancel_reason: String,
    pub fulfilment: Fulfilment,
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

    /// Whether its buyer's data were erased: every order has an address until then.
    pub fn is_erased(&self) -> bool {
        self.email.is_empty()
    }

    /// What the buyer paid for the delivery, its tax included: what goes back when shipping is refunded.
    pub fn shipping_total_minor(&self) -> i64 {
        match self.taxation {
            Taxation::Added => self.shipping_minor + self.shipping_tax_minor,
            Taxation::None | Taxation::Included => self.shipping_minor,
        }
    }

    /// How far the parcels have come, from the lines themselves.
    pub fn fulfilment_now(&self) -> Fulfilment {
        let shipped: i64 = self.lines.iter().map(|line| line.shipped).sum();
        let open: i64 = self.lines.iter().map(Line::open).sum();
        match (shipped, open) {
            (0, _) => Fulfilment::Unfulfilled,
            (_, 0) if self.fulfilment == Fulfilment::Delivered => Fulfilment::Delivered,
            (_, 0) => Fulfilment::Shipped,
            _ => Fulfilment::PartlyShipped,
        }
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

impl Line {
    /// Units that may still be sent.
    pub fn open(&self) -> i64 {
        self.quantity - self.shipped - self.cancelled
    }

    /// What the buyer paid for so many units of this line, in minor units, when `before` units are counted already. The
    /// discount is in it, as it was frozen; the shares of all units sum to the line exactly, whatever pieces they are
    /// taken in, and each is in whole steps of the currency, so that it can be refunded alone (scenario C13).
    pub fn share(&self, before: i64, units: i64, step_minor: i64) -> i64 {
        self.parts().share(before, units, step_minor).total_minor
    }

    pub fn parts(&self) -> LineParts {
        LineParts {
            quantity: self.quantity,
            subtotal_minor: self.unit_price_minor * self.quantity,
            discount_minor: self.discount_minor,
            tax_minor: self.tax_minor,
            total_minor: self.total_minor,
        }
    }

    /// S3: no unit goes two ways.
    pub fn assert_holds(&self) {
        assert!(self.shipped >= 0 && self.cancelled >= 0 && self.open() >= 0, "S3: a unit is shipped or cancelled");
        assert!((0..=self.quantity).contains(&self.restocked), "S3: a unit is restocked once");
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

/// An enum whose words are stored and shown: both directions from one list.
#[macro_export]
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
words!(Fulfilment {
    Unfulfilled = "unfulfilled",
    PartlyShipped = "partly_shipped",
    Shipped = "shipped",
    Delivered = "delivered",
});
