//! Everything that speaks HTTP: the storefront, the API, the webhook, and what all answers have in common.
//!
//! Invariants: every answer carries the security headers; an unsafe request from another site is refused unless it
//! carries its own proof (a signature or a key); a page never shows what went wrong inside, only a number to ask by.

pub mod admin;
pub mod api;
pub mod assets;
pub mod code_entry;
pub mod limits;
pub mod machines;
pub mod media;
pub mod pages;
pub mod priced;
pub mod problem;
pub mod session;
pub mod storefront;
pub mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, REFERRER_POLICY, RETRY_AFTER};
use axum::http::header::{CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, DefaultPredicate, NotForContentType, Predicate};
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;

use crate::shop::Shop;
use crate::storage::StorageError;
use crate::values;
use limits::Limits;
use pages::Pages;

/// The largest body that is read; the webhook's limit, and far above any form.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Beyond the limit so much is read and thrown away: whoever still sends hears the answer, not a broken line.
const SWALLOWED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Why there is no page. The words for people are chosen where the answer leaves, in their language.
#[derive(Debug, Clone)]
pub enum PageError {
    NotFound,
    /// It was here once, and will not come back.
    Gone,
    TooMany {
        retry_after_seconds: u64,
    },
    /// Something we cannot make sense of; forms say more themselves.
    Unreadable,
    TooLarge,
    Unavailable(String),
    Fault(String),
}

impl From<StorageError> for PageError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) | StorageError::Contention(_) => PageError::Unavailable(error.to_string()),
            StorageError::Conflict { .. } | StorageError::Broken(_) => PageError::Fault(error.to_string()),
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = match &self {
            PageError::NotFound => StatusCode::NOT_FOUND,
            PageError::Gone => StatusCode::GONE,
            PageError::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            PageError::Unreadable => StatusCode::UNPROCESSABLE_ENTITY,
            PageError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            PageError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            PageError::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut response = status.into_response();
        if let PageError::TooMany { retry_after_seconds } = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The shop's whole face.
pub fn router(shop: Arc<Shop>) -> Router {
    let pages = Pages::open(&shop.config.data_dir);
    let mut routes = Router::new()
        .merge(storefront::router())
        .layer(middleware::from_fn_with_state(shop.clone(), storefront::speak_what_is_offered))
        .merge(api::router())
        .merge(admin::router().layer(middleware::from_fn_with_state(shop.clone(), admin::only_on_its_host)))
        .layer(middleware::from_fn_with_state(shop.clone(), read_settings))
        .merge(webhooks::router())
        .merge(assets::router())
        .merge(media::router())
        .merge(machines::router())
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz));
    if shop.config.sandbox.is_some() {
        routes = routes.merge(storefront::mailbox::router());
    }
    // The first layer is the innermost. Errors are dressed outside of everything that makes them.
    let uploads = api::uploads()
        .merge(admin::uploads().layer(middleware::from_fn_with_state(shop.clone(), admin::only_on_its_host)))
        .layer(middleware::from_fn_with_state(shop.clone(), read_settings))
        .layer(DefaultBodyLimit::max(api::images::BODY_BYTES_MAX))
        .layer(RequestBodyLimitLayer::new(api::images::BODY_BYTES_MAX))
        .layer(middleware::from_fn(async |request: Request, next: Next| {
            swallow_what_is_too_long(api::images::BODY_BYTES_MAX, request, next).await
        }));
    routes
        .fallback(async || PageError::NotFound)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .layer(middleware::from_fn(async |request: Request, next: Next| {
            swallow_what_is_too_long(BODY_BYTES_MAX, request, next).await
        }))
        .merge(uploads)
        .layer(csrf(&shop))
        .layer(CatchPanicLayer::custom(|panic: Box<dyn std::any::Any + Send>| {
            PageError::Fault(format!("panic: {}", panic_words(panic.as_ref()))).into_response()
        }))
        .layer(middleware::from_fn_with_state(shop.clone(), dress))
        .layer(Extension(pages))
        .layer(Extension(Limits::open()))
        .layer(compression())
        .with_state(shop)
}

/// Goes on with what was begun although whoever asked hangs up: it is done whole, its line in the audit log included.
async fn carry_through(work: impl Future<Output = Response> + Send + 'static) -> Response {
    match tokio::spawn(work).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The program ends: nobody hears this.
            Err(error) => PageError::Unavailable(error.to_string()).into_response(),
        },
    }
}

/// Every page and every call goes by the settings that stand when it begins, whichever instance they were changed at.
async fn read_settings(State(shop): State<Arc<Shop>>, request: Request, next: Next) -> Response {
    if let Err(error) = shop.read_settings().await {
        // It goes by those that were read last, and whatever it needs of the database itself fails in its own words.
        tracing::warn!(%error, "the settings were not read");
    }
    next.run(request).await
}

/// A body that is announced as too long is refused unread, and the line would close under its sender. The limit below
/// goes by the announced length, so the body itself is not missed.
async fn swallow_what_is_too_long(most: usize, request: Request, next: Next) -> Response {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_none_or(|length| length <= most) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let _ = to_bytes(body, most + SWALLOWED_BYTES_MAX).await; // Longer still: the line closes.
    next.run(Request::from_parts(parts, Body::empty())).await
}

