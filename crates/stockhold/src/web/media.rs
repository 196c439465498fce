//! Uploaded pictures on their way to browsers: made once, kept for good under the digest of what was uploaded.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::Semaphore;

use crate::media::Media;
use crate::shop::Shop;
use crate::storage::products::images;
use crate::web::PageError;

/// Pictures that are made at the same time: decoding one may take 200 MB.
const AT_ONCE: usize = 2;
static MAKING: Semaphore = Semaphore::const_new(AT_ONCE);

pub fn router() -> Router<Arc<Shop>> {
    Router::new().route("/media/{digest}/{name}", get(show))
}

async fn show(
    State(shop): State<Arc<Shop>>,
    Path((digest, name)): Path<(String, String)>,
) -> Result<Response, PageError> {
    if digest.contains('\0') {
        return Err(PageError::NotFound);
    }
    let image = images::find(&shop.storage, &digest).await?.ok_or(PageError::NotFound)?;
    let kind = if name.ends_with(".webp") { "image/webp" } else { "image/jpeg" };
    let media = Media::of(&shop.config.data_dir);
    let file = blocking(move || media.file(&digest, image.width, &name)).await?;
    let file = file.map_err(|refused| PageError::Fault(format!("a picture cannot be made: {refused}")))?;
    let mut response = file.ok_or(PageError::NotFound)?.into_response();
    let mut put = |name: HeaderName, value: &'static str| {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    };
    put(CONTENT_TYPE, kind);
    put(CACHE_CONTROL, "public, max-age=31536000, immutable");
    put(CONTENT_DISPOSITION, "inline");
    // Other sites' previews may show it.
    put(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
    Ok(response)
}

/// Work on pictures, off the async threads and never much of it at once.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PageError> {
    let _turn = MAKING.acquire().await.map_err(|error| PageError::Fault(error.to_string()))?;
    tokio::task::spawn_blocking(work).await.map_err(|error| PageError::Fault(format!("a picture: {error}")))
}
