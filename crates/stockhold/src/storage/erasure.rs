//! Takes a person out of the books: orders keep their numbers, amounts, country and taxes, and nothing that says whose
//! they were.
//!
//! Promise: it changes neither stock nor money, and it is all or nothing. It locks in the ledger's order (orders, holders,
//! coupons), and whoever has an order that is still open is not erased: goods, money or a bank's question wait for them.
//!
//! The one thing that stays is a keyed digest of the address, in place of it: limits of a code hold per customer, and
//! whoever has themselves erased must not get the same discount again. The shop's secret is needed to make it, and nobody
//! can be told from it.

use rules::ids::OrderId;

use super::books::parsed;
use super::orders::ERASED;
use super::{Result, Row, RowExt, Storage, Value};
use crate::values;

/// Why an order is still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Open {
    Unpaid,
    Unsent,
    Disputed,
    RefundUnderWay,
    /// Money of the buyer's that is neither theirs again nor for goods.
    MoneyOwed,
    /// Something about it is being said to Stripe or to the buyer right now.
    AtWork,
}

impl Open {
    pub const ALL: [Open; 6] =
        [Open::Unpaid, Open::Unsent, Open::Disputed, Open::RefundUnderWay, Open::MoneyOwed, Open::AtWork];

    /// As the API says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Open::Unpaid => "unpaid",
            Open::Unsent => "unsent",
            Open::Disputed => "disputed",
            Open::RefundUnderWay => "refund_under_way",
            Open::MoneyOwed => "money_owed",
            Open::AtWork => "at_work",
        }
    }

    fn parse(word: &str) -> Option<Open> {
        Open::ALL.into_iter().find(|open| open.as_str() == word)
    }
}

/// An order that stands in the way of erasing its buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrder {
    pub id: OrderId,
    pub number: i64,
    pub why: Open,
}

/// What is kept of an order's address: the country, as far as it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAddress {
    pub order: OrderId,
    pub address: String,
}

/// Who is erased, and what they are called afterwards.
#[derive(Debug, Clone)]
pub struct Person<'a> {
    pub buyer: &'a str,
    pub name_when_erased: &'a str,
    /// The keyed digests under which look-ups and wrong codes were counted.
    pub lookup_digest: &'a str,
    pub wrong_codes: &'a str,
    pub now_micros: i64,
}

// $2 is the moment: a letter whose lease has not run out is in somebody's hands.
const OPEN: &str = "select o.id, o.number, case
            when o.hold = 'live' then 'unpaid'
            when o.status = 'paid' and exists (select 1 from order_lines l where l.order_id = o.id
                and l.quantity > l.shipped + l.cancelled) then 'unsent'
            when exists (select 1 from disputes d where d.order_id = o.id and d.state in ('inquiry', 'open')) then 'disputed'
            when exists (select 1 from refunds r where r.order_id = o.id and r.state in ('requested', 'pending'))
                then 'refund_under_way'
            when exists (select 1 from payments p where p.order_id = o.id
                and (p.purpose <> 'order' or o.hold = 'released' or o.cancelled_at is not null)
                and p.amount_minor > p.refunded_minor + p.disputed_minor) then 'money_owed'
            when exists (select 1 from effects e where e.order_id = o.id and e.state = 'due'
                and (e.kind <> 'send_letter' or e.leased_until > $2)) then 'at_work'
        end
    from orders o where o.buyer = $1 order by o.number";
const NOTHING_OPEN: &str = "select 1 where not exists (select 1 from orders o where o.buyer = $1 and (
        o.hold = 'live'
        or (o.status = 'paid' and exists (select 1 from order_lines l where l.order_id = o.id
            and l.quantity > l.shipped + l.cancelled))
        or exists (select 1 from disputes d where d.order_id = o.id and d.state in ('inquiry', 'open'))
        or exists (select 1 from refunds r where r.order_id = o.id and r.state in ('requested', 'pending'))
        or exists (select 1 from payments p where p.order_id = o.id
            and (p.purpose <> 'order' or o.hold = 'released' or o.cancelled_at is not null)
            and p.amount_minor > p.refunded_minor + p.disputed_minor)
        or exists (select 1 from effects e where e.order_id = o.id and e.state = 'due'
            and (e.kind <> 'send_letter' or e.leased_until > $2))))";
// An order whose address nobody has looked at would keep it.
const NOTHING_NEW: &str = "select 1 where (select count(*) from orders where buyer = $1) = $2";
const LOCK_ORDERS: &str = "select id from orders where buyer = $1 order by id {lock}";
// Whoever places an order locks this row: once we have it, no other order of theirs can come.
const LOCK_HOLDER: &str = "insert into holders (holder, live_holds) values ($1, 0)
    on conflict (holder) do update set live_holds = holders.live_holds returning holder";

