//! Runs of the reconciliation: how far each has come, and what it found. They change nothing of the books.

use std::collections::BTreeMap;

use rules::ids::OrderId;
use rules::money::{Currency, Money};
use rules::orders::{Session, Status};
use rules::payments::Payment;
use rules::reconciliation::{Finding, Kind, OurSession, Repair, Said};
use rules::refunds::Refund;
use rules::time::{Span, Timestamp};

use super::books::{known, parsed};
use super::{Result, Row, RowExt, Storage, StorageError, money};
use crate::values;

/// How long a run may be silent before somebody else goes on with it.
const LEASE: Span = Span::minutes(5);

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub id: String,
    pub since: Timestamp,
    pub applies: bool,
    pub is_done: bool,
    pub phase: String,
    pub after: String,
    /// Phase → how many of Stripe's objects were compared.
    pub compared: BTreeMap<String, i64>,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// Why it last stopped on its way; empty: it did not.
    pub stopped: String,
}

/// A difference as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFinding {
    pub kind: Kind,
    pub subject: String,
    pub order: Option<OrderId>,
    pub gap: Money,
    /// What Stripe and what our books say.
    pub told: Said,
    pub ours: Said,
    /// Asking Stripe again does not mend it.
    pub by_hand: bool,
    pub repaired: bool,
}

impl StoredFinding {
    /// In a sentence, for the API and the command line.
    pub fn detail(&self) -> String {
        self.kind.sentence(&self.told, &self.ours)
    }
}

/// What somebody found out about a difference that no word of Stripe's mends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub kind: Kind,
    pub subject: String,
    pub gap: Money,
    pub note: String,
    pub by: String,
    pub at: Timestamp,
}

/// Begins a run.
pub async fn begin(storage: &Storage, run: &Run) -> Result<()> {
    let sql = "insert into reconciliations (id, since, applies, state, phase, after, compared, started_at, finished_at,
            leased_until, stopped)
        values ($1, $2, $3, 'running', $4, '', $7, $5, null, $6, '')";
    let until = (run.started_at + LEASE).micros();
    let (id, phase) = (run.id.as_str(), run.phase.as_str());
    let started_at = run.started_at.micros();
    let compared = "{}";
    storage.write(sql, values![id, run.since.micros(), run.applies, phase, started_at, until, compared]).await.map(drop)
}

/// Asks for a comparison with repairs: a run that nobody is at yet. False: one is under way or waits already.
pub async fn want(storage: &Storage, run: &Run) -> Result<bool> {
    let sql = "insert into reconciliations (id, since, applies, state, phase, after, compared, started_at, finished_at,
            leased_until, stopped)
        select $1, cast($2 as bigint), 1, 'running', $3, '', $5, cast($4 as bigint), null, 0, ''
        where not exists (select 1 from reconciliations where state = 'running' and applies = 1) returning id";
    let (id, phase) = (run.id.as_str(), run.phase.as_str());
    let begun = storage.write(sql, values![id, run.since.micros(), phase, run.started_at.micros(), "{}"]).await?;
    Ok(!begun.is_empty())
}

/// Whether a run with repairs waits for somebody to take it up.
pub async fn is_wanted(storage: &Storage, now: Timestamp) -> Result<bool> {
    let sql = "select id from reconciliations where state = 'running' and applies = 1 and leased_until <= $1 limit 1";
    Ok(!storage.read(sql, values![now.micros()]).await?.is_empty())
}

/// Takes up a run that stopped on its way, if nobody is at it.
pub async fn take_up(storage: &Storage, applies: bool, now: Timestamp) -> Result<Option<Run>> {
    let sql = "update reconciliations set leased_until = $3 where state = 'running' and applies = $1
            and leased_until <= $2 and id = (select max(id) from reconciliations where state = 'running' and applies = $1)
        returning id, since, applies, state, phase, after, compared, started_at, finished_at, stopped";
    let rows = storage.write(sql, values![applies, now.micros(), (now + LEASE).micros()]).await?;
    rows.first().map(run).transpose()
}

/// Notes how far a run has come.
pub async fn note(storage: &Storage, run: &Run, now: Timestamp) -> Result<()> {
    let sql = "update reconciliations set phase = $2, after = $3, compared = $4, leased_until = $5,
        stopped = '' where id = $1";
    let compared = serde_json::to_string(&run.compared).expect("numbers are JSON");
    let (id, phase, after) = (run.id.as_str(), run.phase.as_str(), run.after.as_str());
    storage.write(sql, values![id, phase, after, compared, (now + LEASE).micros()]).await.map(drop)
}

