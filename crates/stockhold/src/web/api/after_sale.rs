//! What happens to an order after it was placed: it is cancelled, shipped, refunded.

use std::fmt::Display;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rules::commands::Refusal;
use rules::commands::assign_refund::AssignRefund;
use rules::commands::refund_order::{RefundOrder, RefundWhat};
use rules::commands::ship_order::ShipOrder;
use rules::ids::{OrderId, RefundId, ShipmentId};
use rules::shipments::Units;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::MoneyBody;
use super::access::Caller;
use super::checkout::{REPLAYED, bits};
use super::input::{Body, IdempotencyKey, OptionalBody, Parameters, Segment, Segments};
use super::orders::{self, OrderBody, OrderRefund, TokenQuery};
use crate::outbox::cancel;
use crate::shop::Shop;
use crate::storage::idempotency::{self, Use};
use crate::storage::keys::Scope;
use crate::storage::orders::{OrderView, find};
use crate::web::problem::{Problem, ProblemBody};

/// Longest reason, carrier or tracking number.
const WORDS_CHARS_MAX: usize = 500;
/// More parts of one refund or parcel than an order has lines.
const ITEMS_MAX: usize = 100;

#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// At most 500 characters.
    reason: Option<String>,
}

/// The order as it stands now, and its refund, if money goes back.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cancelled {
    order: OrderBody,
    refund: Option<OrderRefund>,
}

/// Money to give back: an amount, or goods; neither means all that is left.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundRequest {
    amount: Option<MoneyBody>,
    items: Option<Vec<Item>>,
    /// With `items`: what is left of the order's shipping too.
    #[serde(default)]
    shipping: bool,
    /// In your own words; at most 500 characters.
    #[serde(default)]
    reason: String,
    /// Whether the goods come back to the shelf.
    #[serde(default)]
    restock: bool,
}

/// So many units of one SKU.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    sku: String,
    quantity: i64,
}

/// Which goods a refund made in the Stripe Dashboard was for; none: for no goods in particular.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    items: Vec<Item>,
    #[serde(default)]
    restock: bool,
}

/// What a failed refund owed, and how it was paid back.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaidElsewhere {
    /// As the list of what waits says it; another amount is refused.
    amount: MoneyBody,
    /// How, and under which reference; 1 to 500 characters.
    #[schema(example = "Bank transfer, reference 2026-118", min_length = 1, max_length = 500)]
    note: String,
}

/// One parcel; without items, everything that is still to be sent.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parcel {
    items: Option<Vec<Item>>,
    #[serde(default)]
    carrier: String,
    #[serde(default)]
    tracking: String,
    /// Whether the buyer hears of it by letter; yes when left out.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    notify: bool,
}

fn yes() -> bool {
    true
}

/// The hash of a request that says nothing of it stays what it was.
fn is_yes(notify: &bool) -> bool {
    *notify
}

