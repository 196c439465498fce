//! The ledger: the one door for everything that changes stock or money.
//!
//! It takes all commands that wait, one or hundreds, and makes of them one transaction: load what they touch,
//! decide each in arrival order in memory, save what changed, answer every caller after the commit.
//!
//! Invariant: a command that breaks a batch breaks alone. The batch is rolled back and each command runs again by
//! itself, which is safe because the same command again meets its first answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rules::books::{Books, Policy};
use rules::commands::assign_refund::AssignRefund;
use rules::commands::cancel_order::{CancelOrder, Cancelled};
use rules::commands::change_address::{AddressChanged, ChangeAddress};
use rules::commands::confirm_free::ConfirmFree;
use rules::commands::correct_stock::CorrectStock;
use rules::commands::count_stock::CountStock;
use rules::commands::extend_hold::{ExtendHold, Extended};
use rules::commands::place_order::{PlaceOrder, Placed};
use rules::commands::record_checkout::RecordCheckout;
use rules::commands::record_dispute::RecordDispute;
use rules::commands::record_payment::{RecordPayment, Recorded};
use rules::commands::record_refund::RecordRefund;
use rules::commands::refund_order::{RefundOrder, Refunding};
use rules::commands::release_hold::ReleaseHold;
use rules::commands::ship_order::{ShipOrder, Shipped};
use rules::commands::{Command, Outcome, Refusal, decide};
use rules::stock::Counted;
use rules::time::Timestamp;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::steps::Course;
use crate::storage::postgres::{Postgres, PostgresTx};
use crate::storage::sqlite::Sqlite;
use crate::storage::{self, Database, Storage, StorageError, Tx, books};

/// Commands that may wait before callers are held back.
const WAITING_MAX: usize = 4096;
/// Measured best on two cores: SQLite's one writer likes long batches, PostgreSQL two writers of 64.
const SQLITE_BATCH_MAX: usize = 256;
const POSTGRES_BATCH_MAX: usize = 64;
const POSTGRES_WRITERS: usize = 2;
/// Tries of one batch against contention or a lost connection before its commands are told.
const TRIES_MAX: u32 = 6;
/// Tries of one command whose row another instance inserted first: the next try finds it and answers the same.
const CONFLICT_TRIES_MAX: u32 = 3;

/// Why a command did not take effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A right answer that is no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Ours: logged, 5xx, nothing half done.
    #[error(transparent)]
    Fault(#[from] Fault),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Fault(error.to_string())
    }
}

type Answer = Result<Outcome, Failure>;
type Decisions = Vec<Result<Outcome, Refusal>>;

struct Job {
    command: Command,
    now: Timestamp,
    answer: oneshot::Sender<Answer>,
}

/// A handle to the ledger's writers; they stop when the last handle is gone.
#[derive(Debug, Clone)]
pub struct Ledger {
    jobs: mpsc::Sender<Job>,
}

impl Ledger {
    /// `policy` counts as far as the shopkeeper has set nothing else: what is set is read with each batch.
    pub fn start(storage: &Storage, policy: Policy) -> Ledger {
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let policy = Arc::new(policy);
        match &storage.database {
            Database::Sqlite(sqlite) => {
                let engine = Engine::Sqlite(sqlite.clone());
                let writer = Writer { engine, storage: storage.clone(), policy };
                tokio::spawn(writer.serve(waiting, SQLITE_BATCH_MAX));
            }
            Database::Postgres(postgres) => {
                for _ in 0..POSTGRES_WRITERS {
                    let engine = Engine::Postgres { postgres: postgres.clone(), connection: Box::new(None) };
                    let writer = Writer { engine, storage: storage.clone(), policy: policy.clone() };
                    tokio::spawn(writer.serve(waiting.clone(), POSTGRES_BATCH_MAX));
                }
            }
        }
        Ledger { jobs }
    }

