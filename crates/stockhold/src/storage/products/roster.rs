//! Products as their keeper lists them: every status, those without a variant too, by the order of the shelf.

use rules::time::Timestamp;

use super::{Cursor, Page, Product, ProductStatus, by_ids, search};
use crate::storage::{Result, RowExt, Storage};
use crate::values;

/// Which products, and from where on.
#[derive(Debug, Clone, Default)]
pub struct RosterQuery {
    pub q: String,
    pub status: Option<ProductStatus>,
    /// A slug; empty: any.
    pub collection: String,
    pub after: Option<Cursor>,
    pub limit: i64,
}

/// The ids first, then the goods of that one page: as many statements for one product as for ten thousand.
const IDS: &str = "
    select p.id from products p
    where ($1 = '' or p.status = $1)
        and (p.position > $2 or (p.position = $2 and p.id > $3))
        and ($4 = '' or exists (
            select 1 from collection_products c where c.product_id = p.id and c.collection_slug = $4))
        and ($5 = 0 or p.id {in $6})
    order by p.position, p.id
    limit $7";

/// The statement by which the list is read, and the index it is meant to walk, so that a test can look at its plan.
pub const LISTS: &[(&str, &str)] = &[(IDS, "products_place")];

pub async fn list(storage: &Storage, query: RosterQuery, now: Timestamp) -> Result<Page> {
    let limit = query.limit.clamp(1, super::LIST_LIMIT_MAX);
    let (position, id) = query.after.map_or((i64::MIN, String::new()), |after| (after.position, after.id));
    let is_search = !query.q.trim().is_empty();
    let found = if is_search { search::find_any(storage, &query.q).await? } else { Vec::new() };
    let found: Vec<String> = found.into_iter().map(|hit| hit.product_id).collect();
    let status = query.status.map_or("", ProductStatus::as_str);
    let parameters = values![status, position, id, query.collection, is_search, found, limit + 1];
    let rows = storage.read(IDS, parameters).await?;
    let is_more = rows.len() as i64 > limit;
    let ids: Vec<String> = rows.iter().take(limit as usize).map(|row| row.text(0).to_owned()).collect();
    let products = by_ids(storage, &ids, now).await?;
    let next = products.last().filter(|_| is_more).map(place);
    Ok(Page { products, next })
}

/// How many there are of each status, and whether there is anything at all.
pub async fn counts(storage: &Storage) -> Result<Vec<(String, i64)>> {
    let sql = "select status, count(*) from products group by status order by status";
    Ok(storage.read(sql, values![]).await?.iter().map(|row| (row.text(0).to_owned(), row.int(1))).collect())
}

fn place(product: &Product) -> Cursor {
    Cursor { position: product.position, id: product.id.to_string() }
}
