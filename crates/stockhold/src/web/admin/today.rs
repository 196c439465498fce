//! Today: what needs doing first.

use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;

use super::desk::Desk;
use crate::web::PageError;

pub async fn show(desk: Desk) -> Result<Response, PageError> {
    desk.page(StatusCode::OK, "admin/today.html", context! {})
}
