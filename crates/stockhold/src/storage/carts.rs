//! Carts: what a browser has chosen. They touch neither stock nor money, so each change is one guarded statement:
//! whoever read an older cart writes in vain and reads again.

use rules::ids::OrderId;
use rules::orders::Status;
use rules::time::Timestamp;

use super::{Result, RowExt, Storage, StorageError};
use crate::values;

/// A cart as it is stored; its id is the SHA-256 of the browser's cookie, so the table opens nobody's cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCart {
    /// SKU and quantity, in the order they were chosen.
    pub lines: Vec<(String, i64)>,
    /// The id that the next checkout of this cart uses, or the order it has become.
    pub order_id: OrderId,
}

/// A cart, and how far the order it has become has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCart {
    pub cart: StoredCart,
    /// None: nothing was ordered with this cart's order id yet.
    pub order: Option<Status>,
}

pub async fn find(storage: &Storage, id: &str) -> Result<Option<FoundCart>> {
    let sql = "select c.lines, c.order_id, o.status from carts c
        left join orders o on o.id = c.order_id and o.cart_id = c.id where c.id = $1";
    let rows = storage.read(sql, values![id]).await?;
    rows.first().map(|row| read(row.text(0), row.text(1), row.text_or_none(2))).transpose()
}

/// Stores a new cart; false when this browser has one already.
pub async fn insert(storage: &Storage, id: &str, cart: &StoredCart, now: Timestamp) -> Result<bool> {
    let sql = "insert into carts (id, lines, order_id, updated_at) values ($1, $2, $3, $4)
        on conflict (id) do nothing returning id";
    let parameters = values![id, lines(cart), cart.order_id.to_string(), now.micros()];
    Ok(!storage.write(sql, parameters).await?.is_empty())
}

/// Stores `after` if the cart still stands as `before` was read; false when somebody was faster.
pub async fn replace(
    storage: &Storage,
    id: &str,
    before: &StoredCart,
    after: &StoredCart,
    now: Timestamp,
) -> Result<bool> {
    let sql = "update carts set lines = $2, order_id = $3, updated_at = $4
        where id = $1 and lines = $5 and order_id = $6 returning id";
    let parameters = values![
        id,
        lines(after),
        after.order_id.to_string(),
        now.micros(),
        lines(before),
        before.order_id.to_string(),
    ];
    Ok(!storage.write(sql, parameters).await?.is_empty())
}

fn lines(cart: &StoredCart) -> String {
    serde_json::to_string(&cart.lines).expect("pairs of text and numbers are always JSON")
}

fn read(lines: &str, order_id: &str, status: Option<&str>) -> Result<FoundCart> {
    let broken = |error: String| StorageError::Broken(format!("a stored cart cannot be read: {error}"));
    let cart = StoredCart {
        lines: serde_json::from_str(lines).map_err(|error| broken(error.to_string()))?,
        order_id: order_id.parse().map_err(|error: rules::ids::NotAnId| broken(error.to_string()))?,
    };
    let known = |word: &str| Status::parse(word).ok_or_else(|| broken(format!("the status {word} is not known")));
    Ok(FoundCart { cart, order: status.map(known).transpose()? })
}
