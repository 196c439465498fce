//! Reconciliation: Stripe's lists are walked page by page, each object is held against its row in our books, and
//! what can be mended by asking Stripe again is mended, through the ordinary commands.
//!
//! Invariants: one page is in memory at a time; how far a run has come is stored after each, so that a run that stops
//! goes on from there; nothing of the books is written here.

use std::collections::BTreeSet;

use rules::disputes::{Dispute, DisputeState};
use rules::ids::OrderId;
use rules::money::Money;
use rules::payments::MoneyState;
use rules::reconciliation::{self as plan, Finding, Kind, Repair, ToldPayment, ToldRefund};
use rules::time::Timestamp;

use crate::ledger::Fault;
use crate::outbox::{Carried, differences, disputes};
use crate::shop::Shop;
use crate::storage::reconciliation::{self as runs, Run};
use crate::storage::{inbox, money, orders};
use crate::stripe::wire::{self, Expandable, Page};
use crate::stripe::{Call, Uncertainty};
use crate::workers::read_inbox::{self, Read};

const ROWS_PER_PAGE: i64 = 100;

/// Why a run stopped on its way; what it has found is stored, and the next one goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    #[error("Stripe cannot be asked now ({0}). Run it again to go on from here.")]
    StripeAway(String),
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Stopped {
    /// For the run's row: in Stripe's words, where Stripe said something.
    fn why(&self) -> String {
        match self {
            Stopped::StripeAway(why) => why.clone(),
            Stopped::Fault(fault) => fault.to_string(),
        }
    }
}

impl From<crate::storage::StorageError> for Stopped {
    fn from(error: crate::storage::StorageError) -> Self {
        Stopped::Fault(error.into())
    }
}

/// Runs to the end, from where an unfinished run of the same kind stopped. Without a `since`, from the first order on, or
/// with repairs from a little before the last run with repairs; `progress` hears of each page.
pub async fn run(
    shop: &Shop,
    since: Option<Timestamp>,
    applies: bool,
    mut progress: impl FnMut(&Run),
) -> Result<Run, Stopped> {
    let mut run = match runs::take_up(&shop.storage, applies, shop.now()).await? {
        Some(run) if since.is_none_or(|since| since == run.since) => run,
        _ => begin(shop, since, applies).await?,
    };
    let from = differences::PHASES.iter().position(|phase| *phase == run.phase).unwrap_or(0);
    for (at, phase) in differences::PHASES.iter().enumerate().skip(from) {
        loop {
            let step = step(shop, &run).await;
            let (seen, after) = match step {
                Ok(step) => step,
                Err(stopped) => {
                    runs::let_go(&shop.storage, &run.id, &stopped.why()).await?;
                    return Err(stopped);
                }
            };
            *run.compared.entry((*phase).to_owned()).or_default() += seen;
            let Some(after) = after else { break };
            run.after = after;
            runs::note(&shop.storage, &run, shop.now()).await?;
            progress(&run);
        }
        // What is noted is where to go on: whoever stops here looks at no page twice.
        if let Some(next) = differences::PHASES.get(at + 1) {
            (run.phase, run.after) = ((*next).to_owned(), String::new());
        }
        runs::note(&shop.storage, &run, shop.now()).await?;
        progress(&run);
    }
    runs::finish(&shop.storage, &run.id, shop.now()).await?;
    (run.is_done, run.finished_at) = (true, Some(shop.now()));
    Ok(run)
}

async fn begin(shop: &Shop, since: Option<Timestamp>, applies: bool) -> Result<Run, Fault> {
    let since = match since {
        Some(since) => since,
        None => differences::reach_back(shop, applies).await?,
    };
    let run = differences::new_run(shop, since, applies);
    runs::begin(&shop.storage, &run).await?;
    Ok(run)
}

/// How many objects were looked at, and where to go on, if there is more.
type Step = Result<(i64, Option<String>), Stopped>;

