//! The shop's storage: SQLite or PostgreSQL behind one SQL text.
//!
//! The text carries a few tokens that each adapter expands once (see [`tokens`]). Values are integers, text or
//! null on both engines, so a row means the same wherever it is stored. What touches stock or money goes through
//! the ledger's transaction ([`Tx`]); everything else is one guarded statement through [`Storage`].

pub mod audit_log;
pub mod books;
pub mod carts;
pub mod coupons;
pub mod customers;
pub mod drafts;
pub mod effects;
pub mod erasure;
pub mod exports;
pub mod health;
pub mod idempotency;
pub mod inbox;
pub mod keys;
pub mod lookups;
pub mod migrate;
pub mod money;
pub mod order_list;
pub mod order_notes;
pub mod order_search;
pub mod orders;
pub mod pages;
pub mod place;
pub mod postgres;
pub mod priced;
pub mod products;
pub mod reconciliation;
pub mod reports;
pub mod revisions;
pub mod second_factors;
pub mod settings;
pub mod sign_in_tries;
pub mod snapshot;
pub mod sqlite;
pub mod staff;
pub mod staff_letters;
pub mod stock;
pub mod stock_requests;
pub mod today;
pub mod tokens;
pub mod waiting;
pub mod webhooks;
pub mod wrong_codes;

use std::future::Future;

use crate::steps::{Course, Step, Steps};

/// One value of a row or a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Ints(Vec<i64>),
    Texts(Vec<String>),
}

pub type Row = Vec<Value>;

/// A row's values by position; a value of another type than asked for is a mistake in the SQL text.
pub trait RowExt {
    fn int(&self, at: usize) -> i64;
    fn text(&self, at: usize) -> &str;
    fn int_or_none(&self, at: usize) -> Option<i64>;
    fn text_or_none(&self, at: usize) -> Option<&str>;
}

impl RowExt for Row {
    fn int(&self, at: usize) -> i64 {
        self.int_or_none(at).expect("the statement selects a number here")
    }

    fn text(&self, at: usize) -> &str {
        self.text_or_none(at).expect("the statement selects text here")
    }

    fn int_or_none(&self, at: usize) -> Option<i64> {
        match &self[at] {
            Value::Int(number) => Some(*number),
            Value::Null => None,
            other => panic!("a number was expected in column {at}, not {other:?}"),
        }
    }

    fn text_or_none(&self, at: usize) -> Option<&str> {
        match &self[at] {
            Value::Text(text) => Some(text),
            Value::Null => None,
            other => panic!("text was expected in column {at}, not {other:?}"),
        }
    }
}

/// Parameters in the order of `$1, $2, …`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::storage::Value::from($value)),*] };
}

/// What went wrong below the shop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    #[error("the database refused a row: {constraint}")]
    Conflict { constraint: String },
    /// Another transaction was in the way; the same again may succeed.
    #[error("the database was busy: {0}")]
    Contention(String),
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    #[error("the database answered with an error: {0}")]
    Broken(String),
}

pub type Result<T, E = StorageError> = std::result::Result<T, E>;

