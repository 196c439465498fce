//! Makes or changes a product as its page says: every field, its address, and variants that are kept but not offered.
//!
//! Invariant: one guarded transaction. Whoever read another version, or wants an address that is taken, changes nothing.
//! What names a product by its address (codes that are for it only) moves with it.

use std::collections::BTreeSet;

use rules::text::Sku;
use rules::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Localized, NewProduct, NewVariant, Product, SaveError, Variant, edit, from_json, owners, redirects, variant,
};
use crate::storage::{RowExt, Storage, StorageError, Value};
use crate::values;

/// Tries of a move whose codes somebody changed in the same moment.
const TRIES_MAX: u32 = 3;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    Done,
    /// Somebody changed it since it was read.
    NotAsRead,
    /// Another product has this address.
    SlugTaken,
}

/// Variants of a product that are not offered, in order: kept for their orders, and to be offered again.
pub async fn retired(storage: &Storage, product: &Product) -> Result<Vec<Variant>, StorageError> {
    let sql = "select v.product_id, v.sku, v.title, v.options, v.price_minor, v.compare_at_minor, v.weight_grams,
            coalesce(s.on_hand, 0), coalesce(s.held, 0), cast(0 as bigint), coalesce(s.short, 0)
        from variants v left join stock_levels s on s.sku = v.sku
        where v.active = 0 and v.product_id = $1 order by v.position, v.sku";
    storage.read(sql, values![product.id.to_string()]).await?.iter().map(variant).collect()
}

/// Makes a product; none of `retired` is offered yet.
pub async fn make(storage: &Storage, new: &NewProduct, retired: &[Sku], now: Timestamp) -> Result<Changed, SaveError> {
    edit::check(new)?;
    // The second click of a double click finds them on the product that the first one made.
    refuse_foreign(storage, new, Some(&new.slug)).await?;
    let mut guards = edit::statements(None, new, None, now);
    let mut rest = guards.split_off(1);
    rest.push(retire(new, retired));
    match storage.write_guarded(guards, rest).await {
        Ok(None) => Ok(Changed::Done),
        Ok(Some(_)) | Err(StorageError::Conflict { .. }) => Ok(Changed::SlugTaken),
        Err(error) => Err(error.into()),
    }
}

/// Changes what stands, if it is as it was read. `new` may have another address.
pub async fn change(
    storage: &Storage,
    stands: &Product,
    new: &NewProduct,
    retired: &[Sku],
    now: Timestamp,
) -> Result<Changed, SaveError> {
    edit::check(new)?;
    refuse_foreign(storage, new, Some(&stands.slug)).await?;
    for _ in 0..TRIES_MAX {
        let id = stands.id.to_string();
        let mut guards = edit::statements(Some(stands), new, Some(stands.revision), now);
        let mut rest = guards.split_off(1);
        rest.push(retire(new, retired));
        if new.slug != stands.slug {
            let sql = "update products set slug = $2
                where id = $1 and not exists (select 1 from products where slug = $2) returning id";
            guards.push((sql, values![id.as_str(), new.slug.as_str()]));
            guards.extend(move_codes(storage, &stands.slug, &new.slug).await?);
            rest.extend(redirects::statements(&id, &stands.slug, &new.slug, now.micros()));
        }
        match storage.write_guarded(guards, rest).await {
            Ok(None) => return Ok(Changed::Done),
            Ok(Some(0)) => return Ok(Changed::NotAsRead),
            Ok(Some(1)) | Err(StorageError::Conflict { .. }) => return Ok(Changed::SlugTaken),
            Ok(Some(_)) => {} // A code changed in between: it is read again.
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Changed::NotAsRead)
}

async fn refuse_foreign(storage: &Storage, new: &NewProduct, own: Option<&str>) -> Result<(), SaveError> {
    let owners = owners(storage, edit::skus_of(new)).await?;
    let foreign =
        |variant: &&NewVariant| owners.get(variant.sku.as_str()).is_some_and(|slug| Some(slug.as_str()) != own);
    match new.variants.iter().find(foreign) {
        Some(variant) => {
            Err(SaveError::SkuOfAnother { sku: variant.sku.clone(), slug: owners[variant.sku.as_str()].clone() })
        }
        None => Ok(()),
    }
}

/// What was put on the shelf with the others is taken off it again, in the same transaction.
fn retire(new: &NewProduct, retired: &[Sku]) -> (&'static str, Vec<Value>) {
    let sql = "update variants set active = 0
        where sku {in $1} and product_id = (select id from products where slug = $2)";
    (sql, values![super::texts(retired), new.slug.as_str()])
}

/// What a code is for, as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Targets {
    products: BTreeSet<String>,
    collections: BTreeSet<String>,
}

/// Codes that are for this product only are for it at its new address; each is changed as it was read, or nothing is.
async fn move_codes(storage: &Storage, from: &str, to: &str) -> Result<Vec<(&'static str, Vec<Value>)>, StorageError> {
    let sql = "select code, applies_to from coupons where applies_to like $1 order by code";
    let mut moved = Vec::new();
    for row in storage.read(sql, values![format!("%\"{from}\"%")]).await? {
        let mut targets: Targets = from_json(row.text(1))?;
        if targets.products.remove(from) {
            targets.products.insert(to.to_owned());
            let sql = "update coupons set applies_to = $3, revision = revision + 1
                where code = $1 and applies_to = $2 returning code";
            moved.push((sql, values![row.text(0), row.text(1), super::to_json(&targets)]));
        }
    }
    Ok(moved)
}

/// The text with the words of one language taken out where they are empty: an empty text is no text.
pub fn said(texts: &[(&str, &str)]) -> Localized {
    let said: Vec<(&str, &str)> = texts.iter().copied().filter(|(_, text)| !text.trim().is_empty()).collect();
    Localized::of(&said)
}
