//! The shopkeeper's lists of orders: tabs, filters, search, a page at a time, the newest first.
//!
//! Every list walks an index by the order's number and reads the rows of one page alone; a test holds the plans on both
//! engines. Days are the shop's own, so they come in as moments.

use rules::ids::OrderId;
use rules::money::Currency;
use rules::orders::{Fulfilment, Status};
use rules::places::Country;
use rules::time::Timestamp;

use super::books::{known, parsed};
use super::{Result, Row, RowExt, Storage, Value, order_search};
use crate::values;

/// Counts beside a tab stop here: beyond it the exact number helps nobody and costs a walk.
pub const COUNT_MAX: i64 = 1_000;

/// What a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// Paid, and something is still to be sent.
    ToShip,
    /// Goods are held, and no money is here yet.
    Unpaid,
    #[default]
    All,
    /// Money went back, or is to.
    Refunds,
}

rules::words!(Tab { ToShip = "to_ship", Unpaid = "unpaid", All = "all", Refunds = "refunds" });

/// What is left out of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filters {
    pub status: Option<Status>,
    pub fulfilment: Option<Fulfilment>,
    pub country: Option<Country>,
    /// The first moment that counts, and the first that does not any more.
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Both ends count; in minor units.
    pub amount_from: Option<i64>,
    pub amount_to: Option<i64>,
}

/// A list that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    pub tab: Tab,
    pub filters: Filters,
    /// What was typed into the search; empty: nothing.
    pub search: String,
    /// The last number of the page before.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub rows: Vec<ListRow>,
    pub is_more: bool,
    /// The search has found more than it may: its words are too few.
    pub is_cut_short: bool,
}

/// An order as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    pub id: OrderId,
    pub number: i64,
    pub status: Status,
    pub email: String,
    pub shipping_address: String,
    pub currency: Currency,
    pub total: i64,
    pub reserved_at: Timestamp,
    pub hold_due_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    pub fulfilment: Fulfilment,
    pub livemode: bool,
    /// Units of all its lines, those that are still to be sent, and the title of the first.
    pub units: i64,
    pub open: i64,
    pub title: String,
    /// The buyer's, in which the title is.
    pub language: String,
    pub lines: i64,
    /// Money that is away or on its way back.
    pub going_back: i64,
    pub captured: i64,
    /// Money whose amount was wrong is still here.
    pub differs: bool,
    pub refund_failed: bool,
    pub disputed: bool,
}

/// How many orders each tab has, at most [`COUNT_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub to_ship: i64,
    pub unpaid: i64,
    /// Refunds that are under way.
    pub refunds: i64,
}

/// What every list leaves out, by the columns of the index it walks.
macro_rules! filtered {
    () => {
        concat!("number >= $1 and number <= $2 and reserved_at >= $8 and reserved_at < $9 and ", filtered!(the_rest))
    };
    (the_rest) => {
        "($3 = '' or status = $3) and ($4 = '' or fulfilment = $4) and ($5 = '' or country = $5)
            and total_minor >= $6 and total_minor <= $7"
    };
}

/// Paid, and not all of it is sent or called off: an order whose money is on its way back is paid until it is there. A sum and
/// not `exists`, which PostgreSQL would turn into a walk through all lines.
macro_rules! to_ship {
    () => {
        "status = 'paid' and (fulfilment = 'unfulfilled' or fulfilment = 'partly_shipped')
            and 0 < (select sum(l.quantity - l.shipped - l.cancelled) from order_lines l where l.order_id = orders.id)"
    };
}
pub(super) use to_ship;

/// The rows of the numbers that one page has.
macro_rules! page {
    ($($numbers:expr),+) => {
        concat!(
            "select o.id, o.number, o.status, o.email, o.shipping_address, o.currency, o.total_minor, o.reserved_at,
                o.hold_due_at, o.paid_at, o.cancelled_at, o.fulfilment, o.livemode, o.language
            from (", $($numbers),+, ") as page join orders o on o.number = page.found order by o.number desc"
        )
    };
}

