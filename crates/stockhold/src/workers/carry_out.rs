//! Carries out effects that are due: what a crash, a lost reply or an absent Stripe left behind.

use crate::ledger::Fault;
use crate::outbox::{self, Carried};
use crate::shop::Shop;
use crate::storage::effects;

const EFFECTS_PER_ROUND: i64 = 100;

/// Returns how many effects came to an end.
pub async fn run(shop: &Shop) -> Result<usize, Fault> {
    let mut ended = 0;
    for id in effects::due(&shop.storage, shop.now(), EFFECTS_PER_ROUND).await? {
        match outbox::carry_out(shop, &id).await? {
            Carried::Done | Carried::Refused(_) => ended += 1,
            Carried::Unknown(_) | Carried::NotDue => {}
        }
    }
    Ok(ended)
}
