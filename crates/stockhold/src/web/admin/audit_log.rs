//! The audit log: who did what, when and from where. It only shows; nobody changes a line.

use axum::body::Body;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use minijinja::context;
use rules::time::Timestamp;
use serde::Deserialize;

use super::desk::Desk;
use crate::catalogue::defused;
use crate::language::machine_time;
use crate::storage::audit_log::{self, Stored, Wanted};
use crate::storage::staff::{self, ListedRow};
use crate::web::PageError;

const LINES_ON_A_PAGE: usize = 50;
/// Of a spreadsheet so many are in memory.
const LINES_AT_ONCE: usize = 1_000;

#[derive(Debug, Default, Clone, Deserialize)]
pub struct LogQuery {
    #[serde(default)]
    who: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    day: String,
    #[serde(default)]
    after: String,
}

pub async fn show(desk: Desk, query: Result<Query<LogQuery>, QueryRejection>) -> Result<Response, PageError> {
    let query = query?.0;
    let mut lines = audit_log::list(&desk.shop.storage, &wanted(&desk, &query), LINES_ON_A_PAGE + 1).await?;
    let has_more = lines.len() > LINES_ON_A_PAGE;
    lines.truncate(LINES_ON_A_PAGE);
    let people = staff::list(&desk.shop.storage).await?;
    let name =
        |actor: &str| name_of(&desk, actor, |id| people.iter().find(|one| one.row.id == id).map(|one| &one.row.name));
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            context! {
                at => desk.time(line.happened_at),
                machine_at => machine_time(line.happened_at),
                who => name(&line.actor),
                action => line.action.as_str(),
                words => action_words(&desk, &line.action),
                subject => line.subject.as_str(),
                detail => line.detail.as_str(),
                outcome => line.outcome.as_str(),
                outcome_words => desk.say(&format!("admin-audit-outcome-{}", line.outcome), &[]),
                place => line.client.chars().take(8).collect::<String>(),
            }
        })
        .collect();
    let chosen = |actor: &str| actor == query.who;
    let people: Vec<_> = people
        .iter()
        .map(|one| {
            let actor = format!("staff:{}", one.row.id);
            context! { chosen => chosen(&actor), value => actor, name => one.row.name.as_str() }
        })
        .collect();
    let actions: Vec<_> = super::actions()
        .into_iter()
        .map(|action| context! { value => action, name => action_words(&desk, action), chosen => action == query.action })
        .collect();
    let next = has_more.then(|| lines.last().map(|last| address(&desk, &query, &last.id))).flatten();
    let context = context! {
        rows, people, actions, next,
        day => query.day.as_str(),
        wrong_day => !query.day.is_empty() && day(&desk, &query.day).is_none(),
        is_filtered => !(query.who.is_empty() && query.action.is_empty() && query.day.is_empty()),
        is_later => !query.after.is_empty(),
        who => query.who.as_str(), action => query.action.as_str(),
    };
    desk.page(StatusCode::OK, "admin/audit_log.html", context)
}

/// A button and not a link: who took the log out of the house stands in it.
pub async fn spreadsheet(desk: Desk, form: Result<Form<LogQuery>, FormRejection>) -> Result<Response, PageError> {
    let query = LogQuery { after: String::new(), ..form?.0 };
    let people = staff::list(&desk.shop.storage).await?;
    let wanted = wanted(&desk, &query);
    // The lines that stand now; those of the file itself and of what comes meanwhile are newer.
    let pieces = stream::unfold(Some((desk, people, wanted)), async |state| {
        let (desk, people, mut wanted) = state?;
        let is_first = wanted.before.is_empty();
        let piece = match audit_log::list(&desk.shop.storage, &wanted, LINES_AT_ONCE).await {
            Ok(lines) if lines.is_empty() && !is_first => return None,
            Ok(lines) => {
                wanted.before = lines.last().map_or_else(String::new, |line| line.id.clone());
                rows(&desk, &people, &lines, is_first).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        match piece {
            Ok(piece) if wanted.before.is_empty() => Some((Ok(piece), None)),
            Ok(piece) => Some((Ok(piece), Some((desk, people, wanted)))),
            Err(error) => {
                tracing::error!(%error, "the spreadsheet of the audit log broke off");
                // The line closes early, so that nobody takes a part for the whole.
                Some((Err(std::io::Error::other("the spreadsheet broke off")), None))
            }
        }
    })
    // Whoever packs it asks once more after its end.
    .fuse();
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"audit-log.csv\"")];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// Lines as a spreadsheet has them. Cells that it would compute are defused.
fn rows(desk: &Desk, people: &[ListedRow], lines: &[Stored], is_first: bool) -> csv::Result<Vec<u8>> {
    // Spreadsheets know UTF-8 by its mark.
    let mut sheet = csv::Writer::from_writer(if is_first { vec![0xef, 0xbb, 0xbf] } else { Vec::new() });
    if is_first {
        sheet.write_record(["at", "who", "action", "subject", "outcome", "detail", "place"])?;
    }
    for line in lines {
        let named = |id: &str| people.iter().find(|one| one.row.id == id).map(|one| &one.row.name);
        let who = name_of(desk, &line.actor, named);
        let at = machine_time(line.happened_at);
        let row = [&at, &who, &line.action, &line.subject, &line.outcome, &line.detail, &line.client];
        sheet.write_record(row.map(|cell| defused(cell)))?;
    }
    sheet.into_inner().map_err(|error| error.into_error().into())
}

fn wanted(desk: &Desk, query: &LogQuery) -> Wanted {
    // A day that cannot be read filters nothing; the page says so.
    let (from, to) = day(desk, &query.day).unwrap_or((Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX)));
    Wanted { actor: query.who.clone(), action: query.action.clone(), from, to, before: query.after.clone() }
}

/// A day in the shop's time zone, as its first moment and the first of the next.
fn day(desk: &Desk, text: &str) -> Option<(Timestamp, Timestamp)> {
    let date: Date = text.trim().parse().ok()?;
    let zone = TimeZone::get(&desk.settings.time_zone).unwrap_or(TimeZone::UTC);
    let start = |date: Date| {
        Some(Timestamp::from_micros(
            zone.to_ambiguous_zoned_datetime(date.at(0, 0, 0, 0)).compatible().ok()?.timestamp().as_microsecond(),
        ))
    };
    Some((start(date)?, start(date.tomorrow().ok()?)?))
}

/// Who it was: staff by name, keys by theirs, and nobody known.
fn name_of<'a>(desk: &Desk, actor: &str, named: impl Fn(&str) -> Option<&'a String>) -> String {
    match actor.split_once(':') {
        Some(("staff", id)) => named(id).cloned().unwrap_or_else(|| id.to_owned()),
        Some(("key", name)) => desk.say("admin-audit-key", &[("name", name.to_owned().into())]),
        _ if actor.is_empty() => desk.say("admin-audit-nobody", &[]),
        _ => actor.to_owned(),
    }
}

/// What an action is called, or its own word where nobody has given it a name.
fn action_words(desk: &Desk, action: &str) -> String {
    let key = format!("admin-action-{}", action.replace(['.', '_'], "-"));
    if desk.has_word(&key) { desk.say(&key, &[]) } else { action.to_owned() }
}

fn address(desk: &Desk, query: &LogQuery, after: &str) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("who", &*query.who), ("action", &query.action), ("day", &query.day), ("after", after)] {
        if !value.is_empty() {
            pairs.append_pair(name, value);
        }
    }
    format!("{}/admin/audit-log?{}", desk.prefix(), pairs.finish())
}
