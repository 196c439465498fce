//! PostgreSQL: pipelined statements, several instances. The only file that names its driver.
//!
//! Read committed; rows are locked in one order (see `storage::books`). P1: `synchronous_commit=on`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use futures_util::future::try_join_all;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, IsolationLevel, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tokens::{Engine, Expanded, expand};
use super::{Result, Row, StorageError, Tx, Value};

/// Connections for reads and small writes, per instance. PostgreSQL's own default allows 100 in all.
const CONNECTIONS_MAX: usize = 8;
/// The ledger reads and writes by key alone. A plan that was made while a table was empty reads it from end to end, and
/// a prepared statement may keep that plan long after the table has grown. Its statements are always asked the same way, so
/// that one plan does for all of them.
const LEDGER_SESSION: &str = "set enable_seqscan = off; set plan_cache_mode = auto";
/// A statement or a lock that takes longer than this is given up: nothing in the shop does, but the audit of a large one.
/// Lists are planned for what they are asked each time: one plan for every filter reads a whole table where an index would do
/// (measured with 100,000 orders: 196 ms for the orders with refunds, and planning is a millisecond).
const SESSION: &str = "set statement_timeout = '15s'; set lock_timeout = '10s';
    set idle_in_transaction_session_timeout = '30s'; set synchronous_commit = on;
    set default_transaction_isolation = 'read committed'; set plan_cache_mode = force_custom_plan";

/// A handle to the server, cheap to clone.
#[derive(Clone)]
pub struct Postgres(Arc<Server>);

struct Server {
    pool: Pool,
    config: Config,
    tls: MakeRustlsConnect,
    texts: Mutex<HashMap<&'static str, Arc<Expanded>>>,
}

/// One connection of the ledger, with its prepared statements.
pub struct PostgresTx {
    client: Client,
    statements: HashMap<&'static str, (Statement, Vec<bool>)>,
}