/// One transaction of the ledger.
///
/// On SQLite the futures are always ready at once: the writer thread polls them a single time.
pub trait Tx: Send {
    /// Statements that read, answered in order; one round trip on PostgreSQL.
    fn queries(
        &mut self,
        statements: Vec<(&'static str, Vec<Value>)>,
    ) -> impl Future<Output = Result<Vec<Vec<Row>>>> + Send;

    /// Statements that write batches of rows, in order; one round trip on PostgreSQL. A statement without rows
    /// to write is left out; one without parameters takes one empty row.
    fn flight(&mut self, statements: Vec<(&'static str, Vec<Row>)>) -> impl Future<Output = Result<()>> + Send;

    /// The words that open a transaction which may write.
    fn begin(&self) -> &'static str;

    /// Whether other writers run beside this one, so that rows are locked one by one.
    fn locks_rows(&self) -> bool;
}

/// The shop's database, shared by every room.
#[derive(Debug, Clone)]
pub struct Storage {
    pub database: Database,
    steps: Steps,
}

#[derive(Debug, Clone)]
pub enum Database {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Storage {
    /// Opens `sqlite:PATH` or `postgres://…`.
    pub async fn open(database_url: &str) -> Result<Storage> {
        Storage::open_watched(database_url, Steps::default()).await
    }

    /// Like [`Storage::open`]; a test watches each step.
    pub async fn open_watched(database_url: &str, steps: Steps) -> Result<Storage> {
        if let Some(path) = database_url.strip_prefix("sqlite:") {
            let database = Database::Sqlite(sqlite::Sqlite::open(std::path::Path::new(path))?);
            return Ok(Storage { database, steps });
        }
        if database_url.starts_with("postgres://") || database_url.starts_with("postgresql://") {
            let database = Database::Postgres(postgres::Postgres::open(database_url).await?);
            return Ok(Storage { database, steps });
        }
        Err(StorageError::Broken("a database address begins with sqlite: or postgres://".to_owned()))
    }

    /// One statement that only reads.
    pub async fn read(&self, sql: &'static str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        if self.steps.next(Step::Read) == Course::NeverHappens {
            return Err(never_happened());
        }
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.read(sql, parameters).await,
            Database::Postgres(postgres) => postgres.read(sql, parameters).await,
        }
    }

    /// One statement that reads whole tables, as the audit's do: it may take longer than any other.
    pub async fn read_whole(&self, sql: &'static str) -> Result<Vec<Row>> {
        if self.steps.next(Step::Read) == Course::NeverHappens {
            return Err(never_happened());
        }
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.read(sql, Vec::new()).await,
            Database::Postgres(postgres) => postgres.read_whole(sql).await,
        }
    }

    /// Statements that only read, and see the same moment: what is told of one thing by several of them is true together.
    pub async fn read_together(&self, statements: Vec<(&'static str, Vec<Value>)>) -> Result<Vec<Vec<Row>>> {
        if self.steps.next(Step::Read) == Course::NeverHappens {
            return Err(never_happened());
        }
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.read_together(statements).await,
            Database::Postgres(postgres) => postgres.read_together(statements).await,
        }
    }

    /// One guarded statement, committed when this returns; `returning` gives its rows.
    pub async fn write(&self, sql: &'static str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        let course = self.begin_commit()?;
        let again = (course == Course::HappensTwice).then(|| parameters.clone());
        let rows = self.write_once(sql, parameters).await?;
        if let Some(parameters) = again {
            self.write_once(sql, parameters).await?;
        }
        end_commit(course).map(|()| rows)
    }

    async fn write_once(&self, sql: &'static str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.write(sql, parameters).await,
            Database::Postgres(postgres) => postgres.read(sql, parameters).await,
        }
    }

    /// Several statements, all or none.
    pub async fn write_many(&self, statements: Vec<(&'static str, Vec<Value>)>) -> Result<()> {
        let course = self.begin_commit()?;
        let again = (course == Course::HappensTwice).then(|| statements.clone());
        for statements in std::iter::once(statements).chain(again) {
            match &self.database {
                Database::Sqlite(sqlite) => sqlite.write_many(statements).await?,
                Database::Postgres(postgres) => postgres.write_many(statements).await?,
            }
        }
        end_commit(course)
    }

    /// Guards that each must find a row, and may lock it, then the statements: all of it or nothing. The first guard that
    /// finds none is told by its place.
    pub async fn write_guarded(
        &self,
        guards: Vec<(&'static str, Vec<Value>)>,
        statements: Vec<(&'static str, Vec<Value>)>,
    ) -> Result<Option<usize>> {
        let course = self.begin_commit()?;
        let refused = match &self.database {
            Database::Sqlite(sqlite) => sqlite.write_guarded(guards, statements).await?,
            Database::Postgres(postgres) => postgres.write_guarded(guards, statements).await?,
        };
        end_commit(course).map(|()| refused)
    }

    /// Whoever commits asks here first, and tells [`end_commit`] afterwards.
    pub fn begin_commit(&self) -> Result<Course> {
        match self.steps.next(Step::Commit) {
            Course::NeverHappens => Err(never_happened()),
            course => Ok(course),
        }
    }

    /// Leaves nothing of what was deleted: SQLite keeps it in free pages and in its log until they are written over. What
    /// PostgreSQL keeps is its own (`vacuum` and its log's retention), outside the shop's folder.
    pub async fn forget_deleted(&self) -> Result<()> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.forget_deleted().await,
            Database::Postgres(_) => Ok(()),
        }
    }

    /// Runs DDL text that is one engine's own; for migrations and for tests that forge what the shop never writes.
    pub async fn execute_script(&self, script: String) -> Result<()> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.execute_script(script).await,
            Database::Postgres(postgres) => postgres.execute_script(script).await,
        }
    }
}

/// What the one who committed learns of it.
pub fn end_commit(course: Course) -> Result<()> {
    match course {
        Course::LosesItsAnswer => Err(StorageError::Unavailable("the answer was lost".to_owned())),
        Course::Happens | Course::HappensTwice | Course::NeverHappens => Ok(()),
    }
}

fn never_happened() -> StorageError {
    StorageError::Broken("the process died before this".to_owned())
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Int(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        value.map_or(Value::Null, Value::Int)
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        value.map_or(Value::Null, Value::Text)
    }
}

impl From<Vec<i64>> for Value {
    fn from(value: Vec<i64>) -> Self {
        Value::Ints(value)
    }
}

impl From<Vec<String>> for Value {
    fn from(value: Vec<String>) -> Self {
        Value::Texts(value)
    }
}
