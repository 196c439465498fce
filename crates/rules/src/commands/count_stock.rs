//! Changes a stock level by hand: goods received, counted, damaged, returned, or a mistake corrected.

use crate::books::Books;
use crate::commands::correct_stock::{BelowHeld, CorrectStock, correct_stock};
use crate::commands::{Refusal, Touched};
use crate::ids::CountId;
use crate::stock::{Counted, Reason};
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
    let found = CorrectStock { count: command.clone(), revision: None, below_held: BelowHeld::Refuse };
    correct_stock(books, &found, now)
}
