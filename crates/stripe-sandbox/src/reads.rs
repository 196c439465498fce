//! Reading: single objects, lists with cursors and filters, and `expand[]`.

use serde_json::{Value, json};

use crate::balance;
use crate::books::{API_VERSION, Act, Books, Shelf, public};
use crate::errors::ApiError;
use crate::form::{self, Pairs};
use crate::sessions;

const PAGE: usize = 10;
const PAGE_MOST: i64 = 100;
const EXPAND_DEPTH_MOST: usize = 4;
/// Stripe lists events of the last thirty days.
const EVENTS_SECONDS: i64 = 30 * 24 * 60 * 60;

const PAGING: [&str; 9] = [
    "limit:int",
    "starting_after",
    "ending_before",
    "expand[]",
    "created:int",
    "created[gt]:int",
    "created[gte]:int",
    "created[lt]:int",
    "created[lte]:int",
];

/// One kind of object that can be read.
pub struct Room {
    pub path: &'static str,
    /// What Stripe calls it in "No such …".
    pub name: &'static str,
    pub shelf: fn(&Books) -> &Shelf,
    filters: &'static [&'static str],
}

pub const ROOMS: [Room; 9] = [
    Room {
        path: "checkout/sessions",
        name: "checkout.session",
        shelf: |books| &books.sessions,
        filters: &["payment_intent", "status:open|complete|expired"],
    },
    Room { path: "payment_intents", name: "payment_intent", shelf: |books| &books.payment_intents, filters: &[] },
    Room { path: "charges", name: "charge", shelf: |books| &books.charges, filters: &["payment_intent"] },
    Room { path: "refunds", name: "refund", shelf: |books| &books.refunds, filters: &["payment_intent", "charge"] },
    Room { path: "disputes", name: "dispute", shelf: |books| &books.disputes, filters: &["payment_intent", "charge"] },
    Room {
        path: "radar/early_fraud_warnings",
        name: "early fraud warning",
        shelf: |books| &books.early_fraud_warnings,
        filters: &["payment_intent", "charge"],
    },
    Room { path: "coupons", name: "coupon", shelf: |books| &books.coupons, filters: &[] },
    Room {
        path: "balance_transactions",
        name: "balance transaction",
        shelf: |books| &books.balance_transactions,
        filters: &["source", "type", "currency"],
    },
    Room {
        path: "events",
        name: "event",
        shelf: |books| &books.events,
        filters: &["type", "types[]", "delivery_success:bool"],
    },
];

pub fn one(act: &Act, room: &Room, id: &str, pairs: &Pairs) -> Result<Value, ApiError> {
    let asked = form::read(pairs, &["expand[]", "client_secret"], &[])?;
    if room.name == "coupon" {
        return act.books.coupon(id, act.now).ok_or_else(|| ApiError::no_such(room.name, id));
    }
    let row = (room.shelf)(act.books).get(id).filter(|row| room.name != "event" || is_recent(row, act.now));
    let row = row.ok_or_else(|| ApiError::no_such(room.name, id))?;
    shown(act.books, row, &asked["expand"])
}

/// What a change may be asked to expand. Checked before anything happens: a refusal must leave no trace.
const EXPANDED_SESSION: [&str; 9] = [
    "line_items",
    "payment_intent",
    "payment_intent.latest_charge",
    "payment_intent.latest_charge.balance_transaction",
    "discounts",
    "discounts.coupon",
    "shipping_cost.shipping_rate",
    "shipping_options.shipping_rate",
    "total_details.breakdown",
];
const EXPANDED_REFUND: [&str; 4] = ["charge", "payment_intent", "balance_transaction", "failure_balance_transaction"];

pub fn check_expand(path: &str, pairs: &Pairs) -> Result<(), ApiError> {
    let known: &[&str] = match path {
        refunds if refunds.starts_with("/v1/refunds") => &EXPANDED_REFUND,
        sessions if sessions.starts_with("/v1/checkout/sessions") => &EXPANDED_SESSION,
        _ => &[],
    };
    let asked = pairs.iter().find(|(key, path)| key.starts_with("expand[") && !known.contains(&path.as_str()));
    asked.map_or(Ok(()), |(_, path)| Err(cannot_expand(path)))
}

fn cannot_expand(path: &str) -> ApiError {
    ApiError::invalid("expand", format!("This property cannot be expanded ({path})."))
}

/// The object as an answer: private parts off, asked expansions on.
pub fn shown(books: &Books, row: &Value, expand: &Value) -> Result<Value, ApiError> {
    let mut answer = public(row);
    for path in expand.as_array().into_iter().flatten().filter_map(Value::as_str) {
        let steps: Vec<&str> = path.split('.').collect();
        if steps.len() > EXPAND_DEPTH_MOST || !expand_one(books, &mut answer, &steps) {
            return Err(cannot_expand(path));
        }
    }
    Ok(answer)
}

