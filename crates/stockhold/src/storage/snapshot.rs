//! The whole books, summed by the database, for the audit: a second account, independent of the counters the shop
//! keeps.

use std::collections::BTreeMap;

use rules::audit::StockAccount;
use rules::text::Sku;

use super::{Result, Row, RowExt, Storage, StorageError};
use crate::values;

/// Something the database found wrong: promise, subject, detail.
pub type Wrong = (&'static str, String, String);

const LEVELS: &str = "select sku, on_hand, held, seq, short from stock_levels";
const MOVEMENTS: &str = "select sku, cast(sum(delta) as bigint), count(*), max(seq),
        cast(sum(case when reason in ('sold', 'restocked') then delta else 0 end) as bigint),
        cast(sum(case when reason = 'shortfall' then delta else 0 end) as bigint)
    from movements group by sku";
const LINES: &str = "select l.sku, cast(sum(case when o.hold = 'live' then l.quantity else 0 end) as bigint),
        cast(sum(case when o.hold = 'sold' then l.quantity - l.restocked else 0 end) as bigint)
    from order_lines l join orders o on o.id = l.order_id group by l.sku";

const SHORTFALLS: &str = "select sku, cast(sum(units) as bigint) from shortfalls group by sku";

/// Each SKU's level beside its movements, its live holds and its sales, all of one moment: a shop that sells meanwhile
/// raises no false alarm.
pub async fn stock_accounts(storage: &Storage) -> Result<BTreeMap<Sku, StockAccount>> {
    let asked = vec![(LEVELS, values![]), (MOVEMENTS, values![]), (LINES, values![]), (SHORTFALLS, values![])];
    let mut answers = storage.read_together(asked).await?.into_iter();
    let mut accounts: BTreeMap<Sku, StockAccount> = BTreeMap::new();
    for row in answers.next().unwrap_or_default() {
        let account = accounts.entry(sku(&row)?).or_default();
        (account.on_hand, account.held, account.seq) = (row.int(1), row.int(2), row.int(3));
        account.short = row.int(4);
    }
    for row in answers.next().unwrap_or_default() {
        let account = accounts.entry(sku(&row)?).or_default();
        (account.movements_sum, account.movements_count) = (row.int(1), row.int(2));
        (account.movements_seq_max, account.sold_movements_sum) = (row.int(3), row.int(4));
        account.written_off_sum = row.int(5);
    }
    for row in answers.next().unwrap_or_default() {
        let account = accounts.entry(sku(&row)?).or_default();
        (account.live_holds_sum, account.sold_sum) = (row.int(1), row.int(2));
    }
    for row in answers.next().unwrap_or_default() {
        accounts.entry(sku(&row)?).or_default().shortfalls_sum = row.int(1);
    }
    Ok(accounts)
}

/// Promises that one statement each can check.
const CHECKS: &[(&str, &str)] = &[
    (
        "S3",
        "select h.holder, 'counted as ' || cast(h.live_holds as text) || ' live holds' from holders h
        where h.live_holds <> (select count(*) from orders o where o.hold = 'live'
            and (h.holder = 'email:' || o.buyer or (o.client <> '' and h.holder = 'client:' || o.client)))",
    ),
    (
        "M1",
        "select o.id, 'its lines do not sum to its subtotal' from orders o where o.subtotal_minor <>
            (select coalesce(cast(sum(l.unit_price_minor * l.quantity) as bigint), 0) from order_lines l
             where l.order_id = o.id)",
    ),
    (
        "M1",
        "select o.id, 'its lines do not sum to its discount' from orders o where o.discount_minor <>
            (select coalesce(cast(sum(l.discount_minor) as bigint), 0) from order_lines l where l.order_id = o.id)",
    ),
    (
        "M1",
        "select o.id, 'its lines and its shipping do not sum to its total' from orders o where o.total_minor <>
            o.shipping_minor + case when o.taxation = 'added' then o.shipping_tax_minor else 0 end
            + (select coalesce(cast(sum(l.total_minor) as bigint), 0) from order_lines l where l.order_id = o.id)",
    ),
    (
        "M1",
        "select o.id, 'its lines and its shipping do not sum to its tax' from orders o where o.tax_minor <>
            o.shipping_tax_minor
            + (select coalesce(cast(sum(l.tax_minor) as bigint), 0) from order_lines l where l.order_id = o.id)",
    ),
    (
        "C1",
        "select c.code, 'counted as used ' || cast(c.used as text) || ' times, which its orders do not say' from coupons c
        where c.used <> (select count(*) from orders o where o.coupon = c.code and o.coupon_counts = 1)",
    ),
    (
        "C1",
        "select c.code, 'a customer is counted with ' || cast(c.used as text) || ' uses, which their orders do not say'
        from coupon_customers c where c.used <> (select count(*) from orders o
            where o.coupon = c.code and o.buyer = c.buyer and o.coupon_counts = 1)",
    ),
    (
        "C1",
        "select o.id, 'has the use of a code, and its buyer is not counted' from orders o where o.coupon_counts = 1
            and not exists (select 1 from coupon_customers c where c.code = o.coupon and c.buyer = o.buyer)",
    ),
    (
        "C1",
        "select c.code, 'used more often than it may be' from coupons c where c.used > c.usage_limit",
    ),
    (
        "C1",
        "select o.id, 'the use of its code does not follow its hold' from orders o where o.coupon is not null and (
            (o.hold = 'live' and o.coupon_counts = 0) or (o.hold = 'released' and o.coupon_counts = 1)
            or (o.hold = 'sold' and o.coupon_counts = 0 and o.cancelled_at is null))",
    ),
    (
        "M2",
        "select o.id, 'paid without exactly one payment of its total' from orders o
        where o.status = 'paid' and o.total_minor > 0 and (select count(*) from payments p where p.order_id = o.id and p.purpose = 'order'
            and p.amount_minor = o.total_minor and p.currency = o.currency and p.intent_id = o.payment_intent) <> 1",
    ),
    (
        "M2",
        "select p.order_id, 'a payment bought an order that is not sold' from payments p
        join orders o on o.id = p.order_id where p.purpose = 'order' and o.hold <> 'sold'",
    ),
    (
        "M3",
        "select p.intent_id, 'its refunds do not sum to what it says went back' from payments p
        where p.refunded_minor <> (select coalesce(cast(sum(r.amount_minor) as bigint), 0) from refunds r
            where r.intent_id = p.intent_id and r.state not in ('failed', 'canceled'))",
    ),
    (
        "M3",
        "select p.intent_id, 'more refunded than captured' from payments p where p.amount_minor <
            (select coalesce(cast(sum(r.amount_minor) as bigint), 0) from refunds r
             where r.intent_id = p.intent_id and r.state not in ('failed', 'canceled'))",
    ),
    (
        "M3",
        "select p.intent_id, 'more is owed of it than is left' from payments p where p.amount_minor - p.refunded_minor <
            (select coalesce(cast(sum(r.owed_minor) as bigint), 0) from refunds r where r.intent_id = p.intent_id)",
    ),
    (
        "M3",
        "select r.id, 'its goods and shipping are more than the refund' from refunds r where r.amount_minor <
            r.shipping_minor + (select coalesce(cast(sum(l.amount_minor) as bigint), 0) from refund_lines l
             where l.refund_id = r.id)",
    ),
    (
        "M3",
        "select r.id, 'asked for, and nothing will send it' from refunds r where r.state = 'requested'
            and not exists (select 1 from effects e where e.kind = 'refund_payment' and e.subject = r.id
                and e.state = 'due')",
    ),
    (
        "S3",
        "select l.order_id, 'restocked without having been sold' from order_lines l join orders o on o.id = l.order_id
        where l.restocked > 0 and o.hold <> 'sold'",
    ),
    (
        "M4",
        "select p.intent_id, 'a surplus payment without a refund' from payments p
        where p.purpose = 'surplus' and p.amount_minor > 0
            and not exists (select 1 from refunds r where r.intent_id = p.intent_id)",
    ),
    (
        "M4",
        "select p.intent_id, 'its disputes do not sum to what it says was withdrawn' from payments p
        where p.disputed_minor <> (select coalesce(cast(sum(d.withdrawn_minor) as bigint), 0) from disputes d
            where d.intent_id = p.intent_id)",
    ),
    (
        "M4",
        "select o.id, 'called refunded although money is still here' from orders o where o.status = 'refunded' and
            (select coalesce(cast(sum(p.amount_minor) as bigint), 0) from payments p where p.order_id = o.id) <>
            (select coalesce(cast(sum(r.amount_minor) as bigint), 0) from refunds r
             where r.order_id = o.id and r.state = 'succeeded')",
    ),
    (
        "M4",
        "select o.id, 'cancelled and paid, and its money is neither refunded nor going back nor owed' from orders o
        where o.cancelled_at is not null and o.status in ('pending', 'processing', 'cancelled')
            and exists (select 1 from payments p where p.order_id = o.id and p.amount_minor > 0
                and not exists (select 1 from refunds r where r.intent_id = p.intent_id))",
    ),
    (
        "E2",
        "select o.id, 'paid without its confirmation being queued' from orders o where o.status = 'paid'
            and o.cancelled_at is null and not exists (select 1 from effects e where e.kind = 'send_letter'
                and e.subject = o.id || ':order_confirmed')",
    ),
    (
        "E1",
        "select e.order_id, 'its timeline has a gap' from order_events e group by e.order_id
        having count(*) <> max(e.seq)",
    ),
    (
        "S4",
        "select o.id, 'released while its payment page may be open' from orders o
        where o.hold = 'released' and o.session_state in ('opening', 'open')",
    ),
];

/// Runs the checks; each row found is a promise that does not hold.
pub async fn wrongs(storage: &Storage) -> Result<Vec<Wrong>> {
    let mut found = Vec::new();
    for (promise, sql) in CHECKS {
        for row in storage.read_whole(sql).await? {
            found.push((*promise, row.text(0).to_owned(), row.text(1).to_owned()));
        }
    }
    Ok(found)
}

fn sku(row: &Row) -> Result<Sku> {
    Sku::parse(row.text(0)).map_err(|error| StorageError::Broken(error.to_string()))
}
