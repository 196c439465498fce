//! Asks Stripe about every session and every refund that is still undecided here: webhooks are hints, not the truth (scenario P12).

use rules::refunds::RefundState;

use crate::ledger::Fault;
use crate::outbox;
use crate::shop::Shop;
use crate::storage::orders;

const ORDERS_PER_PAGE: i64 = 200;

/// Returns how many orders were asked about.
pub async fn run(shop: &Shop) -> Result<usize, Fault> {
    Ok(sessions(shop).await? + refunds(shop).await?)
}

async fn sessions(shop: &Shop) -> Result<usize, Fault> {
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

async fn refunds(shop: &Shop) -> Result<usize, Fault> {
    let (mut asked, mut after) = (0, String::new());
    loop {
        let page = orders::refunds_unfinished(&shop.storage, &after, ORDERS_PER_PAGE).await?;
        let Some(last) = page.last() else { return Ok(asked) };
        after = last.to_string();
        for order_id in page {
            let Some(order) = orders::find(&shop.storage, order_id).await? else { continue };
            let known = order.refunds.iter().filter(|refund| refund.state == RefundState::Pending);
            for stripe_id in known.filter_map(|refund| refund.stripe_id.as_deref()) {
                outbox::refunds::settle(shop, stripe_id).await?;
                asked += 1;
            }
        }
    }
}
