//! The money of the books: payments, refunds, disputes and what was shipped, as the ledger loads and saves them.
//!
//! Their orders are loaded first and locked, so nobody else changes an order's money meanwhile.

use std::collections::BTreeMap;

use rules::books::Books;
use rules::disputes::{Dispute, DisputeState};
use rules::ids::{OrderId, RefundId};
use rules::money::{Currency, Money};
use rules::payments::{Payment, Purpose};
use rules::refunds::{Refund, RefundKind, RefundLine, RefundState};
use rules::shipments::{Shipment, Units};
use rules::time::Timestamp;

use super::books::{known, parsed, texts};
use super::{Result, Row, RowExt, Storage, StorageError, Value};
use crate::values;

const PAYMENTS: &str = "
    select intent_id, order_id, session_id, amount_minor, currency, purpose, refunded_minor, disputed_minor, recorded_at
    from payments where order_id {in $1} or intent_id {in $2}";
const REFUNDS: &str = "
    select id, order_id, intent_id, amount_minor, currency, kind, reason, request_hash, state, stripe_id, failure,
        shipping_minor, assigned, requested_at, owed_minor, instead_of
    from refunds where order_id {in $1}";
const REFUNDS_AT_STRIPE: &str = "
    select id, order_id, intent_id, amount_minor, currency, kind, reason, request_hash, state, stripe_id, failure,
        shipping_minor, assigned, requested_at, owed_minor, instead_of
    from refunds where stripe_id {in $1}";
const DISPUTES_AT_STRIPE: &str = "
    select id, order_id, intent_id, amount_minor, currency, reason, state, due_by, withdrawn_minor, opened_at
    from disputes where id {in $1}";
const REFUND_LINES: &str = "
    select l.refund_id, l.line_no, l.units, l.amount_minor, l.restock
    from refund_lines l join refunds r on r.id = l.refund_id
    where r.order_id {in $1} order by l.refund_id, l.line_no";
const DISPUTES: &str = "
    select id, order_id, intent_id, amount_minor, currency, reason, state, due_by, withdrawn_minor, opened_at
    from disputes where order_id {in $1}";
const SHIPMENTS: &str = "
    select id, order_id, lines, carrier, tracking, request_hash, shipped_at from shipments where id {in $1}";

const SHIPMENTS_OF_ORDER: &str = "
    select id, order_id, lines, carrier, tracking, request_hash, shipped_at from shipments where order_id = $1
    order by shipped_at, id";

const INSERT_PAYMENTS: &str = "
    insert into payments (intent_id, order_id, session_id, amount_minor, currency, purpose, refunded_minor,
        disputed_minor, recorded_at)
    select r.intent, r.id, r.sid, r.amount, r.code, r.why, r.back, r.taken, r.moment
    {rows intent:text id:text sid:text amount code:text why:text back taken moment}";
const SAVE_PAYMENTS: &str = "
    update payments set refunded_minor = r.back, disputed_minor = r.taken
    {rows intent:text back taken} where payments.intent_id = r.intent";
const SAVE_REFUNDS: &str = "
    insert into refunds (id, order_id, intent_id, amount_minor, currency, kind, reason, request_hash, state, stripe_id,
        failure, shipping_minor, assigned, owed_minor, instead_of, order_number, requested_at)
    select r.rid, r.oid, r.intent, r.amount, r.code, r.what, r.why, r.hash, r.now_is, r.sid, r.fail, r.shipping,
        r.known, r.owed, r.original, r.drawn, r.moment
    {rows rid:text oid:text intent:text amount code:text what:text why:text hash:text now_is:text sid:text fail:text shipping known owed original:text drawn moment} where true
    on conflict (id) do update set state = excluded.state, stripe_id = excluded.stripe_id,
        failure = excluded.failure, assigned = excluded.assigned, owed_minor = excluded.owed_minor";
const INSERT_REFUND_LINES: &str = "
    insert into refund_lines (refund_id, line_no, units, amount_minor, restock)
    select r.rid, r.no, r.count, r.amount, r.back {rows rid:text no count amount back} where true
    on conflict (refund_id, line_no) do nothing";
