//! Collections at the desk: their texts, and the order in which the shop shows them.

use axum::Form;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::desk::{Desk, noted};
use crate::catalogue::RESERVED_COLLECTION_SLUGS;
use crate::storage::keys::Scope;
use crate::storage::products::change::said;
use crate::storage::products::collections::{self, Kept};
use crate::web::PageError;
use crate::web::api::products::is_slug;

const TITLE_CHARS_MAX: usize = 200;
const TEXT_CHARS_MAX: usize = 2_000;

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Typed {
    revision: String,
    slug: String,
    #[serde(rename = "title.en")]
    title_en: String,
    #[serde(rename = "title.zh-CN")]
    title_zh: String,
    #[serde(rename = "text.en")]
    text_en: String,
    #[serde(rename = "text.zh-CN")]
    text_zh: String,
}

impl Typed {
    fn of(kept: &Kept) -> Typed {
        let text =
            |texts: &crate::storage::products::Localized, tag: &str| texts.0.get(tag).cloned().unwrap_or_default();
        Typed {
            revision: kept.revision.to_string(),
            slug: kept.slug.clone(),
            title_en: text(&kept.title, "en"),
            title_zh: text(&kept.title, "zh-CN"),
            text_en: text(&kept.description, "en"),
            text_zh: text(&kept.description, "zh-CN"),
        }
    }

    /// The word for what cannot be used. An address that stands already is not judged: a file may have brought it.
    fn wrong(&self, is_new: bool) -> Option<&'static str> {
        let too_long = |text: &str, most: usize| text.chars().count() > most;
        let titles = [&self.title_en, &self.title_zh];
        if is_new && (!is_slug(&self.slug) || RESERVED_COLLECTION_SLUGS.contains(&self.slug.as_str())) {
            return Some("admin-goods-wrong-collection-slug");
        }
        if titles.iter().all(|title| title.trim().is_empty()) {
            return Some("admin-goods-wrong-title");
        }
        let long = titles.iter().any(|title| too_long(title, TITLE_CHARS_MAX) || title.chars().any(char::is_control))
            || [&self.text_en, &self.text_zh].iter().any(|text| too_long(text, TEXT_CHARS_MAX));
        long.then_some("admin-goods-wrong-text")
    }
}

