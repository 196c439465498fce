//! Takes a product away. What was ever in stock or ordered is history: then the product is archived instead, and every
//! order, movement and letter keeps its name.

use rules::time::Timestamp;

use super::Product;
use crate::storage::{Result, Storage, StorageError};
use crate::values;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Nothing ever named it; it is gone.
    Removed,
    /// It has a history: it is off the shelves, and kept.
    Archived,
    /// Somebody changed it since it was read.
    NotAsRead,
}

/// Whether any of its item numbers ever moved. Whatever is ordered was received before, so movements tell of orders and
/// holds too; the keys of the database stand behind this.
pub async fn has_history(storage: &Storage, product: &Product) -> Result<bool> {
    let sql = "select 1 from variants v join stock_levels s on s.sku = v.sku
        where v.product_id = $1 and (s.seq > 0 or s.held > 0 or s.revision > 0) limit 1";
    Ok(!storage.read(sql, values![product.id.to_string()]).await?.is_empty())
}

pub async fn remove(storage: &Storage, product: &Product, now: Timestamp) -> Result<Removal> {
    let id = product.id.to_string();
    if !has_history(storage, product).await? {
        let unmoved = "update products set revision = revision + 1 where id = $1 and revision = $2 and not exists (
                select 1 from variants v join stock_levels s on s.sku = v.sku
                where v.product_id = $1 and (s.seq > 0 or s.held > 0 or s.revision > 0)) returning id";
        let skus = "delete from stock_requests where sku in (select sku from variants where product_id = $1)";
        let gone = vec![
            (skus, values![id.as_str()]),
            ("delete from product_images where product_id = $1", values![id.as_str()]),
            ("delete from product_tokens where product_id = $1", values![id.as_str()]),
            // The empty levels go with them; a level that moved refuses, and all of this with it.
            ("delete from variants where product_id = $1", values![id.as_str()]),
            ("delete from products where id = $1", values![id.as_str()]),
        ];
        match storage.write_guarded(vec![(unmoved, values![id.as_str(), product.revision])], gone).await {
            Ok(None) => return Ok(Removal::Removed),
            // Goods came or were ordered in this very moment; or somebody edited it, which archiving finds out.
            Ok(Some(_)) | Err(StorageError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let archived = super::bulk::set_status(storage, product, super::ProductStatus::Archived, now).await?;
    Ok(if archived { Removal::Archived } else { Removal::NotAsRead })
}
