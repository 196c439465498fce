//! What both pages of the sandbox share: escaping, the frame, the stylesheet and the headers.

use std::fmt::Write as _;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

/// For text and for attribute values in double quotes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

pub fn option(value: &str, text: &str, chosen: bool) -> String {
    let chosen = if chosen { " selected" } else { "" };
    format!("<option value=\"{}\"{chosen}>{}</option>", escape(value), escape(text))
}

/// The frame of a page. `origins` are other places a form here may lead to.
pub fn page(language: &str, title: &str, strip: &str, main: &str, origins: &[String]) -> Response {
    let mut html = String::new();
    let (title, strip) = (escape(title), escape(strip));
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title}</title><link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/_sandbox/checkout.css\"></head>\
         <body><p class=\"strip\" id=\"sandbox\"><span>{strip}</span></p>{main}</body></html>\n"
    );
    // Browsers also hold redirects after a form against form-action, so the shop's origin is named.
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self' {}",
        origins.join(" ")
    );
    let mut answer = Html(html).into_response();
    let headers = answer.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(policy.trim_end()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    answer
}

/// `scheme://host:port` of an address, if it is one that fits into a policy.
pub fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-:[]".contains(letter);
    let fits = matches!(scheme, "http" | "https") && !host.is_empty() && host.chars().all(plain);
    fits.then(|| format!("{scheme}://{host}"))
}

pub async fn stylesheet() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("checkout.css")).into_response()
}

/// A strange web page must not press the sandbox's buttons through its visitor's browser.
pub async fn same_site_only(request: Request, next: Next) -> Response {
    let cross_site = request.headers().get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if cross_site && request.method() == Method::POST {
        return (StatusCode::FORBIDDEN, "The sandbox takes no orders from other sites.\n").into_response();
    }
    next.run(request).await
}