/// Cancels an order: not paid, its payment page is closed; paid and not sent, it is refunded and restocked.
#[utoipa::path(post, path = "/api/orders/{id}/cancel", tag = "shop", operation_id = "cancel_order",
    params(("id" = String, Path, description = "ord_…"), TokenQuery,
        ("Idempotency-Key" = String, Header, description = "Required. The same request again changes nothing")),
    request_body = Option<Cancel>, security((), ("key" = ["orders:write"])),
    responses((status = 200, description = "Cancelled, or being cancelled; the same again changes nothing",
            body = Cancelled, headers(
            ("Idempotency-Replayed" = String, description = "`true` when it was asked for before"))),
        (status = 409, description = "`already-shipped`, `dispute-open`", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn cancel(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    Segment(id): Segment,
    Parameters(query): Parameters<TokenQuery>,
    IdempotencyKey(key): IdempotencyKey,
    OptionalBody(body): OptionalBody<Cancel>,
) -> Result<Response, Problem> {
    let id = orders::may_see(&shop, &caller, &id, &query, Scope::OrdersWrite)?;
    let body = body.unwrap_or_default();
    let reason = words(body.reason.as_deref().unwrap_or_default(), "/reason")?;
    let cancelled = cancel::cancel(&shop, id, &reason).await?;
    // The order is its own identity: whatever the key was used for, nothing was done twice until here.
    let name = format!("cancel:{:032x}", named(&caller, "cancel", id, &key));
    let used = idempotency::used(&shop.storage, &name, &hash(&body), shop.now()).await?;
    if used == Use::OfAnother {
        return Err(Refusal::IdempotencyKeyReused.into());
    }
    let order = stored(&shop, id).await?;
    let refund = order.refunds.iter().rev().find(|refund| refund.state.is_alive()).or(order.refunds.last());
    let refund = refund.map(|refund| orders::refund_body(&order, refund));
    let body = Cancelled { order: orders::shown_to(&caller, orders::body(&order, None)), refund };
    Ok(done(StatusCode::OK, body, cancelled.again && used == Use::Again))
}

/// Gives money back: part of it or all, with or without goods.
#[utoipa::path(post, path = "/api/admin/orders/{id}/refunds", tag = "admin", operation_id = "refund_order",
    params(("id" = String, Path, description = "ord_…"),
        ("Idempotency-Key" = String, Header, description = "Required. The same request again is the same refund")),
    request_body = RefundRequest, security(("key" = ["refunds:write"])),
    responses((status = 201, description = "On its way", body = OrderRefund, headers(
            ("Idempotency-Replayed" = String, description = "`true` when it was asked for before"))),
        (status = 409, description = "`refund-too-large`, `not-paid`, `dispute-open`", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn refund(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    Segment(id): Segment,
    IdempotencyKey(key): IdempotencyKey,
    Body(body): Body<RefundRequest>,
) -> Result<Response, Problem> {
    let order = stored(&shop, parsed(&id)?).await?;
    let refund_id = RefundId::from_u128(named(&caller, "refund", order.id, &key));
    let command = RefundOrder {
        refund_id,
        order_id: order.id,
        what: what(&order, &body)?,
        restock: body.restock,
        reason: words(&body.reason, "/reason")?,
        request_hash: hash(&body),
    };
    let refunding = shop.ledger.refund_order(command, shop.now()).await?;
    crate::outbox::carry_out(&shop, &cancel::refund_effect(refund_id)).await?;
    shop.wake_workers();
    let order = stored(&shop, order.id).await?;
    let refund = order.refunds.iter().find(|refund| refund.id == refund_id).ok_or_else(Problem::not_found)?;
    Ok(done(StatusCode::CREATED, orders::refund_body(&order, refund), refunding.again))
}

/// Says which goods a refund was for that was made in the Stripe Dashboard.
#[utoipa::path(post, path = "/api/admin/orders/{id}/refunds/{refund}/assign", tag = "admin",
    operation_id = "assign_refund",
    params(("id" = String, Path, description = "ord_…"), ("refund" = String, Path, description = "rfnd_…")),
    request_body = Assignment, security(("key" = ["refunds:write"])),
    responses((status = 200, description = "Assigned; the same again changes nothing", body = OrderRefund),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn assign(
    State(shop): State<Arc<Shop>>,
    Segments(segments): Segments<2>,
    Body(body): Body<Assignment>,
) -> Result<Json<OrderRefund>, Problem> {
    let [id, refund_id] = segments;
    let order = stored(&shop, parsed(&id)?).await?;
    let refund_id: RefundId = refund_id.parse().map_err(|_| Problem::not_found())?;
    let lines = units(&order, &body.items, |line_no| unrefunded(&order, line_no))?;
    let command = AssignRefund { order_id: order.id, refund_id, lines, restock: body.restock };
    shop.ledger.assign_refund(command, shop.now()).await?;
    let order = stored(&shop, order.id).await?;
    let refund = order.refunds.iter().find(|refund| refund.id == refund_id).ok_or_else(Problem::not_found)?;
    Ok(Json(orders::refund_body(&order, refund)))
}

/// Notes that the money of a failed refund was paid back outside of Stripe. Nothing is sent, and Stripe is told nothing: its
/// balance has that money still.
#[utoipa::path(post, path = "/api/admin/orders/{id}/refunds/{refund}/elsewhere", tag = "admin",
    operation_id = "note_paid_elsewhere",
    params(("id" = String, Path, description = "ord_…"),
        ("refund" = String, Path, description = "rfnd_…, the one that failed"),
        ("Idempotency-Key" = String, Header, description = "Required. The same request again is noted once")),
    request_body = PaidElsewhere, security(("key" = ["refunds:write"])),
    responses((status = 201, description = "Noted; it counts against the payment as any refund does", body = OrderRefund,
            headers(("Idempotency-Replayed" = String, description = "`true` when it was noted before"))),
        (status = 409, description = "`nothing-to-refund`, `changed-meanwhile`, `dispute-open`", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn elsewhere(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    Segments(segments): Segments<2>,
    IdempotencyKey(key): IdempotencyKey,
    Body(body): Body<PaidElsewhere>,
) -> Result<Response, Problem> {
    let [id, failed] = segments;
    let order = stored(&shop, parsed(&id)?).await?;
    let failed: RefundId = failed.parse().map_err(|_| Problem::not_found())?;
    let refund = order.refunds.iter().find(|refund| refund.id == failed).ok_or_else(Problem::not_found)?;
    if body.amount.currency != refund.amount.currency.code() {
        let detail = format!("This refund is in {}.", refund.amount.currency);
        return Err(Problem::invalid("/amount/currency", "other-currency", detail));
    }
    let reason = words(&body.note, "/note")?;
    if reason.is_empty() {
        return Err(Problem::invalid("/note", "empty", "Say how it was paid back, and under which reference."));
    }
    let refund_id = RefundId::from_u128(named(&caller, "elsewhere", order.id, &key));
    let command = RefundOrder {
        refund_id,
        order_id: order.id,
        what: RefundWhat::Elsewhere { failed, seen_minor: body.amount.amount },
        restock: false,
        reason,
        request_hash: format!("elsewhere:{failed}:{}", hash(&body)),
    };
    let noted = shop.ledger.refund_order(command, shop.now()).await?;
    shop.wake_workers();
    let order = stored(&shop, order.id).await?;
    let refund = order.refunds.iter().find(|refund| refund.id == refund_id).ok_or_else(Problem::not_found)?;
    Ok(done(StatusCode::CREATED, orders::refund_body(&order, refund), noted.again))
}

/// Ships an order, or part of it.
#[utoipa::path(post, path = "/api/admin/orders/{id}/shipments", tag = "admin", operation_id = "ship_order",
    params(("id" = String, Path, description = "ord_…"),
        ("Idempotency-Key" = String, Header, description = "Required. The same request again is the same parcel")),
    request_body = Parcel, security(("key" = ["orders:write"])),
    responses((status = 201, description = "Shipped", body = OrderBody, headers(
            ("Idempotency-Replayed" = String, description = "`true` when it was recorded before"))),
        (status = 409, description = "`not-paid`, `nothing-to-ship`", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn ship(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    Segment(id): Segment,
    IdempotencyKey(key): IdempotencyKey,
    Body(body): Body<Parcel>,
) -> Result<Response, Problem> {
    let order = stored(&shop, parsed(&id)?).await?;
    let open = |line_no: i64| {
        let line = &order.lines[line_no as usize - 1];
        line.quantity - line.shipped - line.cancelled
    };
    let lines = match &body.items {
        None => Vec::new(),
        Some(items) if items.is_empty() => return Err(Problem::invalid("/items", "empty", "Name what was sent.")),
        Some(items) => units(&order, items, open)?,
    };
    let command = ShipOrder {
        shipment_id: ShipmentId::from_u128(named(&caller, "shipment", order.id, &key)),
        order_id: order.id,
        lines,
        carrier: words(&body.carrier, "/carrier")?,
        tracking: words(&body.tracking, "/tracking")?,
        notify: body.notify,
        request_hash: hash(&body),
    };
    let shipped = shop.ledger.ship_order(command, shop.now()).await?;
    let order = stored(&shop, order.id).await?;
    Ok(done(StatusCode::CREATED, orders::body(&order, None), shipped.again))
}

fn what(order: &OrderView, body: &RefundRequest) -> Result<RefundWhat, Problem> {
    match (&body.amount, &body.items) {
        (Some(_), Some(_)) => Err(Problem::invalid("/items", "amount-or-items", "Send an amount or items, not both.")),
        (Some(amount), None) => {
            let currency = order.payments.first().map_or(order.currency, |payment| payment.amount.currency);
            if amount.currency != currency.code() {
                let detail = format!("This order was paid in {currency}.");
                return Err(Problem::invalid("/amount/currency", "other-currency", detail));
            }
            if amount.amount < 1 {
                return Err(Problem::invalid("/amount/amount", "out-of-range", "Send at least 1 minor unit."));
            }
            Ok(RefundWhat::Amount(amount.amount))
        }
        (None, Some(items)) if items.is_empty() => {
            Err(Problem::invalid("/items", "empty", "Name the goods, or leave items out to give all back."))
        }
        (None, Some(items)) => {
            let lines = units(order, items, |line_no| unrefunded(order, line_no))?;
            Ok(RefundWhat::Goods { lines, shipping: body.shipping })
        }
        (None, None) => Ok(RefundWhat::Rest),
    }
}

/// SKUs and quantities as units of the order's lines; a SKU on two lines fills the first, then the next. What is
/// more than there is stays on the last of them, for the rules to refuse.
fn units(order: &OrderView, items: &[Item], left: impl Fn(i64) -> i64) -> Result<Vec<Units>, Problem> {
    if items.len() > ITEMS_MAX {
        return Err(Problem::invalid("/items", "too-many", format!("Send at most {ITEMS_MAX} items.")));
    }
    let mut units: Vec<Units> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let pointer = |field: &str| format!("/items/{at}/{field}");
        if item.quantity < 1 {
            return Err(Problem::invalid(pointer("quantity"), "out-of-range", "Send at least 1."));
        }
        let lines: Vec<i64> =
            (1..).zip(&order.lines).filter(|(_, line)| line.sku == item.sku).map(|(line_no, _)| line_no).collect();
        let Some(last) = lines.last() else {
            return Err(Problem::invalid(pointer("sku"), "not-in-order", "This order has no such item."));
        };
        let mut wanted = item.quantity;
        for line_no in &lines {
            let taken: i64 = units.iter().filter(|unit| unit.line_no == *line_no).map(|unit| unit.units).sum();
            let room = (left(*line_no) - taken).max(0);
            let take = if line_no == last { wanted } else { wanted.min(room) };
            if take > 0 {
                units.push(Units { line_no: *line_no, units: take });
                wanted -= take;
            }
        }
    }
    Ok(merged(units))
}

fn merged(units: Vec<Units>) -> Vec<Units> {
    let mut sums = std::collections::BTreeMap::new();
    for unit in units {
        let sum: &mut i64 = sums.entry(unit.line_no).or_default();
        *sum = sum.saturating_add(unit.units);
    }
    sums.into_iter().map(|(line_no, units)| Units { line_no, units }).collect()
}

fn unrefunded(order: &OrderView, line_no: i64) -> i64 {
    let alive = order.refunds.iter().filter(|refund| refund.state.is_alive()).flat_map(|refund| &refund.lines);
    let refunded: i64 = alive.filter(|line| line.line_no == line_no).map(|line| line.units).sum();
    order.lines[line_no as usize - 1].quantity - refunded
}

pub async fn stored(shop: &Shop, id: OrderId) -> Result<OrderView, Problem> {
    find(&shop.storage, id).await?.ok_or_else(Problem::not_found)
}

pub fn parsed(id: &str) -> Result<OrderId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

pub fn words(text: &str, pointer: &'static str) -> Result<String, Problem> {
    let text = text.trim();
    if text.chars().count() > WORDS_CHARS_MAX {
        return Err(Problem::invalid(pointer, "too-long", format!("At most {WORDS_CHARS_MAX} characters.")));
    }
    Ok(text.to_owned())
}

/// Two keys of the API are two callers: each names its requests as it likes.
pub fn named(caller: &Caller, what: &str, about: impl Display, key: &str) -> u128 {
    let by = caller.key.as_ref().map_or("", |key| key.id.as_str());
    bits(&format!("{what}:{by}:{about}:{key}"))
}

pub fn hash(body: &impl Serialize) -> String {
    let canonical = serde_json::to_string(body).expect("what was read from JSON is JSON");
    Sha256::digest(canonical.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn done(status: StatusCode, body: impl Serialize, again: bool) -> Response {
    marked((status, Json(body)).into_response(), again)
}

/// An answer that says whether it was given before.
pub fn marked(mut response: Response, again: bool) -> Response {
    if again {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
