//! What is owed of a payment because refunds of it failed: each keeps its own sum until other money goes back in its place.
//!
//! M3: what is owed of a payment is never more than is left of it. What went back in the place of a failed refund and fails
//! as well is owed instead of it, so that the same money is owed once however often it comes back.

use std::collections::BTreeMap;

use crate::ids::RefundId;
use crate::refunds::{Refund, RefundKind};

type Refunds = BTreeMap<RefundId, Refund>;

/// What a refund that is not on its way any more leaves owed. `left_minor`: what of its payment no refund gives back.
pub fn owed_by(refunds: &Refunds, failed: &Refund, left_minor: i64) -> i64 {
    // One that was given up may have been sent after all; then what was sent in its place is nobody's due.
    let linked = |other: &&Refund| failed.instead_of == Some(other.id) || other.instead_of == Some(failed.id);
    let alive = others(refunds, failed).filter(linked).filter(|other| other.state.is_alive());
    let stands: i64 = alive.map(|other| other.amount.minor).sum();
    let owed: i64 = others(refunds, failed).map(|other| other.owed_minor).sum();
    (failed.amount.minor - stands).min(left_minor - owed).max(0)
}

/// Money that goes back makes up for refunds that failed before: for the one that it is sent instead of, then for those
/// that it may be meant for. Answers which others were owed and may be owed less now.
pub fn make_up(refunds: &mut Refunds, coming: &mut Refund, left_minor: i64) -> Vec<RefundId> {
    let mut amount = coming.amount.minor - coming.owed_minor;
    coming.owed_minor = 0;
    let mut owed: Vec<&Refund> = others(refunds, coming).filter(|other| other.owed_minor > 0).collect();
    // Of several, the one of the same amount is the likeliest, then the oldest.
    owed.sort_by_key(|other| (coming.instead_of != Some(other.id), other.owed_minor != amount, other.at, other.id));
    let meant = |other: &Refund| if coming.instead_of == Some(other.id) { i64::MAX } else { overlap(coming, other) };
    let owed: Vec<(RefundId, i64)> = owed.into_iter().map(|other| (other.id, meant(other))).collect();
    let is_new = !refunds.contains_key(&coming.id);
    for (id, meant) in &owed {
        let made_up = lower(refunds, *id, amount.min(*meant));
        amount -= made_up;
        if made_up > 0 && is_new {
            coming.instead_of.get_or_insert(*id);
        }
    }
    // What went back for other goods is not here any more, for whomever it was owed.
    let still: i64 = owed.iter().map(|(id, _)| refunds[id].owed_minor).sum();
    let mut missing = (still - left_minor).max(0);
    for (id, _) in &owed {
        missing -= lower(refunds, *id, missing);
    }
    owed.into_iter().map(|(id, _)| id).collect()
}

/// The refund by which the money of a failed one is owed now: itself, or what was sent in its place and failed as well.
pub fn standing_for<'a>(refunds: &'a Refunds, failed: &'a Refund) -> Option<&'a Refund> {
    if failed.state.is_alive() {
        return None;
    }
    if failed.owed_minor > 0 {
        return Some(failed);
    }
    let mut later = refunds.values().filter(|later| later.instead_of == Some(failed.id));
    later.find_map(|later| standing_for(refunds, later))
}

/// The other refunds of its payment.
fn others<'a>(refunds: &'a Refunds, refund: &Refund) -> impl Iterator<Item = &'a Refund> {
    let (id, intent) = (refund.id, refund.intent_id.clone());
    refunds.values().filter(move |other| other.id != id && other.intent_id == intent)
}

/// How much of what comes may be meant for what a failed one was for: the same goods, the shipping, and whatever names neither.
fn overlap(coming: &Refund, failed: &Refund) -> i64 {
    let of_line =
        |line_no: i64| failed.lines.iter().find(|line| line.line_no == line_no).map_or(0, |line| line.amount_minor);
    let goods: i64 = match coming.kind {
        // It gives back units that were to be sent still; those of a failed refund had been sent or called off.
        RefundKind::Cancelled => 0,
        RefundKind::Late | RefundKind::Surplus | RefundKind::ByHand | RefundKind::Dashboard => {
            coming.lines.iter().map(|line| line.amount_minor.min(of_line(line.line_no))).sum()
        }
    };
    let unnamed = |refund: &Refund| {
        let named: i64 = refund.lines.iter().map(|line| line.amount_minor).sum();
        refund.amount.minor - named - refund.shipping_minor
    };
    goods + coming.shipping_minor.min(failed.shipping_minor) + unnamed(coming) + unnamed(failed)
}

fn lower(refunds: &mut Refunds, id: RefundId, by_minor: i64) -> i64 {
    let refund = refunds.get_mut(&id).expect("it was found among them");
    let minor = by_minor.min(refund.owed_minor);
    refund.owed_minor -= minor;
    minor
}
