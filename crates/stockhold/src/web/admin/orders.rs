//! Orders at the desk: the list, one order with all that happened to it, and what can be done about it.
//!
//! Invariants: a page shows the books as they stand and changes nothing; whatever moves stock or money is a command of the
//! ledger, with an identity that was drawn with its form, so that a second click and a second person meet the first answer;
//! what is refused is said where it happened, in the words of whoever reads it.

pub mod address;
mod large;
pub mod list;
pub mod order;
pub mod paper;
pub mod refund;
pub mod ship;
pub mod small;
mod timeline;

use minijinja::context;
use minijinja::value::Value;
use rules::commands::Refusal;
use rules::ids::OrderId;
use rules::money::Currency;
use rules::orders::{Fulfilment, Status};

use super::desk::Desk;
use crate::language::address_lines;
use crate::ledger::Failure;
use crate::storage::orders::{self, OrderLineView, OrderView};
use crate::web::PageError;
use crate::web::storefront::plain;

/// Longest reason, carrier, tracking number.
const WORDS_CHARS_MAX: usize = 500;

/// Fields of a form or an address, as they came; a name may stand several times.
pub type Fields = Vec<(String, String)>;

fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value.trim())
}

/// One line of text that fits; `None`: it is too long, or no line.
fn line<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    plain(field(fields, name)).filter(|text| text.chars().count() <= WORDS_CHARS_MAX)
}

/// The order that an address names.
async fn stored(desk: &Desk, id: &str) -> Result<OrderView, PageError> {
    let id: OrderId = id.parse().map_err(|_| PageError::NotFound)?;
    orders::find(&desk.shop.storage, id).await?.ok_or(PageError::NotFound)
}

