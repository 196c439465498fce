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
use rules::commands::Refusal;
use rules::commands::confirm_free::ConfirmFree;
use rules::commands::extend_hold::ExtendHold;
use rules::ids::OrderId;
use rules::orders::{Session, Status};
use rules::refunds::{Refund, RefundKind, RefundState};
use rules::shipments::Shipment;
use rules::time::{Span, Timestamp};
use serde::Deserialize;

use super::order_state::{Back, Facts, State, is_owed, is_worth_telling};
use super::{cancel, plain, see_other};
use crate::language::{country_name, find_country, machine_time};
use crate::ledger::Failure;
use crate::letters;
use crate::outbox;
use crate::storage::orders::{self, OrderLineView, OrderView};
use crate::web::PageError;
use crate::web::session::{Visitor, with_cookie};

/// Stripe's word usually comes by webhook; after this long the page asks itself.
const LATE: Span = Span::seconds(10);
/// However often a page is refreshed, Stripe is asked about an order this rarely.
const ASK_AGAIN: Span = Span::seconds(4);
/// Orders whose last question is remembered; beyond it all is forgotten, which costs a question each.
const ASKED_MAX: usize = 10_000;

/// In the last minutes of a hold its buyer is offered more time.
const LONGER_OFFERED: Span = Span::minutes(5);
/// Further looks are as far apart as this one.
const LOOKS_COUNTED_MAX: u32 = 100;

static ASKED: Mutex<Option<HashMap<OrderId, Timestamp>>> = Mutex::new(None);

#[derive(Debug, Deserialize)]
pub struct ReturnQuery {
    #[serde(default)]
    session_id: String,
}

