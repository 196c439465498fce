//! The letters that say one thing: which of their sentences are true of the order as it stands now.

use rules::disputes::{Dispute, DisputeState};
use rules::effects::Letter;
use rules::money::Money;
use rules::payments::Purpose;
use rules::refunds::{Refund, RefundKind};

use super::key;
use crate::language::{Argument, Language, Words, format_money, format_time, refund_failure};
use crate::storage::orders::OrderView;

/// What a letter says, sentence by sentence.
pub(super) struct Notice {
    pub(super) heading: String,
    pub(super) paragraphs: Vec<String>,
    pub(super) amount: String,
    pub(super) total_label: String,
    /// The amount is not the order's total, but something else about it.
    pub(super) is_of_a_part: bool,
}

/// How the money stands that a letter speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Back, or on its way.
    Back,
    /// It did not go through, and is owed.
    Owed,
    /// There is none.
    None,
}

/// The part of the key that the subject has.
pub(super) fn subject(kind: Letter, about: &str, order: &OrderView) -> &'static str {
    match (kind, own_money(kind, order).0) {
        (Letter::LateRefund | Letter::OwnerLatePayment, Way::Owed) => "subject-owed",
        (Letter::OrderShipped, _) if is_part(order) => "subject-part",
        (Letter::OwnerDispute, _) if is_warning(dispute(about, order)) => "subject-warning",
        _ => "subject",
    }
}

pub(super) fn of(words: &Words, language: Language, kind: Letter, about: &str, order: &OrderView) -> Notice {
    let (way, money) = own_money(kind, order);
    let (refund, dispute) = (refund(about, order), dispute(about, order));
    let odd = order.payments.iter().find(|payment| payment.purpose == Purpose::Mismatch);
    let total = Money::new(order.total, order.currency);
    let (amount, why, due) = match (kind, refund, dispute) {
        (Letter::OwnerDispute, _, Some(dispute)) => (dispute.amount, dispute.reason.clone(), dispute.due_by),
        (Letter::OwnerPaymentDiffers, _, _) => (odd.map_or(total, |odd| odd.amount), String::new(), None),
        (_, Some(refund), _) => (refund.amount, refund_failure(words, language, &refund.failure), None),
        _ => (money, String::new(), None),
    };
    let paid_at = order.paid_at.unwrap_or(order.reserved_at);
    let due = due.map(|due| format!("{} UTC", format_time(language, due, "UTC"))).unwrap_or_default();
    let parts = parts(kind, order, way, dispute, (why.is_empty(), due.is_empty()));
    let named = [
        ("amount", Argument::from(format_money(language, amount))),
        ("total", format_money(language, total).into()),
        ("number", order.number.to_string().into()),
        ("why", why.into()),
        ("due", due.into()),
        // The reader's zone is not known, so the zone is said.
        ("time", format!("{} UTC", format_time(language, paid_at, "UTC")).into()),
        ("email", order.email.as_str().into()),
    ];
    let say = |part: &str| words.say(language, &key(kind, part), &named);
    let (label, amount) = match kind {
        // Where nothing goes back, a refund of zero would only be odd.
        Letter::OrderConfirmed | Letter::OwnerNewOrder => ("letter-total-paid", total),
        Letter::PaymentProcessing | Letter::PaymentFailed | Letter::OrderShipped | Letter::OrderLink => {
            ("letter-total", total)
        }
        Letter::OrderCancelled if way != Way::Back => ("letter-total", total),
        Letter::LateRefund if way != Way::Back => ("letter-total-concerned", amount),
        Letter::RefundSent | Letter::OrderCancelled | Letter::LateRefund => ("letter-total-refunded", amount),
        _ => ("letter-total-concerned", amount),
    };
    let (heading, paragraphs) = match parts.split_first() {
        Some((heading, paragraphs)) => (say(heading), paragraphs.iter().map(|part| say(part)).collect()),
        None => (String::new(), Vec::new()),
    };
    Notice {
        heading,
        paragraphs,
        amount: format_money(language, amount),
        total_label: words.say(language, label, &[]),
        is_of_a_part: !matches!(label, "letter-total" | "letter-total-paid"),
    }
}

