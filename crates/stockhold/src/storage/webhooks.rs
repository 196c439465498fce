//! Outbound webhooks: whom the shop tells what happened, and what each was told.
//!
//! Invariant: a delivery is written by the ledger in the commit of what it tells of, for every endpoint that is active at
//! that moment. What did not happen is never told, and what happened is never forgotten, wherever a process dies.

use std::collections::BTreeMap;

use rules::books::Books;
use rules::stock::Movement;
use rules::text::Sku;
use rules::time::{Span, Timestamp};
use rules::topics::{self, Topic};

use super::revisions::Removed;
use super::{Result, Row, RowExt, Storage, StorageError};
use crate::values;

/// How long one attempt may take before another worker may take it up: longer than the wait for an answer.
const LEASE: Span = Span::seconds(60);
/// What is over is kept so long, to be looked at and sent again.
const KEPT: Span = Span::minutes(30 * 24 * 60);
/// A failure so long after the one before begins a new row of failures: nothing was tried in between.
const QUIET: Span = Span::minutes(48 * 60);

/// Tells of what a batch did: a row for each endpoint that listens. Stock is low when a batch brings it from above the
/// shopkeeper's number (5, as in `shop.rs`, unless it is set) to it or below.
pub(super) const ANNOUNCE: &str = "
    insert into webhook_deliveries (endpoint_id, event_id, topic, order_id, order_number, about, happened_at, state,
        attempts, due_at, leased_until, answered, answer)
    select e.id, r.event, r.what, r.oid, r.number, r.subject, r.moment, 'due', 0, r.moment, 0, 0, ''
    from webhook_endpoints e {cross event:text what:text oid:text number subject:text moment before after}
    where e.state = 'active' and (e.topics = '' or e.topics like '% ' || r.what || ' %')
        and (r.what <> 'stock.low' or (
            r.before > coalesce((select cast(value as bigint) from settings where key = 'low_stock'), 5)
            and r.after <= coalesce((select cast(value as bigint) from settings where key = 'low_stock'), 5)))
    on conflict (endpoint_id, event_id) do nothing";

/// What a batch did that somebody may want to hear of.
pub(super) fn announced(books: &Books) -> Vec<Row> {
    let of_orders = books.changes.events.iter().filter_map(|event| {
        let topic = topics::of(event)?;
        let order = &books.orders[&event.order];
        let about = if topic.names().is_some() { event.detail.as_str() } else { "" };
        let id = format!("msg_{:04}_{}", event.seq, event.order.to_string().trim_start_matches("ord_"));
        Some(values![id, topic.as_str(), event.order.to_string(), order.number, about, event.at.micros(), 0, 0])
    });
    // From the level before the first movement to that after the last: goods that come in and are owed at once are no fall.
    let mut moved: BTreeMap<&Sku, (i64, &Movement)> = BTreeMap::new();
    for movement in &books.changes.movements {
        let before = movement.on_hand_after - movement.delta;
        moved.entry(&movement.sku).and_modify(|(_, last)| *last = movement).or_insert((before, movement));
    }
    let fell = moved.into_values().filter(|(before, last)| last.on_hand_after < *before);
    let of_stock = fell.map(|(before, last)| {
        let sku = last.sku.as_str();
        let id = format!("msg_{:04}_{}", last.seq, in_id(sku));
        let topic = Topic::StockLow.as_str();
        values![id, topic, "", 0, sku, last.at.micros(), before, last.on_hand_after]
    });
    of_orders.chain(of_stock).collect()
}

/// A SKU as a part of an id: what is signed is parted by points, and an id stands in addresses.
fn in_id(sku: &str) -> String {
    let letter = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
        other => format!("-{other:02x}"),
    };
    sku.bytes().map(letter).collect()
}

/// Whether an endpoint is told what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Active,
    Disabled,
    Removed,
}

/// Why an endpoint is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is not.
    Nothing,
    ByHand,
    /// It said that it is gone for good (410).
    Gone,
    /// For days nothing arrived.
    Failing,
}

