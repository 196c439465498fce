//! One order: what was bought, what happened, whose it is, where it goes, and how its money stands.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::disputes::DisputeState;
use rules::orders::Status;
use rules::payments::Purpose;
use rules::refunds::{RefundKind, RefundState};

use super::{heading, is_packed, name_on, open_units, shown_address, stored, timeline};
use crate::language::{TotalRow, machine_time};
use crate::letters;
use crate::storage::keys::Scope;
use crate::storage::order_list;
use crate::storage::order_notes::{self, LetterRow, Note};
use crate::storage::orders::OrderView;
use crate::web::PageError;
use crate::web::admin::desk::Desk;
use crate::web::admin::payments::{at_stripe_in, dispute_reason};

/// `GET /admin/orders/{id}`
pub async fn show(desk: Desk, path: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let order = stored(&desk, &path?.0).await?;
    page(&desk, &order, StatusCode::OK, None).await
}

/// The order's page, with what was refused on it.
pub async fn page(
    desk: &Desk,
    order: &OrderView,
    status: StatusCode,
    refused: Option<String>,
) -> Result<Response, PageError> {
    let storage = &desk.shop.storage;
    let words = order_notes::stripe_words(storage, timeline::objects(order)).await?;
    let notes = order_notes::of_order(storage, order.id).await?;
    let letters = order_notes::letters(storage, order.id).await?;
    let place = order_list::place_among_the_buyers(storage, &order.buyer, order.number).await?;
    let context = context! {
        order => heading(desk, order),
        refused,
        told => told(desk, order),
        lines => order.lines.iter().map(|line| context! {
            title => line.title.as_str(),
            variant => line.variant_title.as_str(),
            sku => line.sku.as_str(),
            quantity => line.quantity,
            each => desk.money_in(line.unit_price, order.currency),
            total => desk.money_in(line.subtotal(), order.currency),
            shipped => line.shipped,
            cancelled => line.cancelled,
            restocked => line.restocked,
        }).collect::<Vec<_>>(),
        sums => sums(desk, order),
        timeline => timeline::shown(desk, order, &words),
        customer => context! {
            name => name_on(&order.shipping_address),
            email => order.email.as_str(),
            place,
            language => desk.say(if order.language == "zh-CN" { "admin-orders-language-zh" } else { "admin-orders-language-en" }, &[]),
        },
        address => shown_address(desk, order),
        delivery => order.delivery.as_ref().map(|delivery| delivery.title.clone()),
        parcels => parcels(desk, order),
        payment => payment(desk, order),
        refunds => refunds(desk, order),
        notes => notes.iter().map(|note: &Note| context! {
            author => note.author.as_str(), text => note.text.as_str(), time => desk.time(note.at),
            iso => machine_time(note.at),
        }).collect::<Vec<_>>(),
        note_id => format!("note_{:032x}", super::drawn()),
        letters => letters.iter().map(|letter| shown_letter(desk, letter)).collect::<Vec<_>>(),
        may => context! {
            ship => desk.may(Scope::OrdersWrite) && order.status == Status::Paid && order.lines.iter().any(|line| open_units(line) > 0),
            pack => is_packed(order),
            refund => desk.may(Scope::RefundsWrite) && order.captured() > order.going_back(),
            cancel => desk.may(Scope::RefundsWrite) && may_be_cancelled(order),
            write => desk.may(Scope::OrdersWrite),
            address => desk.may(Scope::OrdersWrite) && super::address::may_change(order),
        },
    };
    desk.page(status, "admin/order.html", context)
}

/// What an order of this state can still be called off; the law has the last word.
pub fn may_be_cancelled(order: &OrderView) -> bool {
    let is_live = matches!(order.status, Status::Pending | Status::Processing | Status::Paid);
    is_live && order.cancelled_at.is_none() && order.lines.iter().any(|line| open_units(line) > 0)
}

/// What somebody should know before anything else, the most urgent first.
fn told(desk: &Desk, order: &OrderView) -> Vec<Value> {
    let money = |minor: i64| desk.money_in(minor, order.currency);
    let mut told: Vec<(&str, String)> = Vec::new();
    for dispute in &order.disputes {
        let named = [
            ("amount", desk.money_in(dispute.amount.minor, dispute.amount.currency).into()),
            ("why", dispute_reason(desk, &dispute.reason).into()),
            ("due", dispute.due_by.map_or_else(String::new, |due| desk.time(due)).into()),
        ];
        match dispute.state {
            DisputeState::Open | DisputeState::Inquiry if dispute.due_by.is_some() => {
                told.push(("bad", desk.say("admin-orders-told-dispute-due", &named)));
            }
            DisputeState::Open | DisputeState::Inquiry => {
                told.push(("bad", desk.say("admin-orders-told-dispute", &named)))
            }
            DisputeState::Warning => told.push(("bad", desk.say("admin-orders-told-warning", &named))),
            DisputeState::Lost => told.push(("wait", desk.say("admin-orders-told-dispute-lost", &named))),
            DisputeState::Won | DisputeState::Closed => {}
        }
    }
    for odd in order.payments.iter().filter(|payment| payment.purpose == Purpose::Mismatch && payment.left_minor() > 0)
    {
        let named = [
            ("amount", desk.money_in(odd.amount.minor, odd.amount.currency).into()),
            ("total", money(order.total).into()),
        ];
        told.push(("bad", desk.say("admin-orders-told-differs", &named)));
    }
    for failed in order.refunds.iter().filter(|refund| order.owed(refund) > 0) {
        let amount = desk.money_in(order.owed(failed), failed.amount.currency);
        let named = [("amount", amount.into()), ("why", desk.refund_failure(&failed.failure).into())];
        told.push(("bad", desk.say("admin-orders-told-refund-failed", &named)));
    }
    if order.refunds.iter().any(|refund| refund.kind == RefundKind::Late && refund.state.is_alive()) {
        told.push(("wait", desk.say("admin-orders-told-late", &[])));
    }
    if !order.unreachable.is_empty() {
        told.push(("bad", desk.say("admin-orders-told-unreachable", &[("why", order.unreachable.as_str().into())])));
    }
    match order.status {
        Status::Processing => told.push(("wait", desk.say("admin-orders-told-processing", &[]))),
        Status::Pending => {
            told.push(("wait", desk.say("admin-orders-told-pending", &[("due", desk.time(order.hold_due_at).into())])));
        }
        Status::Paid | Status::Expired | Status::Cancelled | Status::Refunded => {}
    }
    told.into_iter().map(|(kind, words)| context! { kind, words }).collect()
}

