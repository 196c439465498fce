//! One product at the desk: made, changed, moved to another address, taken away; and why customers cannot buy it.
//!
//! Invariant: a form carries the version that it was filled in from. Whoever is second sees both, field by field, with what
//! they typed kept; nothing is overwritten unseen.

use axum::Form;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::buyable::{self, Facts, Offer, Reason, Shelf};
use rules::time::Timestamp;

use super::typed::{OPTIONS_MAX, Typed, TypedSpec, VARIANTS_MAX, Wrong};
use super::{status_label, unsaid_pictures};
use crate::language::{Edge, Language, parse_edge};
use crate::storage::keys::Scope;
use crate::storage::products::change::{self, Changed};
use crate::storage::products::remove::{self, Removal};
use crate::storage::products::{self, Localized, NewProduct, Product, ProductStatus, SaveError, Variant, redirects};
use crate::web::admin::desk::{Desk, noted};
use crate::web::admin::stock::sku_href;
use crate::web::api::products::SPECS_MAX;
use crate::web::storefront::pictures as storefront_pictures;
use crate::web::storefront::seo;
use crate::web::{PageError, assets};

/// Empty rows to type further details into; a button asks for the next.
const SPECS_FREE: usize = 1;

type Pairs = Form<Vec<(String, String)>>;

