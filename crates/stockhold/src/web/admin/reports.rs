//! Reports: what was sold by day, product and country, and the tax of it by rate; each as a table and as CSV.
//!
//! Dates are the shop's own. Amounts are those that orders were paid by. What went back is a column of its own by day, and by
//! rate for orders that were refunded as a whole; goods and countries leave those orders out, and count a refund of a part
//! not at all.

use std::collections::BTreeMap;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::Value;
use rules::money::{Currency, Money};
use serde::Deserialize;

use super::desk::Desk;
use super::today::{day_of, span, title};
use crate::catalogue::rows::defused;
use crate::language::{Day, country_name, days_between, find_country, format_date, last_days, machine_date};
use crate::storage::{reports, today};
use crate::web::PageError;

const DAYS: usize = 30;
const PRODUCTS_SHOWN: i64 = 100;
const PRODUCTS_MAX: i64 = 100_000;

#[derive(Debug, Default, Deserialize)]
pub struct Span {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

type Asked = Result<Query<Span>, QueryRejection>;

/// The days of a report: those that were asked for, or the last thirty. False: what was asked for are no days.
fn days(desk: &Desk, asked: &Span) -> (Vec<Day>, bool) {
    let zone = &desk.settings.time_zone;
    let usual = || last_days(desk.shop.now(), zone, DAYS);
    if asked.from.is_empty() && asked.to.is_empty() {
        return (usual(), true);
    }
    match days_between(&asked.from, &asked.to, zone) {
        Some(days) => (days, true),
        None => (usual(), false),
    }
}

/// One row of a report: what it is about, and its numbers and amounts as its columns have them.
struct Row {
    /// For people, in the language of the page.
    label: String,
    /// Of the label, where it is not the page's own.
    lang: Option<String>,
    /// For spreadsheets: a date, a SKU, a country's code.
    key: String,
    count: i64,
    amounts: Vec<Money>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Report {
    Days,
    Products,
    Countries,
    Taxes,
}

impl Report {
    const ALL: [Report; 4] = [Report::Days, Report::Products, Report::Countries, Report::Taxes];

    fn word(self) -> &'static str {
        match self {
            Report::Days => "days",
            Report::Products => "products",
            Report::Countries => "countries",
            Report::Taxes => "taxes",
        }
    }

    /// The headings of a spreadsheet, which do not change with the language.
    fn headings(self) -> &'static [&'static str] {
        match self {
            Report::Days => &["date", "payments", "currency", "paid", "refunded", "net"],
            Report::Products => &["sku", "title", "units", "currency", "sold"],
            Report::Countries => &["country", "name", "orders", "currency", "sold"],
            Report::Taxes => &["rate_percent", "currency", "base", "tax", "tax_of_refunded_orders"],
        }
    }
}

async fn rows(desk: &Desk, report: Report, days: &[Day], most: i64) -> Result<Vec<Row>, PageError> {
    let (from, until) = span(days, desk.shop.now());
    let storage = &desk.shop.storage;
    match report {
        Report::Days => {
            let quarters = today::takings(storage, from, until).await?;
            Ok(by_day(desk, days, &quarters))
        }
        Report::Products => {
            let sold = today::sold(storage, from, until, most).await?;
            let row = |goods: &today::Sold| {
                let (label, lang) = title(desk, goods);
                Row { label, lang, key: goods.sku.clone(), count: goods.units, amounts: vec![goods.amount] }
            };
            Ok(sold.iter().map(row).collect())
        }
        Report::Countries => Ok(by_country(desk, &reports::places(storage, from, until).await?)),
        Report::Taxes => {
            let sums = reports::taxes(storage, from, until).await?;
            let row = |sum: &reports::RateSum| {
                let money = |minor| Money::new(minor, sum.currency);
                Row {
                    label: format!("{}%", sum.rate.percent()),
                    lang: None,
                    key: sum.rate.percent(),
                    count: 0,
                    amounts: vec![money(sum.base_minor), money(sum.tax_minor), money(sum.refunded_minor)],
                }
            };
            Ok(sums.iter().map(row).collect())
        }
    }
}

