//! The workers: they read the inbox, carry out what is due, expire holds and ask Stripe again.
//!
//! Invariant: with webhooks switched off the shop is still right, only later.

pub mod ask_again;
pub mod carry_out;
pub mod read_inbox;
pub mod reconcile;
pub mod retain;
pub mod send_webhooks;

use std::sync::Arc;
use std::time::Duration;

use rules::time::{Span, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::ledger::Fault;
use crate::outbox::back_in_stock;
use crate::outbox::lookups;
use crate::outbox::staff_letters;
use crate::outbox::sweep::sweep;
use crate::shop::Shop;
use crate::storage::{StorageError, effects, inbox, reconciliation, webhooks};

/// A round at least this often, even when nobody wakes the workers.
const ROUND: Duration = Duration::from_secs(1);
/// How often Stripe is asked again about every open session: what a lost webhook costs at most.
const ASK_AGAIN: Span = Span::minutes(1);
/// Rounds after which a shop that never comes to rest is given up on.
const ROUNDS_MAX: usize = 1000;
/// How often what is old is put away.
const TIDY: Span = Span::minutes(60);
/// How often our books are compared with Stripe's.
const RECONCILE: Span = Span::minutes(60);

/// One round; returns how many things were done.
pub async fn step(shop: &Shop) -> Result<usize, Fault> {
    let mut done = read_inbox::run(shop).await?;
    done += carry_out::run(shop).await?;
    done += sweep(shop).await?.released;
    done += lookups::answer(shop).await?;
    done += carry_out::run(shop).await?;
    done += staff_letters::write(shop).await?;
    done += back_in_stock::tell(shop).await?;
    Ok(done)
}

/// Rounds until nothing is left to do now; for tests and for the end of a command.
pub async fn until_idle(shop: &Shop) -> Result<(), Fault> {
    for _ in 0..ROUNDS_MAX {
        if step(shop).await? == 0 {
            return Ok(());
        }
    }
    Err(Fault("the workers do not come to rest".to_owned()))
}

/// For whoever is alone with the shop, at start: what a process before it had in hand when it died is free at once,
/// instead of when its lease runs out.
pub async fn take_over(shop: &Shop) -> Result<(), StorageError> {
    effects::free(&shop.storage).await?;
    inbox::free(&shop.storage).await?;
    webhooks::free(&shop.storage).await
}

/// Runs the workers until told to stop; a round that is under way is finished first.
pub fn spawn(shop: Arc<Shop>, mut shutdown: watch::Receiver<bool>) -> JoinHandle<()> {
    // A comparison with Stripe may take long, and holds fall due meanwhile; where it stops, the next one goes on.
    let reconciler = tokio::spawn(reconcile_now_and_then(shop.clone()));
    let webhooks = tokio::spawn(send_webhooks::rounds(shop.clone()));
    tokio::spawn(async move {
        let mut asked_at = Timestamp::from_micros(0);
        let mut tidied_at = Timestamp::from_micros(0);
        while !*shutdown.borrow() {
            if let Err(fault) = step(&shop).await {
                tracing::error!(%fault, "a round of the workers failed; the next one tries again");
            }
            if shop.now() - asked_at >= ASK_AGAIN {
                asked_at = shop.now();
                if let Err(fault) = ask_again::run(&shop).await {
                    tracing::error!(%fault, "Stripe could not be asked again");
                }
            }
            if shop.now() - tidied_at >= TIDY {
                tidied_at = shop.now();
                if let Err(fault) = retain::run(&shop).await {
                    tracing::error!(%fault, "what is old could not be put away; the next hour tries again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(ROUND) => {}
                () = shop.woken() => {}
                _ = shutdown.changed() => {}
            }
        }
        reconciler.abort();
        webhooks.abort();
    })
}

async fn reconcile_now_and_then(shop: Arc<Shop>) {
    let mut round = tokio::time::interval(Duration::from_secs(60));
    loop {
        tokio::select! {
            _ = round.tick() => {}
            () = shop.reconciler_woken() => {}
        }
        match reconcile_if_due(&shop).await {
            Ok(()) => {}
            Err(stopped) => tracing::warn!(%stopped, "the comparison with Stripe stopped on its way"),
        }
    }
}

/// Compares with Stripe's books when the last comparison is old or somebody wants one; whichever instance comes first does it.
pub async fn reconcile_if_due(shop: &Shop) -> Result<(), reconcile::Stopped> {
    let latest = reconciliation::repaired_until(&shop.storage).await?;
    let is_old = latest.is_none_or(|latest| shop.now() - latest >= RECONCILE);
    if !is_old && !reconciliation::is_wanted(&shop.storage, shop.now()).await? {
        return Ok(());
    }
    let run = reconcile::run(shop, None, true, |_| {}).await?;
    for open in reconciliation::unexplained(&shop.storage, &run.id).await? {
        tracing::error!(amount = open.minor, currency = open.currency.code(), "Stripe's books and ours differ");
    }
    Ok(())
}
