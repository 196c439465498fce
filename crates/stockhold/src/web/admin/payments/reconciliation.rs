//! Our books beside Stripe's: the last comparison, and each open difference with the one thing that settles it.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::money::{Currency, Money};
use rules::reconciliation::{Kind, Said, Settling};
use rules::time::Span;
use serde::Deserialize;

use super::{Open, Trouble, WORDS_CHARS_MAX, at_stripe, fault, may, told};
use crate::outbox::differences::{self, Settled};
use crate::storage::reconciliation::{self as runs, Explanation, Run, StoredFinding};
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::admin::today::todo::unexplained;
use crate::web::storefront::plain;

const HERE: &str = "/admin/payments/reconciliation";
const EXPLANATIONS_SHOWN: i64 = 20;

pub async fn show(desk: Desk) -> Result<Response, PageError> {
    page(&desk, None).await
}

async fn page(desk: &Desk, trouble: Option<&Trouble>) -> Result<Response, PageError> {
    let storage = &desk.shop.storage;
    let run = runs::latest(storage).await?;
    let open = Open::load(desk).await?;
    let differences = &open.differences;
    let ids = differences.iter().filter_map(|finding| finding.order.map(|order| order.to_string())).collect();
    let numbers = runs::numbers(storage, ids).await?;
    let explanations = runs::explanations(storage, EXPLANATIONS_SHOWN).await?;
    let findings = differences.iter().map(|finding| {
        let order = finding.order.map(|order| order.to_string());
        let number = order.as_ref().and_then(|order| numbers.get(order));
        shown(desk, finding, number.copied())
    });
    let (status, trouble) = told(trouble);
    let context = context! {
        may => may(desk),
        tabs => open.tabs(desk, "reconciliation"),
        run => run.as_ref().map(|run| shown_run(desk, run)),
        unexplained => unexplained(desk, differences),
        findings => findings.collect::<Vec<_>>(),
        explanations => explanations.iter().map(|one| explained(desk, one)).collect::<Vec<_>>(),
        trouble,
    };
    desk.page(status, "admin/payments/reconciliation.html", context)
}

fn shown_run(desk: &Desk, run: &Run) -> Value {
    let state = match (run.is_done, run.stopped.is_empty()) {
        (true, _) => "done",
        (false, false) => "stopped",
        (false, true) => "running",
    };
    let stopped = (state == "stopped").then(|| Trouble::away(desk, &run.stopped).shown());
    context! {
        state,
        label => desk.say(&format!("admin-payments-run-{state}"), &[]),
        started => desk.time(run.started_at),
        finished => run.finished_at.map(|at| desk.time(at)),
        since => desk.time(run.since),
        compared => run.compared.values().sum::<i64>(),
        repairs => run.applies,
        stopped,
    }
}

fn shown(desk: &Desk, finding: &StoredFinding, number: Option<i64>) -> Value {
    let kind = finding.kind.as_str();
    let settling = match finding.kind.settling(finding.by_hand) {
        Settling::Ask => "ask",
        Settling::ClosePage => "close",
        Settling::Explain => "explain",
    };
    let word = kind.replace('_', "-");
    let at_stripe = match finding.subject.get(..3) {
        Some("pi_") => Some(at_stripe(desk, "payments", &finding.subject)),
        Some("du_" | "dp_") => Some(at_stripe(desk, "disputes", &finding.subject)),
        _ => None,
    };
    context! {
        kind,
        title => desk.say(&format!("admin-payments-differs-{word}"), &[]),
        advice => desk.say(&format!("admin-payments-settles-{settling}-text"), &[]),
        settling,
        subject => finding.subject.as_str(),
        stripe_href => at_stripe,
        number,
        order_href => finding.order.map(|order| super::order_href(desk, order)),
        gap => desk.money_in(finding.gap.minor, finding.gap.currency),
        gap_minor => finding.gap.minor,
        currency => finding.gap.currency.code(),
        detail => desk.say(&format!("admin-payments-found-{word}"), &[
            ("told", said(desk, finding.kind, &finding.told).into()),
            ("ours", said(desk, finding.kind, &finding.ours).into()),
        ]),
    }
}