/// The rows below the goods: the stored numbers (M1).
fn sums(desk: &Desk, order: &OrderView) -> Vec<Value> {
    let totals = letters::totals(order);
    let (words, language) = (desk.pages.words(), desk.language);
    let key = if order.paid_at.is_some() { "admin-orders-total-paid" } else { "admin-orders-total" };
    let total = TotalRow { label: desk.say(key, &[]), amount: desk.money_in(order.total, order.currency) };
    let parts = totals.parts(words, language).into_iter().map(|row| ("", row));
    let included = totals.included(words, language).into_iter().map(|row| ("note", row));
    let all = parts.chain([("total", total)]).chain(included);
    all.map(|(kind, row)| context! { kind, label => row.label, amount => row.amount }).collect()
}

fn parcels(desk: &Desk, order: &OrderView) -> Vec<Value> {
    let parcel = |parcel: &rules::shipments::Shipment| {
        let units: i64 = parcel.lines.iter().map(|part| part.units).sum();
        context! {
            time => desk.time(parcel.at),
            iso => machine_time(parcel.at),
            units,
            carrier => parcel.carrier.as_str(),
            tracking => parcel.tracking.as_str(),
            url => rules::carriers::tracking_url(&parcel.carrier, &parcel.tracking),
        }
    };
    order.shipments.iter().map(parcel).collect()
}

fn payment(desk: &Desk, order: &OrderView) -> Value {
    let money = |minor: i64| desk.money_in(minor, order.currency);
    // By the key it was placed with: the shop may have got another one since.
    let is_live = order.livemode.unwrap_or_else(|| desk.shop.config.is_live());
    let stripe = order.payments.iter().map(|payment| {
        let id = payment.intent_id.as_str();
        // A free order is paid by nothing of Stripe's.
        context! { id, url => id.starts_with("pi_").then(|| at_stripe_in(desk, is_live, "payments", id)) }
    });
    let going = order.going_back() - order.refunded();
    context! {
        charged => money(order.captured()),
        refunded => money(order.refunded()),
        going => (going > 0).then(|| money(going)),
        left => (order.going_back() > 0).then(|| money(order.captured() - order.going_back())),
        stripe => stripe.collect::<Vec<_>>(),
        mode => desk.say(if is_live { "admin-orders-mode-live" } else { "admin-orders-mode-test" }, &[]),
    }
}

fn refunds(desk: &Desk, order: &OrderView) -> Vec<Value> {
    let refund = |refund: &rules::refunds::Refund| {
        let (kind, key) = match refund.state {
            RefundState::Requested | RefundState::Pending => ("wait", "admin-orders-refund-pending"),
            RefundState::Succeeded => ("ok", "admin-orders-refund-succeeded"),
            RefundState::Failed => ("bad", "admin-orders-refund-failed"),
            RefundState::Canceled => ("bad", "admin-orders-refund-canceled"),
        };
        context! {
            amount => desk.money_in(refund.amount.minor, refund.amount.currency),
            time => desk.time(refund.at),
            iso => machine_time(refund.at),
            reason => refund.reason.as_str(),
            failure => desk.refund_failure(&refund.failure),
            chip => super::chip(desk, (kind, key)),
            assigned => refund.assigned,
        }
    };
    order.refunds.iter().map(refund).collect()
}

fn shown_letter(desk: &Desk, letter: &LetterRow) -> Value {
    let (kind, key) = match letter.state.as_str() {
        "due" => ("wait", "admin-orders-letter-state-due"),
        "refused" => ("bad", "admin-orders-letter-state-refused"),
        _ => ("ok", "admin-orders-letter-state-done"),
    };
    context! {
        name => desk.say(&format!("admin-orders-letter-{}", letter.kind.as_str().replace('_', "-")), &[]),
        kind => letter.kind.as_str(),
        about => letter.about.as_str(),
        time => desk.time(letter.at),
        iso => machine_time(letter.at),
        chip => super::chip(desk, (kind, key)),
        error => letter.last_error.as_str(),
        again => (!letter.kind.to_owner()).then(|| format!("{:032x}", super::drawn())),
    }
}