const ALL: &str = page!("select number as found from orders where ", filtered!(), " order by number desc limit $10");
const TO_SHIP: &str = page!(
    "select number as found from orders where ",
    to_ship!(),
    " and ",
    filtered!(),
    " order by number desc limit $10"
);
/// Live orders are few, so they are walked by their deadline; the pluses keep SQLite from walking all orders instead.
const UNPAID: &str = page!(
    "select number as found from orders where hold = 'live' and hold_due_at >= 0
        and +number >= $1 and +number <= $2 and +reserved_at >= $8 and +reserved_at < $9 and ",
    filtered!(the_rest),
    " order by +number desc limit $10"
);
/// One number after the other, and each looked at by itself: the walk ends with the page.
const REFUNDS: &str = page!(
    "select distinct order_number as found from refunds where order_number >= $1 and order_number <= $2
        and exists (select 1 from orders where number = order_number and ",
    filtered!(),
    ") order by order_number desc limit $10"
);
/// Orders that a search has found, whatever the tab.
const FOUND: &str = page!(
    "select number as found from orders where number {in $11} and ",
    filtered!(),
    "
        and case $12 when 'to_ship' then ",
    to_ship!(),
    "
            when 'unpaid' then hold = 'live'
            when 'refunds' then exists (select 1 from refunds r where r.order_number = number)
            else true end
    order by number desc limit $10"
);

/// The numbers that a stretch of days has. Numbers follow the clock, but two orders of the same moment may have changed
/// places, so the moments themselves are compared as well.
const NUMBERS_OF_DAYS: &str =
    "select min(number), max(number) from orders where reserved_at >= $1 and reserved_at < $2";

const COUNT_TO_SHIP: &str =
    concat!("select count(*) from (select 1 from orders where ", to_ship!(), " limit $1) as some_of_them");
const COUNT_UNPAID: &str = "select count(*) from (select 1 from orders
    where hold = 'live' and hold_due_at >= 0 limit $1) as some_of_them";
const COUNT_REFUNDS: &str = "select count(*) from (select 1 from refunds where state in ('requested', 'pending')
    limit $1) as some_of_them";

const LINES: &str = "select order_id, cast(sum(quantity) as bigint), count(*),
        max(case when line_no = 1 then title else '' end),
        cast(sum(quantity - shipped - cancelled) as bigint)
    from order_lines where order_id {in $1} group by order_id";
const PAYMENTS: &str = "select order_id, cast(sum(amount_minor) as bigint), cast(sum(refunded_minor) as bigint),
        max(case when purpose = 'mismatch' and refunded_minor < amount_minor then 1 else 0 end)
    from payments where order_id {in $1} group by order_id";
const OWED: &str = "select distinct r.order_id from refunds r join payments p on p.intent_id = r.intent_id
    where r.order_id {in $1} and r.owed_minor > 0 and p.refunded_minor + p.disputed_minor < p.amount_minor";
const DISPUTED: &str = "select distinct order_id from disputes where order_id {in $1}
        and state in ('warning', 'inquiry', 'open')";

/// Every statement by which a list is read, and the index it is meant to walk (empty: whichever), so that a test can look at
/// their plans.
pub const LISTS: &[(&str, &str)] = &[
    (ALL, ""),
    (TO_SHIP, "orders_to_ship"),
    (UNPAID, "orders_live"),
    (REFUNDS, "refunds_order_number"),
    (FOUND, ""),
    (NUMBERS_OF_DAYS, "orders_reserved_at"),
    (COUNT_TO_SHIP, "orders_to_ship"),
    (COUNT_UNPAID, "orders_live"),
    (COUNT_REFUNDS, ""),
    (LINES, ""),
    (PAYMENTS, ""),
    (OWED, ""),
    (DISPUTED, ""),
    (order_search::FIND, "order_lines_sku"),
];

/// One page of a list.
pub async fn page(storage: &Storage, wanted: &Wanted) -> Result<Page> {
    let found = order_search::find(storage, &wanted.search).await?;
    let is_cut_short = found.as_ref().is_some_and(|found| found.is_cut_short);
    let mut rows = match statement(storage, wanted, found.map(|found| found.numbers)).await? {
        Some((sql, parameters)) => {
            storage.read(sql, parameters).await?.iter().map(row).collect::<Result<Vec<ListRow>>>()?
        }
        None => Vec::new(),
    };
    let is_more = rows.len() as i64 > wanted.limit;
    rows.truncate(usize::try_from(wanted.limit).unwrap_or_default());
    fill_in(storage, &mut rows).await?;
    Ok(Page { rows, is_more, is_cut_short })
}

/// These orders, the newest first; what somebody has ticked.
pub async fn these(storage: &Storage, orders: &[OrderId]) -> Result<Vec<ListRow>> {
    let sql = "select o.id, o.number, o.status, o.email, o.shipping_address, o.currency, o.total_minor, o.reserved_at,
            o.hold_due_at, o.paid_at, o.cancelled_at, o.fulfilment, o.livemode, o.language
        from orders o where o.id {in $1} order by o.number desc";
    let ids: Vec<String> = orders.iter().map(OrderId::to_string).collect();
    let mut rows = storage.read(sql, values![ids]).await?.iter().map(row).collect::<Result<Vec<ListRow>>>()?;
    fill_in(storage, &mut rows).await?;
    Ok(rows)
}

/// What stands beside the tabs.
pub async fn counts(storage: &Storage) -> Result<Counts> {
    let asked = [COUNT_TO_SHIP, COUNT_UNPAID, COUNT_REFUNDS].map(|sql| (sql, values![COUNT_MAX]));
    let answers = storage.read_together(asked.to_vec()).await?;
    let count = |at: usize| answers.get(at).and_then(|rows| rows.first()).map_or(0, |row| row.int(0));
    Ok(Counts { to_ship: count(0), unpaid: count(1), refunds: count(2) })
}

