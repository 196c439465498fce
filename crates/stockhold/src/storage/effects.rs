//! The outbox' rows: leased, carried out, and marked. The ledger writes them; here they are worked off.

use rules::effects::{Effect, Letter};
use rules::ids::OrderId;
use rules::time::{Span, Timestamp};

use super::{Result, Row, RowExt, Storage, StorageError, Value};
use crate::values;

/// How long one try may take before another worker may lease the row again: longer than all the time-outs and
/// retries of one call together.
pub const LEASE: Span = Span::seconds(90);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectRow {
    pub id: String,
    pub kind: String,
    pub subject: String,
    pub order_id: OrderId,
    /// Frozen before the first try; empty until then.
    pub parameters: String,
    pub attempts: i64,
    pub created_at: Timestamp,
}

/// Leases one effect by its id, if it is due and nobody else has it.
pub async fn lease(storage: &Storage, id: &str, now: Timestamp) -> Result<Option<EffectRow>> {
    let sql = "update effects set leased_until = $3, attempts = attempts + 1
        where id = $1 and state = 'due' and leased_until <= $2
        returning id, kind, subject, order_id, parameters, attempts, created_at";
    let until = (now + LEASE).micros();
    let rows = storage.write(sql, values![id, now.micros(), until]).await?;
    rows.first().map(effect).transpose()
}

/// A letter that is to be sent, unless it was before (E2).
pub fn letter(order: OrderId, letter: Letter, about: &str, now: Timestamp) -> (&'static str, Vec<Value>) {
    let effect = Effect::SendLetter { order, letter, about: about.to_owned() };
    let (kind, subject) = (effect.kind(), effect.subject());
    let sql = "insert into effects (id, kind, subject, order_id, parameters, state, attempts, due_at, leased_until,
            last_error, created_at)
        values ($1, $2, $3, $4, '', 'due', 0, $5, 0, '', $5) on conflict (kind, subject) do nothing";
    (sql, values![format!("{kind}:{subject}"), kind, subject, order.to_string(), now.micros()])
}

pub async fn queue_letter(storage: &Storage, order: OrderId, kind: Letter, now: Timestamp) -> Result<()> {
    storage.write_many(vec![letter(order, kind, "", now)]).await
}

/// One effect, whoever is at it.
pub async fn find(storage: &Storage, id: &str) -> Result<Option<EffectRow>> {
    let sql = "select id, kind, subject, order_id, parameters, attempts, created_at from effects where id = $1";
    storage.read(sql, values![id]).await?.first().map(effect).transpose()
}

/// Ids of effects that are due, oldest first.
pub async fn due(storage: &Storage, now: Timestamp, limit: i64) -> Result<Vec<String>> {
    let sql = "select id from effects where state = 'due' and due_at <= $1 and leased_until <= $1
        order by due_at, id limit $2";
    let rows = storage.read(sql, values![now.micros(), limit]).await?;
    Ok(rows.iter().map(|row| row.text(0).to_owned()).collect())
}

/// Freezes the parameters before the first try; returns those that stand.
pub async fn freeze(storage: &Storage, id: &str, parameters: &str) -> Result<String> {
    let sql = "update effects set parameters = case when parameters = '' then $2 else parameters end
        where id = $1 returning parameters";
    let rows = storage.write(sql, values![id, parameters]).await?;
    let row = rows.first().ok_or_else(|| StorageError::Broken(format!("effect {id} is gone")))?;
    Ok(row.text(0).to_owned())
}

pub async fn done(storage: &Storage, id: &str) -> Result<()> {
    let sql = "update effects set state = 'done', leased_until = 0, last_error = '' where id = $1";
    storage.write(sql, values![id]).await.map(drop)
}

/// Refused for good: nobody tries again by itself.
pub async fn refused(storage: &Storage, id: &str, why: &str) -> Result<()> {
    let sql = "update effects set state = 'refused', leased_until = 0, last_error = $2 where id = $1 and state = 'due'";
    storage.write(sql, values![id, why]).await.map(drop)
}

pub async fn try_again_at(storage: &Storage, id: &str, at: Timestamp, why: &str) -> Result<()> {
    let sql = "update effects set due_at = $2, leased_until = 0, last_error = $3 where id = $1 and state = 'due'";
    storage.write(sql, values![id, at.micros(), why]).await.map(drop)
}

