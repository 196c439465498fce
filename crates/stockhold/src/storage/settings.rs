//! What the shopkeeper sets, one row per setting.

use super::{Result, RowExt, Storage};
use crate::values;

pub async fn get(storage: &Storage, key: &str) -> Result<Option<String>> {
    let rows = storage.read("select value from settings where key = $1", values![key]).await?;
    Ok(rows.first().map(|row| row.text(0).to_owned()))
}

pub async fn set(storage: &Storage, key: &str, value: &str) -> Result<()> {
    let sql =
        "insert into settings (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value";
    storage.write(sql, values![key, value]).await.map(drop)
}

/// Sets a value unless one stands already; returns the one that stands.
pub async fn get_or_set(storage: &Storage, key: &str, value: &str) -> Result<String> {
    let sql = "insert into settings (key, value) values ($1, $2) on conflict (key) do nothing";
    storage.write(sql, values![key, value]).await?;
    Ok(get(storage, key).await?.unwrap_or_else(|| value.to_owned()))
}
