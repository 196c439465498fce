//! What callers named their requests (`Idempotency-Key`), where the identity of the command does not carry the name.
//!
//! Orders, refunds, parcels and movements draw their own id from the key, so that the same request again meets its first
//! answer for good. Cancelling has the order's identity: doing it again changes nothing. What is left to be told is that a key
//! is used for another request, and that is all that is stored here, for a day.

use rules::time::{Span, Timestamp};

use super::{Result, RowExt, Storage};
use crate::values;

const KEPT: Span = Span::minutes(24 * 60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    First,
    /// The same request under the same name.
    Again,
    /// The name was used for something else.
    OfAnother,
}

/// Remembers what a name is used for.
pub async fn used(storage: &Storage, name: &str, request_hash: &str, now: Timestamp) -> Result<Use> {
    let forgotten = Timestamp::from_micros(now.micros() - KEPT.as_micros());
    let sql = "insert into idempotency_keys (name, request_hash, used_at) values ($1, $2, $3)
        on conflict (name) do update set request_hash = excluded.request_hash, used_at = excluded.used_at
        where idempotency_keys.used_at <= $4 returning name";
    let parameters = values![name, request_hash, now.micros(), forgotten.micros()];
    if !storage.write(sql, parameters).await?.is_empty() {
        storage.write("delete from idempotency_keys where used_at <= $1", values![forgotten.micros()]).await?;
        return Ok(Use::First);
    }
    let rows = storage.read("select request_hash from idempotency_keys where name = $1", values![name]).await?;
    let is_same = rows.first().is_none_or(|row| row.text(0) == request_hash);
    Ok(if is_same { Use::Again } else { Use::OfAnother })
}
