//! The demo's goods: Harbour Kiln / 海港窑, a shop for tea ware.

use std::collections::BTreeMap;

use rules::money::Currency;
use rules::text::Sku;
use serde::Deserialize;

use super::sheet::{Decimal, amount};
use super::{ImportError, Storeroom, receive};
use crate::storage::products::{self, Localized, NewProduct, NewVariant, ProductStatus, edit};

const GOODS: &str = include_str!("../../assets/demo/goods.json");
const CURRENCY: &str = "USD";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Goods {
    collections: Vec<DemoCollection>,
    /// What the variants' values are called.
    values: BTreeMap<String, Localized>,
    products: Vec<DemoProduct>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoCollection {
    slug: String,
    title: Localized,
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
    let collections = goods.collections.iter().map(|made| edit::put_collection(&made.slug, &made.title));
    room.storage.write_many(collections.collect()).await?;
    let slugs = goods.products.iter().map(|product| product.slug.clone()).collect();
    let stand = products::by_slugs(room.storage, slugs, room.now).await?;
    let mut stock = Vec::new();
    let mut statements = Vec::new();
    for product in &goods.products {
        if !stand.iter().any(|stands| stands.slug == product.slug) {
            statements.extend(edit::statements(None, &product.to_product(&goods.values), room.now));
        }
        let in_stock = product.variants.iter().filter(|variant| variant.stock > 0);
        stock.extend(in_stock.map(|variant| (variant.sku(), variant.stock)));
    }
    room.storage.write_many(statements).await?;
    receive(room, "demo", &stock).await
}

fn goods() -> Goods {
    serde_json::from_str(GOODS).expect("a test reads the demo's goods")
}

impl DemoProduct {
    fn to_product(&self, values: &BTreeMap<String, Localized>) -> NewProduct {
        NewProduct {
            tax_class: None,
            slug: self.slug.clone(),
            status: ProductStatus::Active,
            title: self.title.clone(),
            description: self.description.clone(),
            options: self.options.clone(),
            image: Some(self.image.clone()),
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
        let skus: std::collections::BTreeSet<&str> = variants.iter().map(|variant| variant.sku.as_str()).collect();
        assert_eq!(skus.len(), variants.len(), "no item number twice");
    }

    #[test]
    fn everything_of_the_demo_is_said_in_both_languages() {
        let goods = goods();
        let both = |text: &Localized| ["en", "zh-CN"].iter().all(|tag| text.0.get(*tag).is_some_and(|t| !t.is_empty()));
        assert!(goods.collections.iter().all(|collection| both(&collection.title)));
        assert!(goods.values.values().all(both));
        for product in &goods.products {
            let new = product.to_product(&goods.values);
            assert!(both(&new.title) && both(&new.description), "{}", new.slug);
            assert!(new.variants.iter().all(|variant| variant.options.len() == new.options.len()), "{}", new.slug);
            assert!(new.collections.iter().flatten().all(|slug| goods.collections.iter().any(|c| c.slug == *slug)));
            assert!(product.options.iter().all(|name| {
                let words = crate::language::Words::built_in();
                words.has(crate::language::Language::ZhCn, &format!("option-{}", name.to_lowercase()))
            }));
        }
    }
}
