//! Codes that nobody issued, as they were entered lately: counted here, so that the count holds for every instance and
//! after a restart. Whoever entered them is known by a keyed digest alone.

use rules::time::{Span, Timestamp};

use super::{Result, RowExt, Storage};
use crate::values;

/// How often one of them was wrong since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrongs {
    pub count: i64,
    pub since: Timestamp,
}

/// Those who were wrong less than `window` ago.
pub async fn of(storage: &Storage, who: &[String], now: Timestamp, window: Span) -> Result<Vec<Wrongs>> {
    let sql = "select count, since from wrong_codes where who {in $1} and since > $2";
    let rows = storage.read(sql, values![who.to_vec(), (now - window).micros()]).await?;
    Ok(rows.iter().map(|row| Wrongs { count: row.int(0), since: Timestamp::from_micros(row.int(1)) }).collect())
}

/// Counts one more; whoever was wrong longer ago begins anew, and the others of that age are forgotten.
pub async fn count(storage: &Storage, who: &[String], now: Timestamp, window: Span) -> Result<()> {
    let old = (now - window).micros();
    // A statement each: whoever held two rows at once could wait for somebody who holds the other.
    for who in who {
        let sql = "insert into wrong_codes (who, count, since) values ($1, 1, $2)
            on conflict (who) do update set
                count = case when wrong_codes.since > $3 then wrong_codes.count + 1 else 1 end,
                since = case when wrong_codes.since > $3 then wrong_codes.since else excluded.since end";
        storage.write(sql, values![who.as_str(), now.micros(), old]).await?;
    }
    storage.write("delete from wrong_codes where since <= $1", values![old]).await.map(drop)
}
