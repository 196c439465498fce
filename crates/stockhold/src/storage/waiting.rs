//! What waits for a person: money and goods about which the shop cannot decide by itself. Derived from the books, so
//! that nothing has to be kept in step and nothing is forgotten.

use rules::ids::OrderId;
use rules::money::{Currency, Money};
use rules::time::Timestamp;

use super::books::parsed;
use super::{Result, Row, RowExt, Storage};
use crate::values;

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// One of [`KINDS`].
    pub kind: String,
    pub order: OrderId,
    pub number: i64,
    /// The payment, refund, dispute or session it is about.
    pub subject: String,
    pub amount: Money,
    /// What its order asks for, where that is what differs.
    pub asked: Option<Money>,
    /// What Stripe or a mail server said: a code, or a sentence of theirs.
    pub detail: String,
    /// A deadline, where there is one.
    pub due_by: Option<Timestamp>,
}

/// Each kind and the one action that settles it.
pub const KINDS: &[(&str, &str)] = &[
    ("payment_differs", "Refund or cancel the order; its goods stay held until then."),
    (
        "refund_owed",
        "Refund it again; or pay the buyer another way and note it: POST /api/admin/orders/{id}/refunds/{refund}/elsewhere.",
    ),
    ("refund_unassigned", "Say which goods it was for: POST /api/admin/orders/{id}/refunds/{refund}/assign."),
    ("dispute", "Answer it in the Stripe Dashboard before its deadline."),
    ("fraud_warning", "Refund the order before it becomes a dispute, or let it stand."),
    (
        "session_unreachable",
        "Look the session up in Stripe with the key that opened it; then POST /api/admin/orders/{id}/release.",
    ),
    ("effect_refused", "Read why, mend it, and cancel or refund the order if that is what is left."),
];

/// Each part by its own index, and put in order afterwards: asked for in order, an engine walks all orders instead.
const SQL: &str = "
    select kind, order_id, number, subject, amount_minor, currency, detail, due_by from (
    select 'payment_differs' as kind, p.order_id as order_id, o.number as number, p.intent_id as subject,
        p.amount_minor as amount_minor, p.currency as currency,
        cast(o.total_minor as text) || ' ' || o.currency as detail,
        cast(null as bigint) as due_by
    from payments p join orders o on o.id = p.order_id
    where p.purpose = 'mismatch' and p.refunded_minor < p.amount_minor
        and not exists (select 1 from refunds asked where asked.order_id = p.order_id
            and asked.request_hash = 'payment:' || p.intent_id)
    union all
    select 'refund_owed', r.order_id, o.number, r.id,
        case when p.refunded_minor + p.disputed_minor + r.owed_minor > p.amount_minor
            then p.amount_minor - p.refunded_minor - p.disputed_minor else r.owed_minor end,
        r.currency, r.failure, cast(null as bigint)
    from refunds r join orders o on o.id = r.order_id join payments p on p.intent_id = r.intent_id
    where r.owed_minor > 0 and p.refunded_minor + p.disputed_minor < p.amount_minor
    union all
    select 'refund_unassigned', r.order_id, o.number, r.id, r.amount_minor, r.currency, '', cast(null as bigint)
    from refunds r join orders o on o.id = r.order_id
    where r.assigned = 0 and r.state in ('pending', 'succeeded')
    union all
    select case when d.state = 'warning' then 'fraud_warning' else 'dispute' end, d.order_id, o.number, d.id,
        d.amount_minor, d.currency, d.reason, d.due_by
    from (select id, order_id, amount_minor, currency, reason, due_by, state from disputes
        where state in ('warning', 'inquiry', 'open') limit 1000000) as d join orders o on o.id = d.order_id
    where d.state <> 'warning' or o.status = 'paid'
    union all
    select 'session_unreachable', o.id, o.number, coalesce(o.session_id, ''), o.total_minor, o.currency,
        o.unreachable, o.hold_due_at
    from orders o where o.hold = 'live' and o.unreachable <> ''
    union all
    select 'effect_refused', e.order_id, o.number, e.id, o.total_minor, o.currency, e.last_error, cast(null as bigint)
    from effects e join orders o on o.id = e.order_id
    where e.state = 'refused' and e.kind in ('close_checkout', 'send_letter')
    ) as waits order by number, kind, subject limit $1";

/// The oldest orders first.
pub async fn list(storage: &Storage, limit: i64) -> Result<Vec<Waiting>> {
    storage.read(SQL, values![limit]).await?.iter().map(waiting).collect()
}

/// Notes that Stripe cannot be asked about an order's session, or, with an empty reason, that it can again. It is
/// said for people: nothing is decided by it.
pub async fn note_unreachable(storage: &Storage, order: OrderId, why: &str) -> Result<()> {
    let sql = "update orders set unreachable = $2 where id = $1 and unreachable <> $2";
    storage.write(sql, values![order.to_string(), why]).await.map(drop)
}

/// The action that settles a kind.
pub fn action(kind: &str) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("", |(_, action)| action)
}

impl Waiting {
    /// What is to be known of it, for the API.
    pub fn sentence(&self) -> String {
        self.asked.map_or_else(
            || self.detail.clone(),
            |asked| format!("the order asks for {} {}", asked.minor, asked.currency),
        )
    }
}

fn waiting(row: &Row) -> Result<Waiting> {
    let asked = match row.text(6).split_once(' ').filter(|_| row.text(0) == "payment_differs") {
        Some((minor, code)) => Some(Money::new(parsed(minor.parse())?, parsed(Currency::parse(code))?)),
        None => None,
    };
    Ok(Waiting {
        kind: row.text(0).to_owned(),
        order: parsed(row.text(1).parse())?,
        number: row.int(2),
        subject: row.text(3).to_owned(),
        amount: Money::new(row.int(4), parsed(Currency::parse(row.text(5)))?),
        detail: if asked.is_some() { String::new() } else { row.text(6).to_owned() },
        asked,
        due_by: row.int_or_none(7).map(Timestamp::from_micros),
    })
}
