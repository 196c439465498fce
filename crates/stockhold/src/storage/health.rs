//! What the database is, how large, and how much room there is beside it. The only texts that are each engine's own, because
//! engines tell of themselves in their own words.

use std::path::Path;

use super::{Database, Result, RowExt, Storage};
use crate::values;

/// `SQLite 3.50.4`, `PostgreSQL 17.2`.
pub async fn engine(storage: &Storage) -> Result<String> {
    let (name, sql) = match &storage.database {
        Database::Sqlite(_) => ("SQLite", "select sqlite_version()"),
        Database::Postgres(_) => ("PostgreSQL", "select split_part(current_setting('server_version'), ' ', 1)"),
    };
    let rows = storage.read(sql, values![]).await?;
    Ok(format!("{name} {}", rows.first().map_or("", |row| row.text(0))))
}

pub async fn bytes(storage: &Storage) -> Result<Option<u64>> {
    let sql = match &storage.database {
        Database::Sqlite(_) => "select page_count * page_size from pragma_page_count(), pragma_page_size()",
        Database::Postgres(_) => "select pg_database_size(current_database())",
    };
    let rows = storage.read(sql, values![]).await?;
    Ok(rows.first().and_then(|row| u64::try_from(row.int(0)).ok()))
}

/// Free and all bytes of the disk that a folder lies on.
pub fn disk(folder: &Path) -> Option<(u64, u64)> {
    let told = rustix::fs::statvfs(folder).ok()?;
    Some((told.f_bavail * told.f_frsize, told.f_blocks * told.f_frsize))
}
