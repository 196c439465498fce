//! Search: what was typed, what was found, and what was probably meant.

use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;

use super::catalogue;
use super::listing::{self, list};
use crate::storage::products;
use crate::storage::products::search::{self, QUERY_CHARS_MAX};
use crate::storage::products::shelf;
use crate::web::PageError;
use crate::web::session::Visitor;

/// As many as fit under the field of a phone, above its keyboard.
const SUGGESTIONS: usize = 6;

pub async fn search(visitor: Visitor, RawQuery(query): RawQuery) -> Result<Response, PageError> {
    let query = query.unwrap_or_default();
    let typed = typed(&query);
    let typed = typed.trim();
    if typed.is_empty() {
        let context = context! { query => "", list => false, meant => "" };
        return visitor.page(StatusCode::OK, "storefront/search.html", context);
    }
    visitor.limits.search(&visitor.client)?;
    let storage = &visitor.shop.storage;
    let ids = search::find(storage, typed).await?.into_iter().map(|hit| hit.product_id).collect();
    let placed = shelf::placed_of(storage, ids, visitor.shop.now()).await?;
    let meant = if placed.is_empty() { search::meant(storage, typed).await? } else { None };
    let wish = listing::wish(&visitor, Some(&query), &["q"])?;
    let here = format!("{}/search", visitor.prefix());
    let list = list(&visitor, &wish, &placed, &here).await?;
    let meant_href = meant.as_ref().map_or_else(String::new, |meant| {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", meant).finish();
        format!("{here}?{query}")
    });
    let context = context! { query => typed, list, meant => meant.unwrap_or_default(), meant_href };
    visitor.page(StatusCode::OK, "storefront/search.html", context)
}

/// What a search might find, while it is typed.
pub async fn suggest(visitor: Visitor, RawQuery(query): RawQuery) -> Result<Response, PageError> {
    let typed = typed(&query.unwrap_or_default());
    let typed = typed.trim();
    let mut found = Vec::new();
    if !typed.is_empty() {
        visitor.limits.search(&visitor.client)?;
        let storage = &visitor.shop.storage;
        let hits = search::find(storage, typed).await?.into_iter().take(SUGGESTIONS);
        found =
            products::by_ids(storage, &hits.map(|hit| hit.product_id).collect::<Vec<_>>(), visitor.shop.now()).await?;
    }
    let context = context! { query => typed, suggestions => catalogue::cards(&visitor, found.iter()) };
    visitor.page(StatusCode::OK, "storefront/suggestions.html", context)
}

fn typed(query: &str) -> String {
    let typed = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "q");
    typed.map_or_else(String::new, |(_, typed)| {
        typed.chars().filter(|c| !c.is_control()).take(QUERY_CHARS_MAX).collect()
    })
}