/// Paid, refunded and net of each day on which something moved, the latest first.
fn by_day(desk: &Desk, days: &[Day], quarters: &[today::Quarter]) -> Vec<Row> {
    let mut sums: BTreeMap<(usize, String), (Currency, i64, i64, i64)> = BTreeMap::new();
    for quarter in quarters {
        let Some(day) = day_of(days, quarter.at) else { continue };
        let code = quarter.currency.code().to_owned();
        let sum = sums.entry((day, code)).or_insert((quarter.currency, 0, 0, 0));
        sum.1 += quarter.payments;
        sum.2 += quarter.paid_minor;
        sum.3 += quarter.refunded_minor;
    }
    let zone = &desk.settings.time_zone;
    let row = |((day, _), (currency, payments, paid, back)): ((usize, String), (Currency, i64, i64, i64))| {
        let money = |minor| Money::new(minor, currency);
        Row {
            label: format_date(desk.language, days[day].start, zone),
            lang: None,
            key: machine_date(days[day].start, zone),
            count: payments,
            amounts: vec![money(paid), money(back), money(paid - back)],
        }
    };
    sums.into_iter().rev().map(row).collect()
}

/// One row a country, whether its orders say a place or only an address, the most first.
fn by_country(desk: &Desk, places: &[reports::PlaceSales]) -> Vec<Row> {
    let mut sums: BTreeMap<(String, String), (Currency, i64, i64)> = BTreeMap::new();
    for place in places {
        let written = if place.destination.is_empty() { &place.country } else { &place.destination };
        let country = written.split('-').next().unwrap_or_default();
        let code = find_country(country).map_or_else(|| country.to_owned(), |country| country.code().to_owned());
        let currency = place.amount.currency;
        let sum = sums.entry((code, currency.code().to_owned())).or_insert((currency, 0, 0));
        sum.1 += place.orders;
        sum.2 += place.amount.minor;
    }
    let name = |code: &str| match find_country(code) {
        Some(country) => country_name(desk.language, country),
        None if code.is_empty() => desk.say("admin-reports-no-country", &[]),
        None => code.to_owned(),
    };
    let row = |((code, _), (currency, orders, minor)): ((String, String), (Currency, i64, i64))| Row {
        label: name(&code),
        lang: None,
        key: code,
        count: orders,
        amounts: vec![Money::new(minor, currency)],
    };
    let mut rows: Vec<Row> = sums.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.amounts[0].minor));
    rows
}