rules::words!(State { Active = "active", Disabled = "disabled", Removed = "removed" });
rules::words!(Why { Nothing = "", ByHand = "by_hand", Gone = "gone", Failing = "failing" });

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub id: String,
    pub url: String,
    pub note: String,
    /// Empty: all of them.
    pub topics: Vec<Topic>,
    pub state: State,
    pub why: Why,
    pub generation: i64,
    pub previous_until: Timestamp,
    pub failing_since: Option<Timestamp>,
    pub created_at: Timestamp,
    /// Goes up with every change by hand, and with nothing that becomes of it by itself.
    pub revision: i64,
}

impl Endpoint {
    /// Whether it is like this already.
    pub fn is_as(&self, wished: &NewEndpoint) -> bool {
        (&self.url, &self.note, &self.topics) == (&wished.url, &wished.note, &wished.topics)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub endpoint_id: String,
    pub event_id: String,
    pub topic: String,
    pub order_id: String,
    pub order_number: i64,
    pub about: String,
    pub happened_at: Timestamp,
    pub state: DeliveryState,
    pub attempts: i64,
    pub due_at: Timestamp,
    /// 0: there was no answer.
    pub answered: i64,
    pub answer: String,
    pub answered_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    Due,
    Done,
    /// Nobody tries again by itself.
    Failed,
}

rules::words!(DeliveryState { Due = "due", Done = "done", Failed = "failed" });

/// What an endpoint is to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    pub url: String,
    pub note: String,
    pub topics: Vec<Topic>,
}

/// What is to be different about an endpoint; none: it stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub url: Option<String>,
    pub note: Option<String>,
    pub topics: Option<Vec<Topic>>,
    /// `true`: from now on it is told again, and what waited goes out. `false`: it is told nothing, by somebody's wish.
    pub active: Option<bool>,
}

/// The last answer of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// 0: none.
    pub status: i64,
    pub words: String,
}

macro_rules! endpoint_columns {
    () => {
        "id, url, note, topics, state, why, generation, previous_until, failing_since, created_at, revision"
    };
}

macro_rules! delivery_columns {
    () => {
        "endpoint_id, event_id, topic, order_id, order_number, about, happened_at, state, attempts, due_at, answered,
            answer, answered_at"
    };
}

/// Makes one; false: there is, or was, one of this id.
pub async fn insert(storage: &Storage, id: &str, endpoint: &NewEndpoint, now: Timestamp) -> Result<bool> {
    let sql =
        "insert into webhook_endpoints (id, url, note, topics, state, why, generation, previous_until, created_at,
            revision)
        values ($1, $2, $3, $4, 'active', '', 1, 0, $5, 1) on conflict (id) do nothing returning id";
    let topics = topics_text(&endpoint.topics);
    let parameters = values![id, endpoint.url.as_str(), endpoint.note.as_str(), topics, now.micros()];
    Ok(!storage.write(sql, parameters).await?.is_empty())
}

const ENABLE: &str = "
    update webhook_endpoints set state = 'active', why = '', failing_since = null, failed_at = null, letter_due_at = null
    where id = $1 and state = 'disabled'";

const DISABLE: &str = "
    update webhook_endpoints set state = 'disabled', why = $2, letter_due_at = $3
    where id = $1 and state = 'active' returning id";

/// Changes what is said of it, and nothing else, if it is as it was read; no revision: whatever stands. False when it is not.
pub async fn update(storage: &Storage, id: &str, change: Change, revision: Option<i64>) -> Result<bool> {
    let sql = "update webhook_endpoints set url = coalesce($2, url), note = coalesce($3, note),
            topics = coalesce($4, topics), revision = revision + 1
        where id = $1 and state <> 'removed' and revision = coalesce($5, revision) returning id";
    let topics = change.topics.map(|topics| topics_text(&topics));
    let said = vec![(sql, values![id, change.url, change.note, topics, revision])];
    let switched = change.active.map(|active| match active {
        true => (ENABLE, values![id]),
        // Whoever does it needs no letter that says so.
        false => (DISABLE, values![id, Why::ByHand.as_str(), None::<i64>]),
    });
    Ok(storage.write_guarded(said, switched.into_iter().collect()).await?.is_none())
}

