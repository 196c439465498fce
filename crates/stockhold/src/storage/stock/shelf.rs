//! The shelf: every variant with what is there of it, by item number. What is low, gone, held or missing can be asked for.

use rules::stock::available;
use rules::text::Sku;
use rules::time::Timestamp;

use crate::storage::books::parsed;
use crate::storage::products::{Localized, search};
use crate::storage::{Result, Row, RowExt, Storage, StorageError};
use crate::values;

/// Rows a page of the shelf may have.
pub const LIMIT_MAX: i64 = 500;

/// One variant on the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub sku: Sku,
    pub slug: String,
    pub product: Localized,
    pub variant: Localized,
    /// The product's: `draft`, `active`, `archived`.
    pub status: String,
    pub active: bool,
    pub on_hand: i64,
    pub held: i64,
    pub short: i64,
    pub revision: i64,
    /// What a buyer can get now: a hold that is due counts as free.
    pub available: i64,
}

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    #[default]
    All,
    /// Few are left, or none.
    Low,
    Out,
    Held,
    Short,
}

#[derive(Debug, Clone, Default)]
pub struct ShelfQuery {
    /// The beginning of an item number, or words of a title.
    pub q: String,
    pub which: Which,
    /// A collection's slug; empty: any.
    pub collection: String,
    /// The item number that the page before ended with.
    pub after: String,
    pub limit: i64,
    /// So many, and fewer, are few.
    pub few: i64,
}

impl Which {
    pub const ALL: [Which; 5] = [Which::All, Which::Low, Which::Out, Which::Held, Which::Short];

    pub fn as_str(self) -> &'static str {
        match self {
            Which::All => "all",
            Which::Low => "low",
            Which::Out => "out",
            Which::Held => "held",
            Which::Short => "short",
        }
    }

    pub fn parse(text: &str) -> Option<Which> {
        Which::ALL.into_iter().find(|which| which.as_str() == text)
    }
}

const SHELF: &str = "
    select v.sku, p.slug, p.title, v.title, p.status, v.active, s.on_hand, s.held, s.short, s.revision,
        cast(coalesce(d.due, 0) as bigint)
    from variants v
    join products p on p.id = v.product_id
    join stock_levels s on s.sku = v.sku
    left join (
        select l.sku as sku, sum(l.quantity) as due
        from orders o join order_lines l on l.order_id = o.id
        where o.hold = 'live' and o.status = 'pending' and o.hold_due_at <= $1
        group by l.sku) d on d.sku = v.sku
    where v.sku > $2
        and ($3 = '' or lower(v.sku) like $3 escape '!' or p.id {in $4})
        and ($5 = 'all'
            or ($5 = 'low' and s.on_hand - s.held <= $6 and v.active = 1 and p.status <> 'archived')
            or ($5 = 'out' and s.on_hand - s.held < 1 and v.active = 1 and p.status <> 'archived')
            or ($5 = 'held' and s.held > 0)
            or ($5 = 'short' and s.short > 0))
        and ($7 = '' or exists (
            select 1 from collection_products c where c.product_id = p.id and c.collection_slug = $7))
    order by v.sku limit $8";

/// The statement by which the list is read, and the index of what is due, so that a test can look at its plan.
pub const LISTS: &[(&str, &str)] = &[(SHELF, "orders_live")];

/// One page, and the item number that the next one begins after.
pub async fn list(storage: &Storage, query: &ShelfQuery, now: Timestamp) -> Result<(Vec<Place>, Option<String>)> {
    let limit = query.limit.clamp(1, LIMIT_MAX);
    let q = query.q.trim().to_lowercase();
    let found: Vec<String> = match q.as_str() {
        "" => Vec::new(),
        _ => search::find_any(storage, &q).await?.into_iter().map(|hit| hit.product_id).collect(),
    };
    let beginning = match q.as_str() {
        "" => String::new(),
        _ => q.replace('!', "!!").replace('%', "!%").replace('_', "!_") + "%",
    };
    let (after, which, collection) = (query.after.as_str(), query.which.as_str(), query.collection.as_str());
    let parameters = values![now.micros(), after, beginning, found, which, query.few, collection, limit + 1];
    let mut places = storage.read(SHELF, parameters).await?.iter().map(place).collect::<Result<Vec<Place>>>()?;
    let is_more = places.len() as i64 > limit;
    places.truncate(limit as usize);
    let next = places.last().filter(|_| is_more).map(|last| last.sku.to_string());
    Ok((places, next))
}

/// These item numbers, in their order; those that are not known are left out.
pub async fn of(storage: &Storage, skus: Vec<String>) -> Result<Vec<Place>> {
    let sql = "select v.sku, p.slug, p.title, v.title, p.status, v.active, s.on_hand, s.held, s.short, s.revision,
            cast(0 as bigint)
        from variants v join products p on p.id = v.product_id join stock_levels s on s.sku = v.sku
        where v.sku {in $1} order by v.sku";
    storage.read(sql, values![skus]).await?.iter().map(place).collect()
}

fn place(row: &Row) -> Result<Place> {
    let (on_hand, held, short, due) = (row.int(6), row.int(7), row.int(8), row.int(10));
    Ok(Place {
        sku: parsed(Sku::parse(row.text(0)))?,
        slug: row.text(1).to_owned(),
        product: localized(row.text(2))?,
        variant: localized(row.text(3))?,
        status: row.text(4).to_owned(),
        active: row.int(5) == 1,
        on_hand,
        held,
        short,
        revision: row.int(9),
        available: available(on_hand, held, short, due),
    })
}

fn localized(json: &str) -> Result<Localized> {
    serde_json::from_str(json).map_err(|error| StorageError::Broken(format!("a stored title is not JSON: {error}")))
}
