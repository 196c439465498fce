//! The webhook inbox: what Stripe sent, what became of it, and whether Stripe reaches this shop at all.

use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use serde::Deserialize;

use super::{Open, cursor, cursor_text, may};
use crate::storage::inbox::{self, StoredEvent};
use crate::storage::today::{self, Webhook};
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};

const ROWS: usize = 50;
const STATES: [&str; 4] = ["received", "done", "failed", "not_ours"];
const SIGNATURE_DAYS: i64 = 2;

#[derive(Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
}

pub async fn show(desk: Desk, query: Result<Query<ListQuery>, QueryRejection>) -> Result<Response, PageError> {
    let query = query?.0;
    let (storage, now) = (&desk.shop.storage, desk.shop.now());
    let state = STATES.into_iter().find(|known| *known == query.state);
    let mut events = inbox::page(storage, state, cursor(&query.after), ROWS as i64 + 1).await?;
    let more = events.len() > ROWS;
    events.truncate(ROWS);
    let next = events.last().filter(|_| more).map(|last| cursor_text(last.received_at, &last.id));
    let silent = match today::webhook(storage, now).await? {
        Webhook::Fine => None,
        Webhook::Silent { since } => Some(context! { since => since.map(|at| desk.time(at)) }),
    };
    let bad = inbox::signature_failures(storage, SIGNATURE_DAYS, now).await?.map(|bad| {
        let text = desk
            .say("admin-payments-signatures", &[("count", bad.count.into()), ("at", desk.time(bad.last_at).into())]);
        context! { text, detail => bad.last_error.as_str() }
    });
    let context = context! {
        may => may(&desk),
        tabs => Open::load(&desk).await?.tabs(&desk, "webhooks"),
        endpoint => format!("{}/api/webhooks/stripe", desk.shop.config.base_url),
        has_secret => !desk.shop.config.webhook_secrets.is_empty(),
        latest => inbox::latest_at(storage).await?.map(|at| desk.time(at)),
        silent,
        bad,
        states => states(&desk, state),
        state => state.unwrap_or_default(),
        events => events.iter().map(|event| shown(&desk, event)).collect::<Vec<_>>(),
        next,
    };
    desk.page(StatusCode::OK, "admin/payments/webhooks.html", context)
}

/// The filter: each state is a link.
fn states(desk: &Desk, chosen: Option<&str>) -> Vec<Value> {
    let all = [""].into_iter().chain(STATES);
    all.map(|state| {
        let query = if state.is_empty() { String::new() } else { format!("?state={state}") };
        let word = if state.is_empty() { "all" } else { state };
        context! {
            label => desk.say(&format!("admin-payments-event-{}", word.replace('_', "-")), &[]),
            href => format!("{}/admin/payments/webhooks{query}", desk.prefix()),
            here => chosen.unwrap_or_default() == state,
        }
    })
    .collect()
}

fn shown(desk: &Desk, event: &StoredEvent) -> Value {
    let chip = match event.state.as_str() {
        "done" => "ok",
        "received" => "wait",
        "failed" => "bad",
        _ => "off",
    };
    context! {
        id => event.id.as_str(),
        kind => event.kind.as_str(),
        object => event.object_id.as_str(),
        livemode => event.livemode,
        at => desk.time(event.received_at),
        chip,
        state => desk.say(&format!("admin-payments-event-{}", event.state.replace('_', "-")), &[]),
        attempts => event.attempts,
        error => event.last_error.as_str(),
        href => format!("{}/admin/payments/webhooks/{}", desk.prefix(), event.id),
    }
}

pub async fn show_event(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let event = inbox::find(&desk.shop.storage, &id?.0).await?.ok_or(PageError::NotFound)?;
    let payload: Option<serde_json::Value> = serde_json::from_str(&event.payload).ok();
    let payload = payload.and_then(|payload| serde_json::to_string_pretty(&payload).ok());
    let context = context! {
        may => may(&desk),
        tabs => Open::load(&desk).await?.tabs(&desk, "webhooks"),
        event => shown(&desk, &event),
        payload => payload.unwrap_or_else(|| event.payload.clone()),
    };
    desk.page(StatusCode::OK, "admin/payments/event.html", context)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayForm {
    event: String,
}

/// Hands an event to the workers once more. What it led to before is not done twice.
pub async fn replay(desk: Desk, form: Result<Form<ReplayForm>, FormRejection>) -> Result<Response, PageError> {
    let id = form?.0.event;
    if id.contains('\0') || !inbox::replay(&desk.shop.storage, &id, desk.shop.now()).await? {
        return Err(PageError::NotFound);
    }
    desk.shop.wake_workers();
    Ok(noted(desk.done("/admin/payments/webhooks", "replayed"), id))
}
