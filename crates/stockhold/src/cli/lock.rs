//! One process serves a shop on SQLite: it holds a lock beside the database until it ends, however it ends.
//!
//! Two would each believe themselves the only writer and the only worker. On PostgreSQL several instances are meant to
//! run, so there is nothing to lock.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::{DATABASE, Stop, UNSAFE};

/// Whoever has it is alone with the shop. The system takes it back when the process is gone, also after `kill -9`.
#[derive(Debug)]
pub struct Alone {
    _file: File,
}

/// None on PostgreSQL; refused while another process serves the same file.
pub fn alone(database_url: &str) -> Result<Option<Alone>, Stop> {
    let Some(database) = database_url.strip_prefix("sqlite:").map(Path::new) else { return Ok(None) };
    // A file of its own: to open and close the database's would take SQLite's own locks away.
    let mut beside = database.as_os_str().to_owned();
    beside.push(".lock");
    let beside = PathBuf::from(beside);
    let unusable = |error: std::io::Error| Stop {
        code: DATABASE,
        words: format!("The database cannot be used: {}: {error}", beside.display()),
    };
    if let Some(folder) = database.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(unusable)?;
    }
    let file = File::options().create(true).truncate(false).write(true).open(&beside).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Alone { _file: file })),
        Err(TryLockError::WouldBlock) => Err(Stop {
            code: UNSAFE,
            words: format!(
                "Another process serves the shop at {}. Stop it first, or choose another folder (--data-dir, for the \
                 demo --keep). Several instances need PostgreSQL: DATABASE_URL=postgres://…",
                database.display()
            ),
        }),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}
