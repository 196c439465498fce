//! Refunds at Stripe: ours are sent, once, and whatever Stripe says of any refund is recorded.

use rules::commands::Refusal;
use rules::commands::record_refund::RecordRefund;
use rules::commands::refund_order::{RefundOrder, RefundWhat};
use rules::ids::{OrderId, RefundId};
use rules::money::Money;
use rules::refunds::{Refund, RefundKind, RefundState};
use sha2::{Digest, Sha256};

use super::cancel::refund_effect;
use super::{Asked, Carried, carry_out, key_may_be_gone, order_of_intent};
use crate::ledger::{Failure, Fault};
use crate::shop::Shop;
use crate::storage::effects::{self, EffectRow};
use crate::storage::orders;
use crate::stripe::client::{FrozenForm, IdempotencyKey};
use crate::stripe::{Call, Rejection, wire};

/// Keys of one refund. Each try may use up one more on an answer that Stripe keeps; when all are used up the first
/// is forgotten by the time that it is asked again (`key_may_be_gone`).
const KEYS_MAX: i64 = 20;

/// The effect `refund_payment`: sends money back.
pub(super) async fn send(shop: &Shop, effect: &EffectRow) -> Result<Carried, Fault> {
    let id: RefundId = effect.subject.parse().map_err(|error| Fault(format!("{error}")))?;
    let order = orders::find(&shop.storage, effect.order_id).await?;
    let Some(refund) = order.as_ref().and_then(|order| order.refunds.iter().find(|refund| refund.id == id)) else {
        return Ok(Carried::Refused("there is no such refund in the books".to_owned()));
    };
    if refund.state != RefundState::Requested {
        return Ok(Carried::Done);
    }
    // Stripe may have forgotten the key: if a refund with our id is there, it is ours; if not, none was made.
    if key_may_be_gone(effect, shop.now())
        && let Some(carried) = look_up(shop, refund).await?
    {
        return Ok(carried);
    }
    let form = effects::freeze(&shop.storage, &effect.id, form(refund).as_str()).await?;
    let form = FrozenForm::from_stored(form);
    for attempt in 1..=effect.attempts.min(KEYS_MAX) {
        let key = IdempotencyKey::new(format!("stockhold:{}:refund:{id}:{attempt}", effect.order_id));
        return match shop.stripe.create_refund(&key, &form).await {
            Call::Done(answer) => record(shop, effect.order_id, id, &answer).await,
            Call::Refused(rejection) if is_final(&rejection) => given_up(shop, refund, &rejection).await,
            // A key without the right is a setting to mend; the money stays asked for until it is.
            Call::Refused(rejection) => Ok(Carried::Unknown(rejection.to_string().into())),
            // A kept 500 is all that this key will ever answer. If it made no refund, the next key asks anew; each
            // try walks the same keys in the same order, so none is left behind with its outcome unknown.
            Call::Unknown(uncertainty) if uncertainty.is_kept => match look_up(shop, refund).await? {
                Some(carried) => Ok(carried),
                None => continue,
            },
            Call::Unknown(uncertainty) => Ok(Carried::Unknown(uncertainty.into())),
        };
    }
    Ok(Carried::Unknown("Stripe keeps answering 500".to_owned().into()))
}

/// The form of `POST /v1/refunds` (docs.stripe.com/api/refunds/create).
fn form(refund: &Refund) -> FrozenForm {
    let reason = match refund.kind {
        RefundKind::Surplus => "duplicate",
        RefundKind::Late
        | RefundKind::Cancelled
        | RefundKind::ByHand
        | RefundKind::Dashboard
        | RefundKind::Elsewhere => "requested_by_customer",
    };
    FrozenForm::from_pairs(&[
        ("payment_intent", refund.intent_id.clone()),
        ("amount", refund.amount.minor.to_string()),
        ("reason", reason.to_owned()),
        ("metadata[order_id]", refund.order.to_string()),
        ("metadata[refund_id]", refund.id.to_string()),
    ])
}

/// A wrong or restricted key refuses everything; that says nothing about this refund.
fn is_final(rejection: &Rejection) -> bool {
    !matches!(rejection.status, 401 | 403)
}

