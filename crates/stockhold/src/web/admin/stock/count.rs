//! The count sheet: printed or downloaded, carried along the shelves, and typed in afterwards. Each row is held against what
//! was printed, has its own result, and keeps no other row from counting.

use axum::Form;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::Value;
use rules::commands::Refusal;
use rules::commands::correct_stock::{CorrectStock, missing};
use rules::commands::count_stock::CountStock;
use rules::stock::Reason;
use rules::text::Sku;
use serde::Deserialize;

use super::{confirmed, count_id, draw, place_value, units};
use crate::catalogue::count_sheet;
use crate::ledger::Failure;
use crate::storage::keys::Scope;
use crate::storage::products;
use crate::storage::stock::shelf::{self, Place, ShelfQuery, Which};
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::storefront::plain;

/// Rows of one sheet: what a person counts in one go.
const ROWS: i64 = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SheetParameters {
    q: String,
    which: String,
    collection: String,
    after: String,
}

impl SheetParameters {
    async fn places(&self, desk: &Desk) -> Result<(Vec<Place>, Option<String>), PageError> {
        let query = ShelfQuery {
            q: plain(&self.q).unwrap_or_default().to_owned(),
            which: Which::parse(&self.which).unwrap_or_default(),
            collection: self.collection.clone(),
            after: self.after.clone(),
            limit: ROWS,
            few: desk.settings.low_stock,
        };
        Ok(shelf::list(&desk.shop.storage, &query, desk.shop.now()).await?)
    }

    fn query(&self, after: &str) -> String {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        for (name, value) in
            [("q", self.q.as_str()), ("which", &self.which), ("collection", &self.collection), ("after", after)]
        {
            if !value.is_empty() {
                pairs.append_pair(name, value);
            }
        }
        pairs.finish()
    }
}

pub async fn show(desk: Desk, Query(asked): Query<SheetParameters>) -> Result<Response, PageError> {
    let (places, next) = asked.places(&desk).await?;
    let collections = products::collections(&desk.shop.storage).await?;
    let address = |path: &str, after: &str| format!("{}/admin/stock/{path}?{}", desk.prefix(), asked.query(after));
    let context = context! {
        rows => places.iter().map(|place| place_value(&desk, place)).collect::<Vec<_>>(),
        q => &asked.q, which => &asked.which, collection => &asked.collection,
        collections => collections.iter().map(|collection| context! {
            slug => &collection.slug, title => collection.title.get(desk.language),
        }).collect::<Vec<_>>(),
        csv => address("count.csv", &asked.after),
        next => next.map(|after| address("count", &after)),
        printed_at => desk.time(desk.shop.now()),
        identity => draw(),
        may_write => desk.may(Scope::StockWrite),
    };
    desk.page(StatusCode::OK, "admin/stock_count.html", context)
}

/// The same sheet for a spreadsheet.
pub async fn download(desk: Desk, Query(asked): Query<SheetParameters>) -> Result<Response, PageError> {
    let (places, _) = asked.places(&desk).await?;
    let text = count_sheet::text(&places, desk.language).map_err(PageError::Fault)?;
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"count-sheet.csv\"")];
    Ok((headers, text).into_response())
}

/// One row as it came back.
#[derive(Debug, Default, Clone)]
struct Row {
    sku: String,
    /// What the sheet said was on the shelf, and its revision.
    printed: String,
    revision: String,
    counted: String,
    /// So many were shown to be missing.
    confirmed: String,
}

