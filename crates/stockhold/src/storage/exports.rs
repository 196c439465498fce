//! Orders and stock as an export reads them: a page at a time, so that memory does not grow with the shop.

use std::collections::BTreeMap;

use rules::time::Timestamp;

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
/// A hold that is due counts as free, as everywhere.
const LEVELS: &str = "select s.sku, p.slug, p.title, v.title, s.on_hand, s.held, s.short,
        cast(coalesce(d.due, 0) as bigint)
    from stock_levels s join variants v on v.sku = s.sku join products p on p.id = v.product_id
    left join (
        select l.sku as sku, sum(l.quantity) as due
        from orders o join order_lines l on l.order_id = o.id
        where o.hold = 'live' and o.status = 'pending' and o.hold_due_at <= $3
        group by l.sku) d on d.sku = s.sku
    where s.sku > $1 order by s.sku limit $2";
/// What is written off was missing from the shelf before: it changes the books, and not the shelf.
const SINCE: &str = "select s.sku, s.on_hand, s.held, s.short, s.revision,
        cast(coalesce(m.delta, 0) - coalesce(f.units, 0) as bigint),
        cast(coalesce(m.by_shop, 0) as bigint), cast(coalesce(m.by_hand, 0) + coalesce(f.found, 0) as bigint),
        (select first.moved_at from movements first where first.sku = s.sku and first.seq = 1)
    from stock_levels s
    left join (
        select sku, sum(case when reason = 'shortfall' then 0 else delta end) as delta,
            sum(case when reason = 'sold' or reason = 'restocked' then delta else 0 end) as by_shop,
            sum(case when reason = 'sold' or reason = 'restocked' or reason = 'shortfall' then 0 else 1 end) as by_hand
        from movements where sku {in $1} and moved_at > $2 group by sku) m on m.sku = s.sku
    left join (
        select sku, sum(units) as units, count(*) as found
        from shortfalls where sku {in $1} and noted_at > $2 group by sku) f on f.sku = s.sku
    where s.sku {in $1}";

/// Orders with numbers above `after`.
pub async fn orders(storage: &Storage, after: i64, limit: i64) -> Result<OrderRows> {
    let orders = storage.read(ORDERS, values![after, limit]).await?;
    let ids: Vec<String> = orders.iter().map(|row| row.text(1).to_owned()).collect();
    let lines = if ids.is_empty() { Vec::new() } else { storage.read(LINES, values![ids]).await? };
    Ok(OrderRows { orders, lines })
}

/// A level, and what became of it since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelSince {
    pub on_hand: i64,
    pub held: i64,
    pub short: i64,
    /// How many times it was changed by hand.
    pub revision: i64,
    /// By how much there is more on the shelf than at that moment, and how much of it is the shop's own: sold and restocked.
    pub change: i64,
    pub by_shop: i64,
    /// Somebody changed it by hand since.
    pub by_hand: bool,
    /// Nothing had ever moved at that moment.
    pub is_new: bool,
}

impl LevelSince {
    /// What somebody who looked at that moment should have found.
    pub fn on_shelf_then(&self) -> i64 {
        (self.on_hand - self.short - self.change).max(0)
    }

    /// The same, as if all that was done by hand had been done by then.
    pub fn on_shelf_but_for_sales(&self) -> i64 {
        (self.on_hand - self.short - self.by_shop).max(0)
    }
}

/// Levels of item numbers above `after`, with what they are called.
pub async fn levels(storage: &Storage, after: &str, limit: i64, now: Timestamp) -> Result<Vec<Row>> {
    storage.read(LEVELS, values![after, limit, now.micros()]).await
}

/// What is there of these item numbers, and what became of it since that moment.
pub async fn levels_since(
    storage: &Storage,
    skus: Vec<String>,
    moment: Timestamp,
) -> Result<BTreeMap<String, LevelSince>> {
    let level = |row: &Row| LevelSince {
        on_hand: row.int(1),
        held: row.int(2),
        short: row.int(3),
        revision: row.int(4),
        change: row.int(5),
        by_shop: row.int(6),
        by_hand: row.int(7) > 0,
        is_new: row.int_or_none(8).is_none_or(|first| first > moment.micros()),
    };
    let rows = storage.read(SINCE, values![skus, moment.micros()]).await?;
    Ok(rows.iter().map(|row| (row.text(0).to_owned(), level(row))).collect())
}

/// Of these counts, those that have been made.
pub async fn counted_before(storage: &Storage, ids: Vec<String>) -> Result<Vec<String>> {
    let rows = storage.read("select command_id from movements where command_id {in $1}", values![ids]).await?;
    Ok(rows.iter().map(|row| row.text(0).to_owned()).collect())
}
