//! One thing changed for many products. Each is changed by itself, as it was read, and has its own result: one that somebody
//! edits meanwhile keeps nobody else's price.

use rules::text::Sku;
use rules::time::Timestamp;

use super::{Product, ProductStatus};
use crate::storage::{Result, Storage};
use crate::values;

/// False: it is not as it was read, and nothing was changed.
pub async fn set_status(storage: &Storage, product: &Product, status: ProductStatus, now: Timestamp) -> Result<bool> {
    let sql = "update products set status = $3, updated_at = $4, revision = revision + 1
        where id = $1 and revision = $2 returning id";
    let parameters = values![product.id.to_string(), product.revision, status.as_str(), now.micros()];
    Ok(!storage.write(sql, parameters).await?.is_empty())
}

/// New prices for some of its variants. False: it is not as it was read, and nothing was changed.
pub async fn set_prices(storage: &Storage, product: &Product, prices: &[(Sku, i64)], now: Timestamp) -> Result<bool> {
    let sql = "update products set updated_at = $3, revision = revision + 1
        where id = $1 and revision = $2 returning id";
    let guard = vec![(sql, values![product.id.to_string(), product.revision, now.micros()])];
    let price = "update variants set price_minor = $3 where sku = $1 and product_id = $2";
    let prices = prices.iter().map(|(sku, minor)| (price, values![sku.as_str(), product.id.to_string(), *minor]));
    Ok(storage.write_guarded(guard, prices.collect()).await?.is_none())
}
