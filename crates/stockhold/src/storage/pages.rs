//! The shopkeeper's own pages: contact, terms, privacy, and what else is to be said. They touch neither stock nor money.

use rules::time::Timestamp;

use super::products::Localized;
use super::revisions::{Expected, Removed};
use super::{Result, Row, RowExt, Storage, StorageError, Value};
use crate::values;

/// The last place in the footer: far from where one more is no number any more.
pub const POSITION_MAX: i64 = 1_000_000;
/// Pages a footer has room for.
const LISTED_MAX: i64 = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub slug: String,
    pub title: Localized,
    /// Markdown.
    pub body: Localized,
    pub position: i64,
    pub revision: i64,
}

/// What the frame around every page has links to: collections for the head, pages for the foot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// Slug and title, in order.
    pub collections: Vec<(String, Localized)>,
    pub pages: Vec<(String, Localized)>,
}

pub async fn find(storage: &Storage, slug: &str) -> Result<Option<Page>> {
    let sql = "select slug, title, body, position, revision from pages where slug = $1";
    storage.read(sql, values![slug]).await?.first().map(page).transpose()
}

/// All pages, in the order of the footer.
pub async fn list(storage: &Storage) -> Result<Vec<Page>> {
    let sql = "select slug, title, body, position, revision from pages order by position, slug";
    storage.read(sql, values![]).await?.iter().map(page).collect()
}

/// Makes the page, or makes it as described, if what stands is what was expected; false when it is not. Without a position
/// it goes last, or stays.
pub async fn put(
    storage: &Storage,
    slug: &str,
    title: &Localized,
    body: &Localized,
    position: Option<i64>,
    expected: Expected,
    now: Timestamp,
) -> Result<bool> {
    let change = "update pages set title = $2, body = $3, position = coalesce($4, position), updated_at = $5,
            revision = revision + 1
        where slug = $1 and revision = coalesce($6, revision) returning slug";
    let done = match expected {
        Expected::Nothing => {
            let (sql, parameters) = make(slug, title, body, position, now);
            storage.write(sql, parameters).await?
        }
        Expected::Something | Expected::Revision(_) => {
            let revision = expected.revision();
            storage.write(change, values![slug, json(title), json(body), position, now.micros(), revision]).await?
        }
    };
    Ok(!done.is_empty())
}

/// Makes a page unless it stands.
pub fn make(
    slug: &str,
    title: &Localized,
    body: &Localized,
    position: Option<i64>,
    now: Timestamp,
) -> (&'static str, Vec<Value>) {
    let sql = "insert into pages (slug, title, body, position, updated_at, revision)
        values ($1, $2, $3, coalesce($4, (select case when max(position) >= $6 then $6
            else coalesce(max(position), 0) + 1 end from pages)), $5, $5)
        on conflict (slug) do nothing returning slug";
    (sql, values![slug, json(title), json(body), position, now.micros(), POSITION_MAX])
}

/// Takes a page away, if it is as it was read; no revision: whatever stands.
pub async fn remove(storage: &Storage, slug: &str, revision: Option<i64>) -> Result<Removed> {
    let sql = "delete from pages where slug = $1 and revision = coalesce($2, revision) returning slug";
    if !storage.write(sql, values![slug, revision]).await?.is_empty() {
        return Ok(Removed::Done);
    }
    Ok(if find(storage, slug).await?.is_some() { Removed::NotAsRead } else { Removed::NotThere })
}

/// The links of the frame, from one look. A collection without goods that are for sale is not listed.
pub async fn links(storage: &Storage) -> Result<Links> {
    let collections = "select c.slug, c.title from collections c
        where exists (select 1 from collection_products j join products p on p.id = j.product_id
            where j.collection_slug = c.slug and p.status = 'active')
        order by c.position, c.slug limit $1";
    let pages = "select slug, title from pages order by position, slug limit $1";
    let both = vec![(collections, values![LISTED_MAX]), (pages, values![LISTED_MAX])];
    let mut read = storage.read_together(both).await?.into_iter();
    let mut next = || {
        let rows = read.next().unwrap_or_default();
        rows.iter().map(|row| Ok((row.text(0).to_owned(), from_json(row.text(1))?))).collect::<Result<Vec<_>>>()
    };
    Ok(Links { collections: next()?, pages: next()? })
}

fn page(row: &Row) -> Result<Page> {
    Ok(Page {
        slug: row.text(0).to_owned(),
        title: from_json(row.text(1))?,
        body: from_json(row.text(2))?,
        position: row.int(3),
        revision: row.int(4),
    })
}

fn json(text: &Localized) -> String {
    serde_json::to_string(text).expect("text by text is always JSON")
}

fn from_json(text: &str) -> Result<Localized> {
    serde_json::from_str(text).map_err(|error| StorageError::Broken(format!("a stored text cannot be read: {error}")))
}
