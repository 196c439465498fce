//! What a listing filters, sorts and counts by: every variant on offer, in one read. The goods of the page that is
//! shown are read afterwards, so that nobody reads descriptions in order to count prices.

use std::collections::BTreeMap;

use rules::stock::available;
use rules::time::Timestamp;

use super::{Localized, from_json};
use crate::storage::{Result, RowExt, Storage};
use crate::values;

/// A product as a listing weighs it; in the order of the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub product_id: String,
    pub created_at: i64,
    pub offers: Vec<Offer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub price_minor: i64,
    pub available: i64,
    pub options: BTreeMap<String, Localized>,
}

/// A due hold counts as free, as everywhere.
const OFFERS: &str = "
    select p.id, p.created_at, v.price_minor, v.options,
        coalesce(s.on_hand, 0), coalesce(s.held, 0), coalesce(s.short, 0),
        cast(coalesce(d.due, 0) as bigint)
    from products p
    join variants v on v.product_id = p.id and v.active = 1
    left join stock_levels s on s.sku = v.sku
    left join (
        select l.sku as sku, sum(l.quantity) as due
        from orders o join order_lines l on l.order_id = o.id
        where o.hold = 'live' and o.status = 'pending' and o.hold_due_at <= $1
        group by l.sku) d on d.sku = v.sku
    where p.status = 'active'
        and ($2 = '' or exists (
            select 1 from collection_products c where c.product_id = p.id and c.collection_slug = $2))
        and ($3 = 0 or p.id {in $4})
    order by p.position, p.id, v.position, v.sku";

/// Everything on offer, or in a collection.
pub async fn placed(storage: &Storage, collection: &str, now: Timestamp) -> Result<Vec<Placed>> {
    read(storage, collection, None, now).await
}

/// Of these products those on offer, in the order of the ids.
pub async fn placed_of(storage: &Storage, ids: Vec<String>, now: Timestamp) -> Result<Vec<Placed>> {
    let order: BTreeMap<String, usize> = ids.iter().enumerate().map(|(at, id)| (id.clone(), at)).collect();
    let mut placed = read(storage, "", Some(ids), now).await?;
    placed.sort_by_key(|placed| order.get(&placed.product_id).copied());
    Ok(placed)
}

async fn read(storage: &Storage, collection: &str, ids: Option<Vec<String>>, now: Timestamp) -> Result<Vec<Placed>> {
    let is_chosen = ids.is_some();
    let parameters = values![now.micros(), collection, is_chosen, ids.unwrap_or_default()];
    let mut placed: Vec<Placed> = Vec::new();
    for row in &storage.read(OFFERS, parameters).await? {
        if placed.last().is_none_or(|last| last.product_id != row.text(0)) {
            placed.push(Placed { product_id: row.text(0).to_owned(), created_at: row.int(1), offers: Vec::new() });
        }
        let (on_hand, held, short, due) = (row.int(4), row.int(5), row.int(6), row.int(7));
        let offer = Offer {
            price_minor: row.int(2),
            available: available(on_hand, held, short, due),
            options: from_json(row.text(3))?,
        };
        placed.last_mut().expect("pushed above").offers.push(offer);
    }
    Ok(placed)
}
