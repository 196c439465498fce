//! Where a database stands: a copy of it elsewhere is recognised before it touches live money.
//!
//! Two shops on copies of the same books would both settle, refund and write letters for the same orders.

use super::{Database, Result, RowExt, Storage, StorageError, settings};
use crate::values;

const SETTING: &str = "live_place";

/// Names the place: the server and database of PostgreSQL, the machine and file of SQLite.
pub async fn of(storage: &Storage) -> Result<String> {
    match &storage.database {
        Database::Sqlite(sqlite) => {
            let file = std::fs::canonicalize(sqlite.path()).unwrap_or_else(|_| sqlite.path().to_owned());
            Ok(format!("{} {}", machine(), file.display()))
        }
        Database::Postgres(_) => {
            // The identifier is drawn when a cluster is made; a restored dump stands in another one.
            let sql =
                "select cast(system_identifier as text), cast(current_database() as text) from pg_control_system()";
            let rows = storage.read(sql, values![]).await?;
            let row = rows.first().ok_or_else(|| StorageError::Broken("PostgreSQL has no identifier".to_owned()))?;
            Ok(format!("{} {}", row.text(0), row.text(1)))
        }
    }
}

/// The place where these books were when a live key was used first, if it is not here.
pub async fn moved_from(storage: &Storage) -> Result<Option<String>> {
    let here = of(storage).await?;
    let known = settings::get_or_set(storage, SETTING, &here).await?;
    Ok(Some(known).filter(|known| *known != here))
}

/// Somebody has said that the shop lives here now.
pub async fn confirm(storage: &Storage) -> Result<()> {
    settings::set(storage, SETTING, &of(storage).await?).await
}

/// systemd's and D-Bus' name of a machine; it is made anew with each installation.
fn machine() -> String {
    let files = ["/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostname"];
    let read = files.iter().find_map(|file| std::fs::read_to_string(file).ok().filter(|id| !id.trim().is_empty()));
    read.map_or_else(|| "unnamed".to_owned(), |id| id.trim().to_owned())
}
