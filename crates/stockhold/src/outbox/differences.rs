//! One difference between our books and Stripe's: looked at again, mended by asking Stripe and recording its answer through
//! the ordinary commands, or explained by whoever looked. The comparison of everything mends by the same function.
//!
//! Invariant: settling looks first and looks afterwards, so the same click again, or somebody else's at the same moment,
//! finds nothing to do.

use rules::ids::OrderId;
use rules::money::Money;
use rules::payments::{MoneyState, SessionFact};
use rules::reconciliation::{self as plan, Finding, Kind, Repair, Settling, ToldPayment, ToldRefund};
use rules::time::{Span, Timestamp};

use super::{Carried, close_session, disputes, order_of_intent, refunds, settle_session};
use crate::ledger::Fault;
use crate::shop::Shop;
use crate::storage::reconciliation::{self as runs, Explanation, Run, StoredFinding};
use crate::storage::{money, orders};
use crate::stripe::wire::{self, Expandable};
use crate::stripe::{Call, Rejection};

/// Looked at again beyond the last run: an object may have been made while that run passed by.
const OVERLAP: Span = Span::minutes(60);

/// The way of a run, in order. Events come first: they tell of what has changed on objects made long ago.
pub const PHASES: [&str; 9] =
    ["events", "sessions", "payments", "refunds", "disputes", "warnings", "balance", "our_payments", "our_refunds"];

/// How far back a comparison reaches of which nobody says more: from the first order on, or with repairs from a little
/// before the last run with repairs. The account may be older than the shop; nothing there is ours from before.
pub async fn reach_back(shop: &Shop, applies: bool) -> Result<Timestamp, Fault> {
    let first = from_the_first_order(shop).await?;
    if !applies {
        return Ok(first);
    }
    Ok(runs::repaired_until(&shop.storage).await?.map_or(first, |until| until - OVERLAP))
}

pub async fn from_the_first_order(shop: &Shop) -> Result<Timestamp, Fault> {
    Ok(runs::first_order_at(&shop.storage).await?.unwrap_or_else(|| shop.now()) - OVERLAP)
}

pub fn new_run(shop: &Shop, since: Timestamp, applies: bool) -> Run {
    Run {
        id: format!("rec_{:032x}", uuid::Uuid::now_v7().as_u128()),
        since,
        applies,
        is_done: false,
        phase: PHASES[0].to_owned(),
        after: String::new(),
        compared: Default::default(),
        started_at: shop.now(),
        finished_at: None,
        stopped: String::new(),
    }
}

/// Asks for a comparison with repairs, which the workers make. False: one is under way or waits already.
pub async fn want_comparison(shop: &Shop, since: Timestamp) -> Result<bool, Fault> {
    let wanted = runs::want(&shop.storage, &new_run(shop, since, true)).await?;
    shop.wake_reconciler();
    Ok(wanted)
}

/// What became of the wish to settle a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    Done,
    /// Asking Stripe does not mend it: somebody has to say what it is.
    ByHand,
    /// It differs still; why, in the words of whoever refused.
    Refused(String),
    /// It differs by another amount, or in another way, than whoever explains it was shown.
    Changed,
    /// Stripe could not be asked; why, in Stripe's words if it said any.
    StripeAway(String),
    /// No run has found such a difference.
    Unknown,
}

/// Why Stripe cannot be asked, for whoever has to mend it: `key` (it does not know ours), `right` (ours may not do this),
/// `busy`, `refused`, or `silent`. Read from the sentence that is kept of it.
pub fn why_away(why: &str) -> &'static str {
    let refused = |status: &str| why.contains(&format!("Stripe refused ({status}"));
    match why {
        _ if refused("401") => "key",
        _ if refused("403") => "right",
        _ if refused("429") || why.contains("429") => "busy",
        _ if refused("") => "refused",
        _ => "silent",
    }
}

