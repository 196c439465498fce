//! Coupons: what a code takes off, for which goods, from when to when, and how often.
//!
//! M1: the discount is computed here and nowhere else; Stripe is told the amount, not the percentage (scenario C8).
//! Who may still use a code is decided against the uses that are reserved or spent, under the coupon's lock (C1, C3).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::money::{self, AMOUNT_MAX, Currency, Money, MoneyError};
use crate::time::Timestamp;
use crate::words;

/// Longest code, in letters: what fits the name of a Stripe coupon (40).
pub const CODE_LETTERS_MAX: usize = 40;
/// The most products and collections one coupon names.
pub const TARGETS_MAX: usize = 1000;
/// The longest slug that any door takes.
const SLUG_BYTES_MAX: usize = 200;
/// The largest limit of uses.
pub const USES_MAX: i64 = 1_000_000_000;

/// A code in the one way it is stored and compared: upper case, half width, no spaces.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CouponCode(String);

/// Hundredths of a percent, from 0.01 % to 100 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PercentOff(i64);

/// What one is.
const WHOLE: i64 = 10_000;
/// How many decimals a percentage off has when it is written in percent.
const PERCENT_DECIMALS: u32 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    Percent(PercentOff),
    Amount { minor: i64 },
}

/// The two kinds as they are stored and sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Percent,
    Amount,
}

/// Slugs of products and collections; none at all means everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    pub products: BTreeSet<String>,
    pub collections: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    pub code: CouponCode,
    pub reduction: Reduction,
    /// Of every amount in it.
    pub currency: Currency,
    pub max_discount_minor: Option<i64>,
    /// What the goods it applies to must come to, before the discount.
    pub minimum_spend_minor: Option<i64>,
    pub usage_limit: Option<i64>,
    pub usage_limit_per_customer: Option<i64>,
    pub first_order_only: bool,
    pub starts_at: Option<Timestamp>,
    /// The first moment at which it is over.
    pub ends_at: Option<Timestamp>,
    pub applies_to: Targets,
    pub active: bool,
}

/// What is said of a coupon, by a call or by a row of a sheet; what is left out stays as it was, or is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub kind: Option<Kind>,
    pub percent: Option<PercentOff>,
    pub amount_off_minor: Option<i64>,
    pub max_discount_minor: Option<Option<i64>>,
    pub minimum_spend_minor: Option<Option<i64>>,
    pub usage_limit: Option<Option<i64>>,
    pub usage_limit_per_customer: Option<Option<i64>>,
    pub first_order_only: Option<bool>,
    pub starts_at: Option<Option<Timestamp>>,
    pub ends_at: Option<Option<Timestamp>>,
    pub products: Option<BTreeSet<String>>,
    pub collections: Option<BTreeSet<String>>,
    pub active: Option<bool>,
}

/// How often a coupon was used, uses that are only reserved included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uses {
    pub total: i64,
    pub by_customer: i64,
}

/// A coupon in the books: with all of its uses, and those of the customers who are being dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub coupon: Coupon,
    pub used: i64,
    /// Customers by their normalised e-mail; whoever is not among them has not used it.
    pub by_customer: BTreeMap<String, i64>,
}

/// The goods of a cart that a coupon applies to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Eligible {
    pub lines: usize,
    pub subtotal_minor: i64,
}

/// Why a code gives nothing now. That a code is unknown is said by whoever looked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CouponRefusal {
    #[error("This code is switched off.")]
    Inactive,
    #[error("This code does not count yet.")]
    NotYet { starts_at: Timestamp },
    #[error("This code has expired.")]
    Expired { ended_at: Timestamp },
    #[error("This code has been used up.")]
    UsedUp,
    #[error("You have used this code as often as it can be used.")]
    UsedUpByYou,
    #[error("This code is for a first order only.")]
    FirstOrderOnly,
    #[error("This code is not for the goods in your cart.")]
    NotForTheseGoods,
    #[error("{missing_minor} {currency} (in minor units) are missing for this code.")]
    MinimumNotMet { missing_minor: i64, currency: Currency },
    #[error("This code is for another currency.")]
    OtherCurrency,
}