/// The orders of this buyer that are still open, by number.
pub async fn open_orders(storage: &Storage, buyer: &str, now_micros: i64) -> Result<Vec<OpenOrder>> {
    let rows = storage.read(OPEN, values![buyer, now_micros]).await?;
    let open = |row: &Row| {
        let why = Open::parse(row.text_or_none(2)?)?;
        Some(parsed(row.text(0).parse()).map(|id| OpenOrder { id, number: row.int(1), why }))
    };
    rows.iter().filter_map(open).collect()
}

/// Ids and addresses of all orders of this buyer.
pub async fn addresses(storage: &Storage, buyer: &str) -> Result<Vec<(OrderId, String)>> {
    let rows = storage.read("select id, shipping_address from orders where buyer = $1", values![buyer]).await?;
    rows.iter().map(|row| Ok((parsed(row.text(0).parse())?, row.text(1).to_owned()))).collect()
}

/// Erases the person; false when one of their orders was not closed in that very moment, and nothing was changed.
pub async fn erase(storage: &Storage, person: &Person<'_>, kept: &[KeptAddress]) -> Result<bool> {
    let Person { buyer, name_when_erased, lookup_digest, wrong_codes, now_micros } = person;
    let mut guards = Vec::new();
    if !kept.is_empty() {
        guards.push((LOCK_ORDERS, values![*buyer]));
    }
    // Also for somebody who had no order when we looked: they may have placed one since.
    guards.push((LOCK_HOLDER, values![format!("email:{buyer}")]));
    guards.push((NOTHING_OPEN, values![*buyer, *now_micros]));
    guards.push((NOTHING_NEW, values![*buyer, i64::try_from(kept.len()).unwrap_or(i64::MAX)]));
    let mut statements = vec![];
    for order in kept {
        statements.push((
            "update orders set shipping_address = $2 where id = $1",
            values![order.order.to_string(), order.address.as_str()],
        ));
    }
    let of_orders: [&'static str; 13] = [
        // What people wrote goes, of whatever kind; ids of Stripe's and amounts stay.
        "update order_events set detail = '' where detail not like 'cs!_%' escape '!' and detail not like 'pi!_%' escape '!'
            and detail not like 're!_%' escape '!' and detail not like 'rfnd!_%' escape '!' and detail not like 'd_!_%' escape '!'
            and detail not like 'issfr!_%' escape '!' and kind not in ('payment_differs', 'amount_differs')
            and order_id in (select id from orders where buyer = $1)",
        "delete from order_names where order_number in (select number from orders where buyer = $1)",
        "delete from order_notes where order_id in (select id from orders where buyer = $1)",
        "update refunds set reason = '' where order_id in (select id from orders where buyer = $1)",
        "update reconciliation_explanations set note = '' where exists (select 1 from reconciliation_findings f
            where f.kind = reconciliation_explanations.kind and f.subject = reconciliation_explanations.subject
                and f.order_id in (select id from orders where buyer = $1))",
        "update shipments set tracking = '', request_hash = '' where order_id in (select id from orders where buyer = $1)",
        // What was sent to Stripe names the buyer; a letter that has not gone has nobody to go to.
        "update effects set parameters = '', last_error = '',
                state = case when state = 'due' and kind = 'send_letter' and subject not like '%:owner!_%' escape '!'
                    then 'done' else state end
            where order_id in (select id from orders where buyer = $1)",
        "delete from carts where id in (select cart_id from orders where buyer = $1)
            or order_id in (select id from orders where buyer = $1)",
        "insert into coupon_customers (code, buyer, used, most)
            select code, cast($2 as text), used, most from coupon_customers where buyer = $1
            on conflict (code, buyer) do update set used = coupon_customers.used + excluded.used,
                most = case when coupon_customers.most is null or excluded.most is null then null
                    when coupon_customers.used + excluded.used > excluded.most
                        and coupon_customers.used + excluded.used > coupon_customers.most
                        then coupon_customers.used + excluded.used
                    when excluded.most > coupon_customers.most then excluded.most
                    else coupon_customers.most end",
        "delete from coupon_customers where buyer = $1",
        "delete from holders where holder = 'email:' || $1 and live_holds = 0",
        "delete from stock_requests where buyer = $1",
        // Last: everything above finds the orders by it.
        "update orders set email = '', buyer = $2, client = '', cart_id = '', request_hash = 'erased', session_url = null,
                cancel_reason = '', unreachable = ''
            where buyer = $1",
    ];
    for sql in of_orders {
        // PostgreSQL takes as many parameters as the statement names.
        let both = sql.contains("$2");
        statements.push((sql, if both { values![*buyer, *name_when_erased] } else { values![*buyer] }));
    }
    statements.push(("delete from lookups where buyer = $1", values![*lookup_digest]));
    statements.push(("delete from wrong_codes where who = $1", values![*wrong_codes]));
    // Forms of the desk that wait to be sent again may say anything of anybody; they are an hour old at most.
    statements.push(("delete from staff_drafts", values![]));
    Ok(storage.write_guarded(guards, statements).await?.is_none())
}

