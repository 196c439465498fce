//! Reports over a span of time: sales by country, tax by rate. Amounts are those that orders were paid by, so they
//! stay as they were whatever prices and rules are today. Nothing here writes.

use rules::money::{Currency, Money};
use rules::taxes::{Rate, TaxLine};
use rules::time::Timestamp;

use super::books::parsed;
use super::{Result, RowExt, Storage, priced};
use crate::values;

/// Orders of one place; where nothing depended on it, the address as it was written tells the country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceSales {
    /// `DE` or `US-CA`; empty: only the address tells.
    pub destination: String,
    /// The country in the address, as it was written; empty: none.
    pub country: String,
    pub orders: i64,
    pub amount: Money,
}

pub async fn places(storage: &Storage, from: Timestamp, until: Timestamp) -> Result<Vec<PlaceSales>> {
    let sql = "select destination, country, currency, count(*), cast(sum(total_minor) as bigint)
        from (select destination, currency, total_minor,
                case when destination <> '' or shipping_address = '' then ''
                    else coalesce({field shipping_address country}, '') end as country
            from orders where paid_at >= $1 and paid_at < $2 and status = 'paid') as sold
        group by destination, country, currency";
    let rows = storage.read(sql, values![from.micros(), until.micros()]).await?;
    rows.iter()
        .map(|row| {
            Ok(PlaceSales {
                destination: row.text(0).to_owned(),
                country: row.text(1).to_owned(),
                orders: row.int(3),
                amount: Money::new(row.int(4), parsed(Currency::parse(row.text(2)))?),
            })
        })
        .collect()
}

/// The tax of the orders that were paid in a span, by rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateSum {
    pub rate: Rate,
    /// In minor units of `currency`: what it is due on, and the tax.
    pub base_minor: i64,
    pub tax_minor: i64,
    /// The part of `tax_minor` whose orders were refunded as a whole since.
    pub refunded_minor: i64,
    pub currency: Currency,
}

pub async fn taxes(storage: &Storage, from: Timestamp, until: Timestamp) -> Result<Vec<RateSum>> {
    let sql = "select currency, tax_lines, status, count(*) from orders
        where paid_at >= $1 and paid_at < $2 and tax_lines <> '' group by currency, tax_lines, status";
    let mut sums: Vec<RateSum> = Vec::new();
    for row in storage.read(sql, values![from.micros(), until.micros()]).await? {
        let (currency, times) = (parsed(Currency::parse(row.text(0)))?, row.int(3));
        for TaxLine { rate, base_minor, amount_minor } in priced::tax_lines(row.text(1))? {
            let at = sums.iter().position(|sum| sum.rate == rate && sum.currency == currency);
            let at = at.unwrap_or_else(|| {
                sums.push(RateSum { rate, base_minor: 0, tax_minor: 0, refunded_minor: 0, currency });
                sums.len() - 1
            });
            let sum = &mut sums[at];
            sum.base_minor += base_minor * times;
            sum.tax_minor += amount_minor * times;
            if row.text(2) == "refunded" {
                sum.refunded_minor += amount_minor * times;
            }
        }
    }
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.rate));
    Ok(sums)
}
