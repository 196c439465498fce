//! The shopkeeper's own pages: contact, terms, privacy. They are written in Markdown, per language.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;

use super::plain;
use crate::storage::pages;
use crate::web::PageError;
use crate::web::pages::markdown;
use crate::web::session::Visitor;

pub async fn show(visitor: Visitor, path: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let slug = path?.0;
    let slug = plain(&slug).ok_or(PageError::NotFound)?;
    let page = pages::find(&visitor.shop.storage, slug).await?.ok_or(PageError::NotFound)?;
    let context = context! {
        title => page.title.get(visitor.language),
        text_lang => page.body.language_of(visitor.language),
        body => markdown(page.body.get(visitor.language)),
    };
    visitor.page(StatusCode::OK, "storefront/page.html", context)
}
