//! The shelves: the shop's window and the product's page. What is sold out stays visible and says so.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::Value;
use rules::money::Money;
use rules::text::Sku;

use super::listing::slug;
use super::{pictures, plain, quantity, seo};
use crate::language::{Language, format_clock, machine_time};
use crate::media::drawings;
use crate::storage::orders;
use crate::storage::products::{self, ListQuery, Product, ProductStatus, Spec, Variant, redirects, shelf};
use crate::web::PageError;
use crate::web::pages::markdown;
use crate::web::session::Visitor;

/// Goods on one shelf of the home page; the listing has them all.
const SHELF_GOODS: i64 = 4;
/// Goods beside a product.
const RELATED: usize = 4;
/// What comes in a query beyond this many is nobody's link.
const QUERY_PAIRS_MAX: usize = 20;

/// What the address or a form chose of a product.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub sku: String,
    /// By option, in the words of addresses: `size` → `30-cm`.
    pub values: BTreeMap<String, String>,
    /// The picture to show first.
    pub image: String,
    /// How many were to be bought, when another variant was chosen.
    pub quantity: String,
    /// Somebody has just asked to hear when it is back.
    pub asked: bool,
}

/// What is shown again after a form that cannot be used.
#[derive(Debug, Clone, Default)]
pub struct Again {
    pub quantity: String,
    pub trouble: String,
    pub email: String,
    pub email_trouble: String,
}

impl Choice {
    pub fn read<'a>(pairs: impl Iterator<Item = (std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>) -> Choice {
        let mut choice = Choice::default();
        for (name, value) in pairs.take(QUERY_PAIRS_MAX) {
            match name.as_ref() {
                "variant" | "sku" => choice.sku = value.into_owned(),
                "image" => choice.image = value.into_owned(),
                "quantity" => choice.quantity = value.into_owned(),
                "asked" => choice.asked = value == "1",
                name => {
                    if let Some(option) = name.strip_prefix("option.") {
                        choice.values.insert(option.to_owned(), value.into_owned());
                    }
                }
            }
        }
        choice
    }

    /// The variant that has all that was chosen.
    pub fn variant<'a>(&self, product: &'a Product) -> Option<&'a Variant> {
        if self.values.is_empty() {
            return product.variant(&self.sku);
        }
        product.variants.iter().find(|variant| {
            let has = |(name, value): (&String, &String)| value_slug(variant, name) == Some(value.clone());
            self.values.iter().all(has)
        })
    }
}

pub async fn home(visitor: Visitor) -> Result<Response, PageError> {
    let (storage, now) = (&visitor.shop.storage, visitor.shop.now());
    let first = ListQuery { limit: 2 * SHELF_GOODS, ..ListQuery::default() };
    let all = products::list(storage, first, now).await?.products;
    // The window shows what can be bought, if anything can.
    let shown = all.iter().find(|product| is_available(product)).or_else(|| all.first());
    let mut shelves = Vec::new();
    for collection in products::collections(storage).await? {
        let goods = beside(&visitor, &collection.slug, shown, SHELF_GOODS as usize).await?;
        if !goods.is_empty() {
            let title = collection.title.get(visitor.language);
            let text = collection.description.get(visitor.language);
            let href = format!("{}/collections/{}", visitor.prefix(), collection.slug);
            shelves.push(context! { title, text, href, goods => cards(&visitor, goods.iter()) });
        }
    }
    if shelves.is_empty() && !all.is_empty() {
        let href = format!("{}/products", visitor.prefix());
        let goods = cards(&visitor, all.iter());
        shelves.push(context! { title => visitor.say("home-goods", &[]), text => "", href, goods });
    }
    let shown = shown.map_or(Value::from(""), |product| card(&visitor, product));
    let json_ld = seo::of_shop(&visitor);
    visitor.page(StatusCode::OK, "storefront/home.html", context! { shown, shelves, json_ld })
}

pub async fn product(
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let slug = path?.0;
    let query = query.unwrap_or_default();
    let product = match found(&visitor, &slug).await {
        Err(PageError::NotFound) => return moved(&visitor, &slug, &query).await,
        other => other?,
    };
    if product.status == ProductStatus::Archived {
        return gone(&visitor, &product).await;
    }
    let choice = Choice::read(form_urlencoded::parse(query.as_bytes()));
    let wanted = quantity(&choice.quantity, 1).unwrap_or(1);
    let again = Again { quantity: wanted.to_string(), ..Again::default() };
    product_page(&visitor, &product, &choice, again, StatusCode::OK).await
}