async fn step(shop: &Shop, run: &Run) -> Step {
    let since = run.since.seconds().max(0);
    let after = Some(run.after.as_str()).filter(|after| !after.is_empty());
    match run.phase.as_str() {
        "events" if !run.applies => Ok((0, None)),
        "events" => events(shop, told(shop.stripe.events(since, after).await)?).await,
        "sessions" => sessions(shop, run, told(shop.stripe.sessions_created_since(since, after).await)?).await,
        "payments" => payments(shop, run, told(shop.stripe.payment_intents(since, after).await)?).await,
        "refunds" => of_refunds(shop, run, told(shop.stripe.refunds(since, after).await)?).await,
        "disputes" => of_disputes(shop, run, told(shop.stripe.disputes(since, after).await)?).await,
        "warnings" => warnings(shop, run, told(shop.stripe.fraud_warnings(since, after).await)?).await,
        "balance" => balance(shop, run, told(shop.stripe.balance_transactions(since, after).await)?).await,
        "our_payments" => our_payments(shop, run).await,
        _ => our_refunds(shop, run).await,
    }
}

fn told<T>(call: Call<T>) -> Result<T, Stopped> {
    match call {
        Call::Done(answer) => Ok(answer),
        Call::Refused(rejection) => Err(Stopped::StripeAway(rejection.to_string())),
        Call::Unknown(Uncertainty { reason, .. }) => Err(Stopped::StripeAway(reason)),
    }
}

/// The last object of a page, when another page follows.
fn next<T>(page: &Page<T>, id: impl Fn(&T) -> &str) -> Option<String> {
    page.data.last().filter(|_| page.has_more).map(|last| id(last).to_owned())
}

/// Events that no webhook brought: each is read like one that did.
async fn events(shop: &Shop, page: Page<wire::EventHead>) -> Step {
    let ids = page.data.iter().map(|event| event.id.clone()).collect();
    let known: BTreeSet<String> = inbox::known(&shop.storage, ids).await?.into_iter().collect();
    // Stripe lists the newest first; what happened first is read first.
    for event in page.data.iter().rev().filter(|event| !known.contains(&event.id)) {
        match read_inbox::read(shop, event).await {
            // This news is read when Stripe is there again; nobody else may ever bring it.
            Ok(Read::Ours(Carried::Unknown(unsure))) => return Err(Stopped::StripeAway(unsure.why)),
            Ok(Read::Ours(_) | Read::NotOurs | Read::NothingToDo) => {}
            Err(fault) => tracing::error!(%fault, event = event.id, "an event could not be recorded"),
        }
    }
    Ok((page.data.len() as i64, next(&page, |event| &event.id)))
}

async fn sessions(shop: &Shop, run: &Run, page: Page<wire::Session>) -> Step {
    let own = |session: &&wire::Session| session.livemode == shop.stripe.livemode_of_key();
    let told: Vec<(OrderId, &wire::Session)> =
        page.data.iter().filter(own).filter_map(|session| Some((session.order_id()?, session))).collect();
    let ids = told.iter().map(|(order, _)| order.to_string()).collect();
    let ours = runs::sessions(&shop.storage, ids).await?;
    for (order, session) in told {
        let Some(our) = ours.get(&order) else { continue };
        // Only the intent tells whether a delayed payment failed, and a list does not show it.
        let session = match session.fact().money {
            MoneyState::Unpaid if session.is_complete() => self::told(shop.stripe.session(&session.id).await)?,
            _ => session.clone(),
        };
        let fact = session.fact();
        let known = differences::is_money_known(shop, &fact).await?;
        let Some(finding) = plan::compare_session(our, &fact, known) else { continue };
        if mended(shop, run, &finding).await? {
            let again = runs::sessions(&shop.storage, vec![order.to_string()]).await?;
            let now = self::told(shop.stripe.session(&fact.session_id).await)?.fact();
            let known = differences::is_money_known(shop, &now).await?;
            let still = again.get(&order).and_then(|our| plan::compare_session(our, &now, known));
            keep(shop, run, finding, still).await?;
        }
    }
    Ok((page.data.len() as i64, next(&page, |session| &session.id)))
}

async fn payments(shop: &Shop, run: &Run, page: Page<wire::PaymentIntent>) -> Step {
    let told: Vec<ToldPayment> = page.data.iter().filter_map(|intent| told_payment(shop, intent)).collect();
    let ids: Vec<String> = told.iter().map(|payment| payment.intent_id.clone()).collect();
    runs::meet(&shop.storage, &run.id, ids.clone()).await?;
    let ours = money::payments(&shop.storage, ids).await?;
    for payment in told {
        let our = ours.iter().find(|our| our.intent_id == payment.intent_id);
        let Some(finding) = plan::compare_payment(our, &payment) else { continue };
        if mended(shop, run, &finding).await? {
            let again = money::payments(&shop.storage, vec![payment.intent_id.clone()]).await?;
            let still = plan::compare_payment(again.first(), &payment);
            keep(shop, run, finding, still).await?;
        }
    }
    Ok((page.data.len() as i64, next(&page, |intent| &intent.id)))
}

