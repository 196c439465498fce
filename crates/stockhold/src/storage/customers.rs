//! Customers: whoever has ordered, by their normalised e-mail. Nothing here writes.
//!
//! There is no table of them: a customer is what their orders say. They stand in lists where their latest order stands,
//! so a page of them is a walk down the order numbers.

use rules::ids::OrderId;
use rules::money::{Currency, Money};
use rules::orders::{Fulfilment, Status};
use rules::time::Timestamp;

use super::books::{known, parsed};
use super::orders::ERASED;
use super::{Result, Row, RowExt, Storage, Value, order_search};
use crate::values;

/// A customer, as their orders tell of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Customer {
    /// Their first order; it names them in addresses and in the API.
    pub id: OrderId,
    /// The normalised address, or what the books call an erased person.
    pub buyer: String,
    /// As they wrote it last; empty once erased.
    pub email: String,
    /// Of whom their latest parcel was for; empty: nobody was asked.
    pub name: String,
    pub language: String,
    pub orders: i64,
    /// What they paid and did not get back, per currency.
    pub totals: Vec<Money>,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    pub last_number: i64,
}

impl Customer {
    pub fn is_erased(&self) -> bool {
        self.buyer.starts_with(ERASED)
    }
}

/// Who it is is personal: it never reaches a log through `{:?}`.
impl std::fmt::Debug for Customer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Customer").field("id", &self.id).finish_non_exhaustive()
    }
}

/// One of a customer's orders, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerOrder {
    pub id: OrderId,
    pub number: i64,
    pub status: Status,
    pub fulfilment: Fulfilment,
    pub total: Money,
    pub refunded_minor: i64,
    pub placed_at: Timestamp,
}

/// A page of a list, and the number it goes on below; none: that was all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub next: Option<i64>,
}

// The subquery is asked per row, and the index answers it: a walk down the numbers that stops when the page is full.
const LATEST: &str = "select o.number, o.buyer, o.email, o.language, o.shipping_address from orders o
    where o.number < $1 and o.buyer not like 'erased:%'
        and not exists (select 1 from orders n where n.buyer = o.buyer and n.number > o.number)
    order by o.number desc limit $2";
// Whoever is found stands there with their latest order, if that is the one that was found: it says what they are called now.
const LATEST_FOUND: &str = "select o.number, o.buyer, o.email, o.language, o.shipping_address from orders o
    where o.number < $1 and o.buyer not like 'erased:%'
        and o.number in (select number from orders where buyer {binary} >= $3 and buyer {binary} < $4
            union select order_number from order_names where word >= $5 and word < $6)
        and not exists (select 1 from orders n where n.buyer = o.buyer and n.number > o.number)
    order by o.number desc limit $2";
const OF_BUYER: &str = "select number, buyer, email, language, shipping_address from orders
    where buyer = $1 order by number desc limit 1";
const ORDERS: &str = "select o.id, o.number, o.status, o.fulfilment, o.total_minor, o.currency, o.reserved_at,
        (select coalesce(cast(sum(p.refunded_minor) as bigint), 0) from payments p where p.order_id = o.id)
    from orders o where o.buyer = $1 and o.number < $2 order by o.number desc limit $3";
const SUMS: &str = "select buyer, count(*), min(number), min(reserved_at), max(reserved_at) from orders
    where buyer {in $1} group by buyer";
const TOTALS: &str = "select o.buyer, p.currency,
        cast(sum(p.amount_minor - p.refunded_minor - p.disputed_minor) as bigint)
    from orders o join payments p on p.order_id = o.id
    where o.buyer {in $1} group by o.buyer, p.currency order by o.buyer, p.currency";
const IDS: &str = "select number, id from orders where number {in $1}";

/// Every statement by which a list is read, and the index it is meant to walk (empty: whichever), so that a test can look at
/// their plans.
pub const LISTS: &[(&str, &str)] = &[
    (LATEST, "orders_customer"),
    (LATEST_FOUND, "order_names"),
    (OF_BUYER, "orders_customer"),
    (ORDERS, "orders_customer"),
    (SUMS, "orders_customer"),
    (TOTALS, "payments_order"),
    (IDS, ""),
];

