//! Money back: which goods, how much, and what the buyer will read, before anything is sent.
//!
//! The first page asks, the second shows exactly what will happen and the letter, the third does it. What was shown is what
//! goes back: the form carries the amount that was seen, and if the law comes to another, nothing is sent.

use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::commands::refund_order::{RefundOrder, RefundWhat};
use rules::disputes::DisputeState;
use rules::effects::Letter;
use rules::ids::RefundId;
use rules::money::Money;
use rules::refunds::{Refund, RefundKind, RefundLine, RefundState};
use rules::shipments::Units;
use rules::taxes::Taxation;

use super::large::is_large;
use super::{Fields, field, full_title, heading, line, minor_of, place_of, refusal, refused, stored};
use crate::outbox::{self, cancel::refund_effect};
use crate::storage::orders::OrderView;
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::admin::door::TurnedAway;
use crate::web::session::digest;
use crate::web::storefront::quantity;

/// What somebody wants to give back.
struct Wish {
    lines: Vec<Units>,
    shipping: bool,
    /// An amount of their own instead of the goods'.
    amount: Option<i64>,
    restock: bool,
    reason: String,
}

/// `GET /admin/orders/{id}/refund`: the form; with `step=preview`, what it would do.
pub async fn show(
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let order = stored(&desk, &path?.0).await?;
    let typed: Fields = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    if field(&typed, "step") != "preview" {
        return page(&desk, &order, StatusCode::OK, &typed, None);
    }
    match read(&desk, &order, &typed) {
        Ok(wish) => preview(&desk, &order, &wish, &typed, None).await,
        Err(words) => page(&desk, &order, StatusCode::UNPROCESSABLE_ENTITY, &typed, Some(words)),
    }
}

/// `POST /admin/orders/{id}/refund`: the same form again is the same refund.
pub async fn submit(
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, PageError> {
    let (order, typed) = (stored(&desk, &path?.0).await?, form?.0);
    let refund_id: RefundId = field(&typed, "refund").parse().map_err(|_| PageError::Unreadable)?;
    if order.refunds.iter().any(|refund| refund.id == refund_id) {
        return Ok(desk.done(&place_of(order.id), "order-refund-asked")); // The same form, sent twice.
    }
    let wish = match read(&desk, &order, &typed) {
        Ok(wish) => wish,
        Err(words) => return page(&desk, &order, StatusCode::UNPROCESSABLE_ENTITY, &typed, Some(words)),
    };
    let amount = sum(&order, &wish);
    if field(&typed, "seen") != amount.to_string() {
        let words = desk.say("admin-orders-refund-changed", &[]);
        return preview(&desk, &order, &wish, &typed, Some(words)).await;
    }
    if is_large(&order, amount) && !desk.is_fresh() {
        // Back to what was shown, which carries the same refund: the password, then one more click.
        let shown: Vec<_> = typed.iter().filter(|(name, _)| name != "step").cloned().collect();
        let mut query = form_urlencoded::Serializer::new("step=preview".to_owned());
        let query = query.extend_pairs(shown).finish();
        let return_to = format!("{}{}/refund?{query}", desk.prefix(), place_of(order.id));
        return Ok(TurnedAway::ConfirmFirst { return_to }.answer(&desk));
    }
    let what = match wish.amount {
        Some(amount) => RefundWhat::Amount(amount),
        None => RefundWhat::Goods { lines: wish.lines.clone(), shipping: wish.shipping },
    };
    let command = RefundOrder {
        refund_id,
        order_id: order.id,
        request_hash: digest(&format!("{what:?} {} {}", wish.restock, wish.reason)),
        what,
        restock: wish.restock,
        reason: wish.reason.clone(),
    };
    if let Err(failure) = desk.shop.ledger.refund_order(command, desk.shop.now()).await {
        let words = refused(&desk, &refusal(failure)?);
        return page(&desk, &order, StatusCode::CONFLICT, &typed, Some(words));
    }
    outbox::carry_out(&desk.shop, &refund_effect(refund_id))
        .await
        .map_err(|fault| PageError::Fault(fault.to_string()))?;
    desk.shop.wake_workers();
    let after = stored(&desk, &order.id.to_string()).await?;
    let state = after.refunds.iter().find(|refund| refund.id == refund_id).map(|refund| refund.state);
    let word = match state {
        Some(RefundState::Failed | RefundState::Canceled) => "order-refund-refused",
        Some(RefundState::Succeeded) => "order-refunded",
        Some(RefundState::Requested | RefundState::Pending) | None => "order-refund-asked",
    };
    Ok(noted(desk.done(&place_of(order.id), word), desk.money_in(amount, order.currency)))
}

/// Why nothing can be given back now.
fn why_not(order: &OrderView) -> Option<&'static str> {
    let open = |state| matches!(state, DisputeState::Inquiry | DisputeState::Open);
    if order.captured() == 0 {
        return Some("admin-orders-refused-not-paid");
    }
    if order.disputes.iter().any(|dispute| open(dispute.state)) {
        return Some("admin-orders-refused-dispute");
    }
    (order.captured() <= order.going_back()).then_some("admin-orders-refused-nothing-to-refund")
}

