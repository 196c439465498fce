//! Import and export: what the shop keeps as files, and files into the shop: handed in, columns named, looked through,
//! done.
//!
//! Promise: nothing is written before somebody has seen what it would do, and whoever presses twice does it once.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, FromRequest, Multipart, Path, Request};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, REFRESH};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use minijinja::context;
use minijinja::value::Value;
use serde::Deserialize;

use super::desk::{Desk, noted};
use crate::catalogue::encoding::Encoding;
use crate::catalogue::export::{Export, Format, What};
use crate::catalogue::intake::{Intake, IntakeError, Intakes, KeptError, Kind, Phase, Report, Source, errors_as_csv};
use crate::catalogue::{ImportError, Storeroom};
use crate::language::Argument;
use crate::shop::Shop;
use crate::storage::keys::Scope;
use crate::web::PageError;

/// Parts of a form; ours has three.
const PARTS_MAX: usize = 8;
/// Errors shown on the page; the file of errors has all.
const ERRORS_SHOWN: usize = 100;
/// How often the page of a running import looks again.
const LOOK_AGAIN_SECONDS: &str = "2";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportForm {
    format: String,
}

pub async fn show(desk: Desk) -> Result<Response, PageError> {
    data_page(&desk, StatusCode::OK, "").await
}

async fn data_page(desk: &Desk, status: StatusCode, refused: &str) -> Result<Response, PageError> {
    let intakes = Intakes::of(&desk.shop.config.data_dir);
    let waiting = blocking(move || intakes.list()).await?.map_err(|error| PageError::Fault(error.to_string()))?;
    let exports: Vec<Value> = What::ALL
        .into_iter()
        .filter(|what| desk.may(export_scope(*what)))
        .map(|what| {
            context! { what => what.as_str(), label => desk.say(&format!("admin-data-{}", what.as_str()), &[]),
            hint => desk.say(&format!("admin-data-export-{}", what.as_str()), &[]) }
        })
        .collect();
    let imports: Vec<Value> = Kind::ALL
        .into_iter()
        .filter(|kind| desk.may(import_scope(*kind)))
        .map(
            |kind| context! { kind => kind.as_str(), label => desk.say(&format!("admin-data-{}", kind.as_str()), &[]) },
        )
        .collect();
    let waiting: Vec<Value> = waiting
        .iter()
        .filter(|intake| desk.may(import_scope(intake.kind)))
        .map(|intake| {
            context! { href => format!("{}/admin/data/{}", desk.prefix(), intake.id), name => intake.name.as_str(),
            kind => desk.say(&format!("admin-data-{}", intake.kind.as_str()), &[]),
            phase => desk.say(&format!("admin-data-phase-{}", phase_word(intake.phase)), &[]),
            at => desk.time(rules::time::Timestamp::from_micros(intake.received_micros)) }
        })
        .collect();
    let may_import = !imports.is_empty();
    desk.page(status, "admin/data.html", context! { exports, imports, waiting, refused, may_import })
}

fn export_scope(what: What) -> Scope {
    match what {
        What::Products => Scope::ProductsRead,
        What::Stock => Scope::StockRead,
        What::Coupons => Scope::CouponsRead,
        // Both say who bought.
        What::Orders | What::Customers => Scope::CustomersRead,
    }
}

fn import_scope(kind: Kind) -> Scope {
    match kind {
        Kind::Products => Scope::ProductsWrite,
        Kind::Stock => Scope::StockWrite,
        Kind::Coupons => Scope::CouponsWrite,
    }
}

fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Received => "received",
        Phase::Checked => "checked",
        Phase::Applying => "applying",
        Phase::Done => "done",
    }
}

pub async fn export_products(desk: Desk, form: Result<Form<ExportForm>, FormRejection>) -> Result<Response, PageError> {
    export(&desk, What::Products, form)
}

pub async fn export_orders(desk: Desk, form: Result<Form<ExportForm>, FormRejection>) -> Result<Response, PageError> {
    export(&desk, What::Orders, form)
}

pub async fn export_customers(
    desk: Desk,
    form: Result<Form<ExportForm>, FormRejection>,
) -> Result<Response, PageError> {
    export(&desk, What::Customers, form)
}

pub async fn export_stock(desk: Desk, form: Result<Form<ExportForm>, FormRejection>) -> Result<Response, PageError> {
    export(&desk, What::Stock, form)
}

pub async fn export_coupons(desk: Desk, form: Result<Form<ExportForm>, FormRejection>) -> Result<Response, PageError> {
    export(&desk, What::Coupons, form)
}