    /// Hands in a command and waits for its answer, which comes after the commit.
    pub async fn run(&self, command: Command, now: Timestamp) -> Answer {
        let (answer, answered) = oneshot::channel();
        let stopped = || Failure::Fault(Fault("the ledger has stopped".to_owned()));
        self.jobs.send(Job { command, now, answer }).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    pub async fn place_order(&self, command: PlaceOrder, now: Timestamp) -> Result<Placed, Failure> {
        match self.run(Command::PlaceOrder(command), now).await? {
            Outcome::Placed(placed) => Ok(placed),
            other => Err(mixed_up(&other)),
        }
    }

    pub async fn confirm_free(&self, command: ConfirmFree, now: Timestamp) -> Result<Recorded, Failure> {
        recorded(self.run(Command::ConfirmFree(command), now).await?)
    }

    pub async fn extend_hold(&self, command: ExtendHold, now: Timestamp) -> Result<Extended, Failure> {
        match self.run(Command::ExtendHold(command), now).await? {
            Outcome::Extended(extended) => Ok(extended),
            other => Err(mixed_up(&other)),
        }
    }

    pub async fn record_checkout(&self, command: RecordCheckout, now: Timestamp) -> Result<Recorded, Failure> {
        recorded(self.run(Command::RecordCheckout(command), now).await?)
    }

    pub async fn record_payment(&self, command: RecordPayment, now: Timestamp) -> Result<Recorded, Failure> {
        recorded(self.run(Command::RecordPayment(command), now).await?)
    }

    pub async fn record_refund(&self, command: RecordRefund, now: Timestamp) -> Result<Recorded, Failure> {
        recorded(self.run(Command::RecordRefund(command), now).await?)
    }

    pub async fn record_dispute(&self, command: RecordDispute, now: Timestamp) -> Result<Recorded, Failure> {
        recorded(self.run(Command::RecordDispute(command), now).await?)
    }

    pub async fn cancel_order(&self, command: CancelOrder, now: Timestamp) -> Result<Cancelled, Failure> {
        match self.run(Command::CancelOrder(command), now).await? {
            Outcome::Cancelled(cancelled) => Ok(cancelled),
            other => Err(mixed_up(&other)),
        }
    }

    pub async fn refund_order(&self, command: RefundOrder, now: Timestamp) -> Result<Refunding, Failure> {
        refunding(self.run(Command::RefundOrder(command), now).await?)
    }

    pub async fn assign_refund(&self, command: AssignRefund, now: Timestamp) -> Result<Refunding, Failure> {
        refunding(self.run(Command::AssignRefund(command), now).await?)
    }

    pub async fn ship_order(&self, command: ShipOrder, now: Timestamp) -> Result<Shipped, Failure> {
        match self.run(Command::ShipOrder(command), now).await? {
            Outcome::Shipped(shipped) => Ok(shipped),
            other => Err(mixed_up(&other)),
        }
    }

    pub async fn change_address(&self, command: ChangeAddress, now: Timestamp) -> Result<AddressChanged, Failure> {
        match self.run(Command::ChangeAddress(command), now).await? {
            Outcome::AddressChanged(changed) => Ok(changed),
            other => Err(mixed_up(&other)),
        }
    }

    pub async fn release_hold(&self, command: ReleaseHold, now: Timestamp) -> Result<Recorded, Failure> {
        recorded(self.run(Command::ReleaseHold(command), now).await?)
    }

    pub async fn count_stock(&self, command: CountStock, now: Timestamp) -> Result<Counted, Failure> {
        match self.run(Command::CountStock(command), now).await? {
            Outcome::Counted(counted) => Ok(counted),
            other => Err(mixed_up(&other)),
        }
    }

    pub async fn correct_stock(&self, command: CorrectStock, now: Timestamp) -> Result<Counted, Failure> {
        match self.run(Command::CorrectStock(command), now).await? {
            Outcome::Counted(counted) => Ok(counted),
            other => Err(mixed_up(&other)),
        }
    }
}

fn recorded(outcome: Outcome) -> Result<Recorded, Failure> {
    match outcome {
        Outcome::Recorded(recorded) => Ok(recorded),
        other => Err(mixed_up(&other)),
    }
}

fn refunding(outcome: Outcome) -> Result<Refunding, Failure> {
    match outcome {
        Outcome::Refunding(refunding) => Ok(refunding),
        other => Err(mixed_up(&other)),
    }
}

fn mixed_up(outcome: &Outcome) -> Failure {
    Failure::Fault(Fault(format!("a command was answered with {outcome:?}")))
}

/// Why a whole batch was not saved.
#[derive(Debug)]
enum BatchError {
    Storage(StorageError),
    /// A promise was about to be broken; an assertion in the rules stopped it.
    Panicked(String),
}

impl From<StorageError> for BatchError {
    fn from(error: StorageError) -> Self {
        BatchError::Storage(error)
    }
}

impl BatchError {
    /// How often a batch of this size is worth running in the face of this error.
    fn tries_max(&self, size: usize) -> u32 {
        match self {
            BatchError::Storage(StorageError::Contention(_) | StorageError::Unavailable(_)) => TRIES_MAX,
            BatchError::Storage(StorageError::Conflict { .. }) if size == 1 => CONFLICT_TRIES_MAX,
            BatchError::Storage(_) | BatchError::Panicked(_) => 1,
        }
    }