/// Lets a run go, so that the next one to come goes on with it.
pub async fn let_go(storage: &Storage, id: &str, why: &str) -> Result<()> {
    let sql = "update reconciliations set leased_until = 0, stopped = $2 where id = $1";
    storage.write(sql, values![id, why]).await.map(drop)
}

pub async fn finish(storage: &Storage, id: &str, now: Timestamp) -> Result<()> {
    let done = "update reconciliations set state = 'done', finished_at = $2, leased_until = 0 where id = $1";
    let forget = "delete from reconciliation_met where run_id = $1";
    storage.write_many(vec![(done, values![id, now.micros()]), (forget, values![id])]).await
}

/// The latest run, finished or not.
pub async fn latest(storage: &Storage) -> Result<Option<Run>> {
    let sql = "select id, since, applies, state, phase, after, compared, started_at, finished_at, stopped
        from reconciliations order by started_at desc, id desc limit 1";
    storage.read(sql, values![]).await?.first().map(run).transpose()
}

/// When the shop's first order was placed.
pub async fn first_order_at(storage: &Storage) -> Result<Option<Timestamp>> {
    let rows = storage.read("select min(reserved_at) from orders", values![]).await?;
    Ok(rows.first().and_then(|row| row.int_or_none(0)).map(Timestamp::from_micros))
}

/// When the latest run that finished with repairs began: the next one starts a little before.
pub async fn repaired_until(storage: &Storage) -> Result<Option<Timestamp>> {
    let sql = "select max(started_at) from reconciliations where state = 'done' and applies = 1";
    let rows = storage.read(sql, values![]).await?;
    Ok(rows.first().and_then(|row| row.int_or_none(0)).map(Timestamp::from_micros))
}

pub async fn find_difference(storage: &Storage, run_id: &str, finding: &Finding, repaired: bool) -> Result<()> {
    let sql = "insert into reconciliation_findings (run_id, kind, subject, order_id, gap_minor, currency, told,
            ours, repaired, by_hand)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (run_id, kind, subject) do update set gap_minor = excluded.gap_minor, told = excluded.told,
            ours = excluded.ours, repaired = excluded.repaired, by_hand = excluded.by_hand";
    let order = finding.order.map(|order| order.to_string());
    let (kind, subject) = (finding.kind.as_str(), finding.subject.as_str());
    let gap = if repaired { 0 } else { finding.gap.minor };
    let code = finding.gap.currency.code();
    let (told, ours) = (said_text(&finding.told), said_text(&finding.ours));
    let by_hand = finding.repair == Repair::ByHand;
    let parameters = values![run_id, kind, subject, order, gap, code, told, ours, repaired, by_hand];
    storage.write(sql, parameters).await.map(drop)
}

/// Differences that are open, whichever run found them: the newest word of each, until it is mended, explained for its
/// amount, or not found any more by a later comparison that reached as far back.
const OPEN: &str = "
    select f.kind, f.subject, f.order_id, f.gap_minor, f.currency, f.told, f.ours, f.repaired,
        f.by_hand
    from reconciliation_findings f join reconciliations r on r.id = f.run_id
    where f.repaired = 0
        and not exists (select 1 from reconciliation_findings later where later.kind = f.kind
            and later.subject = f.subject and later.run_id > f.run_id)
        and not exists (select 1 from reconciliations w where w.state = 'done' and w.id > r.id and w.since <= r.since)
        and not exists (select 1 from reconciliation_explanations e where e.kind = f.kind and e.subject = f.subject
            and e.gap_minor = f.gap_minor and e.currency = f.currency)
    order by f.gap_minor desc, f.kind, f.subject limit $1";

pub async fn open(storage: &Storage, limit: i64) -> Result<Vec<StoredFinding>> {
    storage.read(OPEN, values![limit]).await?.iter().map(finding).collect()
}

/// The newest word about one difference, settled or not.
pub async fn find(storage: &Storage, kind: Kind, subject: &str) -> Result<Option<StoredFinding>> {
    let sql = "select kind, subject, order_id, gap_minor, currency, told, ours, repaired, by_hand
        from reconciliation_findings where kind = $1 and subject = $2 order by run_id desc limit 1";
    storage.read(sql, values![kind.as_str(), subject]).await?.first().map(finding).transpose()
}

/// It is equal now: settled, in every run that found it.
pub async fn settled(storage: &Storage, kind: Kind, subject: &str) -> Result<()> {
    let sql = "update reconciliation_findings set repaired = 1, gap_minor = 0
        where kind = $1 and subject = $2 and repaired = 0";
    storage.write(sql, values![kind.as_str(), subject]).await.map(drop)
}

