//! Notes that the money of a failed refund was paid back outside of Stripe: by bank transfer, in cash.
//!
//! Promise: what was shown is what is noted. The form carries the amount and an identity of its own: pressed twice it is noted
//! once, and if another amount is owed by now, nothing is.

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::response::Response;
use minijinja::context;
use rules::commands::refund_order::{RefundOrder, RefundWhat};
use rules::ids::RefundId;
use serde::Deserialize;

use super::{HERE, Open, RefundIds, Trouble, WORDS_CHARS_MAX, fault, may, order_href, refund_of, told};
use crate::ledger::Failure;
use crate::storage::orders::OrderView;
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::session::digest;
use crate::web::storefront::plain;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElsewhereForm {
    /// Drawn with the form.
    paid: String,
    /// The amount that the page showed, in minor units.
    seen: i64,
    #[serde(default)]
    note: String,
}

pub async fn show(desk: Desk, ids: RefundIds) -> Result<Response, PageError> {
    let (order, failed) = refund_of(&desk, ids).await?;
    page(&desk, &order, failed, "", None).await
}

pub async fn submit(
    desk: Desk,
    ids: RefundIds,
    form: Result<Form<ElsewhereForm>, FormRejection>,
) -> Result<Response, PageError> {
    let (order, failed) = refund_of(&desk, ids).await?;
    let form = form?.0;
    let refund_id: RefundId = form.paid.parse().map_err(|_| PageError::Unreadable)?;
    let note = plain(&form.note).filter(|note| !note.is_empty() && note.chars().count() <= WORDS_CHARS_MAX);
    let Some(note) = note else {
        let trouble = Trouble::unfinished(&desk, "admin-payments-elsewhere-note-missing");
        return page(&desk, &order, failed, &form.note, Some(&trouble)).await;
    };
    let command = RefundOrder {
        refund_id,
        order_id: order.id,
        what: RefundWhat::Elsewhere { failed, seen_minor: form.seen },
        restock: false,
        reason: note.to_owned(),
        request_hash: format!("elsewhere:{failed}:{}", digest(&format!("{} {note}", form.seen))),
    };
    match desk.shop.ledger.refund_order(command, desk.shop.now()).await {
        Ok(_) => {
            desk.shop.wake_workers();
            let amount = desk.money_in(form.seen, order.currency);
            Ok(noted(desk.done(HERE, "paid-elsewhere"), format!("{} {failed} {amount}", order.id)))
        }
        Err(Failure::Refused(refusal)) => {
            page(&desk, &order, failed, &form.note, Some(&Trouble::of(&desk, &refusal))).await
        }
        Err(Failure::Fault(error)) => Err(fault(error)),
    }
}

async fn page(
    desk: &Desk,
    order: &OrderView,
    failed: RefundId,
    note: &str,
    trouble: Option<&Trouble>,
) -> Result<Response, PageError> {
    let open = Open::load(desk).await?;
    let subject = failed.to_string();
    let owed = open.waits.iter().find(|waiting| waiting.kind == "refund_owed" && waiting.subject == subject);
    let (status, trouble) = told(trouble);
    let context = context! {
        may => may(desk),
        tabs => open.tabs(desk, "refunds"),
        number => order.number,
        order_href => order_href(desk, order.id),
        action => format!("{}/admin/payments/refunds/{}/{failed}/elsewhere", desk.prefix(), order.id),
        owed => owed.map(|waiting| desk.money_in(waiting.amount.minor, waiting.amount.currency)),
        seen => owed.map(|waiting| waiting.amount.minor),
        failure => owed.map(|waiting| desk.refund_failure(&waiting.detail)),
        paid => RefundId::from_u128(uuid::Uuid::now_v7().as_u128()).to_string(),
        note,
        trouble,
    };
    desk.page(status, "admin/payments/elsewhere.html", context)
}