/// How many orders of this buyer there were up to this one: its place among theirs.
pub async fn place_among_the_buyers(storage: &Storage, buyer: &str, number: i64) -> Result<i64> {
    let sql = "select count(*) from (select 1 from orders where buyer {binary} = $1 and hold = 'sold' and number < $2
        limit $3) as some_of_them";
    let rows = storage.read(sql, values![buyer, number, COUNT_MAX]).await?;
    Ok(rows.first().map_or(0, |row| row.int(0)) + 1)
}

/// The statement of a list and what it is asked; `None`: nothing can be in it.
async fn statement(
    storage: &Storage,
    wanted: &Wanted,
    found: Option<Vec<i64>>,
) -> Result<Option<(&'static str, Vec<Value>)>> {
    let filters = &wanted.filters;
    let (from, until) =
        (filters.from.map_or(i64::MIN, Timestamp::micros), filters.until.map_or(i64::MAX, Timestamp::micros));
    let (mut low, mut high) = (0, wanted.before.map_or(i64::MAX, |before| before.saturating_sub(1)));
    if filters.from.is_some() || filters.until.is_some() {
        let rows = storage.read(NUMBERS_OF_DAYS, values![from, until]).await?;
        let ends = rows.first().map(|row| (row.int_or_none(0), row.int_or_none(1)));
        let Some((Some(first), Some(last))) = ends else { return Ok(None) };
        (low, high) = (first, high.min(last));
    }
    let mut parameters = values![
        low,
        high,
        filters.status.map_or("", Status::as_str),
        filters.fulfilment.map_or("", Fulfilment::as_str),
        filters.country.as_ref().map_or("", Country::code),
        filters.amount_from.unwrap_or(0),
        filters.amount_to.unwrap_or(i64::MAX),
        from,
        until,
        wanted.limit + 1,
    ];
    let sql = match (found, wanted.tab) {
        (Some(mut numbers), tab) => {
            numbers.retain(|number| (low..=high).contains(number));
            if tab == Tab::All && *filters == Filters::default() {
                // Nothing else can drop out of it: the rows of one page are enough.
                numbers.truncate(usize::try_from(wanted.limit + 1).unwrap_or_default());
            }
            if numbers.is_empty() {
                return Ok(None);
            }
            parameters.extend(values![numbers, tab.as_str()]);
            FOUND
        }
        (None, Tab::All) => ALL,
        (None, Tab::ToShip) => TO_SHIP,
        (None, Tab::Unpaid) => UNPAID,
        (None, Tab::Refunds) => REFUNDS,
    };
    Ok(Some((sql, parameters)))
}

/// What a row shows beside the order's own columns.
async fn fill_in(storage: &Storage, rows: &mut [ListRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
    let asked = [LINES, PAYMENTS, OWED, DISPUTED].map(|sql| (sql, values![ids.clone()]));
    let mut answers = storage.read_together(asked.to_vec()).await?.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let (lines, payments, owed, disputed) = (next(), next(), next(), next());
    for row in rows {
        let id = row.id.to_string();
        let of = |rows: &'_ [Row]| rows.iter().find(|row| row.text(0) == id).cloned();
        if let Some(lines) = of(&lines) {
            (row.units, row.lines, row.title) = (lines.int(1), lines.int(2), lines.text(3).to_owned());
            row.open = lines.int(4);
        }
        if let Some(money) = of(&payments) {
            (row.captured, row.going_back, row.differs) = (money.int(1), money.int(2), money.int(3) == 1);
        }
        row.refund_failed = of(&owed).is_some();
        row.disputed = of(&disputed).is_some();
    }
    Ok(())
}

fn row(row: &Row) -> Result<ListRow> {
    Ok(ListRow {
        id: parsed(row.text(0).parse())?,
        number: row.int(1),
        status: known(Status::parse(row.text(2)))?,
        email: row.text(3).to_owned(),
        shipping_address: row.text(4).to_owned(),
        currency: parsed(Currency::parse(row.text(5)))?,
        total: row.int(6),
        reserved_at: Timestamp::from_micros(row.int(7)),
        hold_due_at: Timestamp::from_micros(row.int(8)),
        paid_at: row.int_or_none(9).map(Timestamp::from_micros),
        cancelled_at: row.int_or_none(10).map(Timestamp::from_micros),
        fulfilment: known(Fulfilment::parse(row.text(11)))?,
        livemode: row.int_or_none(12) == Some(1),
        units: 0,
        open: 0,
        title: String::new(),
        language: row.text(13).to_owned(),
        lines: 0,
        going_back: 0,
        captured: 0,
        differs: false,
        refund_failed: false,
        disputed: false,
    })
}
