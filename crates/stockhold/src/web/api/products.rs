//! The catalogue: products for anyone, and their making and changing for staff. Stock never comes with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rules::money::{Currency, Money};
use rules::taxes::TaxClass;
use rules::text::Sku;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::conditions::{Conditions, tagged};
use super::images::ImageBody;
use super::input::{Body, Parameters, Segment, page_rows};
use super::{MoneyBody, page};
use crate::catalogue::{RESERVED_COLLECTION_SLUGS, RESERVED_SKUS, RESERVED_SLUGS};
use crate::language::Language;
use crate::shop::Shop;
use crate::storage::products::remove::{self, Removal};
use crate::storage::products::roster::{self, RosterQuery};
use crate::storage::products::{
    self, Cursor, ListQuery, Localized, NewProduct, NewVariant, Product, ProductStatus, SaveError, Saved, Spec, Variant,
};
use crate::web::problem::{FieldError, Problem, ProblemBody};

const SLUG_CHARS_MAX: usize = 100;
const TITLE_CHARS_MAX: usize = 200;
const DESCRIPTION_CHARS_MAX: usize = 20_000;
/// Variants of one product, names of its options, and collections it is in.
const VARIANTS_MAX: usize = 200;
const OPTIONS_MAX: usize = 5;
const COLLECTIONS_MAX: usize = 50;
pub const SPECS_MAX: usize = 30;
const WEIGHT_GRAMS_MAX: i64 = 1_000_000_000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProductQuery {
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// Words of a title, an item number, an option or a description; the last may be a beginning. All must be there.
    q: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StaffProductQuery {
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// Words of a title, an item number, an option or a description; the last may be a beginning. All must be there.
    q: Option<String>,
    /// `draft`, `active` or `archived`; left out: all.
    status: Option<String>,
    /// A collection's slug.
    collection: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ProductList {
    data: Vec<ProductBody>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub struct ProductBody {
    id: String,
    slug: String,
    /// By language.
    title: BTreeMap<String, String>,
    /// By language; Markdown.
    description: BTreeMap<String, String>,
    /// `draft`, `active` or `archived`.
    status: &'static str,
    collections: Vec<String>,
    /// `standard`, or a class that the tax rules name.
    tax_class: String,
    /// What the variants differ in.
    options: Vec<String>,
    /// A pre-order: the day on which it is first sent. Null: at once.
    #[schema(example = "2027-01-15")]
    ships_from: Option<String>,
    /// What it is made of, how large it is, how to care for it.
    specs: Vec<SpecBody>,
    images: Vec<ImageBody>,
    variants: Vec<VariantBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Variant)]
pub struct VariantBody {
    sku: String,
    /// By language.
    title: BTreeMap<String, String>,
    options: BTreeMap<String, Text>,
    price: MoneyBody,
    compare_at: Option<MoneyBody>,
    weight_grams: Option<i64>,
    backorder: bool,
    /// What a buyer can get now, net of live holds.
    available: i64,
}

/// One thing worth knowing of a product.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Spec)]
pub struct SpecBody {
    #[schema(example = json!({"en": "Capacity", "zh-CN": "容量"}))]
    name: Text,
    #[schema(example = json!({"en": "120 ml", "zh-CN": "120 毫升"}))]
    value: Text,
}

/// Text in one language, or by language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Text {
    Plain(String),
    ByLanguage(BTreeMap<String, String>),
}

/// A product as it shall be; what it no longer names is no longer offered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductInput {
    /// By language: `en`, `zh-CN`.
    title: BTreeMap<String, String>,
    description: Option<BTreeMap<String, String>>,
    /// `draft`, `active` or `archived`.
    #[schema(example = "active")]
    status: String,
    /// Slugs; left out: as they are.
    collections: Option<Vec<String>>,
    options: Option<Vec<String>>,
    /// Left out: `standard`.
    tax_class: Option<String>,
    /// A pre-order: the day on which it is first sent; empty: at once. Left out: as it is.
    #[schema(example = "2027-01-15")]
    ships_from: Option<String>,
    /// All of them, in order. Left out: as they are.
    specs: Option<Vec<SpecBody>>,
    variants: Vec<VariantInput>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantInput {
    sku: String,
    /// Left out: made of its options.
    title: Option<Text>,
    options: Option<BTreeMap<String, Text>>,
    price: MoneyBody,
    compare_at: Option<MoneyBody>,
    weight_grams: Option<i64>,
    /// Only `false`: this shop never promises more than is there.
    backorder: Option<bool>,
}

/// Lists what is for sale, sold out or not.
#[utoipa::path(get, path = "/api/products", tag = "shop", operation_id = "list_products", params(ProductQuery),
    responses((status = 200, description = "One page", body = ProductList),
        (status = 422, description = "A parameter cannot be used", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<ProductQuery>,
) -> Result<Response, Problem> {
    let after = cursor(query.after.as_deref())?;
    let limit = page_rows(query.limit)?;
    let asked = vec![
        ("q", query.q.clone().unwrap_or_default()),
        ("limit", query.limit.map_or_else(String::new, |limit| limit.to_string())),
    ];
    let listed = ListQuery { limit, after, q: query.q, collection: None, include_drafts: false };
    let found = products::list(&shop.storage, listed, shop.now()).await?;
    let next = found.next.map(|next| next.to_string());
    let data = found.products.iter().map(|product| body(product, shop.settings().currency)).collect();
    Ok(page(ProductList { data, next: next.clone() }, "/api/products", asked, next.as_deref()))
}

/// Shows one product that is for sale.
#[utoipa::path(get, path = "/api/products/{slug}", tag = "shop", operation_id = "show_product",
    params(("slug" = String, Path)),
    responses((status = 200, description = "The product", body = ProductBody),
        (status = 404, description = "None such", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(State(shop): State<Arc<Shop>>, Segment(slug): Segment) -> Result<Json<ProductBody>, Problem> {
    let found = products::find(&shop.storage, &slug, shop.now()).await?.filter(Product::is_public);
    Ok(Json(body(&found.ok_or_else(Problem::not_found)?, shop.settings().currency)))
}

/// Lists products, whatever their status.
#[utoipa::path(get, path = "/api/admin/products", tag = "admin", operation_id = "list_products_to_staff",
    params(StaffProductQuery), security(("key" = ["products:read"])),
    responses((status = 200, description = "One page", body = ProductList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list_to_staff(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<StaffProductQuery>,
) -> Result<Response, Problem> {
    let after = cursor(query.after.as_deref())?;
    let limit = page_rows(query.limit)?;
    let unknown = || Problem::invalid("status", "unknown-status", "Send draft, active or archived.");
    let word = query.status.as_deref().filter(|word| !word.is_empty());
    let status = word.map(|word| ProductStatus::parse(word).ok_or_else(unknown)).transpose()?;
    let (q, collection) = (query.q.unwrap_or_default(), query.collection.unwrap_or_default());
    let asked = vec![
        ("q", q.clone()),
        ("status", query.status.unwrap_or_default()),
        ("collection", collection.clone()),
        ("limit", query.limit.map_or_else(String::new, |limit| limit.to_string())),
    ];
    let wanted = RosterQuery { q, status, collection, after, limit };
    let found = roster::list(&shop.storage, wanted, shop.now()).await?;
    let next = found.next.map(|next| next.to_string());
    let data = found.products.iter().map(|product| body(product, shop.settings().currency)).collect();
    Ok(page(ProductList { data, next: next.clone() }, "/api/admin/products", asked, next.as_deref()))
}

/// Takes a product away that was never in stock and never ordered; any other is archived, and its orders keep its name.
#[utoipa::path(delete, path = "/api/admin/products/{slug}", tag = "admin", operation_id = "remove_product",
    params(("slug" = String, Path)), security(("key" = ["products:write"])),
    responses((status = 200, description = "It has a history: it is archived", body = ProductBody),
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn remove(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(slug): Segment,
) -> Result<Response, Problem> {
    let product = products::find(&shop.storage, &slug, shop.now()).await?.ok_or_else(Problem::not_found)?;
    conditions.to_remove(Some(product.revision))?;
    match remove::remove(&shop.storage, &product, shop.now()).await? {
        Removal::Removed => Ok(StatusCode::NO_CONTENT.into_response()),
        Removal::NotAsRead => Err(Problem::precondition_failed()),
        Removal::Archived => {
            let product = products::find(&shop.storage, &slug, shop.now()).await?.ok_or_else(Problem::not_found)?;
            Ok(tagged(StatusCode::OK, product.revision, &body(&product, shop.settings().currency)))
        }
    }
}

/// Shows one product, whatever its status.
#[utoipa::path(get, path = "/api/admin/products/{slug}", tag = "admin", operation_id = "show_product_to_staff",
    params(("slug" = String, Path)), security(("key" = ["products:read"])),
    responses((status = 200, description = "The product", body = ProductBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show_to_staff(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(slug): Segment,
) -> Result<Response, Problem> {
    let product = products::find(&shop.storage, &slug, shop.now()).await?.ok_or_else(Problem::not_found)?;
    Ok(conditions.show(product.revision, &body(&product, shop.settings().currency)))
}

/// Makes a product, or makes it as described. Its stock comes by movements.
#[utoipa::path(put, path = "/api/admin/products/{slug}", tag = "admin", operation_id = "put_product",
    params(("slug" = String, Path, description = "Lower-case letters, digits and hyphens")),
    request_body = ProductInput, security(("key" = ["products:write"])),
    responses((status = 200, description = "It stands as described", body = ProductBody),
        (status = 201, description = "It is new", body = ProductBody),
        (status = 409, description = "`sku-taken`: an item number belongs to another product", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn put(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(slug): Segment,
    Body(input): Body<ProductInput>,
) -> Result<Response, Problem> {
    let currency = shop.settings().currency;
    let new = new_product(slug.clone(), input, currency)?;
    let stands = products::find(&shop.storage, &slug, shop.now()).await?;
    let expected = conditions.to_change(stands.map(|product| product.revision))?;
    let saved = match products::put(&shop.storage, &new, expected, shop.now()).await {
        Err(SaveError::NotAsRead) => return Err(conditions.overtaken()),
        saved => saved?,
    };
    let status = if saved == Saved::New { StatusCode::CREATED } else { StatusCode::OK };
    let product = products::find(&shop.storage, &slug, shop.now()).await?.ok_or_else(Problem::not_found)?;
    Ok(tagged(status, product.revision, &body(&product, currency)))
}

fn cursor(text: Option<&str>) -> Result<Option<Cursor>, Problem> {
    let wrong = |_| Problem::invalid("after", "not-a-cursor", "This is not where a page ended.");
    text.filter(|text| !text.is_empty()).map(|text| text.parse().map_err(wrong)).transpose()
}

fn body(product: &Product, currency: Currency) -> ProductBody {
    ProductBody {
        id: product.id.to_string(),
        slug: product.slug.clone(),
        title: product.title.0.clone(),
        description: product.description.0.clone(),
        status: product.status.as_str(),
        collections: product.collections.clone(),
        tax_class: product.tax_class.as_str().to_owned(),
        options: product.options.clone(),
        ships_from: Some(product.ships_from.clone()).filter(|day| !day.is_empty()),
        specs: product.specs.iter().map(SpecBody::of).collect(),
        images: product.images.iter().map(ImageBody::of).collect(),
        variants: product.variants.iter().map(|variant| variant_body(variant, currency)).collect(),
    }
}

fn variant_body(variant: &Variant, currency: Currency) -> VariantBody {
    let price = |minor| MoneyBody::from(Money::new(minor, currency));
    VariantBody {
        sku: variant.sku.to_string(),
        title: variant.title.0.clone(),
        options: variant.options.iter().map(|(name, value)| (name.clone(), Text::of(value))).collect(),
        price: price(variant.price_minor),
        compare_at: variant.compare_at_minor.map(price),
        weight_grams: variant.weight_grams,
        backorder: false,
        available: variant.available,
    }
}

impl SpecBody {
    fn of(spec: &Spec) -> SpecBody {
        SpecBody { name: Text::of(&spec.name), value: Text::of(&spec.value) }
    }
}

impl Text {
    /// One English text reads as plain text, as it is written.
    fn of(text: &Localized) -> Text {
        match text.0.get("en") {
            Some(only) if text.0.len() == 1 => Text::Plain(only.clone()),
            _ => Text::ByLanguage(text.0.clone()),
        }
    }

    fn localized(self) -> Localized {
        match self {
            Text::Plain(text) => Localized::of(&[("en", text.as_str())]),
            Text::ByLanguage(texts) => Localized(texts),
        }
    }
}

/// What is wrong with a description, collected field by field.
#[derive(Debug, Default)]
struct Wrongs(Vec<FieldError>);

impl Wrongs {
    fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.0.push(FieldError { pointer: pointer.into(), code, detail: detail.into() });
    }

    /// Texts by language, each of bounded length.
    fn texts(&mut self, pointer: &str, texts: &Localized, chars_max: usize) {
        for (tag, text) in &texts.0 {
            if !Language::ALL.iter().any(|language| language.tag() == tag) {
                self.add(pointer, "unknown-language", format!("There is no language {tag}; send en or zh-CN."));
            }
            if text.chars().count() > chars_max {
                self.add(format!("{pointer}/{tag}"), "too-long", format!("At most {chars_max} characters."));
            }
        }
    }

    fn slug(&mut self, pointer: impl Into<String>, slug: &str) {
        if !is_slug(slug) {
            let detail = format!("1 to {SLUG_CHARS_MAX} lower-case letters, digits and hyphens.");
            self.add(pointer, "not-a-slug", detail);
        }
    }

    fn at_most(&mut self, pointer: &str, count: usize, most: usize) {
        if count > most {
            self.add(pointer, "too-many", format!("At most {most}."));
        }
    }

    fn price(&mut self, pointer: &str, price: &MoneyBody, currency: Currency) {
        if price.currency != currency.code() {
            let detail = format!("This shop's prices are in {currency}.");
            self.add(format!("{pointer}/currency"), "wrong-currency", detail);
        }
        let most = currency.charge_minor_max();
        if !(0..=most).contains(&price.amount) {
            self.add(format!("{pointer}/amount"), "out-of-range", format!("0 to {most} minor units."));
        }
    }
}

/// Parses a description; names every field that cannot be used.
fn new_product(slug: String, input: ProductInput, currency: Currency) -> Result<NewProduct, Problem> {
    let mut wrongs = Wrongs::default();
    wrongs.slug("slug", &slug);
    if RESERVED_SLUGS.contains(&slug.as_str()) {
        wrongs.add("slug", "reserved", reserved(&RESERVED_SLUGS));
    }
    let title = Localized(input.title);
    if title.0.values().all(|text| text.trim().is_empty()) {
        wrongs.add("/title", "empty", "A product needs a title.");
    }
    wrongs.texts("/title", &title, TITLE_CHARS_MAX);
    let description = Localized(input.description.unwrap_or_default());
    wrongs.texts("/description", &description, DESCRIPTION_CHARS_MAX);
    let status = ProductStatus::parse(&input.status);
    if status.is_none() {
        wrongs.add("/status", "unknown-status", "Send draft, active or archived.");
    }
    let options = input.options.unwrap_or_default();
    wrongs.at_most("/options", options.len(), OPTIONS_MAX);
    for (at, name) in options.iter().enumerate() {
        if name.trim().is_empty() || name.chars().count() > TITLE_CHARS_MAX || options[..at].contains(name) {
            wrongs.add(format!("/options/{at}"), "not-a-name", "Each option has a name of its own.");
        }
    }
    if input.ships_from.as_ref().is_some_and(|day| !day.is_empty() && day.parse::<jiff::civil::Date>().is_err()) {
        wrongs.add("/ships_from", "not-a-day", "Send a day, such as 2027-01-15, or an empty text.");
    }
    let specs = input.specs.map(|specs| new_specs(&mut wrongs, specs));
    for (at, slug) in input.collections.iter().flatten().enumerate() {
        wrongs.slug(format!("/collections/{at}"), slug);
        if RESERVED_COLLECTION_SLUGS.contains(&slug.as_str()) {
            wrongs.add(format!("/collections/{at}"), "reserved", reserved(&RESERVED_COLLECTION_SLUGS));
        }
    }
    let tax_class = input.tax_class.as_deref().map_or(Ok(TaxClass::standard()), TaxClass::parse);
    if let Err(error) = &tax_class {
        wrongs.add("/tax_class", "not-a-class", error.to_string());
    }
    wrongs.at_most("/collections", input.collections.as_ref().map_or(0, Vec::len), COLLECTIONS_MAX);
    if input.variants.is_empty() {
        wrongs.add("/variants", "empty", "A product needs at least one variant.");
    }
    wrongs.at_most("/variants", input.variants.len(), VARIANTS_MAX);
    let mut variants = Vec::with_capacity(input.variants.len().min(VARIANTS_MAX));
    for (at, variant) in input.variants.into_iter().enumerate().take(VARIANTS_MAX) {
        variants.extend(new_variant(&mut wrongs, at, variant, &options, currency));
    }
    match status {
        Some(status) if wrongs.0.is_empty() => Ok(NewProduct {
            slug,
            status,
            title,
            description,
            options,
            image: None,
            ships_from: input.ships_from,
            specs,
            variants,
            collections: input.collections,
            tax_class: tax_class.ok(),
        }),
        _ => Err(Problem::invalid_fields(wrongs.0)),
    }
}

fn new_specs(wrongs: &mut Wrongs, specs: Vec<SpecBody>) -> Vec<Spec> {
    wrongs.at_most("/specs", specs.len(), SPECS_MAX);
    let specs = specs.into_iter().take(SPECS_MAX).enumerate();
    let spec = |(at, spec): (usize, SpecBody)| {
        let spec = Spec { name: spec.name.localized(), value: spec.value.localized() };
        for (field, text) in [("name", &spec.name), ("value", &spec.value)] {
            let place = format!("/specs/{at}/{field}");
            if text.0.values().all(|text| text.trim().is_empty()) {
                wrongs.add(place.as_str(), "empty", "Say it in at least one language.");
            }
            wrongs.texts(&place, text, TITLE_CHARS_MAX);
        }
        spec
    };
    specs.map(spec).collect()
}

fn new_variant(
    wrongs: &mut Wrongs,
    at: usize,
    input: VariantInput,
    names: &[String],
    currency: Currency,
) -> Option<NewVariant> {
    let place = format!("/variants/{at}");
    let sku = Sku::parse(&input.sku);
    if let Err(error) = &sku {
        wrongs.add(format!("{place}/sku"), "not-a-sku", error.to_string());
    }
    if RESERVED_SKUS.contains(&input.sku.as_str()) {
        wrongs.add(format!("{place}/sku"), "reserved", reserved(&RESERVED_SKUS));
    }
    wrongs.price(&format!("{place}/price"), &input.price, currency);
    // Found out here, and not by the first buyer.
    if input.price.amount % currency.step_minor() != 0 {
        let detail = format!("Amounts in {currency} are multiples of {} minor units.", currency.step_minor());
        wrongs.add(format!("{place}/price/amount"), "not-in-steps", detail);
    }
    if let Some(price) = &input.compare_at {
        wrongs.price(&format!("{place}/compare_at"), price, currency);
    }
    if input.weight_grams.is_some_and(|grams| !(0..=WEIGHT_GRAMS_MAX).contains(&grams)) {
        wrongs.add(format!("{place}/weight_grams"), "out-of-range", format!("0 to {WEIGHT_GRAMS_MAX}."));
    }
    if input.backorder == Some(true) {
        wrongs.add(format!("{place}/backorder"), "not-offered", "This shop never promises more than is there.");
    }
    let options: BTreeMap<String, Localized> =
        input.options.unwrap_or_default().into_iter().map(|(name, value)| (name, value.localized())).collect();
    for (name, value) in &options {
        if !names.contains(name) {
            wrongs.add(format!("{place}/options"), "unknown-option", format!("The product has no option {name}."));
        }
        wrongs.texts(&format!("{place}/options"), value, TITLE_CHARS_MAX);
    }
    let title = input.title.map_or_else(|| title_of(&options, names), Text::localized);
    wrongs.texts(&format!("{place}/title"), &title, TITLE_CHARS_MAX * OPTIONS_MAX);
    Some(NewVariant {
        sku: sku.ok()?,
        title,
        options,
        price_minor: input.price.amount,
        compare_at_minor: input.compare_at.map(|price| price.amount),
        weight_grams: input.weight_grams,
    })
}

/// `Celadon / 120 ml`, in every language in which each option is named.
pub fn title_of(options: &BTreeMap<String, Localized>, names: &[String]) -> Localized {
    let values: Vec<&Localized> = names.iter().filter_map(|name| options.get(name)).collect();
    let mut title = Localized::default();
    for tag in values.iter().flat_map(|value| value.0.keys()) {
        let words: Vec<&str> = values.iter().map(|value| value.get(tag)).collect();
        title.0.insert(tag.clone(), words.join(" / "));
    }
    title
}

/// What is said of a name that is taken: all that are.
pub fn reserved(names: &[&str]) -> String {
    format!("Pages of the desk are called {}. Send another name.", names.join(", "))
}

pub fn is_slug(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty()
        && text.len() <= SLUG_CHARS_MAX
        && text.bytes().all(fits)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<NewProduct, Problem> {
        let input: ProductInput = serde_json::from_str(json).expect("the right shape");
        new_product("tea-cup".to_owned(), input, Currency::parse("USD").expect("a currency"))
    }

    #[test]
    fn a_product_is_read_with_a_title_made_of_its_options() {
        let product = read(
            r#"{"title":{"en":"Tea cup","zh-CN":"茶杯"},"status":"active","options":["Glaze"],"variants":[
                {"sku":"CUP-CEL","options":{"Glaze":{"en":"Celadon","zh-CN":"青瓷"}},"price":{"amount":3200,"currency":"USD"}},
                {"sku":"CUP-ASH","options":{"Glaze":"Ash"},"price":{"amount":3200,"currency":"USD"},"backorder":false}]}"#,
        );
        let product = product.expect("a product");
        assert_eq!(product.variants[0].title, Localized::of(&[("en", "Celadon"), ("zh-CN", "青瓷")]));
        assert_eq!(product.variants[1].title, Localized::of(&[("en", "Ash")]));
        assert_eq!(product.collections, None);
    }

    #[test]
    fn every_field_that_cannot_be_used_is_named() {
        let told = read(
            r#"{"title":{"fr":"Tasse"},"status":"gone","collections":["Tea Cups"],"variants":[
                {"sku":"A b","price":{"amount":-1,"currency":"EUR"},"options":{"Glaze":"Ash"},"backorder":true}]}"#,
        );
        let told = format!("{:?}", told.expect_err("a problem"));
        for pointer in [
            "/title",
            "/status",
            "/collections/0",
            "/variants/0/sku",
            "/variants/0/price/amount",
            "/variants/0/price/currency",
            "/variants/0/options",
            "/variants/0/backorder",
        ] {
            assert!(told.contains(&format!("pointer: {pointer:?}")), "{pointer} in {told}");
        }
    }

    #[test]
    fn a_price_between_the_steps_of_its_currency_is_refused() {
        for (code, amount, right) in
            [("KWD", 1005, false), ("KWD", 1010, true), ("ISK", 150, false), ("ISK", 200, true)]
        {
            let price = |amount: i64| serde_json::json!({ "amount": amount, "currency": code });
            let input = serde_json::json!({ "title": { "en": "Cup" }, "status": "active", "variants": [
                { "sku": "A", "price": price(100) }, { "sku": "B", "price": price(amount), "compare_at": price(1005) },
            ] });
            let input: ProductInput = serde_json::from_value(input).expect("the right shape");
            let read = new_product("cup".to_owned(), input, Currency::parse(code).expect("a currency"));
            let told = format!("{read:?}");
            assert_eq!(read.is_ok(), right, "{code} {amount}: {told}");
            assert!(right || told.contains("pointer: \"/variants/1/price/amount\", code: \"not-in-steps\""), "{told}");
        }
    }

    #[test]
    fn nothing_is_called_as_a_page_of_the_desk() {
        let named = |slug: &str, sku: &str| {
            let variant = format!(r#"{{"sku":"{sku}","price":{{"amount":3200,"currency":"USD"}}}}"#);
            let json = format!(r#"{{"title":{{"en":"Cup"}},"status":"active","variants":[{variant}]}}"#);
            let input: ProductInput = serde_json::from_str(&json).expect("the right shape");
            new_product(slug.to_owned(), input, Currency::parse("USD").expect("a currency"))
        };
        assert!(named("new-cup", "counts").is_ok());
        for (slug, sku, pointer) in [("new", "CUP", "\"slug\""), ("cup", "count", "\"/variants/0/sku\"")] {
            let told = format!("{:?}", named(slug, sku).expect_err("it could not be opened at the desk"));
            assert!(told.contains(&format!("pointer: {pointer}, code: \"reserved\"")), "{told}");
        }
        let told = read(
            r#"{"title":{"en":"Cup"},"status":"active","collections":["new-cups","arrange"],"variants":[
                {"sku":"CUP","price":{"amount":3200,"currency":"USD"}}]}"#,
        );
        let told = format!("{:?}", told.expect_err("it would make a collection that nobody could open"));
        assert!(told.contains("pointer: \"/collections/1\", code: \"reserved\""), "{told}");
        assert!(told.contains("called new, arrange.") && !told.contains("/collections/0"), "{told}");
    }

    #[test]
    fn a_slug_is_plain() {
        assert!(is_slug("tea-cup-120"));
        for bad in ["", "Tea", "tea cup", "-tea", "tea-", "茶", "a/b", &"x".repeat(101)] {
            assert!(!is_slug(bad), "{bad}");
        }
    }
}