const SAVE_DISPUTES: &str = "
    insert into disputes (id, order_id, intent_id, amount_minor, currency, reason, state, due_by, withdrawn_minor,
        opened_at)
    select r.did, r.oid, r.intent, r.amount, r.code, r.why, r.now_is, r.due, r.taken, r.moment
    {rows did:text oid:text intent:text amount code:text why:text now_is:text due taken moment} where true
    on conflict (id) do update set amount_minor = excluded.amount_minor, reason = excluded.reason,
        state = excluded.state, due_by = excluded.due_by, withdrawn_minor = excluded.withdrawn_minor";
const INSERT_SHIPMENTS: &str = "
    insert into shipments (id, order_id, lines, carrier, tracking, request_hash, shipped_at)
    select r.sid, r.oid, r.units, r.by_whom, r.trace, r.hash, r.moment
    {rows sid:text oid:text units:text by_whom:text trace:text hash:text moment}";

/// Every statement of this file, so that a test can expand and prepare them all.
pub const STATEMENTS: &[&str] = &[
    PAYMENTS,
    REFUNDS,
    REFUNDS_AT_STRIPE,
    DISPUTES_AT_STRIPE,
    REFUND_LINES,
    DISPUTES,
    SHIPMENTS,
    SHIPMENTS_OF_ORDER,
    INSERT_PAYMENTS,
    SAVE_PAYMENTS,
    SAVE_REFUNDS,
    INSERT_REFUND_LINES,
    SAVE_DISPUTES,
    INSERT_SHIPMENTS,
];

const PAYMENTS_PAGE: &str = "
    select p.intent_id, p.order_id, p.session_id, p.amount_minor, p.currency, p.purpose, p.refunded_minor,
        p.disputed_minor, p.recorded_at, o.number
    from payments p join orders o on o.id = p.order_id
    where p.recorded_at <= $1 and (p.recorded_at < $1 or p.intent_id > $2)
    order by p.recorded_at desc, p.intent_id limit $3";
const REFUNDS_PAGE: &str = "
    select r.id, r.order_id, r.intent_id, r.amount_minor, r.currency, r.kind, r.reason, r.request_hash,
        r.state, r.stripe_id, r.failure, r.shipping_minor, r.assigned, r.requested_at, r.owed_minor,
        r.instead_of, o.number
    from refunds r join orders o on o.id = r.order_id
    where r.requested_at <= $1 and (r.requested_at < $1 or r.id > $2) and (r.state = $3 or $3 = '')
    order by r.requested_at desc, r.id limit $4";
const DISPUTES_PAGE: &str = "
    select d.id, d.order_id, d.intent_id, d.amount_minor, d.currency, d.reason, d.state, d.due_by,
        d.withdrawn_minor, d.opened_at, o.number
    from disputes d join orders o on o.id = d.order_id
    where d.opened_at <= $1 and (d.opened_at < $1 or d.id > $2)
    order by d.opened_at desc, d.id limit $3";
const DISPUTES_OPEN: &str = "
    select d.id, d.order_id, d.intent_id, d.amount_minor, d.currency, d.reason, d.state, d.due_by,
        d.withdrawn_minor, d.opened_at, o.number
    from disputes d join orders o on o.id = d.order_id where d.state in ('warning', 'inquiry', 'open')
    order by coalesce(d.due_by, 9223372036854775807), d.id limit $1";

/// Every statement by which a list is read, and the index it is meant to walk (empty: whichever), so that a test can look at
/// their plans.
pub const LISTS: &[(&str, &str)] = &[
    (PAYMENTS_PAGE, "payments_recorded"),
    (REFUNDS_PAGE, "refunds_requested"),
    (DISPUTES_PAGE, ""),
    (DISPUTES_OPEN, ""),
];

/// An order's money, as pages read it.
#[derive(Debug, Default)]
pub struct OrderMoney {
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
    pub disputes: Vec<Dispute>,
    pub shipments: Vec<Shipment>,
}

/// What to ask for one order's money; [`of_order`] takes the answers in the same order.
pub fn order_queries(id: OrderId) -> Vec<(&'static str, Vec<Value>)> {
    let key = id.to_string();
    let mut asked = queries(std::slice::from_ref(&key), &[]);
    asked.push((SHIPMENTS_OF_ORDER, values![key]));
    asked
}

