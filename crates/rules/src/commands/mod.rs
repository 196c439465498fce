//! The commands: one file per thing the shop does. Each is decided here, in memory, against the loaded books.
//!
//! A command either changes the books or returns a [`Refusal`] and changes nothing: every check stands before the
//! first change. The same command again meets its first answer.

pub mod assign_refund;
pub mod cancel_order;
pub mod change_address;
pub mod confirm_free;
pub mod correct_stock;
pub mod count_stock;
pub mod expire_hold;
pub mod extend_hold;
pub mod place_order;
pub mod record_checkout;
pub mod record_dispute;
pub mod record_payment;
pub mod record_refund;
pub mod refund_order;
pub mod release_hold;
pub mod ship_order;

use crate::books::Books;
use crate::coupons::{CouponCode, CouponRefusal};
use crate::ids::{CountId, OrderId, ShipmentId};
use crate::money::Currency;
use crate::pricing::PricingRefusal;
use crate::shipping::ShippingRefusal;
use crate::stock::{Counted, Short};
use crate::text::Sku;
use crate::time::Timestamp;

use assign_refund::AssignRefund;
use cancel_order::{CancelOrder, Cancelled};
use change_address::{AddressChanged, ChangeAddress};
use confirm_free::ConfirmFree;
use correct_stock::CorrectStock;
use count_stock::CountStock;
use extend_hold::{ExtendHold, Extended};
use place_order::{PlaceOrder, Placed};
use record_checkout::RecordCheckout;
use record_dispute::RecordDispute;
use record_payment::{RecordPayment, Recorded};
use record_refund::RecordRefund;
use refund_order::{RefundOrder, Refunding};
use release_hold::ReleaseHold;
use ship_order::{ShipOrder, Shipped};

/// Everything that changes stock or money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    PlaceOrder(PlaceOrder),
    ConfirmFree(ConfirmFree),
    ExtendHold(ExtendHold),
    RecordCheckout(RecordCheckout),
    RecordPayment(RecordPayment),
    RecordRefund(RecordRefund),
    RecordDispute(RecordDispute),
    CancelOrder(CancelOrder),
    RefundOrder(RefundOrder),
    AssignRefund(AssignRefund),
    ShipOrder(ShipOrder),
    ChangeAddress(ChangeAddress),
    ReleaseHold(ReleaseHold),
    CountStock(CountStock),
    CorrectStock(CorrectStock),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Placed(Placed),
    Extended(Extended),
    Recorded(Recorded),
    Cancelled(Cancelled),
    Refunding(Refunding),
    Shipped(Shipped),
    AddressChanged(AddressChanged),
    Counted(Counted),
}

/// A right answer that is no: typed, shown to people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("Not enough in stock: {}.", short_lines(.lines))]
    OutOfStock { lines: Vec<Short> },
    #[error("There is no item {sku}.")]
    UnknownSku { sku: Sku },
    #[error("{sku} is not for sale.")]
    NotForSale { sku: Sku },
    #[error("The cart is empty.")]
    EmptyCart,
    #[error("An order has at most {most} lines.")]
    TooManyLines { most: usize },
    #[error("Order between 1 and {most} of {sku}.")]
    QuantityOutOfRange { sku: Sku, most: i64 },
    #[error("This order is worth more than can be charged at once.")]
    AmountTooLarge,
    #[error("This order is worth less than can be charged.")]
    AmountTooSmall { least_minor: i64 },
    #[error("There is no such coupon.")]
    CouponUnknown,
    #[error(transparent)]
    Coupon(#[from] CouponRefusal),
    #[error(transparent)]
    Shipping(#[from] ShippingRefusal),
    #[error("The total has changed. It is now {total_minor} {currency} (in minor units).")]
    TotalChanged { total_minor: i64, currency: Currency },
    #[error("At most {most} unpaid orders can be open at a time. Pay one or let it lapse first.")]
    HoldCapReached { most: i64 },
    #[error("This idempotency key was used for another request.")]
    IdempotencyKeyReused,
    #[error("{held} of {sku} are held for orders; stock cannot go below that.")]
    StockBelowHeld { sku: Sku, held: i64 },
    #[error(
        "By now {missing} of {sku} would be missing, or others hold them than those that were named. Look at it again."
    )]
    ShortfallChanged { sku: Sku, missing: i64 },
    #[error("{sku} was counted or corrected by somebody else meanwhile. Look at it again.")]
    StockCountedSince { sku: Sku },
    #[error("This change of stock for {sku} is zero or beyond what can be counted.")]
    ChangeOutOfRange { sku: Sku },
    #[error("There is no such order.")]
    OrderUnknown,
    #[error("There is no such refund.")]
    RefundUnknown,
    #[error("The payment page of this order may still be open.")]
    SessionStillOpen,
    #[error("This order has been sent and cannot be cancelled any more. Once it is back, it can be refunded.")]
    AlreadyShipped,
    #[error("A bank is looking at this payment. Until it has decided, a refund could pay the buyer twice.")]
    DisputeOpen,
    #[error("This order is not paid.")]
    NotPaid,
    #[error("This order does not wait for a confirmation.")]
    NothingToConfirm,
    #[error("The goods of this order are not held any more, or cannot be held longer.")]
    HoldOver,
    #[error("{sku} is all held or sold, and others may wait for it: it cannot be held longer.")]
    OthersWait { sku: Sku },
    #[error("There is nothing to refund.")]
    NothingToRefund,
    #[error("This is more than what is left of the payment ({left_minor} {currency}, in minor units).")]
    RefundTooLarge { left_minor: i64, currency: Currency },
    #[error("An amount in {currency} is a multiple of {step_minor} minor units.")]
    AmountNotInSteps { step_minor: i64, currency: Currency },
    #[error("This order has no line {line_no}.")]
    LineUnknown { line_no: i64 },
    #[error("Only {left} of {sku} are left in this order.")]
    UnitsNotThere { sku: Sku, left: i64 },
    #[error("There is nothing left to send.")]
    NothingToShip,
    #[error("Its shipping and its taxes were priced for this country and region, so the order cannot go to another.")]
    DestinationFixed,
    #[error("Somebody else has changed this meanwhile. Look at it again.")]
    ChangedMeanwhile,
    #[error("There is no such payment.")]
    PaymentUnknown,
    #[error("This refund is not one of this order's payment.")]
    RefundNotOfPayment,
}