/// An effect that has not come to its end, as the shopkeeper sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEffect {
    pub id: String,
    pub kind: String,
    pub subject: String,
    pub order_id: OrderId,
    pub number: i64,
    /// `due` or `refused`.
    pub state: String,
    pub attempts: i64,
    pub due_at: Timestamp,
    pub created_at: Timestamp,
    pub error: String,
}

/// What was refused, then what waits, the longest first.
pub async fn open(storage: &Storage, limit: i64) -> Result<Vec<OpenEffect>> {
    let refused = "select e.id, e.kind, e.subject, e.order_id, o.number, e.state, e.attempts, e.due_at, e.created_at,
            e.last_error
        from effects e join orders o on o.id = e.order_id where e.state = 'refused' order by o.number, e.id limit $1";
    let due = "select e.id, e.kind, e.subject, e.order_id, o.number, e.state, e.attempts, e.due_at, e.created_at,
            e.last_error
        from effects e join orders o on o.id = e.order_id where e.state = 'due' order by e.due_at, e.id limit $1";
    let answers = storage.read_together(vec![(refused, values![limit]), (due, values![limit])]).await?;
    answers.iter().flatten().map(open_effect).collect()
}

/// What the kind of an effect is called that sends a letter; its id begins with it.
pub const SEND_LETTER: &str = "send_letter";
/// More than any shop leaves lying.
const OPEN_MAX: i64 = 10_000;

/// Letters that have not gone: what was refused, then what waits.
pub async fn open_letters(storage: &Storage) -> Result<Vec<OpenEffect>> {
    let mut letters = open(storage, OPEN_MAX).await?;
    letters.retain(|effect| effect.kind == SEND_LETTER);
    Ok(letters)
}

/// Hands out an effect once more: one that was refused, or one that waits for its next try. False: there is none.
pub async fn retry(storage: &Storage, id: &str, now: Timestamp) -> Result<bool> {
    let sql = "update effects set state = 'due', due_at = $2 where id = $1 and leased_until <= $2
            and (state = 'due' or (state = 'refused' and (kind = 'close_checkout' or kind = 'send_letter'
                or kind = 'delete_coupon'))) returning id";
    Ok(!storage.write(sql, values![id, now.micros()]).await?.is_empty())
}

/// The same of a letter alone.
pub async fn retry_letter(storage: &Storage, id: &str, now: Timestamp) -> Result<bool> {
    Ok(id.starts_with(SEND_LETTER) && retry(storage, id, now).await?)
}

/// Letters that wait after so many tries: the mail server does not take them.
pub async fn count_letters_waiting(storage: &Storage, tries: i64) -> Result<i64> {
    // The few that are due, before their kind: by its kind an engine would walk every letter that was ever sent.
    let sql = "select count(*) from (select kind, attempts from effects where state = 'due' limit 1000000) as due
        where kind = 'send_letter' and attempts >= $1";
    let rows = storage.read(sql, values![tries]).await?;
    Ok(rows.first().map_or(0, |row| row.int(0)))
}

/// Ends every lease: nobody is at work any more.
pub async fn free(storage: &Storage) -> Result<()> {
    let sql = "update effects set leased_until = 0 where state = 'due' and leased_until > 0";
    storage.write(sql, values![]).await.map(drop)
}

/// How many effects still wait; the shop is idle when none does.
pub async fn count_waiting(storage: &Storage) -> Result<i64> {
    let rows = storage.read("select count(*) from effects where state = 'due'", values![]).await?;
    Ok(rows.first().map_or(0, |row| row.int(0)))
}

fn open_effect(row: &Row) -> Result<OpenEffect> {
    Ok(OpenEffect {
        id: row.text(0).to_owned(),
        kind: row.text(1).to_owned(),
        subject: row.text(2).to_owned(),
        order_id: row.text(3).parse().map_err(|error| StorageError::Broken(format!("{error}")))?,
        number: row.int(4),
        state: row.text(5).to_owned(),
        attempts: row.int(6),
        due_at: Timestamp::from_micros(row.int(7)),
        created_at: Timestamp::from_micros(row.int(8)),
        error: row.text(9).to_owned(),
    })
}

fn effect(row: &Row) -> Result<EffectRow> {
    Ok(EffectRow {
        id: row.text(0).to_owned(),
        kind: row.text(1).to_owned(),
        subject: row.text(2).to_owned(),
        order_id: row.text(3).parse().map_err(|error| StorageError::Broken(format!("{error}")))?,
        parameters: row.text(4).to_owned(),
        attempts: row.int(5),
        created_at: Timestamp::from_micros(row.int(6)),
    })
}
