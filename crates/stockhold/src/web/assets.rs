//! Styles, fonts and drawn pictures out of the binary, each with an `ETag` of its contents.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, http::HeaderMap};
use minijinja::context;

use crate::media::drawings::{FORMS, GLAZES};
use crate::shop::Shop;
use crate::web::PageError;
use crate::web::pages::Pages;
use crate::web::session::digest;

#[derive(rust_embed::RustEmbed)]
#[folder = "assets"]
struct Assets;

pub fn router() -> Router<Arc<Shop>> {
    Router::new().route("/assets/goods/{form}/{file}", get(picture)).route("/assets/{*path}", get(asset))
}

/// The program's style sheet.
pub fn style() -> String {
    Assets::get("shop.css").map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default()
}

/// What follows `?v=`, so that browsers may keep a file for good.
pub fn version(name: &str) -> String {
    Assets::get(name).map(|file| tag(&file.metadata.sha256_hash())).unwrap_or_default()
}

async fn asset(
    Path(path): Path<String>,
    Extension(pages): Extension<Arc<Pages>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    // The demo's catalogue lies beside the assets, but is nothing to serve.
    let file = Assets::get(&path).filter(|_| !path.starts_with("demo/")).ok_or(PageError::NotFound)?;
    let kind = match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    let for_good = uri.query().is_some() || path.ends_with(".woff2");
    if path == "shop.css" {
        let style = pages.style();
        let tag = digest(&style)[..16].to_owned();
        return Ok(cached(&headers, &tag, kind, for_good, style.into_bytes()));
    }
    Ok(cached(&headers, &tag(&file.metadata.sha256_hash()), kind, for_good, file.data.into_owned()))
}

/// A drawn picture: each glaze of each form is a true image, and no photograph needs a licence.
async fn picture(
    Path((form, file)): Path<(String, String)>,
    Extension(pages): Extension<Arc<Pages>>,
    request: Request,
) -> Result<Response, PageError> {
    let glaze = file.strip_suffix(".svg").ok_or(PageError::NotFound)?;
    let glaze = GLAZES.iter().find(|(name, ..)| *name == glaze).ok_or(PageError::NotFound)?;
    if !FORMS.contains(&form.as_str()) {
        return Err(PageError::NotFound);
    }
    let (_, dark, light, mid) = *glaze;
    let drawn = pages.render(&format!("goods/{form}.svg"), context! { dark, light, mid });
    let drawn = drawn.map_err(|error| PageError::Fault(format!("{error:#}")))?;
    let tag = digest(&drawn)[..16].to_owned();
    Ok(cached(request.headers(), &tag, "image/svg+xml", false, drawn.into_bytes()))
}

fn tag(hash: &[u8]) -> String {
    hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn cached(headers: &HeaderMap, tag: &str, kind: &'static str, for_good: bool, body: Vec<u8>) -> Response {
    let tag = format!("\"{tag}\"");
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body.into_response()
    };
    let keep = if for_good { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(ETAG, HeaderValue::from_str(&tag).expect("hexadecimal digits in quotes"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The one script that is not ours is what its authors published (npm `htmx.org` 4.0.1, 0BSD), byte for byte.
    #[test]
    fn htmx_is_the_one_that_was_chosen() {
        let file = Assets::get("htmx.min.js").expect("it is inside the binary");
        let hash: String = file.metadata.sha256_hash().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130");
        assert!(Assets::get("htmx.LICENSE.txt").is_some(), "its licence goes with it");
    }
}
