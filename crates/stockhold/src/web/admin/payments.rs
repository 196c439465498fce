//! Payments: what waits for a person, and behind its tabs the books beside Stripe's, the webhook inbox, disputes, refunds and
//! all payments.
//!
//! Invariant: each thing that waits has one action, which goes through the ordinary commands and has its identity from the
//! thing itself: pressed twice, or by two people at once, it happens once.

pub mod assign;
pub mod elsewhere;
pub mod lists;
pub mod reconciliation;
pub mod webhooks;

use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::commands::Refusal;
use rules::commands::release_hold::ReleaseHold;
use rules::ids::{OrderId, RefundId};
use rules::orders::Hold;
use rules::time::Timestamp;
use serde::Deserialize;

use super::desk::{Desk, noted};
use crate::ledger::{Failure, Fault};
use crate::outbox::differences::why_away;
use crate::outbox::{Carried, refunds};
use crate::storage::keys::Scope;
use crate::storage::money;
use crate::storage::orders::{self, OrderView};
use crate::storage::reconciliation::{self as runs, StoredFinding};
use crate::storage::waiting::{self, Waiting};
use crate::web::PageError;
use crate::web::storefront::plain;

const ROWS_MAX: i64 = 500;
/// Longest reason or note, in characters.
const WORDS_CHARS_MAX: usize = 500;
const HERE: &str = "/admin/payments";

/// The tabs, in their order: the word and where it leads.
const TABS: [(&str, &str); 6] = [
    ("waiting", "/admin/payments"),
    ("reconciliation", "/admin/payments/reconciliation"),
    ("webhooks", "/admin/payments/webhooks"),
    ("disputes", "/admin/payments/disputes"),
    ("refunds", "/admin/payments/refunds"),
    ("all", "/admin/payments/all"),
];

/// Why something was not done, for the head of the page.
#[derive(Debug)]
pub struct Trouble {
    status: StatusCode,
    words: String,
    /// In Stripe's words or in the program's, which are English.
    detail: String,
}

impl Trouble {
    /// Stripe could not be asked: which of the things that can be wrong it is.
    pub fn away(desk: &Desk, why: &str) -> Trouble {
        let words = desk.say(&format!("admin-payments-away-{}", why_away(why)), &[]);
        Trouble { status: StatusCode::SERVICE_UNAVAILABLE, words, detail: why.to_owned() }
    }

    pub fn refused(desk: &Desk, detail: &str) -> Trouble {
        Trouble {
            status: StatusCode::CONFLICT,
            words: desk.say("admin-payments-refused", &[]),
            detail: detail.to_owned(),
        }
    }

    pub fn of(desk: &Desk, refusal: &Refusal) -> Trouble {
        let key = match refusal {
            Refusal::DisputeOpen => "admin-payments-refused-dispute",
            Refusal::NothingToRefund | Refusal::RefundTooLarge { .. } => "admin-payments-refused-nothing",
            Refusal::ChangedMeanwhile => "admin-payments-gap-changed",
            Refusal::SessionStillOpen => "admin-payments-refused-open",
            Refusal::UnitsNotThere { .. } | Refusal::LineUnknown { .. } => "admin-payments-refused-units",
            other => return Trouble::refused(desk, &other.to_string()),
        };
        Trouble { status: StatusCode::CONFLICT, words: desk.say(key, &[]), detail: String::new() }
    }

    /// It is not any more as whoever pressed saw it.
    pub fn changed(desk: &Desk, key: &str) -> Trouble {
        Trouble { status: StatusCode::CONFLICT, words: desk.say(key, &[]), detail: String::new() }
    }

    /// A form that lacks something.
    pub fn unfinished(desk: &Desk, key: &str) -> Trouble {
        Trouble { status: StatusCode::UNPROCESSABLE_ENTITY, words: desk.say(key, &[]), detail: String::new() }
    }

    pub fn shown(&self) -> Value {
        context! { words => self.words.as_str(), detail => self.detail.as_str() }
    }
}

/// What this person may do here; whoever may only look sees no buttons.
pub fn may(desk: &Desk) -> Value {
    context! { refund => desk.may(Scope::RefundsWrite), settle => desk.may(Scope::PaymentsWrite) }
}

/// The status of a page and what stands at its head.
pub fn told(trouble: Option<&Trouble>) -> (StatusCode, Option<Value>) {
    trouble.map_or((StatusCode::OK, None), |trouble| (trouble.status, Some(trouble.shown())))
}

pub fn fault(fault: Fault) -> PageError {
    PageError::Fault(fault.0)
}

