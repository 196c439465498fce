//! Answers look-ups: whoever named an order's number and its buyer's address gets the order's link, at that address.
//!
//! Invariant: the page that was asked says and does the same whether there is such an order or not.

use crate::ledger::Fault;
use crate::shop::Shop;
use crate::storage::{lookups, orders};

const LOOKUPS_PER_ROUND: i64 = 100;
/// The purpose under which buyers' addresses are digested for look-ups.
pub const PURPOSE: &str = "look-up";

/// Returns how many look-ups came to an end.
pub async fn answer(shop: &Shop) -> Result<usize, Fault> {
    let due = lookups::due(&shop.storage, LOOKUPS_PER_ROUND).await?;
    for lookup in &due {
        let found = orders::find_by_number(&shop.storage, lookup.number).await?;
        let is_theirs = |buyer: &str| shop.keyed_digest(PURPOSE, buyer) == lookup.buyer;
        let order = found.filter(|(_, buyer)| is_theirs(buyer) && !lookup.is_too_much);
        lookups::answer(&shop.storage, lookup, order.map(|(id, _)| id), shop.now()).await?;
    }
    Ok(due.len())
}
