//! Coupons as staff and pages read and change them. How often one was used, the ledger alone changes (C1).

use std::collections::BTreeSet;

use rules::coupons::{Coupon, CouponCode, Kind, PercentOff, Reduction, Targets, Uses};
use rules::money::Currency;
use rules::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::books::{known, parsed};
use super::{Result, Row, RowExt, Storage, StorageError};
use crate::values;

/// A coupon with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCoupon {
    pub coupon: Coupon,
    /// Reserved and spent.
    pub used: i64,
    pub revision: i64,
    pub created_at: Timestamp,
}

/// What became of a wish to change or remove a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    Done,
    /// Not there, or not as it was read; or more uses than the new limit are taken already.
    NotAsRead,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct StoredTargets {
    products: BTreeSet<String>,
    collections: BTreeSet<String>,
}

/// For the ledger: every coupon that a batch touches, locked in the order of the codes.
pub(super) const LOCKED: &str = "
    select code, kind, percent_hundredths, amount_off_minor, currency, max_discount_minor, minimum_spend_minor,
        usage_limit, usage_limit_per_customer, first_order_only, starts_at, ends_at, applies_to, active, used, revision,
        created_at
    from coupons where code {in $1} order by code {lock}";

pub async fn find(storage: &Storage, code: &CouponCode) -> Result<Option<StoredCoupon>> {
    let sql = "select code, kind, percent_hundredths, amount_off_minor, currency, max_discount_minor,
            minimum_spend_minor, usage_limit, usage_limit_per_customer, first_order_only, starts_at, ends_at,
            applies_to, active, used, revision, created_at
        from coupons where code = $1";
    storage.read(sql, values![code.as_str()]).await?.first().map(stored).transpose()
}

/// In the order of their codes, after `after`.
pub async fn list(storage: &Storage, after: &str, limit: i64) -> Result<Vec<StoredCoupon>> {
    let sql = "select code, kind, percent_hundredths, amount_off_minor, currency, max_discount_minor,
            minimum_spend_minor, usage_limit, usage_limit_per_customer, first_order_only, starts_at, ends_at,
            applies_to, active, used, revision, created_at
        from coupons where code > $1 order by code limit $2";
    storage.read(sql, values![after, limit]).await?.iter().map(stored).collect()
}

pub async fn by_codes(storage: &Storage, codes: Vec<String>) -> Result<Vec<StoredCoupon>> {
    let sql = "select code, kind, percent_hundredths, amount_off_minor, currency, max_discount_minor,
            minimum_spend_minor, usage_limit, usage_limit_per_customer, first_order_only, starts_at, ends_at,
            applies_to, active, used, revision, created_at
        from coupons where code {in $1}";
    storage.read(sql, values![codes]).await?.iter().map(stored).collect()
}

/// Makes those without a revision and changes the others, if all are as they were read; else nothing, and false. Hand them
/// in by ascending codes: so they are locked.
pub async fn put_all(storage: &Storage, coupons: &[(Coupon, Option<i64>)], now: Timestamp) -> Result<bool> {
    let each = coupons.iter().map(|(coupon, revision)| match revision {
        None => (INSERT, with(fields(coupon), now.micros())),
        Some(revision) => (UPDATE, with(fields(coupon), *revision)),
    });
    Ok(storage.write_guarded(each.collect(), Vec::new()).await?.is_none())
}

/// False: the code is taken.
pub async fn insert(storage: &Storage, coupon: &Coupon, now: Timestamp) -> Result<bool> {
    Ok(!storage.write(INSERT, with(fields(coupon), now.micros())).await?.is_empty())
}

const INSERT: &str =
    "insert into coupons (code, kind, percent_hundredths, amount_off_minor, currency, max_discount_minor,
            minimum_spend_minor, usage_limit, usage_limit_per_customer, first_order_only, starts_at, ends_at,
            applies_to, active, used, revision, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, $15)
        on conflict (code) do nothing returning code";

fn with(mut parameters: Vec<super::Value>, last: i64) -> Vec<super::Value> {
    parameters.push(last.into());
    parameters
}

/// Changes everything but the code, if it is still as it was read and its uses fit under the new limit.
pub async fn update(storage: &Storage, coupon: &Coupon, revision: i64) -> Result<Changed> {
    let changed = storage.write(UPDATE, with(fields(coupon), revision)).await?;
    Ok(if changed.is_empty() { Changed::NotAsRead } else { Changed::Done })
}

