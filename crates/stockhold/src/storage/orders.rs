//! Orders as pages and the API read them. Nothing here writes.

use rules::disputes::Dispute;
use rules::ids::OrderId;
use rules::money::Currency;
use rules::orders::{Fulfilment, Hold, OrderDelivery, Session, Status};
use rules::payments::Payment;
use rules::places::Destination;
use rules::pricing::LineParts;
use rules::refunds::{Refund, RefundKind, RefundState};
use rules::shipments::Shipment;
use rules::taxes::{TaxLine, Taxation};
use rules::time::Timestamp;

use super::books::{known, parsed};
use super::order_list::{Filters, ListRow, Tab, Wanted};
use super::{Result, Row, RowExt, Storage, money, order_list, priced};
use crate::values;

/// What the name of an erased buyer begins with; no address has a colon.
pub const ERASED: &str = "erased:";

/// An order with everything that is known of it; amounts in minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    pub id: OrderId,
    pub number: i64,
    pub status: Status,
    pub hold: Hold,
    pub email: String,
    pub buyer: String,
    pub cart_id: String,
    pub language: String,
    pub shipping_address: String,
    pub destination: Option<Destination>,
    pub delivery: Option<OrderDelivery>,
    /// The code it was placed with, and whether its use still counts.
    pub coupon: Option<String>,
    pub coupon_counts: bool,
    pub currency: Currency,
    pub subtotal: i64,
    pub discount: i64,
    /// Without the tax that comes on top.
    pub shipping: i64,
    pub shipping_tax: i64,
    pub taxation: Taxation,
    /// All of it: in the prices or on top, as `taxation` says.
    pub tax: i64,
    pub tax_lines: Vec<TaxLine>,
    pub total: i64,
    pub reserved_at: Timestamp,
    pub hold_due_at: Timestamp,
    pub hold_extended: bool,
    pub session_state: Session,
    pub session_id: Option<String>,
    pub session_url: Option<String>,
    pub session_expires_at: Option<Timestamp>,
    /// Whether its session was opened with a live key; none was opened yet: not known.
    pub livemode: Option<bool>,
    pub payment_intent: Option<String>,
    pub paid_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    pub cancel_reason: String,
    pub fulfilment: Fulfilment,
    /// Why Stripe cannot be asked about its session; empty: it can.
    pub unreachable: String,
    pub lines: Vec<OrderLineView>,
    pub events: Vec<OrderEventView>,
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
    pub disputes: Vec<Dispute>,
    pub shipments: Vec<Shipment>,
}

impl OrderView {
    /// What Stripe took for it, and how much of that is back with the buyer or on its way, in minor units.
    pub fn captured(&self) -> i64 {
        self.payments.iter().map(|payment| payment.amount.minor).sum()
    }

    pub fn going_back(&self) -> i64 {
        self.payments.iter().map(|payment| payment.refunded_minor).sum()
    }

    /// What a failed refund leaves owed now, in minor units: no more than a dispute has left of its payment.
    pub fn owed(&self, failed: &Refund) -> i64 {
        let payment = self.payments.iter().find(|payment| payment.intent_id == failed.intent_id);
        payment.map_or(0, |payment| failed.owed_minor.min(payment.left_minor()))
    }

    /// Whether its buyer's data were erased: there is nobody to write to any more.
    pub fn is_erased(&self) -> bool {
        self.buyer.starts_with(ERASED)
    }

    /// The tax that came on top of the prices, and the tax that is in them.
    pub fn tax_added(&self) -> i64 {
        if self.taxation == Taxation::Added { self.tax } else { 0 }
    }

    pub fn tax_included(&self) -> i64 {
        self.tax - self.tax_added()
    }

    /// What of it was paid back outside of Stripe.
    pub fn paid_elsewhere(&self) -> i64 {
        let alive = self.refunds.iter().filter(|refund| refund.state.is_alive());
        alive.filter(|refund| refund.kind == RefundKind::Elsewhere).map(|refund| refund.amount.minor).sum()
    }

