//! The shelves: home, listings, search and the product's page. What is sold out stays visible and says so.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::money::Money;
use serde::Deserialize;

use super::plain;
use crate::language::plain_amount;
use crate::storage::products::{self, Cursor, ListQuery, Product, Variant};
use crate::web::PageError;
use crate::web::assets::{FORMS, GLAZES};
use crate::web::pages::markdown;
use crate::web::session::Visitor;

/// At and below this many, the page says how many are left.
const FEW: i64 = 5;
/// Goods on one shelf of the home page; the listing has them all.
const SHELF_GOODS: i64 = 8;
/// A query is cut at this many characters.
const QUERY_CHARS_MAX: usize = 100;
/// Products on one page of a listing; the next page is a link.
const LISTED: i64 = 48;

#[derive(Debug, Deserialize)]
pub struct ListingQuery {
    #[serde(default)]
    after: String,
}

#[derive(Debug, Deserialize)]
pub struct VariantQuery {
    #[serde(default)]
    variant: String,
}

#[derive(Debug, Deserialize)]
pub struct SearchQuery {
    #[serde(default)]
    q: String,
}

pub async fn home(visitor: Visitor) -> Result<Response, PageError> {
    let (storage, now) = (&visitor.shop.storage, visitor.shop.now());
    let first = ListQuery { limit: LISTED, ..ListQuery::default() };
    let all = products::list(storage, first.clone(), now).await?.products;
    let mut shelves = Vec::new();
    for collection in products::collections(storage).await? {
        let query = ListQuery { limit: SHELF_GOODS, collection: Some(&collection.slug), ..ListQuery::default() };
        let goods = products::list(storage, query, now).await?.products;
        if !goods.is_empty() {
            let title = collection.title.get(visitor.language);
            let href = format!("{}/collections/{}", visitor.prefix(), collection.slug);
            shelves.push(context! { title, href, goods => cards(&visitor, goods.iter()) });
        }
    }
    if shelves.is_empty() {
        let href = format!("{}/products", visitor.prefix());
        let goods = cards(&visitor, all.iter());
        shelves.push(context! { title => visitor.say("home-goods", &[]), href, goods });
    }
    // The window shows what can be bought, if anything can.
    let shown = all.iter().find(|product| is_available(product)).or_else(|| all.first());
    let shown = shown.map_or(Value::from(""), |product| card(&visitor, product));
    visitor.page(StatusCode::OK, "storefront/home.html", context! { shown, shelves })
}

pub async fn products(
    visitor: Visitor,
    query: Result<Query<ListingQuery>, QueryRejection>,
) -> Result<Response, PageError> {
    let title = visitor.say("listing-all", &[]);
    listing(&visitor, &title, "/products", None, &query?.0.after).await
}

pub async fn collection(
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<ListingQuery>, QueryRejection>,
) -> Result<Response, PageError> {
    let slug = path?.0;
    let slug = plain(&slug).ok_or(PageError::NotFound)?;
    let found = products::find_collection(&visitor.shop.storage, slug).await?;
    let collection = found.ok_or(PageError::NotFound)?;
    let here = format!("/collections/{slug}");
    listing(&visitor, collection.title.get(visitor.language), &here, Some(slug), &query?.0.after).await
}

async fn listing(
    visitor: &Visitor,
    title: &str,
    here: &str,
    collection: Option<&str>,
    after: &str,
) -> Result<Response, PageError> {
    let after: Option<Cursor> = match after {
        "" => None,
        after => Some(after.parse().map_err(|_| PageError::NotFound)?),
    };
    let query = ListQuery { limit: LISTED, after, collection, ..ListQuery::default() };
    let page = products::list(&visitor.shop.storage, query, visitor.shop.now()).await?;
    let next = page.next.map(|next| format!("{}{here}?after={next}", visitor.prefix()));
    let context = context! { title, goods => sorted_cards(visitor, &page.products), next };
    visitor.page(StatusCode::OK, "storefront/listing.html", context)
}

