//! Tells other programs what happened, in rounds of its own: an endpoint that takes its time must not hold up holds,
//! payments and letters.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};

use crate::ledger::Fault;
use crate::outbox::webhooks;
use crate::shop::Shop;
use crate::storage;

/// How often it is looked whether something is due.
const ROUND: Duration = Duration::from_secs(1);
/// Rounds after which what is old is forgotten: about once an hour.
const FORGET_EVERY: u32 = 3600;

/// One round that waits for all; returns how many things were done.
pub async fn run(shop: &Shop) -> Result<usize, Fault> {
    Ok(webhooks::send_due(shop).await? + webhooks::tell_owner(shop).await?)
}

/// Rounds for as long as the process lives. Each endpoint has turns of its own: while one is still at it, the others go on.
pub async fn rounds(shop: Arc<Shop>) {
    let mut round = tokio::time::interval(ROUND);
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut turns = JoinSet::new(); // They end with the rounds.
    let mut at_it: BTreeMap<String, AbortHandle> = BTreeMap::new();
    for number in (0..FORGET_EVERY).cycle() {
        round.tick().await;
        while turns.try_join_next().is_some() {}
        at_it.retain(|_, turn| !turn.is_finished());
        let endpoints = webhooks::active(&shop).await;
        let told = webhooks::tell_owner(&shop).await;
        if let Some(fault) = endpoints.as_ref().err().or(told.as_ref().err()) {
            tracing::error!(%fault, "a round of webhooks failed; the next one tries again");
        }
        for endpoint in endpoints.unwrap_or_default() {
            at_it.entry(endpoint).or_insert_with_key(|endpoint| turns.spawn(turn(shop.clone(), endpoint.clone())));
        }
        if number == 0
            && let Err(error) = storage::webhooks::forget_old(&shop.storage, shop.now()).await
        {
            tracing::warn!(%error, "old webhook deliveries could not be removed");
        }
    }
}

async fn turn(shop: Arc<Shop>, endpoint: String) {
    if let Err(fault) = webhooks::send_to(&shop, &endpoint).await {
        tracing::error!(%fault, endpoint, "a turn of a webhook endpoint failed; the next one tries again");
    }
}
