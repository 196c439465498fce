//! What the shopkeeper sets, one row per setting.
//!
//! Invariant: an order is placed by the settings that stand in the database when it is decided. The ledger reads
//! [`POLICY`] in the transaction that places orders, once it has the lock on the order number, and whoever changes the
//! currency takes that lock first: no order is ever placed in a currency that has changed, by no instance.

use std::collections::BTreeMap;

use rules::books::Policy;
use rules::money::Currency;
use rules::time::Span;

use super::{Result, Row, RowExt, Storage, StorageError, books};
use crate::price_rules;
use crate::values;

pub const CURRENCY: &str = "currency";
pub const HOLD_MICROS: &str = "hold_micros";
pub const HOLDS_PER_BUYER_MAX: &str = "holds_per_buyer_max";
pub const HOLDS_PER_CLIENT_MAX: &str = "holds_per_client_max";
pub const OWNER_ORDER_LETTERS: &str = "owner_order_letters";
pub const LOW_STOCK: &str = "low_stock";
/// JSON documents of `price_rules`.
pub const SHIPPING_ZONES: &str = "shipping_zones";
pub const TAX_RULES: &str = "tax_rules";
/// Counts the changes: whoever changes settings has read the ones that stand.
pub const REVISION: &str = "revision";

/// For the ledger: what orders are placed by.
pub(super) const POLICY: &str = "
    select key, value from settings
    where key = 'currency' or key = 'hold_micros' or key = 'holds_per_buyer_max' or key = 'holds_per_client_max'
        or key = 'shipping_zones' or key = 'tax_rules'";

/// What became of a wish to change settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    Done,
    /// Somebody changed them since they were read.
    NotAsRead,
    /// Orders have been placed in the currency.
    CurrencyInUse,
    /// Prices stand that would say another amount in the new currency.
    PricesInTheWay,
}

/// A new currency, and whether amounts in it are counted as they were: the same decimals, charged in the same steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewCurrency {
    pub counts_alike: bool,
}

pub async fn get(storage: &Storage, key: &str) -> Result<Option<String>> {
    let rows = storage.read("select value from settings where key = $1", values![key]).await?;
    Ok(rows.first().map(|row| row.text(0).to_owned()))
}

/// All of them, as they stand at one moment; the shop's own secret is left out.
pub async fn all(storage: &Storage) -> Result<BTreeMap<String, String>> {
    let rows = storage.read("select key, value from settings where key <> 'shop_secret'", values![]).await?;
    Ok(by_key(&rows))
}

pub async fn set(storage: &Storage, key: &str, value: &str) -> Result<()> {
    storage.write(PUT, values![key, value]).await.map(drop)
}

const PUT: &str =
    "insert into settings (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value";

/// Sets a value unless one stands already; returns the one that stands.
pub async fn get_or_set(storage: &Storage, key: &str, value: &str) -> Result<String> {
    let sql = "insert into settings (key, value) values ($1, $2) on conflict (key) do nothing";
    storage.write(sql, values![key, value]).await?;
    Ok(get(storage, key).await?.unwrap_or_else(|| value.to_owned()))
}

/// Changes settings, if they are still as they were read; `None` takes one away. All of them change, or none.
pub async fn change(
    storage: &Storage,
    revision: i64,
    changes: &[(&str, Option<String>)],
    currency: Option<NewCurrency>,
) -> Result<Changed> {
    let mut guards = vec![(books::ORDER_NUMBER, values![])];
    if let Some(NewCurrency { counts_alike }) = currency {
        guards.push(("select 1 where not exists (select 1 from orders)", values![]));
        if !counts_alike {
            guards.push(("select 1 where not exists (select 1 from variants where price_minor > 0)", values![]));
        }
    }
    let raise = "update settings set value = cast(cast(value as bigint) + 1 as text)
        where key = 'revision' and value = $1 returning key";
    guards.push((raise, values![revision.to_string()]));
    let revised = guards.len() - 1;
    let statements = changes.iter().map(|(key, value)| match value {
        Some(value) => (PUT, values![*key, value.as_str()]),
        None => ("delete from settings where key = $1", values![*key]),
    });
    Ok(match storage.write_guarded(guards, statements.collect()).await? {
        None => Changed::Done,
        Some(at) if at == revised => Changed::NotAsRead,
        Some(1) => Changed::CurrencyInUse,
        Some(_) => Changed::PricesInTheWay,
    })
}

/// What orders are placed by: what is set, over `unset`.
pub fn policy(set: &BTreeMap<String, String>, unset: &Policy) -> Result<Policy> {
    let mut policy = unset.clone();
    if let Some(code) = set.get(CURRENCY) {
        let currency = Currency::parse(code).map_err(|_| broken(CURRENCY, code))?;
        policy.currency = currency;
        policy.charge_minor_min = currency.charge_minor_min();
        policy.charge_minor_max = currency.charge_minor_max();
    }
    if let Some(micros) = number(set, HOLD_MICROS)? {
        policy.hold = Span::micros(micros);
    }
    policy.holds_per_buyer_max = number(set, HOLDS_PER_BUYER_MAX)?.unwrap_or(policy.holds_per_buyer_max);
    policy.holds_per_client_max = number(set, HOLDS_PER_CLIENT_MAX)?.unwrap_or(policy.holds_per_client_max);
    let document = |key: &str| set.get(key).map_or("", String::as_str);
    let (zones, taxes) = (document(SHIPPING_ZONES), document(TAX_RULES));
    policy.prices = price_rules::read_once(zones, taxes, policy.currency)
        .map_err(|error| StorageError::Broken(format!("the shipping zones or tax rules cannot be used: {error}")))?;
    Ok(policy)
}

pub fn by_key(rows: &[Row]) -> BTreeMap<String, String> {
    rows.iter().map(|row| (row.text(0).to_owned(), row.text(1).to_owned())).collect()
}

pub fn number(set: &BTreeMap<String, String>, key: &str) -> Result<Option<i64>> {
    set.get(key).map(|text| text.parse().map_err(|_| broken(key, text))).transpose()
}

fn broken(key: &str, value: &str) -> StorageError {
    StorageError::Broken(format!("the setting {key} cannot be {value}"))
}