    fn fault(self) -> Failure {
        match self {
            BatchError::Storage(error) => Failure::Fault(error.into()),
            BatchError::Panicked(words) => Failure::Fault(Fault(words)),
        }
    }
}

/// Load, decide, save: the whole ledger, on whichever engine.
async fn run_batch<T: Tx>(tx: &mut T, work: &[(Command, Timestamp)], policy: &Policy) -> Result<Decisions, BatchError> {
    let commands: Vec<&Command> = work.iter().map(|(command, _)| command).collect();
    let mut books = books::load(tx, &commands, policy).await?;
    let mut decisions = Vec::with_capacity(work.len());
    for (command, now) in work {
        decisions.push(decide_caught(&mut books, command, *now)?);
    }
    books::save(tx, &books).await?;
    Ok(decisions)
}

/// A panic drops the batch's books, so nothing of a broken promise is saved.
fn decide_caught(books: &mut Books, command: &Command, now: Timestamp) -> Result<Result<Outcome, Refusal>, BatchError> {
    catch_unwind(AssertUnwindSafe(|| decide(books, command, now))).map_err(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
        BatchError::Panicked(words.unwrap_or_else(|| "a rule panicked".to_owned()))
    })
}

enum Engine {
    Sqlite(Sqlite),
    Postgres { postgres: Postgres, connection: Box<Option<PostgresTx>> },
}

struct Writer {
    engine: Engine,
    storage: Storage,
    policy: Arc<Policy>,
}

impl Writer {
    async fn serve(mut self, waiting: Arc<Mutex<mpsc::Receiver<Job>>>, batch_max: usize) {
        let mut jobs = Vec::new();
        while take_waiting(&waiting, &mut jobs, batch_max).await {
            let (work, answers): (Vec<_>, Vec<_>) =
                jobs.drain(..).map(|job| ((job.command, job.now), job.answer)).unzip();
            let results = self.run_all(work).await;
            for (answer, result) in answers.into_iter().zip(results) {
                let _ = answer.send(result); // The caller may have gone; what was saved stays saved.
            }
        }
    }

    async fn run_all(&mut self, work: Vec<(Command, Timestamp)>) -> Vec<Answer> {
        let work = Arc::new(work);
        match self.run_patiently(work.clone()).await {
            Ok(decisions) => decisions.into_iter().map(|decision| decision.map_err(Failure::Refused)).collect(),
            Err(error) if work.len() == 1 => {
                tracing::error!(?error, command = ?work[0].0, "a command failed");
                vec![Err(error.fault())]
            }
            Err(error) => {
                tracing::warn!(?error, size = work.len(), "a batch failed; its commands run again one by one");
                let mut answers = Vec::with_capacity(work.len());
                for one in work.iter() {
                    answers.extend(Box::pin(self.run_all(vec![one.clone()])).await);
                }
                answers
            }
        }
    }

    async fn run_patiently(&mut self, work: Arc<Vec<(Command, Timestamp)>>) -> Result<Decisions, BatchError> {
        let mut tries = 1;
        loop {
            match self.run_watched(work.clone()).await {
                Err(error) if tries < error.tries_max(work.len()) => {
                    tracing::debug!(?error, tries, "a batch runs again");
                    tokio::time::sleep(Duration::from_millis(5 << tries)).await;
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    async fn run_watched(&mut self, work: Arc<Vec<(Command, Timestamp)>>) -> Result<Decisions, BatchError> {
        let course = self.storage.begin_commit()?;
        let mut decisions = self.run_once(work.clone()).await?;
        if course == Course::HappensTwice {
            decisions = self.run_once(work).await?;
        }
        storage::end_commit(course)?;
        Ok(decisions)
    }

    async fn run_once(&mut self, work: Arc<Vec<(Command, Timestamp)>>) -> Result<Decisions, BatchError> {
        let policy = self.policy.clone();
        match &mut self.engine {
            Engine::Sqlite(sqlite) => {
                let job = move |tx: &mut _| run_batch(tx, &work, &policy).now_or_never();
                sqlite.on_writer(job).await?.expect("SQLite's futures are ready at once")
            }
            Engine::Postgres { postgres, connection } => {
                if connection.as_ref().as_ref().is_none_or(PostgresTx::is_closed) {
                    **connection = Some(postgres.connect().await?);
                }
                let tx = connection.as_mut().as_mut().expect("it was connected above");
                let result = run_batch(tx, &work, &policy).await;
                if result.is_err() && tx.roll_back().await.is_err() {
                    **connection = None; // A connection that cannot even roll back is not used again.
                }
                result
            }
        }
    }
}

/// Takes all jobs that wait, or waits for the first one. False: nobody can hand in any more.
async fn take_waiting(waiting: &Mutex<mpsc::Receiver<Job>>, jobs: &mut Vec<Job>, batch_max: usize) -> bool {
    let mut waiting = waiting.lock().await;
    if waiting.recv_many(jobs, batch_max).await == 0 {
        return false;
    }
    // Whoever is ready to run gets one turn first: callers who were just answered hand in their next command, and
    // one commit carries what would have been two. A turn, not a pause: a lone command does not wait for others.
    tokio::task::yield_now().await;
    while jobs.len() < batch_max
        && let Ok(job) = waiting.try_recv()
    {
        jobs.push(job);
    }
    true
}