/// The heading, then the paragraphs.
fn parts(
    kind: Letter,
    order: &OrderView,
    way: Way,
    dispute: Option<&Dispute>,
    (no_why, no_due): (bool, bool),
) -> Vec<&'static str> {
    let cancelled = order.cancelled_at.is_some();
    match kind {
        Letter::OrderConfirmed if order.total == 0 => vec!["heading", "free", "next"],
        Letter::OrderConfirmed => vec!["heading", "paid", "next"],
        Letter::OrderLink => vec!["heading", "text"],
        Letter::PaymentProcessing => vec!["heading", "text", "wait"],
        Letter::PaymentFailed => vec!["heading", "text", "again"],
        Letter::OrderShipped if is_part(order) => vec!["heading-part", "rest", "text"],
        Letter::OrderShipped => vec!["heading", "text"],
        Letter::LateRefund => {
            let (heading, what) = match (cancelled, way) {
                (true, Way::Owed) => ("heading-owed", "what-cancelled"),
                (true, _) => ("heading-cancelled", "what-cancelled"),
                // It may have been the code alone that was gone.
                (false, _) if order.coupon.is_some() => ("heading-code", "what-code"),
                (false, _) => ("heading", "what"),
            };
            let money: &[_] = if way == Way::Owed { &["owed"] } else { &["money", "when"] };
            let sorry: &[_] = if cancelled { &[] } else { &["sorry"] };
            [&[heading, what], money, sorry].concat()
        }
        Letter::OrderCancelled => {
            let sent = order.lines.iter().any(|line| line.shipped > 0);
            let heading = if sent { "heading-rest" } else { "heading" };
            match way {
                Way::Back => vec![heading, "text", "money"],
                Way::Owed => vec![heading, "text", "owed"],
                Way::None if order.captured() == 0 => vec![heading, "text", "nothing"],
                Way::None => vec![heading, "text"],
            }
        }
        Letter::RefundSent if order.going_back() < order.captured() => vec!["heading", "part", "text"],
        Letter::RefundSent => vec!["heading", "whole", "text"],
        Letter::OwnerNewOrder if order.total == 0 => vec!["heading", "free"],
        Letter::OwnerLatePayment if way == Way::Owed => vec!["heading", "owed"],
        Letter::OwnerRefundFailed if no_why => vec!["heading", "text", "do"],
        Letter::OwnerRefundFailed => vec!["heading", "text", "why", "do"],
        Letter::OwnerDispute => match dispute.map(|dispute| dispute.state) {
            Some(DisputeState::Warning) => vec!["heading-warning", "warning"],
            Some(DisputeState::Inquiry) => vec!["heading", "inquiry"],
            Some(DisputeState::Won | DisputeState::Lost | DisputeState::Closed) => vec!["heading-over", "over"],
            Some(DisputeState::Open) | None if no_due => vec!["heading", "text"],
            Some(DisputeState::Open) | None => vec!["heading", "text", "due"],
        },
        Letter::OwnerNewOrder
        | Letter::OwnerLatePayment
        | Letter::OwnerPaymentDiffers
        | Letter::OwnerRefundUnassigned => vec!["heading", "text"],
    }
}

/// The money that goes back by itself for the reason this letter gives, and how it stands. Refunds that somebody made
/// for other reasons have their own letters.
fn own_money(kind: Letter, order: &OrderView) -> (Way, Money) {
    let own = |refund: &&Refund| match kind {
        Letter::OrderCancelled => matches!(refund.kind, RefundKind::Cancelled),
        Letter::LateRefund | Letter::OwnerLatePayment => refund.kind == RefundKind::Late,
        _ => false,
    };
    let (alive, dead): (Vec<&Refund>, Vec<&Refund>) =
        order.refunds.iter().filter(own).partition(|refund| refund.state.is_alive());
    let owed = order.captured() - order.going_back();
    match (alive.last(), dead.last()) {
        (Some(alive), _) => (Way::Back, alive.amount),
        (None, Some(dead)) if owed > 0 => (Way::Owed, dead.amount),
        // It went back by another way, such as a refund in the Dashboard.
        (None, Some(dead)) => (Way::Back, dead.amount),
        (None, None) => (Way::None, Money::new(order.total, order.currency)),
    }
}

fn refund<'a>(about: &str, order: &'a OrderView) -> Option<&'a Refund> {
    order.refunds.iter().find(|refund| refund.id.to_string() == about)
}

fn dispute<'a>(about: &str, order: &'a OrderView) -> Option<&'a Dispute> {
    order.disputes.iter().find(|dispute| dispute.id == about)
}

/// Whether something is still to leave.
fn is_part(order: &OrderView) -> bool {
    order.lines.iter().any(|line| line.quantity > line.shipped + line.cancelled)
}

fn is_warning(dispute: Option<&Dispute>) -> bool {
    dispute.is_some_and(|dispute| dispute.state == DisputeState::Warning)
}