/// A file that is written while it is sent: however large the shop is, a page of it is in memory.
fn export(desk: &Desk, what: What, form: Result<Form<ExportForm>, FormRejection>) -> Result<Response, PageError> {
    let (format, kind, ending) = match form?.0.format.as_str() {
        "csv" => (Format::Csv, "text/csv; charset=utf-8", "csv"),
        "json" => (Format::Json, "application/json", "json"),
        _ => return Err(PageError::Unreadable),
    };
    let export = Export::of(what, format, &desk.settings.time_zone);
    let pieces = stream::unfold(Some((desk.shop.clone(), export)), async |state| {
        let (shop, mut export) = state?;
        match export.next(room(&shop)).await {
            Ok(Some(piece)) => Some((Ok(piece), Some((shop, export)))),
            Ok(None) => None,
            Err(error) => {
                tracing::error!(%error, "an export broke off");
                // The line closes early, so that nobody takes a part for the whole.
                Some((Err(std::io::Error::other("the export broke off")), None))
            }
        }
    })
    // Whoever packs it asks once more after its end.
    .fuse();
    let name = format!("attachment; filename=\"{}.{ending}\"", what.as_str());
    let headers =
        [(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name), (CACHE_CONTROL, "no-store".to_owned())];
    Ok(noted((headers, Body::from_stream(pieces)).into_response(), ending))
}

fn room(shop: &Shop) -> Storeroom<'_> {
    Storeroom { storage: &shop.storage, ledger: &shop.ledger, currency: shop.settings().currency, now: shop.now() }
}

/// A file is handed in: it is kept, and its columns are looked at.
pub async fn take(desk: Desk, request: Request) -> Result<Response, PageError> {
    let form = Multipart::from_request(request, &desk.shop).await.map_err(|_| PageError::Unreadable)?;
    let handed = read(form).await?;
    let (Some(kind), Some(encoding)) = (Kind::parse(&handed.kind), Encoding::parse(&handed.encoding)) else {
        return Err(PageError::Unreadable);
    };
    if !desk.may(import_scope(kind)) {
        return desk.page(StatusCode::FORBIDDEN, "admin/denied.html", context! {});
    }
    if handed.file.is_empty() {
        return data_page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &desk.say("admin-data-no-file", &[])).await;
    }
    let (intakes, now) = (Intakes::of(&desk.shop.config.data_dir), desk.shop.now());
    let taken = blocking(move || {
        let text = encoding.decode(handed.file)?;
        intakes.take(kind, &handed.name, &text, now)
    });
    match taken.await? {
        Ok(intake) => Ok(noted(desk.see(&format!("/admin/data/{}", intake.id)), kind.as_str())),
        Err(IntakeError::Folder(error)) => Err(PageError::Fault(error.to_string())),
        Err(error) => data_page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &words(&desk, &error)).await,
    }
}

struct Handed {
    kind: String,
    encoding: String,
    name: String,
    file: Vec<u8>,
}

async fn read(mut form: Multipart) -> Result<Handed, PageError> {
    let broken = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge,
        _ => PageError::Unreadable,
    };
    let mut handed = Handed { kind: String::new(), encoding: String::new(), name: String::new(), file: Vec::new() };
    for _ in 0..PARTS_MAX {
        let Some(part) = form.next_field().await.map_err(broken)? else { return Ok(handed) };
        match part.name() {
            Some("file") => {
                handed.name = part.file_name().unwrap_or_default().to_owned();
                handed.file = part.bytes().await.map_err(broken)?.to_vec();
            }
            Some("kind") => handed.kind = part.text().await.map_err(broken)?,
            Some("encoding") => handed.encoding = part.text().await.map_err(broken)?,
            _ => return Err(PageError::Unreadable),
        }
    }
    Err(PageError::Unreadable)
}

/// What is wrong with a file as such, in the desk's language.
fn words(desk: &Desk, error: &IntakeError) -> String {
    use crate::catalogue::sheet::SheetError;
    let sheet = match error {
        IntakeError::TooMany => return desk.say("admin-data-too-many", &[]),
        IntakeError::Sheet(sheet) | IntakeError::Import(ImportError::Sheet(sheet)) => sheet,
        IntakeError::Import(ImportError::ChangedMeanwhile) => return desk.say("admin-data-changed-meanwhile", &[]),
        IntakeError::Import(_) | IntakeError::Folder(_) => return desk.say("admin-data-broke-off", &[]),
    };
    match sheet {
        SheetError::TooLarge => desk.say("admin-data-too-large", &[]),
        SheetError::TooManyRows => desk.say("admin-data-too-many-rows", &[]),
        SheetError::NotUtf8 => desk.say("admin-data-not-utf8", &[]),
        SheetError::NotGb18030 => desk.say("admin-data-not-gb18030", &[]),
        SheetError::Empty => desk.say("admin-data-empty", &[]),
        SheetError::NoHeading(name) => desk.say("admin-data-no-heading", &[("name", (*name).into())]),
        SheetError::NoCount => desk.say("admin-data-no-count", &[]),
        SheetError::NoCode => desk.say("admin-data-no-heading", &[("name", "code".into())]),
        SheetError::UnknownHeading(name) | SheetError::HeadingTwice(name) => {
            desk.say("admin-data-heading-wrong", &[("name", name.as_str().into())])
        }
        SheetError::Unreadable(_) | SheetError::NotCsv(_) => desk.say("admin-data-not-csv", &[]),
    }
}