/// An intent that is for one of our orders; what belongs to other applications of the account is theirs.
fn told_payment(shop: &Shop, intent: &wire::PaymentIntent) -> Option<ToldPayment> {
    let order = intent.order_id().filter(|_| intent.is_of_shop(&shop.shop_id()))?;
    let captured = Money::new(intent.amount_received, wire::currency(&intent.currency));
    Some(ToldPayment { intent_id: intent.id.clone(), order, captured })
}

async fn of_refunds(shop: &Shop, run: &Run, page: Page<wire::Refund>) -> Step {
    let ids: Vec<String> = page.data.iter().map(|refund| refund.id.clone()).collect();
    runs::meet(&shop.storage, &run.id, ids.clone()).await?;
    let ours = money::refunds(&shop.storage, ids).await?;
    // Stripe lists the newest first; what made up for another comes after it.
    for refund in page.data.iter().rev() {
        let Some(order) = order_of(shop, refund.intent_id()).await? else { continue };
        let told = ToldRefund {
            stripe_id: refund.id.clone(),
            amount: Money::new(refund.amount, wire::currency(&refund.currency)),
            state: refund.state(),
        };
        let our = ours.iter().find(|our| our.stripe_id.as_ref() == Some(&refund.id));
        let Some(finding) = plan::compare_refund(order, our, &told) else { continue };
        if mended(shop, run, &finding).await? {
            let again = money::refunds(&shop.storage, vec![told.stripe_id.clone()]).await?;
            let still = plan::compare_refund(order, again.first(), &told);
            keep(shop, run, finding, still).await?;
        }
    }
    Ok((page.data.len() as i64, next(&page, |refund| &refund.id)))
}

async fn of_disputes(shop: &Shop, run: &Run, page: Page<wire::Dispute>) -> Step {
    for told in &page.data {
        let Some(order) = order_of(shop, told.payment_intent.as_ref().map(Expandable::id)).await? else { continue };
        compare_dispute(shop, run, order, &disputes::told(order, told)).await?;
    }
    Ok((page.data.len() as i64, next(&page, |dispute| &dispute.id)))
}

async fn warnings(shop: &Shop, run: &Run, page: Page<wire::FraudWarning>) -> Step {
    for told in &page.data {
        let Some(intent) = told.payment_intent.as_ref().map(Expandable::id) else { continue };
        let Some(order) = order_of(shop, Some(intent)).await? else { continue };
        let payments = money::payments(&shop.storage, vec![intent.to_owned()]).await?;
        let Some(payment) = payments.first() else { continue };
        let warning = disputes::told_warning(order, payment.amount, told);
        debug_assert!(warning.state == DisputeState::Warning);
        compare_dispute(shop, run, order, &warning).await?;
    }
    Ok((page.data.len() as i64, next(&page, |warning| &warning.id)))
}

async fn compare_dispute(shop: &Shop, run: &Run, order: OrderId, told: &Dispute) -> Result<(), Stopped> {
    let ours = money::disputes(&shop.storage, vec![told.id.clone()]).await?;
    let Some(finding) = plan::compare_dispute(order, ours.first(), told) else { return Ok(()) };
    if mended(shop, run, &finding).await? {
        let again = money::disputes(&shop.storage, vec![told.id.clone()]).await?;
        let still = plan::compare_dispute(order, again.first(), told);
        keep(shop, run, finding, still).await?;
    }
    Ok(())
}

/// Stripe's balance is the last word on what it took: a movement for something of ours that the lists did not show
/// is found here.
async fn balance(shop: &Shop, run: &Run, page: Page<wire::BalanceTransaction>) -> Step {
    for moved in &page.data {
        let Some(Expandable::Object(source)) = &moved.source else { continue };
        let Some(intent) = source.payment_intent.as_ref().map(Expandable::id) else { continue };
        let payments = money::payments(&shop.storage, vec![intent.to_owned()]).await?;
        let Some(payment) = payments.first() else { continue };
        if moved.is_charge() {
            let amount = Money::new(moved.amount, wire::currency(&moved.currency));
            // The list of payments has told already that this one's amount is not ours: the same cents count once.
            let told = runs::is_found(&shop.storage, &run.id, Kind::PaymentAmount, intent).await?;
            if let Some(finding) = plan::compare_balance(payment, &moved.id, amount).filter(|_| !told) {
                runs::find_difference(&shop.storage, &run.id, &finding, false).await?;
            }
        }
    }
    Ok((page.data.len() as i64, next(&page, |moved| &moved.id)))
}