/// All of it, oldest first.
pub fn of_order(answers: &mut impl Iterator<Item = Vec<Row>>) -> Result<OrderMoney> {
    let (payments, refunds, disputes) = read_rows(answers)?;
    let shipments = answers.next().unwrap_or_default().iter().map(shipment).collect::<Result<_>>()?;
    let mut money = OrderMoney { payments, refunds, disputes, shipments };
    money.payments.sort_by_key(|payment| (payment.at, payment.intent_id.clone()));
    money.refunds.sort_by_key(|refund| (refund.at, refund.id));
    money.disputes.sort_by_key(|dispute| (dispute.at, dispute.id.clone()));
    Ok(money)
}

/// Payments by their intents.
pub async fn payments(storage: &Storage, intents: Vec<String>) -> Result<Vec<Payment>> {
    let nobody: Vec<String> = Vec::new();
    storage.read(PAYMENTS, values![nobody, intents]).await?.iter().map(payment).collect()
}

/// Refunds by Stripe's ids, without the goods they were for.
pub async fn refunds(storage: &Storage, stripe_ids: Vec<String>) -> Result<Vec<Refund>> {
    storage.read(REFUNDS_AT_STRIPE, values![stripe_ids]).await?.iter().map(refund).collect()
}

/// Disputes and warnings by Stripe's ids.
pub async fn disputes(storage: &Storage, ids: Vec<String>) -> Result<Vec<Dispute>> {
    storage.read(DISPUTES_AT_STRIPE, values![ids]).await?.iter().map(dispute).collect()
}

/// Where the next page of a list of money begins: the moment and the id of the last row.
pub type MoneyCursor = (Timestamp, String);

fn after_or_start(after: Option<MoneyCursor>) -> (i64, String) {
    after.map_or((i64::MAX, String::new()), |(at, id)| (at.micros(), id))
}

/// Payments after `after`, the newest first, each with its order's number.
pub async fn payments_page(storage: &Storage, after: Option<MoneyCursor>, limit: i64) -> Result<Vec<(Payment, i64)>> {
    let (at, id) = after_or_start(after);
    storage
        .read(PAYMENTS_PAGE, values![at, id, limit])
        .await?
        .iter()
        .map(|row| Ok((payment(row)?, row.int(9))))
        .collect()
}

/// Refunds after `after`, the newest first, of one state or of all, each with its order's number.
pub async fn refunds_page(
    storage: &Storage,
    state: Option<RefundState>,
    after: Option<MoneyCursor>,
    limit: i64,
) -> Result<Vec<(Refund, i64)>> {
    let (at, id) = after_or_start(after);
    let state = state.map_or("", RefundState::as_str);
    let rows = storage.read(REFUNDS_PAGE, values![at, id, state, limit]).await?;
    rows.iter().map(|row| Ok((refund(row)?, row.int(16)))).collect()
}

/// Disputes and warnings after `after`, the newest first, each with its order's number.
pub async fn disputes_page(storage: &Storage, after: Option<MoneyCursor>, limit: i64) -> Result<Vec<(Dispute, i64)>> {
    let (at, id) = after_or_start(after);
    storage
        .read(DISPUTES_PAGE, values![at, id, limit])
        .await?
        .iter()
        .map(|row| Ok((dispute(row)?, row.int(10))))
        .collect()
}

/// Disputes that are open, the nearest deadline first, each with its order's number.
pub async fn disputes_open(storage: &Storage, limit: i64) -> Result<Vec<(Dispute, i64)>> {
    storage.read(DISPUTES_OPEN, values![limit]).await?.iter().map(|row| Ok((dispute(row)?, row.int(10)))).collect()
}

/// What to ask for these orders; [`read`] takes the answers in the same order.
pub fn queries(order_ids: &[String], intents: &[String]) -> Vec<(&'static str, Vec<Value>)> {
    vec![
        (PAYMENTS, values![order_ids.to_vec(), intents.to_vec()]),
        (REFUNDS, values![order_ids.to_vec()]),
        (REFUND_LINES, values![order_ids.to_vec()]),
        (DISPUTES, values![order_ids.to_vec()]),
    ]
}

