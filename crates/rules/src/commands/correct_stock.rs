//! Corrects a level by hand as somebody found it: by so many units, or from a count sheet that was printed earlier.
//!
//! What was sold since the sheet was printed stays sold, because a count says by how much the shelf differs from the
//! sheet. What was changed *by hand* since then may already be in the count: then nothing is changed, and a person looks again.
//! Fewer units than are promised is a *shortfall*: refused until somebody confirms it, and then in the books. The promise
//! `0 <= held <= on_hand` stands; what is missing is short, and written off as soon as it is free.

use crate::books::Books;
use crate::commands::count_stock::CountStock;
use crate::commands::{Refusal, Touched};
use crate::stock::{Counted, ON_HAND_MAX, PastCount};
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectStock {
    pub count: CountStock,
    /// The level as it was printed: how many times it had been changed by hand.
    pub revision: Option<i64>,
    pub below_held: BelowHeld,
}

/// What becomes of a count of fewer units than are promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BelowHeld {
    /// Somebody is asked first.
    Refuse,
    /// Somebody was told which orders it concerns, and confirmed it.
    Shortfall,
}

impl CorrectStock {
    pub fn touched(&self) -> Touched {
        self.count.touched()
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
    if level.on_hand + delta < level.held && command.below_held == BelowHeld::Refuse {
        return Err(Refusal::StockBelowHeld { sku: sku.clone(), held: level.held });
    }

    books.count(PastCount { id: *id, sku: sku.clone(), delta: *delta }, *reason, actor, now);
    Ok(answer(books, command, false))
}

fn answer(books: &Books, command: &CorrectStock, again: bool) -> Counted {
    let level = books.level(&command.count.sku);
    Counted { on_hand: level.on_hand, held: level.held, short: level.short, again }
}
