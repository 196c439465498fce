//! What staff prove themselves with beside the password: an authenticator's secret, recovery codes, places they have
//! signed in from.
//!
//! Invariant: a code is used up by the statement that takes it, so that of two who bring the same one gets in.

use rules::time::{Span, Timestamp};

use super::{Result, RowExt, Storage};
use crate::values;

/// A place is remembered for so long after somebody has signed in from there.
const PLACE_KEPT: Span = Span::minutes(30 * 24 * 60);

/// The secret, and the step of the last code that was taken; none: no authenticator.
pub async fn secret(storage: &Storage, staff_id: &str) -> Result<Option<(String, i64)>> {
    let sql = "select secret, last_step from staff_authenticators where staff_id = $1";
    let rows = storage.read(sql, values![staff_id]).await?;
    Ok(rows.first().map(|row| (row.text(0).to_owned(), row.int(1))))
}

/// Takes a code; false when it, or a later one, was taken before.
pub async fn use_step(storage: &Storage, staff_id: &str, step: i64) -> Result<bool> {
    let sql =
        "update staff_authenticators set last_step = $2 where staff_id = $1 and last_step < $2 returning staff_id";
    Ok(!storage.write(sql, values![staff_id, step]).await?.is_empty())
}

/// An authenticator from now on, with recovery codes; those from before open nothing any more.
pub async fn enrol(
    storage: &Storage,
    staff_id: &str,
    (secret, step): (&str, i64),
    codes: &[String],
    now: Timestamp,
) -> Result<()> {
    let mut statements = vec![
        ("delete from staff_authenticators where staff_id = $1", values![staff_id]),
        (
            "insert into staff_authenticators (staff_id, secret, last_step, enrolled_at) values ($1, $2, $3, $4)",
            values![staff_id, secret, step, now.micros()],
        ),
    ];
    statements.extend(new_codes(staff_id, codes));
    storage.write_many(statements).await
}

/// New recovery codes; those from before open nothing any more.
pub async fn replace_recovery_codes(storage: &Storage, staff_id: &str, codes: &[String]) -> Result<()> {
    storage.write_many(new_codes(staff_id, codes)).await
}

fn new_codes(staff_id: &str, codes: &[String]) -> Vec<(&'static str, Vec<super::Value>)> {
    let insert = "insert into staff_recovery_codes (digest, staff_id, used_at) values ($1, $2, 0)";
    let mut statements = vec![("delete from staff_recovery_codes where staff_id = $1", values![staff_id])];
    statements.extend(codes.iter().map(|digest| (insert, values![digest.as_str(), staff_id])));
    statements
}

/// Uses up one recovery code; false when it was used, or is nobody's.
pub async fn use_recovery_code(storage: &Storage, staff_id: &str, digest: &str, now: Timestamp) -> Result<bool> {
    let sql = "update staff_recovery_codes set used_at = $3 where digest = $2 and staff_id = $1 and used_at = 0
        returning digest";
    Ok(!storage.write(sql, values![staff_id, digest, now.micros()]).await?.is_empty())
}

/// How many recovery codes are left.
pub async fn recovery_codes_left(storage: &Storage, staff_id: &str) -> Result<i64> {
    let sql = "select count(*) from staff_recovery_codes where staff_id = $1 and used_at = 0";
    Ok(storage.read(sql, values![staff_id]).await?.first().map_or(0, |row| row.int(0)))
}

/// Neither authenticator nor recovery codes any more.
pub async fn remove(storage: &Storage, staff_id: &str) -> Result<()> {
    let statements = vec![
        ("delete from staff_authenticators where staff_id = $1", values![staff_id]),
        ("delete from staff_recovery_codes where staff_id = $1", values![staff_id]),
    ];
    storage.write_many(statements).await
}

/// Somebody has signed in from here.
pub async fn remember_place(storage: &Storage, staff_id: &str, client: &str, now: Timestamp) -> Result<()> {
    let sql = "insert into staff_places (staff_id, client, seen_at) values ($1, $2, $3)
        on conflict (staff_id, client) do update set seen_at = excluded.seen_at";
    storage.write(sql, values![staff_id, client, now.micros()]).await?;
    let old = (now - PLACE_KEPT).micros();
    storage.write("delete from staff_places where seen_at < $1", values![old]).await.map(drop)
}

pub async fn is_known_place(storage: &Storage, staff_id: &str, client: &str, now: Timestamp) -> Result<bool> {
    let sql = "select 1 from staff_places where staff_id = $1 and client = $2 and seen_at >= $3";
    let since = (now - PLACE_KEPT).micros();
    Ok(!storage.read(sql, values![staff_id, client, since]).await?.is_empty())
}
