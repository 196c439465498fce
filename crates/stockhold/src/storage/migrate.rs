//! Migrations: SQL files inside the binary, forward only, checksummed, refused on a newer schema.
//!
//! Our own eighty lines: one SQL text with tokens serves both engines, which no migration tool expands
//! (docs/adr/0003-our-own-migrations.md).

use sha2::{Digest, Sha256};

use super::tokens::{Engine, expand};
use super::{Database, Result, RowExt, Storage, StorageError};
use crate::values;

/// Name and text, in order. Never edited after a release.
const MIGRATIONS: &[(&str, &str)] = &[("0001_open_the_shop", include_str!("../../migrations/0001_open_the_shop.sql"))];

const LEDGER: &str = "create table if not exists schema_migrations (
    version bigint not null primary key, name text not null, checksum text not null)";

/// Why this binary cannot work on this database.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(
        "The database was written by a newer version ({found} migrations, this version knows {known}). Use that version."
    )]
    NewerSchema { found: usize, known: usize },
    #[error("Migration {name} was changed after it ran here. Restore the released file.")]
    Changed { name: String },
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Brings the schema to head; returns the names of what ran.
pub async fn run(storage: &Storage) -> Result<Vec<&'static str>, MigrateError> {
    create_ledger(storage).await?;
    let mut ran = Vec::new();
    loop {
        let done = check(storage).await?;
        let Some((name, text)) = MIGRATIONS.get(done) else { return Ok(ran) };
        match storage.execute_script(script(storage, done + 1, name, text)).await {
            Ok(()) => ran.push(*name),
            // Another instance ran it at the same moment: look again.
            Err(error) if check(storage).await? > done => tracing::debug!(%error, "another instance migrated"),
            Err(error) => return Err(error.into()),
        }
    }
}

/// How many migrations ran here; an error when they are not ours.
pub async fn check(storage: &Storage) -> Result<usize, MigrateError> {
    let rows = storage.read("select name, checksum from schema_migrations order by version", values![]).await?;
    if rows.len() > MIGRATIONS.len() {
        return Err(MigrateError::NewerSchema { found: rows.len(), known: MIGRATIONS.len() });
    }
    for (row, (name, text)) in rows.iter().zip(MIGRATIONS) {
        if row.text(0) != *name || row.text(1) != checksum(text) {
            return Err(MigrateError::Changed { name: row.text(0).to_owned() });
        }
    }
    Ok(rows.len())
}

/// Whether the schema is the one this binary was built for.
pub async fn is_at_head(storage: &Storage) -> bool {
    matches!(check(storage).await, Ok(done) if done == MIGRATIONS.len())
}

async fn create_ledger(storage: &Storage) -> Result<()> {
    match storage.execute_script(LEDGER.to_owned()).await {
        // PostgreSQL: two instances creating it at once collide in the catalogue; it stands then.
        Err(StorageError::Conflict { .. }) => Ok(()),
        other => other,
    }
}

/// One migration and its entry, in one transaction; the version's primary key lets one of two instances win.
fn script(storage: &Storage, version: usize, name: &str, text: &str) -> String {
    let engine = match &storage.database {
        Database::Sqlite(_) => Engine::Sqlite,
        Database::Postgres(_) => Engine::Postgres,
    };
    let (begin, sum) = match engine {
        Engine::Sqlite => ("begin immediate", checksum(text)),
        Engine::Postgres => ("begin; select pg_advisory_xact_lock(7283645)", checksum(text)),
    };
    let entry =
        format!("insert into schema_migrations (version, name, checksum) values ({version}, '{name}', '{sum}')");
    format!("{begin}; {entry}; {} ; commit;", expand(&without_comments(text), engine).sql)
}

/// A brace in a comment is no token.
fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn checksum(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
