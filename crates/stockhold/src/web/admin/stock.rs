//! Stock at the desk: the shelf, and why only so many of one variant are available. Goods are received and corrected here,
//! and holds are released, each by its command; what is missing of promised goods is asked about before it is noted.

pub mod count;

use axum::Form;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::commands::Refusal;
use rules::commands::correct_stock::{BelowHeld, CorrectStock, ShownShortfall, missing};
use rules::commands::count_stock::CountStock;
use rules::ids::{CountId, OrderId};
use rules::orders::{Hold, Status};
use rules::stock::Reason;
use rules::text::Sku;
use rules::time::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::desk::{Desk, noted};
use crate::language::{format_clock, machine_time};
use crate::ledger::Failure;
use crate::outbox::{self, Carried};
use crate::storage::keys::Scope;
use crate::storage::orders;
use crate::storage::stock::shelf::{self, Place, ShelfQuery, Which};
use crate::storage::stock::{self, LiveHold, MovementView};
use crate::web::PageError;
use crate::web::storefront::plain;

/// Rows of a page of the shelf, and movements of a page of one variant.
const ROWS: i64 = 50;
/// What a page that is walked backwards begins before.
const NEWEST: i64 = i64::MAX;
/// The reasons a person may give for a correction; goods received have a form of their own.
const REASONS: [Reason; 5] = [Reason::Counted, Reason::Damaged, Reason::Returned, Reason::Correction, Reason::Received];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ShelfParameters {
    q: String,
    which: String,
    after: String,
}

pub async fn list(desk: Desk, Query(asked): Query<ShelfParameters>) -> Result<Response, PageError> {
    let which = Which::parse(&asked.which).unwrap_or_default();
    let q = plain(&asked.q).unwrap_or_default().to_owned();
    let query = ShelfQuery {
        q,
        which,
        after: asked.after.clone(),
        limit: ROWS,
        few: desk.settings.low_stock,
        ..ShelfQuery::default()
    };
    let (places, next) = shelf::list(&desk.shop.storage, &query, desk.shop.now()).await?;
    let address = |which: Which, after: &str| {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("q", query.q.as_str()), ("which", which.as_str()), ("after", after)] {
            let goes_without_saying = value.is_empty() || (name == "which" && value == "all");
            if !goes_without_saying {
                pairs.append_pair(name, value);
            }
        }
        let pairs = pairs.finish();
        format!("{}/admin/stock{}{pairs}", desk.prefix(), if pairs.is_empty() { "" } else { "?" })
    };
    let tabs = Which::ALL.map(|tab| {
        let label = desk.say(&format!("admin-stock-which-{}", tab.as_str()), &[]);
        context! { href => address(tab, ""), label, here => tab == which }
    });
    let is_filtered = !query.q.is_empty() || which != Which::All || !query.after.is_empty();
    let context = context! {
        q => query.q.as_str(), which => which.as_str(), tabs => tabs.to_vec(), is_filtered,
        rows => places.iter().map(|place| place_value(&desk, place)).collect::<Vec<_>>(),
        next => next.map(|after| address(which, &after)),
        first => (!query.after.is_empty()).then(|| address(which, "")),
        may_write => desk.may(Scope::StockWrite),
    };
    desk.page(StatusCode::OK, "admin/stock.html", context)
}

/// One variant as rows of the shelf and of the count sheet show it.
fn place_value(desk: &Desk, place: &Place) -> Value {
    let state = match (place.short, place.available) {
        (1.., _) => "short",
        (_, ..1) => "out",
        (_, few) if few <= desk.settings.low_stock => "low",
        _ => "ok",
    };
    context! {
        sku => place.sku.as_str(),
        href => sku_href(desk, place.sku.as_str()),
        product => place.product.get(desk.language),
        product_href => format!("{}/admin/products/{}", desk.prefix(), place.slug),
        variant => place.variant.get(desk.language),
        offered => place.active && place.status == "active",
        on_hand => place.on_hand, held => place.held, short => place.short, available => place.available,
        on_shelf => (place.on_hand - place.short).max(0),
        revision => place.revision,
        state,
    }
}

