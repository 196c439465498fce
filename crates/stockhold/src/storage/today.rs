//! What the shopkeeper's first page counts: takings, what sells, what needs doing, how far the shop is set up. Nothing here
//! writes.
//!
//! Each statement reads an index that holds no more than it asks for, so that the page is as quick in a shop of many years.

use rules::money::{Currency, Money};
use rules::time::{Span, Timestamp};

use super::books::parsed;
use super::order_list::to_ship;
use super::{Result, RowExt, Storage};
use crate::values;

/// Every clock of the world shows a day's beginning on a quarter of an hour.
const QUARTER_MICROS: i64 = 15 * 60 * 1_000_000;
/// Without an event for so long although there was something to tell, the webhook is called silent.
const SILENT: Span = Span::minutes(24 * 60);
/// As soon after an order Stripe has told of it.
const TELLS_WITHIN: Span = Span::minutes(60);

/// What came in and went back in one quarter of an hour. Days are made of them by the shop's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarter {
    pub at: Timestamp,
    pub currency: Currency,
    pub paid_minor: i64,
    /// Refunds that are on their way or done, when they were asked for.
    pub refunded_minor: i64,
    pub payments: i64,
}

/// What Stripe took and what went back, from `from` to before `until`.
pub async fn takings(storage: &Storage, from: Timestamp, until: Timestamp) -> Result<Vec<Quarter>> {
    let sql = "select quarter, currency, cast(sum(paid) as bigint), cast(sum(back) as bigint), cast(sum(n) as bigint)
        from (select recorded_at / 900000000 as quarter, currency, amount_minor as paid, cast(0 as bigint) as back,
                cast(1 as bigint) as n
            from payments where recorded_at >= $1 and recorded_at < $2
            union all
            select requested_at / 900000000, currency, 0, amount_minor, 0
            from refunds where requested_at >= $1 and requested_at < $2
                and state in ('requested', 'pending', 'succeeded')) as moved
        group by quarter, currency order by quarter, currency";
    let rows = storage.read(sql, values![from.micros(), until.micros()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Quarter {
                at: Timestamp::from_micros(row.int(0) * QUARTER_MICROS),
                currency: parsed(Currency::parse(row.text(1)))?,
                paid_minor: row.int(2),
                refunded_minor: row.int(3),
                payments: row.int(4),
            })
        })
        .collect()
}

/// Goods by what was sold of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    pub slug: String,
    /// JSON: language → text; empty when the product is gone, then `name` is what the order called it.
    pub title: String,
    pub name: String,
    pub sku: String,
    pub units: i64,
    pub amount: Money,
}

/// Goods of orders that were paid from `from` to before `until` and were not refunded as a whole: the units that were paid
/// for, and what was paid for them. Refunds of a part since then change
/// neither: they are in the takings.
pub async fn sold(storage: &Storage, from: Timestamp, until: Timestamp, limit: i64) -> Result<Vec<Sold>> {
    let sql = "select coalesce(p.slug, ''), coalesce(p.title, ''), s.name, s.sku, s.units, s.amount, s.currency
        from (select l.sku as sku, o.currency as currency, max(l.title) as name,
                cast(sum(l.quantity) as bigint) as units, cast(sum(l.total_minor) as bigint) as amount
            from orders o join order_lines l on l.order_id = o.id
            where o.paid_at >= $1 and o.paid_at < $2 and o.status = 'paid'
            group by l.sku, o.currency order by amount desc, l.sku limit $3) as s
        left join variants v on v.sku = s.sku left join products p on p.id = v.product_id
        order by s.amount desc, s.sku";
    let rows = storage.read(sql, values![from.micros(), until.micros(), limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(Sold {
                slug: row.text(0).to_owned(),
                title: row.text(1).to_owned(),
                name: row.text(2).to_owned(),
                sku: row.text(3).to_owned(),
                units: row.int(4),
                amount: Money::new(row.int(5), parsed(Currency::parse(row.text(6)))?),
            })
        })
        .collect()
}