pub async fn list(desk: Desk) -> Result<Response, PageError> {
    let kept = collections::list(&desk.shop.storage).await?;
    let last = kept.len();
    let rows = kept.iter().enumerate().map(|(at, kept)| {
        context! {
            slug => &kept.slug, title => kept.title.get(desk.language), products => kept.products,
            href => format!("{}/admin/collections/{}", desk.prefix(), kept.slug),
            products_href => format!("{}/admin/products?collection={}", desk.prefix(), kept.slug),
            first => at == 0, last => at + 1 == last,
        }
    });
    let context = context! { rows => rows.collect::<Vec<_>>(), may_write => desk.may(Scope::ProductsWrite) };
    desk.page(StatusCode::OK, "admin/collections.html", context)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Step {
    /// `up.SLUG` or `down.SLUG`.
    #[serde(rename = "do")]
    step: String,
}

pub async fn arrange(desk: Desk, Form(step): Form<Step>) -> Result<Response, PageError> {
    let mut slugs: Vec<String> =
        collections::list(&desk.shop.storage).await?.into_iter().map(|kept| kept.slug).collect();
    let (way, slug) = step.step.split_once('.').unwrap_or_default();
    let at = slugs.iter().position(|known| known == slug).ok_or(PageError::NotFound)?;
    match way {
        "up" if at > 0 => slugs.swap(at, at - 1),
        "down" if at + 1 < slugs.len() => slugs.swap(at, at + 1),
        _ => {}
    }
    collections::arrange(&desk.shop.storage, &slugs).await?;
    Ok(noted(desk.done("/admin/collections", "collections-arranged"), step.step))
}

pub async fn new(desk: Desk) -> Result<Response, PageError> {
    page(&desk, StatusCode::OK, None, &Typed::default(), None, None)
}

pub async fn make(desk: Desk, Form(typed): Form<Typed>) -> Result<Response, PageError> {
    if let Some(wrong) = typed.wrong(true) {
        return page(&desk, StatusCode::UNPROCESSABLE_ENTITY, None, &typed, Some(wrong), None);
    }
    let (title, text) = texts(&typed);
    let storage = &desk.shop.storage;
    let made = collections::make(storage, &typed.slug, &title, &text, desk.shop.now()).await?;
    let stands = collections::find(storage, &typed.slug).await?;
    // The second click finds what the first one made.
    if !made && stands.is_none_or(|kept| kept.title != title || kept.description != text) {
        let wrong = Some("admin-goods-wrong-slug-taken");
        return page(&desk, StatusCode::CONFLICT, None, &typed, wrong, None);
    }
    Ok(noted(desk.done("/admin/collections", "collection-made"), typed.slug))
}

pub async fn show(desk: Desk, Path(slug): Path<String>) -> Result<Response, PageError> {
    let kept = collections::find(&desk.shop.storage, &slug).await?.ok_or(PageError::NotFound)?;
    page(&desk, StatusCode::OK, Some(&kept), &Typed::of(&kept), None, None)
}

pub async fn save(desk: Desk, Path(slug): Path<String>, Form(typed): Form<Typed>) -> Result<Response, PageError> {
    let kept = collections::find(&desk.shop.storage, &slug).await?.ok_or(PageError::NotFound)?;
    let typed = Typed { slug: slug.clone(), ..typed };
    if let Some(wrong) = typed.wrong(false) {
        return page(&desk, StatusCode::UNPROCESSABLE_ENTITY, Some(&kept), &typed, Some(wrong), None);
    }
    let (title, text) = texts(&typed);
    let read = typed.revision.parse::<i64>().unwrap_or(-1);
    if collections::change(&desk.shop.storage, &slug, &title, &text, read).await? {
        return Ok(noted(desk.done("/admin/collections", "collection-saved"), slug));
    }
    // Somebody was faster: both are shown, and saving now is a decision made with both in sight.
    let stands = collections::find(&desk.shop.storage, &slug).await?.ok_or(PageError::NotFound)?;
    if stands.title == title && stands.description == text {
        return Ok(desk.done("/admin/collections", "collection-saved"));
    }
    let typed = Typed { revision: stands.revision.to_string(), ..typed };
    page(&desk, StatusCode::CONFLICT, Some(&stands), &typed, None, Some(&Typed::of(&stands)))
}

/// Takes a collection away; its products stay.
pub async fn remove(desk: Desk, Path(slug): Path<String>, Form(typed): Form<Typed>) -> Result<Response, PageError> {
    let read = typed.revision.parse::<i64>().unwrap_or(-1);
    let gone = collections::remove(&desk.shop.storage, &slug, read).await?;
    if !gone && collections::find(&desk.shop.storage, &slug).await?.is_some() {
        return Ok(desk.done(&format!("/admin/collections/{slug}"), "collection-changed"));
    }
    Ok(noted(desk.done("/admin/collections", "collection-removed"), slug))
}

fn texts(typed: &Typed) -> (crate::storage::products::Localized, crate::storage::products::Localized) {
    let title = said(&[("en", typed.title_en.trim()), ("zh-CN", typed.title_zh.trim())]);
    let text = said(&[("en", typed.text_en.trim()), ("zh-CN", typed.text_zh.trim())]);
    (title, text)
}

fn page(
    desk: &Desk,
    status: StatusCode,
    kept: Option<&Kept>,
    typed: &Typed,
    wrong: Option<&str>,
    stands: Option<&Typed>,
) -> Result<Response, PageError> {
    let context = context! {
        slug => &typed.slug, revision => &typed.revision, title_en => &typed.title_en, title_zh => &typed.title_zh,
        text_en => &typed.text_en, text_zh => &typed.text_zh,
        is_new => kept.is_none(),
        title => kept.map(|kept| kept.title.get(desk.language)),
        stands => stands.map(|stands| context! {
            title_en => &stands.title_en, title_zh => &stands.title_zh, text_en => &stands.text_en, text_zh => &stands.text_zh,
        }),
        wrong => wrong.map(|key| desk.say(key, &[])),
        may_write => desk.may(Scope::ProductsWrite),
    };
    desk.page(status, "admin/collection.html", context)
}
