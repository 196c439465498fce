//! What saving a product takes: what can be said against it, and the statements of one transaction.

use std::collections::{BTreeMap, BTreeSet};

use rules::ids::ProductId;
use rules::text::Sku;
use rules::time::Timestamp;

use super::{Localized, NewProduct, NewVariant, Product, SaveError, Saved, search, to_json};
use crate::storage::Value;
use crate::values;

/// What can be said against a product without looking at the others.
pub fn check(new: &NewProduct) -> Result<(), SaveError> {
    if new.variants.is_empty() {
        return Err(SaveError::NoVariants);
    }
    let mut seen = BTreeSet::new();
    match new.variants.iter().find(|variant| !seen.insert(&variant.sku)) {
        Some(twice) => Err(SaveError::SkuTwice { sku: twice.sku.clone() }),
        None => Ok(()),
    }
}

/// The first item number of `new` that belongs to another product, and that product's slug.
pub fn foreign<'a>(new: &'a NewProduct, owners: &'a BTreeMap<String, String>) -> Option<(&'a Sku, &'a str)> {
    let owner = |variant: &'a NewVariant| Some((&variant.sku, owners.get(variant.sku.as_str())?.as_str()));
    new.variants.iter().filter_map(owner).find(|(_, slug)| *slug != new.slug)
}

pub fn outcome(stands: Option<&Product>, new: &NewProduct) -> Saved {
    match stands {
        None => Saved::New,
        Some(stands) if stands.equals(new) => Saved::Unchanged,
        Some(_) => Saved::Changed,
    }
}

/// A variant that came to belong to another product in the meantime is left to it.
const PUT_VARIANT: &str = "
    insert into variants (sku, product_id, position, title, options, price_minor, compare_at_minor, weight_grams, active)
    values ($1, $2, $3, $4, $5, $6, $7, $8, 1)
    on conflict (sku) do update set position = excluded.position, title = excluded.title, options = excluded.options,
        price_minor = excluded.price_minor, compare_at_minor = excluded.compare_at_minor,
        weight_grams = excluded.weight_grams, active = 1
    where variants.product_id = excluded.product_id";

/// Nothing, when the address was taken in the meantime.
const MAKE_PRODUCT: &str = "
    insert into products (id, slug, status, title, description, options, position, image, ships_from, tax_class,
        created_at, updated_at, revision, specs)
    values ($1, $2, $3, $4, $5, $6, (select coalesce(max(position), 0) + 1 from products),
        coalesce($7, ''), coalesce($8, ''), coalesce($9, 'standard'), $10, $10, $10, coalesce($11, '[]'))
    on conflict (slug) do nothing returning id";

/// Nothing, when it is not as it was read.
const CHANGE_PRODUCT: &str = "
    update products set status = $2, title = $3, description = $4, options = $5, image = coalesce($6, image),
        ships_from = coalesce($7, ships_from), tax_class = coalesce($8, tax_class), updated_at = $9,
        specs = coalesce($11, specs), revision = revision + 1
    where id = $1 and revision = coalesce($10, revision) returning id";

const PUT_COLLECTION: &str = "
    insert into collections (slug, title, description, position, revision)
    values ($1, $2, $3, (select coalesce(max(position), 0) + 1 from collections), $4)
    on conflict (slug) do nothing";

/// What saving `new` over what stands takes, for one transaction. The first makes or changes the product itself, and returns
/// a row if it is as it was read: none for `revision` is whatever stands.
pub fn statements(
    stands: Option<&Product>,
    new: &NewProduct,
    revision: Option<i64>,
    now: Timestamp,
) -> Vec<(&'static str, Vec<Value>)> {
    let id = stands.map_or_else(|| draw_id(now), |product| product.id).to_string();
    let texts = (to_json(&new.title), to_json(&new.description), to_json(&new.options));
    let tax_class = new.tax_class.as_ref().map(|class| class.as_str().to_owned());
    let (status, image, ships_from) = (new.status.as_str(), new.image.clone(), new.ships_from.clone());
    let (title, description, options) = texts;
    let specs = new.specs.as_ref().map(to_json);
    let mut statements = vec![match stands {
        None => {
            let slug = new.slug.as_str();
            let row = values![
                id.as_str(),
                slug,
                status,
                title,
                description,
                options,
                image,
                ships_from,
                tax_class,
                now.micros(),
                specs
            ];
            (MAKE_PRODUCT, row)
        }
        Some(_) => {
            let row = values![
                id.as_str(),
                status,
                title,
                description,
                options,
                image,
                ships_from,
                tax_class,
                now.micros(),
                revision,
                specs
            ];
            (CHANGE_PRODUCT, row)
        }
    }];
    let retire = "update variants set active = 0 where product_id = $1 and not (sku {in $2})";
    statements.push((retire, values![id.as_str(), skus_of(new)]));
    for (position, variant) in new.variants.iter().enumerate() {
        let sku = variant.sku.as_str();
        let row = values![
            sku,
            id.as_str(),
            position as i64,
            to_json(&variant.title),
            to_json(&variant.options),
            variant.price_minor,
            variant.compare_at_minor,
            variant.weight_grams,
        ];
        statements.push((PUT_VARIANT, row));
        let level =
            "insert into stock_levels (sku, on_hand, held, seq) values ($1, 0, 0, 0) on conflict (sku) do nothing";
        statements.push((level, values![sku]));
    }
    statements.extend(search::statements(&id, new));
    if let Some(slugs) = &new.collections {
        statements.push(("delete from collection_products where product_id = $1", values![id.as_str()]));
        for slug in slugs {
            let title = Localized::of(&[("en", &words(slug))]);
            statements.push(put_collection(slug, &title, &Localized::default(), now));
            let join = "insert into collection_products (collection_slug, product_id) values ($1, $2)
                on conflict (collection_slug, product_id) do nothing";
            statements.push((join, values![slug.as_str(), id.as_str()]));
        }
    }
    statements
}

/// Makes a collection unless it stands.
pub fn put_collection(
    slug: &str,
    title: &Localized,
    description: &Localized,
    now: Timestamp,
) -> (&'static str, Vec<Value>) {
    (PUT_COLLECTION, values![slug, to_json(title), to_json(description), now.micros()])
}

/// `tea-cups` → `Tea cups`.
fn words(slug: &str) -> String {
    let spaced = slug.replace(['-', '_'], " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A UUIDv7 of the moment that was handed in, so that ids sort as the shop's clock says.
fn draw_id(now: Timestamp) -> ProductId {
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    let nanos = u32::try_from(now.micros().rem_euclid(1_000_000)).unwrap_or(0) * 1_000;
    let moment = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos);
    ProductId::from_u128(uuid::Uuid::new_v7(moment).as_u128())
}

pub fn skus_of(new: &NewProduct) -> Vec<String> {
    new.variants.iter().map(|variant| variant.sku.to_string()).collect()
}
