//! Disputes with their deadlines, refunds in all their states, and every payment with Stripe's ids.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::disputes::{Dispute, DisputeState};
use rules::money::Money;
use rules::payments::{Payment, Purpose};
use rules::refunds::{Refund, RefundState};
use serde::Deserialize;

use super::{Open, ROWS_MAX, at_stripe, cursor, cursor_text, dispute_reason, may, order_href};
use crate::storage::money;
use crate::web::PageError;
use crate::web::admin::desk::Desk;

const ROWS: usize = 50;
const STATES: [RefundState; 5] =
    [RefundState::Requested, RefundState::Pending, RefundState::Succeeded, RefundState::Failed, RefundState::Canceled];

#[derive(Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
}

type Asked = Result<Query<ListQuery>, QueryRejection>;

pub async fn disputes(desk: Desk, query: Asked) -> Result<Response, PageError> {
    let query = query?.0;
    let storage = &desk.shop.storage;
    let open = money::disputes_open(storage, ROWS_MAX).await?;
    let mut all = money::disputes_page(storage, cursor(&query.after), ROWS as i64 + 1).await?;
    let more = all.len() > ROWS;
    all.truncate(ROWS);
    let next = all.last().filter(|_| more).map(|(last, _)| cursor_text(last.at, &last.id));
    let shown = |(dispute, number): &(Dispute, i64)| dispute_row(&desk, dispute, *number);
    let ended = |(dispute, _): &&(Dispute, i64)| !is_open(dispute.state);
    let context = context! {
        may => may(&desk),
        tabs => Open::load(&desk).await?.tabs(&desk, "disputes"),
        open => open.iter().map(shown).collect::<Vec<_>>(),
        ended => all.iter().filter(ended).map(shown).collect::<Vec<_>>(),
        next,
    };
    desk.page(StatusCode::OK, "admin/payments/disputes.html", context)
}

fn is_open(state: DisputeState) -> bool {
    match state {
        DisputeState::Warning | DisputeState::Inquiry | DisputeState::Open => true,
        DisputeState::Won | DisputeState::Lost | DisputeState::Closed => false,
    }
}

fn dispute_row(desk: &Desk, dispute: &Dispute, number: i64) -> Value {
    let chip = match dispute.state {
        DisputeState::Open | DisputeState::Lost => "bad",
        DisputeState::Inquiry | DisputeState::Warning => "wait",
        DisputeState::Won => "ok",
        DisputeState::Closed => "off",
    };
    let late = dispute.due_by.is_some_and(|at| at < desk.shop.now());
    // A warning has no page of its own at Stripe: its payment has.
    let href = match dispute.state {
        DisputeState::Warning => at_stripe(desk, "payments", &dispute.intent_id),
        _ => at_stripe(desk, "disputes", &dispute.id),
    };
    context! {
        id => dispute.id.as_str(),
        number,
        order_href => order_href(desk, dispute.order),
        amount => desk.money_in(dispute.amount.minor, dispute.amount.currency),
        withdrawn => (dispute.withdrawn_minor > 0)
            .then(|| desk.money_in(dispute.withdrawn_minor, dispute.amount.currency)),
        reason => dispute_reason(desk, &dispute.reason),
        chip,
        state => desk.say(&format!("admin-payments-dispute-{}", dispute.state.as_str()), &[]),
        due => dispute.due_by.map(|at| desk.time(at)),
        late,
        opened => desk.time(dispute.at),
        href,
        warning => dispute.state == DisputeState::Warning,
    }
}

