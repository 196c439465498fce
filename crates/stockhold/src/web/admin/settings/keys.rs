//! API keys: shown once when they are drawn, listed without themselves, revoked for good.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;

use super::form::{Sent, Sheet, Typed};
use super::{found, once};
use crate::language::{Edge, parse_edge};
use crate::storage::keys::{self, Key, NAME_CHARS_MAX, Scope, Scopes};
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::storefront::plain;

const PLACE: &str = "/admin/settings/keys";

pub async fn list(desk: Desk) -> Result<Response, PageError> {
    let keys = keys::list(&desk.shop.storage).await?;
    let rows: Vec<_> = keys
        .iter()
        .rev()
        .map(|key| {
            context! {
                id => key.id.as_str(), name => key.name.as_str(), scopes => key.scopes.to_string().replace(',', ", "),
                made => desk.time(key.created_at), used_on => key.last_used_on.as_str(), revoked => key.revoked,
                ends => key.expires_at.map(|end| desk.time(end)),
            }
        })
        .collect();
    desk.page(super::OK, "admin/settings/keys.html", context! { rows, section => "keys" })
}

pub async fn show_new(desk: Desk) -> Result<Response, PageError> {
    form_page(&desk, &Sheet::of([("id".to_owned(), keys::draw_id())].into(), 0))
}

/// Draws a key and shows it, once. The form names it: a second click draws no second one, and is told that there is one and
/// not what it is.
pub async fn make(desk: Desk, sent: Sent) -> Result<Response, PageError> {
    let typed = Typed::read(sent)?;
    let id = typed.drawn_id("key_")?;
    let mut values = typed.values();
    let ticked = typed.all("scope").join(",");
    values.insert("scopes".to_owned(), ticked.clone());
    let mut sheet = Sheet::of(values, 0);
    let name = plain(typed.get("name")).filter(|name| !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX);
    if name.is_none() {
        sheet.put(&desk, "name", "not-a-key-name", "Write 1 to 100 characters on one line.");
    }
    let scopes = Scopes::parse(&ticked);
    if scopes.is_err() {
        sheet.put(&desk, "scope", "no-scope", "Tick at least one.");
    }
    let typed_end = typed.get("expires_at");
    let end = parse_edge(typed_end, &desk.settings.time_zone, Edge::End).filter(|end| *end > desk.shop.now());
    if !typed_end.is_empty() && end.is_none() {
        sheet.put(&desk, "expires_at", "not-a-time-to-come", "Enter a date to come.");
    }
    let (Some(name), Ok(scopes), true) = (name, scopes, sheet.is_right()) else { return form_page(&desk, &sheet) };
    let key = Key::draw(desk.shop.config.is_live()).map_err(|error| PageError::Fault(error.to_string()))?;
    let is_new = keys::insert_as(&desk.shop.storage, id, &key, name, &scopes, end, desk.shop.now()).await?;
    let made = found(keys::by_id(&desk.shop.storage, id).await?)?;
    if (made.name.as_str(), &made.scopes, made.expires_at) != (name, &scopes, end) {
        // The way back in the browser leads to a form that is used up: what was typed stays, for a key of its own.
        sheet.values.insert("id".to_owned(), keys::draw_id());
        sheet.put(&desk, "", "key-form-used", "A key was drawn with this form before. Press again for another one.");
        return form_page(&desk, &sheet);
    }
    let context = context! { name, key => is_new.then(|| key.expose()), section => "keys" };
    let page = once(desk.page(StatusCode::OK, "admin/settings/key_made.html", context)?);
    Ok(noted(page, if is_new { format!("{id} {scopes}") } else { format!("{id} again") }))
}

pub async fn revoke(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let id = id?.0;
    if !keys::revoke(&desk.shop.storage, &id).await? {
        return Err(PageError::NotFound);
    }
    Ok(desk.done(PLACE, "key-revoked"))
}

fn form_page(desk: &Desk, sheet: &Sheet) -> Result<Response, PageError> {
    let ticked = sheet.values.get("scopes").map_or("", String::as_str);
    let scopes: Vec<_> = Scope::ALL
        .iter()
        .map(|scope| {
            let word = scope.as_str();
            context! { word, chosen => ticked.split(',').any(|other| other == word) }
        })
        .collect();
    desk.page(
        sheet.status(),
        "admin/settings/key_new.html",
        context! { form => sheet.value(), scopes, section => "keys" },
    )
}
