//! Stock as the admin reads it: the shelf of all variants, and of one SKU its level, its live holds, its movements and the
//! orders that wait for it. Nothing here writes.

pub mod shelf;

use rules::orders::Status;
use rules::stock::available;
use rules::text::Sku;
use rules::time::Timestamp;

use super::{Result, Row, RowExt, Storage};
use crate::values;

/// Live holds that are named of one SKU.
pub const HOLDS_MAX: i64 = 200;
const MOVEMENTS_MAX: i64 = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub on_hand: i64,
    pub held: i64,
    /// Missing of what is promised or sold.
    pub short: i64,
    /// How many times it was changed by hand.
    pub revision: i64,
    pub holds: Vec<LiveHold>,
    pub movements: Vec<MovementView>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveHold {
    pub order_id: String,
    pub number: i64,
    pub quantity: i64,
    pub due_at: i64,
    /// `pending`, or `processing`: the buyer has finished, and the money decides.
    pub status: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovementView {
    pub seq: i64,
    pub delta: i64,
    pub on_hand_after: i64,
    pub reason: String,
    pub order_id: Option<String>,
    pub order_number: Option<i64>,
    pub actor: String,
    pub moved_at: i64,
}

impl Account {
    /// What a buyer can get now: a hold that is due counts as free.
    pub fn available(&self, now: Timestamp) -> i64 {
        let due: i64 = self.holds.iter().filter(|hold| hold.is_due(now)).map(|hold| hold.quantity).sum();
        available(self.on_hand, self.held, self.short, due)
    }
}

impl LiveHold {
    /// Its time is over, and its buyer has not finished.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.status == Status::Pending.as_str() && self.due_at <= now.micros()
    }
}

/// An order that was paid and waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    pub order_id: String,
    pub number: i64,
    pub quantity: i64,
    pub paid_at: i64,
}

/// A shortfall that somebody confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedShortfall {
    pub units: i64,
    pub actor: String,
    pub noted_at: i64,
}

/// From the live orders to their lines: there are as many as the shop has open checkouts. Grouped by order, SQLite would walk
/// all orders in the order of their ids.
const HOLDS: &str = "select o.id, o.number,
        (select cast(sum(l.quantity) as bigint) from order_lines l where l.order_id = o.id and l.sku = $1),
        o.hold_due_at, o.status
    from orders o where o.hold = 'live' and o.hold_due_at >= 0
        and exists (select 1 from order_lines l where l.order_id = o.id and l.sku = $1)
    order by o.hold_due_at, o.id limit $2";

const MOVEMENTS: &str = "select m.seq, m.delta, m.on_hand_after, m.reason, m.order_id, m.actor, m.moved_at, o.number
    from movements m left join orders o on o.id = m.order_id
    where m.sku = $1 and m.seq < $2 order by m.seq desc limit $3";

// Lines are found by the index that the search has.
const UNSENT: &str = "select o.id, o.number,
        (select cast(sum(l.quantity - l.shipped - l.cancelled) as bigint) from order_lines l
            where l.order_id = o.id and l.sku = $1 and l.quantity > l.shipped + l.cancelled),
        o.paid_at
    from orders o where o.status = 'paid' and (o.fulfilment = 'unfulfilled' or o.fulfilment = 'partly_shipped')
        and o.id in (select l.order_id from order_lines l
            where upper(l.sku) {binary} = $3 and l.sku = $1 and l.quantity > l.shipped + l.cancelled)
    order by o.paid_at, o.id limit $2";

/// Every statement by which a list is read, and the index it is meant to walk (empty: whichever), so that a test can look at
/// their plans.
pub const LISTS: &[(&str, &str)] = &[(HOLDS, "orders_live"), (MOVEMENTS, ""), (UNSENT, "order_lines_sku")];

/// Level, live holds and latest movements of one moment: what is told of them is true together.
pub async fn find(storage: &Storage, sku: &Sku) -> Result<Option<Account>> {
    let sku = sku.as_str();
    let asked = vec![
        ("select on_hand, held, short, revision from stock_levels where sku = $1", values![sku]),
        (HOLDS, values![sku, HOLDS_MAX]),
        (MOVEMENTS, values![sku, i64::MAX, MOVEMENTS_MAX]),
    ];
    let mut answers = storage.read_together(asked).await?.into_iter();
    let Some(level) = answers.next().and_then(|rows| rows.into_iter().next()) else { return Ok(None) };
    let holds = answers.next().unwrap_or_default();
    let movements = answers.next().unwrap_or_default();
    Ok(Some(Account {
        on_hand: level.int(0),
        held: level.int(1),
        short: level.int(2),
        revision: level.int(3),
        holds: holds.iter().map(hold).collect(),
        movements: movements.iter().map(movement).collect(),
    }))
}

/// Movements before a number, the newest first.
pub async fn movements(storage: &Storage, sku: &Sku, before: i64, limit: i64) -> Result<Vec<MovementView>> {
    let rows = storage.read(MOVEMENTS, values![sku.as_str(), before, limit]).await?;
    Ok(rows.iter().map(movement).collect())
}

/// Paid orders that still wait for some of it, the first to be served first.
pub async fn unsent(storage: &Storage, sku: &Sku) -> Result<Vec<Unsent>> {
    let rows = storage.read(UNSENT, values![sku.as_str(), HOLDS_MAX, sku.as_str().to_ascii_uppercase()]).await?;
    let unsent = |row: &Row| Unsent {
        order_id: row.text(0).to_owned(),
        number: row.int(1),
        quantity: row.int(2),
        paid_at: row.int(3),
    };
    Ok(rows.iter().map(unsent).collect())
}

/// Shortfalls that were confirmed, the latest first.
pub async fn shortfalls(storage: &Storage, sku: &Sku) -> Result<Vec<NotedShortfall>> {
    let sql =
        "select units, actor, noted_at from shortfalls where sku = $1 order by noted_at desc, command_id limit $2";
    let rows = storage.read(sql, values![sku.as_str(), MOVEMENTS_MAX]).await?;
    let noted = |row: &Row| NotedShortfall { units: row.int(0), actor: row.text(1).to_owned(), noted_at: row.int(2) };
    Ok(rows.iter().map(noted).collect())
}

fn hold(row: &Row) -> LiveHold {
    LiveHold {
        order_id: row.text(0).to_owned(),
        number: row.int(1),
        quantity: row.int(2),
        due_at: row.int(3),
        status: row.text(4).to_owned(),
    }
}

fn movement(row: &Row) -> MovementView {
    MovementView {
        seq: row.int(0),
        delta: row.int(1),
        on_hand_after: row.int(2),
        reason: row.text(3).to_owned(),
        order_id: row.text_or_none(4).map(str::to_owned),
        order_number: row.int_or_none(7),
        actor: row.text(5).to_owned(),
        moved_at: row.int(6),
    }
}