pub fn read(books: &mut Books, answers: &mut impl Iterator<Item = Vec<Row>>) -> Result<()> {
    let (payments, refunds, disputes) = read_rows(answers)?;
    books.payments.extend(payments.into_iter().map(|payment| (payment.intent_id.clone(), payment)));
    books.refunds.extend(refunds.into_iter().map(|refund| (refund.id, refund)));
    books.disputes.extend(disputes.into_iter().map(|dispute| (dispute.id.clone(), dispute)));
    Ok(())
}

type PaymentsRefundsDisputes = (Vec<Payment>, Vec<Refund>, Vec<Dispute>);

fn read_rows(answers: &mut impl Iterator<Item = Vec<Row>>) -> Result<PaymentsRefundsDisputes> {
    let mut next = || answers.next().unwrap_or_default();
    let payments = next().iter().map(payment).collect::<Result<_>>()?;
    let mut refunds: Vec<Refund> = next().iter().map(refund).collect::<Result<_>>()?;
    let mut lines: BTreeMap<RefundId, Vec<RefundLine>> = BTreeMap::new();
    for row in next() {
        lines.entry(parsed(row.text(0).parse())?).or_default().push(refund_line(&row));
    }
    for refund in &mut refunds {
        refund.lines = lines.remove(&refund.id).unwrap_or_default();
    }
    let disputes = next().iter().map(dispute).collect::<Result<_>>()?;
    Ok((payments, refunds, disputes))
}

pub fn shipments_query<T: std::fmt::Display>(ids: &[T]) -> (&'static str, Vec<Value>) {
    (SHIPMENTS, values![texts(ids)])
}

pub fn read_shipments(books: &mut Books, rows: &[Row]) -> Result<()> {
    for row in rows {
        let shipment = shipment(row)?;
        books.shipments.insert(shipment.id, shipment);
    }
    Ok(())
}

/// What the batch changed of the money, in the order in which rows need each other.
pub fn saves(books: &Books) -> Vec<(&'static str, Vec<Row>)> {
    let changes = &books.changes;
    let taken = changes.taken.iter().map(|id| &books.payments[id]);
    let payments = changes.payments.difference(&changes.taken).map(|id| &books.payments[id]);
    let refunds = || changes.refunds.iter().map(|id| &books.refunds[id]);
    let disputes = changes.disputes.iter().map(|id| &books.disputes[id]);
    let shipments = changes.shipments.iter().map(|id| &books.shipments[id]);
    vec![
        (INSERT_PAYMENTS, taken.map(inserted_payment).collect()),
        (SAVE_PAYMENTS, payments.map(saved_payment).collect()),
        (SAVE_REFUNDS, refunds().map(|refund| saved_refund(refund, books.orders[&refund.order].number)).collect()),
        (INSERT_REFUND_LINES, refunds().flat_map(inserted_refund_lines).collect()),
        (SAVE_DISPUTES, disputes.map(saved_dispute).collect()),
        (INSERT_SHIPMENTS, shipments.map(inserted_shipment).collect()),
    ]
}

fn payment(row: &Row) -> Result<Payment> {
    Ok(Payment {
        intent_id: row.text(0).to_owned(),
        order: parsed(row.text(1).parse())?,
        session_id: row.text(2).to_owned(),
        amount: amount(row, 3)?,
        purpose: known(Purpose::parse(row.text(5)))?,
        refunded_minor: row.int(6),
        disputed_minor: row.int(7),
        at: Timestamp::from_micros(row.int(8)),
    })
}

fn refund(row: &Row) -> Result<Refund> {
    Ok(Refund {
        id: parsed(row.text(0).parse())?,
        order: parsed(row.text(1).parse())?,
        intent_id: row.text(2).to_owned(),
        amount: amount(row, 3)?,
        kind: known(RefundKind::parse(row.text(5)))?,
        reason: row.text(6).to_owned(),
        request_hash: row.text(7).to_owned(),
        state: known(RefundState::parse(row.text(8)))?,
        stripe_id: row.text_or_none(9).map(str::to_owned),
        failure: row.text(10).to_owned(),
        shipping_minor: row.int(11),
        assigned: row.int(12) == 1,
        lines: Vec::new(),
        owed_minor: row.int(14),
        instead_of: row.text_or_none(15).map(|id| parsed(id.parse())).transpose()?,
        at: Timestamp::from_micros(row.int(13)),
    })
}