/// A form with what is to be said about it.
#[derive(Debug, Default)]
struct Shown {
    typed: Typed,
    wrongs: Vec<Wrong>,
    /// Field, what it is about, what stands now, what was typed.
    conflict: Vec<(&'static str, String, String, String)>,
    /// A line above the form.
    trouble: Option<String>,
    /// It is not as it stands: the browser asks before it is left.
    dirty: bool,
}

pub async fn new(desk: Desk) -> Result<Response, PageError> {
    let shown = Shown { typed: Typed::blank(), ..Shown::default() };
    page(&desk, StatusCode::OK, None, shown).await
}

pub async fn show(desk: Desk, Path(slug): Path<String>) -> Result<Response, PageError> {
    let Some((product, retired)) = find(&desk, &slug).await? else {
        let moved = redirects::find(&desk.shop.storage, &slug).await?.ok_or(PageError::NotFound)?;
        return Ok(desk.see(&format!("/admin/products/{moved}")));
    };
    let typed = Typed::of(&product, &retired, desk.settings.currency);
    page(&desk, StatusCode::OK, Some((&product, &retired)), Shown { typed, ..Shown::default() }).await
}

/// The form with a row more or less, or with a row for every combination; nothing is saved.
pub async fn shape_new(desk: Desk, Form(pairs): Pairs) -> Result<Response, PageError> {
    let typed = Typed::parse(&pairs).shaped(wish(&pairs));
    page(&desk, StatusCode::OK, None, Shown { typed, dirty: true, ..Shown::default() }).await
}

pub async fn shape(desk: Desk, Path(slug): Path<String>, Form(pairs): Pairs) -> Result<Response, PageError> {
    let (product, retired) = find(&desk, &slug).await?.ok_or(PageError::NotFound)?;
    let typed = Typed::parse(&pairs).shaped(wish(&pairs));
    page(&desk, StatusCode::OK, Some((&product, &retired)), Shown { typed, dirty: true, ..Shown::default() }).await
}

fn wish(pairs: &[(String, String)]) -> &str {
    pairs.iter().find(|(name, _)| name == "do").map_or("", |(_, wish)| wish.as_str())
}

pub async fn make(desk: Desk, Form(pairs): Pairs) -> Result<Response, PageError> {
    let typed = Typed::parse(&pairs);
    let again = |typed, wrongs| Shown { typed, wrongs, dirty: true, ..Shown::default() };
    let mut read = match typed.read(desk.settings.currency, None) {
        Ok(read) => read,
        Err(wrongs) => return page(&desk, StatusCode::UNPROCESSABLE_ENTITY, None, again(typed, wrongs)).await,
    };
    keep_known(&desk, &mut read.product).await?;
    let made = change::make(&desk.shop.storage, &read.product, &read.retired, desk.shop.now()).await;
    let slug = read.product.slug.clone();
    match made {
        Ok(Changed::Done) => Ok(noted(desk.done(&format!("/admin/products/{slug}"), "product-made"), slug)),
        Ok(Changed::SlugTaken | Changed::NotAsRead) => {
            // The second click of a double click finds what the first one made.
            if let Some((product, retired)) = find(&desk, &slug).await? {
                let stands = Typed::of(&product, &retired, desk.settings.currency);
                if stands.differences(&typed).is_empty() {
                    return Ok(noted(desk.done(&format!("/admin/products/{slug}"), "product-made"), slug));
                }
            }
            let wrong = Wrong { field: "slug".to_owned(), key: "admin-goods-wrong-slug-taken" };
            page(&desk, StatusCode::CONFLICT, None, again(typed, vec![wrong])).await
        }
        Err(error) => refused(&desk, None, typed, error).await,
    }
}

pub async fn save(desk: Desk, Path(slug): Path<String>, Form(pairs): Pairs) -> Result<Response, PageError> {
    let (product, retired) = find_moved(&desk, &slug).await?.ok_or(PageError::NotFound)?;
    let stands = Some((&product, retired.as_slice()));
    let typed = Typed::parse(&pairs);
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let again = |typed, wrongs| Shown { typed, wrongs, dirty: true, ..Shown::default() };
    if typed.revision != product.revision.to_string() {
        return conflict(&desk, &product, &retired, typed).await;
    }
    let mut read = match typed.read(desk.settings.currency, Some(&product.slug)) {
        Ok(read) => read,
        Err(wrongs) => return page(&desk, unprocessable, stands, again(typed, wrongs)).await,
    };
    if read.product.status == ProductStatus::Active && unsaid_pictures(&desk, &product).next().is_some() {
        let wrong = Wrong { field: "status".to_owned(), key: "admin-goods-wrong-alt" };
        return page(&desk, unprocessable, stands, again(typed, vec![wrong])).await;
    }
    keep_known(&desk, &mut read.product).await?;
    let slug = read.product.slug.clone();
    let now = desk.shop.now();
    match change::change(&desk.shop.storage, &product, &read.product, &read.retired, now).await {
        Ok(Changed::Done) => {
            let word = if slug == product.slug { "product-saved" } else { "product-moved" };
            Ok(noted(desk.done(&format!("/admin/products/{slug}"), word), slug))
        }
        Ok(Changed::NotAsRead) => {
            let (product, retired) = find_moved(&desk, &product.slug).await?.ok_or(PageError::NotFound)?;
            conflict(&desk, &product, &retired, typed).await
        }
        Ok(Changed::SlugTaken) => {
            let wrong = Wrong { field: "slug".to_owned(), key: "admin-goods-wrong-slug-taken" };
            page(&desk, StatusCode::CONFLICT, stands, again(typed, vec![wrong])).await
        }
        Err(error) => refused(&desk, stands, typed, error).await,
    }
}

/// A collection that somebody has taken away while the form was open does not come back by it.
async fn keep_known(desk: &Desk, product: &mut NewProduct) -> Result<(), PageError> {
    let known = products::collections(&desk.shop.storage).await?;
    if let Some(slugs) = &mut product.collections {
        slugs.retain(|slug| known.iter().any(|kept| kept.slug == *slug));
    }
    Ok(())
}

/// Somebody was faster: what they made of it stands beside what was typed. Saving the form now is a decision made with both
/// in sight, so it carries the version that stands.
async fn conflict(desk: &Desk, product: &Product, retired: &[Variant], typed: Typed) -> Result<Response, PageError> {
    let stands = Typed::of(product, retired, desk.settings.currency);
    let differences = stands.differences(&typed);
    if differences.is_empty() {
        // The same form sent twice: what was wished for stands.
        return Ok(desk.done(&format!("/admin/products/{}", product.slug), "product-saved"));
    }
    let typed = Typed { revision: stands.revision, ..typed };
    let shown = Shown { typed, conflict: differences, dirty: true, ..Shown::default() };
    let response = page(desk, StatusCode::CONFLICT, Some((product, retired)), shown).await?;
    Ok(noted(response, format!("{} conflict", product.slug)))
}

async fn refused(
    desk: &Desk,
    stands: Option<(&Product, &[Variant])>,
    typed: Typed,
    error: SaveError,
) -> Result<Response, PageError> {
    let trouble = match &error {
        SaveError::SkuOfAnother { sku, slug } => {
            let values = [("sku", sku.to_string().into()), ("slug", slug.clone().into())];
            desk.say("admin-goods-wrong-sku-taken", &values)
        }
        SaveError::SkuTwice { sku } => {
            desk.say("admin-goods-wrong-sku-twice-named", &[("sku", sku.to_string().into())])
        }
        SaveError::NoVariants => desk.say("admin-goods-wrong-variants", &[]),
        SaveError::NotAsRead => desk.say("admin-goods-bulk-changed-since", &[]),
        SaveError::Storage(error) => return Err(error.clone().into()),
    };
    let shown = Shown { typed, trouble: Some(trouble), dirty: true, ..Shown::default() };
    page(desk, StatusCode::CONFLICT, stands, shown).await
}

/// Takes it away, or archives it when it has a history.
pub async fn remove(desk: Desk, Path(slug): Path<String>, Form(pairs): Pairs) -> Result<Response, PageError> {
    let Some((product, retired)) = find(&desk, &slug).await? else {
        return Ok(desk.done("/admin/products", "product-removed")); // The second click: it is gone already.
    };
    let typed = Typed::parse(&pairs);
    if typed.revision != product.revision.to_string() {
        let trouble = Some(desk.say("admin-goods-bulk-changed-since", &[]));
        let typed = Typed::of(&product, &retired, desk.settings.currency);
        let shown = Shown { typed, trouble, ..Shown::default() };
        return page(&desk, StatusCode::CONFLICT, Some((&product, &retired)), shown).await;
    }
    match remove::remove(&desk.shop.storage, &product, desk.shop.now()).await? {
        Removal::Removed => Ok(noted(desk.done("/admin/products", "product-removed"), slug)),
        Removal::Archived => {
            Ok(noted(desk.done(&format!("/admin/products/{slug}"), "product-archived"), format!("{slug} archived")))
        }
        Removal::NotAsRead => Ok(desk.see(&format!("/admin/products/{slug}"))),
    }
}

type Found = Option<(Product, Vec<Variant>)>;

pub(super) async fn find(desk: &Desk, slug: &str) -> Result<Found, PageError> {
    let Some(product) = products::find(&desk.shop.storage, slug, desk.shop.now()).await? else { return Ok(None) };
    let retired = change::retired(&desk.shop.storage, &product).await?;
    Ok(Some((product, retired)))
}

/// The same for a form that was filled in before the product moved.
pub(super) async fn find_moved(desk: &Desk, slug: &str) -> Result<Found, PageError> {
    match find(desk, slug).await? {
        None => match redirects::find(&desk.shop.storage, slug).await? {
            Some(moved) => find(desk, &moved).await,
            None => Ok(None),
        },
        found => Ok(found),
    }
}

/// Shows the product again with a line about what was wrong with a picture.
pub(super) async fn again(desk: &Desk, slug: &str, status: StatusCode, trouble: String) -> Result<Response, PageError> {
    let (product, retired) = find_moved(desk, slug).await?.ok_or(PageError::NotFound)?;
    let typed = Typed::of(&product, &retired, desk.settings.currency);
    let shown = Shown { typed, trouble: Some(trouble), ..Shown::default() };
    page(desk, status, Some((&product, &retired)), shown).await
}

async fn page(
    desk: &Desk,
    status: StatusCode,
    stands: Option<(&Product, &[Variant])>,
    shown: Shown,
) -> Result<Response, PageError> {
    let storage = &desk.shop.storage;
    let collections = products::collections(storage).await?;
    let typed = &shown.typed;
    let chosen = collections.iter().map(|collection| {
        context! {
            slug => &collection.slug, title => collection.title.get(desk.language),
            chosen => typed.collections.contains(&collection.slug),
        }
    });
    let old = match stands {
        Some((product, _)) => redirects::of(storage, product.id).await?,
        None => Vec::new(),
    };
    let history = match stands {
        Some((product, _)) => remove::has_history(storage, product).await?,
        None => false,
    };
    let wrongs = shown.wrongs.iter().map(|wrong| (wrong.field.clone(), desk.say(wrong.key, &[])));
    let wrongs: std::collections::BTreeMap<String, String> = wrongs.collect();
    let summary = shown.wrongs.iter().map(|wrong| context! { field => &wrong.field, text => desk.say(wrong.key, &[]) });
    let value = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
    let conflict = shown.conflict.iter().map(|(key, about, theirs, mine)| {
        context! {
            label => desk.say(key, &[]), about, theirs => value(theirs), mine => value(mine),
        }
    });
    let statuses = ["draft", "active", "archived"].map(|status| {
        context! {
            value => status, label => status_label(desk, status), chosen => typed.status == status,
        }
    });
    let action = match stands {
        Some((product, _)) => format!("{}/admin/products/{}", desk.prefix(), product.slug),
        None => format!("{}/admin/products/new", desk.prefix()),
    };
    let options: Vec<Value> = typed.options.iter().map(|option| Value::from(option.values())).collect();
    let context = context! {
        typed => typed_value(typed), option_values => options, action, statuses => statuses.to_vec(),
        collections => chosen.collect::<Vec<_>>(),
        wrongs => Value::from_pairs(wrongs), summary => summary.collect::<Vec<_>>(),
        conflict => conflict.collect::<Vec<_>>(), trouble => shown.trouble, dirty => shown.dirty,
        old, history,
        product => stands.map(|(product, retired)| product_value(desk, product, retired)),
        preview => preview(desk, typed), unsaved_version => assets::version("unsaved.js"),
        may_write => desk.may(Scope::ProductsWrite),
        more_options => typed.options.len() < OPTIONS_MAX, more_variants => typed.variants.len() < VARIANTS_MAX,
    };
    desk.page(status, "admin/product.html", context)
}

fn product_value(desk: &Desk, product: &Product, retired: &[Variant]) -> Value {
    let now = desk.shop.now();
    let picture = |(at, image): (usize, &products::images::Image)| {
        let mut one = product.clone();
        one.images = vec![image.clone()];
        let alt = |tag: &str| image.alt.0.get(tag).cloned().unwrap_or_default();
        context! {
            number => at + 1, digest => &image.digest, sku => &image.sku,
            of_retired => !image.sku.is_empty() && product.variant(&image.sku).is_none(), picture => storefront_pictures::of(&one, None),
            alt_en => alt("en"), alt_zh => alt("zh-CN"), first => at == 0, last => at + 1 == product.images.len(),
        }
    };
    let stock = |variant: &Variant| {
        (
            variant.sku.to_string(),
            context! {
                on_hand => variant.on_hand, held => variant.held, available => variant.available,
                href => sku_href(desk, variant.sku.as_str()),
            },
        )
    };
    let stock: std::collections::BTreeMap<String, Value> = product.variants.iter().chain(retired).map(stock).collect();
    let facts = facts(desk, product, retired, now);
    let reasons = buyable::reasons(&facts);
    let stops = reasons.iter().filter(|reason| reason.stops()).map(|reason| reason_text(desk, product, reason));
    let remarks = reasons.iter().filter(|reason| !reason.stops()).map(|reason| reason_text(desk, product, reason));
    context! {
        slug => &product.slug, revision => product.revision,
        title => product.title.get(desk.language),
        status => product.status.as_str(), status_label => status_label(desk, product.status.as_str()),
        images => product.images.iter().enumerate().map(picture).collect::<Vec<_>>(),
        skus => product.variants.iter().map(|variant| context! {
            sku => variant.sku.as_str(), title => variant.title.get(desk.language),
        }).collect::<Vec<_>>(),
        stock => Value::from_pairs(stock),
        stops => stops.collect::<Vec<_>>(), remarks => remarks.collect::<Vec<_>>(),
        shop_href => (product.status == ProductStatus::Active)
            .then(|| format!("{}/products/{}", desk.prefix(), product.slug)),
    }
}

/// The product as far as its sale depends on it.
fn facts(desk: &Desk, product: &Product, retired: &[Variant], now: Timestamp) -> Facts {
    let offer = |variant: &Variant, active: bool| Offer {
        sku: variant.sku.clone(),
        active,
        price_minor: variant.price_minor,
        on_hand: variant.on_hand,
        held: variant.held,
        short: variant.short,
        available: variant.available,
    };
    let offered = product.variants.iter().map(|variant| offer(variant, true));
    let missing = |texts: &Localized| -> Vec<String> {
        let none = |language: &&Language| texts.0.get(language.tag()).is_none_or(|text| text.trim().is_empty());
        desk.settings.languages.iter().filter(none).map(|language| language.tag().to_owned()).collect()
    };
    let first_sent = parse_edge(&product.ships_from, &desk.settings.time_zone, Edge::Start);
    Facts {
        shelf: match product.status {
            ProductStatus::Draft => Shelf::Draft,
            ProductStatus::Active => Shelf::Active,
            ProductStatus::Archived => Shelf::Archived,
        },
        variants: offered.chain(retired.iter().map(|variant| offer(variant, false))).collect(),
        ships_later: first_sent.is_some_and(|day| day > now),
        untitled: missing(&product.title),
        undescribed: missing(&product.description),
        pictures: product.images.len() + usize::from(!product.image.is_empty()),
        pictures_unsaid: unsaid_pictures(desk, product).collect(),
        charge_minor_min: desk.settings.policy.charge_minor_min,
    }
}

/// A reason as a sentence, and where it is mended.
fn reason_text(desk: &Desk, product: &Product, reason: &Reason) -> Value {
    let language = |tag: &str| desk.say(if tag == "en" { "admin-goods-english" } else { "admin-goods-chinese" }, &[]);
    let stock = |sku: &rules::text::Sku| sku_href(desk, sku.as_str());
    let say = |key: &str, values: &[(&str, fluent_bundle::FluentValue<'_>)]| {
        desk.say(&format!("admin-goods-why-{key}"), values)
    };
    let sku_value = |sku: &rules::text::Sku| ("sku", sku.to_string().into());
    let (text, href) = match reason {
        Reason::Draft => (say("draft", &[]), "#status".to_owned()),
        Reason::Archived => (say("archived", &[]), "#status".to_owned()),
        Reason::NoVariant => (say("no-variant", &[]), "#variants".to_owned()),
        Reason::NoActiveVariant => (say("no-active-variant", &[]), "#variants".to_owned()),
        Reason::SoldOut => (say("sold-out", &[]), first_stock(desk, product)),
        Reason::AllHeld { held } => (say("all-held", &[("held", (*held).into())]), first_stock(desk, product)),
        Reason::VariantSoldOut { sku } => (say("variant-sold-out", &[sku_value(sku)]), stock(sku)),
        Reason::VariantHeld { sku, held } => {
            (say("variant-held", &[sku_value(sku), ("held", (*held).into())]), stock(sku))
        }
        Reason::VariantShort { sku, short } => {
            (say("variant-short", &[sku_value(sku), ("short", (*short).into())]), stock(sku))
        }
        Reason::NoPrice { sku } => (say("no-price", &[sku_value(sku)]), "#variants".to_owned()),
        Reason::TooCheapAlone { sku } => (say("too-cheap", &[sku_value(sku)]), "#variants".to_owned()),
        Reason::ShipsLater => {
            (say("ships-later", &[("day", product.ships_from.clone().into())]), "#ships_from".to_owned())
        }
        Reason::Untitled { language: tag } => {
            (say("untitled", &[("language", language(tag).into())]), format!("#title.{tag}"))
        }
        Reason::Undescribed { language: tag } => {
            (say("undescribed", &[("language", language(tag).into())]), format!("#description.{tag}"))
        }
        Reason::NoPicture => (say("no-picture", &[]), "#pictures".to_owned()),
        Reason::PictureUnsaid { number } => {
            (say("picture-unsaid", &[("number", (*number as i64).into())]), "#pictures".to_owned())
        }
    };
    context! { text, href }
}

fn first_stock(desk: &Desk, product: &Product) -> String {
    product.variants.first().map_or_else(|| "#variants".to_owned(), |variant| sku_href(desk, variant.sku.as_str()))
}

fn typed_value(typed: &Typed) -> Value {
    let options = typed.options.iter().map(|option| {
        context! {
            name => &option.name, values_en => &option.values_en, values_zh => &option.values_zh,
        }
    });
    let mut specs = typed.specs.clone().unwrap_or_default();
    specs.resize((specs.len() + SPECS_FREE).min(SPECS_MAX), TypedSpec::default());
    let specs = specs.iter().map(|spec| {
        context! {
            name_en => &spec.name_en, name_zh => &spec.name_zh, value_en => &spec.value_en, value_zh => &spec.value_zh,
        }
    });
    let variants = typed.variants.iter().map(|row| {
        context! {
            sku => &row.sku, price => &row.price, compare_at => &row.compare_at, weight => &row.weight,
            active => row.active, values => row.values.iter().map(Value::from).collect::<Vec<_>>(),
        }
    });
    context! {
        revision => &typed.revision, slug => &typed.slug,
        title_en => &typed.title_en, title_zh => &typed.title_zh,
        description_en => &typed.description_en, description_zh => &typed.description_zh,
        ships_from => &typed.ships_from, tax_class => &typed.tax_class,
        specs => specs.collect::<Vec<_>>(), options => options.collect::<Vec<_>>(),
        variants => variants.collect::<Vec<_>>(),
    }
}

/// How a search engine would probably show it, in both languages.
fn preview(desk: &Desk, typed: &Typed) -> Vec<Value> {
    let shown = |language: Language, title: &str, description: &str| {
        let title = if title.trim().is_empty() { &typed.title_en } else { title };
        let url = format!("{}{}/products/{}", desk.shop.config.base_url, language.prefix(), typed.slug);
        context! {
            lang => language.tag(), url, title => format!("{} · {}", title.trim(), desk.settings.name(language)),
            summary => seo::summary(description),
        }
    };
    desk.settings
        .languages
        .iter()
        .map(|language| match language {
            Language::En => shown(*language, &typed.title_en, &typed.description_en),
            Language::ZhCn => shown(*language, &typed.title_zh, &typed.description_zh),
        })
        .collect()
}
