//! Disputes and early fraud warnings: Stripe is asked, and what it says is recorded.

use rules::commands::record_dispute::RecordDispute;
use rules::disputes::{Dispute, DisputeState};
use rules::ids::OrderId;
use rules::money::Money;
use rules::time::Timestamp;

use super::{Asked, Carried, order_of_intent};
use crate::ledger::{Failure, Fault};
use crate::shop::Shop;
use crate::storage::money;
use crate::stripe::Call;
use crate::stripe::wire::{self, Expandable};

/// Asks Stripe about one dispute.
pub async fn settle(shop: &Shop, stripe_id: &str) -> Result<Asked, Fault> {
    match shop.stripe.dispute(stripe_id).await {
        Call::Done(dispute) => settle_told(shop, &dispute).await,
        Call::Refused(rejection) => Ok(Asked::Ours(Carried::Refused(rejection.to_string()))),
        Call::Unknown(uncertainty) => Ok(Asked::Ours(Carried::Unknown(uncertainty.into()))),
    }
}

/// Asks Stripe about one early fraud warning.
pub async fn settle_warning(shop: &Shop, stripe_id: &str) -> Result<Asked, Fault> {
    match shop.stripe.fraud_warning(stripe_id).await {
        Call::Done(warning) => settle_told_warning(shop, &warning).await,
        Call::Refused(rejection) => Ok(Asked::Ours(Carried::Refused(rejection.to_string()))),
        Call::Unknown(uncertainty) => Ok(Asked::Ours(Carried::Unknown(uncertainty.into()))),
    }
}

async fn settle_told(shop: &Shop, told: &wire::Dispute) -> Result<Asked, Fault> {
    let Some(intent_id) = told.payment_intent.as_ref().map(Expandable::id) else { return Ok(Asked::NotOurs) };
    match order_of_intent(shop, intent_id).await? {
        Ok(order) => record(shop, order, self::told(order, told)).await.map(Asked::Ours),
        Err(asked) => Ok(asked),
    }
}

async fn settle_told_warning(shop: &Shop, told: &wire::FraudWarning) -> Result<Asked, Fault> {
    let Some(intent_id) = told.payment_intent.as_ref().map(Expandable::id) else { return Ok(Asked::NotOurs) };
    let order = match order_of_intent(shop, intent_id).await? {
        Ok(order) => order,
        Err(asked) => return Ok(asked),
    };
    match money::payments(&shop.storage, vec![intent_id.to_owned()]).await?.first() {
        Some(payment) => record(shop, order, told_warning(order, payment.amount, told)).await.map(Asked::Ours),
        None => Ok(Asked::NotOurs),
    }
}

/// A dispute as Stripe tells it, in the shop's words.
pub fn told(order: OrderId, told: &wire::Dispute) -> Dispute {
    let due_by = told.evidence_details.as_ref().and_then(|details| details.due_by);
    Dispute {
        id: told.id.clone(),
        order,
        intent_id: told.payment_intent.as_ref().map(|intent| intent.id().to_owned()).unwrap_or_default(),
        amount: Money::new(told.amount, wire::currency(&told.currency)),
        reason: told.reason.clone(),
        state: told.state(),
        due_by: due_by.map(Timestamp::from_seconds),
        withdrawn_minor: told.withdrawn_minor(),
        at: Timestamp::from_seconds(told.created),
    }
}

/// A warning names no amount: the payment's own is what is at stake.
pub fn told_warning(order: OrderId, amount: Money, told: &wire::FraudWarning) -> Dispute {
    Dispute {
        id: told.id.clone(),
        order,
        intent_id: told.payment_intent.as_ref().map(|intent| intent.id().to_owned()).unwrap_or_default(),
        amount,
        reason: told.fraud_type.clone(),
        state: DisputeState::Warning,
        due_by: None,
        withdrawn_minor: 0,
        at: Timestamp::from_seconds(told.created),
    }
}

async fn record(shop: &Shop, order_id: OrderId, dispute: Dispute) -> Result<Carried, Fault> {
    match shop.ledger.record_dispute(RecordDispute { order_id, dispute }, shop.now()).await {
        Ok(_) => {
            shop.wake_workers();
            Ok(Carried::Done)
        }
        Err(Failure::Refused(refusal)) => Ok(Carried::Refused(refusal.to_string())),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}