/// What needs doing that is not in `storage::waiting`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub to_ship: i64,
    /// Variants for sale of which few or none are left.
    pub low_stock: i64,
    /// Events that were given up.
    pub events_failed: i64,
    /// Endpoints of other programs that are not reached, or were given up for it.
    pub endpoints_failing: i64,
}

/// `few`: so many available, or fewer, are called low.
pub async fn counts(storage: &Storage, few: i64) -> Result<Counts> {
    let to_ship = concat!("select count(*) from orders where ", to_ship!());
    let low = "select count(*) from stock_levels s join variants v on v.sku = s.sku
            join products p on p.id = v.product_id
        where s.on_hand - s.held <= $1 and v.active = 1 and p.status = 'active'";
    let failed = "select count(*) from stripe_events where state = 'failed'";
    let failing = "select count(*) from webhook_endpoints
        where (state = 'active' and failing_since is not null) or (state = 'disabled' and why <> 'by_hand')";
    let asked = vec![(to_ship, values![]), (low, values![few]), (failed, values![]), (failing, values![])];
    let answers = storage.read_together(asked).await?;
    let count = |at: usize| answers[at].first().map_or(0, |row| row.int(0));
    Ok(Counts { to_ship: count(0), low_stock: count(1), events_failed: count(2), endpoints_failing: count(3) })
}

/// What a webhook that says nothing was last heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webhook {
    /// An event came lately, or there was nothing to tell.
    Fine,
    /// Orders were paid or lapsed since, and nothing was told of them.
    Silent { since: Option<Timestamp> },
}

/// Whether Stripe's events reach this shop: silent when none came for a day although orders have ended at Stripe since.
pub async fn webhook(storage: &Storage, now: Timestamp) -> Result<Webhook> {
    let latest = super::inbox::latest_at(storage).await?;
    if latest.is_some_and(|at| now - at < SILENT) {
        return Ok(Webhook::Fine);
    }
    let sql = "select id from orders where reserved_at > $1 and reserved_at <= $2
        and (session_state = 'complete' or session_state = 'closed') and session_id is not null limit 1";
    let since = latest.map_or(i64::MIN, Timestamp::micros);
    let untold = storage.read(sql, values![since, (now - TELLS_WITHIN).micros()]).await?;
    Ok(if untold.is_empty() { Webhook::Fine } else { Webhook::Silent { since: latest } })
}

/// How far the shop is set up, as far as its database knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Setup {
    pub has_product: bool,
    pub has_pages: bool,
    pub has_event: bool,
    pub has_order: bool,
    pub has_name: bool,
    pub has_zones: bool,
    pub has_tax_rules: bool,
}

pub async fn setup(storage: &Storage) -> Result<Setup> {
    let sql = "select
        case when exists (select 1 from products where status = 'active') then cast(1 as bigint) else 0 end,
        case when exists (select 1 from pages) then cast(1 as bigint) else 0 end,
        case when exists (select 1 from stripe_events) then cast(1 as bigint) else 0 end,
        case when exists (select 1 from orders where paid_at is not null) then cast(1 as bigint) else 0 end,
        case when exists (select 1 from settings where key = 'name_en' or key = 'name_zh') then cast(1 as bigint)
            else 0 end,
        case when exists (select 1 from settings where key = 'shipping_zones') then cast(1 as bigint) else 0 end,
        case when exists (select 1 from settings where key = 'tax_rules') then cast(1 as bigint) else 0 end";
    let rows = storage.read(sql, values![]).await?;
    let Some(row) = rows.first() else { return Ok(Setup::default()) };
    let is = |at: usize| row.int(at) == 1;
    Ok(Setup {
        has_product: is(0),
        has_pages: is(1),
        has_event: is(2),
        has_order: is(3),
        has_name: is(4),
        has_zones: is(5),
        has_tax_rules: is(6),
    })
}