/// The step at which a file stands.
pub async fn show_one(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let intake = find(&desk, id).await?;
    step(&desk, StatusCode::OK, &intake, "")
}

fn step(desk: &Desk, status: StatusCode, intake: &Intake, refused: &str) -> Result<Response, PageError> {
    let now = desk.shop.now();
    let runs = intake.phase == Phase::Applying && intake.is_alive(now);
    let choices: Vec<Value> = intake
        .kind
        .columns()
        .iter()
        .map(|column| context! { value => *column, name => column_name(desk, column) })
        .collect();
    let columns: Vec<Value> = intake
        .headings
        .iter()
        .enumerate()
        .map(|(at, heading)| {
            let samples: Vec<&str> = intake
                .samples
                .iter()
                .filter_map(|row| row.get(at))
                .map(String::as_str)
                .filter(|cell| !cell.is_empty())
                .collect();
            context! { at, heading, samples => samples.join(" · "), chosen => intake.mapping.get(at) }
        })
        .collect();
    let context = context! {
        id => intake.id.as_str(), name => intake.name.as_str(),
        title => desk.say(&format!("admin-data-import-{}", intake.kind.as_str()), &[]),
        kind => intake.kind.as_str(), source => intake.source.as_str(), is_woo => intake.source == Source::Woo,
        phase => phase_word(intake.phase), runs, stopped => intake.phase == Phase::Applying && !runs,
        rows => intake.rows, rows_done => intake.rows_done, columns, choices, refused,
        trouble => intake.trouble.as_str(),
        report => intake.report.as_ref().map(|report| report_value(desk, report)),
    };
    let mut response = desk.page(status, "admin/import.html", context)?;
    if runs {
        response.headers_mut().insert(REFRESH, axum::http::HeaderValue::from_static(LOOK_AGAIN_SECONDS));
    }
    Ok(response)
}

/// A column as people call it; the coupons' columns are called as their file calls them.
fn column_name(desk: &Desk, column: &str) -> String {
    let key = format!("admin-data-column-{}", column.replace('_', "-"));
    if !desk.has_word(&key) {
        return column.to_owned();
    }
    format!("{}{}", desk.say(&key, &[]), desk.say("page-brackets", &[("text", column.into())]))
}

fn report_value(desk: &Desk, report: &Report) -> Value {
    let errors: Vec<Value> = report
        .errors
        .iter()
        .take(ERRORS_SHOWN)
        .map(|error| context! { row => error.row, column => error.column.as_str(), message => mistake(desk, error) })
        .collect();
    context! {
        new => report.new, changed => report.changed, unchanged => report.unchanged, received => report.received,
        left_alone => report.stock_left_alone, counted_before => report.counted_before,
        error_count => report.errors.len(), errors, more_errors => report.errors.len() > ERRORS_SHOWN,
    }
}