pub async fn search(
    visitor: Visitor,
    query: Result<Query<SearchQuery>, QueryRejection>,
) -> Result<Response, PageError> {
    let typed: String = query?.0.q.chars().filter(|c| !c.is_control()).take(QUERY_CHARS_MAX).collect();
    let typed = typed.trim();
    let mut goods = Vec::new();
    if !typed.is_empty() {
        let query = ListQuery { limit: products::LIST_LIMIT_MAX, q: Some(typed.to_owned()), ..ListQuery::default() };
        let page = products::list(&visitor.shop.storage, query, visitor.shop.now()).await?;
        goods = sorted_cards(&visitor, &page.products);
    }
    visitor.page(StatusCode::OK, "storefront/search.html", context! { query => typed, goods })
}

pub async fn product(
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<VariantQuery>, QueryRejection>,
) -> Result<Response, PageError> {
    let slug = path?.0;
    let product = public_product(&visitor, &slug).await?;
    // An unknown variant falls back to the first one that can be bought.
    let wanted = query?.0.variant;
    product_page(&visitor, &product, &wanted, "1", StatusCode::OK, String::new())
}

/// The product's page again, with what was typed and what is wrong with it.
pub async fn product_again(
    visitor: &Visitor,
    slug: &str,
    sku: &str,
    quantity: &str,
    trouble: String,
) -> Result<Response, PageError> {
    let product = match public_product(visitor, slug).await {
        Err(PageError::NotFound) => return Err(PageError::Unreadable),
        other => other?,
    };
    product_page(visitor, &product, sku, quantity, StatusCode::UNPROCESSABLE_ENTITY, trouble)
}

async fn public_product(visitor: &Visitor, slug: &str) -> Result<Product, PageError> {
    let slug = plain(slug).ok_or(PageError::NotFound)?;
    let found = products::find(&visitor.shop.storage, slug, visitor.shop.now()).await?;
    found.filter(|product| product.is_public() && !product.variants.is_empty()).ok_or(PageError::NotFound)
}

fn product_page(
    visitor: &Visitor,
    product: &Product,
    wanted: &str,
    quantity: &str,
    status: StatusCode,
    trouble: String,
) -> Result<Response, PageError> {
    let variants = &product.variants;
    let chosen = variants.iter().find(|variant| variant.sku.as_str() == wanted);
    let chosen = chosen.or_else(|| variants.iter().find(|variant| variant.available > 0)).or(variants.first());
    let Some(chosen) = chosen else { return Err(PageError::NotFound) };
    let one_price = variants.iter().all(|variant| variant.price_minor == chosen.price_minor);
    let shown = |variant: &Variant| variant_value(visitor, product, variant, !one_price);
    let mut pictures: Vec<Value> = Vec::new();
    let mut drawn = Vec::new();
    for variant in variants {
        if let Some((address, _)) =
            picture(&product.image, Some(variant)).filter(|(address, _)| !drawn.contains(address))
        {
            drawn.push(address);
            pictures.push(shown(variant));
        }
    }
    let option_name = option_name(visitor, product);
    let context = context! {
        product => context! { title => product.title.get(visitor.language), slug => product.slug.as_str() },
        description => markdown(product.description.get(visitor.language)),
        option_name => option_name.unwrap_or_else(|| visitor.say("product-option", &[])),
        variants => variants.iter().map(shown).collect::<Vec<Value>>(),
        chosen => shown(chosen),
        all_sold_out => !is_available(product),
        pictures, quantity, trouble,
    };
    visitor.page(status, "storefront/product.html", context)
}