/// Stripe will not make this refund. Often that is because the money is back already (scenario P3): what is there
/// is read before anything is called failed.
async fn given_up(shop: &Shop, refund: &Refund, rejection: &Rejection) -> Result<Carried, Fault> {
    if let Some(carried) = look_up(shop, refund).await? {
        return Ok(carried);
    }
    if let Carried::Unknown(why) = settle_all_of(shop, &refund.intent_id).await?.into_carried() {
        return Ok(Carried::Unknown(why));
    }
    let command = RecordRefund {
        order_id: refund.order,
        refund_id: refund.id,
        stripe_id: None,
        intent_id: refund.intent_id.clone(),
        amount: refund.amount,
        state: RefundState::Failed,
        failure: rejection.to_string(),
    };
    match shop.ledger.record_refund(command, shop.now()).await {
        Ok(_) => Ok(Carried::Refused(rejection.to_string())),
        Err(Failure::Refused(refusal)) => Ok(Carried::Refused(refusal.to_string())),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

async fn look_up(shop: &Shop, refund: &Refund) -> Result<Option<Carried>, Fault> {
    match shop.stripe.refunds_of(&refund.intent_id).await {
        Call::Done(page) => {
            let own = refund.id.to_string();
            match page.data.iter().find(|answer| answer.own_id() == Some(own.as_str())) {
                Some(answer) => record(shop, refund.order, refund.id, answer).await.map(Some),
                None => Ok(None),
            }
        }
        Call::Refused(rejection) if rejection.status == 404 => Ok(None),
        Call::Refused(rejection) => Ok(Some(Carried::Unknown(rejection.to_string().into()))),
        Call::Unknown(uncertainty) => Ok(Some(Carried::Unknown(uncertainty.into()))),
    }
}

/// Sends the money of a failed refund once more. The wish has its identity from what failed, so that it is one, however
/// many ask for it.
pub async fn again(shop: &Shop, order_id: OrderId, failed: RefundId) -> Result<Carried, Failure> {
    give_back(shop, order_id, RefundWhat::Again(failed), format!("again:{failed}")).await
}

/// Sends a payment back that does not pay its order: once, however many ask for it.
pub async fn payment_back(shop: &Shop, order_id: OrderId, intent_id: &str) -> Result<Carried, Failure> {
    give_back(shop, order_id, RefundWhat::Payment(intent_id.to_owned()), format!("payment:{intent_id}")).await
}

/// `wish` names what is asked for; what waits is told by it (storage/waiting.rs).
async fn give_back(shop: &Shop, order_id: OrderId, what: RefundWhat, wish: String) -> Result<Carried, Failure> {
    let digest = Sha256::digest(wish.as_bytes());
    let bits: [u8; 16] = digest[..16].try_into().expect("a digest is longer");
    let refund_id = RefundId::from_u128(u128::from_be_bytes(bits));
    let command = RefundOrder { refund_id, order_id, what, restock: false, reason: String::new(), request_hash: wish };
    shop.ledger.refund_order(command, shop.now()).await?;
    shop.wake_workers();
    match carry_out(shop, &refund_effect(refund_id)).await? {
        Carried::Done | Carried::NotDue => Ok(stands(shop, order_id, refund_id).await?),
        carried => Ok(carried),
    }
}

/// How a refund stands in the books. That its effect was carried out, by whomever, says nothing of the money: Stripe may
/// have refused it, or somebody else's call may still be under way.
async fn stands(shop: &Shop, order_id: OrderId, id: RefundId) -> Result<Carried, Fault> {
    let order = orders::find(&shop.storage, order_id).await?;
    let refund = order.as_ref().and_then(|order| order.refunds.iter().find(|refund| refund.id == id));
    Ok(match refund {
        Some(Refund { state: RefundState::Pending | RefundState::Succeeded, .. }) => Carried::Done,
        Some(Refund { state: RefundState::Failed | RefundState::Canceled, failure, .. }) => {
            Carried::Refused(failure.clone())
        }
        Some(Refund { state: RefundState::Requested, .. }) | None => Carried::NotDue,
    })
}

/// Asks Stripe about one refund, ours or made elsewhere, and records what it says.
pub async fn settle(shop: &Shop, stripe_id: &str) -> Result<Asked, Fault> {
    match shop.stripe.refund(stripe_id).await {
        Call::Done(refund) => settle_told(shop, &refund).await,
        Call::Refused(rejection) => Ok(Asked::Ours(Carried::Refused(rejection.to_string()))),
        Call::Unknown(uncertainty) => Ok(Asked::Ours(Carried::Unknown(uncertainty.into()))),
    }
}

/// Asks Stripe about every refund of a payment.
pub async fn settle_all_of(shop: &Shop, intent_id: &str) -> Result<Asked, Fault> {
    let page = match shop.stripe.refunds_of(intent_id).await {
        Call::Done(page) => page,
        Call::Refused(rejection) => return Ok(Asked::Ours(Carried::Refused(rejection.to_string()))),
        Call::Unknown(uncertainty) => return Ok(Asked::Ours(Carried::Unknown(uncertainty.into()))),
    };
    let mut asked = Asked::Ours(Carried::Done);
    // Stripe lists the newest first; what made up for another comes after it.
    for refund in page.data.iter().rev() {
        match settle_told(shop, refund).await? {
            Asked::Ours(Carried::Done) => {}
            other => asked = other,
        }
    }
    Ok(asked)
}

/// Records what Stripe has just said of a refund.
pub async fn settle_told(shop: &Shop, refund: &wire::Refund) -> Result<Asked, Fault> {
    let Some(intent_id) = refund.intent_id() else { return Ok(Asked::NotOurs) };
    let order_id = match order_of_intent(shop, intent_id).await? {
        Ok(order_id) => order_id,
        Err(asked) => return Ok(asked),
    };
    let own = refund.own_id().and_then(|id| id.parse().ok());
    let id = own.unwrap_or_else(|| shop.draw_refund_id());
    record(shop, order_id, id, refund).await.map(Asked::Ours)
}

async fn record(shop: &Shop, order_id: OrderId, id: RefundId, told: &wire::Refund) -> Result<Carried, Fault> {
    let command = RecordRefund {
        order_id,
        refund_id: id,
        stripe_id: Some(told.id.clone()),
        intent_id: told.intent_id().unwrap_or_default().to_owned(),
        amount: Money::new(told.amount, wire::currency(&told.currency)),
        state: told.state(),
        failure: told.failure_reason.clone().unwrap_or_default(),
    };
    match shop.ledger.record_refund(command, shop.now()).await {
        Ok(_) => {
            shop.wake_workers();
            Ok(Carried::Done)
        }
        Err(Failure::Refused(Refusal::OrderUnknown)) => Ok(Carried::Done),
        Err(Failure::Refused(refusal)) => Ok(Carried::Refused(refusal.to_string())),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}
