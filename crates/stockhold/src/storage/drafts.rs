//! Forms that could not be taken because somebody had to prove who they are first; kept for an hour, so that nothing that
//! was typed is lost. What they say of a customer goes with the customer (`erasure.rs`).
//!
//! Invariant: only staff have drafts, and each reads their own alone. Fields that prove who somebody is are never kept.

use rules::time::{Span, Timestamp};

use super::{Result, RowExt, Storage};
use crate::values;

const KEPT: Span = Span::minutes(60);
/// Of one person at once; the oldest go.
const DRAFTS_MAX: i64 = 5;

/// What was sent, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub place: String,
    /// As a form is sent.
    pub fields: String,
}

pub async fn keep(storage: &Storage, digest: &str, staff_id: &str, draft: &Draft, now: Timestamp) -> Result<()> {
    let older = "delete from staff_drafts where kept_at < $1 or (staff_id = $2 and digest not in (
        select d.digest from staff_drafts d where d.staff_id = $2 order by d.kept_at desc, d.digest limit $3))";
    let insert = "insert into staff_drafts (digest, staff_id, place, fields, kept_at) values ($1, $2, $3, $4, $5)";
    let statements = vec![
        (older, values![(now - KEPT).micros(), staff_id, DRAFTS_MAX - 1]),
        (insert, values![digest, staff_id, draft.place.as_str(), draft.fields.as_str(), now.micros()]),
    ];
    storage.write_many(statements).await
}

/// Those that nobody came back for.
pub async fn forget(storage: &Storage, now: Timestamp) -> Result<u64> {
    let sql = "delete from staff_drafts where kept_at < $1 returning digest";
    Ok(storage.write(sql, values![(now - KEPT).micros()]).await?.len() as u64)
}

pub async fn find(storage: &Storage, digest: &str, staff_id: &str, now: Timestamp) -> Result<Option<Draft>> {
    let sql = "select place, fields from staff_drafts where digest = $1 and staff_id = $2 and kept_at >= $3";
    let rows = storage.read(sql, values![digest, staff_id, (now - KEPT).micros()]).await?;
    Ok(rows.first().map(|row| Draft { place: row.text(0).to_owned(), fields: row.text(1).to_owned() }))
}