impl Postgres {
    pub async fn open(url: &str) -> Result<Postgres> {
        let config: Config =
            url.parse().map_err(|error: tokio_postgres::Error| StorageError::Broken(error.to_string()))?;
        let tls = tls();
        let manager = Manager::from_config(
            config.clone(),
            tls.clone(),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let prepare = deadpool_postgres::Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(SESSION).await.map_err(deadpool_postgres::HookError::Backend) })
        });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS_MAX)
            .post_create(prepare)
            .build()
            .map_err(|error| StorageError::Broken(error.to_string()))?;
        let postgres = Postgres(Arc::new(Server { pool, config, tls, texts: Mutex::default() }));
        drop(postgres.connection().await?); // An address that does not answer is told at once, not at the first order.
        Ok(postgres)
    }

    /// A connection of the ledger's own.
    pub async fn connect(&self) -> Result<PostgresTx> {
        let (client, connection) = self.0.config.connect(self.0.tls.clone()).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "a database connection ended");
            }
        });
        client.batch_execute(SESSION).await?;
        client.batch_execute(LEDGER_SESSION).await?;
        Ok(PostgresTx { client, statements: HashMap::new() })
    }

    pub async fn read(&self, sql: &'static str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        let client = self.connection().await?;
        let text = self.text(sql);
        let statement = client.prepare_cached(&text.sql).await?;
        let references: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        client.query(&statement, &references).await?.iter().map(row).collect()
    }

    /// A statement for which the session's limit of time does not count.
    pub async fn read_whole(&self, sql: &'static str) -> Result<Vec<Row>> {
        let mut client = self.connection().await?;
        let transaction = client.build_transaction().read_only(true).start().await?;
        transaction.batch_execute("set local statement_timeout = 0").await?;
        let statement = transaction.prepare_cached(&self.text(sql).sql).await?;
        let rows = transaction.query(&statement, &[]).await?.iter().map(row).collect();
        transaction.rollback().await?;
        rows
    }

    /// Statements within one transaction that sees the moment of its first read until it ends.
    pub async fn read_together(&self, statements: Vec<(&'static str, Vec<Value>)>) -> Result<Vec<Vec<Row>>> {
        let mut client = self.connection().await?;
        let snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let transaction = snapshot.start().await?;
        let mut prepared = Vec::with_capacity(statements.len());
        for (sql, parameters) in statements {
            prepared.push((transaction.prepare_cached(&self.text(sql).sql).await?, parameters));
        }
        let answers = prepared.iter().map(|(statement, parameters)| {
            let transaction = &transaction;
            async move {
                let references: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
                transaction.query(statement, &references).await?.iter().map(row).collect()
            }
        });
        let answers = try_join_all(answers).await?; // One round trip for all of them.
        transaction.rollback().await?;
        Ok(answers)
    }

    pub async fn write_many(&self, statements: Vec<(&'static str, Vec<Value>)>) -> Result<()> {
        let mut client = self.connection().await?;
        let transaction = client.transaction().await?;
        for (sql, parameters) in &statements {
            let statement = transaction.prepare_cached(&self.text(sql).sql).await?;
            let references: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
            transaction.query(&statement, &references).await?;
        }
        Ok(transaction.commit().await?)
    }

    pub async fn write_guarded(
        &self,
        guards: Vec<(&'static str, Vec<Value>)>,
        statements: Vec<(&'static str, Vec<Value>)>,
    ) -> Result<Option<usize>> {
        let mut client = self.connection().await?;
        let transaction = client.transaction().await?;
        let guarded = guards.len();
        for (at, (sql, parameters)) in guards.iter().chain(&statements).enumerate() {
            let statement = transaction.prepare_cached(&self.text(sql).sql).await?;
            let references: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
            if transaction.query(&statement, &references).await?.is_empty() && at < guarded {
                transaction.rollback().await?;
                return Ok(Some(at));
            }
        }
        transaction.commit().await?;
        Ok(None)
    }

    pub async fn execute_script(&self, script: String) -> Result<()> {
        Ok(self.connection().await?.batch_execute(&script).await?)
    }

    async fn connection(&self) -> Result<deadpool_postgres::Object> {
        self.0.pool.get().await.map_err(|error| match error {
            deadpool_postgres::PoolError::Backend(error) => error.into(),
            other => StorageError::Unavailable(other.to_string()),
        })
    }

    fn text(&self, sql: &'static str) -> Arc<Expanded> {
        let mut texts = self.0.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.entry(sql).or_insert_with(|| Arc::new(expand(sql, Engine::Postgres))).clone()
    }
}

impl PostgresTx {
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub async fn roll_back(&mut self) -> Result<()> {
        Ok(self.client.batch_execute("rollback").await?)
    }

    async fn prepare(&mut self, sql: &'static str) -> Result<()> {
        if !self.statements.contains_key(sql) {
            let expanded = expand(sql, Engine::Postgres);
            let statement = self.client.prepare(&expanded.sql).await?;
            self.statements.insert(sql, (statement, expanded.columns_are_text));
        }
        Ok(())
    }

    async fn send(&self, sql: &'static str, parameters: Vec<Column>) -> Result<Vec<Row>> {
        let (statement, _) = &self.statements[sql];
        let references: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|column| column as _).collect();
        self.client.query(statement, &references).await?.iter().map(row).collect()
    }
}

impl Tx for PostgresTx {
    async fn queries(&mut self, statements: Vec<(&'static str, Vec<Value>)>) -> Result<Vec<Vec<Row>>> {
        for (sql, _) in &statements {
            self.prepare(sql).await?;
        }
        let this = &*self;
        // The first poll of each future queues its request, in order: one round trip for all of them.
        try_join_all(
            statements
                .into_iter()
                .map(|(sql, parameters)| this.send(sql, parameters.into_iter().map(Column::One).collect())),
        )
        .await
    }

    /// A failed statement fails the flight. `commit` after it answers `ROLLBACK` without an error of its own, but
    /// the statement's error is what is returned, so a lost batch is never taken for a saved one.
    async fn flight(&mut self, statements: Vec<(&'static str, Vec<Row>)>) -> Result<()> {
        for (sql, _) in &statements {
            self.prepare(sql).await?;
        }
        let this = &*self;
        try_join_all(statements.into_iter().filter(|(_, rows)| !rows.is_empty()).map(|(sql, rows)| {
            let (_, columns_are_text) = &this.statements[sql];
            this.send(sql, columns(rows, columns_are_text))
        }))
        .await
        .map(drop)
    }

    fn begin(&self) -> &'static str {
        "begin"
    }

    fn locks_rows(&self) -> bool {
        true
    }
}

/// A parameter: one value, or a whole column of a batch.
#[derive(Debug)]
enum Column {
    One(Value),
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
}

fn columns(rows: Vec<Row>, are_text: &[bool]) -> Vec<Column> {
    let mut columns: Vec<Column> =
        are_text.iter().map(|text| if *text { Column::Texts(Vec::new()) } else { Column::Ints(Vec::new()) }).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            match (column, value) {
                (Column::Ints(ints), Value::Int(number)) => ints.push(Some(number)),
                (Column::Ints(ints), Value::Null) => ints.push(None),
                (Column::Texts(texts), Value::Text(text)) => texts.push(Some(text)),
                (Column::Texts(texts), Value::Null) => texts.push(None),
                (column, value) => panic!("a batch mixes {column:?} with {value:?}"),
            }
        }
    }
    columns
}

impl ToSql for Column {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Column::One(value) => value.to_sql(ty, out),
            Column::Ints(ints) => ints.to_sql(ty, out),
            Column::Texts(texts) => texts.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            Value::Int(number) if *ty == Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
            Value::Text(text) if *ty == Type::TEXT || *ty == Type::VARCHAR => text.to_sql(ty, out),
            Value::Ints(numbers) if *ty == Type::INT8_ARRAY => numbers.to_sql(ty, out),
            Value::Texts(texts) if *ty == Type::TEXT_ARRAY => texts.to_sql(ty, out),
            value => Err(format!("a parameter of type {ty} cannot take {value:?}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn row(row: &tokio_postgres::Row) -> Result<Row> {
    (0..row.len())
        .map(|at| match *row.columns()[at].type_() {
            Type::INT8 => Ok(row.try_get::<_, Option<i64>>(at)?.map_or(Value::Null, Value::Int)),
            Type::INT4 => Ok(row.try_get::<_, Option<i32>>(at)?.map_or(Value::Null, |n| Value::Int(i64::from(n)))),
            Type::TEXT | Type::VARCHAR => Ok(row.try_get::<_, Option<String>>(at)?.map_or(Value::Null, Value::Text)),
            ref other => Err(StorageError::Broken(format!("column {at} is a {other}, not a bigint or text"))),
        })
        .collect()
}

/// TLS with the usual trust roots; used when the address asks for it (`sslmode=require`).
fn tls() -> MakeRustlsConnect {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    MakeRustlsConnect::new(config)
}

impl From<tokio_postgres::Error> for StorageError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            return StorageError::Unavailable(error.to_string());
        };
        let code = answer.code().code();
        let message = format!("{} ({code})", answer.message());
        match code {
            // Serialization failure, deadlock, lock not available.
            "40001" | "40P01" | "55P03" => StorageError::Contention(message),
            // The server is starting, stopping, or has no room.
            "57P01" | "57P02" | "57P03" | "53300" => StorageError::Unavailable(message),
            code if code.starts_with("23") => {
                StorageError::Conflict { constraint: answer.constraint().unwrap_or(&message).to_owned() }
            }
            _ => StorageError::Broken(message),
        }
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PostgresTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresTx").finish_non_exhaustive()
    }
}
