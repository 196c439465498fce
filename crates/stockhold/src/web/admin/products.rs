//! Products at the desk: the list, and one thing changed for many of them. Each has its own result.

pub mod edit;
pub mod pictures;
pub mod typed;

use axum::Form;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::repricing::{Repricing, Rounding, reprice};
use rules::text::Sku;
use serde::Deserialize;

use super::desk::{Desk, noted};
use crate::catalogue::sheet::{self, Decimal};
use crate::catalogue::{self, Storeroom};
use crate::language::Language;
use crate::storage::keys::Scope;
use crate::storage::products::roster::{self, RosterQuery};
use crate::storage::products::{self, Product, ProductStatus, bulk};
use crate::web::PageError;
use crate::web::storefront::{pictures as storefront_pictures, plain};

const ROWS: i64 = 50;
/// Products that are changed at once: a page of the list.
const PICKED_MAX: usize = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListParameters {
    q: String,
    status: String,
    collection: String,
    after: String,
}

pub async fn list(desk: Desk, Query(asked): Query<ListParameters>) -> Result<Response, PageError> {
    let (storage, now) = (&desk.shop.storage, desk.shop.now());
    let status = ProductStatus::parse(&asked.status);
    let q = plain(&asked.q).unwrap_or_default().to_owned();
    let collection = plain(&asked.collection).unwrap_or_default().to_owned();
    let query = RosterQuery {
        q: q.clone(),
        status,
        collection: collection.clone(),
        after: asked.after.parse().ok(),
        limit: ROWS,
    };
    let page = roster::list(storage, query, now).await?;
    let counts = roster::counts(storage).await?;
    let collections = products::collections(storage).await?;
    let address = |status: &str, after: &str| {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("q", q.as_str()), ("status", status), ("collection", &collection), ("after", after)] {
            if !value.is_empty() {
                pairs.append_pair(name, value);
            }
        }
        let pairs = pairs.finish();
        format!("{}/admin/products{}{pairs}", desk.prefix(), if pairs.is_empty() { "" } else { "?" })
    };
    let here = status.map_or("", ProductStatus::as_str);
    let tabs = ["", "active", "draft", "archived"].map(|tab| {
        let count: i64 = counts.iter().filter(|(status, _)| tab.is_empty() || status == tab).map(|(_, n)| n).sum();
        let key = if tab.is_empty() { "admin-goods-all".to_owned() } else { format!("admin-goods-status-{tab}") };
        context! { href => address(tab, ""), label => desk.say(&key, &[]), count, here => tab == here }
    });
    let context = context! {
        q => &q, collection => &collection, status => here, tabs => tabs.to_vec(),
        collections => collections.iter().map(|kept| context! {
            slug => &kept.slug, title => kept.title.get(desk.language),
        }).collect::<Vec<_>>(),
        rows => page.products.iter().map(|product| row(&desk, product)).collect::<Vec<_>>(),
        is_empty => counts.is_empty(),
        next => page.next.map(|next| address(here, &next.to_string())),
        first => (!asked.after.is_empty()).then(|| address(here, "")),
        may_write => desk.may(Scope::ProductsWrite),
    };
    desk.page(StatusCode::OK, "admin/products.html", context)
}

fn row(desk: &Desk, product: &Product) -> Value {
    let prices = product.variants.iter().map(|variant| variant.price_minor);
    let (least, most) = (prices.clone().min(), prices.max());
    let price = match (least, most) {
        (Some(least), Some(most)) if least == most => desk.money(least),
        (Some(least), Some(most)) => format!("{} – {}", desk.money(least), desk.money(most)),
        _ => String::new(),
    };
    let available: i64 = product.variants.iter().map(|variant| variant.available).sum();
    let low = product.variants.iter().filter(|variant| variant.available <= desk.settings.low_stock).count();
    context! {
        slug => &product.slug, revision => product.revision,
        href => format!("{}/admin/products/{}", desk.prefix(), product.slug),
        title => product.title.get(desk.language),
        picture => storefront_pictures::of(product, product.variants.first()),
        status => product.status.as_str(), status_label => status_label(desk, product.status.as_str()),
        variants => product.variants.len(), available, low, price,
    }
}

pub(super) fn status_label(desk: &Desk, status: &str) -> String {
    desk.say(&format!("admin-goods-status-{status}"), &[])
}

/// Drawn goods for a shop that has none yet, to look around with.
pub async fn sample(desk: Desk) -> Result<Response, PageError> {
    let shop = &desk.shop;
    if roster::counts(&shop.storage).await?.is_empty() {
        let (currency, now) = (desk.settings.currency, shop.now());
        let room = Storeroom { storage: &shop.storage, ledger: &shop.ledger, currency, now };
        catalogue::seed_demo(room).await.map_err(|error| PageError::Fault(error.to_string()))?;
    }
    Ok(desk.done("/admin/products", "products-sampled"))
}

/// What a bulk form asks for.
#[derive(Debug, Default)]
struct Wish {
    /// `status` or `price`.
    what: String,
    status: String,
    /// `set`, `raise` or `lower`.
    how: String,
    value: String,
    rounding: String,
    /// Slugs with the revision that was on the page.
    picked: Vec<(String, Option<i64>)>,
}

/// One row's result.
struct Outcome {
    slug: String,
    title: String,
    done: bool,
    text: String,
}