/// The product's page again, with what was typed and what is wrong with it.
pub async fn product_again(
    visitor: &Visitor,
    slug: &str,
    choice: &Choice,
    again: Again,
) -> Result<Response, PageError> {
    let product = match found(visitor, slug).await {
        Err(PageError::NotFound) => return Err(PageError::Unreadable),
        other => other?,
    };
    if product.status == ProductStatus::Archived {
        return gone(visitor, &product).await;
    }
    product_page(visitor, &product, choice, again, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// An old address leads to the new one for good, with whatever was chosen; one that never was is not found.
async fn moved(visitor: &Visitor, slug: &str, query: &str) -> Result<Response, PageError> {
    let slug = plain(slug).ok_or(PageError::NotFound)?;
    let now = redirects::find(&visitor.shop.storage, slug).await?.ok_or(PageError::NotFound)?;
    found(visitor, &now).await?;
    let joint = if query.is_empty() { "" } else { "?" };
    let place = format!("{}/products/{now}{joint}{query}", visitor.prefix());
    Ok((StatusCode::MOVED_PERMANENTLY, [(LOCATION, place)]).into_response())
}

/// What stands at this address; a draft is nobody's business.
async fn found(visitor: &Visitor, slug: &str) -> Result<Product, PageError> {
    let slug = plain(slug).ok_or(PageError::NotFound)?;
    let found = products::find(&visitor.shop.storage, slug, visitor.shop.now()).await?;
    let found = found.filter(|product| product.status != ProductStatus::Draft);
    found.filter(|product| !product.variants.is_empty()).ok_or(PageError::NotFound)
}

/// Not sold any more: the address says so for good, and shows what else there is.
async fn gone(visitor: &Visitor, product: &Product) -> Result<Response, PageError> {
    let related = related(visitor, product).await?;
    let context = context! {
        title => product.title.get(visitor.language),
        related => cards(visitor, related.iter()),
    };
    visitor.page(StatusCode::GONE, "storefront/gone.html", context)
}

async fn product_page(
    visitor: &Visitor,
    product: &Product,
    choice: &Choice,
    again: Again,
    status: StatusCode,
) -> Result<Response, PageError> {
    let variants = &product.variants;
    let exact = choice.variant(product);
    // An unknown variant falls back to the first that can be bought.
    let chosen = exact.or_else(|| nearest(product, choice)).or_else(|| variants.iter().find(|v| v.available > 0));
    let Some(chosen) = chosen.or(variants.first()) else { return Err(PageError::NotFound) };
    let one_price = variants.iter().all(|variant| variant.price_minor == chosen.price_minor);
    let shown = |variant: &Variant| variant_value(visitor, product, variant, !one_price);
    let sold_out: Vec<Value> = variants.iter().filter(|variant| variant.available < 1).map(shown).collect();
    let is_not_made = exact.is_none() && !choice.values.is_empty();
    let trouble = match again.trouble.as_str() {
        "" if is_not_made => {
            let title = chosen.title.get(visitor.language).to_owned();
            visitor.say("product-combination", &[("title", title.into())])
        }
        trouble => trouble.to_owned(),
    };
    let title = product.title.get(visitor.language);
    let description = product.description.get(visitor.language);
    let related = related(visitor, product).await?;
    let collection = match product.collections.first() {
        Some(slug) => products::find_collection(&visitor.shop.storage, slug).await?,
        None => None,
    };
    let collection = collection.map(|collection| {
        let href = format!("{}/collections/{}", visitor.prefix(), collection.slug);
        context! { title => collection.title.get(visitor.language), href }
    });
    let gallery = pictures::gallery(visitor, product, chosen, &choice.image);
    let context = context! {
        product => context! { title, slug => product.slug.as_str() },
        text_lang => product.description.language_of(visitor.language),
        description => markdown(description),
        summary => seo::summary(description),
        option_name => match product.options.first() {
            Some(name) => visitor.option_name(name),
            None => visitor.say("product-option", &[]),
        },
        options => option_sets(visitor, product, chosen),
        variants => variants.iter().map(shown).collect::<Vec<Value>>(),
        chosen => shown(chosen),
        main_alt => match pictures::alt(visitor, product, chosen, &choice.image) {
            Some(alt) => alt.to_owned(),
            None => visitor.say("product-picture", &[
                ("title", title.into()),
                ("variant", chosen.title.get(visitor.language).to_owned().into()),
            ]),
        },
        main_picture => gallery.0,
        pictures => gallery.1,
        all_sold_out => !is_available(product),
        sold_out, trouble, is_not_made, collection,
        ships_from => ships_from(visitor, product),
        asked => choice.asked,
        specs => specs(visitor, product),
        held => held(visitor, product).await?,
        weight => chosen.weight_grams.filter(|grams| *grams > 0).map(weight),
        related => cards(visitor, related.iter()),
        og_image => pictures::og_image(visitor, product, chosen),
        json_ld => seo::of_product(visitor, product),
        quantity => again.quantity,
        email => again.email,
        email_trouble => again.email_trouble,
    };
    visitor.page(status, "storefront/product.html", context)
}

/// The variant that has most of what was chosen, first things first.
fn nearest<'a>(product: &'a Product, choice: &Choice) -> Option<&'a Variant> {
    let shared = |variant: &Variant| {
        product
            .options
            .iter()
            .take_while(|name| choice.values.get(&slug(name)) == value_slug(variant, &slug(name)).as_ref())
            .count()
    };
    let best = product.variants.iter().map(|variant| (shared(variant), variant.available > 0)).max()?;
    product.variants.iter().find(|variant| best.0 > 0 && (shared(variant), variant.available > 0) == best)
}

