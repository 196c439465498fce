//! Webhooks: the programs that are told what happens, and what each was told.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::time::Span;
use rules::topics::Topic;
use serde::Deserialize;

use super::form::{Sent, Sheet, Typed, Values};
use super::{found, once};
use crate::outbox::webhooks as outbox;
use crate::storage::revisions::Removed;
use crate::storage::webhooks::{self, Change, Delivery, DeliveryState, Endpoint, NewEndpoint, State, Why};
use crate::web::PageError;
use crate::web::admin::desk::Desk;
use crate::web::api::webhooks::{ENDPOINTS_MAX, checked, draw_id, read_cursor};
use crate::web::problem::FieldError;

const PLACE: &str = "/admin/settings/webhooks";
const DELIVERIES_SHOWN: i64 = 25;
/// A second click comes so soon.
const CLICKED_TWICE: Span = Span::minutes(10);

type Id = Result<Path<String>, PathRejection>;

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
}

pub async fn list(desk: Desk) -> Result<Response, PageError> {
    let endpoints = webhooks::list(&desk.shop.storage).await?;
    let rows: Vec<Value> = endpoints.iter().map(|endpoint| told(&desk, endpoint)).collect();
    desk.page(super::OK, "admin/settings/webhooks.html", context! { rows, section => "webhooks" })
}

pub async fn show_new(desk: Desk) -> Result<Response, PageError> {
    let id = draw_id(&desk.shop);
    form_page(&desk, &Sheet::of([("id".to_owned(), id)].into(), 0))
}

/// Makes an endpoint and shows its secret, once. The form names it, so that a second click makes no second one.
pub async fn make(desk: Desk, sent: Sent) -> Result<Response, PageError> {
    let typed = Typed::read(sent)?;
    let mut sheet = sheet(&typed);
    let id = typed.drawn_id("whk_")?.to_owned();
    let endpoint = match checked(&desk.shop, typed.get("url"), typed.get("note").to_owned(), &topics(&typed)) {
        Ok(endpoint) => endpoint,
        Err(errors) => return refuse(&desk, &mut sheet, errors),
    };
    let stands = webhooks::find(&desk.shop.storage, &id).await?;
    if stands.is_none() && webhooks::list(&desk.shop.storage).await?.len() >= ENDPOINTS_MAX {
        sheet.put(&desk, "", "too-many-endpoints", "There are too many endpoints.");
        return form_page(&desk, &sheet);
    }
    webhooks::insert(&desk.shop.storage, &id, &endpoint, desk.shop.now()).await?;
    let made = found(webhooks::find(&desk.shop.storage, &id).await?)?;
    // The same form, clicked twice, sees what it saw before. Another form with this id sees nothing of it.
    let is_of_this_form =
        made.is_as(&endpoint) && made.generation == 1 && desk.shop.now() - made.created_at < CLICKED_TWICE;
    if is_of_this_form { secret_page(&desk, &made) } else { Ok(desk.see(&format!("{PLACE}/{id}"))) }
}

pub async fn show(desk: Desk, id: Id, asked: Result<Query<Asked>, QueryRejection>) -> Result<Response, PageError> {
    let endpoint = found(webhooks::find(&desk.shop.storage, &id?.0).await?)?;
    page(&desk, &endpoint, &Sheet::of(values(&endpoint), endpoint.revision), &asked?.0).await
}

pub async fn save(desk: Desk, id: Id, sent: Sent) -> Result<Response, PageError> {
    let (id, typed) = (id?.0, Typed::read(sent)?);
    let endpoint = found(webhooks::find(&desk.shop.storage, &id).await?)?;
    let mut sheet = sheet(&typed);
    let wished = match checked(&desk.shop, typed.get("url"), typed.get("note").to_owned(), &topics(&typed)) {
        Ok(wished) => wished,
        Err(errors) => {
            for error in errors {
                sheet.put(&desk, &field(&error), error.code, &error.detail);
            }
            return page(&desk, &endpoint, &sheet, &Asked::default()).await;
        }
    };
    let NewEndpoint { url, note, topics } = wished.clone();
    let change = Change { url: Some(url), note: Some(note), topics: Some(topics), active: None };
    let is_done = webhooks::update(&desk.shop.storage, &id, change, Some(sheet.revision)).await?;
    let stands = found(webhooks::find(&desk.shop.storage, &id).await?)?;
    // The second click of a double click finds what the first one saved.
    if is_done || stands.is_as(&wished) {
        return Ok(desk.done(&format!("{PLACE}/{id}"), "saved"));
    }
    sheet.overtake((values(&stands), stands.revision));
    page(&desk, &stands, &sheet, &Asked::default()).await
}

