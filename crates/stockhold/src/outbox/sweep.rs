//! Expires due holds: closes the session at Stripe, releases when Stripe says closed, settles when it says paid.
//! When Stripe cannot be reached the hold stays (S4).

use rules::ids::OrderId;
use rules::orders::{Hold, Status};

use crate::ledger::Fault;
use crate::outbox::close;
use crate::shop::Shop;
use crate::storage::orders;

const HOLDS_PER_SWEEP: i64 = 500;

/// What a sweep found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sweep {
    pub due: usize,
    pub released: usize,
    pub paid: usize,
    pub unknown: usize,
    pub orders: Vec<OrderId>,
}

pub async fn sweep(shop: &Shop) -> Result<Sweep, Fault> {
    let mut sweep = Sweep::default();
    for order_id in orders::due(&shop.storage, shop.now(), HOLDS_PER_SWEEP).await? {
        sweep.due += 1;
        sweep.orders.push(order_id);
        close(shop, order_id).await?;
        let Some(order) = orders::find(&shop.storage, order_id).await? else { continue };
        match (order.hold, order.status) {
            (Hold::Released, _) => sweep.released += 1,
            (Hold::Sold, _) => sweep.paid += 1,
            (Hold::Live, Status::Processing) => sweep.paid += 1, // The buyer has finished; the money decides.
            (Hold::Live, _) => sweep.unknown += 1,
        }
    }
    Ok(sweep)
}
