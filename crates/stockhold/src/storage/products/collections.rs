//! Collections as their keeper changes them: texts, order, and which there are. Products join them on their own pages.

use rules::time::Timestamp;

use super::{Localized, from_json, to_json};
use crate::storage::{Result, Row, RowExt, Storage};
use crate::values;

/// A collection with what whoever changes it must have read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub slug: String,
    pub title: Localized,
    pub description: Localized,
    pub revision: i64,
    pub products: i64,
}

const KEPT: &str = "select c.slug, c.title, c.description, c.revision,
        (select count(*) from collection_products p where p.collection_slug = c.slug)
    from collections c order by c.position, c.slug";

pub async fn list(storage: &Storage) -> Result<Vec<Kept>> {
    storage.read(KEPT, values![]).await?.iter().map(kept).collect()
}

pub async fn find(storage: &Storage, slug: &str) -> Result<Option<Kept>> {
    Ok(list(storage).await?.into_iter().find(|kept| kept.slug == slug))
}

/// False: there is one of this name.
pub async fn make(storage: &Storage, slug: &str, title: &Localized, text: &Localized, now: Timestamp) -> Result<bool> {
    let sql = "insert into collections (slug, title, description, position, revision)
        values ($1, $2, $3, (select coalesce(max(position), 0) + 1 from collections), $4)
        on conflict (slug) do nothing returning slug";
    let parameters = values![slug, to_json(title), to_json(text), now.micros()];
    Ok(!storage.write(sql, parameters).await?.is_empty())
}

/// False: it is not as it was read, and nothing was changed.
pub async fn change(storage: &Storage, slug: &str, title: &Localized, text: &Localized, revision: i64) -> Result<bool> {
    let sql = "update collections set title = $2, description = $3, revision = revision + 1
        where slug = $1 and revision = $4 returning slug";
    let parameters = values![slug, to_json(title), to_json(text), revision];
    Ok(!storage.write(sql, parameters).await?.is_empty())
}

/// Takes it away; its products stay. False: it is not as it was read.
pub async fn remove(storage: &Storage, slug: &str, revision: i64) -> Result<bool> {
    let sql = "delete from collections where slug = $1 and revision = $2 returning slug";
    Ok(!storage.write(sql, values![slug, revision]).await?.is_empty())
}

/// These in this order, the others behind them.
pub async fn arrange(storage: &Storage, slugs: &[String]) -> Result<()> {
    let others = list(storage).await?.into_iter().map(|kept| kept.slug).filter(|slug| !slugs.contains(slug));
    let order: Vec<String> = slugs.iter().cloned().chain(others).collect();
    let sql = "update collections set position = $2 where slug = $1";
    let order = order.into_iter().enumerate().map(|(at, slug)| (sql, values![slug, at as i64 + 1]));
    storage.write_many(order.collect()).await
}

fn kept(row: &Row) -> Result<Kept> {
    Ok(Kept {
        slug: row.text(0).to_owned(),
        title: from_json(row.text(1))?,
        description: from_json(row.text(2))?,
        revision: row.int(3),
        products: row.int(4),
    })
}