pub async fn refunds(desk: Desk, query: Asked) -> Result<Response, PageError> {
    let query = query?.0;
    let storage = &desk.shop.storage;
    let state = RefundState::parse(&query.state);
    let mut rows = money::refunds_page(storage, state, cursor(&query.after), ROWS as i64 + 1).await?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let next = rows.last().filter(|_| more).map(|(last, _)| cursor_text(last.at, &last.id.to_string()));
    let open = Open::load(&desk).await?;
    let owed = open.waits.iter().filter(|waiting| waiting.kind == "refund_owed");
    let owed: BTreeMap<&str, Money> = owed.map(|waiting| (waiting.subject.as_str(), waiting.amount)).collect();
    let states = [None].into_iter().chain(STATES.map(Some)).map(|choice| {
        let word = choice.map_or("all", RefundState::as_str);
        let query = choice.map_or(String::new(), |state| format!("?state={}", state.as_str()));
        context! {
            label => desk.say(&format!("admin-payments-refund-{word}"), &[]),
            href => format!("{}/admin/payments/refunds{query}", desk.prefix()),
            here => choice == state,
        }
    });
    let context = context! {
        may => may(&desk),
        tabs => open.tabs(&desk, "refunds"),
        states => states.collect::<Vec<_>>(),
        state => state.map_or("", RefundState::as_str),
        refunds => rows.iter().map(|(refund, number)| refund_row(&desk, refund, *number, &owed)).collect::<Vec<_>>(),
        next,
    };
    desk.page(StatusCode::OK, "admin/payments/refunds.html", context)
}

fn refund_row(desk: &Desk, refund: &Refund, number: i64, owed: &BTreeMap<&str, Money>) -> Value {
    let chip = match refund.state {
        RefundState::Requested | RefundState::Pending => "wait",
        RefundState::Succeeded => "ok",
        RefundState::Failed | RefundState::Canceled => "bad",
    };
    let id = refund.id.to_string();
    let unassigned = !refund.assigned && refund.state.is_alive();
    context! {
        at => desk.time(refund.at),
        number,
        order => refund.order.to_string(),
        order_href => order_href(desk, refund.order),
        amount => desk.money_in(refund.amount.minor, refund.amount.currency),
        kind => desk.say(&format!("admin-payments-refund-kind-{}", refund.kind.as_str().replace('_', "-")), &[]),
        reason => refund.reason.as_str(),
        chip,
        state => desk.say(&format!("admin-payments-refund-{}", refund.state.as_str()), &[]),
        failure => desk.refund_failure(&refund.failure),
        stripe_id => refund.stripe_id.clone(),
        owed => owed.get(id.as_str()).map(|owed| desk.money_in(owed.minor, owed.currency)),
        assign_href => unassigned.then(|| format!("{}/admin/payments/refunds/{}/{id}", desk.prefix(), refund.order)),
        id,
    }
}

pub async fn all(desk: Desk, query: Asked) -> Result<Response, PageError> {
    let query = query?.0;
    let mut rows = money::payments_page(&desk.shop.storage, cursor(&query.after), ROWS as i64 + 1).await?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let next = rows.last().filter(|_| more).map(|(last, _)| cursor_text(last.at, &last.intent_id));
    let context = context! {
        may => may(&desk),
        tabs => Open::load(&desk).await?.tabs(&desk, "all"),
        payments => rows.iter().map(|(payment, number)| payment_row(&desk, payment, *number)).collect::<Vec<_>>(),
        next,
    };
    desk.page(StatusCode::OK, "admin/payments/all.html", context)
}

fn payment_row(desk: &Desk, payment: &Payment, number: i64) -> Value {
    let money = |minor: i64| (minor > 0).then(|| desk.money_in(minor, payment.amount.currency));
    let chip = match payment.purpose {
        Purpose::Order => "ok",
        Purpose::Surplus => "off",
        Purpose::Mismatch => "bad",
    };
    context! {
        at => desk.time(payment.at),
        number,
        order_href => order_href(desk, payment.order),
        amount => desk.money_in(payment.amount.minor, payment.amount.currency),
        back => money(payment.refunded_minor),
        disputed => money(payment.disputed_minor),
        chip,
        purpose => desk.say(&format!("admin-payments-purpose-{}", payment.purpose.as_str()), &[]),
        intent => payment.intent_id.as_str(),
        // A free order is paid by nothing of Stripe's.
        href => payment.intent_id.starts_with("pi_").then(|| at_stripe(desk, "payments", &payment.intent_id)),
    }
}