/// Events that were kept whole and may tell of these orders: what Stripe sent names them by our id, by its own, or by the
/// person's address. It finds too many rather than too few: an address may be a part of another.
pub async fn events_naming(
    storage: &Storage,
    words: &[String],
    after: &str,
    limit: i64,
) -> Result<Vec<(String, String)>> {
    let sql = "select e.id, e.payload from stripe_events e where e.reduced = 0 and e.id > $2
            and exists (select 1 from {texts $1} where lower(e.payload) like '%' || t.value || '%')
        order by e.id limit $3";
    let rows = storage.read(sql, values![words.to_vec(), after, limit]).await?;
    Ok(rows.iter().map(|row| (row.text(0).to_owned(), row.text(1).to_owned())).collect())
}

/// Buyers and those who wait for goods, after `after` in the order of their addresses; nobody who was erased.
pub async fn buyers(storage: &Storage, after: &str, limit: i64) -> Result<Vec<String>> {
    let sql = "select buyer from orders where buyer > $1 and buyer not like 'erased:%'
        union select buyer from stock_requests where buyer > $1 order by 1 limit $2";
    Ok(storage.read(sql, values![after, limit]).await?.iter().map(|row| row.text(0).to_owned()).collect())
}

/// The addresses of this buyer as they were written.
pub async fn written_addresses(storage: &Storage, buyer: &str) -> Result<Vec<String>> {
    let sql = "select distinct email from orders where buyer = $1";
    Ok(storage.read(sql, values![buyer]).await?.iter().map(|row| row.text(0).to_owned()).collect())
}

/// Ids under which Stripe's events may tell of these orders.
pub async fn names_at_stripe(storage: &Storage, orders: Vec<String>) -> Result<Vec<String>> {
    let sql = "select session_id from orders where id {in $1} and session_id is not null
        union select intent_id from payments where order_id {in $1}
        union select stripe_id from refunds where order_id {in $1} and stripe_id is not null
        union select id from disputes where order_id {in $1}";
    let rows = storage.read(sql, values![orders]).await?;
    Ok(rows.iter().map(|row| row.text(0).to_owned()).collect())
}

/// Whether one of these ids (of orders, sessions, payments) is of an order whose buyer was erased.
pub async fn is_of_erased(storage: &Storage, ids: Vec<String>) -> Result<bool> {
    if ids.is_empty() {
        return Ok(false);
    }
    let sql = "select 1 from orders o where o.buyer >= $2 and o.buyer < $3 and (o.id {in $1} or o.session_id {in $1}
            or o.payment_intent {in $1} or exists (select 1 from payments p where p.order_id = o.id and p.intent_id {in $1}))
        limit 1";
    // One letter past the colon ends the range of names that begin so.
    let past = ERASED.replace(':', ";");
    Ok(!storage.read(sql, vec![Value::Texts(ids), ERASED.into(), past.into()]).await?.is_empty())
}

/// Keeps of an event only what its reading needs.
pub async fn reduce_event(storage: &Storage, id: &str, payload: &str) -> Result<()> {
    let sql = "update stripe_events set payload = $2, reduced = 1 where id = $1";
    storage.write(sql, values![id, payload]).await.map(drop)
}

/// Events received before this moment that are still kept whole and wait for nobody.
pub async fn old_events(storage: &Storage, before_micros: i64, limit: i64) -> Result<Vec<(String, String)>> {
    let sql = "select id, payload from stripe_events where reduced = 0 and received_at < $1 and state <> 'received'
        order by received_at limit $2";
    let rows = storage.read(sql, values![before_micros, limit]).await?;
    Ok(rows.iter().map(|row| (row.text(0).to_owned(), row.text(1).to_owned())).collect())
}

/// Carts that nobody has touched since.
pub async fn forget_carts(storage: &Storage, before_micros: i64) -> Result<u64> {
    let sql = "delete from carts where updated_at < $1 returning id";
    Ok(storage.write(sql, values![before_micros]).await?.len() as u64)
}