/// Enables or disables it, as the button says, and changes nothing else: it asks for no revision.
pub async fn switch(desk: Desk, id: Id, sent: Sent) -> Result<Response, PageError> {
    let (id, typed) = (id?.0, Typed::read(sent)?);
    let active = typed.get("do") == "enable";
    let change = Change { active: Some(active), ..Change::default() };
    webhooks::update(&desk.shop.storage, &id, change, None).await?;
    let word = if active { "webhook-enabled" } else { "webhook-disabled" };
    Ok(desk.done(&format!("{PLACE}/{id}"), word))
}

pub async fn test(desk: Desk, id: Id) -> Result<Response, PageError> {
    let endpoint = found(webhooks::find(&desk.shop.storage, &id?.0).await?)?;
    let delivery = outbox::test(&desk.shop, &endpoint).await.map_err(|fault| PageError::Fault(fault.to_string()))?;
    let word = if delivery.state == DeliveryState::Done { "webhook-tested" } else { "webhook-test-failed" };
    Ok(desk.done(&format!("{PLACE}/{}", endpoint.id), word))
}

pub async fn rotate(desk: Desk, id: Id, sent: Sent) -> Result<Response, PageError> {
    let (id, typed) = (id?.0, Typed::read(sent)?);
    let endpoint = found(webhooks::find(&desk.shop.storage, &id).await?)?;
    // The form names the generation it was made from: a second click draws no second secret.
    let generation: i64 = typed.get("generation").parse().map_err(|_| PageError::Unreadable)?;
    if generation == endpoint.generation {
        let until = desk.shop.now() + outbox::CHANGE_OVER;
        webhooks::rotate(&desk.shop.storage, &id, generation, until).await?;
    }
    let stands = found(webhooks::find(&desk.shop.storage, &id).await?)?;
    // It sees the secret that the first one drew; an older form sees none.
    let is_of_this_form = stands.generation == generation.saturating_add(1);
    if is_of_this_form { secret_page(&desk, &stands) } else { Ok(desk.see(&format!("{PLACE}/{id}"))) }
}

pub async fn remove(desk: Desk, id: Id, sent: Sent) -> Result<Response, PageError> {
    let (id, typed) = (id?.0, Typed::read(sent)?);
    match webhooks::remove(&desk.shop.storage, &id, Some(typed.revision())).await? {
        Removed::Done | Removed::NotThere => Ok(desk.done(PLACE, "removed")),
        Removed::NotAsRead => {
            let stands = found(webhooks::find(&desk.shop.storage, &id).await?)?;
            let mut sheet = Sheet::of(values(&stands), stands.revision);
            sheet.overtake((values(&stands), stands.revision));
            page(&desk, &stands, &sheet, &Asked::default()).await
        }
    }
}

pub async fn replay(desk: Desk, path: Result<Path<(String, String)>, PathRejection>) -> Result<Response, PageError> {
    let (id, event) = path?.0;
    found(webhooks::find(&desk.shop.storage, &id).await?)?;
    let again = webhooks::replay(&desk.shop.storage, &id, &event, desk.shop.now()).await?;
    found(again.then_some(()))?;
    Ok(desk.done(&format!("{PLACE}/{id}"), "webhook-replayed"))
}

async fn page(desk: &Desk, endpoint: &Endpoint, sheet: &Sheet, asked: &Asked) -> Result<Response, PageError> {
    let state = DeliveryState::parse(&asked.state);
    let storage = &desk.shop.storage;
    let after = read_cursor(&asked.after);
    let mut found = webhooks::deliveries(storage, &endpoint.id, state, after, DELIVERIES_SHOWN + 1).await?;
    let has_more = found.len() > DELIVERIES_SHOWN as usize;
    found.truncate(DELIVERIES_SHOWN as usize);
    let next = found.last().filter(|_| has_more).map(|last| format!("{}.{}", last.happened_at.micros(), last.event_id));
    let states: Vec<Value> = ["", "due", "done", "failed"]
        .iter()
        .map(|word| context! { word => *word, here => *word == asked.state })
        .collect();
    let context = context! {
        form => sheet.value(), endpoint => told(desk, endpoint), topics => offered(desk, sheet), section => "webhooks",
        deliveries => found.iter().map(|delivery| row(desk, delivery)).collect::<Vec<_>>(), next, states,
        state => asked.state.as_str(),
    };
    desk.page(sheet.status(), "admin/settings/webhook.html", context)
}

