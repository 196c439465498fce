//! The mailbox of demo and sandbox: letters that a real shop would send, to be read on this machine.
//!
//! Invariant: the route exists only while payments are simulated.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use minijinja::context;
use minijinja::value::Value;

use crate::shop::Shop;
use crate::web::PageError;
use crate::web::session::Visitor;

/// So many of the newest letters are shown.
const LETTERS_MAX: usize = 50;

pub fn router() -> Router<Arc<Shop>> {
    Router::new().route("/_sandbox/mail", get(show)).route("/zh/_sandbox/mail", get(show))
}

async fn show(visitor: Visitor) -> Result<Response, PageError> {
    let letters: Vec<Value> = visitor
        .shop
        .mailer
        .stored()
        .into_iter()
        .take(LETTERS_MAX)
        .map(|letter| context! { subject => letter.subject, to => letter.to, pieces => pieces(&letter.text) })
        .collect();
    visitor.page(StatusCode::OK, "storefront/mailbox.html", context! { letters })
}

/// The text with its web addresses as links.
fn pieces(text: &str) -> Vec<Value> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = ["https://", "http://"].iter().filter_map(|start| rest.find(start)).min() {
        let end = rest[at..].find(|c: char| c.is_whitespace() || !c.is_ascii() || c == '>' || c == '"');
        let end = end.map_or(rest.len(), |end| at + end);
        pieces.push(context! { text => &rest[..at], href => "" });
        pieces.push(context! { text => &rest[at..end], href => &rest[at..end] });
        rest = &rest[end..];
    }
    pieces.push(context! { text => rest, href => "" });
    pieces
}