    /// What is back for good, as far as Stripe and whoever paid it elsewhere have said.
    pub fn refunded(&self) -> i64 {
        let back = self.refunds.iter().filter(|refund| refund.state == RefundState::Succeeded);
        back.map(|refund| refund.amount.minor).sum()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLineView {
    pub sku: String,
    pub title: String,
    pub variant_title: String,
    pub quantity: i64,
    pub unit_price: i64,
    /// Its part of the order's discount; already off its total.
    pub discount: i64,
    /// In the price or on top of it.
    pub tax: i64,
    /// What the buyer pays for it.
    pub total: i64,
    pub shipped: i64,
    pub cancelled: i64,
    pub restocked: i64,
}

impl OrderLineView {
    /// The units at their price, before discount and tax.
    pub fn subtotal(&self) -> i64 {
        self.unit_price * self.quantity
    }

    /// What so many units are of its total, when `before` units are counted already: the law's own sum (C13).
    pub fn share(&self, before: i64, units: i64, step_minor: i64) -> i64 {
        let parts = LineParts {
            quantity: self.quantity,
            subtotal_minor: self.subtotal(),
            discount_minor: self.discount,
            tax_minor: self.tax,
            total_minor: self.total,
        };
        parts.share(before, units, step_minor).total_minor
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEventView {
    pub at: Timestamp,
    pub kind: String,
    pub detail: String,
}

/// An order as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSummary {
    pub id: OrderId,
    pub number: i64,
    pub status: Status,
    pub email: String,
    pub currency: Currency,
    pub total: i64,
    pub reserved_at: Timestamp,
    pub hold_due_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    pub fulfilment: String,
}

const ORDER: &str = "select id, number, status, hold, email, buyer, cart_id, language, shipping_address, currency,
    subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor, reserved_at, hold_due_at, session_state,
    session_id, session_url, session_expires_at, payment_intent, paid_at, cancelled_at, cancel_reason, fulfilment,
    unreachable, coupon, coupon_counts, destination, delivery, shipping_tax_minor, taxation, tax_lines,
    hold_extended, livemode from orders where id = $1";
const LINES: &str =
    "select sku, title, variant_title, quantity, unit_price_minor, discount_minor, total_minor, shipped,
    cancelled, restocked, tax_minor from order_lines where order_id = $1 order by line_no";
const EVENTS: &str = "select happened_at, kind, detail from order_events where order_id = $1 order by seq";

/// An order with everything that is known of it at one moment: its parts never contradict each other.
pub async fn find(storage: &Storage, id: OrderId) -> Result<Option<OrderView>> {
    let key = id.to_string();
    let mut asked = vec![(ORDER, values![key.as_str()]), (LINES, values![key.as_str()]), (EVENTS, values![key])];
    asked.extend(money::order_queries(id));
    let mut answers = storage.read_together(asked).await?.into_iter();
    let Some(row) = answers.next().and_then(|rows| rows.into_iter().next()) else { return Ok(None) };
    let mut view = order(&row)?;
    view.lines = answers.next().unwrap_or_default().iter().map(line).collect();
    view.events = answers.next().unwrap_or_default().iter().map(event).collect();
    let money = money::of_order(&mut answers)?;
    (view.payments, view.refunds) = (money.payments, money.refunds);
    (view.disputes, view.shipments) = (money.disputes, money.shipments);
    Ok(Some(view))
}

/// Orders with numbers below `before`, the newest first; `q` is a number or an id, or the beginning of an e-mail address, a
/// name or a SKU.
pub async fn list(
    storage: &Storage,
    status: Option<Status>,
    q: &str,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<OrderSummary>> {
    let filters = Filters { status, ..Filters::default() };
    let wanted = Wanted { tab: Tab::All, filters, search: q.to_owned(), before, limit };
    Ok(order_list::page(storage, &wanted).await?.rows.into_iter().map(summary).collect())
}

/// The order that a payment intent paid, or should have.
pub async fn find_by_intent(storage: &Storage, intent_id: &str) -> Result<Option<OrderId>> {
    ids(storage.read("select order_id from payments where intent_id = $1", values![intent_id]).await?).map(first)
}

pub async fn find_by_session(storage: &Storage, session_id: &str) -> Result<Option<OrderId>> {
    ids(storage.read("select id from orders where session_id = $1", values![session_id]).await?).map(first)
}

/// The order of this number, and whose it is.
pub async fn find_by_number(storage: &Storage, number: i64) -> Result<Option<(OrderId, String)>> {
    let rows = storage.read("select id, buyer from orders where number = $1", values![number]).await?;
    rows.first().map(|row| Ok((parsed(row.text(0).parse())?, row.text(1).to_owned()))).transpose()
}

/// Live orders of this buyer or this cart, oldest first; there are as many as the caps allow.
pub async fn live_of_buyer(storage: &Storage, buyer: &str, cart_id: &str) -> Result<Vec<OrderId>> {
    let sql = "select id from orders where hold = 'live' and status = 'pending'
        and (buyer {binary} = $1 or (cart_id = $2 and cart_id <> '')) order by reserved_at, id limit 100";
    ids(storage.read(sql, values![buyer, cart_id]).await?)
}

/// Orders whose hold is due, the longest overdue first.
pub async fn due(storage: &Storage, now: Timestamp, limit: i64) -> Result<Vec<OrderId>> {
    let sql = "select id from orders where hold = 'live' and status = 'pending' and hold_due_at <= $1
        order by hold_due_at, id limit $2";
    ids(storage.read(sql, values![now.micros(), limit]).await?)
}

/// Due orders that hold one of these SKUs.
pub async fn due_holding(storage: &Storage, skus: Vec<String>, now: Timestamp) -> Result<Vec<OrderId>> {
    let sql = "select distinct o.id from orders o join order_lines l on l.order_id = o.id
        where o.hold = 'live' and o.status = 'pending' and o.hold_due_at <= $1 and l.sku {in $2} order by o.id limit 200";
    ids(storage.read(sql, values![now.micros(), skus]).await?)
}

/// Due orders that have the use of this code reserved.
pub async fn due_with_coupon(storage: &Storage, code: &str, now: Timestamp) -> Result<Vec<OrderId>> {
    let sql = "select id from orders where coupon = $1 and hold = 'live' and status = 'pending' and hold_due_at <= $2
        order by id limit 200";
    ids(storage.read(sql, values![code, now.micros()]).await?)
}

/// Orders with a refund that Stripe has not finished, after `after` in the order of their ids.
pub async fn refunds_unfinished(storage: &Storage, after: &str, limit: i64) -> Result<Vec<OrderId>> {
    let sql = "select distinct order_id from refunds where state in ('requested', 'pending') and order_id > $1
        order by order_id limit $2";
    ids(storage.read(sql, values![after, limit]).await?)
}

/// Orders whose session Stripe may still decide about, after `after` in the order of their ids.
pub async fn undecided(storage: &Storage, after: &str, limit: i64) -> Result<Vec<OrderId>> {
    let sql = "select id from orders where hold = 'live' and id > $1 order by id limit $2";
    ids(storage.read(sql, values![after, limit]).await?)
}

fn ids(rows: Vec<Row>) -> Result<Vec<OrderId>> {
    rows.iter().map(|row| parsed(row.text(0).parse())).collect()
}

fn first(ids: Vec<OrderId>) -> Option<OrderId> {
    ids.into_iter().next()
}

fn order(row: &Row) -> Result<OrderView> {
    Ok(OrderView {
        id: parsed(row.text(0).parse())?,
        number: row.int(1),
        status: known(Status::parse(row.text(2)))?,
        hold: known(Hold::parse(row.text(3)))?,
        email: row.text(4).to_owned(),
        buyer: row.text(5).to_owned(),
        cart_id: row.text(6).to_owned(),
        language: row.text(7).to_owned(),
        shipping_address: row.text(8).to_owned(),
        currency: parsed(Currency::parse(row.text(9)))?,
        subtotal: row.int(10),
        discount: row.int(11),
        shipping: row.int(12),
        tax: row.int(13),
        total: row.int(14),
        reserved_at: Timestamp::from_micros(row.int(15)),
        hold_due_at: Timestamp::from_micros(row.int(16)),
        session_state: known(Session::parse(row.text(17)))?,
        session_id: row.text_or_none(18).map(str::to_owned),
        session_url: row.text_or_none(19).map(str::to_owned),
        session_expires_at: row.int_or_none(20).map(Timestamp::from_micros),
        payment_intent: row.text_or_none(21).map(str::to_owned),
        paid_at: row.int_or_none(22).map(Timestamp::from_micros),
        cancelled_at: row.int_or_none(23).map(Timestamp::from_micros),
        cancel_reason: row.text(24).to_owned(),
        fulfilment: known(Fulfilment::parse(row.text(25)))?,
        unreachable: row.text(26).to_owned(),
        coupon: row.text_or_none(27).map(str::to_owned),
        coupon_counts: row.int(28) == 1,
        destination: priced::destination(row.text(29))?,
        delivery: priced::delivery(row.text(30))?,
        shipping_tax: row.int(31),
        taxation: known(Taxation::parse(row.text(32)))?,
        tax_lines: priced::tax_lines(row.text(33))?,
        hold_extended: row.int(34) == 1,
        livemode: row.int_or_none(35).map(|live| live == 1),
        lines: Vec::new(),
        events: Vec::new(),
        payments: Vec::new(),
        refunds: Vec::new(),
        disputes: Vec::new(),
        shipments: Vec::new(),
    })
}

fn summary(row: ListRow) -> OrderSummary {
    OrderSummary {
        id: row.id,
        number: row.number,
        status: row.status,
        email: row.email,
        currency: row.currency,
        total: row.total,
        reserved_at: row.reserved_at,
        hold_due_at: row.hold_due_at,
        paid_at: row.paid_at,
        fulfilment: row.fulfilment.as_str().to_owned(),
    }
}

fn line(row: &Row) -> OrderLineView {
    OrderLineView {
        sku: row.text(0).to_owned(),
        title: row.text(1).to_owned(),
        variant_title: row.text(2).to_owned(),
        quantity: row.int(3),
        unit_price: row.int(4),
        discount: row.int(5),
        total: row.int(6),
        shipped: row.int(7),
        cancelled: row.int(8),
        restocked: row.int(9),
        tax: row.int(10),
    }
}

fn event(row: &Row) -> OrderEventView {
    OrderEventView {
        at: Timestamp::from_micros(row.int(0)),
        kind: row.text(1).to_owned(),
        detail: row.text(2).to_owned(),
    }
}