/// Why a coupon is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CouponError {
    #[error("A code is 1 to 40 letters, digits, -, _ and . without spaces.")]
    NotACode,
    #[error("A coupon takes off either a percentage or an amount.")]
    NotAReduction,
    #[error("A percentage off is from 0.01 to 100 with up to two decimals.")]
    NotAPercentage,
    #[error("An amount of a coupon is more than zero and a multiple of {step_minor} minor units.")]
    NotAnAmount { step_minor: i64 },
    #[error("A limit of uses is at least 1.")]
    NotALimit,
    #[error("A coupon ends after it starts.")]
    EndsBeforeItStarts,
    #[error("A coupon names at most {most} products and collections.")]
    TooManyTargets { most: usize },
    #[error("Products and collections are named by their slugs, which have no spaces.")]
    NotASlug,
}

/// Whether the code counts for this buyer, these goods and now. `uses` is read under the coupon's lock.
pub fn check(
    coupon: &Coupon,
    uses: Uses,
    has_earlier_orders: bool,
    eligible: Eligible,
    now: Timestamp,
) -> Result<(), CouponRefusal> {
    check_use(coupon, uses, has_earlier_orders, now)?;
    check_goods(coupon, eligible)
}

/// The part of [`check`] that the goods have no say in: who, when and how often.
pub fn check_use(coupon: &Coupon, uses: Uses, has_earlier_orders: bool, now: Timestamp) -> Result<(), CouponRefusal> {
    if !coupon.active {
        return Err(CouponRefusal::Inactive);
    }
    if let Some(starts_at) = coupon.starts_at.filter(|starts_at| now < *starts_at) {
        return Err(CouponRefusal::NotYet { starts_at });
    }
    if let Some(ended_at) = coupon.ends_at.filter(|ends_at| now >= *ends_at) {
        return Err(CouponRefusal::Expired { ended_at });
    }
    if coupon.usage_limit.is_some_and(|limit| uses.total >= limit) {
        return Err(CouponRefusal::UsedUp);
    }
    if coupon.usage_limit_per_customer.is_some_and(|limit| uses.by_customer >= limit) {
        return Err(CouponRefusal::UsedUpByYou);
    }
    if coupon.first_order_only && has_earlier_orders {
        return Err(CouponRefusal::FirstOrderOnly);
    }
    Ok(())
}

/// The part of [`check`] that the cart alone decides, so that a price can never be quoted past it.
pub fn check_goods(coupon: &Coupon, eligible: Eligible) -> Result<(), CouponRefusal> {
    if eligible.lines == 0 {
        return Err(CouponRefusal::NotForTheseGoods);
    }
    let missing_minor = coupon.minimum_spend_minor.unwrap_or(0).saturating_sub(eligible.subtotal_minor);
    if missing_minor > 0 {
        return Err(CouponRefusal::MinimumNotMet { missing_minor, currency: coupon.currency });
    }
    Ok(())
}