/// Somebody looked at it again, and it differs still, maybe by another amount. If it differs in another way by now, it is a
/// difference of that kind from here on, found by the same run.
pub async fn still_differs(storage: &Storage, kind: Kind, subject: &str, now: &Finding) -> Result<()> {
    let sql = "insert into reconciliation_findings (run_id, kind, subject, order_id, gap_minor, currency, told,
            ours, repaired, by_hand)
        select run_id, $3, subject, order_id, cast($4 as bigint), $5, $6, $7, 0, cast($8 as bigint) from reconciliation_findings
        where kind = $1 and subject = $2 and repaired = 0
        on conflict (run_id, kind, subject) do update set gap_minor = excluded.gap_minor, currency = excluded.currency,
            told = excluded.told, ours = excluded.ours, repaired = excluded.repaired, by_hand = excluded.by_hand";
    let by_hand = now.repair == Repair::ByHand;
    let (told, ours) = (said_text(&now.told), said_text(&now.ours));
    let (gap, code) = (now.gap.minor, now.gap.currency.code());
    let parameters = values![kind.as_str(), subject, now.kind.as_str(), gap, code, told, ours, by_hand];
    storage.write(sql, parameters).await?;
    if now.kind == kind { Ok(()) } else { settled(storage, kind, subject).await }
}

/// Keeps what somebody found out; the latest word counts.
pub async fn explain(storage: &Storage, explanation: &Explanation) -> Result<()> {
    let sql = "insert into reconciliation_explanations (kind, subject, gap_minor, currency, note, explained_by,
            explained_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (kind, subject) do update set gap_minor = excluded.gap_minor, currency = excluded.currency,
            note = excluded.note, explained_by = excluded.explained_by, explained_at = excluded.explained_at";
    let Explanation { kind, subject, gap, note, by, at } = explanation;
    let (subject, note, by) = (subject.as_str(), note.as_str(), by.as_str());
    let parameters = values![kind.as_str(), subject, gap.minor, gap.currency.code(), note, by, at.micros()];
    storage.write(sql, parameters).await.map(drop)
}

/// The latest explanations.
pub async fn explanations(storage: &Storage, limit: i64) -> Result<Vec<Explanation>> {
    let sql = "select kind, subject, gap_minor, currency, note, explained_by, explained_at
        from reconciliation_explanations order by explained_at desc, kind, subject limit $1";
    let rows = storage.read(sql, values![limit]).await?;
    let read = |row: &Row| {
        Ok(Explanation {
            kind: known(Kind::parse(row.text(0)))?,
            subject: row.text(1).to_owned(),
            gap: Money::new(row.int(2), parsed(Currency::parse(row.text(3)))?),
            note: row.text(4).to_owned(),
            by: row.text(5).to_owned(),
            at: Timestamp::from_micros(row.int(6)),
        })
    };
    rows.iter().map(read).collect()
}

/// Whether a run has found this already.
pub async fn is_found(storage: &Storage, run_id: &str, kind: Kind, subject: &str) -> Result<bool> {
    let sql = "select cast(1 as bigint) from reconciliation_findings where run_id = $1 and kind = $2 and subject = $3";
    let found = storage.read(sql, values![run_id, kind.as_str(), subject]).await?;
    Ok(!found.is_empty())
}

pub async fn findings(storage: &Storage, run_id: &str, limit: i64) -> Result<Vec<StoredFinding>> {
    let sql = "select kind, subject, order_id, gap_minor, currency, told, ours, repaired, by_hand
        from reconciliation_findings where run_id = $1 order by repaired, kind, subject limit $2";
    storage.read(sql, values![run_id, limit]).await?.iter().map(finding).collect()
}

/// The unexplained amount per currency: what the differences that were not mended leave open.
pub async fn unexplained(storage: &Storage, run_id: &str) -> Result<Vec<Money>> {
    let sql = "select currency, cast(sum(gap_minor) as bigint) from reconciliation_findings
        where run_id = $1 and repaired = 0 and gap_minor > 0 group by currency order by currency";
    let rows = storage.read(sql, values![run_id]).await?;
    rows.iter().map(|row| Ok(Money::new(row.int(1), parsed(Currency::parse(row.text(0)))?))).collect()
}