#[derive(Debug, Deserialize)]
pub struct NowQuery {
    #[serde(default)]
    looks: String,
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
    let state = State::of(&Facts::of(&order));
    let shown = context! {
        number => order.number,
        // Its goods are named in the language it was placed in.
        lang => order.language.as_str(),
        state => state.word(),
        chip => state.chip(),
        chip_word => state.chip_word(),
        waits => state.waits(),
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
    let order = shown(&visitor, &order, 0, None);
    visitor.page(StatusCode::OK, "storefront/order.html", context! { order })
}

/// `/orders/{id}/now`: the part of the page that changes, for the page to put in its place. `looks` counts how often it
/// has asked: it asks less and less often, and not at all once nothing is awaited any more.
pub async fn now(
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<NowQuery>, QueryRejection>,
) -> Result<Response, PageError> {
    let id: OrderId = path?.0.parse().map_err(|_| PageError::NotFound)?;
    let looks = query?.0.looks.parse::<u32>().unwrap_or(LOOKS_COUNTED_MAX).min(LOOKS_COUNTED_MAX);
    if !visitor.has_opened(id) {
        return Err(PageError::NotFound);
    }
    let order = current(&visitor, id).await?.ok_or(PageError::NotFound)?;
    let order = shown(&visitor, &order, looks + 1, None);
    visitor.page(StatusCode::OK, "storefront/order_now.html", context! { order })
}

/// `POST /orders/{id}/hold`: the buyer asks to have the goods held for longer.
pub async fn hold(visitor: Visitor, path: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let id: OrderId = path?.0.parse().map_err(|_| PageError::NotFound)?;
    if !visitor.has_opened(id) {
        return Err(PageError::NotFound);
    }
    let shop = &visitor.shop;
    let notice = match shop.ledger.extend_hold(ExtendHold { order_id: id }, shop.now()).await {
        Ok(_) => return Ok(see_other(&format!("{}/orders/{id}", visitor.prefix()))),
        Err(Failure::Refused(Refusal::OthersWait { .. })) => visitor.say("order-hold-others-wait", &[]),
        Err(Failure::Refused(_)) => visitor.say("order-hold-over", &[]),
        Err(Failure::Fault(fault)) => return Err(PageError::Fault(fault.to_string())),
    };
    let order = current(&visitor, id).await?.ok_or(PageError::NotFound)?;
    let order = shown(&visitor, &order, 0, Some(notice));
    visitor.page(StatusCode::CONFLICT, "storefront/order.html", context! { order })
}

/// `POST /orders/{id}/confirm`: the buyer takes an order that costs nothing. Whatever came of it, its page says so.
pub async fn confirm(visitor: Visitor, path: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let id: OrderId = path?.0.parse().map_err(|_| PageError::NotFound)?;
    if !visitor.has_opened(id) {
        return Err(PageError::NotFound);
    }
    let shop = &visitor.shop;
    match shop.ledger.confirm_free(ConfirmFree { order_id: id }, shop.now()).await {
        Ok(_) => shop.wake_workers(),
        Err(Failure::Refused(_)) => {} // Expired, cancelled, or not free: nothing was changed.
        Err(Failure::Fault(fault)) => return Err(PageError::Fault(fault.to_string())),
    }
    Ok(see_other(&format!("{}/orders/{id}", visitor.prefix())))
}

/// The order as it stands; when the news of a waiting one is late, after asking Stripe.
pub(super) async fn current(visitor: &Visitor, id: OrderId) -> Result<Option<OrderView>, PageError> {
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

/// How many seconds until the page looks again; none: what it says will not change by itself.
fn look_again(state: State, looks: u32, left: Span) -> Option<u32> {
    if !state.waits() {
        return None;
    }
    // The end of a hold is news that should not be late.
    let is_ending = state == State::Pending && left < Span::seconds(40);
    Some(match looks {
        _ if is_ending => 4,
        0..5 => 4,
        5..8 => 8,
        8..11 => 16,
        _ => 30,
    })
}

/// Whether more time is offered: near the end, once, while somebody can still pay.
fn may_extend(order: &OrderView, state: State, left: Span) -> bool {
    let is_near = left > Span::seconds(0) && left <= LONGER_OFFERED;
    state == State::Pending && order.session_state == Session::Open && is_near && !order.hold_extended
}

fn shown(visitor: &Visitor, order: &OrderView, looks: u32, notice: Option<String>) -> Value {
    let state = State::of(&Facts::of(order));
    let now = visitor.shop.now();
    let left = order.hold_due_at - now;
    let money = |minor: i64| visitor.money_in(minor, order.currency);
    let named = [
        ("email", order.email.as_str().into()),
        ("captured", money(order.captured()).into()),
        ("going", money(order.going_back() - order.refunded()).into()),
        ("back", money(order.refunded()).into()),
        ("left", money(order.captured() - order.going_back()).into()),
        ("elsewhere", money(order.paid_elsewhere()).into()),
    ];
    // What did not go back the way it was paid is not said to have.
    let is_elsewhere = order.paid_elsewhere() > 0;
    let say = |key: &str| {
        let key = match key {
            "order-text-refunded" if is_elsewhere => "order-text-refunded-elsewhere",
            "order-text-partly-refunded" if is_elsewhere => "order-text-partly-refunded-elsewhere",
            key => key,
        };
        visitor.say(key, &named)
    };
    let mut texts: Vec<String> = state.texts().iter().map(|key| say(key)).collect();
    texts.extend(state.money_texts(order).into_iter().map(say));
    if is_owed(order) && state.chip() != "bad" {
        texts.push(visitor.say("order-text-owed", &[]));
    }
    context! {
        id => order.id.to_string(),
        number => order.number,
        // Its goods are named in the language it was placed in.
        lang => order.language.as_str(),
        state => state.word(),
        chip => state.chip(),
        chip_word => state.chip_word(),
        texts,
        waits => state.waits(),
        looks,
        look_again => look_again(state, looks, left),
        notice,
        extend => may_extend(order, state, left),
        rebuild => matches!(state, State::Expired | State::NeverOpened | State::Failed | State::Cancelled),
        now_iso => machine_time(now),
        total => money(order.total),
        pay_url => order.session_url.clone().filter(|_| state == State::Pending),
        cancel => cancel::is_offered(order),
        free => state == State::Pending && order.total == 0,
        here => format!("{}/orders/{}", visitor.prefix(), order.id),
        placed => visitor.time(order.reserved_at),
        placed_iso => machine_time(order.reserved_at),
        due => visitor.time(order.hold_due_at),
        due_iso => machine_time(order.hold_due_at),
        lines => order.lines.iter().map(|line| shown_line(visitor, order, line)).collect::<Vec<_>>(),
        sums => sums(visitor, order),
        refunds => refunds(visitor, order),
        parcels => parcels(visitor, order),
        steps => steps(visitor, order, state),
        address => address(visitor, &order.shipping_address),
    }
}

/// A line, and what has become of its units where they went different ways.
fn shown_line(visitor: &Visitor, order: &OrderView, line: &OrderLineView) -> Value {
    let said = |key: &str, units: i64| (units > 0).then(|| visitor.say(key, &[("count", units.into())]));
    let fate = [said("order-line-shipped", line.shipped), said("order-line-cancelled", line.cancelled)];
    context! {
        title => line.title.as_str(),
        variant => line.variant_title.as_str(),
        quantity => line.quantity,
        // Before discount and tax, which have their own rows below.
        total => visitor.money_in(line.subtotal(), order.currency),
        fate => fate.into_iter().flatten().collect::<Vec<_>>().join(" · "),
    }
}

/// Every refund: how much, what for, and how far it has come.
fn refunds(visitor: &Visitor, order: &OrderView) -> Vec<Value> {
    let told = order.refunds.iter().filter(|refund| is_worth_telling(order, refund));
    told.map(|refund| {
        context! {
            amount => visitor.money_in(refund.amount.minor, refund.amount.currency),
            goods => goods(visitor, order, refund),
            purpose => purpose(visitor, refund),
            state => match (refund.kind, refund.state) {
                (RefundKind::Elsewhere, RefundState::Succeeded) => visitor.say("order-refund-elsewhere", &[]),
                _ => visitor.say(&format!("order-refund-{}", refund.state.as_str()), &[]),
            },
            is_dead => !refund.state.is_alive(),
        }
    })
    .collect()
}

fn goods(visitor: &Visitor, order: &OrderView, refund: &Refund) -> String {
    let named = refund.lines.iter().filter_map(|part| {
        let line = order.lines.get(usize::try_from(part.line_no - 1).ok()?)?;
        Some(format!("{} × {}", part.units, full_title(line)))
    });
    named.collect::<Vec<_>>().join(visitor.say("page-list-comma", &[]).as_str())
}

/// What it is for besides goods.
fn purpose(visitor: &Visitor, refund: &Refund) -> String {
    match refund.kind {
        _ if refund.shipping_minor > 0 && refund.lines.is_empty() => visitor.say("order-shipping", &[]),
        _ if refund.shipping_minor > 0 => visitor.say("page-list-comma", &[]) + &visitor.say("order-shipping", &[]),
        _ if !refund.lines.is_empty() => String::new(),
        RefundKind::Surplus => visitor.say("order-refund-for-surplus", &[]),
        RefundKind::Late => visitor.say("order-refund-for-late", &[]),
        RefundKind::Cancelled | RefundKind::ByHand | RefundKind::Dashboard | RefundKind::Elsewhere => {
            visitor.say("order-refund-for-payment", &[])
        }
    }
}

fn full_title(line: &OrderLineView) -> String {
    if line.variant_title.is_empty() { line.title.clone() } else { format!("{} · {}", line.title, line.variant_title) }
}

fn parcels(visitor: &Visitor, order: &OrderView) -> Vec<Value> {
    let goods = |parcel: &Shipment| {
        let named = parcel.lines.iter().filter_map(|part| {
            let line = order.lines.get(usize::try_from(part.line_no - 1).ok()?)?;
            Some(format!("{} × {}", part.units, full_title(line)))
        });
        named.collect::<Vec<_>>().join(visitor.say("page-list-comma", &[]).as_str())
    };
    let parcels = order.shipments.iter();
    parcels
        .map(|parcel| {
            context! {
                at => visitor.time(parcel.at),
                at_iso => machine_time(parcel.at),
                carrier => parcel.carrier.as_str(),
                tracking => parcel.tracking.as_str(),
                tracking_url => rules::carriers::tracking_url(&parcel.carrier, &parcel.tracking).unwrap_or_default(),
                goods => goods(parcel),
            }
        })
        .collect()
}

/// The stored numbers, never computed again (M1).
fn sums(visitor: &Visitor, order: &OrderView) -> Vec<Value> {
    visitor.total_rows(&letters::totals(order))
}

/// What has happened, in its order, and what comes next.
fn steps(visitor: &Visitor, order: &OrderView, state: State) -> Vec<Value> {
    let mut happened = vec![(order.reserved_at, "order-step-placed", String::new())];
    let amount = |refund: &Refund| visitor.money_in(refund.amount.minor, refund.amount.currency);
    happened.extend(order.payments.iter().map(|payment| (payment.at, "order-step-paid", String::new())));
    happened.extend(order.cancelled_at.map(|at| (at, "order-step-cancel-asked", String::new())));
    happened.extend(order.shipments.iter().map(|parcel| (parcel.at, "order-step-shipped", String::new())));
    let told = || order.refunds.iter().filter(|refund| is_worth_telling(order, refund));
    let requested = told().filter(|refund| refund.kind != RefundKind::Elsewhere);
    happened.extend(requested.map(|refund| (refund.at, "order-step-refund-requested", amount(refund))));
    for event in &order.events {
        let refund = told().find(|refund| refund.id.to_string() == event.detail);
        match (event.kind.as_str(), refund) {
            ("expired", _) if order.session_state == Session::Never => {
                happened.push((event.at, "order-step-never-opened", String::new()));
            }
            ("expired", _) => happened.push((event.at, "order-step-expired", String::new())),
            ("hold_extended", _) => happened.push((event.at, "order-step-held-longer", String::new())),
            ("cancelled", _) => happened.push((event.at, "order-step-cancelled", String::new())),
            // One that failed later was never more than tried (R1).
            ("refunded", Some(refund)) if refund.state == RefundState::Succeeded => {
                happened.push((event.at, "order-step-refunded", amount(refund)))
            }
            ("paid_elsewhere", Some(refund)) if refund.state == RefundState::Succeeded => {
                happened.push((event.at, "order-step-paid-elsewhere", amount(refund)));
            }
            ("refund_failed" | "refund_canceled", Some(refund)) => {
                happened.push((event.at, "order-step-refund-failed", amount(refund)));
            }
            _ => {}
        }
    }
    happened.sort_by_key(|(at, _, _)| *at);
    let done = happened.into_iter().map(|(at, key, amount)| {
        let text = visitor.say(key, &[("amount", amount.into())]);
        context! { kind => "done", text, at => visitor.time(at), at_iso => machine_time(at) }
    });
    let coming = coming(state).iter().map(|&(kind, key)| {
        context! { kind, text => visitor.say(key, &[]), at => None::<String>, at_iso => None::<String> }
    });
    done.chain(coming).collect()
}

fn coming(state: State) -> &'static [(&'static str, &'static str)] {
    match state {
        State::Pending => &[("now", "order-step-awaiting"), ("", "order-step-ship")],
        State::Processing | State::Checking => &[("now", "order-step-confirming"), ("", "order-step-ship")],
        State::Closing | State::Stopping => &[("now", "order-step-stopping")],
        State::Paid => &[("now", "order-step-ship")],
        State::PartlyShipped => &[("now", "order-step-ship-rest")],
        State::Over(_, Back::OnItsWay) => &[("now", "order-step-refunding")],
        State::Over(_, Back::Failed) => &[("now", "order-step-owed")],
        State::Shipped
        | State::RestCancelled
        | State::Expired
        | State::NeverOpened
        | State::Failed
        | State::Cancelled
        | State::Over(_, Back::All | Back::Part | Back::Nothing) => &[],
    }
}

/// The address as it was typed, its country by name; other people's formats are shown as they are.
fn address(visitor: &Visitor, stored: &str) -> Vec<Value> {
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(stored).unwrap_or_default();
    let known = ["name", "street", "postal_code", "city", "region", "country"];
    let text = |name: &str| fields.get(name).and_then(|v| v.as_str()).filter(|text| !text.is_empty());
    let filled = known.into_iter().filter_map(|name| Some((name, text(name)?)));
    filled
        .map(|(name, text)| {
            let country = find_country(text).filter(|_| name == "country");
            let text = country.map_or_else(|| text.to_owned(), |country| country_name(visitor.language, country));
            context! { label => visitor.say(&format!("order-address-{name}"), &[]), text }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page asks often at first, then every half minute, more often again when the hold ends, and stops at the end.
    #[test]
    fn a_page_looks_again_as_long_as_something_is_awaited() {
        let long = Span::minutes(20);
        let intervals: Vec<_> =
            (0..13).map(|looks| look_again(State::Processing, looks, long).expect("it waits")).collect();
        assert_eq!(intervals, [4, 4, 4, 4, 4, 8, 8, 8, 16, 16, 16, 30, 30]);
        assert_eq!(look_again(State::Pending, 50, Span::seconds(39)), Some(4));
        assert_eq!(look_again(State::Pending, 50, Span::seconds(41)), Some(30));
        for over in [State::Paid, State::Expired, State::NeverOpened, State::Failed, State::Cancelled, State::Shipped] {
            assert_eq!(look_again(over, 0, long), None, "{over:?}");
        }
    }
}