/// Settles one difference: looks at it, mends it, and looks again.
pub async fn settle(shop: &Shop, kind: Kind, subject: &str) -> Result<Settled, Fault> {
    let Some(stored) = runs::find(&shop.storage, kind, subject).await? else { return Ok(Settled::Unknown) };
    let found = match look(shop, &stored).await? {
        Looked::Away(why) => return Ok(Settled::StripeAway(why)),
        Looked::Equal => return done(shop, &stored).await,
        Looked::Differs(found) => found,
    };
    let carried = match (found.kind.settling(found.repair == Repair::ByHand), found.order) {
        (Settling::Explain, _) => return still(shop, &stored, &found, Settled::ByHand).await,
        (Settling::ClosePage, Some(order)) => close_session(shop, order, subject).await?,
        (Settling::ClosePage | Settling::Ask, _) => mend(shop, &found).await?,
    };
    let refused = match carried {
        Carried::Unknown(unsure) => return Ok(Settled::StripeAway(unsure.why)),
        Carried::Refused(why) => why,
        Carried::Done | Carried::NotDue => String::new(),
    };
    shop.wake_workers();
    match look(shop, &stored).await? {
        Looked::Away(why) => Ok(Settled::StripeAway(why)),
        Looked::Equal => done(shop, &stored).await,
        Looked::Differs(found) => {
            let by_hand = found.kind.settling(found.repair == Repair::ByHand) == Settling::Explain;
            let outcome = if by_hand { Settled::ByHand } else { Settled::Refused(refused) };
            still(shop, &stored, &found, outcome).await
        }
    }
}

/// Keeps what somebody found out about a difference that no word of Stripe's mends. One that is equal by now needs no
/// explaining, and one that Stripe can mend is not talked away. `shown` is the amount that they were looking at: no word of
/// theirs stands for another.
pub async fn explain(
    shop: &Shop,
    (kind, subject): (Kind, &str),
    shown: Money,
    note: &str,
    by: &str,
) -> Result<Settled, Fault> {
    let Some(stored) = runs::find(&shop.storage, kind, subject).await? else { return Ok(Settled::Unknown) };
    match look(shop, &stored).await? {
        Looked::Away(why) => return Ok(Settled::StripeAway(why)),
        Looked::Equal => return done(shop, &stored).await,
        Looked::Differs(found) => {
            let settling = found.kind.settling(found.repair == Repair::ByHand);
            if settling != Settling::Explain {
                return still(shop, &stored, &found, Settled::Refused(String::new())).await;
            }
            runs::still_differs(&shop.storage, stored.kind, &stored.subject, &found).await?;
            if found.gap != shown || found.kind != stored.kind {
                return Ok(Settled::Changed);
            }
        }
    }
    let (subject, note, by) = (subject.to_owned(), note.to_owned(), by.to_owned());
    runs::explain(&shop.storage, &Explanation { kind, subject, gap: shown, note, by, at: shop.now() }).await?;
    Ok(Settled::Done)
}

async fn done(shop: &Shop, stored: &StoredFinding) -> Result<Settled, Fault> {
    runs::settled(&shop.storage, stored.kind, &stored.subject).await?;
    Ok(Settled::Done)
}

async fn still(shop: &Shop, stored: &StoredFinding, now: &Finding, outcome: Settled) -> Result<Settled, Fault> {
    runs::still_differs(&shop.storage, stored.kind, &stored.subject, now).await?;
    Ok(outcome)
}

/// Mends a difference, if that is safe: Stripe is asked again, and its answer recorded.
pub async fn mend(shop: &Shop, finding: &Finding) -> Result<Carried, Fault> {
    let subject = finding.subject.as_str();
    match (finding.repair, finding.order) {
        (Repair::AskSession, Some(order)) if finding.kind == Kind::SessionUnknown => {
            close_session(shop, order, subject).await
        }
        (Repair::AskSession, Some(order)) if finding.kind == Kind::SessionState => {
            settle_session(shop, order, subject).await
        }
        // It records the session that it finds.
        (Repair::AskSession, _) => match order_of_intent(shop, subject).await? {
            Ok(_) => Ok(Carried::Done),
            Err(asked) => Ok(asked.into_carried()),
        },
        (Repair::AskRefund, _) => Ok(refunds::settle(shop, subject).await?.into_carried()),
        (Repair::AskDispute, _) => Ok(disputes::settle(shop, subject).await?.into_carried()),
        (Repair::AskWarning, _) => Ok(disputes::settle_warning(shop, subject).await?.into_carried()),
        (Repair::ByHand, _) => Ok(Carried::Done),
    }
}