/// Units of a line that no refund gives back.
fn left_units(order: &OrderView, line_no: i64) -> i64 {
    let alive = order.refunds.iter().filter(|refund| refund.state.is_alive()).flat_map(|refund| &refund.lines);
    let back: i64 = alive.filter(|part| part.line_no == line_no).map(|part| part.units).sum();
    order.lines.get(line_no as usize - 1).map_or(0, |line| line.quantity - back)
}

fn left_shipping(order: &OrderView) -> i64 {
    let paid = match order.taxation {
        Taxation::Added => order.shipping + order.shipping_tax,
        Taxation::None | Taxation::Included => order.shipping,
    };
    let alive = order.refunds.iter().filter(|refund| refund.state.is_alive());
    paid - alive.map(|refund| refund.shipping_minor).sum::<i64>()
}

/// What is left of the payment that pays the order, or of whatever money is here.
fn left_money(order: &OrderView) -> i64 {
    order.payments.iter().map(rules::payments::Payment::left_minor).sum()
}

fn read(desk: &Desk, order: &OrderView, typed: &Fields) -> Result<Wish, String> {
    if let Some(key) = why_not(order) {
        return Err(desk.say(key, &[]));
    }
    let mut lines = Vec::new();
    for (line_no, line) in (1..).zip(&order.lines) {
        let text = field(typed, &format!("units-{line_no}"));
        let units = quantity(if text.is_empty() { "0" } else { text }, 0);
        let units = units.ok_or_else(|| desk.say("admin-orders-wrong-units", &[]))?;
        let left = left_units(order, line_no);
        if units > left {
            let named = [("sku", line.sku.as_str().into()), ("left", left.into())];
            return Err(desk.say("admin-orders-refused-units", &named));
        }
        if units > 0 {
            lines.push(Units { line_no, units });
        }
    }
    let text = field(typed, "amount");
    let amount = match minor_of(text, order.currency) {
        Some(amount) if amount > 0 => Some(amount),
        None if text.is_empty() => None,
        Some(_) | None => return Err(desk.say("admin-orders-wrong-amount", &[])),
    };
    let reason = line(typed, "reason").ok_or_else(|| desk.say("admin-orders-wrong-words", &[]))?;
    let wish = Wish {
        lines: if amount.is_some() { Vec::new() } else { lines },
        shipping: amount.is_none() && !field(typed, "shipping").is_empty(),
        amount,
        restock: amount.is_none() && !field(typed, "restock").is_empty(),
        reason: reason.to_owned(),
    };
    let (sum, left) = (sum(order, &wish), left_money(order));
    if sum < 1 {
        return Err(desk.say("admin-orders-wrong-nothing", &[]));
    }
    if sum > left {
        let named = [("left", desk.money_in(left, order.currency).into())];
        return Err(desk.say("admin-orders-refused-too-large", &named));
    }
    Ok(wish)
}

/// What it comes to, by the law's own shares.
fn sum(order: &OrderView, wish: &Wish) -> i64 {
    if let Some(amount) = wish.amount {
        return amount;
    }
    let goods: i64 = wish.lines.iter().map(|part| goods_of(order, part)).sum();
    goods + if wish.shipping { left_shipping(order) } else { 0 }
}

fn goods_of(order: &OrderView, part: &Units) -> i64 {
    let line = &order.lines[part.line_no as usize - 1];
    let before = line.quantity - left_units(order, part.line_no);
    line.share(before, part.units, order.currency.step_minor())
}

fn page(
    desk: &Desk,
    order: &OrderView,
    status: StatusCode,
    typed: &Fields,
    wrong: Option<String>,
) -> Result<Response, PageError> {
    let money = |minor: i64| desk.money_in(minor, order.currency);
    let lines = (1..).zip(&order.lines).map(|(line_no, line)| {
        let name = format!("units-{line_no}");
        let value = Some(field(typed, &name)).filter(|text| !text.is_empty()).unwrap_or("0").to_owned();
        let left = left_units(order, line_no);
        let each = line.share(line.quantity - left, 1.min(left), order.currency.step_minor());
        context! {
            name, value, left, each => money(each), title => full_title(line), sku => line.sku.as_str(),
            quantity => line.quantity,
        }
    });
    let shipping = left_shipping(order);
    let context = context! {
        order => heading(desk, order),
        wrong,
        why_not => why_not(order).map(|key| desk.say(key, &[])),
        lines => lines.collect::<Vec<_>>(),
        shipping => (shipping > 0).then(|| money(shipping)),
        shipping_on => !field(typed, "shipping").is_empty(),
        // Goods usually come back before their money goes.
        restock_on => typed.is_empty() || !field(typed, "restock").is_empty(),
        amount => field(typed, "amount"),
        reason => field(typed, "reason"),
        left => money(left_money(order)),
        code => order.currency.code(),
    };
    desk.page(status, "admin/order_refund.html", context)
}

