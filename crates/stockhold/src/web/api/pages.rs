//! The shopkeeper's own pages: contact, terms, privacy; written in Markdown, per language, listed in the footer.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::conditions::{Conditions, tagged};
use super::input::{Body, Parameters, Segment, page_rows};
use super::products::is_slug;
use crate::language::Language;
use crate::shop::Shop;
use crate::storage::pages::{self, POSITION_MAX, Page};
use crate::storage::products::Localized;
use crate::storage::revisions::{Expected, Removed};
use crate::web::problem::{FieldError, Problem, ProblemBody};

const TITLE_CHARS_MAX: usize = 200;
const BODY_CHARS_MAX: usize = 100_000;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Page)]
pub struct PageBody {
    slug: String,
    /// By language.
    title: BTreeMap<String, String>,
    /// By language; Markdown.
    body: BTreeMap<String, String>,
    /// Its place in the footer.
    position: i64,
}

/// A page as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PageInput {
    /// By language: `en`, `zh-CN`.
    title: BTreeMap<String, String>,
    /// By language; Markdown.
    body: BTreeMap<String, String>,
    /// Left out: last, or as it is. Pages of the same place stand by their slugs.
    #[schema(minimum = 0, maximum = 1_000_000)]
    position: Option<i64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PageList {
    data: Vec<PageBody>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// Lists the shop's own pages, in the order of the footer.
#[utoipa::path(get, path = "/api/admin/pages", tag = "admin", operation_id = "list_pages", params(PageQuery),
    security(("key" = ["settings:read"])),
    responses((status = 200, description = "One page", body = PageList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Response, Problem> {
    let limit = page_rows(query.limit)?;
    let after = query.after.as_deref().filter(|text| !text.is_empty()).map(place).transpose()?;
    // A shop has a handful of pages: they are read whole.
    let mut found = pages::list(&shop.storage).await?;
    found.retain(|page| after.is_none_or(|after| (page.position, page.slug.as_str()) > after));
    let is_more = i64::try_from(found.len()).unwrap_or(i64::MAX) > limit;
    found.truncate(usize::try_from(limit).unwrap_or_default());
    let next = found.last().filter(|_| is_more).map(|page| format!("{}.{}", page.position, page.slug));
    let asked = vec![("limit", query.limit.map_or_else(String::new, |limit| limit.to_string()))];
    let data = found.into_iter().map(body).collect();
    Ok(super::page(PageList { data, next: next.clone() }, "/api/admin/pages", asked, next.as_deref()))
}

/// A place in the footer, as a cursor tells it.
fn place(cursor: &str) -> Result<(i64, &str), Problem> {
    let read = cursor.split_once('.').and_then(|(position, slug)| Some((position.parse().ok()?, slug)));
    read.ok_or_else(|| Problem::invalid("after", "not-a-cursor", "This is not where a page ended."))
}

/// Shows one page.
#[utoipa::path(get, path = "/api/admin/pages/{slug}", tag = "admin", operation_id = "show_page",
    params(("slug" = String, Path)), security(("key" = ["settings:read"])),
    responses((status = 200, description = "The page", body = PageBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(slug): Segment,
) -> Result<Response, Problem> {
    let page = pages::find(&shop.storage, &slug).await?.ok_or_else(Problem::not_found)?;
    Ok(conditions.show(page.revision, &body(page)))
}

/// Makes a page, or makes it as described. It stands at `/pages/{slug}`.
#[utoipa::path(put, path = "/api/admin/pages/{slug}", tag = "admin", operation_id = "put_page",
    params(("slug" = String, Path, description = "Lower-case letters, digits and hyphens")),
    request_body = PageInput, security(("key" = ["settings:write"])),
    responses((status = 200, description = "It stands as described", body = PageBody),
        (status = 201, description = "It is new", body = PageBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn put(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(slug): Segment,
    Body(input): Body<PageInput>,
) -> Result<Response, Problem> {
    let wrongs = wrongs(&slug, &input);
    if !wrongs.is_empty() {
        return Err(Problem::invalid_fields(wrongs));
    }
    let (title, text) = (Localized(input.title), Localized(input.body));
    let stands = pages::find(&shop.storage, &slug).await?;
    let expected = conditions.to_change(stands.map(|page| page.revision))?;
    if !pages::put(&shop.storage, &slug, &title, &text, input.position, expected, shop.now()).await? {
        return Err(conditions.overtaken());
    }
    let page = pages::find(&shop.storage, &slug).await?.ok_or_else(Problem::not_found)?;
    let status = if expected == Expected::Nothing { StatusCode::CREATED } else { StatusCode::OK };
    Ok(tagged(status, page.revision, &body(page)))
}

/// Takes a page away.
#[utoipa::path(delete, path = "/api/admin/pages/{slug}", tag = "admin", operation_id = "remove_page",
    params(("slug" = String, Path)), security(("key" = ["settings:write"])),
    responses((status = 204, description = "It is gone"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn remove(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(slug): Segment,
) -> Result<StatusCode, Problem> {
    let page = pages::find(&shop.storage, &slug).await?.ok_or_else(Problem::not_found)?;
    let expected = conditions.to_remove(Some(page.revision))?;
    match pages::remove(&shop.storage, &slug, expected.revision()).await? {
        Removed::Done => Ok(StatusCode::NO_CONTENT),
        Removed::NotThere => Err(Problem::not_found()),
        Removed::NotAsRead => Err(conditions.overtaken()),
    }
}

/// A page has a title and a text in each language that it speaks.
fn wrongs(slug: &str, input: &PageInput) -> Vec<FieldError> {
    let mut wrongs = Vec::new();
    let mut add = |pointer: String, code, detail: String| wrongs.push(FieldError { pointer, code, detail });
    if !is_slug(slug) {
        add("slug".to_owned(), "not-a-slug", "Lower-case letters, digits and hyphens.".to_owned());
    }
    if input.position.is_some_and(|position| !(0..=POSITION_MAX).contains(&position)) {
        add("/position".to_owned(), "out-of-range", format!("0 to {POSITION_MAX}."));
    }
    for (name, texts, chars_max) in [("title", &input.title, TITLE_CHARS_MAX), ("body", &input.body, BODY_CHARS_MAX)] {
        if texts.values().all(|text| text.trim().is_empty()) {
            add(format!("/{name}"), "empty", "Write it in at least one language.".to_owned());
        }
        for (tag, text) in texts {
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

fn body(page: Page) -> PageBody {
    PageBody { slug: page.slug, title: page.title.0, body: page.body.0, position: page.position }
}
