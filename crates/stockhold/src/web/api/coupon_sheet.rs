//! Coupons as a CSV file: all of them out, and a file of them in.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::Parameters;
use crate::catalogue::ImportError;
use crate::catalogue::coupon_sheet::{self, CouponReport, Register};
use crate::shop::{Settings, Shop};
use crate::web::PageError;
use crate::web::problem::{FieldError, Problem, ProblemBody};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// `true`: only say what it would do.
    #[serde(default)]
    dry_run: bool,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CouponImport)]
pub struct CouponImportBody {
    new: u64,
    changed: u64,
    unchanged: u64,
    dry_run: bool,
}

/// Gives all coupons as CSV, in the columns that the import reads.
#[utoipa::path(get, path = "/api/admin/coupons.csv", tag = "admin", operation_id = "export_coupons",
    security(("key" = ["coupons:read"])),
    responses((status = 200, description = "The coupons; the columns `used`, `created_at` and `time_zone` are only told",
            content_type = "text/csv", body = String),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn export(State(shop): State<Arc<Shop>>) -> Result<Response, Problem> {
    let mut file = Vec::new();
    coupon_sheet::export(register(&shop, &shop.settings()), &mut file).await.map_err(named)?;
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"coupons.csv\"")];
    Ok((headers, file).into_response())
}

/// Makes and changes the coupons of a CSV file: all of its rows, or none. A column that is not there stays as it was; an
/// empty cell is no limit.
#[utoipa::path(post, path = "/api/admin/coupons/import", tag = "admin", operation_id = "import_coupons",
    params(ImportQuery), request_body(content = String, content_type = "text/csv"),
    security(("key" = ["coupons:write"])),
    responses((status = 200, description = "Done, or what would be", body = CouponImportBody),
        (status = 409, description = "Somebody changed one of them just now; nothing was written", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "`validation-failed`: nothing was written; the pointer of each error is \
            /ROW/COLUMN, the row as a spreadsheet counts", body = ProblemBody, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn import(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<ImportQuery>,
    headers: HeaderMap,
    file: Bytes,
) -> Result<Json<CouponImportBody>, Problem> {
    if !is_csv(&headers) {
        return Err(Problem::unsupported_media_type("Send CSV, with Content-Type: text/csv."));
    }
    let settings = shop.settings();
    let report = coupon_sheet::import(register(&shop, &settings), &file[..], query.dry_run).await.map_err(named)?;
    let CouponReport { new, changed, unchanged, errors } = report;
    if !errors.is_empty() {
        let field = |error: crate::catalogue::sheet::RowError| FieldError {
            pointer: format!("/{}/{}", error.row, error.column),
            code: "wrong-cell",
            detail: error.mistake.to_string(),
        };
        return Err(Problem::invalid_fields(errors.into_iter().map(field).collect()));
    }
    Ok(Json(CouponImportBody { new, changed, unchanged, dry_run: query.dry_run }))
}

fn register<'a>(shop: &'a Shop, settings: &'a Settings) -> Register<'a> {
    Register { storage: &shop.storage, currency: settings.currency, time_zone: &settings.time_zone, now: shop.now() }
}

fn is_csv(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/csv")
}

fn named(error: ImportError) -> Problem {
    match error {
        ImportError::Sheet(error) => Problem::invalid("", "not-a-sheet", error.to_string()),
        ImportError::ChangedMeanwhile => Problem::conflict("conflict", error.to_string()),
        ImportError::Storage(error) => error.into(),
        ImportError::Save(error) => error.into(),
        ImportError::Stock(failure) => Problem::fault(PageError::Fault(failure.to_string())),
    }
}
