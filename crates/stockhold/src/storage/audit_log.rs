//! Who did what, when and from where.
//!
//! Invariant: lines are added and never changed; a test looks for statements that would.

use rules::time::Timestamp;

use super::{Result, Storage};
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