/// The address of a variant's stock: a SKU may have any visible sign.
pub(super) fn sku_href(desk: &Desk, sku: &str) -> String {
    let sku: String = form_urlencoded::byte_serialize(sku.as_bytes()).collect();
    format!("{}/admin/stock/{}", desk.prefix(), sku.replace('+', "%20"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SkuParameters {
    before: String,
}

pub async fn show(
    desk: Desk,
    Path(sku): Path<String>,
    Query(asked): Query<SkuParameters>,
) -> Result<Response, PageError> {
    let sku = Sku::parse(&sku).map_err(|_| PageError::NotFound)?;
    let before = asked.before.parse().ok().filter(|before| *before > 0).unwrap_or(NEWEST);
    sku_page(&desk, StatusCode::OK, &sku, before, Asked::default()).await
}

/// What a form asked for and did not get: it is shown again as it was typed.
#[derive(Debug, Default)]
struct Asked {
    change: Change,
    wrong: &'static str,
    /// So many are held: the shopkeeper is asked whether the goods are really not there.
    below_held: bool,
    /// They were asked already, and by now it is more or concerns others.
    has_changed: bool,
}

async fn sku_page(
    desk: &Desk,
    status: StatusCode,
    sku: &Sku,
    before: i64,
    asked: Asked,
) -> Result<Response, PageError> {
    let storage = &desk.shop.storage;
    let account = stock::find(storage, sku).await?.ok_or(PageError::NotFound)?;
    let place = shelf::of(storage, vec![sku.to_string()]).await?.into_iter().next().ok_or(PageError::NotFound)?;
    let mut movements = match before {
        NEWEST => account.movements.clone(),
        before => stock::movements(storage, sku, before, ROWS).await?,
    };
    movements.truncate(ROWS as usize);
    let older = movements.last().map(|last| last.seq).filter(|seq| *seq > 1);
    let now = desk.shop.now();
    let delta = units(&asked.change.delta).unwrap_or(0);
    // What would be missing then, with what is missing already.
    let missing = match asked.below_held {
        true => missing(account.on_hand, account.held, account.short, delta),
        false => account.short,
    };
    // Who waits for it matters only once there is not enough for all.
    let unsent = if missing > 0 || account.short > 0 { stock::unsent(storage, sku).await? } else { Vec::new() };
    // What is confirmed is what is shown here. Where the list is cut off, nobody can have seen all of it.
    let all_named = (account.holds.len() as i64) < stock::HOLDS_MAX;
    let named = account.holds.iter().map(|hold| &hold.order_id).chain(unsent.iter().map(|order| &order.order_id));
    let named = all_named.then(|| named.cloned().collect::<Vec<_>>().join(" "));
    let shortfalls = if account.short > 0 { stock::shortfalls(storage, sku).await? } else { Vec::new() };
    let due: i64 = account.holds.iter().filter(|hold| hold.is_due(now)).map(|hold| hold.quantity).sum();
    let available = account.available(now);
    let context = context! {
        sku => sku.as_str(),
        place => place_value(desk, &place),
        on_hand => account.on_hand, held => account.held, short => account.short, available, due,
        found => (account.on_hand - account.short + delta).max(0),
        holds => account.holds.iter().map(|hold| hold_value(desk, hold, now)).collect::<Vec<_>>(),
        unsent => unsent.iter().map(|order| context! {
            number => order.number, href => order_href(desk, &order.order_id), quantity => order.quantity,
            paid_at => desk.time(Timestamp::from_micros(order.paid_at)),
        }).collect::<Vec<_>>(),
        shortfalls => shortfalls.iter().map(|noted| context! {
            units => noted.units, actor => actor(desk, &noted.actor), at => desk.time(Timestamp::from_micros(noted.noted_at)),
        }).collect::<Vec<_>>(),
        movements => movements.iter().map(|movement| movement_value(desk, movement)).collect::<Vec<_>>(),
        older => older.map(|seq| format!("{}?before={seq}", sku_href(desk, sku.as_str()))),
        newest => (before != NEWEST).then(|| sku_href(desk, sku.as_str())),
        reasons => REASONS.iter().map(|reason| context! {
            word => reason.as_str(), label => desk.say(&reason_key(reason.as_str()), &[]),
            chosen => asked.change.reason == reason.as_str(),
        }).collect::<Vec<_>>(),
        identity => draw(), identity_two => draw(),
        typed => context! { units => &asked.change.units, delta => &asked.change.delta, reason => &asked.change.reason,
            identity => &asked.change.identity },
        wrong => (!asked.wrong.is_empty()).then(|| desk.say(asked.wrong, &[])),
        wrong_field => if asked.change.units.is_empty() { "delta" } else { "units" },
        below_held => asked.below_held, has_changed => asked.has_changed, missing, named, delta,
        may_write => desk.may(Scope::StockWrite), may_release => desk.may(Scope::OrdersWrite),
    };
    desk.page(status, "admin/stock_sku.html", context)
}

fn hold_value(desk: &Desk, hold: &LiveHold, now: Timestamp) -> Value {
    let due = Timestamp::from_micros(hold.due_at);
    let minutes_left = (due - now).as_micros() / 60_000_000;
    context! {
        order => hold.order_id.as_str(), number => hold.number, href => order_href(desk, &hold.order_id),
        quantity => hold.quantity,
        until => format_clock(due, &desk.settings.time_zone), machine_time => machine_time(due),
        minutes_left => minutes_left.max(0), is_due => hold.is_due(now),
        is_processing => hold.status == Status::Processing.as_str(),
    }
}

fn movement_value(desk: &Desk, movement: &MovementView) -> Value {
    let delta = if movement.delta > 0 { format!("+{}", movement.delta) } else { format!("−{}", -movement.delta) };
    context! {
        at => desk.time(Timestamp::from_micros(movement.moved_at)), delta, on_hand => movement.on_hand_after,
        reason => desk.say(&reason_key(&movement.reason), &[]),
        number => movement.order_number,
        href => movement.order_id.as_deref().map(|id| order_href(desk, id)),
        actor => actor(desk, &movement.actor),
    }
}

fn order_href(desk: &Desk, id: &str) -> String {
    format!("{}/admin/orders/{id}", desk.prefix())
}

/// Who did it, for people: `staff:Ann` is Ann.
fn actor(desk: &Desk, actor: &str) -> String {
    match actor.split_once(':') {
        Some(("staff", name)) => name.to_owned(),
        Some(("key", name)) => desk.say("admin-stock-by-key", &[("name", name.to_owned().into())]),
        _ if actor == "shop" => desk.say("admin-stock-by-shop", &[]),
        _ if actor == "import" => desk.say("admin-stock-by-import", &[]),
        _ => actor.to_owned(),
    }
}

fn reason_key(reason: &str) -> String {
    format!("admin-stock-reason-{reason}")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Change {
    /// Drawn with the form: the same click again is one change.
    identity: String,
    /// Goods received.
    units: String,
    /// Or by how many the shelf differs.
    delta: String,
    reason: String,
    /// So many were shown to be missing, for these orders, and the goods are not there all the same.
    confirmed: String,
    orders: Option<String>,
}

/// Goods come in, or the shelf is not what the books say.
pub async fn change(desk: Desk, Path(sku): Path<String>, Form(change): Form<Change>) -> Result<Response, PageError> {
    let sku = Sku::parse(&sku).map_err(|_| PageError::NotFound)?;
    let (delta, reason) = match change.units.trim() {
        "" => (units(&change.delta), Reason::parse(&change.reason).filter(|reason| REASONS.contains(reason))),
        _ => (units(&change.units).filter(|units| *units > 0), Some(Reason::Received)),
    };
    let asked = |wrong| Asked { wrong, ..Asked::default() };
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let (Some(delta), Some(reason)) = (delta.filter(|delta| *delta != 0), reason) else {
        let asked = Asked { change, ..asked("admin-stock-wrong-number") };
        return sku_page(&desk, unprocessable, &sku, NEWEST, asked).await;
    };
    let below_held = confirmed(&change.confirmed, change.orders.as_deref());
    let id = count_id(&desk, &change.identity, &sku);
    let count = CountStock { id, sku: sku.clone(), delta, reason, actor: desk.actor() };
    let command = CorrectStock { count, revision: None, below_held };
    let detail = format!("{sku} {delta:+} {}", reason.as_str());
    match desk.shop.ledger.correct_stock(command, desk.shop.now()).await {
        Ok(done) => {
            desk.shop.wake_workers(); // Somebody may wait to hear that it is back.
            let word = if done.short > 0 { "stock-short" } else { "stock-changed" };
            Ok(noted(desk.done(&sku_href(&desk, sku.as_str())[desk.prefix().len()..], word), detail))
        }
        Err(Failure::Refused(refusal @ (Refusal::StockBelowHeld { .. } | Refusal::ShortfallChanged { .. }))) => {
            let has_changed = matches!(refusal, Refusal::ShortfallChanged { .. });
            let asked = Asked { change, below_held: true, has_changed, ..Asked::default() };
            Ok(noted(sku_page(&desk, StatusCode::CONFLICT, &sku, NEWEST, asked).await?, detail))
        }
        Err(Failure::Refused(Refusal::UnknownSku { .. })) => Err(PageError::NotFound),
        Err(Failure::Refused(refusal)) => {
            let key = match refusal {
                // The page's forms have new identities; what was typed stands in them.
                Refusal::IdempotencyKeyReused => "admin-stock-used",
                _ => "admin-stock-wrong-range",
            };
            let asked = Asked { change, ..asked(key) };
            sku_page(&desk, unprocessable, &sku, NEWEST, asked).await
        }
        Err(Failure::Fault(fault)) => Err(PageError::Fault(fault.to_string())),
    }
}

/// What a form confirms: so many missing units, and the orders that were named with them.
fn confirmed(missing: &str, orders: Option<&str>) -> BelowHeld {
    let orders = orders.map(|ids| ids.split_whitespace().filter_map(|id| id.parse().ok()).collect());
    units(missing).map_or(BelowHeld::Refuse, |missing| BelowHeld::AsShown(ShownShortfall { missing, orders }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Release {
    order: String,
}

/// Takes goods back from an unpaid order: its payment page is closed at Stripe first, and whoever was faster has paid.
pub async fn release(desk: Desk, Path(sku): Path<String>, Form(wish): Form<Release>) -> Result<Response, PageError> {
    let sku = Sku::parse(&sku).map_err(|_| PageError::NotFound)?;
    let order_id: OrderId = wish.order.parse().map_err(|_| PageError::NotFound)?;
    let order = orders::find(&desk.shop.storage, order_id).await?.ok_or(PageError::NotFound)?;
    if !order.lines.iter().any(|line| line.sku == sku.as_str()) {
        return Err(PageError::NotFound);
    }
    let carried = match (order.hold, order.status) {
        (Hold::Live, Status::Pending) => {
            outbox::close(&desk.shop, order_id).await.map_err(|fault| PageError::Fault(fault.to_string()))?
        }
        _ => Carried::Done, // It ended in this very moment, or only the money can end it.
    };
    let after = orders::find(&desk.shop.storage, order_id).await?.ok_or(PageError::NotFound)?;
    let word = match (after.hold, after.status, carried) {
        (Hold::Released, _, _) => "hold-released",
        (Hold::Sold, _, _) => "hold-paid",
        (Hold::Live, Status::Processing, _) => "hold-processing",
        (Hold::Live, _, _) => "hold-unknown",
    };
    desk.shop.wake_workers();
    let place = sku_href(&desk, sku.as_str());
    Ok(noted(desk.done(&place[desk.prefix().len()..], word), format!("{order_id} {sku}")))
}

/// A whole number as people type it, with a sign in either form; full-width digits are digits too.
fn units(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix(['-', '−', '－']) {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix(['+', '＋']).unwrap_or(text)),
    };
    let digits = digits.trim();
    if digits.is_empty() || digits.chars().count() > 10 {
        return None;
    }
    let mut number = 0_i64;
    for c in digits.chars() {
        let digit = match c {
            '0'..='9' => i64::from(u32::from(c) - u32::from('0')),
            '０'..='９' => i64::from(u32::from(c) - u32::from('０')),
            _ => return None,
        };
        number = number * 10 + digit;
    }
    Some(sign * number)
}

/// What a form is known by.
fn draw() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// The identity of one change: its form and what it is about. A form without one changes something each time it is sent.
fn count_id(desk: &Desk, identity: &str, sku: &Sku) -> CountId {
    let identity = if identity.is_empty() { draw() } else { identity.to_owned() };
    let who = desk.session.as_ref().map_or("", |session| session.member.id.as_str());
    let digest = Sha256::digest(format!("desk:{who}:{identity}:{sku}"));
    let bytes: [u8; 16] = digest[..16].try_into().expect("a digest is longer");
    CountId::from_u128(u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_as_people_type_them() {
        for (text, expected) in [
            ("3", Some(3)),
            (" -2 ", Some(-2)),
            ("−2", Some(-2)),
            ("+12", Some(12)),
            ("－４", Some(-4)),
            ("0", Some(0)),
        ] {
            assert_eq!(units(text), expected, "{text}");
        }
        for text in ["", "-", "1.5", "two", "1e3", "99999999999", "--1"] {
            assert_eq!(units(text), None, "{text}");
        }
    }
}
