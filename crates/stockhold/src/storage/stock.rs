//! One SKU's stock as the admin reads it: its level, its live holds, its latest movements.

use rules::text::Sku;

use super::{Result, RowExt, Storage};
use crate::values;

const HOLDS_MAX: i64 = 200;
const MOVEMENTS_MAX: i64 = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub on_hand: i64,
    pub held: i64,
    pub holds: Vec<LiveHold>,
    pub movements: Vec<MovementView>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveHold {
    pub order_id: String,
    pub number: i64,
    pub quantity: i64,
    pub due_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovementView {
    pub seq: i64,
    pub delta: i64,
    pub on_hand_after: i64,
    pub reason: String,
    pub order_id: Option<String>,
    pub actor: String,
    pub moved_at: i64,
}

pub async fn find(storage: &Storage, sku: &Sku) -> Result<Option<Account>> {
    let level = "select on_hand, held from stock_levels where sku = $1";
    let rows = storage.read(level, values![sku.as_str()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (on_hand, held) = (row.int(0), row.int(1));
    // From the live orders to their lines: there are as many as the shop has open checkouts.
    let holds = "select o.id, o.number, cast(sum(l.quantity) as bigint), o.hold_due_at
        from orders o join order_lines l on l.order_id = o.id where o.hold = 'live' and l.sku = $1
        group by o.id, o.number, o.hold_due_at order by o.hold_due_at, o.id limit $2";
    let holds = storage.read(holds, values![sku.as_str(), HOLDS_MAX]).await?;
    let movements = "select seq, delta, on_hand_after, reason, order_id, actor, moved_at from movements
        where sku = $1 order by seq desc limit $2";
    let movements = storage.read(movements, values![sku.as_str(), MOVEMENTS_MAX]).await?;
    Ok(Some(Account {
        on_hand,
        held,
        holds: holds
            .iter()
            .map(|row| LiveHold {
                order_id: row.text(0).to_owned(),
                number: row.int(1),
                quantity: row.int(2),
                due_at: row.int(3),
            })
            .collect(),
        movements: movements
            .iter()
            .map(|row| MovementView {
                seq: row.int(0),
                delta: row.int(1),
                on_hand_after: row.int(2),
                reason: row.text(3).to_owned(),
                order_id: row.text_or_none(4).map(str::to_owned),
                actor: row.text(5).to_owned(),
                moved_at: row.int(6),
            })
            .collect(),
    }))
}