/// From now on it is told nothing, for a reason of its own, and the owner gets a letter. False if it was not active.
pub async fn disable(storage: &Storage, id: &str, why: Why, now: Timestamp) -> Result<bool> {
    Ok(!storage.write(DISABLE, values![id, why.as_str(), now.micros()]).await?.is_empty())
}

/// Takes it away, if it is as it was read; no revision: whatever stands. Its row stays, and what it was told; what it was still
/// to be told is not sent any more, and goes with what is old.
pub async fn remove(storage: &Storage, id: &str, revision: Option<i64>) -> Result<Removed> {
    let away = "update webhook_endpoints set state = 'removed', why = '', letter_due_at = null, revision = revision + 1
        where id = $1 and state <> 'removed' and revision = coalesce($2, revision) returning id";
    let never =
        "update webhook_deliveries set state = 'failed', leased_until = 0 where endpoint_id = $1 and state = 'due'";
    if storage.write_guarded(vec![(away, values![id, revision])], vec![(never, values![id])]).await?.is_none() {
        return Ok(Removed::Done);
    }
    Ok(if find(storage, id).await?.is_some() { Removed::NotAsRead } else { Removed::NotThere })
}

/// Gives it the next secret; until `until` it is signed with both.
pub async fn rotate(storage: &Storage, id: &str, generation: i64, until: Timestamp) -> Result<bool> {
    let sql = "update webhook_endpoints set generation = generation + 1, previous_until = $3, revision = revision + 1
        where id = $1 and generation = $2 and state <> 'removed' returning id";
    Ok(!storage.write(sql, values![id, generation, until.micros()]).await?.is_empty())
}

pub async fn list(storage: &Storage) -> Result<Vec<Endpoint>> {
    let sql = concat!(
        "select ",
        endpoint_columns!(),
        " from webhook_endpoints where state <> 'removed' order by created_at, id"
    );
    storage.read(sql, values![]).await?.iter().map(endpoint).collect()
}

pub async fn find(storage: &Storage, id: &str) -> Result<Option<Endpoint>> {
    let sql = concat!("select ", endpoint_columns!(), " from webhook_endpoints where id = $1 and state <> 'removed'");
    storage.read(sql, values![id]).await?.first().map(endpoint).transpose()
}

/// Endpoints whose owner is still to hear that they were disabled; whoever takes one up puts it off first.
pub async fn letters_due(storage: &Storage, now: Timestamp) -> Result<Vec<Endpoint>> {
    let sql = concat!(
        "select ",
        endpoint_columns!(),
        " from webhook_endpoints where letter_due_at <= $1 and state = 'disabled' order by id"
    );
    storage.read(sql, values![now.micros()]).await?.iter().map(endpoint).collect()
}

/// Takes the letter up, if nobody else has.
pub async fn lease_letter(storage: &Storage, id: &str, now: Timestamp, until: Timestamp) -> Result<bool> {
    let sql = "update webhook_endpoints set letter_due_at = $3 where id = $1 and letter_due_at <= $2 returning id";
    Ok(!storage.write(sql, values![id, now.micros(), until.micros()]).await?.is_empty())
}

pub async fn letter_sent(storage: &Storage, id: &str) -> Result<()> {
    storage.write("update webhook_endpoints set letter_due_at = null where id = $1", values![id]).await.map(drop)
}

/// The events that are due at an endpoint, oldest first. Each endpoint is asked about by itself: much that waits for one
/// takes nobody else's turn.
pub async fn due(storage: &Storage, endpoint: &str, now: Timestamp, limit: i64) -> Result<Vec<String>> {
    let sql = "select event_id from webhook_deliveries
        where endpoint_id = $1 and state = 'due' and due_at <= $2 and leased_until <= $2
        order by due_at, event_id limit $3";
    let rows = storage.read(sql, values![endpoint, now.micros(), limit]).await?;
    Ok(rows.iter().map(|row| row.text(0).to_owned()).collect())
}

