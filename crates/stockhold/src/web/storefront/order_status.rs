//! Where a buyer comes back to: the true state of the order, whatever the address claims.
//!
//! Invariants: nothing is decided here; when news is late, Stripe itself is asked, through the one settle. Somebody
//! without the order's token or its cart learns the state and the number, nothing personal.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::Path;
use axum::extract::Query;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::ids::OrderId;
use rules::orders::Status;
use rules::refunds::RefundState;
use rules::time::{Span, Timestamp};
use serde::Deserialize;

use super::{plain, see_other};
use crate::language::machine_time;
use crate::outbox;
use crate::storage::orders::{self, OrderView};
use crate::web::PageError;
use crate::web::session::{Visitor, with_cookie};

/// Stripe's word usually comes by webhook; after this long the page asks itself.
const LATE: Span = Span::seconds(10);
/// However often a page is refreshed, Stripe is asked about an order this rarely.
const ASK_AGAIN: Span = Span::seconds(4);
/// Orders whose last question is remembered; beyond it all is forgotten, which costs a question each.
const ASKED_MAX: usize = 10_000;

static ASKED: Mutex<Option<HashMap<OrderId, Timestamp>>> = Mutex::new(None);

#[derive(Debug, Deserialize)]
pub struct ReturnQuery {
    #[serde(default)]
    session_id: String,
}

#[derive(Debug, Deserialize)]
pub struct OrderQuery {
    #[serde(default)]
    token: String,
}

/// `/success?session_id=…`: Stripe sends the buyer here. Shows, changes nothing.
pub async fn success(
    visitor: Visitor,
    query: Result<Query<ReturnQuery>, QueryRejection>,
) -> Result<Response, PageError> {
    let query = query?.0;
    let session_id =
        plain(&query.session_id).filter(|id| !id.is_empty() && id.len() <= 255).ok_or(PageError::NotFound)?;
    let id = orders::find_by_session(&visitor.shop.storage, session_id).await?.ok_or(PageError::NotFound)?;
    let order = current(&visitor, id).await?.ok_or(PageError::NotFound)?;
    if visitor.owns(&order.cart_id) || visitor.has_opened(id) {
        let clean = format!("{}/orders/{id}", visitor.prefix());
        return Ok(with_cookie(see_other(&clean), visitor.open_order(id)));
    }
    let state = State::of(&order);
    let shown = context! {
        number => order.number,
        state => state.word(),
        chip => state.chip(),
        here => format!("{}{}", visitor.prefix(), visitor.here),
    };
    visitor.page(StatusCode::OK, "storefront/success.html", context! { order => shown })
}

/// `/orders/{id}`: the order, for whoever has opened its link once. The token moves into a cookie, so that it
/// stays out of histories and referrers.
pub async fn show(
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<OrderQuery>, QueryRejection>,
) -> Result<Response, PageError> {
    let id: OrderId = path?.0.parse().map_err(|_| PageError::NotFound)?;
    let token = query?.0.token;
    if !token.is_empty() {
        if !visitor.shop.check_order_token(id, &token) {
            return Err(PageError::NotFound);
        }
        let clean = format!("{}/orders/{id}", visitor.prefix());
        return Ok(with_cookie(see_other(&clean), visitor.open_order(id)));
    }
    if !visitor.has_opened(id) {
        return Err(PageError::NotFound);
    }
    let order = current(&visitor, id).await?.ok_or(PageError::NotFound)?;
    visitor.page(StatusCode::OK, "storefront/order.html", context! { order => shown(&visitor, &order) })
}

/// The order as it stands; when the news of a waiting one is late, after asking Stripe.
async fn current(visitor: &Visitor, id: OrderId) -> Result<Option<OrderView>, PageError> {
    let shop = &visitor.shop;
    let Some(order) = orders::find(&shop.storage, id).await? else { return Ok(None) };
    let now = shop.now();
    let waits = matches!(order.status, Status::Pending | Status::Processing);
    if !waits || now - order.reserved_at < LATE || !may_ask(id, now) {
        return Ok(Some(order));
    }
    if let Err(fault) = outbox::settle(shop, id).await {
        // The page shows what is known; the workers ask again.
        tracing::warn!(order = %id, %fault, "an order could not be settled for its page");
    }
    Ok(orders::find(&shop.storage, id).await?)
}

fn may_ask(id: OrderId, now: Timestamp) -> bool {
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    let asked = asked.get_or_insert_with(HashMap::new);
    if asked.get(&id).is_some_and(|last| now - *last < ASK_AGAIN) {
        return false;
    }
    if asked.len() >= ASKED_MAX {
        asked.clear();
    }
    asked.insert(id, now);
    true
}

/// What the page calls the order's state: the status, and what has become of money that had to go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Pending,
    Processing,
    Paid,
    Expired,
    Cancelled,
    Refunding,
    Refunded,
}