impl Coupon {
    /// The coupon that `change` says, over the one that stands; every door comes through here.
    pub fn changed(
        before: Option<&Coupon>,
        code: CouponCode,
        currency: Currency,
        change: Change,
    ) -> Result<Coupon, CouponError> {
        let kept = |field: fn(&Coupon) -> Option<i64>| before.and_then(field);
        let kept_at = |field: fn(&Coupon) -> Option<Timestamp>| before.and_then(field);
        let targets = before.map(|coupon| coupon.applies_to.clone()).unwrap_or_default();
        let coupon = Coupon {
            reduction: change.reduction(before.map(|coupon| coupon.reduction))?,
            code,
            currency,
            max_discount_minor: change.max_discount_minor.unwrap_or_else(|| kept(|c| c.max_discount_minor)),
            minimum_spend_minor: change.minimum_spend_minor.unwrap_or_else(|| kept(|c| c.minimum_spend_minor)),
            usage_limit: change.usage_limit.unwrap_or_else(|| kept(|c| c.usage_limit)),
            usage_limit_per_customer: change
                .usage_limit_per_customer
                .unwrap_or_else(|| kept(|c| c.usage_limit_per_customer)),
            first_order_only: change.first_order_only.unwrap_or_else(|| before.is_some_and(|c| c.first_order_only)),
            starts_at: change.starts_at.unwrap_or_else(|| kept_at(|c| c.starts_at)),
            ends_at: change.ends_at.unwrap_or_else(|| kept_at(|c| c.ends_at)),
            applies_to: Targets {
                products: change.products.unwrap_or(targets.products),
                collections: change.collections.unwrap_or(targets.collections),
            },
            active: change.active.unwrap_or_else(|| before.is_none_or(|coupon| coupon.active)),
        };
        coupon.check_fields()?;
        Ok(coupon)
    }

    /// What it takes off these goods: never more than they cost or than its own maximum. A percentage is rounded once,
    /// over all goods it applies to ([`money::portion`]).
    pub fn discount(&self, eligible_minor: i64) -> Result<i64, MoneyError> {
        let step = self.currency.step_minor();
        let off = match self.reduction {
            Reduction::Percent(percent) => money::portion(eligible_minor, percent.0, WHOLE, step)?,
            Reduction::Amount { minor } => minor,
        };
        let most = self.max_discount_minor.unwrap_or(AMOUNT_MAX);
        let off = off.min(most).min(eligible_minor).max(0);
        Ok(off - off % step)
    }

    pub fn applies_to(&self, product: &str, collections: &[String]) -> bool {
        let Targets { products, collections: named } = &self.applies_to;
        let everything = products.is_empty() && named.is_empty();
        everything || products.contains(product) || collections.iter().any(|slug| named.contains(slug))
    }

    /// Whether its fields make sense together; the code and the percentage were read as such already.
    pub fn check_fields(&self) -> Result<(), CouponError> {
        let step_minor = self.currency.step_minor();
        let is_amount = |minor: &i64| (1..=AMOUNT_MAX).contains(minor) && minor % step_minor == 0;
        let off = match &self.reduction {
            Reduction::Percent(_) => None,
            Reduction::Amount { minor } => Some(minor),
        };
        if !off.into_iter().chain(&self.max_discount_minor).chain(&self.minimum_spend_minor).all(is_amount) {
            return Err(CouponError::NotAnAmount { step_minor });
        }
        let mut limits = self.usage_limit.iter().chain(&self.usage_limit_per_customer);
        if !limits.all(|limit| (1..=USES_MAX).contains(limit)) {
            return Err(CouponError::NotALimit);
        }
        if let (Some(starts_at), Some(ends_at)) = (self.starts_at, self.ends_at)
            && ends_at <= starts_at
        {
            return Err(CouponError::EndsBeforeItStarts);
        }
        let mut slugs = self.applies_to.products.iter().chain(&self.applies_to.collections);
        let is_slug = |slug: &String| {
            (1..=SLUG_BYTES_MAX).contains(&slug.len())
                && !slug.contains(|letter: char| letter.is_whitespace() || letter.is_control())
        };
        if !slugs.all(is_slug) {
            return Err(CouponError::NotASlug);
        }
        if self.applies_to.products.len() + self.applies_to.collections.len() > TARGETS_MAX {
            return Err(CouponError::TooManyTargets { most: TARGETS_MAX });
        }
        Ok(())
    }
}