/// Changes all that were ticked, one by one.
pub async fn change_many(desk: Desk, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response, PageError> {
    let wish = read(&pairs);
    if wish.picked.is_empty() {
        return Ok(desk.done("/admin/products", "nothing-picked"));
    }
    let slugs = wish.picked.iter().map(|(slug, _)| slug.clone()).collect();
    let products = products::by_slugs(&desk.shop.storage, slugs, desk.shop.now()).await?;
    let mut outcomes = Vec::new();
    for (slug, revision) in &wish.picked {
        let found = products.iter().find(|product| product.slug == *slug);
        let outcome = match found {
            None => Err(desk.say("admin-goods-bulk-gone", &[])),
            Some(product) if revision.is_some_and(|read| read != product.revision) => Err(changed_since(&desk)),
            Some(product) if wish.what == "status" => status_of(&desk, product, &wish).await?,
            Some(product) => price_of(&desk, product, &wish).await?,
        };
        let title = found.map_or(slug.as_str(), |product| product.title.get(desk.language)).to_owned();
        let done = outcome.is_ok();
        let (Ok(text) | Err(text)) = outcome;
        outcomes.push(Outcome { slug: slug.clone(), title, done, text });
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.done).count();
    let rows = outcomes.iter().map(|outcome| {
        context! {
            title => &outcome.title, done => outcome.done, text => &outcome.text,
            href => format!("{}/admin/products/{}", desk.prefix(), outcome.slug),
        }
    });
    let context = context! { rows => rows.collect::<Vec<_>>(), done => outcomes.len() - failed, failed };
    let detail = format!("{} {} of {}", wish.what, outcomes.len() - failed, outcomes.len());
    Ok(noted(desk.page(StatusCode::OK, "admin/products_changed.html", context)?, detail))
}

fn changed_since(desk: &Desk) -> String {
    desk.say("admin-goods-bulk-changed-since", &[])
}

type RowResult = Result<String, String>;

async fn status_of(desk: &Desk, product: &Product, wish: &Wish) -> Result<RowResult, PageError> {
    let Some(status) = ProductStatus::parse(&wish.status) else {
        return Ok(Err(desk.say("admin-goods-wrong-status", &[])));
    };
    if status == product.status {
        return Ok(Ok(desk.say("admin-goods-bulk-unchanged", &[])));
    }
    if status == ProductStatus::Active && unsaid_pictures(desk, product).next().is_some() {
        return Ok(Err(desk.say("admin-goods-wrong-alt", &[])));
    }
    let done = bulk::set_status(&desk.shop.storage, product, status, desk.shop.now()).await?;
    Ok(if done { Ok(status_label(desk, status.as_str())) } else { Err(changed_since(desk)) })
}

/// Pictures (from 1) that say nothing in some language of the shop to those who do not see them.
pub(super) fn unsaid_pictures<'a>(desk: &'a Desk, product: &'a Product) -> impl Iterator<Item = usize> + 'a {
    let said = |texts: &products::Localized, language: &Language| {
        texts.0.get(language.tag()).is_some_and(|text| !text.trim().is_empty())
    };
    let unsaid = move |alt: &products::Localized| !desk.settings.languages.iter().all(|language| said(alt, language));
    product.images.iter().enumerate().filter(move |(_, image)| unsaid(&image.alt)).map(|(at, _)| at + 1)
}

async fn price_of(desk: &Desk, product: &Product, wish: &Wish) -> Result<RowResult, PageError> {
    let currency = desk.settings.currency;
    let wrong = |key| Ok(Err(desk.say(key, &[])));
    let Some(change) = wish.repricing(desk) else { return wrong("admin-goods-bulk-wrong-value") };
    let Some(rounding) = Rounding::parse(&wish.rounding) else { return wrong("admin-goods-bulk-wrong-value") };
    let mut prices: Vec<(Sku, i64)> = Vec::new();
    let mut told = Vec::new();
    for variant in &product.variants {
        let Ok(price) = reprice(variant.price_minor, change, rounding, currency) else {
            return wrong("admin-goods-bulk-out-of-range");
        };
        if price != variant.price_minor {
            told.push(format!("{} → {}", desk.money(variant.price_minor), desk.money(price)));
            prices.push((variant.sku.clone(), price));
        }
    }
    if prices.is_empty() {
        return Ok(Ok(desk.say("admin-goods-bulk-unchanged", &[])));
    }
    told.dedup();
    let done = bulk::set_prices(&desk.shop.storage, product, &prices, desk.shop.now()).await?;
    Ok(if done { Ok(told.join(", ")) } else { Err(changed_since(desk)) })
}

impl Wish {
    fn repricing(&self, desk: &Desk) -> Option<Repricing> {
        let percent = || rules::money::parse_percent(self.value.trim().trim_end_matches(['%', '％']).trim(), 2);
        match self.how.as_str() {
            "set" => {
                let minor = sheet::amount(self.value.trim(), desk.settings.currency, Decimal::PointOrComma).ok()?;
                Some(Repricing::Set { minor })
            }
            "raise" => Some(Repricing::Percent { hundredths: percent()? }),
            "lower" => Some(Repricing::Percent { hundredths: -percent()? }),
            _ => None,
        }
    }
}

fn read(pairs: &[(String, String)]) -> Wish {
    let mut wish = Wish::default();
    for (name, value) in pairs {
        match name.as_str() {
            "what" => wish.what.clone_from(value),
            "status" => wish.status.clone_from(value),
            "how" => wish.how.clone_from(value),
            "value" => wish.value.clone_from(value),
            "rounding" => wish.rounding.clone_from(value),
            // `slug revision`: what was ticked, as it was shown.
            "pick" if wish.picked.len() < PICKED_MAX => {
                let (slug, revision) = value.split_once(' ').unwrap_or((value, ""));
                wish.picked.push((slug.to_owned(), revision.parse().ok()));
            }
            _ => {}
        }
    }
    wish
}