/// What would happen, and what the buyer would read.
async fn preview(
    desk: &Desk,
    order: &OrderView,
    wish: &Wish,
    typed: &Fields,
    wrong: Option<String>,
) -> Result<Response, PageError> {
    let amount = sum(order, wish);
    let money = |minor: i64| desk.money_in(minor, order.currency);
    let drawn = RefundId::from_u128(super::drawn());
    let refund_id = field(typed, "refund").parse().unwrap_or(drawn);
    let letter = letter(desk, order, wish, refund_id, amount).await?;
    let rows = wish.lines.iter().map(|part| {
        let line = &order.lines[part.line_no as usize - 1];
        let label = format!("{} × {}", part.units, full_title(line));
        context! { label, lang => order.language.as_str(), amount => money(goods_of(order, part)) }
    });
    let said = |key: &str, minor: i64| {
        context! { label => desk.say(key, &[]), lang => desk.language.tag(), amount => money(minor) }
    };
    let shipping = wish.shipping.then(|| said("admin-orders-shipping-paid", left_shipping(order)));
    let own = wish.amount.map(|amount| said("admin-orders-own-amount", amount));
    let open: i64 =
        wish.lines.iter().map(|part| super::open_units(&order.lines[part.line_no as usize - 1]).min(part.units)).sum();
    let back: i64 = wish.lines.iter().map(|part| part.units).sum();
    let kept = ["amount", "reason", "shipping", "restock"].map(str::to_owned);
    let units = (1..=order.lines.len()).map(|line_no| format!("units-{line_no}"));
    let hidden = units.chain(kept).filter(|name| !field(typed, name).is_empty());
    let hidden: Vec<Value> = hidden.map(|name| context! { value => field(typed, &name), name }).collect();
    let mut again = form_urlencoded::Serializer::new(String::new());
    let again = again.extend_pairs(typed.iter().filter(|(name, _)| name != "step" && name != "refund")).finish();
    let status = if wrong.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let context = context! {
        order => heading(desk, order),
        wrong,
        rows => rows.chain(shipping).chain(own).collect::<Vec<_>>(),
        total => money(amount),
        seen => amount,
        refund => refund_id.to_string(),
        restock => wish.restock && back > 0,
        back,
        open,
        reason => wish.reason.as_str(),
        hidden,
        large => is_large(order, amount) && !desk.is_fresh(),
        letter,
        email => order.email.as_str(),
        change => format!("{}{}/refund?{again}", desk.prefix(), place_of(order.id)),
    };
    desk.page(status, "admin/order_refund_preview.html", context)
}

/// The letter as it would be if Stripe had taken the refund already.
async fn letter(
    desk: &Desk,
    order: &OrderView,
    wish: &Wish,
    refund_id: RefundId,
    amount: i64,
) -> Result<Value, PageError> {
    let mut then = order.clone();
    let intent =
        then.payments.iter().find(|payment| payment.left_minor() >= amount).map(|payment| payment.intent_id.clone());
    let asked = Refund::asked(
        refund_id,
        order.id,
        intent.as_deref().unwrap_or_default(),
        Money::new(amount, order.currency),
        RefundKind::ByHand,
        desk.shop.now(),
    );
    let lines = wish.lines.iter().map(|part| RefundLine {
        line_no: part.line_no,
        units: part.units,
        amount_minor: goods_of(order, part),
        restock: wish.restock,
    });
    let shipping_minor = if wish.shipping { left_shipping(order) } else { 0 };
    let state = RefundState::Pending;
    then.refunds.push(Refund { state, shipping_minor, lines: lines.collect(), reason: wish.reason.clone(), ..asked });
    if let Some(payment) = then.payments.iter_mut().find(|payment| Some(&payment.intent_id) == intent.as_ref()) {
        payment.refunded_minor += amount;
    }
    let written = outbox::letters::preview(&desk.shop, Letter::RefundSent, &refund_id.to_string(), &then).await;
    let (subject, text) = written.map_err(|fault| PageError::Fault(fault.to_string()))?;
    Ok(context! { subject, text })
}
