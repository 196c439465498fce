//! What needs doing: each item says how much there is of it, and leads to the page that settles it.
//!
//! Invariant: everything is derived from what stands in the database now; nothing is ticked off by hand.

use std::collections::BTreeMap;

use minijinja::context;
use minijinja::value::Value;
use rules::time::{Span, Timestamp};

use crate::language;
use crate::storage::keys::Scope;
use crate::storage::{effects, inbox, reconciliation, today, waiting};
use crate::web::PageError;
use crate::web::admin::desk::Desk;

/// Things that are counted one by one; beyond that nobody cares how many there are.
const ROWS_MAX: i64 = 500;
/// A letter that was tried so often is not just slow.
const LETTER_TRIES: i64 = 3;
/// Bad signatures that are still talked about.
const SIGNATURE_DAYS: i64 = 2;
/// A deadline as near as this is urgent.
const DEADLINE_NEAR: Span = Span::minutes(3 * 24 * 60);

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Money or a promise is at stake.
    Urgent,
    /// Somebody should look.
    Look,
    /// The day's work.
    Work,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Todo {
    /// Its word is `admin-today-KEY`.
    pub key: String,
    pub weight: Weight,
    pub count: i64,
    /// What the sentence names besides the count: an amount, a date.
    pub what: String,
    /// Without the language's prefix.
    pub href: String,
}

impl Todo {
    pub fn shown(&self, desk: &Desk) -> Value {
        let values = [("count", self.count.into()), ("what", self.what.as_str().into())];
        let chip = match self.weight {
            Weight::Urgent => "bad",
            Weight::Look => "wait",
            Weight::Work => "off",
        };
        context! {
            key => self.key.as_str(),
            text => desk.say(&format!("admin-today-{}", self.key), &values),
            action => desk.say(&format!("admin-today-{}-go", self.key), &[]),
            href => format!("{}{}", desk.prefix(), self.href),
            chip,
            weight => desk.say(&format!("admin-today-weight-{chip}"), &[]),
        }
    }
}

/// Everything that this person can do something about, what matters most first.
pub async fn list(desk: &Desk) -> Result<Vec<Todo>, PageError> {
    let storage = &desk.shop.storage;
    let counts = today::counts(storage, desk.settings.low_stock).await?;
    let mut todo = Vec::new();
    let mut put = |key: &str, weight: Weight, count: i64, what: String, href: &str| {
        if count > 0 {
            todo.push(Todo { key: key.to_owned(), weight, count, what, href: href.to_owned() });
        }
    };
    if desk.may(Scope::OrdersRead) {
        put("to-ship", Weight::Work, counts.to_ship, String::new(), "/admin/orders?tab=to_ship");
    }
    if desk.may(Scope::StockRead) {
        put("low-stock", Weight::Work, counts.low_stock, String::new(), "/admin/stock?which=low");
    }
    if desk.may(Scope::PaymentsRead) {
        for (kind, count, due_by) in waits(desk).await? {
            let now = desk.shop.now();
            let near = due_by.is_some_and(|at| at - now < DEADLINE_NEAR);
            let weight = if kind == "refund_unassigned" || kind == "effect_refused" || (kind == "dispute" && !near) {
                Weight::Look
            } else {
                Weight::Urgent
            };
            let date = |at: Timestamp| language::format_date(desk.language, at, &desk.settings.time_zone);
            let what = due_by.map(date).unwrap_or_default();
            let page = if kind == "dispute" { "/admin/payments/disputes" } else { "/admin/payments" };
            put(&kind.replace('_', "-"), weight, count, what, page);
        }
        let open = reconciliation::open(storage, ROWS_MAX).await?;
        let amount = unexplained(desk, &open);
        put("unexplained", Weight::Urgent, open.len() as i64, amount, "/admin/payments/reconciliation");
        let stopped = reconciliation::latest(storage).await?.map(|run| run.stopped).unwrap_or_default();
        put("stopped", Weight::Look, i64::from(!stopped.is_empty()), String::new(), "/admin/payments/reconciliation");
        let is_silent = today::webhook(storage, desk.shop.now()).await? != today::Webhook::Fine;
        put("silent", Weight::Look, i64::from(is_silent), String::new(), "/admin/payments/webhooks");
        let bad = inbox::signature_failures(storage, SIGNATURE_DAYS, desk.shop.now()).await?;
        let bad = bad.map_or(0, |failures| failures.count);
        put("signatures", Weight::Look, bad, String::new(), "/admin/payments/webhooks");
        put("events", Weight::Look, counts.events_failed, String::new(), "/admin/payments/webhooks?state=failed");
    }
    if desk.may(Scope::SettingsRead) {
        let letters = effects::count_letters_waiting(storage, LETTER_TRIES).await?;
        put("letters", Weight::Look, letters, String::new(), "/admin/system");
    }
    if desk.may(Scope::SettingsRead) {
        put("endpoints", Weight::Look, counts.endpoints_failing, String::new(), "/admin/settings/webhooks");
    }
    todo.sort_by_key(|item| item.weight);
    Ok(todo)
}

/// What waits, by kind: how much, and the nearest deadline.
async fn waits(desk: &Desk) -> Result<Vec<(String, i64, Option<Timestamp>)>, PageError> {
    let mut kinds: BTreeMap<String, (i64, Option<Timestamp>)> = BTreeMap::new();
    for waiting in waiting::list(&desk.shop.storage, ROWS_MAX).await? {
        let (count, due_by) = kinds.entry(waiting.kind.clone()).or_default();
        *count += 1;
        // A page that cannot be asked about has no deadline of anybody's: its hold has one.
        let deadline = waiting.due_by.filter(|_| waiting.kind == "dispute");
        *due_by = [*due_by, deadline].into_iter().flatten().min();
    }
    Ok(kinds.into_iter().map(|(kind, (count, due_by))| (kind, count, due_by)).collect())
}

/// What open differences leave unexplained, in each currency.
pub fn unexplained(desk: &Desk, open: &[reconciliation::StoredFinding]) -> String {
    let mut sums: BTreeMap<String, (rules::money::Currency, i64)> = BTreeMap::new();
    for finding in open {
        let code = finding.gap.currency.code().to_owned();
        sums.entry(code).or_insert((finding.gap.currency, 0)).1 += finding.gap.minor;
    }
    if sums.is_empty() {
        return desk.money(0);
    }
    let said = sums.values().map(|(currency, minor)| desk.money_in(*minor, *currency));
    said.collect::<Vec<_>>().join(" · ")
}
