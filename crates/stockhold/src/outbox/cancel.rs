//! Cancels an order and carries out at once what follows from it; the workers go on where this stops.

use rules::commands::cancel_order::{CancelOrder, Cancelled};
use rules::ids::OrderId;

use super::{Carried, Unsure, carry_out, close};
use crate::ledger::{Failure, Fault};
use crate::shop::Shop;
use crate::storage::orders;

/// The wish is stored first; then the payment page is closed or the refund sent, as far as Stripe answers now.
pub async fn cancel(shop: &Shop, order_id: OrderId, reason: &str) -> Result<Cancelled, Failure> {
    let command = CancelOrder { order_id, reason: reason.to_owned(), refund_id: shop.draw_refund_id() };
    let cancelled = shop.ledger.cancel_order(command, shop.now()).await?;
    if !cancelled.again {
        shop.tell(format!("cancel   order {order_id}"));
    }
    shop.wake_workers();
    go_on(shop, order_id).await?;
    Ok(cancelled)
}

/// What the order still waits for at Stripe; no answer now is no failure, it is tried again.
async fn go_on(shop: &Shop, order_id: OrderId) -> Result<(), Fault> {
    if let Carried::Unknown(Unsure { why, .. }) = close(shop, order_id).await? {
        tracing::info!(order = %order_id, why, "a payment page could not be closed yet");
    }
    let Some(order) = orders::find(&shop.storage, order_id).await? else { return Ok(()) };
    for refund in &order.refunds {
        carry_out(shop, &refund_effect(refund.id)).await?;
    }
    Ok(())
}

/// The id of the effect that sends a refund.
pub fn refund_effect(id: rules::ids::RefundId) -> String {
    format!("refund_payment:{id}")
}
