//! Changes a stock level by hand: goods received, counted, damaged, returned, or a mistake corrected.

use crate::books::Books;
use crate::commands::{Refusal, Touched};
use crate::ids::CountId;
use crate::stock::{Counted, ON_HAND_MAX, PastCount, Reason};
use crate::text::Sku;
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountStock {
    pub id: CountId,
    pub sku: Sku,
    /// In units; negative takes away.
    pub delta: i64,
    pub reason: Reason,
    pub actor: String,
}

impl CountStock {
    pub fn touched(&self) -> Touched {
        Touched { skus: vec![self.sku.clone()], counts: vec![self.id], ..Touched::default() }
    }
}

pub fn count_stock(books: &mut Books, command: &CountStock, now: Timestamp) -> Result<Counted, Refusal> {
    let sku = command.sku.clone();
    if let Some(past) = books.past_counts.get(&command.id) {
        if past.sku != sku || past.delta != command.delta {
            return Err(Refusal::IdempotencyKeyReused);
        }
        let level = books.level(&sku);
        return Ok(Counted { on_hand: level.on_hand, held: level.held, again: true });
    }
    let level = *books.levels.get(&sku).ok_or(Refusal::UnknownSku { sku: sku.clone() })?;
    let after = level.on_hand.checked_add(command.delta).filter(|after| (-ON_HAND_MAX..=ON_HAND_MAX).contains(after));
    let Some(after) = after.filter(|_| command.delta != 0 && command.reason.by_hand()) else {
        return Err(Refusal::ChangeOutOfRange { sku });
    };
    if after < level.held {
        return Err(Refusal::StockBelowHeld { sku, held: level.held });
    }

    let past = PastCount { id: command.id, sku: sku.clone(), delta: command.delta };
    books.count(past, command.reason, &command.actor, now);
    Ok(Counted { on_hand: after, held: level.held, again: false })
}