/// What is open: read once for a page, its tabs count it and the page shows it.
#[derive(Debug)]
pub struct Open {
    pub waits: Vec<Waiting>,
    pub differences: Vec<StoredFinding>,
}

impl Open {
    pub async fn load(desk: &Desk) -> Result<Open, PageError> {
        let storage = &desk.shop.storage;
        Ok(Open { waits: waiting::list(storage, ROWS_MAX).await?, differences: runs::open(storage, ROWS_MAX).await? })
    }

    /// The tabs with how much each has to do.
    pub fn tabs(&self, desk: &Desk, here: &str) -> Vec<Value> {
        let disputes = self.waits.iter().filter(|waiting| waiting.kind == "dispute").count();
        let count = |tab: &str| match tab {
            "waiting" => self.waits.len() - disputes,
            "reconciliation" => self.differences.len(),
            "disputes" => disputes,
            _ => 0,
        };
        let shown = TABS.iter().map(|(tab, href)| {
            context! {
                label => desk.say(&format!("admin-payments-tab-{tab}"), &[]),
                href => format!("{}{href}", desk.prefix()),
                here => *tab == here,
                count => count(tab),
            }
        });
        shown.collect()
    }
}

/// Where an object of Stripe's is looked at: `payments`, `disputes`. A demo's Stripe has one page for all of them.
pub fn at_stripe(desk: &Desk, what: &str, id: &str) -> String {
    at_stripe_in(desk, desk.shop.config.is_live(), what, id)
}

/// The same for an object that is known to be of live or of test mode, whatever key the shop has today.
pub fn at_stripe_in(desk: &Desk, is_live: bool, what: &str, id: &str) -> String {
    if let Some(sandbox) = &desk.shop.config.sandbox {
        return format!("{}/_sandbox/stripe", sandbox.base_url);
    }
    let mode = if is_live { "" } else { "test/" };
    format!("https://dashboard.stripe.com/{mode}{what}/{id}")
}

pub fn order_href(desk: &Desk, order: OrderId) -> String {
    format!("{}/admin/orders/{order}", desk.prefix())
}

/// The place in a list after which the next page begins: the moment and the id of the last row.
pub fn cursor(text: &str) -> Option<(Timestamp, String)> {
    let (at, id) = text.split_once('.')?;
    Some((Timestamp::from_micros(at.parse().ok()?), plain(id)?.to_owned()))
}

pub fn cursor_text(at: Timestamp, id: &str) -> String {
    format!("{}.{id}", at.micros())
}

pub async fn show(desk: Desk) -> Result<Response, PageError> {
    page(&desk, None).await
}

async fn page(desk: &Desk, trouble: Option<&Trouble>) -> Result<Response, PageError> {
    let open = Open::load(desk).await?;
    // A warning has no page of its own at Stripe: its payment has.
    let warned = open.waits.iter().filter(|waiting| waiting.kind == "fraud_warning");
    let warnings = money::disputes(&desk.shop.storage, warned.map(|warning| warning.subject.clone()).collect()).await?;
    // Disputes have a page of their own, with their deadlines.
    let shown = open.waits.iter().filter(|waiting| waiting.kind != "dispute").map(|waiting| {
        let payment = match waiting.kind.as_str() {
            "payment_differs" => Some(waiting.subject.as_str()),
            "fraud_warning" => warnings.iter().find(|one| one.id == waiting.subject).map(|one| one.intent_id.as_str()),
            _ => None,
        };
        let (detail, is_foreign) = detail(desk, waiting);
        context! {
            kind => waiting.kind.as_str(),
            title => desk.say(&format!("admin-payments-waits-{}", waiting.kind.replace('_', "-")), &[]),
            text => desk.say(&format!("admin-payments-waits-{}-text", waiting.kind.replace('_', "-")), &[]),
            order => waiting.order.to_string(),
            number => waiting.number,
            order_href => order_href(desk, waiting.order),
            subject => waiting.subject.as_str(),
            stripe_href => payment.map(|payment| at_stripe(desk, "payments", payment)),
            amount => desk.money_in(waiting.amount.minor, waiting.amount.currency),
            detail,
            is_foreign,
            due => waiting.due_by.map(|at| desk.time(at)),
        }
    });
    let (status, trouble) = told(trouble);
    let context =
        context! { tabs => open.tabs(desk, "waiting"), waits => shown.collect::<Vec<_>>(), trouble, may => may(desk) };
    desk.page(status, "admin/payments.html", context)
}

