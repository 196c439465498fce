//! Reads the webhook inbox. An event is a hint: its object is fetched, and what Stripe says now is recorded.

use rules::ids::OrderId;
use rules::time::Span;

use crate::ledger::Fault;
use crate::outbox::{self, Asked, Carried, Unsure, disputes, refunds};
use crate::privacy;
use crate::shop::Shop;
use crate::storage::inbox::{self, StoredEvent};
use crate::storage::orders;
use crate::stripe::Call;
use crate::stripe::wire::EventHead;

const EVENTS_PER_ROUND: i64 = 100;
/// After so many tries an event waits for a person; the sweeper asks Stripe about its order all the same.
const TRIES_MAX: i64 = 12;

/// Returns how many events were finished.
pub async fn run(shop: &Shop) -> Result<usize, Fault> {
    let mut finished = 0;
    for event in inbox::lease(&shop.storage, shop.now(), EVENTS_PER_ROUND).await? {
        let (state, why) = match read(shop, &head(&event)).await? {
            Read::Ours(Carried::Done | Carried::NotDue) => ("done", String::new()),
            Read::Ours(Carried::Refused(why)) => ("failed", why),
            Read::Ours(Carried::Unknown(Unsure { why, retry_after })) if event.attempts < TRIES_MAX => {
                let wait = Span::seconds((1_i64 << event.attempts.clamp(0, 8)).min(300));
                let wait = retry_after.map_or(wait, |asked| asked.max(wait));
                inbox::try_again_at(&shop.storage, &event.id, shop.now() + wait, &why).await?;
                continue;
            }
            Read::Ours(Carried::Unknown(unsure)) => ("failed", unsure.why),
            Read::NotOurs => ("not_ours", String::new()),
            Read::NothingToDo => ("done", String::new()),
        };
        inbox::finish(&shop.storage, &event.id, state, &why).await?;
        privacy::keep_what_is_needed(shop, &event, state == "not_ours").await?;
        finished += 1;
    }
    Ok(finished)
}

/// The stored columns are what the event said of itself; its order may stand in the payload alone.
fn head(event: &StoredEvent) -> EventHead {
    EventHead {
        id: event.id.clone(),
        kind: event.kind.clone(),
        object_id: event.object_id.clone(),
        livemode: event.livemode,
        client_reference_id: EventHead::read(event.payload.as_bytes()).ok().and_then(|head| head.client_reference_id),
    }
}

/// What reading an event came to.
#[derive(Debug)]
pub enum Read {
    Ours(Carried),
    /// Another application's object in the same Stripe account (scenario P25).
    NotOurs,
    NothingToDo,
}

impl From<Asked> for Read {
    fn from(asked: Asked) -> Read {
        match asked {
            Asked::Ours(carried) => Read::Ours(carried),
            Asked::NotOurs => Read::NotOurs,
        }
    }
}

/// Asks Stripe about what an event names, and records the answer.
pub async fn read(shop: &Shop, event: &EventHead) -> Result<Read, Fault> {
    if event.livemode != shop.stripe.livemode_of_key() {
        return Ok(Read::NotOurs);
    }
    // A thin event names the same things with a prefix (docs.stripe.com/webhooks).
    let kind = event.kind.trim_start_matches("v1.");
    let id = event.object_id.as_str();
    let read = match kind {
        _ if kind.starts_with("checkout.session.") => match order_of(shop, event).await? {
            Some(order_id) => Read::Ours(outbox::settle_session(shop, order_id, id).await?),
            None => Read::NotOurs,
        },
        _ if kind.starts_with("refund.") => refunds::settle(shop, id).await?.into(),
        // Older flows tell of Dashboard refunds only by their charge.
        "charge.refunded" => read_charge(shop, id).await?,
        _ if kind.starts_with("charge.dispute.") => disputes::settle(shop, id).await?.into(),
        "radar.early_fraud_warning.created" | "radar.early_fraud_warning.updated" => {
            disputes::settle_warning(shop, id).await?.into()
        }
        _ => Read::NothingToDo,
    };
    if let Read::Ours(_) = read {
        shop.tell(format!("--> {} [{}]", event.kind, event.id));
    }
    Ok(read)
}

async fn read_charge(shop: &Shop, id: &str) -> Result<Read, Fault> {
    let charge = match shop.stripe.charge(id).await {
        Call::Done(charge) => charge,
        Call::Refused(rejection) => return Ok(Read::Ours(Carried::Refused(rejection.to_string()))),
        Call::Unknown(uncertainty) => return Ok(Read::Ours(Carried::Unknown(uncertainty.into()))),
    };
    let Some(intent) = &charge.payment_intent else { return Ok(Read::NotOurs) };
    Ok(refunds::settle_all_of(shop, intent.id()).await?.into())
}

/// By the session we know, or by the reference we gave it: the session's id may never have reached us.
async fn order_of(shop: &Shop, event: &EventHead) -> Result<Option<OrderId>, Fault> {
    if let Some(order_id) = orders::find_by_session(&shop.storage, &event.object_id).await? {
        return Ok(Some(order_id));
    }
    let Some(order_id) = event.client_reference_id.as_deref().and_then(|id| id.parse().ok()) else {
        return Ok(None);
    };
    Ok(orders::find(&shop.storage, order_id).await?.map(|order| order.id))
}
