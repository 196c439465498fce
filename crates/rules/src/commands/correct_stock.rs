//! Corrects a level by hand as somebody found it: by so many units, or from a count sheet that was printed earlier.
//!
//! What was sold since the sheet was printed stays sold, because a count says by how much the shelf differs from the
//! sheet. What was changed *by hand* since then may already be in the count: then nothing is changed, and a person looks again.
//! Fewer units than are promised is a *shortfall*: refused until somebody confirms it, and then in the books. The promise
//! `0 <= held <= on_hand` stands; what is missing is short, and written off as soon as it is free. A confirmation is for what
//! was shown: if more is missing by now, or for the orders of others, somebody looks again.

use std::collections::BTreeSet;

use crate::books::Books;
use crate::commands::count_stock::CountStock;
use crate::commands::{Refusal, Touched};
use crate::ids::OrderId;
use crate::stock::{Counted, ON_HAND_MAX, PastCount, below_held};
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectStock {
    pub count: CountStock,
    /// The level as it was printed: how many times it had been changed by hand.
    pub revision: Option<i64>,
    pub below_held: BelowHeld,
}

/// What becomes of a count of fewer units than are promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BelowHeld {
    /// Somebody is asked first.
    Refuse,
    /// The goods are not there, however many are missing then.
    Shortfall,
    /// Somebody was told what it comes to, and confirmed that.
    AsShown(ShownShortfall),
}

/// A shortfall as whoever confirms it has seen it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownShortfall {
    /// In units, with what was missing before.
    pub missing: i64,
    /// The orders that were named; none: only the number was shown.
    pub orders: Option<BTreeSet<OrderId>>,
}

impl CorrectStock {
    pub fn touched(&self) -> Touched {
        let names_orders = matches!(&self.below_held, BelowHeld::AsShown(shown) if shown.orders.is_some());
        let held_of = if names_orders { vec![self.count.sku.clone()] } else { Vec::new() };
        Touched { held_of, ..self.count.touched() }
    }
}

pub fn correct_stock(books: &mut Books, command: &CorrectStock, now: Timestamp) -> Result<Counted, Refusal> {
    let CountStock { id, sku, delta, reason, actor } = &command.count;
    if let Some(past) = books.past_counts.get(id) {
        if past.sku != *sku || past.delta != *delta {
            return Err(Refusal::IdempotencyKeyReused);
        }
        return Ok(answer(books, command, true));
    }
    let level = *books.levels.get(sku).ok_or_else(|| Refusal::UnknownSku { sku: sku.clone() })?;
    if command.revision.is_some_and(|printed| printed != level.revision) {
        return Err(Refusal::StockCountedSince { sku: sku.clone() });
    }
    let after = level.on_shelf().checked_add(*delta).filter(|after| (-ON_HAND_MAX..=ON_HAND_MAX).contains(after));
    let fits = after.is_some() && level.on_hand.saturating_add(*delta) <= ON_HAND_MAX;
    if !fits || *delta == 0 || !reason.by_hand() {
        return Err(Refusal::ChangeOutOfRange { sku: sku.clone() });
    }
    let missing = missing(level.on_hand, level.held, level.short, *delta);
    if below_held(level.on_hand, level.held, *delta) > 0 {
        match &command.below_held {
            BelowHeld::Refuse => return Err(Refusal::StockBelowHeld { sku: sku.clone(), held: level.held }),
            BelowHeld::AsShown(shown) if !covers(shown, books, command, missing) => {
                return Err(Refusal::ShortfallChanged { sku: sku.clone(), missing });
            }
            BelowHeld::AsShown(_) | BelowHeld::Shortfall => {}
        }
    }

    books.count(PastCount { id: *id, sku: sku.clone(), delta: *delta }, *reason, actor, now);
    Ok(answer(books, command, false))
}

/// What is missing of the promised goods after a change by `delta`, in units, with what is `short` already; whoever asks for a
/// confirmation shows this.
pub fn missing(on_hand: i64, held: i64, short: i64, delta: i64) -> i64 {
    short + below_held(on_hand, held, delta)
}

/// Whether no more is missing than was shown, and nobody waits for it who was not named.
fn covers(shown: &ShownShortfall, books: &Books, command: &CorrectStock, missing: i64) -> bool {
    let named = |orders: &BTreeSet<OrderId>| books.held_by(&command.count.sku).is_subset(orders);
    missing <= shown.missing && shown.orders.as_ref().is_none_or(named)
}

fn answer(books: &Books, command: &CorrectStock, again: bool) -> Counted {
    let level = books.level(&command.count.sku);
    Counted { on_hand: level.on_hand, held: level.held, short: level.short, again }
}