/// Remembers what was met at Stripe.
pub async fn meet(storage: &Storage, run_id: &str, objects: Vec<String>) -> Result<()> {
    let sql = "insert into reconciliation_met (run_id, object_id) values ($1, $2)
        on conflict (run_id, object_id) do nothing";
    storage.write_many(objects.into_iter().map(|id| (sql, values![run_id, id])).collect()).await
}

/// The numbers of these orders.
pub async fn numbers(storage: &Storage, orders: Vec<String>) -> Result<BTreeMap<String, i64>> {
    let rows = storage.read("select id, number from orders where id {in $1}", values![orders]).await?;
    Ok(rows.iter().map(|row| (row.text(0).to_owned(), row.int(1))).collect())
}

/// Payments of ours from `since` on that the run has not met, after `after`; they may be missing at Stripe.
pub async fn payments_not_met(storage: &Storage, run: &Run, after: &str, limit: i64) -> Result<Vec<Payment>> {
    let sql = "select intent_id from payments p where p.recorded_at >= $2 and p.intent_id > $3 and p.amount_minor > 0
            and not exists (select 1 from reconciliation_met m where m.run_id = $1 and m.object_id = p.intent_id)
        order by p.intent_id limit $4";
    let rows = storage.read(sql, values![run.id.as_str(), run.since.micros(), after, limit]).await?;
    money::payments(storage, rows.iter().map(|row| row.text(0).to_owned()).collect()).await
}

/// Refunds of ours that the run has not met.
pub async fn refunds_not_met(storage: &Storage, run: &Run, after: &str, limit: i64) -> Result<Vec<Refund>> {
    let sql = "select stripe_id from refunds r where r.requested_at >= $2 and r.stripe_id > $3
            and not exists (select 1 from reconciliation_met m where m.run_id = $1 and m.object_id = r.stripe_id)
        order by r.stripe_id limit $4";
    let rows = storage.read(sql, values![run.id.as_str(), run.since.micros(), after, limit]).await?;
    money::refunds(storage, rows.iter().map(|row| row.text(0).to_owned()).collect()).await
}

/// What our books say of these orders' payment pages.
pub async fn sessions(storage: &Storage, orders: Vec<String>) -> Result<BTreeMap<OrderId, OurSession>> {
    let sql = "select id, session_id, session_state, status, total_minor, currency from orders where id {in $1}";
    let mut sessions = BTreeMap::new();
    for row in storage.read(sql, values![orders]).await? {
        let order: OrderId = parsed(row.text(0).parse())?;
        let session = OurSession {
            order,
            session_id: row.text_or_none(1).map(str::to_owned),
            session: known(Session::parse(row.text(2)))?,
            status: known(Status::parse(row.text(3)))?,
            total: Money::new(row.int(4), parsed(Currency::parse(row.text(5)))?),
        };
        sessions.insert(order, session);
    }
    Ok(sessions)
}

fn run(row: &Row) -> Result<Run> {
    let compared = serde_json::from_str(row.text(6))
        .map_err(|error| StorageError::Broken(format!("a stored run is not JSON: {error}")))?;
    Ok(Run {
        id: row.text(0).to_owned(),
        since: Timestamp::from_micros(row.int(1)),
        applies: row.int(2) == 1,
        is_done: row.text(3) == "done",
        phase: row.text(4).to_owned(),
        after: row.text(5).to_owned(),
        compared,
        started_at: Timestamp::from_micros(row.int(7)),
        finished_at: row.int_or_none(8).map(Timestamp::from_micros),
        stopped: row.text(9).to_owned(),
    })
}

fn finding(row: &Row) -> Result<StoredFinding> {
    Ok(StoredFinding {
        kind: known(Kind::parse(row.text(0)))?,
        subject: row.text(1).to_owned(),
        order: row.text_or_none(2).map(|id| parsed(id.parse())).transpose()?,
        gap: Money::new(row.int(3), parsed(Currency::parse(row.text(4)))?),
        told: said(row.text(5))?,
        ours: said(row.text(6))?,
        by_hand: row.int(8) == 1,
        repaired: row.int(7) == 1,
    })
}

/// No state has a space in its name.
fn said_text(said: &Said) -> String {
    match said {
        Said::Nothing => String::new(),
        Said::Amount(money) => format!("{} {}", money.minor, money.currency.code()),
        Said::State(state) => state.clone(),
    }
}

fn said(text: &str) -> Result<Said> {
    Ok(match text.split_once(' ') {
        Some((minor, code)) => Said::Amount(Money::new(parsed(minor.parse())?, parsed(Currency::parse(code))?)),
        None if text.is_empty() => Said::Nothing,
        None => Said::State(text.to_owned()),
    })
}