const UPDATE: &str = "update coupons set kind = $2, percent_hundredths = $3, amount_off_minor = $4, currency = $5,
            max_discount_minor = $6, minimum_spend_minor = $7, usage_limit = $8, usage_limit_per_customer = $9,
            first_order_only = $10, starts_at = $11, ends_at = $12, applies_to = $13, active = $14,
            revision = revision + 1
        where code = $1 and revision = $15 and used <= coalesce($8, used) returning code";

/// Removes a code that no order has ever named, if it is as it was read (no revision: whatever stands); the others are
/// switched off instead, and keep their history.
pub async fn delete(storage: &Storage, code: &CouponCode, revision: Option<i64>) -> Result<Changed> {
    let sql = "delete from coupons where code = $1 and revision = coalesce($2, revision)
            and not exists (select 1 from orders where coupon = $1)
        returning code";
    let removed = storage.write(sql, values![code.as_str(), revision]).await?;
    Ok(if removed.is_empty() { Changed::NotAsRead } else { Changed::Done })
}

/// What a page may say before the ledger decides: the uses, and whether this buyer has ordered before, by all that the
/// books call them.
pub async fn uses(storage: &Storage, stored: &StoredCoupon, buyers: &[String]) -> Result<(Uses, bool)> {
    let code = stored.coupon.code.as_str();
    let sql = "select coalesce(cast(sum(used) as bigint), 0) from coupon_customers where code = $1 and buyer {in $2}";
    let by_customer = storage.read(sql, values![code, buyers.to_vec()]).await?.first().map_or(0, |row| row.int(0));
    let sql = "select 1 from orders where buyer {in $1} and hold = 'sold'
        and (cancelled_at is null or fulfilment <> 'unfulfilled') limit 1";
    let before = !storage.read(sql, values![buyers.to_vec()]).await?.is_empty();
    Ok((Uses { total: stored.used, by_customer }, before))
}

fn fields(coupon: &Coupon) -> Vec<super::Value> {
    let (percent, amount) = match coupon.reduction {
        Reduction::Percent(percent) => (Some(percent.hundredths()), None),
        Reduction::Amount { minor } => (None, Some(minor)),
    };
    let Targets { products, collections } = coupon.applies_to.clone();
    let targets = serde_json::to_string(&StoredTargets { products, collections }).expect("texts are JSON");
    values![
        coupon.code.as_str(),
        coupon.reduction.kind().as_str(),
        percent,
        amount,
        coupon.currency.code(),
        coupon.max_discount_minor,
        coupon.minimum_spend_minor,
        coupon.usage_limit,
        coupon.usage_limit_per_customer,
        i64::from(coupon.first_order_only),
        coupon.starts_at.map(Timestamp::micros),
        coupon.ends_at.map(Timestamp::micros),
        targets,
        i64::from(coupon.active),
    ]
}

pub(super) fn stored(row: &Row) -> Result<StoredCoupon> {
    let reduction = match known(Kind::parse(row.text(1)))? {
        Kind::Percent => Reduction::Percent(parsed(PercentOff::from_hundredths(row.int(2)))?),
        Kind::Amount => Reduction::Amount { minor: row.int(3) },
    };
    let targets: StoredTargets = serde_json::from_str(row.text(12))
        .map_err(|error| StorageError::Broken(format!("what a coupon is for is not JSON: {error}")))?;
    Ok(StoredCoupon {
        coupon: Coupon {
            code: parsed(CouponCode::parse(row.text(0)))?,
            reduction,
            currency: parsed(Currency::parse(row.text(4)))?,
            max_discount_minor: row.int_or_none(5),
            minimum_spend_minor: row.int_or_none(6),
            usage_limit: row.int_or_none(7),
            usage_limit_per_customer: row.int_or_none(8),
            first_order_only: row.int(9) == 1,
            starts_at: row.int_or_none(10).map(Timestamp::from_micros),
            ends_at: row.int_or_none(11).map(Timestamp::from_micros),
            applies_to: Targets { products: targets.products, collections: targets.collections },
            active: row.int(13) == 1,
        },
        used: row.int(14),
        revision: row.int(15),
        created_at: Timestamp::from_micros(row.int(16)),
    })
}