/// Customers whose latest order has a number below `before`, those who ordered last first; `q` is the beginning of an e-mail
/// address or of a word of a name, as orders are searched.
pub async fn list(storage: &Storage, q: &str, before: Option<i64>, limit: i64) -> Result<Page<Customer>> {
    let before = before.unwrap_or(i64::MAX);
    let mut rows = match order_search::Person::typed(q) {
        None => storage.read(LATEST, values![before, limit + 1]).await?,
        Some(who) => {
            let [email, after_email] = who.email;
            let [name, after_name] = who.name;
            let parameters = values![before, limit + 1, email, after_email, name, after_name];
            storage.read(LATEST_FOUND, parameters).await?
        }
    };
    let next = cut(&mut rows, limit, 0);
    Ok(Page { rows: with_sums(storage, &rows).await?, next })
}

/// The customer whose order this is.
pub async fn find(storage: &Storage, order: OrderId) -> Result<Option<Customer>> {
    let rows = storage.read("select buyer from orders where id = $1", values![order.to_string()]).await?;
    match rows.first() {
        Some(row) => of_buyer(storage, row.text(0)).await,
        None => Ok(None),
    }
}

/// The customer of this normalised address.
pub async fn of_buyer(storage: &Storage, buyer: &str) -> Result<Option<Customer>> {
    let rows = storage.read(OF_BUYER, values![buyer]).await?;
    Ok(with_sums(storage, &rows).await?.pop())
}

/// Their orders, the newest first.
pub async fn orders(storage: &Storage, buyer: &str, before: Option<i64>, limit: i64) -> Result<Page<CustomerOrder>> {
    let mut rows = storage.read(ORDERS, values![buyer, before.unwrap_or(i64::MAX), limit + 1]).await?;
    let next = cut(&mut rows, limit, 1);
    let order = |row: &Row| {
        Ok(CustomerOrder {
            id: parsed(row.text(0).parse())?,
            number: row.int(1),
            status: known(Status::parse(row.text(2)))?,
            fulfilment: known(Fulfilment::parse(row.text(3)))?,
            total: Money::new(row.int(4), parsed(Currency::parse(row.text(5)))?),
            refunded_minor: row.int(7),
            placed_at: Timestamp::from_micros(row.int(6)),
        })
    };
    Ok(Page { rows: rows.iter().map(order).collect::<Result<_>>()?, next })
}

/// Leaves a page of what was read, one row more than a page has; returns the number in `column` that the next goes on below.
fn cut(rows: &mut Vec<Row>, limit: i64, column: usize) -> Option<i64> {
    let is_more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or_default());
    rows.last().filter(|_| is_more).map(|row| row.int(column))
}

async fn with_sums(storage: &Storage, rows: &[Row]) -> Result<Vec<Customer>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let buyers: Vec<String> = rows.iter().map(|row| row.text(1).to_owned()).collect();
    let asked = vec![(SUMS, values![buyers.clone()]), (TOTALS, values![buyers])];
    let mut answers = storage.read_together(asked).await?.into_iter();
    let (sums, totals) = (answers.next().unwrap_or_default(), answers.next().unwrap_or_default());
    let firsts: Vec<i64> = sums.iter().map(|row| row.int(2)).collect();
    let ids = storage.read(IDS, vec![Value::Ints(firsts)]).await?;
    let mut customers = Vec::with_capacity(rows.len());
    for row in rows {
        let buyer = row.text(1);
        // An order that was erased in this very moment has no sums under its old name.
        let Some(sum) = sums.iter().find(|sum| sum.text(0) == buyer) else { continue };
        let Some(id) = ids.iter().find(|id| id.int(0) == sum.int(2)) else { continue };
        let own = totals.iter().filter(|total| total.text(0) == buyer);
        let money = |total: &Row| Ok(Money::new(total.int(2), parsed(Currency::parse(total.text(1)))?));
        customers.push(Customer {
            id: parsed(id.text(1).parse())?,
            buyer: buyer.to_owned(),
            email: row.text(2).to_owned(),
            name: name(row.text(4)),
            language: row.text(3).to_owned(),
            orders: sum.int(1),
            totals: own.map(money).collect::<Result<_>>()?,
            first_at: Timestamp::from_micros(sum.int(3)),
            last_at: Timestamp::from_micros(sum.int(4)),
            last_number: row.int(0),
        });
    }
    Ok(customers)
}

/// Whom a parcel is for, out of an order's address.
fn name(address: &str) -> String {
    let address: serde_json::Value = serde_json::from_str(address).unwrap_or_default();
    address["name"].as_str().unwrap_or_default().to_owned()
}
