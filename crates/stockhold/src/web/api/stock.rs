//! Stock by hand, and the answer to "why is only n available?".

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rules::commands::Refusal;
use rules::commands::correct_stock::{BelowHeld, CorrectStock, ShownShortfall};
use rules::commands::count_stock::CountStock;
use rules::ids::CountId;
use rules::stock::Reason;
use rules::text::Sku;
use rules::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::access::Caller;
use super::after_sale::hash;
use super::checkout::{REPLAYED, bits};
use super::input::{Body, IdempotencyKey, Parameters, Segment, page_rows};
use super::{page, time};
use crate::shop::Shop;
use crate::storage::idempotency::{self, Use};
use crate::storage::stock::shelf::{self, Place, ShelfQuery, Which};
use crate::storage::stock::{self, LiveHold, MovementView};
use crate::web::problem::{Problem, ProblemBody};

/// A change of stock by hand.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// In units; negative takes away.
    delta: i64,
    /// `received`, `counted`, `damaged`, `returned` or `correction`.
    #[schema(example = "received")]
    reason: String,
    /// Fewer would be left than are held for orders, and the goods are not there all the same: what is missing is noted as
    /// `short`. Without it such a change is refused (`stock-below-held`).
    // Left out of the digest when it is not said: requests of before it was known are still the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    shortfall: bool,
    /// With `shortfall`: at most so many may be missing then, with what is `short` already. If more are by now, it is refused
    /// (`stock-below-held`). Left out: however many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    short_max: Option<i64>,
}

/// What is there now.
#[derive(Debug, Serialize, ToSchema)]
pub struct StockLevel {
    sku: String,
    on_hand: i64,
    held: i64,
    /// What a buyer can get now: a hold that is due counts as free.
    available: i64,
    /// Missing of what is promised or sold.
    short: i64,
}

