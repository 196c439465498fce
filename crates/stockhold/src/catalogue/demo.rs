//! The demo's goods: Harbour Kiln / 海港窑, a shop for tea ware.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rules::money::Currency;
use rules::text::Sku;
use rules::time::{Span, Timestamp};
use serde::Deserialize;
use tokio::sync::watch;

use super::pictures::{PictureError, image};
use super::sheet::{Decimal, amount};
use super::{ImportError, Storeroom, receive};
use crate::media::{Accepted, Media, drawings};
use crate::storage::pages;
use crate::storage::products::images::{self, Image};
use crate::storage::products::{self, Localized, NewProduct, NewVariant, ProductStatus, Spec, edit};

const GOODS: &str = include_str!("../../assets/demo/goods.json");
const CURRENCY: &str = "USD";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Goods {
    collections: Vec<DemoCollection>,
    pages: Vec<DemoPage>,
    /// What the variants' values are called.
    values: BTreeMap<String, Localized>,
    products: Vec<DemoProduct>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoCollection {
    slug: String,
    title: Localized,
    description: Localized,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoPage {
    slug: String,
    title: Localized,
    body: Localized,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoProduct {
    slug: String,
    image: String,
    collections: Vec<String>,
    options: Vec<String>,
    title: Localized,
    description: Localized,
    specs: Vec<Spec>,
    /// A pre-order: days until it is first sent.
    ships_in_days: Option<i64>,
    variants: Vec<DemoVariant>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoVariant {
    sku: String,
    values: Vec<String>,
    price: String,
    compare_at: Option<String>,
    weight_grams: i64,
    stock: i64,
}

/// Saves the goods that do not stand yet and receives their first stock.
pub(super) async fn seed(room: Storeroom<'_>) -> Result<(), ImportError> {
    let goods = goods();
    let collections =
        goods.collections.iter().map(|made| edit::put_collection(&made.slug, &made.title, &made.description, room.now));
    room.storage.write_many(collections.collect()).await?;
    let slugs = goods.products.iter().map(|product| product.slug.clone()).collect();
    let stand = products::by_slugs(room.storage, slugs, room.now).await?;
    let mut stock = Vec::new();
    let mut statements = Vec::new();
    for product in &goods.products {
        if !stand.iter().any(|stands| stands.slug == product.slug) {
            statements.extend(edit::statements(None, &product.to_product(&goods.values, room.now), None, room.now));
        }
        let in_stock = product.variants.iter().filter(|variant| variant.stock > 0);
        stock.extend(in_stock.map(|variant| (variant.sku(), variant.stock)));
    }
    let pages = pages::list(room.storage).await?;
    let missing = goods.pages.iter().filter(|page| pages.iter().all(|stands| stands.slug != page.slug));
    statements.extend(missing.map(|page| pages::make(&page.slug, &page.title, &page.body, None, room.now)));
    room.storage.write_many(statements).await?;
    receive(room, "demo", &stock).await
}

/// Makes true pictures of the drawn goods, through the door that uploads come in by; products that have pictures are
/// left alone. Until a picture is there, its drawing stands in.
pub(super) async fn draw(
    room: Storeroom<'_>,
    media: &Media,
    stopped: &watch::Receiver<bool>,
) -> Result<(), PictureError> {
    let mut drawn: BTreeMap<(&str, &str), Accepted> = BTreeMap::new();
    let slugs = goods().products.into_iter().map(|product| product.slug).collect();
    for product in products::by_slugs(room.storage, slugs, room.now).await? {
        let mut hung: Vec<Image> = Vec::new();
        for variant in product.variants.iter().filter(|_| product.images.is_empty()) {
            let Some(drawing) = drawings::find(&product.image, variant.option_slugs()) else { continue };
            if *stopped.borrow() {
                return Ok(()); // The next start goes on from here.
            }
            if let Entry::Vacant(place) = drawn.entry(drawing) {
                let media = media.clone();
                let accept = move || media.accept(&drawings::png(drawing.0, drawing.1)?);
                let accepted = tokio::task::spawn_blocking(accept).await.map_err(|_| PictureError::Ended)??;
                place.insert(accepted);
            }
            let accepted = &drawn[&drawing];
            if hung.iter().any(|image| image.digest == accepted.digest) {
                continue;
            }
            let alt = |tag: &str| format!("{} · {}", product.title.get(tag), variant.title.get(tag));
            let alt = Localized::of(&[("en", &alt("en")), ("zh-CN", &alt("zh-CN"))]);
            hung.push(image(accepted.clone(), variant.sku.to_string(), alt));
        }
        if !hung.is_empty() {
            images::replace(room.storage, product.id, &hung, None).await?;
        }
    }
    Ok(())
}

fn goods() -> Goods {
    serde_json::from_str(GOODS).expect("a test reads the demo's goods")
}

impl DemoProduct {
    fn to_product(&self, values: &BTreeMap<String, Localized>, now: Timestamp) -> NewProduct {
        let day = self.ships_in_days.map(|days| now + Span::minutes(days * 24 * 60));
        NewProduct {
            tax_class: None,
            slug: self.slug.clone(),
            status: ProductStatus::Active,
            title: self.title.clone(),
            description: self.description.clone(),
            options: self.options.clone(),
            image: Some(self.image.clone()),
            ships_from: day.map(|day| {
                jiff::Timestamp::from_microsecond(day.micros()).unwrap_or_default().strftime("%F").to_string()
            }),
            specs: Some(self.specs.clone()),
            variants: self.variants.iter().map(|variant| variant.variant(&self.options, values)).collect(),
            collections: Some(self.collections.clone()),
        }
    }
}

impl DemoVariant {
    fn sku(&self) -> Sku {
        Sku::parse(&self.sku).expect("a test reads the demo's goods")
    }

    fn variant(&self, options: &[String], values: &BTreeMap<String, Localized>) -> NewVariant {
        let dollars = Currency::parse(CURRENCY).expect("the demo's currency");
        let minor = |price: &String| amount(price, dollars, Decimal::Point).expect("a test reads the demo's goods");
        let named: Vec<&Localized> = self.values.iter().map(|value| &values[value]).collect();
        let title = |tag: &str| named.iter().map(|value| value.get(tag)).collect::<Vec<_>>().join(" · ");
        NewVariant {
            sku: self.sku(),
            title: Localized::of(&[("en", &title("en")), ("zh-CN", &title("zh-CN"))]),
            options: options.iter().cloned().zip(named.iter().map(|value| (*value).clone())).collect(),
            price_minor: minor(&self.price),
            compare_at_minor: self.compare_at.as_ref().map(minor),
            weight_grams: Some(self.weight_grams),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_has_what_its_shelves_promise() {
        let goods = goods();
        let variants: Vec<&DemoVariant> = goods.products.iter().flat_map(|product| &product.variants).collect();
        assert_eq!((goods.products.len(), variants.len(), goods.collections.len()), (24, 60, 3));
        let with =
            |stock: i64| variants.iter().filter(|v| v.stock == stock).map(|v| v.sku.as_str()).collect::<Vec<_>>();
        assert_eq!(with(0).len(), 2, "two are sold out");
        assert_eq!(with(1), ["HK-CUP-120-TEN"], "the last Tenmoku cup");
        assert_eq!(variants.iter().filter(|variant| variant.compare_at.is_some()).count(), 1, "one is on sale");
        let preorders = goods.products.iter().filter(|product| product.ships_in_days.is_some());
        assert_eq!(preorders.count(), 1, "one is a pre-order");
        let skus: std::collections::BTreeSet<&str> = variants.iter().map(|variant| variant.sku.as_str()).collect();
        assert_eq!(skus.len(), variants.len(), "no item number twice");
    }

    #[test]
    fn everything_of_the_demo_is_said_in_both_languages() {
        let goods = goods();
        let both = |text: &Localized| ["en", "zh-CN"].iter().all(|tag| text.0.get(*tag).is_some_and(|t| !t.is_empty()));
        assert!(goods.collections.iter().all(|collection| both(&collection.title) && both(&collection.description)));
        assert!(goods.pages.iter().all(|page| both(&page.title) && both(&page.body)));
        assert!(goods.values.values().all(both));
        for product in &goods.products {
            let new = product.to_product(&goods.values, Timestamp::from_seconds(0));
            assert!(both(&new.title) && both(&new.description), "{}", new.slug);
            assert!(product.specs.iter().all(|spec| both(&spec.name) && both(&spec.value)), "{}", new.slug);
            assert!(new.variants.iter().all(|variant| variant.options.len() == new.options.len()), "{}", new.slug);
            assert!(new.collections.iter().flatten().all(|slug| goods.collections.iter().any(|c| c.slug == *slug)));
            assert!(product.options.iter().all(|name| {
                let words = crate::language::Words::built_in();
                words.has(crate::language::Language::ZhCn, &format!("option-{}", name.to_lowercase()))
            }));
        }
    }
}
