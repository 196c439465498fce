//! Look-ups: somebody named an order's number and an e-mail address, and wants the order's link sent there.
//!
//! Who asked and for whom is kept as keyed digests, for a day, to be counted by. What a look-up comes to is decided
//! later, by a worker: asking takes the same one statement whether there is such an order or not.

use rules::effects::Letter;
use rules::ids::OrderId;
use rules::time::{Span, Timestamp};

use super::{Result, RowExt, Storage, effects};
use crate::values;

/// So far back askers are counted.
const COUNTED: Span = Span::minutes(60);
/// One network may ask so often in that time: a household or an office needs a few.
const ASKED_BY_CLIENT_MAX: i64 = 20;
/// So many letters at most go to one address in that time, whoever asks.
const ASKED_FOR_BUYER_MAX: i64 = 5;
const KEPT: Span = Span::minutes(24 * 60);

/// A look-up that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    pub id: String,
    pub number: i64,
    /// A keyed digest of the buyer's address.
    pub buyer: String,
    /// Its address was named too often lately: nothing is sent.
    pub is_too_much: bool,
}

/// Stores a look-up; false when this client has asked too often.
pub async fn ask(storage: &Storage, id: &str, number: i64, buyer: &str, client: &str, now: Timestamp) -> Result<bool> {
    let sql = "insert into lookups (id, number, buyer, client, asked_at, state)
        select $1, cast($2 as bigint), $3, $4, cast($5 as bigint), 'due'
        where (select count(*) from lookups where client = $4 and asked_at > $6) < $7
        returning id";
    let since = (now - COUNTED).micros();
    let parameters = values![id, number, buyer, client, now.micros(), since, ASKED_BY_CLIENT_MAX];
    Ok(!storage.write(sql, parameters).await?.is_empty())
}

/// Look-ups that nobody has answered yet, oldest first.
pub async fn due(storage: &Storage, limit: i64) -> Result<Vec<Lookup>> {
    let sql = "select l.id, l.number, l.buyer, (select count(*) from lookups o
            where o.buyer = l.buyer and o.asked_at > l.asked_at - $1 and o.asked_at <= l.asked_at and o.id <> l.id)
        from lookups l where l.state = 'due' order by l.asked_at, l.id limit $2";
    let rows = storage.read(sql, values![COUNTED.as_micros(), limit]).await?;
    let lookup = |row: &super::Row| Lookup {
        id: row.text(0).to_owned(),
        number: row.int(1),
        buyer: row.text(2).to_owned(),
        is_too_much: row.int(3) >= ASKED_FOR_BUYER_MAX,
    };
    Ok(rows.iter().map(lookup).collect())
}

/// Marks a look-up as answered; with its letter, if there is an order to send. A repeat sends nothing twice (E2).
pub async fn answer(storage: &Storage, lookup: &Lookup, order: Option<OrderId>, now: Timestamp) -> Result<()> {
    let mut statements = vec![("update lookups set state = 'done' where id = $1", values![lookup.id.as_str()])];
    if let Some(order) = order {
        statements.push(effects::letter(order, Letter::OrderLink, &lookup.id, now));
    }
    statements.push(("delete from lookups where asked_at < $1 and state = 'done'", values![(now - KEPT).micros()]));
    storage.write_many(statements).await
}