/// What is to be known of what waits, and whether it is a sentence of somebody else's, who speaks English.
fn detail(desk: &Desk, waiting: &Waiting) -> (String, bool) {
    if let Some(asked) = waiting.asked {
        let asked = desk.money_in(asked.minor, asked.currency);
        return (desk.say("admin-payments-waits-asked", &[("total", asked.into())]), false);
    }
    match waiting.kind.as_str() {
        "refund_owed" => (desk.refund_failure(&waiting.detail), false),
        "fraud_warning" => (dispute_reason(desk, &waiting.detail), false),
        _ => (waiting.detail.clone(), true),
    }
}

/// Why a bank asks, in words; a reason that nobody here knows stays as Stripe calls it.
pub fn dispute_reason(desk: &Desk, reason: &str) -> String {
    let key = format!("admin-payments-reason-{}", reason.replace('_', "-"));
    if desk.has_word(&key) { desk.say(&key, &[]) } else { reason.replace('_', " ") }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundForm {
    order: String,
    refund: String,
}

/// A failed refund is sent once more.
pub async fn refund_again(desk: Desk, form: Result<Form<RefundForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let (order, failed): (OrderId, RefundId) = (id(&form.order)?, id(&form.refund)?);
    let sent = refunds::again(&desk.shop, order, failed).await;
    went_back(&desk, sent, &format!("{order} {failed}")).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentForm {
    order: String,
    payment: String,
}

/// A payment of a wrong amount goes back.
pub async fn payment_back(desk: Desk, form: Result<Form<PaymentForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let order: OrderId = id(&form.order)?;
    let payment = plain(&form.payment).ok_or(PageError::Unreadable)?;
    let sent = refunds::payment_back(&desk.shop, order, payment).await;
    went_back(&desk, sent, &format!("{order} {payment}")).await
}

async fn went_back(desk: &Desk, sent: Result<Carried, Failure>, detail: &str) -> Result<Response, PageError> {
    let trouble = match sent {
        Ok(Carried::Done) => return Ok(noted(desk.done(HERE, "refund-sent"), detail)),
        // It is written down; somebody else is sending it, or it is sent as soon as Stripe answers.
        Ok(Carried::Unknown(_) | Carried::NotDue) => return Ok(noted(desk.done(HERE, "refund-waits"), detail)),
        Ok(Carried::Refused(why)) => Trouble::refused(desk, &why),
        Err(Failure::Refused(refusal)) => Trouble::of(desk, &refusal),
        Err(Failure::Fault(error)) => return Err(fault(error)),
    };
    page(desk, Some(&trouble)).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseForm {
    order: String,
    reason: String,
}

/// Gives back what an order holds whose page Stripe cannot be asked about, on the word of whoever looked there.
pub async fn release(desk: Desk, form: Result<Form<ReleaseForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let order: OrderId = id(&form.order)?;
    let reason = plain(&form.reason).filter(|reason| !reason.is_empty() && reason.chars().count() <= WORDS_CHARS_MAX);
    let Some(reason) = reason else {
        return page(&desk, Some(&Trouble::unfinished(&desk, "admin-payments-reason-missing"))).await;
    };
    let view = orders::find(&desk.shop.storage, order).await?.ok_or(PageError::NotFound)?;
    if view.hold == Hold::Live && view.unreachable.is_empty() {
        return page(&desk, Some(&Trouble::of(&desk, &Refusal::SessionStillOpen))).await;
    }
    let why = format!("released by {}: {reason}", desk.actor());
    match desk.shop.ledger.release_hold(ReleaseHold { order_id: order, why }, desk.shop.now()).await {
        Ok(_) => Ok(noted(desk.done(HERE, "released"), order.to_string())),
        Err(Failure::Refused(refusal)) => page(&desk, Some(&Trouble::of(&desk, &refusal))).await,
        Err(Failure::Fault(error)) => Err(fault(error)),
    }
}

/// An order and a refund in an address.
type RefundIds = Result<Path<(String, String)>, PathRejection>;

/// The refund of the order that an address names; what is not there is missing.
async fn refund_of(desk: &Desk, ids: RefundIds) -> Result<(OrderView, RefundId), PageError> {
    let (order, refund) = ids?.0;
    let (order, refund): (OrderId, RefundId) = (id(&order)?, id(&refund)?);
    let order = orders::find(&desk.shop.storage, order).await?.ok_or(PageError::NotFound)?;
    let is_there = order.refunds.iter().any(|known| known.id == refund);
    if is_there { Ok((order, refund)) } else { Err(PageError::NotFound) }
}

pub fn id<T: std::str::FromStr>(text: &str) -> Result<T, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}
