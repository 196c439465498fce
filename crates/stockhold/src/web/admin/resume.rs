//! Nothing that was typed is lost: a form that came too late is kept while its sender proves who they are, and shown to them
//! to be sent again. It is never sent by itself.
//!
//! Invariant: nothing that proves who somebody is is kept: no field of that name, and no form of one's own account.

use axum::body::{Body, to_bytes};
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::Response;
use minijinja::context;
use serde::Deserialize;

use super::desk::Desk;
use super::door;
use crate::staff::{self, Token};
use crate::storage::drafts::{self, Draft};
use crate::web::PageError;
use crate::web::session::language_of;

/// Long descriptions in two languages fit.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// Fields that prove who somebody is, by their whole names: a postcode, a code for a discount and a zone are kept.
const NEVER_KEPT: [&str; 4] = ["password", "current", "token", "secret"];
/// Pages whose forms are about nothing but who somebody is: passwords, codes of authenticators.
const NEVER_KEPT_FROM: [&str; 2] = ["/admin/account", "/admin/confirm"];

/// Keeps what this request brings, if it is a form of somebody who works here; the way back to it.
pub async fn keep(desk: &Desk, parts: &Parts, body: Body) -> Result<Option<String>, PageError> {
    let (_, page) = language_of(parts.uri.path());
    if NEVER_KEPT_FROM.iter().any(|place| page.starts_with(place)) {
        return Ok(None);
    }
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Ok(None);
    }
    let storage = &desk.shop.storage;
    let staff_id = match (&desk.session, door::session_token(&desk.shop, parts)) {
        (Some(session), _) => Some(session.member.id.clone()),
        (None, Some(token)) => staff::owner_of_session(storage, &token).await?,
        (None, None) => None,
    };
    let Some(staff_id) = staff_id else { return Ok(None) };
    let Ok(bytes) = to_bytes(body, BODY_BYTES_MAX).await else { return Ok(None) };
    let fields = form_urlencoded::parse(&bytes).filter(|(name, _)| !NEVER_KEPT.contains(&&**name));
    let fields = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    if fields.is_empty() {
        return Ok(None);
    }
    let token = Token::draw()?;
    let draft = Draft { place: parts.uri.path().to_owned(), fields };
    drafts::keep(storage, &token.digest(), &staff_id, &draft, desk.shop.now()).await?;
    Ok(Some(format!("{}/admin/resume?draft={}", desk.prefix(), token.expose())))
}

#[derive(Debug, Deserialize)]
pub struct DraftQuery {
    #[serde(default)]
    draft: String,
}

pub async fn show(desk: Desk, query: Result<Query<DraftQuery>, QueryRejection>) -> Result<Response, PageError> {
    let member = desk.member()?;
    let draft = match Token::parse(&query?.0.draft) {
        Some(token) => drafts::find(&desk.shop.storage, &token.digest(), &member.id, desk.shop.now()).await?,
        None => None,
    };
    let Some(Draft { place, fields }) = draft else {
        return desk.page(StatusCode::NOT_FOUND, "admin/resume.html", context! { place => "", fields => () });
    };
    let fields: Vec<_> = form_urlencoded::parse(fields.as_bytes())
        .map(|(name, value)| context! { name => name.into_owned(), value => value.into_owned() })
        .collect();
    desk.page(StatusCode::OK, "admin/resume.html", context! { place, fields })
}
