//! The outbox: the one voice to Stripe and to the mail server.
//!
//! An effect is leased, carried out, and its outcome handed to the ledger as a command; then it is marked. The
//! request that placed an order carries out its own effect through the same function that a worker uses after a
//! crash. No transaction is ever open across a call.
//!
//! Invariant: a call has three outcomes. `Unknown` is repeated with the same key and the same bytes, never taken
//! for a failure.

pub mod back_in_stock;
pub mod cancel;
pub mod checkout;
pub mod differences;
pub mod disputes;
pub mod letters;
pub mod lookups;
pub mod refunds;
pub mod staff_letters;
pub mod sweep;
pub mod webhooks;

use rules::commands::Refusal;
use rules::commands::record_payment::RecordPayment;
use rules::commands::release_hold::ReleaseHold;
use rules::ids::OrderId;
use rules::orders::{Hold, Session};
use rules::payments::SessionFact;
use rules::time::{Span, Timestamp};

use crate::ledger::{Failure, Fault};
use crate::shop::Shop;
use crate::storage::effects::{self, EffectRow};
use crate::storage::orders::{self, OrderView};
use crate::storage::waiting;
use crate::stripe::client::IdempotencyKey;
use crate::stripe::{Call, Uncertainty};

/// Stripe keeps an idempotency key at least 24 hours (docs.stripe.com/api/idempotent_requests); an hour less, and
/// we look the object up instead of sending anything again.
const KEY_LIVES: Span = Span::minutes(23 * 60);
/// Waits between tries: doubling from two seconds, at most five minutes.
const WAIT_FIRST_SECONDS: i64 = 2;
const WAIT_SECONDS_MAX: i64 = 300;
/// The longest wait that is granted to whoever asks for one: a header gone wrong must not stop an order for days.
const RETRY_AFTER_SECONDS_MAX: i64 = 3600;

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// Done, or not needed any more.
    Done,
    /// A right answer that is no; nobody tries again by itself.
    Refused(String),
    /// Not known: the same again later.
    Unknown(Unsure),
    /// Somebody else is at it, or it is done already.
    NotDue,
}

/// Why an outcome is not known, and how long whoever was asked wants to be left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsure {
    pub why: String,
    pub retry_after: Option<Span>,
}

impl From<String> for Unsure {
    fn from(why: String) -> Unsure {
        Unsure { why, retry_after: None }
    }
}

impl From<Uncertainty> for Unsure {
    fn from(uncertainty: Uncertainty) -> Unsure {
        let asked = uncertainty.retry_after.map(|wait| i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
        let retry_after = asked.map(|seconds| Span::seconds(seconds.min(RETRY_AFTER_SECONDS_MAX)));
        Unsure { why: uncertainty.to_string(), retry_after }
    }
}

/// What came of asking Stripe about one of its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Ours(Carried),
    /// Another application's object in the same Stripe account (scenario P25).
    NotOurs,
}

impl Asked {
    /// For whoever knows that it is ours.
    pub fn into_carried(self) -> Carried {
        match self {
            Asked::Ours(carried) => carried,
            Asked::NotOurs => Carried::Done,
        }
    }
}

/// The order that a payment intent belongs to. News of a refund or dispute may come before the news of the payment
/// itself: then the payment is settled first, by the session that Stripe names.
pub async fn order_of_intent(shop: &Shop, intent_id: &str) -> Result<Result<OrderId, Asked>, Fault> {
    if let Some(order_id) = orders::find_by_intent(&shop.storage, intent_id).await? {
        return Ok(Ok(order_id));
    }
    let page = match shop.stripe.sessions_of(intent_id).await {
        Call::Done(page) => page,
        Call::Refused(_) => return Ok(Err(Asked::NotOurs)),
        Call::Unknown(uncertainty) => return Ok(Err(Asked::Ours(Carried::Unknown(uncertainty.into())))),
    };
    for session in page.data {
        let Some(order_id) = session.order_id() else { continue };
        let carried = record(shop, order_id, session.fact()).await?;
        if orders::find_by_intent(&shop.storage, intent_id).await? == Some(order_id) {
            return Ok(Ok(order_id));
        }
        if carried != Carried::Done {
            return Ok(Err(Asked::Ours(carried)));
        }
    }
    Ok(Err(Asked::NotOurs))
}