/// Replaces an id by its object; false when there is nothing of that name to expand.
fn expand_one(books: &Books, holder: &mut Value, steps: &[&str]) -> bool {
    let Some((step, deeper)) = steps.split_first() else { return true };
    if let Some(list) = holder.as_array_mut() {
        return list.iter_mut().all(|item| expand_one(books, item, steps));
    }
    if holder["object"] == "checkout.session" && *step == "line_items" {
        let id = holder["id"].as_str().unwrap_or_default().to_owned();
        let items = books.sessions.get(&id).map(sessions::line_items).unwrap_or_default();
        let first: Vec<Value> = items.iter().take(PAGE).cloned().collect();
        holder["line_items"] = json!({"object": "list", "has_more": items.len() > first.len(), "data": first,
            "url": format!("/v1/checkout/sessions/{id}/line_items")});
        return deeper.is_empty();
    }
    if holder["object"] == "checkout.session" && steps == ["total_details", "breakdown"] {
        let id = holder["id"].as_str().unwrap_or_default();
        let items = books.sessions.get(id).map(sessions::line_items).unwrap_or_default();
        let discounts: Vec<Value> = (items.first().and_then(|item| item["discounts"].as_array()).into_iter().flatten())
            .map(|applied| json!({"amount": holder["total_details"]["amount_discount"], "discount": applied["discount"]}))
            .collect();
        holder["total_details"]["breakdown"] = json!({"discounts": discounts, "taxes": []});
        return true;
    }
    if holder["object"] == "charge" && *step == "refunds" && holder["refunds"].is_null() {
        holder["refunds"] = balance::refunds_of(books, holder["id"].as_str().unwrap_or_default());
    }
    let holder_is_movement = holder["object"] == "balance_transaction";
    let Some(field) = holder.get_mut(*step) else { return false };
    if field.is_null() {
        return true;
    }
    if let Some(id) = field.as_str() {
        let found = match *step {
            "payment_intent" => books.payment_intents.get(id),
            "latest_charge" | "charge" => books.charges.get(id),
            "coupon" => books.coupons.get(id),
            "shipping_rate" => books.shipping_rates.get(id),
            "balance_transaction" | "failure_balance_transaction" => books.balance_transactions.get(id),
            "source" if holder_is_movement => {
                [&books.charges, &books.refunds, &books.disputes].into_iter().find_map(|shelf| shelf.get(id))
            }
            _ => return false,
        };
        if let Some(found) = found {
            *field = public(found);
        }
    } else if deeper.is_empty() {
        // What is an object already needs no expansion; a plain number or flag has none.
        return field.is_object() || field.is_array();
    }
    expand_one(books, field, deeper)
}

pub fn list(act: &Act, room: &Room, pairs: &Pairs) -> Result<Value, ApiError> {
    let table: Vec<&str> = PAGING.iter().chain(room.filters).copied().collect();
    let later = [
        "customer",
        "customer_account",
        "customer_details",
        "payment_link",
        "subscription",
        "payout",
        "transfer_group",
    ];
    let asked = form::read(pairs, &table, &later)?;
    let types = asked["types"].as_array().map(Vec::as_slice).unwrap_or_default();
    if types.len() > 20 {
        return Err(ApiError::invalid("types", "You may list at most 20 types."));
    }
    let rows = (room.shelf)(act.books).rows();
    let fits = |row: &&Value| {
        in_time(&asked["created"], row["created"].as_i64().unwrap_or(0))
            && !row["id"].as_str().is_some_and(|id| act.books.missing.contains(id))
            && (room.name != "event" || event_fits(&asked, row, act.now))
            && room.filters.iter().filter(|_| room.name != "event").all(|filter| {
                let name = filter.split(':').next().unwrap_or_default();
                asked[name].is_null() || asked[name] == row[name]
            })
    };
    let newest_first: Vec<&Value> = rows.iter().rev().collect();
    let mut page = page(&newest_first, &asked, room.name, fits)?;
    page["url"] = json!(format!("/v1/{}", room.path));
    if room.name == "coupon" {
        for row in page["data"].as_array_mut().into_iter().flatten() {
            *row = act.books.coupon(row["id"].as_str().unwrap_or_default(), act.now).unwrap_or_default();
        }
    }
    shown(act.books, &page, &asked["expand"])
}