fn variant_value(visitor: &Visitor, product: &Product, variant: &Variant, own_price: bool) -> Value {
    let (address, glaze) = picture(&product.image, Some(variant)).unwrap_or_default();
    let was = variant.compare_at_minor.filter(|was| *was > variant.price_minor);
    let title = variant.title.get(visitor.language);
    context! {
        sku => variant.sku.as_str(),
        title => if title.is_empty() { product.title.get(visitor.language) } else { title },
        price => visitor.money(variant.price_minor),
        price_plain => plain_amount(Money::new(variant.price_minor, visitor.settings.currency)),
        was => was.map(|was| visitor.money(was)),
        available => variant.available,
        sold_out => variant.available < 1,
        few => (1..=FEW).contains(&variant.available),
        href => variant_href(visitor, &product.slug, variant.sku.as_str()),
        picture => address,
        glaze, own_price,
    }
}

/// Sold-out goods stay on the shelf, behind the others.
fn sorted_cards(visitor: &Visitor, goods: &[Product]) -> Vec<Value> {
    let (here, gone): (Vec<&Product>, Vec<&Product>) = goods.iter().partition(|product| is_available(product));
    cards(visitor, here.into_iter().chain(gone))
}

fn cards<'a>(visitor: &Visitor, goods: impl Iterator<Item = &'a Product>) -> Vec<Value> {
    goods.filter(|product| !product.variants.is_empty()).map(|product| card(visitor, product)).collect()
}

fn card(visitor: &Visitor, product: &Product) -> Value {
    let shown = product.variants.iter().find(|variant| variant.available > 0).or(product.variants.first());
    let (address, glaze) = picture(&product.image, shown).unwrap_or_default();
    let prices = product.variants.iter().map(|variant| variant.price_minor);
    let least = prices.clone().min().unwrap_or(0);
    let cost = visitor.money(least);
    let is_from = prices.max().is_some_and(|most| most > least);
    let left: i64 = product.variants.iter().map(|variant| variant.available.max(0)).sum();
    let count = i64::try_from(product.variants.len()).unwrap_or(i64::MAX);
    let quiet = match (left, count) {
        (0, _) => visitor.say("product-sold-out", &[]),
        (1..=FEW, _) => visitor.say("product-left", &[("count", left.into())]),
        (_, 1) => String::new(),
        (_, count) => visitor.say("listing-options", &[("count", count.into())]),
    };
    context! {
        href => format!("{}/products/{}", visitor.prefix(), product.slug),
        title => product.title.get(visitor.language),
        cost => if is_from { visitor.say("listing-from", &[("price", cost.into())]) } else { cost },
        picture => address,
        glaze, quiet,
    }
}

fn is_available(product: &Product) -> bool {
    product.variants.iter().any(|variant| variant.available > 0)
}

pub fn variant_href(visitor: &Visitor, slug: &str, sku: &str) -> String {
    // A SKU is visible ASCII; what would end a query is written out.
    let sku: String = sku
        .bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-_.".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    format!("{}/products/{slug}?variant={sku}", visitor.prefix())
}

/// The drawn picture of goods and its glaze. `image` is the form, or form and glaze (`cup`, `cup/celadon`); the
/// variant's own glaze goes before it.
pub fn picture(image: &str, variant: Option<&Variant>) -> Option<(String, &'static str)> {
    let (form, own) = image.split_once('/').unwrap_or((image, ""));
    let form = FORMS.iter().find(|known| **known == form)?;
    let known = |name: &str| GLAZES.iter().map(|(known, ..)| *known).find(|known| *known == name);
    let of_variant = variant.and_then(|variant| variant.option_slugs().find_map(|slug| known(&slug)));
    let glaze = of_variant.or_else(|| known(own)).unwrap_or("celadon");
    Some((format!("/assets/goods/{form}/{glaze}.svg"), glaze))
}

/// What the variants differ in, in the page's language where the shop knows the words.
fn option_name(visitor: &Visitor, product: &Product) -> Option<String> {
    let named = product.options.iter().map(|name| {
        let key = format!("option-{}", name.to_lowercase().replace(' ', "-"));
        if visitor.has_word(&key) { visitor.say(&key, &[]) } else { name.clone() }
    });
    Some(named.collect::<Vec<String>>().join(" · ")).filter(|names| !names.is_empty())
}
