//! The audit log: who did what, when and from where. It only shows; nobody changes a line.

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use minijinja::context;
use rules::time::Timestamp;
use serde::Deserialize;

use super::desk::Desk;
use crate::language::machine_time;
use crate::storage::audit_log::{self, Wanted};
use crate::storage::staff;
use crate::web::PageError;

const LINES_ON_A_PAGE: usize = 50;
/// A spreadsheet of more is asked for day by day.
const LINES_IN_A_SPREADSHEET: usize = 10_000;

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
    let lines = audit_log::list(&desk.shop.storage, &wanted(&desk, &query), LINES_IN_A_SPREADSHEET).await?;
    let people = staff::list(&desk.shop.storage).await?;
    let mut sheet = csv::Writer::from_writer(vec![0xef, 0xbb, 0xbf]); // Spreadsheets know UTF-8 by its mark.
    let fault = |error: &dyn std::fmt::Display| PageError::Fault(format!("a spreadsheet: {error}"));
    let head = ["at", "who", "action", "subject", "outcome", "detail", "place"];
    sheet.write_record(head).map_err(|error| fault(&error))?;
    for line in &lines {
        let named = |id: &str| people.iter().find(|one| one.row.id == id).map(|one| &one.row.name);
        let who = name_of(&desk, &line.actor, named);
        let at = machine_time(line.happened_at);
        let row = [&at, &who, &line.action, &line.subject, &line.outcome, &line.detail, &line.client];
        sheet.write_record(row.map(|cell| guarded(cell))).map_err(|error| fault(&error))?;
    }
    let bytes = sheet.into_inner().map_err(|error| fault(&error))?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit-log.csv\""));
    Ok(response)
}

/// What a spreadsheet would take for a formula is text.
fn guarded(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, expected) in
            [("=1+1", "'=1+1"), ("@x", "'@x"), ("-1", "'-1"), ("order.ship", "order.ship"), ("", "")]
        {
            assert_eq!(guarded(cell), expected);
        }
    }
}
