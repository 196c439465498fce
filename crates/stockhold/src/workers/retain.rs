//! Puts away what is old: nobody's data are kept longer than the shop needs them.
//!
//! Promise: carts go after 30 days, letters in the mailbox folder after 30 days, and of Stripe's events older than 90 days
//! only what names their object is kept; files that were handed in to be imported go after a day, forms of the desk that
//! nobody came back for after an hour. Orders stay: the law asks for them, until their buyer is erased.

use rules::time::Span;

use crate::catalogue::intake::Intakes;
use crate::ledger::Fault;
use crate::shop::Shop;
use crate::storage::{drafts, erasure};
use crate::stripe::wire::EventHead;

const CARTS_KEPT: Span = Span::minutes(30 * 24 * 60);
const LETTERS_KEPT: Span = Span::minutes(30 * 24 * 60);
const IMPORTS_KEPT: Span = Span::minutes(24 * 60);
const EVENTS_KEPT: Span = Span::minutes(90 * 24 * 60);
/// Events looked at in one go.
const EVENTS_AT_ONCE: i64 = 200;

/// What was put away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retained {
    pub carts: u64,
    pub events: u64,
    pub letters: u64,
    pub imports: u64,
    pub drafts: u64,
}

pub async fn run(shop: &Shop) -> Result<Retained, Fault> {
    let now = shop.now();
    let carts = erasure::forget_carts(&shop.storage, (now - CARTS_KEPT).micros()).await?;
    let drafts = drafts::forget(&shop.storage, now).await?;
    let mut events = 0;
    loop {
        let old = erasure::old_events(&shop.storage, (now - EVENTS_KEPT).micros(), EVENTS_AT_ONCE).await?;
        for (id, payload) in &old {
            erasure::reduce_event(&shop.storage, id, &EventHead::reduced(payload)).await?;
        }
        events += old.len() as u64;
        if (old.len() as i64) < EVENTS_AT_ONCE {
            break;
        }
    }
    let (imports, moment) = (Intakes::of(&shop.config.data_dir), now - IMPORTS_KEPT);
    let imports = tokio::task::spawn_blocking(move || imports.forget_before(moment)).await;
    let imports = imports.map_err(|error| Fault(error.to_string()))?;
    let imports = imports.map_err(|error| Fault(format!("the folder of imports: {error}")))? as u64;
    let mailer = shop.mailer.clone();
    let letters = tokio::task::spawn_blocking(move || mailer.forget_before(now - LETTERS_KEPT)).await;
    let letters = letters.map_err(|error| Fault(error.to_string()))?;
    let letters = letters.map_err(|error| Fault(format!("the mailbox folder: {error}")))? as u64;
    Ok(Retained { carts, events, letters, imports, drafts })
}
