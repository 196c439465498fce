//! What staff do about an order beside its money: notes among themselves, letters once more, another address.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rules::commands::Refusal;
use rules::commands::change_address::ChangeAddress;
use rules::effects::Letter;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::access::Caller;
use super::after_sale::{done, hash, named, parsed, stored};
use super::checkout::{Address, NEEDED, REPLAYED};
use super::conditions::{Conditions, tagged};
use super::input::{Body, IdempotencyKey, Parameters, Segment, page_rows};
use super::{page, time};
use crate::ledger::Failure;
use crate::shop::Shop;
use crate::storage::idempotency::{self, Use};
use crate::storage::order_notes::{self, LetterRow, Note};
use crate::storage::orders::OrderView;
use crate::web::PageError;
use crate::web::problem::{FieldError, Problem, ProblemBody};

const NOTE_CHARS_MAX: usize = 2_000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NoteQuery {
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NoteList {
    data: Vec<NoteBody>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// What somebody of the shop wrote about an order; buyers never see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Note)]
pub struct NoteBody {
    author: String,
    text: String,
    at: String,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteInput {
    /// 1 to 2000 characters.
    #[schema(example = "Asked for a gift wrap by telephone.", min_length = 1, max_length = 2000)]
    text: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LetterList {
    data: Vec<LetterBody>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// A letter about an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Letter)]
pub struct LetterBody {
    #[schema(example = "order_confirmed")]
    letter: &'static str,
    /// The refund, parcel or dispute it is about; empty: the order itself.
    about: String,
    /// `due`, `done` or `refused`.
    state: String,
    /// Why the last try failed; empty when it did not.
    error: String,
    at: String,
}

/// Which letter shall be sent once more: one that the order has had.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterAgain {
    #[schema(example = "order_confirmed")]
    letter: String,
    #[serde(default)]
    about: String,
}

/// Lists the notes about an order, the newest first.
#[utoipa::path(get, path = "/api/admin/orders/{id}/notes", tag = "admin", operation_id = "list_notes",
    params(("id" = String, Path, description = "ord_…"), NoteQuery), security(("key" = ["orders:read"])),
    responses((status = 200, description = "One page", body = NoteList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list_notes(
    State(shop): State<Arc<Shop>>,
    Segment(id): Segment,
    Parameters(query): Parameters<NoteQuery>,
) -> Result<Response, Problem> {
    let order = stored(&shop, parsed(&id)?).await?;
    let notes = order_notes::of_order(&shop.storage, order.id).await?;
    let (notes, next) = piece(notes, &query)?;
    let data = notes.into_iter().map(note).collect();
    Ok(page(
        NoteList { data, next: next.clone() },
        &format!("/api/admin/orders/{id}/notes"),
        asked(&query),
        next.as_deref(),
    ))
}

/// Writes a note.
#[utoipa::path(post, path = "/api/admin/orders/{id}/notes", tag = "admin", operation_id = "write_note",
    params(("id" = String, Path, description = "ord_…"),
        ("Idempotency-Key" = String, Header, description = "Required. The same request again is the same note")),
    request_body = NoteInput, security(("key" = ["orders:write"])),
    responses((status = 201, description = "Written", body = NoteBody, headers(
            ("Idempotency-Replayed" = String, description = "`true` when it was written before"))),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn write_note(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    Segment(id): Segment,
    IdempotencyKey(key): IdempotencyKey,
    Body(body): Body<NoteInput>,
) -> Result<Response, Problem> {
    let order = stored(&shop, parsed(&id)?).await?;
    let text = body.text.trim();
    if text.is_empty() || text.chars().count() > NOTE_CHARS_MAX {
        return Err(Problem::invalid("/text", "out-of-range", format!("1 to {NOTE_CHARS_MAX} characters.")));
    }
    let id = format!("note_{:032x}", named(&caller, "note", order.id, &key));
    let used = idempotency::used(&shop.storage, &id, &hash(&body), shop.now()).await?;
    if used == Use::OfAnother {
        return Err(Refusal::IdempotencyKeyReused.into());
    }
    order_notes::write(&shop.storage, &id, order.id, &caller.name(), text, shop.now()).await?;
    // Names are forgotten after a day, notes are not: what stands is the answer, unless it says something else.
    let stands = order_notes::find(&shop.storage, &id).await?.ok_or_else(Problem::not_found)?;
    if stands.text != text {
        return Err(Refusal::IdempotencyKeyReused.into());
    }
    Ok(done(StatusCode::CREATED, note(stands), used == Use::Again))
}

/// Lists the letters about an order, the oldest first.
#[utoipa::path(get, path = "/api/admin/orders/{id}/letters", tag = "admin", operation_id = "list_letters_of_order",
    params(("id" = String, Path, description = "ord_…"), NoteQuery), security(("key" = ["orders:read"])),
    responses((status = 200, description = "One page", body = LetterList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list_letters(
    State(shop): State<Arc<Shop>>,
    Segment(id): Segment,
    Parameters(query): Parameters<NoteQuery>,
) -> Result<Response, Problem> {
    let order = stored(&shop, parsed(&id)?).await?;
    let letters = order_notes::letters(&shop.storage, order.id).await?;
    let (letters, next) = piece(letters, &query)?;
    let data = letters.into_iter().map(letter).collect();
    let path = format!("/api/admin/orders/{id}/letters");
    Ok(page(LetterList { data, next: next.clone() }, &path, asked(&query), next.as_deref()))
}

/// Sends one of an order's letters once more.
#[utoipa::path(post, path = "/api/admin/orders/{id}/letters", tag = "admin", operation_id = "send_letter_again",
    params(("id" = String, Path, description = "ord_…"),
        ("Idempotency-Key" = String, Header, description = "Required. The same request again is the same letter")),
    request_body = LetterAgain, security(("key" = ["orders:write"])),
    responses((status = 202, description = "It is on its way", headers(
            ("Idempotency-Replayed" = String, description = "`true` when it was asked for before"))),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn send_again(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    Segment(id): Segment,
    IdempotencyKey(key): IdempotencyKey,
    Body(body): Body<LetterAgain>,
) -> Result<Response, Problem> {
    let order = stored(&shop, parsed(&id)?).await?;
    let unknown = || Problem::invalid("/letter", "not-sent-yet", "This order has had no such letter.");
    let letter = Letter::parse(&body.letter).ok_or_else(unknown)?;
    let sent = order_notes::letters(&shop.storage, order.id).await?;
    if !sent.iter().any(|row| row.kind == letter && row.about == body.about) {
        return Err(unknown());
    }
    let click = format!("{:032x}", named(&caller, "letter", order.id, &key));
    if idempotency::used(&shop.storage, &format!("letter:{click}"), &hash(&body), shop.now()).await? == Use::OfAnother {
        return Err(Refusal::IdempotencyKeyReused.into());
    }
    let is_new = order_notes::send_again(&shop.storage, order.id, letter, &body.about, &click, shop.now()).await?;
    shop.wake_workers();
    let mut response = StatusCode::ACCEPTED.into_response();
    if !is_new {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Shows where an order goes.
#[utoipa::path(get, path = "/api/admin/orders/{id}/shipping-address", tag = "admin", operation_id = "show_shipping_address",
    params(("id" = String, Path, description = "ord_…")), security(("key" = ["orders:read"])),
    responses((status = 200, description = "As it stands; empty: nobody said", body = Address),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show_address(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(id): Segment,
) -> Result<Response, Problem> {
    let order = stored(&shop, parsed(&id)?).await?;
    Ok(conditions.show(state_of(&order), &address(&order)?))
}

/// Changes where an order goes, as long as something of it is still to be sent. What it was priced by stays: the country, and
/// the region where shipping or taxes depend on it.
#[utoipa::path(put, path = "/api/admin/orders/{id}/shipping-address", tag = "admin",
    operation_id = "change_shipping_address",
    params(("id" = String, Path, description = "ord_…")), request_body = Address, security(("key" = ["orders:write"])),
    responses((status = 200, description = "It goes there", body = Address),
        (status = 409, description = "`nothing-to-ship`, or `destination-fixed`: its shipping and taxes were priced by the \
            country", body = ProblemBody, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn change_address(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    conditions: Conditions,
    Segment(id): Segment,
    Body(body): Body<Address>,
) -> Result<Response, Problem> {
    let order = stored(&shop, parsed(&id)?).await?;
    let mut errors = Vec::new();
    body.check(&mut errors);
    if !errors.is_empty() {
        let at = |mut error: FieldError| {
            error.pointer = error.pointer.replacen("/shipping_address", "", 1);
            error
        };
        return Err(Problem::invalid_fields(errors.into_iter().map(at).collect()));
    }
    let address_left = left_empty(&order.shipping_address, &body.stored());
    if !address_left.is_empty() {
        let missing = |name: &&'static str| FieldError {
            pointer: format!("/{name}"),
            code: "missing",
            detail: "A parcel goes there: this cannot be left empty.".to_owned(),
        };
        return Err(Problem::invalid_fields(address_left.iter().map(missing).collect()));
    }
    conditions.to_change(Some(state_of(&order)))?;
    let command = ChangeAddress {
        order_id: order.id,
        before: order.shipping_address.clone(),
        address: body.stored(),
        destination: body.destination(),
        actor: caller.name(),
    };
    match shop.ledger.change_address(command, shop.now()).await {
        Err(Failure::Refused(Refusal::ChangedMeanwhile)) => return Err(conditions.overtaken()),
        changed => changed?,
    };
    let order = stored(&shop, order.id).await?;
    Ok(tagged(StatusCode::OK, state_of(&order), &address(&order)?))
}

/// What a parcel cannot go without and the buyer has said, and what would be taken away by this change.
pub fn left_empty(before: &str, after: &str) -> Vec<&'static str> {
    let said = |address: &str| -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(address).unwrap_or_default()
    };
    let (before, after) = (said(before), said(after));
    let is_said = |address: &serde_json::Map<String, serde_json::Value>, name: &str| {
        address.get(name).and_then(|text| text.as_str()).is_some_and(|text| !text.is_empty())
    };
    NEEDED.into_iter().filter(|name| is_said(&before, name) && !is_said(&after, name)).collect()
}

/// An address has no number of its own: it is told apart by what it says.
fn state_of(order: &OrderView) -> i64 {
    let digest: [u8; 32] = Sha256::digest(order.shipping_address.as_bytes()).into();
    i64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes")) & i64::MAX
}

fn address(order: &OrderView) -> Result<Address, Problem> {
    if order.shipping_address.is_empty() {
        return Ok(Address::default());
    }
    let broken = |error| Problem::fault(PageError::Fault(format!("a stored address cannot be read: {error}")));
    serde_json::from_str(&order.shipping_address).map_err(broken)
}

/// Some rows of a short list that was read whole; the cursor counts.
fn piece<T>(rows: Vec<T>, query: &NoteQuery) -> Result<(Vec<T>, Option<String>), Problem> {
    let limit = usize::try_from(page_rows(query.limit)?).unwrap_or_default();
    let wrong = || Problem::invalid("after", "not-a-cursor", "This is not where a page ended.");
    let from = match query.after.as_deref().filter(|text| !text.is_empty()) {
        None => 0,
        Some(text) => text.parse::<usize>().map_err(|_| wrong())?,
    };
    let (all, until) = (rows.len(), from.saturating_add(limit));
    let rows = rows.into_iter().skip(from).take(limit).collect();
    Ok((rows, (until < all).then(|| until.to_string())))
}

fn asked(query: &NoteQuery) -> Vec<(&'static str, String)> {
    vec![("limit", query.limit.map_or_else(String::new, |limit| limit.to_string()))]
}

fn note(note: Note) -> NoteBody {
    NoteBody { author: note.author, text: note.text, at: time(note.at) }
}

fn letter(row: LetterRow) -> LetterBody {
    LetterBody {
        letter: row.kind.as_str(),
        about: row.about,
        state: row.state,
        error: row.last_error,
        at: time(row.at),
    }
}