/// The rows a command may read or change, by the ids it names itself; the lines of a loaded order come on top.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    pub orders: Vec<OrderId>,
    pub skus: Vec<Sku>,
    /// SKUs of which is asked which orders hold them.
    pub held_of: Vec<Sku>,
    pub holders: Vec<String>,
    /// Codes, with the buyer whose uses count; the coupon of a loaded order comes on top.
    pub coupons: Vec<(CouponCode, String)>,
    /// Buyers of whom is asked whether they have ordered before.
    pub buyers: Vec<String>,
    pub counts: Vec<CountId>,
    pub payments: Vec<String>,
    pub shipments: Vec<ShipmentId>,
    pub draws_number: bool,
    /// Whether the payments, refunds and disputes of the orders are read too.
    pub money: bool,
    /// Whether the lines' stock of a loaded order may change too.
    pub order_stock: bool,
}

impl Command {
    pub fn touched(&self) -> Touched {
        match self {
            Command::PlaceOrder(command) => command.touched(),
            Command::ConfirmFree(command) => command.touched(),
            Command::ExtendHold(command) => command.touched(),
            Command::RecordCheckout(command) => command.touched(),
            Command::RecordPayment(command) => command.touched(),
            Command::RecordRefund(command) => command.touched(),
            Command::RecordDispute(command) => command.touched(),
            Command::CancelOrder(command) => command.touched(),
            Command::RefundOrder(command) => command.touched(),
            Command::AssignRefund(command) => command.touched(),
            Command::ShipOrder(command) => command.touched(),
            Command::ChangeAddress(command) => command.touched(),
            Command::ReleaseHold(command) => command.touched(),
            Command::CountStock(command) => command.touched(),
            Command::CorrectStock(command) => command.touched(),
        }
    }
}

/// All the law there is: decides one command against the books.
pub fn decide(books: &mut Books, command: &Command, now: Timestamp) -> Result<Outcome, Refusal> {
    match command {
        Command::PlaceOrder(command) => place_order::place_order(books, command, now).map(Outcome::Placed),
        Command::ConfirmFree(command) => confirm_free::confirm_free(books, command, now).map(Outcome::Recorded),
        Command::ExtendHold(command) => extend_hold::extend_hold(books, command, now).map(Outcome::Extended),
        Command::RecordCheckout(command) => {
            record_checkout::record_checkout(books, command, now).map(Outcome::Recorded)
        }
        Command::RecordPayment(command) => record_payment::record_payment(books, command, now).map(Outcome::Recorded),
        Command::RecordRefund(command) => record_refund::record_refund(books, command, now).map(Outcome::Recorded),
        Command::RecordDispute(command) => record_dispute::record_dispute(books, command, now).map(Outcome::Recorded),
        Command::CancelOrder(command) => cancel_order::cancel_order(books, command, now).map(Outcome::Cancelled),
        Command::RefundOrder(command) => refund_order::refund_order(books, command, now).map(Outcome::Refunding),
        Command::AssignRefund(command) => assign_refund::assign_refund(books, command, now).map(Outcome::Refunding),
        Command::ShipOrder(command) => ship_order::ship_order(books, command, now).map(Outcome::Shipped),
        Command::ChangeAddress(command) => {
            change_address::change_address(books, command, now).map(Outcome::AddressChanged)
        }
        Command::ReleaseHold(command) => release_hold::release_hold(books, command, now).map(Outcome::Recorded),
        Command::CountStock(command) => count_stock::count_stock(books, command, now).map(Outcome::Counted),
        Command::CorrectStock(command) => correct_stock::correct_stock(books, command, now).map(Outcome::Counted),
    }
}

impl From<PricingRefusal> for Refusal {
    fn from(refusal: PricingRefusal) -> Refusal {
        match refusal {
            PricingRefusal::EmptyCart => Refusal::EmptyCart,
            PricingRefusal::TooManyLines { most } => Refusal::TooManyLines { most },
            PricingRefusal::QuantityOutOfRange { sku, most } => Refusal::QuantityOutOfRange { sku, most },
            // A price that nobody can pay is nothing that is for sale.
            PricingRefusal::NotAPrice { sku, .. } => Refusal::NotForSale { sku },
            PricingRefusal::NotAShippingPrice { .. } | PricingRefusal::TooLarge { .. } => Refusal::AmountTooLarge,
            PricingRefusal::TooSmall { least_minor } => Refusal::AmountTooSmall { least_minor },
            PricingRefusal::Coupon(refusal) => Refusal::Coupon(refusal),
        }
    }
}

fn short_lines(lines: &[Short]) -> String {
    let named: Vec<String> =
        lines.iter().map(|l| format!("{} (wanted {}, {} left)", l.sku, l.wanted, l.available)).collect();
    named.join(", ")
}
