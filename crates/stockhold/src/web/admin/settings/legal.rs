//! The shop's own pages: contact, terms, privacy; both languages side by side, with a look before they are saved.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use serde_json::{Map, json};

use super::form::{Sent, Sheet, Typed, Values, as_new, as_read};
use super::found;
use crate::language::Language;
use crate::storage::pages::{self, Page};
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::api;
use crate::web::api::input::{Body, Segment};
use crate::web::pages::markdown;
use crate::web::problem::FieldError;

type Slug = Result<Path<String>, PathRejection>;

pub async fn list(desk: Desk) -> Result<Response, PageError> {
    let pages = pages::list(&desk.shop.storage).await?;
    let rows: Vec<_> = pages
        .iter()
        .map(|page| {
            let has = |language: Language| !page.body.0.get(language.tag()).is_none_or(String::is_empty);
            context! { slug => page.slug.as_str(), title => page.title.get(desk.language), en => has(Language::En), zh => has(Language::ZhCn) }
        })
        .collect();
    desk.page(super::OK, "admin/settings/pages.html", context! { rows, section => "pages" })
}

pub async fn show_new(desk: Desk) -> Result<Response, PageError> {
    page(&desk, &Sheet::default(), "")
}

pub async fn make(desk: Desk, sent: Sent) -> Result<Response, PageError> {
    put(desk, None, Typed::read(sent)?).await
}

pub async fn show(desk: Desk, slug: Slug) -> Result<Response, PageError> {
    let stands = found(pages::find(&desk.shop.storage, &slug?.0).await?)?;
    page(&desk, &Sheet::of(values(&stands), stands.revision), &stands.slug)
}

pub async fn save(desk: Desk, slug: Slug, sent: Sent) -> Result<Response, PageError> {
    let slug = slug?.0;
    found(pages::find(&desk.shop.storage, &slug).await?)?;
    put(desk, Some(slug), Typed::read(sent)?).await
}

async fn put(desk: Desk, slug: Option<String>, typed: Typed) -> Result<Response, PageError> {
    let mut sheet = Sheet::of(typed.values(), typed.revision());
    let stands_at = slug.clone().unwrap_or_default();
    if typed.get("do") == "preview" {
        return Ok(noted(page(&desk, &sheet, &stands_at)?, "a preview; nothing was saved"));
    }
    let position = typed.get("position");
    if !position.is_empty() && position.parse::<i64>().is_err() {
        sheet.put(&desk, "position", "not-a-number", "This is not a number.");
        return page(&desk, &sheet, &stands_at);
    }
    let texts = |part: &str| {
        let text = |(tag, end): (&str, &str)| {
            let text = sheet.values.get(&format!("{part}_{end}")).cloned().unwrap_or_default();
            (!text.is_empty()).then(|| (tag.to_owned(), serde_json::Value::from(text)))
        };
        [("en", "en"), ("zh-CN", "zh")].into_iter().filter_map(text).collect::<Map<_, _>>()
    };
    let input = json!({ "title": texts("title"), "body": texts("body"), "position": position.parse::<i64>().ok() });
    let input = serde_json::from_value(input).map_err(|_| PageError::Unreadable)?;
    let (conditions, slug) = match slug {
        Some(slug) => (as_read(sheet.revision), slug),
        None => (as_new(), typed.get("slug").to_owned()),
    };
    match api::pages::put(State(desk.shop.clone()), conditions, Segment(slug.clone()), Body(input)).await {
        Ok(_) => Ok(desk.done("/admin/settings/pages", "saved")),
        Err(problem) => {
            let stands = pages::find(&desk.shop.storage, &slug).await?;
            if stands_at.is_empty() && stands.is_some() {
                sheet.put(&desk, "slug", "taken", "There is a page with this address already.");
            } else {
                let stands = stands.map(|page| (values(&page), page.revision)).unwrap_or_default();
                sheet.refuse(&desk, problem, field, stands)?;
            }
            page(&desk, &sheet, &stands_at)
        }
    }
}

pub async fn remove(desk: Desk, slug: Slug, sent: Sent) -> Result<Response, PageError> {
    let (slug, typed) = (slug?.0, Typed::read(sent)?);
    let conditions = as_read(typed.revision());
    match api::pages::remove(State(desk.shop.clone()), conditions, Segment(slug.clone())).await {
        Ok(_) => Ok(desk.done("/admin/settings/pages", "removed")),
        Err(problem) => {
            let stands = found(pages::find(&desk.shop.storage, &slug).await?)?;
            let mut sheet = Sheet::of(values(&stands), stands.revision);
            sheet.refuse(&desk, problem, field, (values(&stands), stands.revision))?;
            page(&desk, &sheet, &slug)
        }
    }
}

fn page(desk: &Desk, sheet: &Sheet, slug: &str) -> Result<Response, PageError> {
    let text = |name: &str| sheet.values.get(name).map_or("", String::as_str);
    let shown = |name: &str| Value::from_safe_string(markdown(text(name)));
    let context = context! {
        form => sheet.value(), slug, section => "pages",
        preview => [("en", "title_en", "body_en"), ("zh-CN", "title_zh", "body_zh")]
            .map(|(lang, title, body)| context! { lang, title => text(title), body => shown(body), is_empty => text(body).is_empty() }),
    };
    desk.page(sheet.status(), "admin/settings/page.html", context)
}

fn values(page: &Page) -> Values {
    let text =
        |texts: &std::collections::BTreeMap<String, String>, tag: &str| texts.get(tag).cloned().unwrap_or_default();
    let values = [
        ("title_en", text(&page.title.0, "en")),
        ("title_zh", text(&page.title.0, "zh-CN")),
        ("body_en", text(&page.body.0, "en")),
        ("body_zh", text(&page.body.0, "zh-CN")),
        ("position", page.position.to_string()),
    ];
    values.into_iter().map(|(field, text)| (field.to_owned(), text)).collect()
}

fn field(error: &FieldError) -> String {
    match error.pointer.trim_start_matches('/').split_once('/') {
        Some((part, "zh-CN")) => format!("{part}_zh"),
        Some((part, _)) => format!("{part}_en"),
        None if ["slug", "/position"].contains(&error.pointer.as_str()) => {
            error.pointer.trim_start_matches('/').to_owned()
        }
        None => format!("{}_en", error.pointer.trim_start_matches('/')),
    }
}