/// What one side says, in the desk's words; a state that has none stays as it is called.
fn said(desk: &Desk, kind: Kind, said: &Said) -> String {
    let state = match said {
        Said::Nothing => return String::new(),
        Said::Amount(money) => return desk.money_in(money.minor, money.currency),
        Said::State(state) => state,
    };
    let key = match kind {
        Kind::SessionState | Kind::SessionUnknown | Kind::SessionAmount => format!("admin-payments-page-{state}"),
        Kind::DisputeUnknown | Kind::DisputeState => format!("admin-payments-dispute-{state}"),
        Kind::RefundUnknown | Kind::RefundState | Kind::RefundAmount | Kind::RefundMissing => {
            format!("admin-payments-refund-{state}")
        }
        Kind::PaymentUnknown | Kind::PaymentAmount | Kind::PaymentMissing | Kind::BalanceAmount => {
            return state.clone();
        }
    };
    if desk.has_word(&key) { desk.say(&key, &[]) } else { state.clone() }
}

fn explained(desk: &Desk, one: &Explanation) -> Value {
    context! {
        title => desk.say(&format!("admin-payments-differs-{}", one.kind.as_str().replace('_', "-")), &[]),
        subject => one.subject.as_str(),
        gap => desk.money_in(one.gap.minor, one.gap.currency),
        note => one.note.as_str(),
        by => one.by.strip_prefix("staff:").unwrap_or(&one.by),
        at => desk.time(one.at),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartForm {
    /// `lately`, `month` or `all`.
    since: String,
}

/// Asks the workers for a comparison with repairs.
pub async fn start(desk: Desk, form: Result<Form<StartForm>, FormRejection>) -> Result<Response, PageError> {
    let shop = &desk.shop;
    let since = form?.0.since;
    let from = match since.as_str() {
        "lately" => differences::reach_back(shop, true).await.map_err(fault)?,
        "month" => shop.now() - Span::minutes(30 * 24 * 60),
        "all" => differences::from_the_first_order(shop).await.map_err(fault)?,
        _ => return Err(PageError::Unreadable),
    };
    let wanted = differences::want_comparison(shop, from).await.map_err(fault)?;
    let word = if wanted { "comparison-started" } else { "comparison-runs" };
    Ok(noted(desk.done(HERE, word), since))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettleForm {
    kind: String,
    subject: String,
}

pub async fn settle(desk: Desk, form: Result<Form<SettleForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let (kind, subject) = named(&form.kind, &form.subject)?;
    let settled = differences::settle(&desk.shop, kind, &subject).await.map_err(fault)?;
    answer(&desk, settled, &format!("{} {subject}", kind.as_str())).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainForm {
    kind: String,
    subject: String,
    /// The amount that the page showed, in minor units.
    gap: i64,
    currency: String,
    note: String,
}

pub async fn explain(desk: Desk, form: Result<Form<ExplainForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let (kind, subject) = named(&form.kind, &form.subject)?;
    let note = plain(&form.note).filter(|note| !note.is_empty() && note.chars().count() <= WORDS_CHARS_MAX);
    let Some(note) = note else {
        return page(&desk, Some(&Trouble::unfinished(&desk, "admin-payments-note-missing"))).await;
    };
    let currency = Currency::parse(&form.currency).map_err(|_| PageError::Unreadable)?;
    let shown = Money::new(form.gap, currency);
    let actor = desk.actor();
    let explained = differences::explain(&desk.shop, (kind, &subject), shown, note, &actor).await;
    let settled = explained.map_err(fault)?;
    answer(&desk, settled, &format!("{} {subject}", kind.as_str())).await
}

fn named(kind: &str, subject: &str) -> Result<(Kind, String), PageError> {
    let kind = Kind::parse(kind).ok_or(PageError::NotFound)?;
    let subject = plain(subject).filter(|subject| !subject.is_empty()).ok_or(PageError::NotFound)?;
    Ok((kind, subject.to_owned()))
}

async fn answer(desk: &Desk, settled: Settled, detail: &str) -> Result<Response, PageError> {
    match settled {
        Settled::Done => Ok(noted(desk.done(HERE, "settled"), detail)),
        Settled::ByHand => page(desk, Some(&Trouble::unfinished(desk, "admin-payments-by-hand"))).await,
        Settled::Changed => page(desk, Some(&Trouble::changed(desk, "admin-payments-gap-changed"))).await,
        Settled::Refused(why) => page(desk, Some(&Trouble::refused(desk, &why))).await,
        Settled::StripeAway(why) => page(desk, Some(&Trouble::away(desk, &why))).await,
        Settled::Unknown => Err(PageError::NotFound),
    }
}