/// Carries out one effect, if it is due and nobody else is at it.
pub async fn carry_out(shop: &Shop, effect_id: &str) -> Result<Carried, Fault> {
    let Some(effect) = effects::lease(&shop.storage, effect_id, shop.now()).await? else {
        return Ok(Carried::NotDue);
    };
    let carried = match effect.kind.as_str() {
        "open_checkout" => checkout::open(shop, &effect).await?,
        "close_checkout" => close_session(shop, effect.order_id, &effect.subject).await?,
        "delete_coupon" => delete_coupon(shop, effect.order_id).await,
        "refund_payment" => refunds::send(shop, &effect).await?,
        "send_letter" => letters::send(shop, &effect).await?,
        other => Carried::Refused(format!("this version does not know the effect {other}")),
    };
    match &carried {
        Carried::Done => effects::done(&shop.storage, &effect.id).await?,
        Carried::Refused(why) => {
            tracing::error!(effect = effect.id, why, "an effect was refused");
            effects::refused(&shop.storage, &effect.id, why).await?;
        }
        Carried::Unknown(Unsure { why, retry_after }) => {
            tracing::warn!(effect = effect.id, why, attempts = effect.attempts, "an effect's outcome is unknown");
            // Coming back earlier than asked is only refused again.
            let asked = shop.now() + retry_after.unwrap_or(Span::seconds(0));
            let at = next_try(&effect, shop.now()).max(asked);
            effects::try_again_at(&shop.storage, &effect.id, at, why).await?;
        }
        Carried::NotDue => {}
    }
    Ok(carried)
}

fn next_try(effect: &EffectRow, now: Timestamp) -> Timestamp {
    now + wait(effect.attempts)
}

/// Doubling with every try.
fn wait(attempts: i64) -> Span {
    let doublings = attempts.clamp(0, 10) as u32;
    Span::seconds((WAIT_FIRST_SECONDS << doublings).min(WAIT_SECONDS_MAX))
}

/// Whether Stripe may have forgotten the key of this effect's first try.
fn key_may_be_gone(effect: &EffectRow, now: Timestamp) -> bool {
    effect.attempts > 1 && now - effect.created_at > KEY_LIVES
}

/// Asks Stripe about this order's session now and records what it says. Monotone, idempotent; the one settle
/// behind redirect, webhook, sweeper and hand.
pub async fn settle(shop: &Shop, order_id: OrderId) -> Result<Carried, Fault> {
    let Some(order) = orders::find(&shop.storage, order_id).await? else { return Ok(Carried::Done) };
    match &order.session_id {
        Some(session_id) => settle_session(shop, order_id, session_id).await,
        None if order.session_state == Session::Opening => carry_out(shop, &open_effect(order_id)).await,
        None => Ok(Carried::Done),
    }
}

/// Asks Stripe about one session and records what it says of this order.
pub async fn settle_session(shop: &Shop, order_id: OrderId, session_id: &str) -> Result<Carried, Fault> {
    match shop.stripe.session(session_id).await {
        Call::Done(session) => record(shop, order_id, session.fact()).await,
        // The hold stays: whoever cannot be asked cannot be said to have not paid (S4). A person is told.
        Call::Refused(rejection) if rejection.status == 404 => {
            let why = format!("Stripe does not know {session_id} under the present key");
            waiting::note_unreachable(&shop.storage, order_id, &why).await?;
            Ok(Carried::Refused(why))
        }
        Call::Refused(rejection) => Ok(Carried::Unknown(rejection.to_string().into())),
        Call::Unknown(uncertainty) => Ok(Carried::Unknown(uncertainty.into())),
    }
}

/// Closes an order's session, so that its hold can end (S4). The order's hold tells the outcome: released when
/// Stripe closed it, sold when the buyer was faster, live when Stripe could not be asked.
pub async fn close(shop: &Shop, order_id: OrderId) -> Result<Carried, Fault> {
    let Some(mut order) = orders::find(&shop.storage, order_id).await? else { return Ok(Carried::Done) };
    if order.session_state == Session::Opening {
        // Whether it opened is not known yet; the same request again decides it.
        let carried = carry_out(shop, &open_effect(order_id)).await?;
        match orders::find(&shop.storage, order_id).await? {
            Some(now) if now.session_state != Session::Opening => order = now,
            _ => return Ok(carried),
        }
    }
    match (order.hold, &order.session_id) {
        (Hold::Live, Some(session_id)) => close_session(shop, order_id, session_id).await,
        (Hold::Live, None) if order.session_state == Session::Never => release_free(shop, order_id).await,
        _ => Ok(Carried::Done),
    }
}

