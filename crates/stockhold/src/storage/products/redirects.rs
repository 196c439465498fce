//! Old addresses of products: whoever has one is led to where the product stands now.
//!
//! A redirect names the product, not an address, so that chains collapse by themselves. A product that has an address now
//! is found there first: an old address that a new product took belongs to the new one.

use rules::ids::ProductId;

use crate::storage::{Result, RowExt, Storage, Value};
use crate::values;

/// Where the product of this old address stands now.
pub async fn find(storage: &Storage, slug: &str) -> Result<Option<String>> {
    let sql = "select p.slug from product_redirects r join products p on p.id = r.product_id
        where r.slug = $1 and p.slug <> $1";
    Ok(storage.read(sql, values![slug]).await?.first().map(|row| row.text(0).to_owned()))
}

/// The old addresses of a product, the latest first.
pub async fn of(storage: &Storage, product: ProductId) -> Result<Vec<String>> {
    let sql = "select slug from product_redirects where product_id = $1 order by made_at desc, slug";
    Ok(storage.read(sql, values![product.to_string()]).await?.iter().map(|row| row.text(0).to_owned()).collect())
}

/// What a move from one address to another leaves behind, for the transaction that moves it.
pub(super) fn statements(product: &str, from: &str, to: &str, now_micros: i64) -> Vec<(&'static str, Vec<Value>)> {
    let put = "insert into product_redirects (slug, product_id, made_at) values ($1, $2, $3)
        on conflict (slug) do update set product_id = excluded.product_id, made_at = excluded.made_at";
    vec![("delete from product_redirects where slug = $1", values![to]), (put, values![from, product, now_micros])]
}