fn refund_line(row: &Row) -> RefundLine {
    RefundLine { line_no: row.int(1), units: row.int(2), amount_minor: row.int(3), restock: row.int(4) == 1 }
}

fn dispute(row: &Row) -> Result<Dispute> {
    Ok(Dispute {
        id: row.text(0).to_owned(),
        order: parsed(row.text(1).parse())?,
        intent_id: row.text(2).to_owned(),
        amount: amount(row, 3)?,
        reason: row.text(5).to_owned(),
        state: known(DisputeState::parse(row.text(6)))?,
        due_by: row.int_or_none(7).map(Timestamp::from_micros),
        withdrawn_minor: row.int(8),
        at: Timestamp::from_micros(row.int(9)),
    })
}

fn shipment(row: &Row) -> Result<Shipment> {
    Ok(Shipment {
        id: parsed(row.text(0).parse())?,
        order: parsed::<OrderId, _>(row.text(1).parse())?,
        lines: shipped_units(row.text(2))?,
        carrier: row.text(3).to_owned(),
        tracking: row.text(4).to_owned(),
        request_hash: row.text(5).to_owned(),
        at: Timestamp::from_micros(row.int(6)),
    })
}

/// A parcel's units as they are stored: `[[line_no, units], …]`.
pub fn shipped_units(json: &str) -> Result<Vec<Units>> {
    let pairs: Vec<(i64, i64)> = serde_json::from_str(json)
        .map_err(|error| StorageError::Broken(format!("a stored parcel is not JSON: {error}")))?;
    Ok(pairs.into_iter().map(|(line_no, units)| Units { line_no, units }).collect())
}

/// An amount and, in the column behind it, its currency.
fn amount(row: &Row, at: usize) -> Result<Money> {
    Ok(Money::new(row.int(at), parsed(Currency::parse(row.text(at + 1)))?))
}

fn inserted_payment(payment: &Payment) -> Row {
    values![
        payment.intent_id.as_str(),
        payment.order.to_string(),
        payment.session_id.as_str(),
        payment.amount.minor,
        payment.amount.currency.code(),
        payment.purpose.as_str(),
        payment.refunded_minor,
        payment.disputed_minor,
        payment.at.micros(),
    ]
}

fn saved_payment(payment: &Payment) -> Row {
    values![payment.intent_id.as_str(), payment.refunded_minor, payment.disputed_minor]
}

fn saved_refund(refund: &Refund, number: i64) -> Row {
    values![
        refund.id.to_string(),
        refund.order.to_string(),
        refund.intent_id.as_str(),
        refund.amount.minor,
        refund.amount.currency.code(),
        refund.kind.as_str(),
        refund.reason.as_str(),
        refund.request_hash.as_str(),
        refund.state.as_str(),
        refund.stripe_id.clone(),
        refund.failure.as_str(),
        refund.shipping_minor,
        refund.assigned,
        refund.owed_minor,
        refund.instead_of.map(|id| id.to_string()),
        number,
        refund.at.micros(),
    ]
}

fn inserted_refund_lines(refund: &Refund) -> Vec<Row> {
    let id = refund.id.to_string();
    let row = |line: &RefundLine| values![id.as_str(), line.line_no, line.units, line.amount_minor, line.restock];
    refund.lines.iter().map(row).collect()
}

fn saved_dispute(dispute: &Dispute) -> Row {
    values![
        dispute.id.as_str(),
        dispute.order.to_string(),
        dispute.intent_id.as_str(),
        dispute.amount.minor,
        dispute.amount.currency.code(),
        dispute.reason.as_str(),
        dispute.state.as_str(),
        dispute.due_by.map(Timestamp::micros),
        dispute.withdrawn_minor,
        dispute.at.micros(),
    ]
}

fn inserted_shipment(shipment: &Shipment) -> Row {
    let units: Vec<(i64, i64)> = shipment.lines.iter().map(|line| (line.line_no, line.units)).collect();
    values![
        shipment.id.to_string(),
        shipment.order.to_string(),
        serde_json::to_string(&units).expect("numbers are JSON"),
        shipment.carrier.as_str(),
        shipment.tracking.as_str(),
        shipment.request_hash.as_str(),
        shipment.at.micros(),
    ]
}