/// Takes a counted sheet; rows without a number were not counted.
pub async fn submit(desk: Desk, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response, PageError> {
    let (identity, rows) = read(&pairs);
    let mut results = Vec::new();
    let mut counted = 0;
    for row in rows.into_iter().filter(|row| !row.counted.trim().is_empty()) {
        counted += 1;
        results.push(take(&desk, &identity, row).await?);
    }
    desk.shop.wake_workers();
    let open = results.iter().filter(|result| result.is_open).count();
    // The rows that need a second look come with what stands now.
    let skus = results.iter().map(|result| result.row.sku.clone()).collect();
    let places = shelf::of(&desk.shop.storage, skus).await?;
    let shown = results.iter().map(|result| result_value(&desk, result, &places));
    let context = context! { results => shown.collect::<Vec<_>>(), counted, open, identity => draw() };
    let status = if open > 0 { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(noted(desk.page(status, "admin/stock_counted.html", context)?, format!("{counted} rows, {open} open")))
}

/// What became of a row.
#[derive(Debug)]
struct Outcome {
    row: Row,
    key: &'static str,
    delta: i64,
    short: i64,
    /// Somebody must look again.
    is_open: bool,
}

async fn take(desk: &Desk, identity: &str, row: Row) -> Result<Outcome, PageError> {
    let outcome = |row, key, is_open| Outcome { row, key, delta: 0, short: 0, is_open };
    let Ok(sku) = Sku::parse(&row.sku) else { return Ok(outcome(row, "admin-stock-count-unknown", true)) };
    let counted = units(&row.counted).filter(|units| *units >= 0);
    let (Some(counted), Some(printed), Ok(revision)) = (counted, units(&row.printed), row.revision.parse::<i64>())
    else {
        return Ok(outcome(row, "admin-stock-wrong-count", true));
    };
    let delta = counted - printed;
    if delta == 0 {
        return Ok(outcome(row, "admin-stock-count-right", false));
    }
    let id = count_id(desk, identity, &sku);
    let count = CountStock { id, sku, delta, reason: Reason::Counted, actor: desk.actor() };
    let below_held = confirmed(&row.confirmed, None);
    let command = CorrectStock { count, revision: Some(revision), below_held };
    match desk.shop.ledger.correct_stock(command, desk.shop.now()).await {
        Ok(done) => {
            let key = if done.short > 0 { "admin-stock-count-short" } else { "admin-stock-count-changed" };
            Ok(Outcome { row, key, delta, short: done.short, is_open: false })
        }
        Err(Failure::Refused(refusal)) => {
            let key = match refusal {
                Refusal::StockBelowHeld { .. } | Refusal::ShortfallChanged { .. } => "admin-stock-count-below-held",
                Refusal::StockCountedSince { .. } => "admin-stock-count-since",
                Refusal::IdempotencyKeyReused => "admin-stock-count-used",
                Refusal::UnknownSku { .. } => "admin-stock-count-unknown",
                _ => "admin-stock-wrong-range",
            };
            Ok(Outcome { row, key, delta, short: 0, is_open: true })
        }
        Err(Failure::Fault(fault)) => Err(PageError::Fault(fault.to_string())),
    }
}

fn result_value(desk: &Desk, result: &Outcome, places: &[Place]) -> Value {
    let place = places.iter().find(|place| place.sku.as_str() == result.row.sku);
    // What is confirmed is what is shown here.
    let missing = place.map_or(0, |place| missing(place.on_hand, place.held, place.short, result.delta));
    let values = [("delta", result.delta.into()), ("short", result.short.into()), ("missing", missing.into())];
    context! {
        sku => &result.row.sku, counted => result.row.counted.trim(), printed => &result.row.printed,
        revision => &result.row.revision,
        place => place.map(|place| place_value(desk, place)),
        text => desk.say(result.key, &values),
        is_open => result.is_open,
        asks => result.key == "admin-stock-count-below-held", missing,
        again => matches!(result.key, "admin-stock-count-since" | "admin-stock-count-used"),
    }
}

fn read(pairs: &[(String, String)]) -> (String, Vec<Row>) {
    let mut identity = String::new();
    let mut rows: Vec<Row> = Vec::new();
    for (name, value) in pairs {
        let Some((field, at)) = name.split_once('.') else {
            if name == "identity" {
                identity.clone_from(value);
            }
            continue;
        };
        let Some(at) = at.parse::<usize>().ok().filter(|at| *at < ROWS as usize) else { continue };
        if rows.len() <= at {
            rows.resize(at + 1, Row::default());
        }
        match field {
            "sku" => rows[at].sku.clone_from(value),
            "printed" => rows[at].printed.clone_from(value),
            "revision" => rows[at].revision.clone_from(value),
            "counted" => rows[at].counted.clone_from(value),
            "confirmed" => rows[at].confirmed.clone_from(value),
            _ => {}
        }
    }
    (identity, rows)
}