/// What a difference looks like now.
enum Looked {
    Equal,
    Differs(Finding),
    Away(String),
}

impl From<Option<Finding>> for Looked {
    fn from(found: Option<Finding>) -> Looked {
        found.map_or(Looked::Equal, Looked::Differs)
    }
}

/// What Stripe said of an object: itself, that there is none, or why it cannot be asked.
enum Told<T> {
    Object(T),
    None,
    Away(String),
}

fn told<T>(call: Call<T>) -> Told<T> {
    match call {
        Call::Done(object) => Told::Object(object),
        Call::Refused(Rejection { status: 404, .. }) => Told::None,
        Call::Refused(rejection) => Told::Away(rejection.to_string()),
        Call::Unknown(uncertainty) => Told::Away(uncertainty.to_string()),
    }
}

async fn look(shop: &Shop, stored: &StoredFinding) -> Result<Looked, Fault> {
    match stored.kind {
        Kind::SessionState | Kind::SessionUnknown | Kind::SessionAmount => look_at_session(shop, stored).await,
        Kind::PaymentUnknown | Kind::PaymentAmount | Kind::PaymentMissing => look_at_payment(shop, stored).await,
        Kind::RefundUnknown | Kind::RefundState | Kind::RefundAmount | Kind::RefundMissing => {
            look_at_refund(shop, stored).await
        }
        Kind::DisputeUnknown | Kind::DisputeState => look_at_dispute(shop, stored).await,
        Kind::BalanceAmount => look_at_balance(shop, stored).await,
    }
}

async fn look_at_session(shop: &Shop, stored: &StoredFinding) -> Result<Looked, Fault> {
    let session = match told(shop.stripe.session(&stored.subject).await) {
        Told::Object(session) => session,
        Told::None => {
            return Ok(Looked::Away(format!("Stripe does not know {} under the present key", stored.subject)));
        }
        Told::Away(why) => return Ok(Looked::Away(why)),
    };
    let Some(order) = session.order_id() else { return Ok(Looked::Equal) };
    let fact = session.fact();
    let ours = runs::sessions(&shop.storage, vec![order.to_string()]).await?;
    let known = is_money_known(shop, &fact).await?;
    Ok(ours.get(&order).and_then(|our| plan::compare_session(our, &fact, known)).into())
}

/// Whether the payment made on a page is in our books.
pub async fn is_money_known(shop: &Shop, fact: &SessionFact) -> Result<bool, Fault> {
    if fact.money != MoneyState::Paid {
        return Ok(false);
    }
    let intents = fact.intent.iter().cloned().collect();
    Ok(!money::payments(&shop.storage, intents).await?.is_empty())
}

async fn look_at_payment(shop: &Shop, stored: &StoredFinding) -> Result<Looked, Fault> {
    let ours = money::payments(&shop.storage, vec![stored.subject.clone()]).await?;
    match told(shop.stripe.payment_intent(&stored.subject).await) {
        Told::Object(intent) => {
            let order = ours.first().map(|payment| payment.order).or(intent.order_id()).or(stored.order);
            let Some(order) = order else { return Ok(Looked::Equal) };
            let captured = Money::new(intent.amount_received, wire::currency(&intent.currency));
            let payment = ToldPayment { intent_id: intent.id.clone(), order, captured };
            Ok(plan::compare_payment(ours.first(), &payment).into())
        }
        Told::None => Ok(ours.first().and_then(plan::missing_payment).into()),
        Told::Away(why) => Ok(Looked::Away(why)),
    }
}

