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

/// Hands an event to the workers once more, with all its tries; false if there is none with this id.
pub async fn replay(storage: &Storage, id: &str, now: Timestamp) -> Result<bool> {
    let sql =
        "update stripe_events set state = 'received', attempts = 0, last_error = '', due_at = $2, leased_until = 0
        where id = $1 returning id";
    Ok(!storage.write(sql, values![id, now.micros()]).await?.is_empty())
}

const PAGE: &str = "select id, type, object_id, livemode, payload, state, attempts, last_error, received_at
    from stripe_events where received_at <= $1 and (received_at < $1 or id > $2)
    order by received_at desc, id limit $3";
const PAGE_OF_STATE: &str = "select id, type, object_id, livemode, payload, state, attempts, last_error, received_at
    from stripe_events where received_at <= $1 and (received_at < $1 or id > $2) and state = $4
    order by received_at desc, id limit $3";

/// Every statement by which a list is read, and the index it is meant to walk, so that a test can look at their plans.
pub const LISTS: &[(&str, &str)] = &[(PAGE, "stripe_events_received"), (PAGE_OF_STATE, "stripe_events_state")];

/// Where the next page of events begins.
pub type EventCursor = (Timestamp, String);

/// Events after `after`, all or of one state, the newest first.
pub async fn page(
    storage: &Storage,
    state: Option<&str>,
    after: Option<EventCursor>,
    limit: i64,
) -> Result<Vec<StoredEvent>> {
    let (at, id) = after.map_or((i64::MAX, String::new()), |(at, id)| (at.micros(), id));
    let rows = match state {
        None => storage.read(PAGE, values![at, id, limit]).await?,
        Some(state) => storage.read(PAGE_OF_STATE, values![at, id, limit, state]).await?,
    };
    Ok(rows.iter().map(event).collect())
}

pub async fn find(storage: &Storage, id: &str) -> Result<Option<StoredEvent>> {
    let sql = "select id, type, object_id, livemode, payload, state, attempts, last_error, received_at
        from stripe_events where id = $1";
    Ok(storage.read(sql, values![id]).await?.first().map(event))
}

/// When the latest event came.
pub async fn latest_at(storage: &Storage) -> Result<Option<Timestamp>> {
    let rows = storage.read("select max(received_at) from stripe_events", values![]).await?;
    Ok(rows.first().and_then(|row| row.int_or_none(0)).map(Timestamp::from_micros))
}

/// Calls that were refused because of their signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureFailures {
    pub count: i64,
    pub last_at: Timestamp,
    /// In our own words; nothing that was sent.
    pub last_error: String,
}

const DAY_MICROS: i64 = 86_400_000_000;

/// Counts one. Nothing of the call is kept.
pub async fn note_bad_signature(storage: &Storage, why: &str, now: Timestamp) -> Result<()> {
    let sql = "insert into signature_failures (day, count, last_at, last_error) values ($1, 1, $2, $3)
        on conflict (day) do update set count = signature_failures.count + 1, last_at = excluded.last_at,
            last_error = excluded.last_error";
    storage.write(sql, values![now.micros().div_euclid(DAY_MICROS), now.micros(), why]).await.map(drop)
}

/// Those of the last days, today's among them; none when nothing was refused, or when a signed event came after the last.
pub async fn signature_failures(storage: &Storage, days: i64, now: Timestamp) -> Result<Option<SignatureFailures>> {
    let sql = "select count, last_at, last_error from signature_failures
        where day > $1 and last_at >= coalesce((select max(received_at) from stripe_events), 0) order by day desc";
    let rows = storage.read(sql, values![now.micros().div_euclid(DAY_MICROS) - days]).await?;
    Ok(rows.first().map(|row| SignatureFailures {
        count: rows.iter().map(|row| row.int(0)).sum(),
        last_at: Timestamp::from_micros(row.int(1)),
        last_error: row.text(2).to_owned(),
    }))
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
