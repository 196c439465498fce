//! Tries to sign in, as they were made lately: counted here, so that the count holds for every instance and after a
//! restart. Who tried, and for whom, is known by keyed digests alone.
//!
//! Invariant: a try is counted before it is looked at, by one statement that also says whether it may be. However many
//! are made at once and wherever, no more are looked at than the limit says.

use rules::time::{Span, Timestamp};

use super::{Result, RowExt, Storage};
use crate::values;

/// How many tries are free, and what comes after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many within `window` cost nothing.
    pub free: i64,
    pub window: Span,
    /// The wait after the last free one; each further one doubles it, up to the longest.
    pub first_wait: Span,
    pub longest_wait: Span,
    /// When all is forgotten again, counted from the first try.
    pub forgotten_after: Span,
}

/// Whether a try may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    Granted {
        /// How many there were, with this one.
        count: i64,
    },
    /// So long it takes until the next is looked at.
    Wait(Span),
}

/// Nothing here is older: the longest that anything is remembered.
const KEPT: Span = Span::minutes(24 * 60);

/// Counts one try of `who` if it may be made.
pub async fn take(storage: &Storage, who: &str, limit: Limit, now: Timestamp) -> Result<Leave> {
    let sql = "insert into sign_in_tries (who, count, since, wait, tried_at) values ($1, 1, $2, 0, $2)
        on conflict (who) do update set
            count = case when sign_in_tries.since <= $2 - case when sign_in_tries.count < $3 then cast($4 as bigint)
                    else cast($5 as bigint) end
                then 1 else sign_in_tries.count + 1 end,
            since = case when sign_in_tries.since <= $2 - case when sign_in_tries.count < $3 then cast($4 as bigint)
                    else cast($5 as bigint) end
                then excluded.since else sign_in_tries.since end,
            wait = case when sign_in_tries.since <= $2 - case when sign_in_tries.count < $3 then cast($4 as bigint)
                    else cast($5 as bigint) end then 0
                when sign_in_tries.count + 1 < $3 then 0
                when sign_in_tries.wait = 0 then cast($6 as bigint)
                when sign_in_tries.wait * 2 > $7 then cast($7 as bigint)
                else sign_in_tries.wait * 2 end,
            tried_at = excluded.tried_at
        where sign_in_tries.tried_at + sign_in_tries.wait <= $2
        returning count";
    let parameters = values![
        who,
        now.micros(),
        limit.free,
        limit.window.as_micros(),
        limit.forgotten_after.as_micros(),
        limit.first_wait.as_micros(),
        limit.longest_wait.as_micros(),
    ];
    if let Some(row) = storage.write(sql, parameters).await?.first() {
        return Ok(Leave::Granted { count: row.int(0) });
    }
    // Forgiven in this moment: the next try finds out.
    Ok(Leave::Wait(waits(storage, who, now).await?.unwrap_or(Span::seconds(1))))
}

/// How long `who` has to wait yet, if at all; counts nothing.
pub async fn waits(storage: &Storage, who: &str, now: Timestamp) -> Result<Option<Span>> {
    let sql = "select tried_at + wait from sign_in_tries where who = $1 and tried_at + wait > $2";
    let rows = storage.read(sql, values![who, now.micros()]).await?;
    Ok(rows.first().map(|row| Timestamp::from_micros(row.int(0)) - now))
}

/// The latest try of `who` was right: it does not count.
pub async fn give_back(storage: &Storage, who: &str) -> Result<()> {
    let sql = "update sign_in_tries set count = count - 1, wait = 0 where who = $1 and count > 0";
    storage.write(sql, values![who]).await.map(drop)
}

/// Somebody has proved who they are: what was tried under these names is forgotten, and what is old with it.
pub async fn forgive(storage: &Storage, who: &[String], now: Timestamp) -> Result<()> {
    let sql = "delete from sign_in_tries where who {in $1} or tried_at < $2";
    storage.write(sql, values![who.to_vec(), (now - KEPT).micros()]).await.map(drop)
}
