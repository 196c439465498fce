//! Collections for staff: made, changed and taken away; the goods in them stay.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::conditions::{Conditions, tagged};
use super::input::{Body, Parameters, Segment, page_rows};
use super::page;
use super::products::{is_slug, reserved};
use crate::catalogue::RESERVED_COLLECTION_SLUGS;
use crate::language::Language;
use crate::shop::Shop;
use crate::storage::products::Localized;
use crate::storage::products::collections::{self, Kept};
use crate::storage::revisions::Expected;
use crate::web::problem::{FieldError, Problem, ProblemBody};

const TITLE_CHARS_MAX: usize = 200;
const DESCRIPTION_CHARS_MAX: usize = 20_000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CollectionQuery {
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CollectionList {
    data: Vec<CollectionBody>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Collection)]
pub struct CollectionBody {
    slug: String,
    /// By language.
    title: BTreeMap<String, String>,
    /// By language.
    description: BTreeMap<String, String>,
    /// How many products are in it, whatever their status.
    products: i64,
}

/// A collection as it shall be. Products join it on their own: their `collections` name it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectionInput {
    /// By language: `en`, `zh-CN`.
    #[schema(example = json!({"en": "Teapots", "zh-CN": "茶壶"}))]
    title: BTreeMap<String, String>,
    description: Option<BTreeMap<String, String>>,
}

/// Lists the collections, in the order of the shop.
#[utoipa::path(get, path = "/api/admin/collections", tag = "admin", operation_id = "list_collections",
    params(CollectionQuery), security(("key" = ["products:read"])),
    responses((status = 200, description = "One page", body = CollectionList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<CollectionQuery>,
) -> Result<Response, Problem> {
    let limit = usize::try_from(page_rows(query.limit)?).unwrap_or_default();
    // A shop has a handful: they are read whole.
    let found = collections::list(&shop.storage).await?;
    let from = match query.after.as_deref().filter(|slug| !slug.is_empty()) {
        None => 0,
        Some(slug) => {
            let wrong = || Problem::invalid("after", "not-a-cursor", "This is not where a page ended.");
            found.iter().position(|kept| kept.slug == slug).ok_or_else(wrong)? + 1
        }
    };
    let rows: Vec<Kept> = found.iter().skip(from).take(limit).cloned().collect();
    let next = rows.last().filter(|_| from + rows.len() < found.len()).map(|kept| kept.slug.clone());
    let asked = vec![("limit", query.limit.map_or_else(String::new, |limit| limit.to_string()))];
    let data = rows.into_iter().map(body).collect();
    Ok(page(CollectionList { data, next: next.clone() }, "/api/admin/collections", asked, next.as_deref()))
}

/// Shows one collection.
#[utoipa::path(get, path = "/api/admin/collections/{slug}", tag = "admin", operation_id = "show_collection",
    params(("slug" = String, Path)), security(("key" = ["products:read"])),
    responses((status = 200, description = "The collection", body = CollectionBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(slug): Segment,
) -> Result<Response, Problem> {
    let kept = collections::find(&shop.storage, &slug).await?.ok_or_else(Problem::not_found)?;
    Ok(conditions.show(kept.revision, &body(kept)))
}

/// Makes a collection, or makes it as described. It stands at `/collections/{slug}` once goods for sale are in it.
#[utoipa::path(put, path = "/api/admin/collections/{slug}", tag = "admin", operation_id = "put_collection",
    params(("slug" = String, Path, description = "Lower-case letters, digits and hyphens")),
    request_body = CollectionInput, security(("key" = ["products:write"])),
    responses((status = 200, description = "It stands as described", body = CollectionBody),
        (status = 201, description = "It is new", body = CollectionBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn put(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(slug): Segment,
    Body(input): Body<CollectionInput>,
) -> Result<Response, Problem> {
    let (title, text) = (Localized(input.title), Localized(input.description.unwrap_or_default()));
    let wrongs = wrongs(&slug, &title, &text);
    if !wrongs.is_empty() {
        return Err(Problem::invalid_fields(wrongs));
    }
    let stands = collections::find(&shop.storage, &slug).await?.map(|kept| kept.revision);
    let expected = conditions.to_change(stands)?;
    let done = match stands {
        None => collections::make(&shop.storage, &slug, &title, &text, shop.now()).await?,
        Some(revision) => collections::change(&shop.storage, &slug, &title, &text, revision).await?,
    };
    if !done {
        return Err(conditions.overtaken());
    }
    let kept = collections::find(&shop.storage, &slug).await?.ok_or_else(Problem::not_found)?;
    let status = if expected == Expected::Nothing { StatusCode::CREATED } else { StatusCode::OK };
    Ok(tagged(status, kept.revision, &body(kept)))
}

/// Takes a collection away; its products stay.
#[utoipa::path(delete, path = "/api/admin/collections/{slug}", tag = "admin", operation_id = "remove_collection",
    params(("slug" = String, Path)), security(("key" = ["products:write"])),
    responses((status = 204, description = "It is gone"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn remove(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(slug): Segment,
) -> Result<StatusCode, Problem> {
    let kept = collections::find(&shop.storage, &slug).await?.ok_or_else(Problem::not_found)?;
    conditions.to_remove(Some(kept.revision))?;
    match collections::remove(&shop.storage, &slug, kept.revision).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::precondition_failed()),
    }
}

fn wrongs(slug: &str, title: &Localized, text: &Localized) -> Vec<FieldError> {
    let mut wrongs = Vec::new();
    let mut add = |pointer: String, code, detail: String| wrongs.push(FieldError { pointer, code, detail });
    if !is_slug(slug) {
        add("slug".to_owned(), "not-a-slug", "Lower-case letters, digits and hyphens.".to_owned());
    }
    if RESERVED_COLLECTION_SLUGS.contains(&slug) {
        add("slug".to_owned(), "reserved", reserved(&RESERVED_COLLECTION_SLUGS));
    }
    if title.0.values().all(|text| text.trim().is_empty()) {
        add("/title".to_owned(), "empty", "Write it in at least one language.".to_owned());
    }
    for (name, texts, chars_max) in [("title", title, TITLE_CHARS_MAX), ("description", text, DESCRIPTION_CHARS_MAX)] {
        for (tag, text) in &texts.0 {
            if !Language::ALL.iter().any(|language| language.tag() == tag) {
                let detail = format!("There is no language {tag}; send en or zh-CN.");
                add(format!("/{name}/{tag}"), "unknown-language", detail);
            }
            if text.chars().count() > chars_max {
                add(format!("/{name}/{tag}"), "too-long", format!("At most {chars_max} characters."));
            }
        }
    }
    wrongs
}

fn body(kept: Kept) -> CollectionBody {
    CollectionBody { slug: kept.slug, title: kept.title.0, description: kept.description.0, products: kept.products }
}