/// What is wrong with a row, in the desk's language.
fn mistake(desk: &Desk, error: &KeptError) -> String {
    let argument = |value: &serde_json::Value| match value.as_i64() {
        Some(number) => number.into(),
        None => value.as_str().unwrap_or_default().to_owned().into(),
    };
    let values = error.values.as_object().into_iter().flatten();
    let values: Vec<(&str, Argument<'_>)> = values.map(|(name, value)| (name.as_str(), argument(value))).collect();
    desk.say(&format!("admin-data-wrong-{}", error.word), &values)
}

/// The columns are named, and the file is looked through: nothing is written.
pub async fn check(
    desk: Desk,
    id: Result<Path<String>, PathRejection>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, PageError> {
    let mut intake = find(&desk, id).await?;
    let place = format!("/admin/data/{}", intake.id);
    if !matches!(intake.phase, Phase::Received | Phase::Checked) {
        return Ok(desk.see(&place));
    }
    let said = form?.0;
    let chosen = |at: usize| said.iter().find(|(name, _)| *name == format!("column{at}")).map(|(_, word)| word.clone());
    let mapping: Vec<String> = (0..intake.headings.len()).map(|at| chosen(at).unwrap_or_default()).collect();
    if intake.source != Source::Woo {
        if let Err(word) = intake.check_mapping(&mapping) {
            let refused = desk.say("admin-data-column-twice", &[("name", column_name(&desk, &word).into())]);
            intake.mapping = mapping;
            return step(&desk, StatusCode::UNPROCESSABLE_ENTITY, &intake, &refused);
        }
        intake.mapping = mapping;
    }
    let intakes = Intakes::of(&desk.shop.config.data_dir);
    let zone = desk.settings.time_zone.clone();
    match intakes.run(&intake, room(&desk.shop), &zone, &desk.actor(), true, |_| {}).await {
        Ok(report) => {
            (intake.phase, intake.report, intake.trouble) = (Phase::Checked, Some(report), String::new());
            intakes.save(&intake).map_err(|error| PageError::Fault(error.to_string()))?;
            Ok(noted(desk.see(&place), intake.kind.as_str()))
        }
        Err(IntakeError::Import(ImportError::Storage(error))) => Err(error.into()),
        Err(IntakeError::Folder(error)) => Err(PageError::Fault(error.to_string())),
        Err(error) => step(&desk, StatusCode::UNPROCESSABLE_ENTITY, &intake, &words(&desk, &error)),
    }
}

/// Back to naming the columns.
pub async fn rename(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let mut intake = find(&desk, id).await?;
    if intake.phase == Phase::Checked {
        (intake.phase, intake.report) = (Phase::Received, None);
        let saved = Intakes::of(&desk.shop.config.data_dir).save(&intake);
        saved.map_err(|error| PageError::Fault(error.to_string()))?;
    }
    Ok(desk.see(&format!("/admin/data/{}", intake.id)))
}

/// Does what was looked through. It goes on beside this request; whoever presses twice begins it once.
pub async fn apply(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let mut intake = find(&desk, id).await?;
    let place = format!("/admin/data/{}", intake.id);
    let is_ready = match intake.phase {
        Phase::Checked => intake.report.as_ref().is_some_and(|report| report.errors.is_empty()),
        Phase::Applying => true,
        Phase::Received | Phase::Done => false,
    };
    let intakes = Intakes::of(&desk.shop.config.data_dir);
    let begun = is_ready && intakes.begin(&mut intake, desk.shop.now()).map_err(|e| PageError::Fault(e.to_string()))?;
    if begun {
        let (shop, zone, actor) = (desk.shop.clone(), desk.settings.time_zone.clone(), desk.actor());
        tokio::spawn(run(shop, intakes, intake.clone(), zone, actor));
    }
    Ok(noted(desk.see(&place), intake.kind.as_str()))
}

async fn run(shop: Arc<Shop>, intakes: Intakes, mut intake: Intake, zone: String, actor: String) {
    let mut told = intake.clone();
    let progress = |done: u64| {
        (told.rows_done, told.alive_micros) = (done, shop.now().micros());
        if let Err(error) = intakes.save(&told) {
            tracing::warn!(%error, "how far an import has come was not stored");
        }
    };
    let ended = intakes.run(&intake, room(&shop), &zone, &actor, false, progress).await;
    match ended {
        Ok(report) => {
            // What was refused in the last moment is said with its rows, and the same file again does the rest.
            intake.phase = if report.errors.is_empty() { Phase::Done } else { Phase::Checked };
            (intake.report, intake.rows_done) = (Some(report), intake.rows);
        }
        Err(error) => {
            tracing::error!(%error, import = intake.id, "an import broke off");
            (intake.phase, intake.trouble) = (Phase::Checked, "broke-off".to_owned());
        }
    }
    if let Err(error) = intakes.end(&intake) {
        tracing::error!(%error, import = intake.id, "the end of an import was not stored");
    }
    shop.tell(format!("import   {} of {} rows", intake.kind.as_str(), intake.rows));
}

/// The errors as a file, to mend them by.
pub async fn errors(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let intake = find(&desk, id).await?;
    let report = intake.report.ok_or(PageError::NotFound)?;
    let name = "attachment; filename=\"errors.csv\"";
    let file = errors_as_csv(&report, |error| mistake(&desk, error));
    Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, name)], file).into_response())
}

/// Work on files, off the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PageError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| PageError::Fault(format!("a file: {error}")))
}

async fn find(desk: &Desk, id: Result<Path<String>, PathRejection>) -> Result<Intake, PageError> {
    let (intakes, id) = (Intakes::of(&desk.shop.config.data_dir), id?.0);
    let found = blocking(move || intakes.find(&id)).await?.map_err(|error| PageError::Fault(error.to_string()))?;
    found.filter(|intake| desk.may(import_scope(intake.kind))).ok_or(PageError::NotFound)
}