impl State {
    fn of(order: &OrderView) -> State {
        let back = order.refunds.iter().all(|refund| refund.state == RefundState::Succeeded);
        match order.status {
            // Money has arrived that a person must look at: "nothing was charged" would be a lie.
            Status::Pending if !order.payments.is_empty() => State::Processing,
            Status::Pending => State::Pending,
            Status::Processing => State::Processing,
            Status::Paid => State::Paid,
            Status::Expired | Status::Cancelled if !order.payments.is_empty() => {
                if back && !order.refunds.is_empty() {
                    State::Refunded
                } else {
                    State::Refunding
                }
            }
            Status::Expired => State::Expired,
            Status::Cancelled => State::Cancelled,
            Status::Refunded => State::Refunded,
        }
    }

    fn word(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Processing => "processing",
            State::Paid => "paid",
            State::Expired => "expired",
            State::Cancelled => "cancelled",
            State::Refunding => "refunding",
            State::Refunded => "refunded",
        }
    }

    /// The chip's dot says the state too: full is done, half is waiting, a ring is over.
    fn chip(self) -> &'static str {
        match self {
            State::Pending | State::Processing | State::Refunding => "wait",
            State::Paid => "ok",
            State::Expired | State::Cancelled | State::Refunded => "off",
        }
    }
}

fn shown(visitor: &Visitor, order: &OrderView) -> Value {
    let state = State::of(order);
    let lines: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            context! {
                title => line.title.as_str(),
                variant => line.variant_title.as_str(),
                quantity => line.quantity,
                total => visitor.money_in(line.total, order.currency),
            }
        })
        .collect();
    context! {
        id => order.id.to_string(),
        number => order.number,
        state => state.word(),
        chip => state.chip(),
        email => order.email.as_str(),
        refunded => visitor.money_in(order.going_back(), order.currency),
        total => visitor.money_in(order.total, order.currency),
        pay_url => order.session_url.clone(),
        here => format!("{}/orders/{}", visitor.prefix(), order.id),
        placed => visitor.time(order.reserved_at),
        placed_iso => machine_time(order.reserved_at),
        due => visitor.time(order.hold_due_at),
        due_iso => machine_time(order.hold_due_at),
        lines,
        sums => sums(visitor, order),
        steps => steps(visitor, order, state),
        address => address(visitor, &order.shipping_address),
    }
}

/// The stored numbers, never computed again (M1); parts that are zero are left out.
fn sums(visitor: &Visitor, order: &OrderView) -> Vec<Value> {
    let parts = [("order-discount", -order.discount), ("order-shipping", order.shipping), ("order-tax", order.tax)];
    let any = parts.iter().any(|(_, minor)| *minor != 0);
    let subtotal = any.then_some(("order-subtotal", order.subtotal));
    let parts = parts.into_iter().filter(|(_, minor)| *minor != 0);
    let all = subtotal.into_iter().chain(parts).chain([("order-total", order.total)]);
    all.map(
        |(key, minor)| context! { label => visitor.say(key, &[]), amount => visitor.money_in(minor, order.currency) },
    )
    .collect()
}

fn steps(visitor: &Visitor, order: &OrderView, state: State) -> Vec<Value> {
    let step = |kind: &'static str, key: &'static str, at: Option<Timestamp>| {
        context! {
            kind,
            text => visitor.say(key, &[]),
            at => at.map(|at| visitor.time(at)),
            at_iso => at.map(machine_time),
        }
    };
    let happened = |kind: &str| order.events.iter().rev().find(|event| event.kind == kind).map(|event| event.at);
    let mut steps = vec![step("done", "order-step-placed", Some(order.reserved_at))];
    if let Some(paid_at) = order.paid_at {
        steps.push(step("done", "order-step-paid", Some(paid_at)));
    }
    match state {
        State::Pending => {
            steps.push(step("now", "order-step-awaiting", None));
            steps.push(step("", "order-step-ship", None));
        }
        State::Processing => {
            steps.push(step("now", "order-step-confirming", None));
            steps.push(step("", "order-step-ship", None));
        }
        State::Paid => steps.push(step("now", "order-step-ship", None)),
        State::Expired => steps.push(step("done", "order-step-expired", happened("expired"))),
        State::Cancelled => steps.push(step("done", "order-step-cancelled", happened("cancelled"))),
        State::Refunding => steps.push(step("now", "order-step-refunding", order.refunds.first().map(|r| r.at))),
        State::Refunded => steps.push(step("done", "order-step-refunded", order.refunds.last().map(|r| r.at))),
    }
    steps
}

/// The address as it was typed; other people's formats are shown as they are.
fn address(visitor: &Visitor, stored: &str) -> Vec<Value> {
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(stored).unwrap_or_default();
    let known = ["name", "street", "postal_code", "city", "country"];
    let filled =
        known.into_iter().filter_map(|name| fields.get(name).and_then(|v| v.as_str()).map(|text| (name, text)));
    filled
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| context! { label => visitor.say(&format!("order-address-{name}"), &[]), text })
        .collect()
}