/// Takes one up, if it is due and nobody else has it.
pub async fn lease(storage: &Storage, endpoint: &str, event: &str, now: Timestamp) -> Result<Option<Delivery>> {
    let sql = concat!(
        "update webhook_deliveries set leased_until = $4, attempts = attempts + 1
        where endpoint_id = $1 and event_id = $2 and state = 'due' and due_at <= $3 and leased_until <= $3
        returning ",
        delivery_columns!()
    );
    let until = (now + LEASE).micros();
    storage.write(sql, values![endpoint, event, now.micros(), until]).await?.first().map(delivery).transpose()
}

/// It arrived; whatever failed before is forgotten.
pub async fn arrived(storage: &Storage, sent: &Delivery, answer: &Answer, now: Timestamp) -> Result<()> {
    let done = "update webhook_deliveries set state = 'done', leased_until = 0, answered = $3, answer = $4,
            answered_at = $5
        where endpoint_id = $1 and event_id = $2";
    let well = "update webhook_endpoints set failing_since = null, failed_at = null
        where id = $1 and failing_since is not null";
    let key = (sent.endpoint_id.as_str(), sent.event_id.as_str());
    let parameters = values![key.0, key.1, answer.status, answer.words.as_str(), now.micros()];
    storage.write_many(vec![(done, parameters), (well, values![key.0])]).await
}

/// It did not arrive, and is tried again at `next`, or not any more.
pub async fn missed(
    storage: &Storage,
    sent: &Delivery,
    answer: &Answer,
    next: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let later = "update webhook_deliveries set state = $6, due_at = $7, leased_until = 0, answered = $3, answer = $4,
            answered_at = $5
        where endpoint_id = $1 and event_id = $2 and state = 'due'";
    let ill = "update webhook_endpoints set failed_at = $2,
            failing_since = case when failing_since is null or failed_at < $3 then $2 else failing_since end
        where id = $1";
    let key = (sent.endpoint_id.as_str(), sent.event_id.as_str());
    let state = if next.is_some() { DeliveryState::Due } else { DeliveryState::Failed };
    let at = next.unwrap_or(sent.due_at).micros();
    let parameters = values![key.0, key.1, answer.status, answer.words.as_str(), now.micros(), state.as_str(), at];
    let quiet_since = Timestamp::from_micros(now.micros() - QUIET.as_micros()).micros();
    storage.write_many(vec![(later, parameters), (ill, values![key.0, now.micros(), quiet_since])]).await
}

/// Sends it once more, with all its attempts; false if there is none.
pub async fn replay(storage: &Storage, endpoint: &str, event: &str, now: Timestamp) -> Result<bool> {
    let sql = "update webhook_deliveries set state = 'due', attempts = 0, due_at = $3, leased_until = 0
        where endpoint_id = $1 and event_id = $2 returning event_id";
    Ok(!storage.write(sql, values![endpoint, event, now.micros()]).await?.is_empty())
}

/// Sends all that failed since `since` once more; how many those are.
pub async fn replay_failed(storage: &Storage, endpoint: &str, since: Timestamp, now: Timestamp) -> Result<usize> {
    let sql = "update webhook_deliveries set state = 'due', attempts = 0, due_at = $3, leased_until = 0
        where endpoint_id = $1 and state = 'failed' and happened_at >= $2 returning event_id";
    Ok(storage.write(sql, values![endpoint, since.micros(), now.micros()]).await?.len())
}

/// A delivery that tells of nothing but itself; due at once.
pub async fn insert_test(storage: &Storage, endpoint: &str, event: &str, topic: &str, now: Timestamp) -> Result<()> {
    let sql =
        "insert into webhook_deliveries (endpoint_id, event_id, topic, order_id, order_number, about, happened_at,
            state, attempts, due_at, leased_until, answered, answer)
        values ($1, $2, $3, '', 0, '', $4, 'due', 0, $4, 0, 0, '') on conflict (endpoint_id, event_id) do nothing";
    storage.write(sql, values![endpoint, event, topic, now.micros()]).await.map(drop)
}

