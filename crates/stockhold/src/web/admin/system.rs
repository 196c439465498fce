//! The system: its version and database, room on the disk, what the outbox still has to do, and what went wrong lately.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use serde::Deserialize;

use super::desk::{Desk, noted};
use crate::problems;
use crate::storage::effects::{self, OpenEffect};
use crate::storage::keys::Scope;
use crate::storage::{health, inbox};
use crate::web::PageError;
use crate::web::storefront::plain;

const ROWS_MAX: i64 = 200;
/// With less room than this, in percent, backups and pictures soon have none.
const DISK_LOW_PERCENT: u64 = 5;

pub async fn show(desk: Desk) -> Result<Response, PageError> {
    let storage = &desk.shop.storage;
    let open = effects::open(storage, ROWS_MAX).await?;
    let disk = disk(&desk);
    let context = context! {
        may_retry => desk.may(Scope::PaymentsWrite),
        version => env!("CARGO_PKG_VERSION"),
        database => health::engine(storage).await?,
        size => health::bytes(storage).await?.map(said_bytes),
        waiting => effects::count_waiting(storage).await?,
        inbox => inbox::count_waiting(storage).await?,
        disk,
        smtp => desk.shop.config.smtp_url.is_some(),
        effects => open.iter().map(|effect| shown(&desk, effect)).collect::<Vec<_>>(),
        problems => problems::latest().iter().map(|problem| {
            context! { at => desk.time(problem.at), grave => problem.is_error, words => problem.words.as_str() }
        }).collect::<Vec<_>>(),
    };
    desk.page(StatusCode::OK, "admin/system.html", context)
}

fn shown(desk: &Desk, effect: &OpenEffect) -> Value {
    let is_refused = effect.state == "refused";
    // What a refused refund or payment page needs is decided on its order's page.
    let may_retry = !is_refused || matches!(effect.kind.as_str(), "send_letter" | "close_checkout" | "delete_coupon");
    context! {
        id => effect.id.as_str(),
        kind => desk.say(&format!("admin-system-effect-{}", effect.kind.replace('_', "-")), &[]),
        number => effect.number,
        order_href => format!("{}/admin/orders/{}", desk.prefix(), effect.order_id),
        chip => if is_refused { "bad" } else { "wait" },
        state => desk.say(&format!("admin-system-effect-{}", effect.state), &[]),
        attempts => effect.attempts,
        at => desk.time(if is_refused { effect.created_at } else { effect.due_at }),
        error => effect.error.as_str(),
        may_retry,
    }
}

/// How much of the disk is free, where that can be told.
fn disk(desk: &Desk) -> Option<Value> {
    let (free, total) = health::disk(&desk.shop.config.data_dir)?;
    let percent = free.saturating_mul(100) / total.max(1);
    Some(context! { free => said_bytes(free), total => said_bytes(total), percent, low => percent < DISK_LOW_PERCENT })
}

/// `3.2 GB`, to one decimal, in tens as disks are sold.
fn said_bytes(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000_000 => (1_000, "KB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    let tenths = bytes * 10 / unit;
    format!("{}.{}\u{a0}{name}", tenths / 10, tenths % 10)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryForm {
    effect: String,
    /// `payments`, when the form stood there.
    #[serde(default)]
    from: String,
}

/// Hands out an effect once more: it is tried at once.
pub async fn retry(desk: Desk, form: Result<Form<RetryForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let id = plain(&form.effect).ok_or(PageError::Unreadable)?;
    let place = if form.from == "payments" { "/admin/payments" } else { "/admin/system" };
    // Somebody else may have pressed before, or it was done meanwhile: either way it is not open any more.
    let word =
        if effects::retry(&desk.shop.storage, id, desk.shop.now()).await? { "tried-again" } else { "nothing-to-try" };
    desk.shop.wake_workers();
    Ok(noted(desk.done(place, word), id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_as_disks_are_sold() {
        for (bytes, said) in [(0, "0.0 KB"), (1_500, "1.5 KB"), (3_250_000, "3.2 MB"), (12_000_000_000, "12.0 GB")] {
            assert_eq!(said_bytes(bytes).replace('\u{a0}', " "), said);
        }
    }
}