/// A refused `expire` means "read the session again", never "release the stock" (the buyer may just have paid).
pub async fn close_session(shop: &Shop, order_id: OrderId, session_id: &str) -> Result<Carried, Fault> {
    // Closing is idempotent by itself. A key of its own for each try, so that a 500 that Stripe keeps under one key
    // does not keep the hold for a day.
    let key = IdempotencyKey::new(format!("stockhold:{session_id}:expire:{}", shop.now().micros()));
    match shop.stripe.expire_session(&key, session_id).await {
        Call::Done(session) => record(shop, order_id, session.fact()).await,
        Call::Refused(_) => settle_session(shop, order_id, session_id).await,
        Call::Unknown(uncertainty) => Ok(Carried::Unknown(uncertainty.into())),
    }
}

/// An order that costs nothing has no page to close: its hold ends here.
async fn release_free(shop: &Shop, order_id: OrderId) -> Result<Carried, Fault> {
    let command = ReleaseHold { order_id, why: "it was not confirmed in time".to_owned() };
    match shop.ledger.release_hold(command, shop.now()).await {
        Ok(_) => Ok(Carried::Done),
        Err(Failure::Refused(refusal)) => Ok(Carried::Refused(refusal.to_string())),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

/// Takes the one-off coupon of an order away. That it is gone, or never was, is as good.
async fn delete_coupon(shop: &Shop, order_id: OrderId) -> Carried {
    match shop.stripe.delete_coupon(&coupon_id(order_id)).await {
        Call::Done(_) => Carried::Done,
        Call::Refused(rejection) if rejection.status == 404 => Carried::Done,
        Call::Refused(rejection) => Carried::Refused(rejection.to_string()),
        Call::Unknown(uncertainty) => Carried::Unknown(uncertainty.into()),
    }
}

/// What the discount of an order is called at Stripe.
pub fn coupon_id(order_id: OrderId) -> String {
    format!("discount_{order_id}")
}

/// Hands a fact to the ledger; tells what it changed.
pub async fn record(shop: &Shop, order_id: OrderId, fact: SessionFact) -> Result<Carried, Fault> {
    if let Some(mixed) = mixes_modes(shop, &fact) {
        waiting::note_unreachable(&shop.storage, order_id, &mixed).await?;
        return Ok(Carried::Refused(mixed));
    }
    let before = orders::find(&shop.storage, order_id).await?;
    if before.as_ref().is_some_and(|order| !order.unreachable.is_empty()) {
        waiting::note_unreachable(&shop.storage, order_id, "").await?;
    }
    let command = RecordPayment { order_id, fact, refund_id: shop.draw_refund_id() };
    match shop.ledger.record_payment(command, shop.now()).await {
        Ok(recorded) => {
            if let Some(order) = before.filter(|order| order.status != recorded.status) {
                shop.tell(format!("{:8} order {}", recorded.status.as_str(), order.number));
                shop.wake_workers();
            }
            Ok(Carried::Done)
        }
        Err(Failure::Refused(Refusal::OrderUnknown)) => Ok(Carried::Done),
        Err(Failure::Refused(refusal)) => Ok(Carried::Refused(refusal.to_string())),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

/// Test money never pays a live order, nor the other way round.
fn mixes_modes(shop: &Shop, fact: &SessionFact) -> Option<String> {
    let live = shop.stripe.livemode_of_key();
    (fact.livemode != live).then(|| format!("session {} is of the other mode", fact.session_id))
}

/// The id of the effect that opens an order's payment page.
pub fn open_effect(order_id: OrderId) -> String {
    format!("open_checkout:{order_id}")
}

/// What a worker or a page shows of an order that was looked up by its id.
pub async fn order(shop: &Shop, order_id: OrderId) -> Result<Option<OrderView>, Fault> {
    Ok(orders::find(&shop.storage, order_id).await?)
}