/// A test that nobody waits for any more is not sent again.
pub async fn give_up(storage: &Storage, endpoint: &str, event: &str) -> Result<()> {
    let sql =
        "update webhook_deliveries set state = 'failed' where endpoint_id = $1 and event_id = $2 and state = 'due'";
    storage.write(sql, values![endpoint, event]).await.map(drop)
}

/// The newest first, all or of one state; `after` is the last of the page before, as moment and event.
pub async fn deliveries(
    storage: &Storage,
    endpoint: &str,
    state: Option<DeliveryState>,
    after: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let sql = concat!(
        "select ",
        delivery_columns!(),
        " from webhook_deliveries
        where endpoint_id = $1 and (state = $2 or $2 = '') and happened_at <= $3
            and (happened_at < $3 or event_id > $4)
        order by happened_at desc, event_id limit $5"
    );
    let state = state.map_or("", DeliveryState::as_str);
    let (moment, event) = after.unwrap_or((i64::MAX, ""));
    storage.read(sql, values![endpoint, state, moment, event, limit]).await?.iter().map(delivery).collect()
}

pub async fn find_delivery(storage: &Storage, endpoint: &str, event: &str) -> Result<Option<Delivery>> {
    let sql =
        concat!("select ", delivery_columns!(), " from webhook_deliveries where endpoint_id = $1 and event_id = $2");
    storage.read(sql, values![endpoint, event]).await?.first().map(delivery).transpose()
}

/// Forgets what has long been over.
pub async fn forget_old(storage: &Storage, now: Timestamp) -> Result<()> {
    let sql = "delete from webhook_deliveries where state <> 'due' and happened_at < $1";
    storage.write(sql, values![now.micros() - KEPT.as_micros()]).await.map(drop)
}

/// Ends every lease: nobody is at work any more.
pub async fn free(storage: &Storage) -> Result<()> {
    let sql = "update webhook_deliveries set leased_until = 0 where state = 'due' and leased_until > 0";
    storage.write(sql, values![]).await.map(drop)
}

/// ` order.paid stock.low `: with a space around each, so that one is never found in another.
fn topics_text(topics: &[Topic]) -> String {
    let words: Vec<&str> = topics.iter().map(|topic| topic.as_str()).collect();
    if words.is_empty() { String::new() } else { format!(" {} ", words.join(" ")) }
}

fn known<T>(word: Option<T>) -> Result<T> {
    word.ok_or_else(|| StorageError::Broken("a stored word is not known to this version".to_owned()))
}

fn endpoint(row: &Row) -> Result<Endpoint> {
    Ok(Endpoint {
        id: row.text(0).to_owned(),
        url: row.text(1).to_owned(),
        note: row.text(2).to_owned(),
        topics: row.text(3).split_whitespace().map(|word| known(Topic::parse(word))).collect::<Result<_>>()?,
        state: known(State::parse(row.text(4)))?,
        why: known(Why::parse(row.text(5)))?,
        generation: row.int(6),
        previous_until: Timestamp::from_micros(row.int(7)),
        failing_since: row.int_or_none(8).map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(row.int(9)),
        revision: row.int(10),
    })
}

fn delivery(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        endpoint_id: row.text(0).to_owned(),
        event_id: row.text(1).to_owned(),
        topic: row.text(2).to_owned(),
        order_id: row.text(3).to_owned(),
        order_number: row.int(4),
        about: row.text(5).to_owned(),
        happened_at: Timestamp::from_micros(row.int(6)),
        state: known(DeliveryState::parse(row.text(7)))?,
        attempts: row.int(8),
        due_at: Timestamp::from_micros(row.int(9)),
        answered: row.int(10),
        answer: row.text(11).to_owned(),
        answered_at: row.int_or_none(12).map(Timestamp::from_micros),
    })
}
