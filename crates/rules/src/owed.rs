//! What is owed of a payment because refunds of it failed: each keeps its own sum until other money goes back in its place.
//!
//! M3: what is owed of a payment is never more than is left of it. What went back in the place of a failed refund and fails
//! as well is owed instead of it, so that the same money is owed once however often it comes back.

use std::collections::BTreeMap;

use crate::ids::RefundId;
use crate::refunds::{Refund, RefundKind};

type Refunds = BTreeMap<RefundId, Refund>;

/// What a refund that is not on its way any more leaves owed. `left_minor`: what of its payment no refund gives back.
///
/// One that was given up may have been sent after all, and what was sent in its place as well: all that stand in one
/// another's place have one sum to give back, and what any of them gives back or leaves owed is nobody's due twice.
pub fn owed_by(refunds: &Refunds, failed: &Refund, left_minor: i64) -> i64 {
    let first = first_of(refunds, failed);
    let (mut stands, mut owed_here) = (0, 0);
    let sum = each_in_place_of(refunds, failed, first, &mut |other| {
        stands += if other.state.is_alive() { other.amount.minor } else { 0 };
        owed_here += other.owed_minor;
    });
    let owed: i64 = others(refunds, failed).map(|other| other.owed_minor).sum();
    failed.amount.minor.min(sum - stands - owed_here).min(left_minor - owed).max(0)
}

/// The refund that the chain of those sent in one another's place began with.
fn first_of<'a>(refunds: &'a Refunds, refund: &'a Refund) -> &'a Refund {
    match refund.instead_of.and_then(|id| refunds.get(&id)) {
        Some(earlier) => first_of(refunds, earlier),
        None => refund,
    }
}

/// Goes through a refund and all that were sent in its place, but for the one that fails just now, and answers what they have
/// to give back between them: one that was sent instead may have been larger than what it made up for.
fn each_in_place_of(refunds: &Refunds, failed: &Refund, refund: &Refund, look: &mut impl FnMut(&Refund)) -> i64 {
    if refund.id != failed.id {
        look(refund);
    }
    let instead = refunds.values().filter(|other| other.instead_of == Some(refund.id));
    refund.amount.minor.max(instead.map(|other| each_in_place_of(refunds, failed, other, look)).sum())
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

/// What a refund leaves owed by failing late is owed by what was sent in its place and failed before it, as far as that goes:
/// sending it again is a wish for that one, and the wish for the first was used up. Answers which others owe more now.
pub fn hand_on(refunds: &mut Refunds, failed: &mut Refund) -> Vec<RefundId> {
    let dead = refunds.values().filter(|later| later.instead_of == Some(failed.id) && !later.state.is_alive());
    let dead: Vec<RefundId> = dead.map(|later| later.id).collect();
    let mut owing = Vec::new();
    for id in dead {
        let mut later = refunds[&id].clone();
        let taken = failed.owed_minor.min(later.amount.minor - later.owed_minor);
        if taken > 0 {
            failed.owed_minor -= taken;
            later.owed_minor += taken;
            owing.extend(hand_on(refunds, &mut later));
            owing.push(id);
            refunds.insert(id, later);
        }
    }
    owing
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

/// How much of what comes may be meant for what a failed one was for: the same goods, the shipping, and what comes for nothing
/// that was named. A failed one that named no goods is not made up for by goods that are paid back.
fn overlap(coming: &Refund, failed: &Refund) -> i64 {
    let of_line =
        |line_no: i64| failed.lines.iter().find(|line| line.line_no == line_no).map_or(0, |line| line.amount_minor);
    let goods: i64 = match coming.kind {
        // It gives back units that were to be sent still; those of a failed refund had been sent or called off.
        RefundKind::Cancelled => 0,
        RefundKind::Late | RefundKind::Surplus | RefundKind::ByHand | RefundKind::Dashboard | RefundKind::Elsewhere => {
            coming.lines.iter().map(|line| line.amount_minor.min(of_line(line.line_no))).sum()
        }
    };
    let named: i64 = coming.lines.iter().map(|line| line.amount_minor).sum();
    let unnamed = coming.amount.minor - named - coming.shipping_minor;
    goods + coming.shipping_minor.min(failed.shipping_minor) + unnamed
}

fn lower(refunds: &mut Refunds, id: RefundId, by_minor: i64) -> i64 {
    let refund = refunds.get_mut(&id).expect("it was found among them");
    let minor = by_minor.min(refund.owed_minor);
    refund.owed_minor -= minor;
    minor
}
