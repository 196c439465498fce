//! Pictures of products: which there are and what they show. The files lie in the data folder.

use rules::ids::ProductId;

use super::{Localized, from_json, to_json};
use crate::storage::{Result, Row, RowExt, Storage, Value};
use crate::values;

/// One picture of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Of what was uploaded: the name of its files.
    pub digest: String,
    /// The variant it shows; empty: all of them.
    pub sku: String,
    pub alt: Localized,
    pub width: i64,
    pub height: i64,
    /// The ground it stands on, as the style sheet calls it.
    pub tint: String,
    /// Whether the ground shines through.
    pub see_through: bool,
}

impl Image {
    /// The same picture of the same goods, whatever each says of it.
    pub fn is_same(&self, other: &Image) -> bool {
        self.digest == other.digest && self.sku == other.sku
    }
}

/// What became of a wish to hang a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hung {
    Now,
    /// The same picture of the same goods hung there, and hangs as it did.
    Already,
    NoProduct,
}

pub(super) const OF_PRODUCTS: &str = "
    select product_id, digest, sku, alt, width, height, tint, see_through from product_images
    where product_id {in $1} order by product_id, position";

const PUT: &str = "
    insert into product_images (product_id, position, digest, sku, alt, width, height, tint, see_through)
    values ($1, (select coalesce(max(position), 0) + 1 from product_images where product_id = $1),
        $2, $3, $4, $5, $6, $7, $8)";

pub(super) fn read(row: &Row) -> Result<Image> {
    Ok(Image {
        digest: row.text(1).to_owned(),
        sku: row.text(2).to_owned(),
        alt: from_json(row.text(3))?,
        width: row.int(4),
        height: row.int(5),
        tint: row.text(6).to_owned(),
        see_through: row.int(7) == 1,
    })
}

/// Pictures are part of their product: whoever changes them has read it.
const RAISE: &str = "
    update products set revision = revision + 1 where id = $1 and revision = coalesce($2, revision) returning id";

/// Finds a row while this picture does not hang as one of these goods.
const MISSING: &str = "
    select 1 where not exists (select 1 from product_images where product_id = $1 and digest = $2 and sku = $3)";

/// Hangs a picture behind those that are there, once.
pub async fn add(storage: &Storage, product: ProductId, image: &Image) -> Result<Hung> {
    // The product first: it is locked, so of two who hang the same picture the second looks when the first one's hangs.
    let guards = vec![
        (RAISE, values![product.to_string(), None::<i64>]),
        (MISSING, values![product.to_string(), image.digest.as_str(), image.sku.as_str()]),
    ];
    Ok(match storage.write_guarded(guards, vec![put(product, image)]).await? {
        None => Hung::Now,
        Some(0) => Hung::NoProduct,
        Some(_) => Hung::Already,
    })
}

/// These pictures, in this order, and no others, if the product is as it was read; false when it is not. No revision:
/// whatever stands.
pub async fn replace(storage: &Storage, product: ProductId, images: &[Image], revision: Option<i64>) -> Result<bool> {
    let mut statements = vec![("delete from product_images where product_id = $1", values![product.to_string()])];
    statements.extend(images.iter().map(|image| put(product, image)));
    let guard = vec![(RAISE, values![product.to_string(), revision])];
    Ok(storage.write_guarded(guard, statements).await?.is_none())
}

/// A picture with this digest, whichever product's.
pub async fn find(storage: &Storage, digest: &str) -> Result<Option<Image>> {
    let sql = "select product_id, digest, sku, alt, width, height, tint, see_through from product_images
        where digest = $1 order by product_id, position limit 1";
    storage.read(sql, values![digest]).await?.first().map(read).transpose()
}

fn put(product: ProductId, image: &Image) -> (&'static str, Vec<Value>) {
    let row = values![
        product.to_string(),
        image.digest.as_str(),
        image.sku.as_str(),
        to_json(&image.alt),
        image.width,
        image.height,
        image.tint.as_str(),
        image.see_through,
    ];
    (PUT, row)
}