/// What is there, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stock)]
pub struct StockBody {
    sku: String,
    on_hand: i64,
    held: i64,
    /// What a buyer can get now: a hold that is due counts as free.
    available: i64,
    /// Missing of what is promised or sold.
    short: i64,
    /// Unpaid orders that hold some, the next to end first.
    holds: Vec<StockHold>,
    /// The latest 50, the newest first.
    movements: Vec<StockMovement>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StockHold {
    order: String,
    number: i64,
    quantity: i64,
    expires_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StockMovement {
    /// Without a gap per SKU.
    seq: i64,
    delta: i64,
    /// On hand after it.
    on_hand: i64,
    /// One by hand; or the shop's own: `sold`, `restocked`, and `shortfall` for missing units that were written off.
    reason: String,
    order: Option<String>,
    actor: String,
    at: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StockQuery {
    /// `all`, `low`, `out`, `held` or `short`; left out: all.
    which: Option<String>,
    /// With `low`: so many, and fewer; left out: as the settings say.
    #[param(minimum = 0, maximum = 1000000)]
    few: Option<i64>,
    /// The beginning of an item number, or words of a title.
    q: Option<String>,
    /// A collection's slug.
    collection: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StockList {
    data: Vec<StockRow>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// A variant on the shelf.
#[derive(Debug, Serialize, ToSchema)]
pub struct StockRow {
    sku: String,
    /// Its product's slug.
    product: String,
    /// By language.
    title: BTreeMap<String, String>,
    /// By language.
    variant_title: BTreeMap<String, String>,
    on_hand: i64,
    held: i64,
    /// What a buyer can get now: a hold that is due counts as free.
    available: i64,
    /// Missing of what is promised or sold.
    short: i64,
}

/// Lists what is there of every variant, by item number.
#[utoipa::path(get, path = "/api/admin/stock", tag = "admin", operation_id = "list_stock", params(StockQuery),
    security(("key" = ["stock:read"])),
    responses((status = 200, description = "One page", body = StockList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<StockQuery>,
) -> Result<Response, Problem> {
    let limit = page_rows(query.limit)?;
    let unknown = || Problem::invalid("which", "unknown-choice", "Send all, low, out, held or short.");
    let word = query.which.as_deref().filter(|word| !word.is_empty());
    let which = word.map(|word| Which::parse(word).ok_or_else(unknown)).transpose()?.unwrap_or_default();
    let few = query.few.unwrap_or(shop.settings().low_stock);
    if !(0..=1_000_000).contains(&few) {
        return Err(Problem::invalid("few", "out-of-range", "0 to 1000000."));
    }
    let (q, collection) = (query.q.unwrap_or_default(), query.collection.unwrap_or_default());
    let asked = vec![
        ("which", query.which.unwrap_or_default()),
        ("few", query.few.map_or_else(String::new, |few| few.to_string())),
        ("q", q.clone()),
        ("collection", collection.clone()),
        ("limit", query.limit.map_or_else(String::new, |limit| limit.to_string())),
    ];
    let wanted = ShelfQuery { q, which, collection, after: query.after.unwrap_or_default(), limit, few };
    let (places, next) = shelf::list(&shop.storage, &wanted, shop.now()).await?;
    let data = places.into_iter().map(row).collect();
    Ok(page(StockList { data, next: next.clone() }, "/api/admin/stock", asked, next.as_deref()))
}

/// Shows why so many are available.
#[utoipa::path(get, path = "/api/admin/stock/{sku}", tag = "admin", operation_id = "show_stock",
    params(("sku" = String, Path)), security(("key" = ["stock:read"])),
    responses((status = 200, description = "Level, live holds, latest movements", body = StockBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(State(shop): State<Arc<Shop>>, Segment(sku): Segment) -> Result<Json<StockBody>, Problem> {
    let sku = Sku::parse(&sku).map_err(|_| Problem::not_found())?;
    let account = stock::find(&shop.storage, &sku).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(StockBody {
        sku: sku.to_string(),
        on_hand: account.on_hand,
        held: account.held,
        available: account.available(shop.now()),
        short: account.short,
        holds: account.holds.into_iter().map(hold).collect(),
        movements: account.movements.into_iter().map(movement).collect(),
    }))
}

/// Changes a level: goods received, counted, damaged, returned, or a mistake corrected.
#[utoipa::path(post, path = "/api/admin/stock/{sku}/movements", tag = "admin", operation_id = "move_stock",
    params(("sku" = String, Path),
        ("Idempotency-Key" = String, Header, description = "Required. The same request again changes nothing")),
    request_body = Movement, security(("key" = ["stock:write"])),
    responses((status = 201, description = "Done", body = StockLevel, headers(
            ("Idempotency-Replayed" = String, description = "`true` when it was done before"))),
        (status = 409, description = "`stock-below-held`: so many are promised to orders, and nobody said `shortfall`, or not for so many", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn change(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    Segment(sku): Segment,
    IdempotencyKey(key): IdempotencyKey,
    Body(body): Body<Movement>,
) -> Result<Response, Problem> {
    let sku = Sku::parse(&sku).map_err(|_| Problem::not_found())?;
    let reason = Reason::parse(&body.reason).filter(|reason| reason.by_hand()).ok_or_else(|| {
        Problem::invalid("/reason", "unknown-reason", "Send received, counted, damaged, returned or correction.")
    })?;
    if stock::find(&shop.storage, &sku).await?.is_none() {
        return Err(Problem::not_found());
    }
    // Two keys of the API are two callers: each names its requests as it likes.
    let by = caller.key.as_ref().map_or("", |key| key.id.as_str());
    let name = format!("movement:{by}:{sku}:{key}");
    let id = CountId::from_u128(bits(&name));
    let count = CountStock { id, sku: sku.clone(), delta: body.delta, reason, actor: caller.name() };
    let below_held = match (body.shortfall, body.short_max) {
        (false, None) => BelowHeld::Refuse,
        (false, Some(_)) => {
            return Err(Problem::invalid("/short_max", "without-shortfall", "Send it with shortfall, or not at all."));
        }
        (true, None) => BelowHeld::Shortfall,
        (true, Some(missing @ 0..)) => BelowHeld::AsShown(ShownShortfall { missing, orders: None }),
        (true, Some(_)) => return Err(Problem::invalid("/short_max", "out-of-range", "0 or more.")),
    };
    let command = CorrectStock { count, revision: None, below_held };
    let counted = shop.ledger.correct_stock(command, shop.now()).await?;
    // The movement keeps how many; why, and whatever else was said, is held against the key here.
    if idempotency::used(&shop.storage, &name, &hash(&body), shop.now()).await? == Use::OfAnother {
        return Err(Refusal::IdempotencyKeyReused.into());
    }
    let account = stock::find(&shop.storage, &sku).await?.ok_or_else(Problem::not_found)?;
    let level = StockLevel {
        sku: sku.to_string(),
        on_hand: account.on_hand,
        held: account.held,
        available: account.available(shop.now()),
        short: account.short,
    };
    let mut response = (StatusCode::CREATED, Json(level)).into_response();
    if counted.again {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn row(place: Place) -> StockRow {
    StockRow {
        sku: place.sku.to_string(),
        product: place.slug,
        title: place.product.0,
        variant_title: place.variant.0,
        on_hand: place.on_hand,
        held: place.held,
        available: place.available,
        short: place.short,
    }
}

fn hold(hold: LiveHold) -> StockHold {
    StockHold {
        order: hold.order_id,
        number: hold.number,
        quantity: hold.quantity,
        expires_at: time(Timestamp::from_micros(hold.due_at)),
    }
}

fn movement(movement: MovementView) -> StockMovement {
    StockMovement {
        seq: movement.seq,
        delta: movement.delta,
        on_hand: movement.on_hand_after,
        reason: movement.reason,
        order: movement.order_id,
        actor: movement.actor,
        at: time(Timestamp::from_micros(movement.moved_at)),
    }
}
