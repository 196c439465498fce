//! SQLite: the one writer thread, and a few read-only connections beside it. The only file that names its driver.
//!
//! P1: WAL with `synchronous=FULL`, so that what was answered survives `kill -9` and power loss. There is no
//! `for update` here (SQLite ignores it): the single writer and `begin immediate` are what protect.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::tokens::{Engine, Expanded, expand};
use super::{Result, Row, StorageError, Tx, Value};

/// Reads that run at once; more than the machine's cores only queue in the kernel instead of here.
const READERS_MAX: usize = 4;
/// What a statement needs beside the database (sorted rows, what a failed one would have to put back) stays in memory:
/// by default SQLite writes it to a file, and the ledger wrote eight times as many pages there as to the shop.
const SCRATCH: &str = "pragma temp_store = memory;";
/// Prepared statements kept per connection; the shop's text has about a hundred.
const STATEMENTS_MAX: usize = 256;

type WriterJob = Box<dyn FnOnce(&mut SqliteTx) + Send>;

/// A handle to the shop's file.
#[derive(Clone)]
pub struct Sqlite {
    writer: mpsc::Sender<WriterJob>,
    readers: Arc<Readers>,
}

struct Readers {
    idle: Mutex<Vec<SqliteTx>>,
    permits: Semaphore,
    path: std::path::PathBuf,
}

/// One connection with its expanded statements.
pub struct SqliteTx {
    connection: Connection,
    statements: HashMap<&'static str, Arc<Statement>>,
}

struct Statement {
    expanded: Expanded,
    /// For each parameter of the statement, which of ours it takes: `$2` takes the second, whatever its place.
    takes: Vec<usize>,
}

impl Sqlite {
    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.readers.path
    }

    pub fn open(path: &Path) -> Result<Sqlite> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| {
                StorageError::Unavailable(format!("{} cannot be created: {error}", folder.display()))
            })?;
        }
        let mut tx = SqliteTx { connection: Connection::open(path)?, statements: HashMap::new() };
        tx.connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        tx.connection.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
             pragma busy_timeout = 5000; pragma cache_size = -65536;",
        )?;
        tx.connection.execute_batch(SCRATCH)?;
        let (writer, mut jobs) = mpsc::channel::<WriterJob>(1024);
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                while let Some(job) = jobs.blocking_recv() {
                    // A panic answers its caller with an error (its answer is dropped) and must not end the writer.
                    if catch_unwind(AssertUnwindSafe(|| job(&mut tx))).is_err() {
                        tx.roll_back_what_is_open();
                    }
                }
            })
            .map_err(|error| StorageError::Unavailable(error.to_string()))?;
        let readers =
            Readers { idle: Mutex::new(Vec::new()), permits: Semaphore::new(READERS_MAX), path: path.to_owned() };
        Ok(Sqlite { writer, readers: Arc::new(readers) })
    }

    /// Runs a job on the writer thread. The job leaves no transaction open: what it left is rolled back.
    pub async fn on_writer<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut SqliteTx) -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job: WriterJob = Box::new(move |tx| {
            let result = job(tx);
            tx.roll_back_what_is_open();
            let _ = answer.send(result); // Whoever asked may be gone; the work is done all the same.
        });
        let gone = |_| StorageError::Unavailable("the writer has stopped".to_owned());
        self.writer.send(job).await.map_err(|_| StorageError::Unavailable("the writer has stopped".to_owned()))?;
        answered.await.map_err(gone)
    }

    pub async fn read(&self, sql: &'static str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        self.on_reader(move |reader| reader.run(sql, std::slice::from_ref(&parameters))).await
    }

    /// Statements within one read transaction: in WAL mode it sees the moment of its first read until it ends.
    pub async fn read_together(&self, statements: Vec<(&'static str, Vec<Value>)>) -> Result<Vec<Vec<Row>>> {
        self.on_reader(move |reader| {
            reader.connection.execute_batch("begin")?;
            let answers = statements.into_iter().map(|(sql, parameters)| reader.run(sql, &[parameters])).collect();
            reader.roll_back_what_is_open();
            answers
        })
        .await
    }

    /// Runs a job on a read-only connection. One whose job panics is dropped with it, not used again.
    async fn on_reader<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut SqliteTx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let readers = self.readers.clone();
        let _permit = readers.permits.acquire().await.map_err(|error| StorageError::Unavailable(error.to_string()))?;
        let pool = readers.clone();
        let work = move || -> Result<T> {
            let idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut reader = match idle {
                Some(reader) => reader,
                None => SqliteTx::open_read_only(&pool.path)?,
            };
            let answer = job(&mut reader);
            pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
            answer
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| StorageError::Broken(error.to_string()))?
    }

    pub async fn write(&self, sql: &'static str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        self.on_writer(move |tx| tx.run(sql, std::slice::from_ref(&parameters))).await?
    }

    pub async fn write_many(&self, statements: Vec<(&'static str, Vec<Value>)>) -> Result<()> {
        self.on_writer(move |tx| {
            tx.connection.execute_batch("begin immediate")?;
            for (sql, parameters) in statements {
                tx.run(sql, &[parameters])?;
            }
            Ok(tx.connection.execute_batch("commit")?)
        })
        .await?
    }

    pub async fn write_guarded(
        &self,
        guards: Vec<(&'static str, Vec<Value>)>,
        statements: Vec<(&'static str, Vec<Value>)>,
    ) -> Result<Option<usize>> {
        self.on_writer(move |tx| {
            tx.connection.execute_batch("begin immediate")?;
            for (at, (sql, parameters)) in guards.into_iter().enumerate() {
                if tx.run(sql, &[parameters])?.is_empty() {
                    tx.connection.execute_batch("rollback")?;
                    return Ok(Some(at));
                }
            }
            for (sql, parameters) in statements {
                tx.run(sql, &[parameters])?;
            }
            tx.connection.execute_batch("commit")?;
            Ok(None)
        })
        .await?
    }

    /// Writes the file anew from what it holds, and empties the log. Everybody waits so long: seconds in a large shop.
    pub async fn forget_deleted(&self) -> Result<()> {
        self.on_writer(|tx| {
            // The copy may be large: it goes by way of a file, which SQLite deletes.
            let vacuumed = tx.connection.execute_batch("pragma temp_store = file; vacuum;");
            tx.connection.execute_batch(SCRATCH)?;
            vacuumed?;
            let busy: i64 = tx.connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))?;
            if busy == 0 { Ok(()) } else { Err(StorageError::Contention("somebody reads an older state".to_owned())) }
        })
        .await?
    }

    pub async fn execute_script(&self, script: String) -> Result<()> {
        self.on_writer(move |tx| Ok(tx.connection.execute_batch(&script)?)).await?
    }
}

