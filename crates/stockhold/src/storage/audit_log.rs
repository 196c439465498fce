//! Who did what, when and from where.
//!
//! Invariant: lines are added and never changed; a test looks for statements that would.

use rules::time::Timestamp;

use super::{Result, Row, RowExt, Storage};
use crate::values;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `staff:ID`, `key:NAME`, or empty: nobody known.
    pub actor: String,
    /// What was done, such as `order.ship`.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    pub outcome: Outcome,
    pub detail: String,
    /// Where the request came from, as a keyed digest.
    pub client: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The shop said no: a field was wrong, or the books did not allow it.
    Refused,
    /// Whoever asked may not.
    Denied,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Denied => "denied",
        }
    }
}

/// Adds a line about what is done already: where it cannot be stored, the machine's log is told.
pub async fn note(storage: &Storage, line: &Line, now: Timestamp) {
    if let Err(error) = add(storage, line, now).await {
        tracing::error!(%error, action = line.action, "a line of the audit log was not stored");
    }
}

pub async fn add(storage: &Storage, line: &Line, now: Timestamp) -> Result<()> {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let Line { actor, action, subject, outcome, detail, client } = line;
    let sql = "insert into audit_log (id, happened_at, actor, action, subject, outcome, detail, client)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let plain = |text: &str| text.replace(|c: char| c.is_control(), " ");
    let row = values![
        id,
        now.micros(),
        actor.as_str(),
        action.as_str(),
        plain(subject),
        outcome.as_str(),
        plain(detail),
        client.as_str()
    ];
    storage.write(sql, row).await.map(drop)
}

/// Which lines somebody wants to see; empty words want all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub actor: String,
    pub action: String,
    pub from: Timestamp,
    pub to: Timestamp,
    /// Only lines before this one: where the page before ended.
    pub before: String,
}

/// A line as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: String,
    pub happened_at: Timestamp,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub outcome: String,
    pub detail: String,
    pub client: String,
}

/// The latest first.
pub async fn list(storage: &Storage, wanted: &Wanted, most: usize) -> Result<Vec<Stored>> {
    let sql = "select id, happened_at, actor, action, subject, outcome, detail, client from audit_log
        where ($1 = '' or actor = $1) and ($2 = '' or action = $2) and happened_at >= $3 and happened_at < $4
            and ($5 = '' or id < $5)
        order by id desc limit $6";
    let Wanted { actor, action, from, to, before } = wanted;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let parameters = values![actor.as_str(), action.as_str(), from.micros(), to.micros(), before.as_str(), most];
    let rows = storage.read(sql, parameters).await?;
    let stored = |row: &Row| {
        let text = |at: usize| row.text(at).to_owned();
        Stored {
            id: text(0),
            happened_at: Timestamp::from_micros(row.int(1)),
            actor: text(2),
            action: text(3),
            subject: text(4),
            outcome: text(5),
            detail: text(6),
            client: text(7),
        }
    };
    Ok(rows.iter().map(stored).collect())
}
