//! What happened to an order, in plain sentences, with Stripe's ids under them.

use minijinja::context;
use minijinja::value::Value;

use crate::language::{format_clock, format_date, machine_time};
use crate::storage::order_notes::StripeWord;
use crate::storage::orders::{OrderEventView, OrderView};
use crate::web::admin::desk::Desk;

/// The newest first. What Stripe said stands under what the shop made of it: the first entry that came after.
pub fn shown(desk: &Desk, order: &OrderView, words: &[StripeWord]) -> Vec<Value> {
    let mut said: Vec<Vec<String>> = order.events.iter().map(|event| ids(order, event)).collect();
    for word in words {
        let after = order.events.iter().position(|event| event.at >= word.at);
        if let Some(at) = after.or(order.events.len().checked_sub(1)) {
            said[at].push(format!("{} {}", word.kind, word.id));
        }
    }
    let zone = &desk.settings.time_zone;
    let mut day = String::new();
    let entries = order.events.iter().zip(said).rev().map(|(event, ids)| {
        let on = format_date(desk.language, event.at, zone);
        let is_new = on != day;
        day.clone_from(&on);
        context! {
            clock => format_clock(event.at, zone),
            iso => machine_time(event.at),
            day => is_new.then_some(on),
            words => sentence(desk, order, event),
            ids,
        }
    });
    entries.collect()
}

/// Stripe's objects that have to do with an order.
pub fn objects(order: &OrderView) -> Vec<String> {
    let payments = order.payments.iter().map(|payment| payment.intent_id.clone());
    let refunds = order.refunds.iter().filter_map(|refund| refund.stripe_id.clone());
    let disputes = order.disputes.iter().map(|dispute| dispute.id.clone());
    order.session_id.iter().cloned().chain(payments).chain(refunds).chain(disputes).collect()
}

fn sentence(desk: &Desk, order: &OrderView, event: &OrderEventView) -> String {
    let key = format!("admin-orders-event-{}", event.kind.replace('_', "-"));
    if !desk.has_word(&key) {
        return event.kind.replace('_', " "); // Of a newer version; better than nothing.
    }
    let money = |minor: i64| desk.money_in(minor, order.currency);
    let refund = order.refunds.iter().find(|refund| refund.id.to_string() == event.detail);
    let dispute = order.disputes.iter().find(|dispute| dispute.id == event.detail);
    let payment = order.payments.iter().find(|payment| payment.intent_id == event.detail);
    let parcel = order.shipments.iter().find(|parcel| parcel.at == event.at);
    let amount = refund
        .map(|refund| refund.amount)
        .or_else(|| dispute.map(|dispute| dispute.amount))
        .or_else(|| payment.map(|payment| payment.amount));
    let units: i64 = match parcel {
        Some(parcel) => parcel.lines.iter().map(|part| part.units).sum(),
        None => order.lines.iter().map(|line| line.quantity).sum(),
    };
    let letter = format!("admin-orders-letter-{}", event.detail.replace('_', "-"));
    let letter = if desk.has_word(&letter) { desk.say(&letter, &[]) } else { event.detail.clone() };
    let by = parcel.map(|parcel| [parcel.carrier.as_str(), parcel.tracking.as_str()].join(" ").trim().to_owned());
    let by = by.filter(|by| !by.is_empty()).map(|by| format!(" · {by}"));
    let named = [
        (
            "amount",
            amount.map_or_else(|| money(order.total), |amount| desk.money_in(amount.minor, amount.currency)).into(),
        ),
        ("units", units.into()),
        ("detail", event.detail.as_str().into()),
        ("actor", event.detail.trim_start_matches("staff:").into()),
        ("why", refund.map_or_else(String::new, |refund| desk.refund_failure(&refund.failure)).into()),
        ("letter", letter.into()),
        ("email", order.email.as_str().into()),
        ("due", format_clock(order.hold_due_at, &desk.settings.time_zone).into()),
        ("parcel", by.unwrap_or_default().into()),
    ];
    desk.say(&key, &named)
}

/// Stripe's own ids of what an entry is about.
fn ids(order: &OrderView, event: &OrderEventView) -> Vec<String> {
    let refund = order.refunds.iter().find(|refund| refund.id.to_string() == event.detail);
    let stripes =
        |id: &&str| ["cs_", "pi_", "re_", "du_", "dp_", "pyr_", "issfr_"].iter().any(|prefix| id.starts_with(prefix));
    let own = Some(event.detail.as_str()).filter(stripes).map(str::to_owned);
    own.or_else(|| refund.and_then(|refund| refund.stripe_id.clone())).into_iter().collect()
}