pub async fn show(desk: Desk, asked: Asked) -> Result<Response, PageError> {
    let asked = asked?.0;
    let (days, are_days) = days(&desk, &asked);
    let mut tables = Vec::new();
    for report in Report::ALL {
        let rows = rows(&desk, report, &days, PRODUCTS_SHOWN).await?;
        tables.push(table(&desk, report, &rows, &days));
    }
    let zone = &desk.settings.time_zone;
    let date = |day: Option<&Day>| day.map_or_else(String::new, |day| machine_date(day.start, zone));
    let context = context! {
        tables,
        from => date(days.first()),
        to => date(days.last()),
        zone,
        wrong => (!are_days).then(|| desk.say("admin-reports-wrong-days", &[])),
    };
    let status = if are_days { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    desk.page(status, "admin/reports.html", context)
}

fn table(desk: &Desk, report: Report, rows: &[Row], days: &[Day]) -> Value {
    let zone = &desk.settings.time_zone;
    let date = |day: Option<&Day>| day.map_or_else(String::new, |day| machine_date(day.start, zone));
    let word = report.word();
    let shown = rows.iter().map(|row| {
        let amounts: Vec<String> =
            row.amounts.iter().map(|amount| desk.money_in(amount.minor, amount.currency)).collect();
        let note = (report == Report::Products).then_some(row.key.as_str());
        context! { label => row.label.as_str(), lang => row.lang.as_deref(), note, count => row.count, amounts }
    });
    let sum = |at: usize| rows.iter().map(|row| row.amounts[at].minor).sum::<i64>();
    let one_currency = rows.windows(2).all(|pair| pair[0].amounts[0].currency == pair[1].amounts[0].currency);
    let total = rows.first().filter(|_| one_currency && report != Report::Taxes).map(|first| {
        let amounts = (0..first.amounts.len()).map(|at| desk.money_in(sum(at), first.amounts[at].currency));
        context! { count => rows.iter().map(|row| row.count).sum::<i64>(), amounts => amounts.collect::<Vec<_>>() }
    });
    context! {
        word,
        title => desk.say(&format!("admin-reports-{word}"), &[]),
        counts => report != Report::Taxes,
        columns => columns(desk, report),
        rows => shown.collect::<Vec<_>>(),
        total,
        csv => format!("{}/admin/reports/{word}.csv?from={}&to={}", desk.prefix(), date(days.first()), date(days.last())),
    }
}

/// What stands over the columns: the label, the count if there is one, the amounts.
fn columns(desk: &Desk, report: Report) -> Vec<String> {
    let keys: &[&str] = match report {
        Report::Days => &["day", "payments", "paid", "refunded", "net"],
        Report::Products => &["product", "units", "sold"],
        Report::Countries => &["country", "orders", "sold"],
        Report::Taxes => &["rate", "base", "tax", "tax-refunded"],
    };
    keys.iter().map(|key| desk.say(&format!("admin-reports-column-{key}"), &[])).collect()
}

pub async fn csv(desk: Desk, name: Result<Path<String>, PathRejection>, asked: Asked) -> Result<Response, PageError> {
    let name = name?.0;
    let wanted = name.strip_suffix(".csv");
    let report = Report::ALL.into_iter().find(|report| Some(report.word()) == wanted).ok_or(PageError::NotFound)?;
    let (days, are_days) = days(&desk, &asked?.0);
    if !are_days {
        return Err(PageError::Unreadable);
    }
    let rows = rows(&desk, report, &days, PRODUCTS_MAX).await?;
    let file = written(report, &rows).map_err(|error| PageError::Fault(error.to_string()))?;
    let zone = &desk.settings.time_zone;
    let date = |day: Option<&Day>| day.map_or_else(String::new, |day| machine_date(day.start, zone));
    let file_name =
        format!("attachment; filename=\"{}-{}-{}.csv\"", report.word(), date(days.first()), date(days.last()));
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, file_name)];
    Ok((headers, file).into_response())
}

fn written(report: Report, rows: &[Row]) -> csv::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(vec![0xEF, 0xBB, 0xBF]); // Excel reads UTF-8 only behind this mark.
    writer.write_record(report.headings())?;
    for row in rows {
        let mut cells = vec![defused(&row.key)];
        match report {
            Report::Products | Report::Countries => cells.extend([defused(&row.label), row.count.to_string()]),
            Report::Days => cells.push(row.count.to_string()),
            Report::Taxes => {}
        }
        cells.push(row.amounts[0].currency.code().to_owned());
        cells.extend(row.amounts.iter().map(|amount| amount.plain()));
        writer.write_record(&cells)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_computes_nothing_that_a_title_says() {
        let usd = Currency::parse("USD").expect("a currency");
        let row = Row {
            label: "=1+1".to_owned(),
            lang: None,
            key: "TEA".to_owned(),
            count: 2,
            amounts: vec![Money::new(-6400, usd)],
        };
        let file = written(Report::Products, &[row]).expect("it is written");
        let text = String::from_utf8(file).expect("text");
        assert_eq!(text, "\u{feff}sku,title,units,currency,sold\nTEA,'=1+1,2,USD,-64.00\n");
    }
}
