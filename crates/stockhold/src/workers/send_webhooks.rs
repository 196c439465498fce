//! Tells other programs what happened, in rounds of its own: an endpoint that takes its time must not hold up holds,
//! payments and letters.

use std::sync::Arc;
use std::time::Duration;

use crate::ledger::Fault;
use crate::outbox::webhooks;
use crate::shop::Shop;
use crate::storage;

/// How often it is looked whether something is due.
const ROUND: Duration = Duration::from_secs(1);
/// Rounds after which what is old is forgotten: about once an hour.
const FORGET_EVERY: u32 = 3600;

/// One round; returns how many things were done.
pub async fn run(shop: &Shop) -> Result<usize, Fault> {
    Ok(webhooks::send_due(shop).await? + webhooks::tell_owner(shop).await?)
}

/// Rounds for as long as the process lives.
pub async fn rounds(shop: Arc<Shop>) {
    let mut round = tokio::time::interval(ROUND);
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for number in (0..FORGET_EVERY).cycle() {
        round.tick().await;
        if let Err(fault) = run(&shop).await {
            tracing::error!(%fault, "a round of webhooks failed; the next one tries again");
        }
        if number == 0
            && let Err(error) = storage::webhooks::forget_old(&shop.storage, shop.now()).await
        {
            tracing::warn!(%error, "old webhook deliveries could not be removed");
        }
    }
}
