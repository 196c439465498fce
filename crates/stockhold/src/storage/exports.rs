//! Orders and stock as an export reads them: a page at a time, so that memory does not grow with the shop.

use std::collections::BTreeMap;

use super::{Result, Row, RowExt, Storage};
use crate::values;

/// A page of orders and of their lines; what came back by refunds is in each order's row.
#[derive(Debug)]
pub struct OrderRows {
    pub orders: Vec<Row>,
    pub lines: Vec<Row>,
}

const ORDERS: &str = "select number, id, status, fulfilment, email, language, shipping_address, destination, coupon,
        currency, subtotal_minor, discount_minor, shipping_minor, tax_minor, taxation, total_minor, reserved_at, paid_at,
        cancelled_at,
        (select coalesce(cast(sum(p.refunded_minor) as bigint), 0) from payments p where p.order_id = orders.id)
    from orders where number > $1 order by number limit $2";
const LINES: &str = "select order_id, sku, title, variant_title, quantity, unit_price_minor, discount_minor, tax_minor,
        total_minor, shipped, cancelled
    from order_lines where order_id {in $1} order by order_id, line_no";
const LEVELS: &str = "select s.sku, p.slug, p.title, v.title, s.on_hand, s.held
    from stock_levels s join variants v on v.sku = s.sku join products p on p.id = v.product_id
    where s.sku > $1 order by s.sku limit $2";

/// Orders with numbers above `after`.
pub async fn orders(storage: &Storage, after: i64, limit: i64) -> Result<OrderRows> {
    let orders = storage.read(ORDERS, values![after, limit]).await?;
    let ids: Vec<String> = orders.iter().map(|row| row.text(1).to_owned()).collect();
    let lines = if ids.is_empty() { Vec::new() } else { storage.read(LINES, values![ids]).await? };
    Ok(OrderRows { orders, lines })
}

/// Levels of item numbers above `after`, with what they are called.
pub async fn levels(storage: &Storage, after: &str, limit: i64) -> Result<Vec<Row>> {
    storage.read(LEVELS, values![after, limit]).await
}

/// What is on hand and held of these item numbers.
pub async fn levels_of(storage: &Storage, skus: Vec<String>) -> Result<BTreeMap<String, (i64, i64)>> {
    let rows = storage.read("select sku, on_hand, held from stock_levels where sku {in $1}", values![skus]).await?;
    Ok(rows.iter().map(|row| (row.text(0).to_owned(), (row.int(1), row.int(2)))).collect())
}

/// Of these counts, those that have been made.
pub async fn counted_before(storage: &Storage, ids: Vec<String>) -> Result<Vec<String>> {
    let rows = storage.read("select command_id from movements where command_id {in $1}", values![ids]).await?;
    Ok(rows.iter().map(|row| row.text(0).to_owned()).collect())
}
