//! The webhook inbox: what Stripe sent, stored once, worked off later (E1).

use rules::time::{Span, Timestamp};

use super::{Result, Row, RowExt, Storage};
use crate::values;

const LEASE: Span = Span::seconds(60);

/// A verified event, not yet understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    pub id: String,
    pub kind: String,
    pub object_id: String,
    pub livemode: bool,
    pub payload: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    pub id: String,
    pub kind: String,
    pub object_id: String,
    pub livemode: bool,
    pub payload: String,
    pub state: String,
    pub attempts: i64,
    pub last_error: String,
    pub received_at: Timestamp,
}

/// Stores an event; false if it was here before (scenario P11).
pub async fn store(storage: &Storage, event: NewEvent, now: Timestamp) -> Result<bool> {
    let sql = "insert into stripe_events (id, type, object_id, livemode, payload, state, attempts, due_at,
            leased_until, last_error, received_at)
        values ($1, $2, $3, $4, $5, 'received', 0, $6, 0, '', $6) on conflict (id) do nothing returning id";
    let parameters = values![event.id, event.kind, event.object_id, event.livemode, event.payload, now.micros()];
    Ok(!storage.write(sql, parameters).await?.is_empty())
}

/// Which of these events are here.
pub async fn known(storage: &Storage, ids: Vec<String>) -> Result<Vec<String>> {
    let rows = storage.read("select id from stripe_events where id {in $1}", values![ids]).await?;
    Ok(rows.iter().map(|row| row.text(0).to_owned()).collect())
}

/// Leases up to `limit` events that wait to be read.
pub async fn lease(storage: &Storage, now: Timestamp, limit: i64) -> Result<Vec<StoredEvent>> {
    let sql = "update stripe_events set leased_until = $2, attempts = attempts + 1
        where state = 'received' and leased_until <= $1 and id {in $3}
        returning id, type, object_id, livemode, payload, state, attempts, last_error, received_at";
    let waiting = "select id from stripe_events where state = 'received' and due_at <= $1 and leased_until <= $1
        order by due_at, id limit $2";
    let ids: Vec<String> =
        storage.read(waiting, values![now.micros(), limit]).await?.iter().map(|row| row.text(0).to_owned()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = storage.write(sql, values![now.micros(), (now + LEASE).micros(), ids]).await?;
    Ok(rows.iter().map(event).collect())
}

/// Ends every lease: nobody is at work any more.
pub async fn free(storage: &Storage) -> Result<()> {
    let sql = "update stripe_events set leased_until = 0 where state = 'received' and leased_until > 0";
    storage.write(sql, values![]).await.map(drop)
}

/// Marks an event: `done`, `not_ours` or `failed`.
pub async fn finish(storage: &Storage, id: &str, state: &str, why: &str) -> Result<()> {
    let sql = "update stripe_events set state = $2, leased_until = 0, last_error = $3 where id = $1";
    storage.write(sql, values![id, state, why]).await.map(drop)
}

pub async fn try_again_at(storage: &Storage, id: &str, at: Timestamp, why: &str) -> Result<()> {
    let sql = "update stripe_events set due_at = $2, leased_until = 0, last_error = $3 where id = $1";
    storage.write(sql, values![id, at.micros(), why]).await.map(drop)
}

/// Hands an event to the workers once more; false if there is none with this id.
pub async fn replay(storage: &Storage, id: &str, now: Timestamp) -> Result<bool> {
    let sql = "update stripe_events set state = 'received', due_at = $2, leased_until = 0 where id = $1 returning id";
    Ok(!storage.write(sql, values![id, now.micros()]).await?.is_empty())
}

/// The newest events, all or of one state.
pub async fn list(storage: &Storage, state: Option<&str>, limit: i64) -> Result<Vec<StoredEvent>> {
    let sql = "select id, type, object_id, livemode, payload, state, attempts, last_error, received_at
        from stripe_events where state = $1 or $1 = '' order by received_at desc, id limit $2";
    let rows = storage.read(sql, values![state.unwrap_or_default(), limit]).await?;
    Ok(rows.iter().map(event).collect())
}

pub async fn count_waiting(storage: &Storage) -> Result<i64> {
    let rows = storage.read("select count(*) from stripe_events where state = 'received'", values![]).await?;
    Ok(rows.first().map_or(0, |row| row.int(0)))
}

fn event(row: &Row) -> StoredEvent {
    StoredEvent {
        id: row.text(0).to_owned(),
        kind: row.text(1).to_owned(),
        object_id: row.text(2).to_owned(),
        livemode: row.int(3) == 1,
        payload: row.text(4).to_owned(),
        state: row.text(5).to_owned(),
        attempts: row.int(6),
        last_error: row.text(7).to_owned(),
        received_at: Timestamp::from_micros(row.int(8)),
    }
}