impl Change {
    fn reduction(&self, before: Option<Reduction>) -> Result<Reduction, CouponError> {
        match (self.kind, self.percent, self.amount_off_minor, before) {
            (Some(Kind::Percent) | None, Some(percent), None, _) => Ok(Reduction::Percent(percent)),
            (Some(Kind::Amount) | None, None, Some(minor), _) => Ok(Reduction::Amount { minor }),
            (kind, None, None, Some(before)) if kind.is_none_or(|kind| kind == before.kind()) => Ok(before),
            _ => Err(CouponError::NotAReduction),
        }
    }
}

impl Account {
    pub fn uses(&self, buyer: &str) -> Uses {
        Uses { total: self.used, by_customer: self.by_customer.get(buyer).copied().unwrap_or(0) }
    }

    /// Whether one more use is within the limits. An order that was promised the discount need not ask for more: a
    /// code that ended or was switched off meanwhile is honoured.
    pub fn has_use_left(&self, buyer: &str) -> bool {
        let uses = self.uses(buyer);
        self.coupon.usage_limit.is_none_or(|limit| uses.total < limit)
            && self.coupon.usage_limit_per_customer.is_none_or(|limit| uses.by_customer < limit)
    }
}

impl Reduction {
    pub fn kind(self) -> Kind {
        match self {
            Reduction::Percent(_) => Kind::Percent,
            Reduction::Amount { .. } => Kind::Amount,
        }
    }
}

impl PercentOff {
    pub fn from_hundredths(hundredths: i64) -> Result<PercentOff, CouponError> {
        (1..=WHOLE).contains(&hundredths).then_some(PercentOff(hundredths)).ok_or(CouponError::NotAPercentage)
    }

    /// Reads percent: `12.5`, `100`.
    pub fn parse(text: &str) -> Result<PercentOff, CouponError> {
        let hundredths = money::parse_percent(text, PERCENT_DECIMALS).ok_or(CouponError::NotAPercentage)?;
        PercentOff::from_hundredths(hundredths)
    }

    pub fn hundredths(self) -> i64 {
        self.0
    }

    /// In percent, with no more decimals than it needs.
    pub fn percent(self) -> String {
        money::percent_text(self.0, PERCENT_DECIMALS)
    }
}

impl CouponCode {
    /// Reads a code as people type and paste it: any case, spaces anywhere, full-width letters, any dash.
    pub fn parse(text: &str) -> Result<CouponCode, CouponError> {
        // A body of any length may come in; nobody needs more than this to say 40 letters.
        if text.len() > 16 * CODE_LETTERS_MAX {
            return Err(CouponError::NotACode);
        }
        let seen = text.chars().map(half_width).filter(|letter| !is_unseen(*letter));
        let code: String = seen.flat_map(char::to_uppercase).collect();
        let fits = (1..=CODE_LETTERS_MAX).contains(&code.chars().count())
            && code.chars().all(|letter| letter.is_alphanumeric() || "-_.".contains(letter));
        fits.then_some(CouponCode(code)).ok_or(CouponError::NotACode)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn half_width(letter: char) -> char {
    match letter {
        // The full-width forms stand in the order of ASCII, 0xFEE0 further on.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).expect("this is ASCII"),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}

/// Spaces of every width, and what is copied along from a web page without being seen.
fn is_unseen(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

impl CouponRefusal {
    /// What is missing to the minimum, as money.
    pub fn missing(self) -> Option<Money> {
        match self {
            CouponRefusal::MinimumNotMet { missing_minor, currency } => Some(Money::new(missing_minor, currency)),
            CouponRefusal::Inactive
            | CouponRefusal::NotYet { .. }
            | CouponRefusal::Expired { .. }
            | CouponRefusal::UsedUp
            | CouponRefusal::UsedUpByYou
            | CouponRefusal::FirstOrderOnly
            | CouponRefusal::NotForTheseGoods
            | CouponRefusal::OtherCurrency => None,
        }
    }
}

impl fmt::Display for CouponCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CouponCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

words!(Kind { Percent = "percent", Amount = "amount" });

#[cfg(test)]
mod tests;
