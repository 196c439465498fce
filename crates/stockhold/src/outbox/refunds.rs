//! The effect `refund_payment`: sends money back, once.

use rules::commands::record_refund::RecordRefund;
use rules::ids::RefundId;
use rules::payments::RefundState;

use super::{Carried, key_may_be_gone};
use crate::ledger::{Failure, Fault};
use crate::shop::Shop;
use crate::storage::effects::{self, EffectRow};
use crate::storage::orders::{self, RefundView};
use crate::stripe::Call;
use crate::stripe::client::{FrozenForm, IdempotencyKey};
use crate::stripe::wire;

pub(super) async fn refund(shop: &Shop, effect: &EffectRow) -> Result<Carried, Fault> {
    let id: RefundId = effect.subject.parse().map_err(|error| Fault(format!("{error}")))?;
    let order = orders::find(&shop.storage, effect.order_id).await?;
    let Some(refund) = order.as_ref().and_then(|order| order.refunds.iter().find(|refund| refund.id == id)) else {
        return Ok(Carried::Refused("there is no such refund in the books".to_owned()));
    };
    if refund.state != RefundState::Requested {
        return Ok(Carried::Done);
    }
    if key_may_be_gone(effect, shop.now())
        && let Some(carried) = look_up(shop, effect, refund).await?
    {
        return Ok(carried);
    }
    let form = FrozenForm::from_pairs(&[
        ("payment_intent", refund.intent_id.clone()),
        ("amount", refund.amount.to_string()),
        ("metadata[order_id]", effect.order_id.to_string()),
        ("metadata[refund_id]", id.to_string()),
    ]);
    let frozen = effects::freeze(&shop.storage, &effect.id, form.as_str()).await?;
    let key = IdempotencyKey::new(format!("stockhold:{}:refund:{id}", effect.order_id));
    match shop.stripe.create_refund(&key, &FrozenForm::from_stored(frozen)).await {
        Call::Done(answer) => record(shop, effect, id, &answer).await,
        // The money is still owed: the record says requested, the effect says refused, and a person sees both.
        Call::Refused(rejection) => Ok(Carried::Refused(rejection.to_string())),
        Call::Unknown(uncertainty) => Ok(Carried::Unknown(uncertainty.to_string())),
    }
}

/// Stripe may have forgotten the key: if a refund with our id is there, it is ours; if not, none was made.
async fn look_up(shop: &Shop, effect: &EffectRow, refund: &RefundView) -> Result<Option<Carried>, Fault> {
    match shop.stripe.refunds_of(&refund.intent_id).await {
        Call::Done(page) => {
            let own = refund.id.to_string();
            let found = page.data.into_iter().find(|answer| answer.own_id() == Some(own.as_str()));
            match found {
                Some(answer) => record(shop, effect, refund.id, &answer).await.map(Some),
                None => Ok(None),
            }
        }
        Call::Refused(rejection) => Ok(Some(Carried::Unknown(rejection.to_string()))),
        Call::Unknown(uncertainty) => Ok(Some(Carried::Unknown(uncertainty.to_string()))),
    }
}

async fn record(shop: &Shop, effect: &EffectRow, id: RefundId, answer: &wire::Refund) -> Result<Carried, Fault> {
    // An unknown word of Stripe's is no settlement: the refund counts as pending until it says one we know.
    let state = answer.status.as_deref().and_then(RefundState::parse).unwrap_or(RefundState::Pending);
    let command = RecordRefund { order_id: effect.order_id, refund_id: id, stripe_id: Some(answer.id.clone()), state };
    match shop.ledger.record_refund(command, shop.now()).await {
        Ok(_) => Ok(Carried::Done),
        Err(Failure::Refused(refusal)) => Ok(Carried::Refused(refusal.to_string())),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}