async fn look_at_refund(shop: &Shop, stored: &StoredFinding) -> Result<Looked, Fault> {
    let ours = money::refunds(&shop.storage, vec![stored.subject.clone()]).await?;
    match told(shop.stripe.refund(&stored.subject).await) {
        Told::Object(refund) => {
            let Some(order) = order_of(shop, refund.intent_id(), stored).await? else { return Ok(Looked::Equal) };
            let amount = Money::new(refund.amount, wire::currency(&refund.currency));
            let refund = ToldRefund { stripe_id: refund.id.clone(), amount, state: refund.state() };
            Ok(plan::compare_refund(order, ours.first(), &refund).into())
        }
        Told::None => Ok(ours.first().and_then(plan::missing_refund).into()),
        Told::Away(why) => Ok(Looked::Away(why)),
    }
}

async fn look_at_dispute(shop: &Shop, stored: &StoredFinding) -> Result<Looked, Fault> {
    let ours = money::disputes(&shop.storage, vec![stored.subject.clone()]).await?;
    let gone = || Looked::Away(format!("Stripe does not know {} under the present key", stored.subject));
    let dispute = if stored.subject.starts_with("issfr_") {
        let warning = match told(shop.stripe.fraud_warning(&stored.subject).await) {
            Told::Object(warning) => warning,
            Told::None => return Ok(gone()),
            Told::Away(why) => return Ok(Looked::Away(why)),
        };
        let intent = warning.payment_intent.as_ref().map(Expandable::id).unwrap_or_default().to_owned();
        let payments = money::payments(&shop.storage, vec![intent]).await?;
        let Some(payment) = payments.first() else { return Ok(Looked::Equal) };
        disputes::told_warning(payment.order, payment.amount, &warning)
    } else {
        let dispute = match told(shop.stripe.dispute(&stored.subject).await) {
            Told::Object(dispute) => dispute,
            Told::None => return Ok(gone()),
            Told::Away(why) => return Ok(Looked::Away(why)),
        };
        let intent = dispute.payment_intent.as_ref().map(Expandable::id);
        let Some(order) = order_of(shop, intent, stored).await? else { return Ok(Looked::Equal) };
        disputes::told(order, &dispute)
    };
    Ok(plan::compare_dispute(dispute.order, ours.first(), &dispute).into())
}

async fn look_at_balance(shop: &Shop, stored: &StoredFinding) -> Result<Looked, Fault> {
    let moved = match told(shop.stripe.balance_transaction(&stored.subject).await) {
        Told::Object(moved) => moved,
        Told::None => return Ok(Looked::Equal),
        Told::Away(why) => return Ok(Looked::Away(why)),
    };
    let Some(Expandable::Object(source)) = &moved.source else { return Ok(Looked::Equal) };
    let intent = source.payment_intent.as_ref().map(Expandable::id).unwrap_or_default().to_owned();
    let payments = money::payments(&shop.storage, vec![intent]).await?;
    let amount = Money::new(moved.amount, wire::currency(&moved.currency));
    Ok(payments.first().and_then(|payment| plan::compare_balance(payment, &moved.id, amount)).into())
}

async fn order_of(shop: &Shop, intent: Option<&str>, stored: &StoredFinding) -> Result<Option<OrderId>, Fault> {
    let Some(intent) = intent else { return Ok(stored.order) };
    Ok(orders::find_by_intent(&shop.storage, intent).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_reads_it_knows_what_to_mend() {
        let rejection = |status| Rejection {
            status,
            code: None,
            kind: "invalid_request_error".to_owned(),
            param: None,
            message: "No.".to_owned(),
            request_id: Some("req_1".to_owned()),
        };
        for (status, word) in [(401, "key"), (403, "right"), (429, "busy"), (400, "refused")] {
            assert_eq!(why_away(&rejection(status).to_string()), word);
        }
        assert_eq!(why_away("Stripe's answer is not known: connection refused"), "silent");
    }
}