fn form_page(desk: &Desk, sheet: &Sheet) -> Result<Response, PageError> {
    let context = context! { form => sheet.value(), topics => offered(desk, sheet), section => "webhooks" };
    desk.page(sheet.status(), "admin/settings/webhook_new.html", context)
}

fn secret_page(desk: &Desk, endpoint: &Endpoint) -> Result<Response, PageError> {
    let secret = desk.shop.webhook_secret(&endpoint.id, endpoint.generation).expose();
    let context = context! { endpoint => told(desk, endpoint), secret, section => "webhooks" };
    Ok(once(desk.page(StatusCode::OK, "admin/settings/webhook_secret.html", context)?))
}

fn refuse(desk: &Desk, sheet: &mut Sheet, errors: Vec<FieldError>) -> Result<Response, PageError> {
    for error in errors {
        sheet.put(desk, &field(&error), error.code, &error.detail);
    }
    form_page(desk, sheet)
}

fn told(desk: &Desk, endpoint: &Endpoint) -> Value {
    let chip = match (endpoint.state, endpoint.failing_since) {
        (State::Active, None) => "ok",
        (State::Active, Some(_)) => "failing",
        (State::Disabled | State::Removed, _) => match endpoint.why {
            Why::Gone => "gone",
            Why::Failing => "given-up",
            Why::ByHand | Why::Nothing => "off",
        },
    };
    context! {
        id => endpoint.id.as_str(), url => endpoint.url.as_str(), note => endpoint.note.as_str(), chip,
        is_active => endpoint.state == State::Active, generation => endpoint.generation,
        failing_since => endpoint.failing_since.map(|since| desk.time(since)),
        topics => endpoint.topics.iter().map(|topic| topic.as_str()).collect::<Vec<_>>(),
    }
}

fn row(desk: &Desk, delivery: &Delivery) -> Value {
    context! {
        id => delivery.event_id.as_str(), topic => delivery.topic.as_str(),
        number => (delivery.order_number > 0).then(|| delivery.order_number.to_string()),
        order_id => delivery.order_id.as_str(), about => delivery.about.as_str(),
        at => desk.time(delivery.happened_at), state => delivery.state.as_str(), attempts => delivery.attempts,
        next_at => (delivery.state == DeliveryState::Due).then(|| desk.time(delivery.due_at)),
        status => (delivery.answered > 0).then_some(delivery.answered), answer => delivery.answer.as_str(),
    }
}

fn offered(desk: &Desk, sheet: &Sheet) -> Vec<Value> {
    let chosen = sheet.values.get("topics").map_or("", String::as_str);
    let is_chosen = |topic: &Topic| chosen.split(' ').any(|word| word == topic.as_str());
    let offer = |topic: &Topic| {
        context! { word => topic.as_str(), label => desk.say(label(*topic), &[]), chosen => is_chosen(topic) }
    };
    Topic::ALL.iter().map(offer).collect()
}

fn label(topic: Topic) -> &'static str {
    match topic {
        Topic::OrderPaid => "admin-topic-order-paid",
        Topic::OrderShipped => "admin-topic-order-shipped",
        Topic::OrderCancelled => "admin-topic-order-cancelled",
        Topic::OrderRefunded => "admin-topic-order-refunded",
        Topic::RefundSucceeded => "admin-topic-refund-succeeded",
        Topic::RefundFailed => "admin-topic-refund-failed",
        Topic::DisputeOpened => "admin-topic-dispute-opened",
        Topic::DisputeClosed => "admin-topic-dispute-closed",
        Topic::StockLow => "admin-topic-stock-low",
    }
}

fn topics(typed: &Typed) -> Vec<String> {
    typed.all("topic").into_iter().map(str::to_owned).collect()
}

/// The ticked topics are one value, so that they are compared and shown as one.
fn sheet(typed: &Typed) -> Sheet {
    let mut values = typed.values();
    values.insert("topics".to_owned(), topics(typed).join(" "));
    Sheet::of(values, typed.revision())
}

fn values(endpoint: &Endpoint) -> Values {
    let topics: Vec<&str> = endpoint.topics.iter().map(|topic| topic.as_str()).collect();
    let values = [("url", endpoint.url.clone()), ("note", endpoint.note.clone()), ("topics", topics.join(" "))];
    values.into_iter().map(|(field, text)| (field.to_owned(), text)).collect()
}

fn field(error: &FieldError) -> String {
    error.pointer.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned()
}
