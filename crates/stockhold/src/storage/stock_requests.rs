//! Who wants to hear when sold-out goods are back. A row lives until its letter went: each is written to once, and no
//! address is kept longer than it is needed.

use rules::text::{Email, Sku};
use rules::time::{Span, Timestamp};

use super::{Result, Row, RowExt, Storage};
use crate::values;

/// How long one try to send may take before another worker may take it up.
const LEASE: Span = Span::seconds(90);
/// Tries after which an address is given up.
pub const ATTEMPTS_MAX: i64 = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockRequest {
    pub id: String,
    pub sku: String,
    pub email: String,
    pub language: String,
    pub attempts: i64,
}

/// Remembers the wish; the same wish again changes nothing.
pub async fn put(storage: &Storage, id: &str, sku: &Sku, email: &Email, language: &str, now: Timestamp) -> Result<()> {
    let sql = "insert into stock_requests (id, sku, email, buyer, language, requested_at, due_at, attempts)
        values ($1, $2, $3, $6, $4, $5, $5, 0) on conflict (sku, email) do nothing";
    let parameters = values![id, sku.as_str(), email.as_str(), language, now.micros(), email.buyer()];
    storage.write(sql, parameters).await.map(drop)
}

/// Wishes that have come true: goods that are for sale and there. A due hold does not count as free yet: its sweep
/// comes soon, and a letter must not promise what the next buyer may find held.
pub async fn due(storage: &Storage, now: Timestamp, limit: i64) -> Result<Vec<String>> {
    let sql = "select r.id from stock_requests r
        join variants v on v.sku = r.sku and v.active = 1
        join products p on p.id = v.product_id and p.status = 'active'
        join stock_levels s on s.sku = r.sku and s.on_hand > s.held
        where r.due_at <= $1 order by r.requested_at, r.id limit $2";
    let rows = storage.read(sql, values![now.micros(), limit]).await?;
    Ok(rows.iter().map(|row| row.text(0).to_owned()).collect())
}

/// Takes one up, if nobody else has.
pub async fn lease(storage: &Storage, id: &str, now: Timestamp) -> Result<Option<StockRequest>> {
    let sql = "update stock_requests set due_at = $3, attempts = attempts + 1 where id = $1 and due_at <= $2
        returning id, sku, email, language, attempts";
    let rows = storage.write(sql, values![id, now.micros(), (now + LEASE).micros()]).await?;
    Ok(rows.first().map(read))
}

/// Told, or given up.
pub async fn remove(storage: &Storage, id: &str) -> Result<()> {
    storage.write("delete from stock_requests where id = $1", values![id]).await.map(drop)
}

pub async fn try_again_at(storage: &Storage, id: &str, at: Timestamp) -> Result<()> {
    storage.write("update stock_requests set due_at = $2 where id = $1", values![id, at.micros()]).await.map(drop)
}

/// What this person waits for: the goods, since when.
pub async fn of_buyer(storage: &Storage, buyer: &str) -> Result<Vec<(String, Timestamp)>> {
    let sql = "select sku, requested_at from stock_requests where buyer = $1 order by requested_at, id";
    let rows = storage.read(sql, values![buyer]).await?;
    Ok(rows.iter().map(|row| (row.text(0).to_owned(), Timestamp::from_micros(row.int(1)))).collect())
}

fn read(row: &Row) -> StockRequest {
    StockRequest {
        id: row.text(0).to_owned(),
        sku: row.text(1).to_owned(),
        email: row.text(2).to_owned(),
        language: row.text(3).to_owned(),
        attempts: row.int(4),
    }
}
