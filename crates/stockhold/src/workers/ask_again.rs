//! Asks Stripe about every session that is still undecided here: webhooks are hints, not the truth (scenario P12).

use crate::ledger::Fault;
use crate::outbox;
use crate::shop::Shop;
use crate::storage::orders;

const ORDERS_PER_PAGE: i64 = 200;

/// Returns how many orders were asked about.
pub async fn run(shop: &Shop) -> Result<usize, Fault> {
    let (mut asked, mut after) = (0, String::new());
    loop {
        let page = orders::undecided(&shop.storage, &after, ORDERS_PER_PAGE).await?;
        let Some(last) = page.last() else { return Ok(asked) };
        after = last.to_string();
        for order_id in &page {
            outbox::settle(shop, *order_id).await?;
            asked += 1;
        }
    }
}