/// The value a variant has of an option, both in the words of addresses.
fn value_slug(variant: &Variant, option: &str) -> Option<String> {
    variant.options.iter().find(|(name, _)| slug(name) == option).map(|(_, value)| slug(value.get("en")))
}

/// One set of buttons for each option; each button knows what it would come to with the rest as it is chosen.
fn option_sets(visitor: &Visitor, product: &Product, chosen: &Variant) -> Vec<Value> {
    if product.options.len() < 2 {
        return Vec::new();
    }
    let set = |name: &String| {
        let option = slug(name);
        let now = value_slug(chosen, &option);
        let mut seen = BTreeSet::new();
        let values = product.variants.iter().filter_map(|variant| {
            let value = value_slug(variant, &option).filter(|value| seen.insert(value.clone()))?;
            let with_rest = product.variants.iter().find(|other| {
                product.options.iter().map(|name| slug(name)).all(|each| {
                    let wanted = if each == option { Some(value.clone()) } else { value_slug(chosen, &each) };
                    value_slug(other, &each) == wanted
                })
            });
            let title = variant.options.get(name).map_or("", |value| value.get(visitor.language));
            Some(context! {
                title,
                on => now.as_ref() == Some(&value),
                glaze => drawings::glaze(&value),
                none => with_rest.is_none(),
                sold_out => with_rest.is_some_and(|variant| variant.available < 1),
                left => with_rest.map(|variant| variant.available).filter(|left| is_few(visitor, *left)),
                slug => value,
            })
        });
        let values: Vec<Value> = values.collect();
        let chosen = chosen.options.get(name).map_or("", |value| value.get(visitor.language));
        context! { name => visitor.option_name(name), slug => option, values, chosen }
    };
    product.options.iter().map(set).collect()
}

fn variant_value(visitor: &Visitor, product: &Product, variant: &Variant, own_price: bool) -> Value {
    let was = variant.compare_at_minor.filter(|was| *was > variant.price_minor);
    let title = variant.title.get(visitor.language);
    context! {
        sku => variant.sku.as_str(),
        title => if title.is_empty() { product.title.get(visitor.language) } else { title },
        price => visitor.money(variant.price_minor),
        price_plain => Money::new(variant.price_minor, visitor.settings.currency).plain(),
        was => was.map(|was| visitor.money(was)),
        available => variant.available,
        sold_out => variant.available < 1,
        few => is_few(visitor, variant.available),
        href => variant_href(visitor, &product.slug, variant.sku.as_str()),
        picture => pictures::of(product, Some(variant)),
        glaze => variant.option_slugs().find_map(|slug| drawings::glaze(&slug)),
        own_price,
    }
}

/// Sold out goods come last; the product itself is not beside itself.
async fn related(visitor: &Visitor, product: &Product) -> Result<Vec<Product>, PageError> {
    let mut related = Vec::new();
    for slug in &product.collections {
        related = beside(visitor, slug, Some(product), RELATED).await?;
        if !related.is_empty() {
            break;
        }
    }
    Ok(related)
}

/// Some goods of a collection without this one: what can be bought first.
async fn beside(
    visitor: &Visitor,
    collection: &str,
    without: Option<&Product>,
    count: usize,
) -> Result<Vec<Product>, PageError> {
    let (storage, now) = (&visitor.shop.storage, visitor.shop.now());
    let mut placed = shelf::placed(storage, collection, now).await?;
    let own = without.map(|product| product.id.to_string()).unwrap_or_default();
    placed.retain(|product| product.product_id != own);
    placed.sort_by_key(|product| product.offers.iter().all(|offer| offer.available < 1));
    let ids: Vec<String> = placed.into_iter().take(count).map(|product| product.product_id).collect();
    Ok(products::by_ids(storage, &ids, now).await?)
}

pub fn cards<'a>(visitor: &Visitor, goods: impl Iterator<Item = &'a Product>) -> Vec<Value> {
    goods.filter(|product| !product.variants.is_empty()).map(|product| card(visitor, product)).collect()
}