impl SqliteTx {
    fn open_read_only(path: &Path) -> Result<SqliteTx> {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
        )?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        connection.execute_batch("pragma busy_timeout = 5000; pragma query_only = on;")?;
        connection.execute_batch(SCRATCH)?;
        Ok(SqliteTx { connection, statements: HashMap::new() })
    }

    fn roll_back_what_is_open(&mut self) {
        if !self.connection.is_autocommit() {
            // A failure here leaves the transaction open, and the next `begin` says so.
            let _ = self.connection.execute_batch("rollback");
        }
    }

    fn statement(&mut self, sql: &'static str) -> Result<Arc<Statement>> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let expanded = expand(sql, Engine::Sqlite);
        let takes = {
            let prepared = self.connection.prepare(&expanded.sql)?;
            (1..=prepared.parameter_count())
                .map(|at| {
                    let name = prepared.parameter_name(at).unwrap_or_default();
                    name.trim_start_matches('$').parse::<usize>().map(|number| number - 1)
                })
                .collect::<std::result::Result<Vec<usize>, _>>()
                .map_err(|error| StorageError::Broken(format!("parameters are $1, $2, …: {error}")))?
        };
        let statement = Arc::new(Statement { expanded, takes });
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    fn run(&mut self, sql: &'static str, rows: &[Vec<Value>]) -> Result<Vec<Row>> {
        let statement = self.statement(sql)?;
        let mut prepared = self.connection.prepare_cached(&statement.expanded.sql)?;
        let columns = prepared.column_count();
        let mut found = Vec::new();
        for row in rows {
            for (at, taken) in statement.takes.iter().enumerate() {
                match &row[*taken] {
                    Value::Null => prepared.raw_bind_parameter(at + 1, rusqlite::types::Null)?,
                    Value::Int(number) => prepared.raw_bind_parameter(at + 1, number)?,
                    Value::Text(text) => prepared.raw_bind_parameter(at + 1, text)?,
                    Value::Ints(numbers) => prepared.raw_bind_parameter(at + 1, json_list(numbers))?,
                    Value::Texts(texts) => prepared.raw_bind_parameter(at + 1, json_list(texts))?,
                }
            }
            if columns == 0 {
                prepared.raw_execute()?;
                continue;
            }
            let mut answers = prepared.raw_query();
            while let Some(answer) = answers.next()? {
                found.push((0..columns).map(|at| value(answer.get_ref(at)?)).collect::<Result<Row>>()?);
            }
        }
        Ok(found)
    }
}

impl Tx for SqliteTx {
    async fn queries(&mut self, statements: Vec<(&'static str, Vec<Value>)>) -> Result<Vec<Vec<Row>>> {
        statements.into_iter().map(|(sql, parameters)| self.run(sql, &[parameters])).collect()
    }

    async fn flight(&mut self, statements: Vec<(&'static str, Vec<Row>)>) -> Result<()> {
        for (sql, rows) in statements {
            self.run(sql, &rows)?;
        }
        Ok(())
    }

    fn begin(&self) -> &'static str {
        "begin immediate"
    }

    fn locks_rows(&self) -> bool {
        false
    }
}

fn json_list<T: serde::Serialize>(list: &[T]) -> String {
    serde_json::to_string(list).expect("numbers and text are JSON")
}

fn value(value: ValueRef<'_>) -> Result<Value> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(error) => Err(StorageError::Broken(format!("stored text is not UTF-8: {error}"))),
        },
        other => Err(StorageError::Broken(format!("a value of type {} was stored", other.data_type()))),
    }
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        let message = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => StorageError::Conflict { constraint: message },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StorageError::Contention(message),
            Some(ErrorCode::CannotOpen | ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure) => {
                StorageError::Unavailable(message)
            }
            _ => StorageError::Broken(message),
        }
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.readers.path).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SqliteTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteTx").finish_non_exhaustive()
    }
}
