//! Today: what needs doing first, then takings and what sells, and the setup until it is done.
//!
//! Figures of money are for those whose role reads payments; whoever packs parcels sees what is to be packed.

pub mod setup;
pub mod todo;

use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::money::Currency;
use rules::time::{Span, Timestamp};

use super::desk::Desk;
use crate::language::{Day, format_date, last_days};
use crate::storage::keys::Scope;
use crate::storage::products::Localized;
use crate::storage::today::{self, Quarter, Sold};
use crate::web::PageError;

const DAYS: usize = 30;
const WEEK: usize = 7;
const TOP_PRODUCTS: i64 = 5;
/// The drawing: a bar for each day, in units of its own.
const BAR_WIDTH: usize = 8;
const BAR_STEP: usize = 10;
const HEIGHT: i64 = 48;

pub async fn show(desk: Desk) -> Result<Response, PageError> {
    let todo = todo::list(&desk).await?;
    let known = today::setup(&desk.shop.storage).await?;
    let setup = setup::steps(&desk, &known);
    let takings = if desk.may(Scope::PaymentsRead) { Some(takings(&desk).await?) } else { None };
    let context = context! {
        todo => todo.iter().map(|item| item.shown(&desk)).collect::<Vec<_>>(),
        setup,
        takings,
        has_sold => known.has_order,
        share_link => desk.shop.config.base_url.as_str(),
    };
    desk.page(StatusCode::OK, "admin/today.html", context)
}

/// One currency's takings: paid minus refunded, day by day.
struct Account {
    currency: Currency,
    net: Vec<i64>,
}

impl Account {
    fn last(&self, days: usize) -> i64 {
        self.net[self.net.len().saturating_sub(days)..].iter().sum()
    }
}

async fn takings(desk: &Desk) -> Result<Value, PageError> {
    let storage = &desk.shop.storage;
    let days = last_days(desk.shop.now(), &desk.settings.time_zone, DAYS);
    let (from, until) = span(&days, desk.shop.now());
    let accounts = accounts(desk.settings.currency, &days, &today::takings(storage, from, until).await?);
    let sold = today::sold(storage, from, until, TOP_PRODUCTS).await?;
    let said = |days: usize| {
        let each = accounts.iter().map(|account| desk.money_in(account.last(days), account.currency));
        each.collect::<Vec<_>>().join(" · ")
    };
    let own = &accounts[0];
    let rows = days.iter().zip(&own.net).rev().map(|(day, net)| {
        let date = format_date(desk.language, day.start, &desk.settings.time_zone);
        context! { date, amount => desk.money_in(*net, own.currency) }
    });
    Ok(context! {
        today => said(1),
        week => said(WEEK),
        month => said(DAYS),
        bars => bars(&own.net),
        width => days.len() * BAR_STEP,
        height => HEIGHT,
        best => desk.money_in(own.net.iter().copied().max().unwrap_or(0), own.currency),
        days => rows.collect::<Vec<_>>(),
        is_empty => own.net.iter().all(|net| *net == 0),
        top => sold.iter().map(|goods| shown(desk, goods)).collect::<Vec<_>>(),
    })
}

/// From the first day's beginning to a moment after now.
pub fn span(days: &[Day], now: Timestamp) -> (Timestamp, Timestamp) {
    let from = days.first().map_or(now, |day| day.start);
    (from, days.last().map_or(now + Span::seconds(1), |day| day.end))
}

/// What quarters of an hour come to by day, the shop's own currency first.
fn accounts(own: Currency, days: &[Day], quarters: &[Quarter]) -> Vec<Account> {
    let mut accounts = vec![Account { currency: own, net: vec![0; days.len()] }];
    for quarter in quarters {
        let Some(day) = day_of(days, quarter.at) else { continue };
        let at = accounts.iter().position(|account| account.currency == quarter.currency).unwrap_or_else(|| {
            accounts.push(Account { currency: quarter.currency, net: vec![0; days.len()] });
            accounts.len() - 1
        });
        accounts[at].net[day] += quarter.paid_minor - quarter.refunded_minor;
    }
    accounts
}

/// The place of the day that a moment lies in.
pub fn day_of(days: &[Day], at: Timestamp) -> Option<usize> {
    let place = days.partition_point(|day| day.end <= at);
    days.get(place).filter(|day| day.start <= at).map(|_| place)
}

/// Bars from the ground up. A day on which more went back than came in has a bar that says so, as low as can be.
fn bars(net: &[i64]) -> Vec<Value> {
    let most = net.iter().copied().max().unwrap_or(0).max(1);
    let bar = |(at, net): (usize, &i64)| {
        let height = match *net {
            0 => 0,
            net if net < 0 => 2,
            net => i64::try_from(i128::from(net) * i128::from(HEIGHT) / i128::from(most)).unwrap_or(HEIGHT).max(2),
        };
        context! { x => at * BAR_STEP, y => HEIGHT - height, width => BAR_WIDTH, height, minus => *net < 0 }
    };
    net.iter().enumerate().map(bar).collect()
}

/// Goods in the language of the page; what is not in the catalogue any more is called as its orders called it.
pub fn shown(desk: &Desk, goods: &Sold) -> Value {
    let (title, lang) = title(desk, goods);
    context! {
        title,
        lang,
        href => (!goods.slug.is_empty()).then(|| format!("{}/admin/products/{}", desk.prefix(), goods.slug)),
        sku => goods.sku.as_str(),
        units => goods.units,
        amount => desk.money_in(goods.amount.minor, goods.amount.currency),
    }
}

/// What goods are called, and in which language; of what only orders name, nobody knows it.
pub fn title(desk: &Desk, goods: &Sold) -> (String, Option<String>) {
    let localized: Option<Localized> = serde_json::from_str(&goods.title).ok();
    localized.map_or_else(
        || (goods.name.clone(), None),
        |title| (title.get(desk.language).to_owned(), Some(title.language_of(desk.language).to_owned())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_is_counted_on_the_shops_own_day() {
        let moment = |text: &str| crate::language::parse_moment(text).expect("a moment");
        let (usd, eur) = (Currency::parse("USD").expect("one"), Currency::parse("EUR").expect("one"));
        let days = last_days(moment("2026-11-26T12:00:00Z"), "Asia/Hong_Kong", 2);
        let quarter = |at: &str, currency, paid_minor, refunded_minor| Quarter {
            at: moment(at),
            currency,
            paid_minor,
            refunded_minor,
            payments: 1,
        };
        let quarters = [
            quarter("2026-11-24T15:45:00Z", usd, 9900, 0), // The day before both.
            quarter("2026-11-24T16:00:00Z", usd, 3200, 0),
            quarter("2026-11-25T15:45:00Z", usd, 0, 200),
            quarter("2026-11-25T16:00:00Z", usd, 100, 0),
            quarter("2026-11-25T16:00:00Z", eur, 500, 700),
        ];
        let accounts = accounts(usd, &days, &quarters);
        let told: Vec<_> = accounts.iter().map(|account| (account.currency, account.net.clone())).collect();
        assert_eq!(told, [(usd, vec![3000, 100]), (eur, vec![0, -200])]);
        assert_eq!((accounts[0].last(1), accounts[0].last(7)), (100, 3100));
    }
}