fn card(visitor: &Visitor, product: &Product) -> Value {
    let shown = product.variants.iter().find(|variant| variant.available > 0).or(product.variants.first());
    let prices = product.variants.iter().map(|variant| variant.price_minor);
    let least = prices.clone().min().unwrap_or(0);
    let cost = visitor.money(least);
    let is_from = prices.max().is_some_and(|most| most > least);
    let left: i64 = product.variants.iter().map(|variant| variant.available.max(0)).sum();
    let count = i64::try_from(product.variants.len()).unwrap_or(i64::MAX);
    let quiet = match (left, count) {
        (0, _) => visitor.say("product-sold-out", &[]),
        _ if !product.ships_from.is_empty() => visitor.say("product-preorder", &[]),
        (left, _) if is_few(visitor, left) => visitor.say("product-left", &[("count", left.into())]),
        (_, 1) => String::new(),
        (_, count) => visitor.say("listing-options", &[("count", count.into())]),
    };
    let was = shown.filter(|shown| shown.price_minor == least).and_then(|shown| shown.compare_at_minor);
    context! {
        href => format!("{}/products/{}", visitor.prefix(), product.slug),
        title => product.title.get(visitor.language),
        cost => if is_from { visitor.say("listing-from", &[("price", cost.into())]) } else { cost },
        was => was.filter(|was| *was > least).map(|was| visitor.money(was)),
        picture => pictures::of(product, shown),
        gone => left == 0,
        quiet,
    }
}

/// Whether the page says how many are left.
pub fn is_few(visitor: &Visitor, available: i64) -> bool {
    (1..=visitor.settings.low_stock).contains(&available)
}

pub fn is_available(product: &Product) -> bool {
    product.variants.iter().any(|variant| variant.available > 0)
}

/// What the visitor's own unpaid order holds of it, and until when.
async fn held(visitor: &Visitor, product: &Product) -> Result<Option<Value>, PageError> {
    let Some(cart) = &visitor.cart else { return Ok(None) };
    let storage = &visitor.shop.storage;
    for id in orders::live_of_buyer(storage, "", &cart.id).await? {
        let Some(order) = orders::find(storage, id).await? else { continue };
        let own = order.lines.iter().filter(|line| product.variant(&line.sku).is_some());
        let count: i64 = own.map(|line| line.quantity).sum();
        if count > 0 && order.hold_due_at > visitor.shop.now() {
            return Ok(Some(context! {
                title => visitor.say("product-held", &[("count", count.into())]),
                number => order.number,
                href => format!("{}/orders/{id}", visitor.prefix()),
                due => format_clock(order.hold_due_at, &visitor.settings.time_zone),
                due_iso => machine_time(order.hold_due_at),
            }));
        }
    }
    Ok(None)
}

/// What it is made of, how large it is, how to care for it; in another language where it is not said in this one.
fn specs(visitor: &Visitor, product: &Product) -> Vec<Value> {
    let shown =
        |spec: &Spec| context! { name => spec.name.get(visitor.language), value => spec.value.get(visitor.language) };
    product.specs.iter().map(shown).collect()
}

/// The day of a pre-order as people read it.
fn ships_from(visitor: &Visitor, product: &Product) -> Option<String> {
    let day = crate::language::parse_moment(&product.ships_from)?;
    Some(crate::language::format_date(visitor.language, day, "UTC"))
}

fn weight(grams: i64) -> String {
    match grams {
        0..1_000 => format!("{grams}\u{a0}g"),
        grams if grams % 1_000 == 0 => format!("{}\u{a0}kg", grams / 1_000),
        grams => format!("{}.{}\u{a0}kg", grams / 1_000, format!("{:03}", grams % 1_000).trim_end_matches('0')),
    }
}

pub fn variant_href(visitor: &Visitor, slug: &str, sku: &str) -> String {
    product_href(visitor.language, slug, sku)
}

pub fn product_href(language: Language, slug: &str, sku: &str) -> String {
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
    format!("{}/products/{slug}?variant={sku}", language.prefix())
}

/// Whether this item number is one of the product's that are on offer.
pub fn offers(product: &Product, sku: &Sku) -> bool {
    product.is_public() && product.variant(sku.as_str()).is_some()
}

impl Visitor {
    /// What an option is called in the page's language, where the shop knows the word.
    pub fn option_name(&self, name: &str) -> String {
        let key = format!("option-{}", slug(name));
        if self.has_word(&key) { self.say(&key, &[]) } else { name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_written_as_people_write_it() {
        for (grams, expected) in
            [(210, "210\u{a0}g"), (1_000, "1\u{a0}kg"), (1_650, "1.65\u{a0}kg"), (1_005, "1.005\u{a0}kg")]
        {
            assert_eq!(weight(grams), expected);
        }
    }
}
