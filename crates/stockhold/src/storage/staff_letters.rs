//! Letters to staff that wait to be written: invitations, and links for whoever forgot their password.
//!
//! Invariant: asking for a link takes the same one statement whether anybody has this address or not; a worker finds out
//! later. The link itself is drawn when its letter is written, so it stands nowhere in clear. An address that nobody has is
//! forgotten by the same worker; what is kept for a day to count by is a keyed digest.

use rules::time::{Span, Timestamp};

use super::staff::Purpose;
use super::{Result, Row, RowExt, Storage};
use crate::values;

/// So far back askers are counted.
const COUNTED: Span = Span::minutes(60);
/// One place may ask so often in that time.
const ASKED_BY_CLIENT_MAX: i64 = 20;
/// So many letters at most go to one address in that time, whoever asks.
const ASKED_FOR_ACCOUNT_MAX: i64 = 5;
const KEPT: Span = Span::minutes(24 * 60);
/// How long one try to send may take before another worker may take it up.
const LEASE: Span = Span::seconds(90);
/// Tries after which a letter is given up.
pub const ATTEMPTS_MAX: i64 = 20;

/// A letter that somebody is to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub id: String,
    pub purpose: Purpose,
    /// As it was typed.
    pub email: String,
    /// As a keyed digest.
    pub account: String,
    /// Who asks: a member's id, or where a request came from, as a keyed digest.
    pub client: String,
    pub language: String,
}

/// One that a worker has taken up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    pub wanted: Wanted,
    pub attempts: i64,
    /// This address was named too often lately: nothing is sent.
    pub is_too_much: bool,
}

/// Stores the wish; false when this client has asked too often.
pub async fn ask(storage: &Storage, wanted: &Wanted, now: Timestamp) -> Result<bool> {
    let sql =
        "insert into staff_letters (id, purpose, email, account, client, language, asked_at, due_at, attempts, state)
        select $1, $2, $3, $4, $5, $6, cast($7 as bigint), cast($7 as bigint), 0, 'due'
        where (select count(*) from staff_letters where client = $5 and asked_at > $8) < $9
        returning id";
    let Wanted { id, purpose, email, account, client, language } = wanted;
    let parameters = values![
        id.as_str(),
        purpose.as_str(),
        email.as_str(),
        account.as_str(),
        client.as_str(),
        language.as_str(),
        now.micros(),
        (now - COUNTED).micros(),
        ASKED_BY_CLIENT_MAX,
    ];
    Ok(!storage.write(sql, parameters).await?.is_empty())
}

pub async fn due(storage: &Storage, now: Timestamp, limit: i64) -> Result<Vec<String>> {
    let sql = "select id from staff_letters where state = 'due' and due_at <= $1 order by asked_at, id limit $2";
    let rows = storage.read(sql, values![now.micros(), limit]).await?;
    Ok(rows.iter().map(|row| row.text(0).to_owned()).collect())
}

/// Takes one up, if nobody else has.
pub async fn lease(storage: &Storage, id: &str, now: Timestamp) -> Result<Option<Leased>> {
    let sql = "update staff_letters set due_at = $3, attempts = attempts + 1
        where id = $1 and state = 'due' and due_at <= $2
        returning id, purpose, email, account, client, language, attempts, (select count(*) from staff_letters o
            where o.account = staff_letters.account and o.asked_at > staff_letters.asked_at - $4
            and (o.asked_at < staff_letters.asked_at
                or (o.asked_at = staff_letters.asked_at and o.id < staff_letters.id)))";
    let parameters = values![id, now.micros(), (now + LEASE).micros(), COUNTED.as_micros()];
    Ok(storage.write(sql, parameters).await?.first().and_then(leased))
}

/// Written, given up, or nobody's: the address is forgotten, and the oldest with it.
pub async fn done(storage: &Storage, id: &str, now: Timestamp) -> Result<()> {
    let statements = vec![
        ("update staff_letters set state = 'done', email = '' where id = $1", values![id]),
        ("delete from staff_letters where state = 'done' and asked_at < $1", values![(now - KEPT).micros()]),
    ];
    storage.write_many(statements).await
}

pub async fn try_again_at(storage: &Storage, id: &str, at: Timestamp) -> Result<()> {
    storage.write("update staff_letters set due_at = $2 where id = $1", values![id, at.micros()]).await.map(drop)
}

fn leased(row: &Row) -> Option<Leased> {
    let text = |at: usize| row.text(at).to_owned();
    let purpose = [Purpose::Invite, Purpose::Reset].into_iter().find(|purpose| purpose.as_str() == row.text(1))?;
    let wanted = Wanted { id: text(0), purpose, email: text(2), account: text(3), client: text(4), language: text(5) };
    let is_too_much = purpose == Purpose::Reset && row.int(7) >= ASKED_FOR_ACCOUNT_MAX;
    Some(Leased { wanted, attempts: row.int(6), is_too_much })
}