/// Payments of ours that Stripe's list did not show: made before the run's beginning, or not there at all.
async fn our_payments(shop: &Shop, run: &Run) -> Step {
    let page = runs::payments_not_met(&shop.storage, run, &run.after, ROWS_PER_PAGE).await?;
    for payment in &page {
        match shop.stripe.payment_intent(&payment.intent_id).await {
            Call::Done(intent) => {
                let captured = Money::new(intent.amount_received, wire::currency(&intent.currency));
                let told = ToldPayment { intent_id: intent.id.clone(), order: payment.order, captured };
                if let Some(finding) = plan::compare_payment(Some(payment), &told) {
                    runs::find_difference(&shop.storage, &run.id, &finding, false).await?;
                }
            }
            Call::Refused(rejection) if rejection.status == 404 => {
                if let Some(finding) = plan::missing_payment(payment) {
                    runs::find_difference(&shop.storage, &run.id, &finding, false).await?;
                }
            }
            other => drop(told(other)?),
        }
    }
    let last = page.iter().map(|payment| payment.intent_id.clone()).max();
    Ok((page.len() as i64, last))
}

async fn our_refunds(shop: &Shop, run: &Run) -> Step {
    let page = runs::refunds_not_met(&shop.storage, run, &run.after, ROWS_PER_PAGE).await?;
    for refund in &page {
        let Some(stripe_id) = &refund.stripe_id else { continue };
        match shop.stripe.refund(stripe_id).await {
            Call::Done(at_stripe) => {
                let amount = Money::new(at_stripe.amount, wire::currency(&at_stripe.currency));
                let told = ToldRefund { stripe_id: stripe_id.clone(), amount, state: at_stripe.state() };
                if let Some(finding) = plan::compare_refund(refund.order, Some(refund), &told)
                    && mended(shop, run, &finding).await?
                {
                    let again = money::refunds(&shop.storage, vec![told.stripe_id.clone()]).await?;
                    let still = plan::compare_refund(refund.order, again.first(), &told);
                    keep(shop, run, finding, still).await?;
                }
            }
            Call::Refused(rejection) if rejection.status == 404 => {
                if let Some(finding) = plan::missing_refund(refund) {
                    runs::find_difference(&shop.storage, &run.id, &finding, false).await?;
                }
            }
            other => drop(told(other)?),
        }
    }
    let last = page.iter().filter_map(|refund| refund.stripe_id.clone()).max();
    Ok((page.len() as i64, last))
}

/// The order whose payment this is, if our books know the payment; what they do not know was found among the payments.
async fn order_of(shop: &Shop, intent: Option<&str>) -> Result<Option<OrderId>, Stopped> {
    let Some(intent) = intent else { return Ok(None) };
    Ok(orders::find_by_intent(&shop.storage, intent).await?)
}

/// Mends a difference if that is safe and wanted: then whoever found it looks again. Otherwise it is kept as it is.
async fn mended(shop: &Shop, run: &Run, finding: &Finding) -> Result<bool, Stopped> {
    if !run.applies || finding.repair == Repair::ByHand {
        runs::find_difference(&shop.storage, &run.id, finding, false).await?;
        return Ok(false);
    }
    match differences::mend(shop, finding).await {
        Ok(Carried::Unknown(unsure)) => Err(Stopped::StripeAway(unsure.why)),
        Ok(Carried::Done | Carried::Refused(_) | Carried::NotDue) => Ok(true),
        // A row that cannot be mended must not stand in the way of all that come after it.
        Err(fault) => {
            tracing::error!(%fault, kind = finding.kind.as_str(), subject = finding.subject, "a repair failed");
            Ok(true)
        }
    }
}

/// Keeps what was found, and what is still to be found after it was mended.
async fn keep(shop: &Shop, run: &Run, found: Finding, still: Option<Finding>) -> Result<(), Stopped> {
    let (finding, repaired) = still.map_or((found, true), |still| (still, false));
    Ok(runs::find_difference(&shop.storage, &run.id, &finding, repaired).await?)
}