/// The items of one session, first to last.
pub fn line_items(act: &Act, id: &str, pairs: &Pairs) -> Result<Value, ApiError> {
    let asked = form::read(pairs, &PAGING[..4], &[])?;
    let session = act.books.sessions.get(id).ok_or_else(|| ApiError::no_such("checkout.session", id))?;
    let items = sessions::line_items(session);
    let rows: Vec<&Value> = items.iter().collect();
    let mut page = page(&rows, &asked, "item", |_| true)?;
    page["url"] = json!(format!("/v1/checkout/sessions/{id}/line_items"));
    Ok(page)
}

/// The endpoint the sandbox was started with: it cannot be made or deleted by the API.
pub fn webhook_endpoints(act: &Act, pairs: &Pairs) -> Result<Value, ApiError> {
    let asked = form::read(pairs, &PAGING[..4], &[])?;
    let endpoint = act.endpoint.map(|url| {
        json!({"id": "we_sandbox", "object": "webhook_endpoint", "api_version": API_VERSION, "application": null,
            "created": 0, "description": null, "enabled_events": ["*"], "livemode": false, "metadata": {},
            "status": "enabled", "url": url})
    });
    let rows: Vec<&Value> = endpoint.iter().collect();
    let mut page = page(&rows, &asked, "webhook_endpoint", |_| true)?;
    page["url"] = json!("/v1/webhook_endpoints");
    Ok(page)
}

/// One page of the rows that fit. A cursor is a place among *all* rows: whoever walks a filtered list is not lost when
/// the object they stand on has left the filter meanwhile.
fn page(rows: &[&Value], asked: &Value, name: &str, fits: impl Fn(&&Value) -> bool) -> Result<Value, ApiError> {
    let limit = match asked["limit"].as_i64() {
        None => PAGE,
        Some(limit) if (1..=PAGE_MOST).contains(&limit) => usize::try_from(limit).unwrap_or(PAGE),
        Some(_) => return Err(ApiError::invalid_code("parameter_invalid_integer", "limit", "Invalid limit: 1 to 100")),
    };
    let place = |cursor: &str| -> Result<Option<usize>, ApiError> {
        let Some(id) = asked[cursor].as_str() else { return Ok(None) };
        let found = rows.iter().position(|row| row["id"] == id);
        found.map(Some).ok_or_else(|| ApiError::no_such_param(name, id, cursor))
    };
    let (window, has_more) = match (place("starting_after")?, place("ending_before")?) {
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: starting_after, ending_before.";
            return Err(ApiError::invalid_code("parameters_exclusive", "starting_after", message));
        }
        (None, Some(end)) => {
            let mut before: Vec<&Value> = rows[..end].iter().copied().filter(|row| fits(row)).collect();
            let start = before.len().saturating_sub(limit);
            (before.split_off(start), start > 0)
        }
        (after, None) => {
            let start = after.map_or(0, |place| place + 1);
            let mut following = rows[start..].iter().copied().filter(|row| fits(row));
            let window: Vec<&Value> = following.by_ref().take(limit).collect();
            (window, following.next().is_some())
        }
    };
    let data: Vec<Value> = window.iter().map(|row| public(row)).collect();
    Ok(json!({"object": "list", "data": data, "has_more": has_more, "url": ""}))
}

fn in_time(created: &Value, at: i64) -> bool {
    let bound = |name: &str| created[name].as_i64();
    created.as_i64().is_none_or(|exact| at == exact)
        && bound("gt").is_none_or(|bound| at > bound)
        && bound("gte").is_none_or(|bound| at >= bound)
        && bound("lt").is_none_or(|bound| at < bound)
        && bound("lte").is_none_or(|bound| at <= bound)
}

fn event_fits(asked: &Value, event: &Value, now: i64) -> bool {
    let kind = event["type"].as_str().unwrap_or_default();
    let is = |pattern: &str| match pattern.split_once('*') {
        Some((before, after)) => kind.len() + 1 >= pattern.len() && kind.starts_with(before) && kind.ends_with(after),
        None => kind == pattern,
    };
    let delivered = event["pending_webhooks"] == 0;
    asked["type"].as_str().is_none_or(is)
        && asked["types"].as_array().is_none_or(|types| types.iter().filter_map(Value::as_str).any(is))
        && asked["delivery_success"].as_bool().is_none_or(|wanted| wanted == delivered)
        && is_recent(event, now)
}

fn is_recent(event: &Value, now: i64) -> bool {
    event["created"].as_i64().unwrap_or(0) > now - EVENTS_SECONDS
}

pub fn account(books: &Books) -> Value {
    let id = books.account.as_deref().unwrap_or("acct_sandbox");
    json!({"id": id, "object": "account", "charges_enabled": true, "country": "DE", "default_currency": "eur",
        "details_submitted": true, "email": "owner@example.com", "payouts_enabled": true, "type": "standard"})
}
