//! Calling an order off, notes among the shopkeeper's people, and letters once more.

use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use rules::effects::Letter;
use rules::ids::OrderId;

use super::large::is_large;
use super::{Fields, field, heading, line, place_of, refusal, refused, stored};
use crate::outbox::cancel::cancel as call_off;
use crate::storage::order_notes;
use crate::storage::orders::OrderView;
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::admin::door::TurnedAway;

/// Longest note, in characters.
const NOTE_CHARS_MAX: usize = 2_000;
/// An id that a form carries: `note_` and 32 digits, or the digits alone.
const CLICK_CHARS: usize = 32;

/// `GET /admin/orders/{id}/cancel`: says what will happen; with the reason that was typed before the password was asked for.
pub async fn show_cancel(
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let order = stored(&desk, &path?.0).await?;
    let typed: Fields = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    cancel_page(&desk, &order, StatusCode::OK, line(&typed, "reason").unwrap_or_default(), None)
}

/// `POST /admin/orders/{id}/cancel`: a second click meets the first.
pub async fn cancel(
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, PageError> {
    let (order, typed) = (stored(&desk, &path?.0).await?, form?.0);
    if order.cancelled_at.is_some() {
        return Ok(desk.done(&place_of(order.id), "order-cancelled"));
    }
    let Some(reason) = line(&typed, "reason") else {
        let words = desk.say("admin-orders-wrong-words", &[]);
        return cancel_page(&desk, &order, StatusCode::UNPROCESSABLE_ENTITY, "", Some(words));
    };
    if field(&typed, "seen") != seen(&order) {
        let words = desk.say("admin-orders-cancel-changed", &[]);
        return cancel_page(&desk, &order, StatusCode::CONFLICT, reason, Some(words));
    }
    if asks_password(&desk, &order) {
        // Back to what was shown, with what was typed: the password, then one more click.
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("reason", reason).finish();
        let return_to = format!("{}{}/cancel?{query}", desk.prefix(), place_of(order.id));
        return Ok(TurnedAway::ConfirmFirst { return_to }.answer(&desk));
    }
    let amount = desk.money_in(left(&order), order.currency);
    match call_off(&desk.shop, order.id, reason).await {
        // Not the reason, which may name somebody: the log outlives who is erased.
        Ok(_) => Ok(noted(desk.done(&place_of(order.id), "order-cancelled"), format!("up to {amount} goes back"))),
        Err(failure) => {
            let words = refused(&desk, &refusal(failure)?);
            cancel_page(&desk, &order, StatusCode::CONFLICT, reason, Some(words))
        }
    }
}

/// The order's money that is not on its way back: the most that leaves with it.
fn left(order: &OrderView) -> i64 {
    order.captured() - order.going_back()
}

fn asks_password(desk: &Desk, order: &OrderView) -> bool {
    left(order) > 0 && is_large(order, left(order)) && !desk.is_fresh()
}

/// What the page spoke of: how the order and its money stood.
fn seen(order: &OrderView) -> String {
    format!("{} {}", order.status.as_str(), left(order))
}

fn cancel_page(
    desk: &Desk,
    order: &OrderView,
    status: StatusCode,
    reason: &str,
    wrong: Option<String>,
) -> Result<Response, PageError> {
    let is_sent = order.lines.iter().any(|line| line.shipped > 0);
    let units: i64 = order.lines.iter().map(super::open_units).sum();
    let paid = left(order);
    let context = context! {
        order => heading(desk, order),
        wrong,
        why_not => (!super::order::may_be_cancelled(order)).then(|| desk.say("admin-orders-cancel-over", &[])),
        seen => seen(order),
        units,
        is_sent,
        paid => (paid > 0).then(|| desk.money_in(paid, order.currency)),
        reason,
        large => asks_password(desk, order),
        email => order.email.as_str(),
    };
    desk.page(status, "admin/order_cancel.html", context)
}

/// `POST /admin/orders/{id}/notes`
pub async fn note(
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, PageError> {
    let (order, typed) = (stored(&desk, &path?.0).await?, form?.0);
    let id = field(&typed, "note");
    let text = field(&typed, "text").replace("\r\n", "\n");
    let is_plain = !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    if !is_click(id.trim_start_matches("note_")) {
        return Err(PageError::Unreadable);
    }
    if text.is_empty() || text.chars().count() > NOTE_CHARS_MAX || !is_plain {
        let words = desk.say("admin-orders-wrong-note", &[("most", (NOTE_CHARS_MAX as i64).into())]);
        return super::order::page(&desk, &order, StatusCode::UNPROCESSABLE_ENTITY, Some(words)).await;
    }
    let author = desk.member()?.name.clone();
    order_notes::write(&desk.shop.storage, id, order.id, &author, &text, desk.shop.now()).await?;
    Ok(desk.done(&place_of(order.id), "order-note"))
}

/// `POST /admin/orders/{id}/letters`: one that was written before, once more. Each click is one letter.
pub async fn letter(
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, PageError> {
    let (id, typed) = (path?.0, form?.0);
    let id: OrderId = id.parse().map_err(|_| PageError::NotFound)?;
    let click = field(&typed, "again");
    let kind = Letter::parse(field(&typed, "letter")).filter(|letter| !letter.to_owner());
    let (Some(kind), true) = (kind, is_click(click)) else { return Err(PageError::Unreadable) };
    let about = field(&typed, "about");
    let known = order_notes::letters(&desk.shop.storage, id).await?;
    if !known.iter().any(|letter| letter.kind == kind && letter.about == about) {
        return Err(PageError::NotFound); // Only what was said once can be said again.
    }
    order_notes::send_again(&desk.shop.storage, id, kind, about, click, desk.shop.now()).await?;
    desk.shop.wake_workers();
    Ok(noted(desk.done(&place_of(id), "order-letter"), kind.as_str()))
}

fn is_click(text: &str) -> bool {
    text.len() == CLICK_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