/// The orders that were ticked, each once.
fn ticked(fields: &[(String, String)]) -> Vec<OrderId> {
    let named = fields.iter().filter(|(name, _)| name == "order").filter_map(|(_, id)| id.parse().ok());
    let mut ids: Vec<OrderId> = named.take(list::ROWS).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// An identity for something that a form will ask for.
fn drawn() -> u128 {
    uuid::Uuid::now_v7().as_u128()
}

/// What was refused; faults are the machine's and no page's.
fn refusal(failure: Failure) -> Result<Refusal, PageError> {
    match failure {
        Failure::Refused(refusal) => Ok(refusal),
        Failure::Fault(fault) => Err(PageError::Fault(fault.to_string())),
    }
}

/// A refusal in the words of the desk.
fn refused(desk: &Desk, refusal: &Refusal) -> String {
    let amount = |minor: i64, currency: Currency| desk.money_in(minor, currency);
    match refusal {
        Refusal::NotPaid => desk.say("admin-orders-refused-not-paid", &[]),
        Refusal::DisputeOpen => desk.say("admin-orders-refused-dispute", &[]),
        Refusal::AlreadyShipped => desk.say("admin-orders-refused-shipped", &[]),
        Refusal::NothingToShip => desk.say("admin-orders-refused-nothing-to-ship", &[]),
        Refusal::NothingToRefund => desk.say("admin-orders-refused-nothing-to-refund", &[]),
        Refusal::UnitsNotThere { sku, left } => {
            desk.say("admin-orders-refused-units", &[("sku", sku.as_str().into()), ("left", (*left).into())])
        }
        Refusal::RefundTooLarge { left_minor, currency } => {
            desk.say("admin-orders-refused-too-large", &[("left", amount(*left_minor, *currency).into())])
        }
        Refusal::AmountNotInSteps { step_minor, currency } => {
            desk.say("admin-orders-refused-steps", &[("step", amount(*step_minor, *currency).into())])
        }
        Refusal::IdempotencyKeyReused => desk.say("admin-orders-refused-form-used", &[]),
        Refusal::DestinationFixed => desk.say("admin-orders-refused-destination", &[]),
        Refusal::ChangedMeanwhile => desk.say("admin-orders-refused-changed", &[]),
        other => desk.say("admin-orders-refused-other", &[("why", other.to_string().into())]),
    }
}

/// A chip: its colour and its word.
fn chip(desk: &Desk, (kind, key): (&'static str, &'static str)) -> Value {
    context! { kind, word => desk.say(key, &[]) }
}

/// What the money of an order is like, as far as a chip can say.
#[derive(Debug, Clone, Copy, Default)]
struct MoneyState {
    captured: i64,
    going_back: i64,
    differs: bool,
    refund_failed: bool,
    disputed: bool,
}

impl MoneyState {
    fn of(order: &OrderView) -> MoneyState {
        use rules::disputes::DisputeState;
        use rules::payments::Purpose;
        let odd = |payment: &&rules::payments::Payment| {
            payment.purpose == Purpose::Mismatch && payment.refunded_minor < payment.amount.minor
        };
        let open = [DisputeState::Warning, DisputeState::Inquiry, DisputeState::Open];
        MoneyState {
            captured: order.captured(),
            going_back: order.going_back(),
            differs: order.payments.iter().any(|payment| odd(&payment)),
            refund_failed: order.refunds.iter().any(|refund| order.owed(refund) > 0),
            disputed: order.disputes.iter().any(|dispute| open.contains(&dispute.state)),
        }
    }

    /// Whether all of it is back or on its way: nothing of the order is paid for any more.
    fn is_all_going_back(self) -> bool {
        self.captured > 0 && self.going_back >= self.captured
    }

    /// What is most urgent comes first.
    fn chip(self, status: Status) -> (&'static str, &'static str) {
        if self.disputed {
            return ("bad", "admin-orders-chip-disputed");
        }
        if self.differs {
            return ("bad", "admin-orders-chip-differs");
        }
        if self.refund_failed && status != Status::Paid {
            return ("bad", "admin-orders-chip-refund-failed");
        }
        match status {
            Status::Pending => ("wait", "admin-orders-chip-unpaid"),
            Status::Processing => ("wait", "admin-orders-chip-processing"),
            Status::Paid if self.refund_failed => ("bad", "admin-orders-chip-refund-failed"),
            Status::Paid if self.is_all_going_back() => ("info", "admin-orders-chip-refund-on-its-way"),
            Status::Paid if self.going_back > 0 => ("info", "admin-orders-chip-part-refunded"),
            Status::Paid => ("ok", "admin-orders-chip-paid"),
            Status::Expired => ("off", "admin-orders-chip-expired"),
            Status::Cancelled => ("off", "admin-orders-chip-cancelled"),
            Status::Refunded => ("off", "admin-orders-chip-refunded"),
        }
    }
}

/// How far the parcels are; none where nothing is sent, or was to be and is called off.
fn shipping_chip(status: Status, fulfilment: Fulfilment, open: i64) -> Option<(&'static str, &'static str)> {
    match (fulfilment, status) {
        (Fulfilment::Unfulfilled, Status::Paid) if open > 0 => Some(("wait", "admin-orders-chip-unshipped")),
        (Fulfilment::Unfulfilled, _) => None,
        (Fulfilment::PartlyShipped, _) => Some(("wait", "admin-orders-chip-part-shipped")),
        (Fulfilment::Shipped, _) => Some(("ok", "admin-orders-chip-shipped")),
        (Fulfilment::Delivered, _) => Some(("ok", "admin-orders-chip-delivered")),
    }
}

fn open_units(line: &OrderLineView) -> i64 {
    line.quantity - line.shipped - line.cancelled
}

/// Whether somebody is led to pack it: not what is not paid, what is called off, or what is not paid for any more because all of
/// its money goes back, also while that is on its way.
fn is_packed(order: &OrderView) -> bool {
    order.status == Status::Paid
        && !MoneyState::of(order).is_all_going_back()
        && order.lines.iter().any(|line| line.quantity > line.cancelled)
}

fn full_title(line: &OrderLineView) -> String {
    if line.variant_title.is_empty() { line.title.clone() } else { format!("{} · {}", line.title, line.variant_title) }
}

/// The name on the parcel.
fn name_on(address: &str) -> String {
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(address).unwrap_or_default();
    fields.get("name").and_then(|name| name.as_str()).unwrap_or_default().trim().to_owned()
}

fn shown_address(desk: &Desk, order: &OrderView) -> Vec<String> {
    if order.shipping_address.is_empty() { Vec::new() } else { address_lines(desk.language, &order.shipping_address) }
}

/// Where an order's page is, without the language's prefix.
fn place_of(order: OrderId) -> String {
    format!("/admin/orders/{order}")
}

/// What the head of each page about one order says.
fn heading(desk: &Desk, order: &OrderView) -> Value {
    let money = MoneyState::of(order);
    let open = order.lines.iter().map(open_units).sum();
    let chips = [Some(money.chip(order.status)), shipping_chip(order.status, order.fulfilment, open)];
    context! {
        id => order.id.to_string(),
        number => order.number,
        // Its goods and its delivery are named in its buyer's language.
        lang => order.language.as_str(),
        title => desk.say("admin-orders-order", &[("number", order.number.to_string().into())]),
        here => format!("{}{}", desk.prefix(), place_of(order.id)),
        chips => chips.into_iter().flatten().map(|known| chip(desk, known)).collect::<Vec<_>>(),
    }
}

/// An amount as people type it, in minor units: `12`, `12.50`; `None`: no amount, or finer than the currency.
fn minor_of(text: &str, currency: Currency) -> Option<i64> {
    let decimals = currency.decimals() as usize;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=12).contains(&whole.len()) || !digits(whole) || !digits(part) || part.len() > decimals {
        return None;
    }
    format!("{whole}{part:0<decimals$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_in_minor_units() {
        let currency = |code| Currency::parse(code).expect("a currency");
        for (text, code, minor) in [
            ("12", "USD", Some(1200)),
            ("12.5", "USD", Some(1250)),
            ("12.05", "USD", Some(1205)),
            ("12.055", "USD", None),
            ("1290", "JPY", Some(1290)),
            ("12.9", "JPY", None),
            ("-1", "USD", None),
            ("", "USD", None),
            ("1e3", "USD", None),
            ("9999999999999", "USD", None),
        ] {
            assert_eq!(minor_of(text, currency(code)), minor, "{text} {code}");
        }
    }
}