/// Text travels packed; pictures and fonts are packed already. Cookies are not sent with what other sites embed (`Lax`), so
/// nobody can guess at a page's secrets by its packed length.
fn compression() -> CompressionLayer<And<DefaultPredicate, NotForContentType>> {
    CompressionLayer::new().compress_when(DefaultPredicate::new().and(NotForContentType::const_new("font/")))
}

/// Requests with their own proof come from programs: Stripe's signature, a bearer key. Browsers prove by `Origin`.
fn csrf(shop: &Shop) -> CsrfLayer {
    let layer = CsrfLayer::new()
        .with_insecure_bypass(|_, uri| uri.path() == "/api/webhooks/stripe" || uri.path().starts_with("/api/admin/"));
    // Behind a proxy that rewrites `Host`, the shop's own address is still known from its settings.
    let own = origin(&shop.config.base_url).unwrap_or_default();
    layer.clone().add_trusted_origin(own).unwrap_or(layer)
}

/// Gives every answer its headers, every error its page, and every failure its one line in the log.
async fn dress(State(shop): State<Arc<Shop>>, mut request: Request, next: Next) -> Response {
    let request_id = uuid::Uuid::now_v7().simple().to_string();
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let pages = request.extensions().get::<Arc<Pages>>().cloned();
    request.extensions_mut().insert(problem::RequestId(request_id.clone()));
    let mut response = next.run(request).await;
    let error = response.extensions().get::<PageError>().cloned();
    if let Some(PageError::Fault(why) | PageError::Unavailable(why)) = &error {
        tracing::error!(request_id, %method, status = response.status().as_u16(), why, "a request failed");
    }
    let is_api = path.starts_with("/api/");
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && !is_api && is_bare(&response) {
        let shown_id = status.is_server_error().then_some(request_id.as_str());
        if let Some(pages) = pages {
            let headers = std::mem::take(response.headers_mut());
            response = pages::error_page(&shop, &pages, &path, status, shown_id).await;
            keep(&headers, response.headers_mut());
        }
    }
    if is_api && is_bare(&response) {
        let undressed = response;
        response = match status {
            // Only the guard against other sites' forms refuses without a word.
            StatusCode::FORBIDDEN => problem::Problem::cross_site().into_response(),
            StatusCode::NOT_FOUND => problem::Problem::not_found().into_response(),
            StatusCode::PAYLOAD_TOO_LARGE => problem::Problem::too_large().into_response(),
            StatusCode::INTERNAL_SERVER_ERROR => {
                problem::Problem::from(StorageError::Broken("a panic, logged above".to_owned())).into_response()
            }
            _ => undressed,
        };
        response = problem::number(response, Some(&problem::RequestId(request_id.clone())));
    }
    put_headers(&shop, &path, response.headers_mut(), status);
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}

/// Whether an error came without a page of its own.
fn is_bare(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_none_or(|kind| kind.starts_with("text/plain"))
}

/// What a refusal says in its headers, such as the methods that are allowed, stays true.
fn keep(from: &HeaderMap, to: &mut HeaderMap) {
    for name in [axum::http::header::ALLOW, RETRY_AFTER] {
        if let Some(value) = from.get(&name) {
            to.insert(name, value.clone());
        }
    }
}

fn put_headers(shop: &Shop, path: &str, headers: &mut HeaderMap, status: StatusCode) {
    let mut put = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(REFERRER_POLICY, "same-origin");
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), usb=()",
    );
    if shop.config.base_url.starts_with("https://") {
        put(STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        put(RETRY_AFTER, "5");
    }
    let (_, page) = session::language_of(path);
    let private = [
        "/cart",
        "/checkout",
        "/success",
        "/orders",
        "/api/orders",
        "/api/checkout",
        "/api/admin",
        "/admin",
        "/_sandbox",
    ];
    if private.iter().any(|start| page.starts_with(start)) || status.is_server_error() {
        put(CACHE_CONTROL, "no-store");
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    if !["/assets/", "/media/"].iter().any(|public| path.starts_with(public)) {
        headers.insert(VARY, HeaderValue::from_static("Cookie"));
    }
    if shop.config.sandbox.is_some() {
        headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    }
    headers.insert(CONTENT_SECURITY_POLICY, content_security_policy(shop));
}

/// Nothing but the shop's own files, no inline script or style; forms may lead to the payment page and nowhere else.
fn content_security_policy(shop: &Shop) -> HeaderValue {
    let mut targets = String::from("'self' https://checkout.stripe.com");
    let sandbox = shop.config.sandbox.as_ref().and_then(|sandbox| origin(&sandbox.base_url));
    let elsewhere = origin(&shop.config.stripe_api_base).filter(|origin| origin != "https://api.stripe.com");
    for origin in sandbox.iter().chain(elsewhere.iter().filter(|origin| Some(*origin) != sandbox.as_ref())) {
        targets.push(' ');
        targets.push_str(origin);
    }
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; form-action {targets}; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The scheme, host and port of an address.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    Some(format!("{scheme}://{host}"))
}

fn panic_words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}

/// The process lives; asks nobody.
async fn healthz() -> &'static str {
    "ok"
}

/// The shop can work: its database answers.
async fn readyz(State(shop): State<Arc<Shop>>) -> Response {
    match shop.storage.read("select 1 from counters limit 1", values![]).await {
        Ok(_) => Json(serde_json::json!({ "ready": true })).into_response(),
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, Json(serde_json::json!({ "ready": false, "failed": ["database"] })))
                .into_response()
        }
    }
}

#[cfg(test)]
mod tests;
