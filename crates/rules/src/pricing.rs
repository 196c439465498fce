//! Pricing: from a cart, a coupon, a delivery and the tax rules to every number of an order, in one pure function.
//!
//! M1: what the buyer is shown, what the order stores and what Stripe charges are these numbers, to the minor unit.
//! Everything is a whole multiple of the currency's chargeable step, lines sum to their totals, and always
//! `total = subtotal − discount + shipping + tax added`.

use std::collections::BTreeMap;

use crate::cart::{LINES_MAX, QUANTITY_MAX};
use crate::coupons::{self, Coupon, CouponRefusal, Eligible};
use crate::money::{self, Currency, Money, MoneyError};
use crate::places::Destination;
use crate::shipping::Delivery;
use crate::taxes::{Rate, TaxClass, TaxLine, TaxRules, Taxation};
use crate::text::Sku;

/// A line of a cart, with all that its price depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub sku: Sku,
    /// The slug of its product, and of every collection that has it.
    pub product: String,
    pub collections: Vec<String>,
    pub unit_price_minor: i64,
    pub quantity: i64,
    /// Goods without a weight weigh nothing.
    pub weight_grams: Option<i64>,
    pub tax_class: TaxClass,
}

/// Every number of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub currency: Currency,
    /// As the cart's.
    pub lines: Vec<QuoteLine>,
    pub delivery: Option<Delivery>,
    pub taxation: Taxation,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    /// As the method says; the tax is in it, or comes on top, as with the goods.
    pub shipping_minor: i64,
    pub shipping_tax_minor: i64,
    /// All of the tax, that of shipping included: in the prices or on top, as `taxation` says.
    pub tax_minor: i64,
    pub total_minor: i64,
    /// By rate, for the invoice.
    pub tax_lines: Vec<TaxLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteLine {
    pub sku: Sku,
    pub unit_price_minor: i64,
    pub rate: Rate,
    pub parts: LineParts,
}

/// What a line costs and what that is made of; frozen with the order, so that refunds never price anything again (C13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineParts {
    pub quantity: i64,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    /// In the price or on top of it.
    pub tax_minor: i64,
    /// What the buyer pays for the line.
    pub total_minor: i64,
}

/// The goods of a cart before shipping and tax: what shipping is chosen by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// Without tax; the total is what is left after the discount.
    pub lines: Vec<LineParts>,
    pub eligible: Eligible,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub weight_grams: i64,
}

/// What is to be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// Nothing: the order is confirmed without Stripe (C14).
    Free,
    Amount(Money),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PricingRefusal {
    #[error("The cart is empty.")]
    EmptyCart,
    #[error("An order has at most {most} lines.")]
    TooManyLines { most: usize },
    #[error("Order between 1 and {most} of {sku}.")]
    QuantityOutOfRange { sku: Sku, most: i64 },
    #[error("The price of {sku} is negative or not a multiple of {step_minor} minor units, so nobody can pay it.")]
    NotAPrice { sku: Sku, step_minor: i64 },
    #[error("The price of this delivery is negative or not a multiple of {step_minor} minor units.")]
    NotAShippingPrice { step_minor: i64 },
    #[error(transparent)]
    Coupon(#[from] CouponRefusal),
    #[error("This order is worth more than can be charged at once.")]
    TooLarge { most_minor: i64 },
    #[error("This order is worth less than can be charged.")]
    TooSmall { least_minor: i64 },
}

/// Prices an order. Whether the buyer may use the coupon is [`coupons::check`]'s to say, and whether the delivery is
/// offered [`crate::shipping::options`]'; that the coupon is for these goods is seen to here.
pub fn quote(
    cart: &[Item],
    coupon: Option<&Coupon>,
    delivery: Option<&Delivery>,
    taxes: &TaxRules,
    destination: &Destination,
    currency: Currency,
) -> Result<Quote, PricingRefusal> {
    let step_minor = currency.step_minor();
    let goods = goods(cart, coupon, currency)?;
    let shipping_minor = delivery.map_or(0, |delivery| delivery.price_minor);
    if !is_price(shipping_minor, step_minor) {
        return Err(PricingRefusal::NotAShippingPrice { step_minor });
    }

    let rate = |class: &TaxClass| match taxes.taxation {
        Taxation::None => Rate::ZERO,
        Taxation::Included | Taxation::Added => taxes.rate(class, destination),
    };
    let rates: Vec<Rate> = cart.iter().map(|item| rate(&item.tax_class)).collect();
    let mut taxed: Vec<(Rate, i64)> =
        rates.iter().copied().zip(goods.lines.iter().map(|line| line.total_minor)).collect();
    let shipping_class = taxes.shipping.as_ref().filter(|_| shipping_minor > 0);
    taxed.extend(shipping_class.map(|class| (rate(class), shipping_minor)));
    let (mut parts, tax_lines) = tax(&taxed, taxes.taxation, step_minor)?;
    let shipping_tax_minor = parts.split_off(goods.lines.len()).into_iter().sum();

    let tax_minor = sum(tax_lines.iter().map(|line| line.amount_minor))?;
    let on_top = |tax_minor: i64| if taxes.taxation == Taxation::Added { tax_minor } else { 0 };
    let lines = cart.iter().zip(rates).zip(goods.lines).zip(parts).map(|(((item, rate), line), tax_minor)| {
        let total_minor = line.total_minor + on_top(tax_minor);
        let parts = LineParts { tax_minor, total_minor, ..line };
        QuoteLine { sku: item.sku.clone(), unit_price_minor: item.unit_price_minor, rate, parts }
    });
    let quote = Quote {
        currency,
        lines: lines.collect(),
        delivery: delivery.cloned(),
        taxation: taxes.taxation,
        subtotal_minor: goods.subtotal_minor,
        discount_minor: goods.discount_minor,
        shipping_minor,
        shipping_tax_minor,
        tax_minor,
        total_minor: sum([goods.subtotal_minor, -goods.discount_minor, shipping_minor, on_top(tax_minor)])?,
        tax_lines,
    };
    quote.assert_holds();
    Ok(quote)
}

/// Prices the goods alone: each line's discount, and what shipping is chosen by.
pub fn goods(cart: &[Item], coupon: Option<&Coupon>, currency: Currency) -> Result<Goods, PricingRefusal> {
    let step_minor = currency.step_minor();
    let subtotals = subtotals(cart, currency)?;
    let subtotal_minor = sum(subtotals.iter().copied())?;
    let (eligible, discounts) = match coupon {
        None => (Eligible::default(), vec![0; cart.len()]),
        Some(coupon) if coupon.currency != currency => return Err(CouponRefusal::OtherCurrency.into()),
        Some(coupon) => {
            let applies: Vec<bool> =
                cart.iter().map(|item| coupon.applies_to(&item.product, &item.collections)).collect();
            let weights: Vec<i64> =
                subtotals.iter().zip(&applies).map(|(minor, applies)| if *applies { *minor } else { 0 }).collect();
            let lines = applies.iter().filter(|applies| **applies).count();
            let eligible = Eligible { lines, subtotal_minor: sum(weights.iter().copied())? };
            coupons::check_goods(coupon, eligible)?;
            let discount = coupon.discount(eligible.subtotal_minor).map_err(|_| too_large(currency))?;
            (eligible, money::allocate(discount, &weights, step_minor))
        }
    };
    let lines = cart.iter().zip(&subtotals).zip(&discounts).map(|((item, subtotal_minor), discount_minor)| LineParts {
        quantity: item.quantity,
        subtotal_minor: *subtotal_minor,
        discount_minor: *discount_minor,
        tax_minor: 0,
        total_minor: subtotal_minor - discount_minor,
    });
    let weights = cart.iter().map(|item| item.weight_grams.unwrap_or(0).max(0).saturating_mul(item.quantity));
    Ok(Goods {
        lines: lines.collect(),
        eligible,
        subtotal_minor,
        discount_minor: sum(discounts.iter().copied())?,
        weight_grams: weights.fold(0, i64::saturating_add),
    })
}

fn subtotals(cart: &[Item], currency: Currency) -> Result<Vec<i64>, PricingRefusal> {
    let step_minor = currency.step_minor();
    if cart.is_empty() {
        return Err(PricingRefusal::EmptyCart);
    }
    if cart.len() > LINES_MAX {
        return Err(PricingRefusal::TooManyLines { most: LINES_MAX });
    }
    let mut subtotals = Vec::with_capacity(cart.len());
    for item in cart {
        let sku = || item.sku.clone();
        if !(1..=QUANTITY_MAX).contains(&item.quantity) {
            return Err(PricingRefusal::QuantityOutOfRange { sku: sku(), most: QUANTITY_MAX });
        }
        if !is_price(item.unit_price_minor, step_minor) {
            return Err(PricingRefusal::NotAPrice { sku: sku(), step_minor });
        }
        let unit = Money::new(item.unit_price_minor, currency);
        subtotals.push(unit.times(item.quantity).map_err(|_| too_large(currency))?.minor);
    }
    Ok(subtotals)
}

/// The tax of each amount, and the lines of the invoice: rounded once for each rate, then cut among its amounts.
fn tax(taxed: &[(Rate, i64)], taxation: Taxation, step: i64) -> Result<(Vec<i64>, Vec<TaxLine>), PricingRefusal> {
    let mut parts = vec![0; taxed.len()];
    if taxation == Taxation::None {
        return Ok((parts, Vec::new()));
    }
    let mut by_rate: BTreeMap<Rate, Vec<usize>> = BTreeMap::new();
    for (at, (rate, _)) in taxed.iter().enumerate() {
        by_rate.entry(*rate).or_default().push(at);
    }
    let mut lines = Vec::with_capacity(by_rate.len());
    // The highest rate first, as invoices have it.
    for (rate, places) in by_rate.into_iter().rev() {
        let amounts: Vec<i64> = places.iter().map(|at| taxed[*at].1).collect();
        let whole = sum(amounts.iter().copied())?;
        let amount_minor = rate.of(whole, taxation, step)?;
        let base_minor = if taxation == Taxation::Included { whole - amount_minor } else { whole };
        for (at, part) in places.into_iter().zip(money::allocate(amount_minor, &amounts, step)) {
            parts[at] = part;
        }
        lines.push(TaxLine { rate, base_minor, amount_minor });
    }
    Ok((parts, lines))
}

impl Quote {
    /// Whether there is nothing to pay (C14).
    pub fn is_free(&self) -> bool {
        self.total_minor == 0
    }

    /// What is to be charged, if it can be: nothing at all, or from the least to the most that Stripe takes.
    pub fn charge(&self, least_minor: i64, most_minor: i64) -> Result<Charge, PricingRefusal> {
        match self.total_minor {
            0 => Ok(Charge::Free),
            total if total < least_minor => Err(PricingRefusal::TooSmall { least_minor }),
            total if total > most_minor => Err(PricingRefusal::TooLarge { most_minor }),
            total => Ok(Charge::Amount(Money::new(total, self.currency))),
        }
    }

    /// The tax that came on top of the prices.
    pub fn tax_added_minor(&self) -> i64 {
        match self.taxation {
            Taxation::Added => self.tax_minor,
            Taxation::None | Taxation::Included => 0,
        }
    }

    /// The tax that is in the prices already.
    pub fn tax_included_minor(&self) -> i64 {
        self.tax_minor - self.tax_added_minor()
    }

    /// What the buyer pays for the delivery, its tax included: what goes back when shipping is refunded.
    pub fn shipping_total_minor(&self) -> i64 {
        match self.taxation {
            Taxation::Added => self.shipping_minor + self.shipping_tax_minor,
            Taxation::None | Taxation::Included => self.shipping_minor,
        }
    }

    /// M1: the parts are the whole.
    pub fn assert_holds(&self) {
        let of = |part: fn(&LineParts) -> i64| self.lines.iter().map(|line| part(&line.parts)).sum::<i64>();
        let (subtotal, discount) = (of(|line| line.subtotal_minor), of(|line| line.discount_minor));
        assert!(subtotal == self.subtotal_minor && discount == self.discount_minor, "M1: lines sum to the goods");
        let tax = of(|line| line.tax_minor) + self.shipping_tax_minor;
        assert!(tax == self.tax_minor, "M1: lines and shipping have all of the tax");
        let invoiced: i64 = self.tax_lines.iter().map(|line| line.amount_minor).sum();
        assert!(invoiced == self.tax_minor, "M1: the invoice has all of the tax");
        let total = self.subtotal_minor - self.discount_minor + self.shipping_minor + self.tax_added_minor();
        assert!(total == self.total_minor, "M1: the total is what it is made of");
        let paid = of(|line| line.total_minor) + self.shipping_total_minor();
        assert!(paid == self.total_minor, "M1: lines and shipping sum to the total");
        let mut all = self.lines.iter().flat_map(|line| line.parts.all()).chain([self.shipping_minor]);
        assert!(all.all(|minor| is_price(minor, self.currency.step_minor())), "M1: each part can be charged alone");
    }
}

impl Goods {
    /// What the goods cost after the discount.
    pub fn value_minor(&self) -> i64 {
        self.subtotal_minor - self.discount_minor
    }
}

impl LineParts {
    /// The goods after the discount, without tax that comes on top.
    pub fn net_minor(&self) -> i64 {
        self.subtotal_minor - self.discount_minor
    }

    /// What so many units are of it, when `before` of them are counted already: the shares of all units sum to the
    /// line in each of its parts, whatever pieces they are taken in; none is negative, and each is in whole steps.
    pub fn share(&self, before: i64, units: i64, step_minor: i64) -> LineParts {
        let (from, to) = (self.upto(before, step_minor), self.upto(before + units, step_minor));
        LineParts {
            quantity: units,
            subtotal_minor: to.subtotal_minor - from.subtotal_minor,
            discount_minor: to.discount_minor - from.discount_minor,
            tax_minor: to.tax_minor - from.tax_minor,
            total_minor: to.total_minor - from.total_minor,
        }
    }

    /// The first `count` units. The tax follows the money, not the units: a unit whose share is nothing has no tax.
    fn upto(&self, count: i64, step_minor: i64) -> LineParts {
        let subtotal_minor = money::share_upto(self.subtotal_minor, self.quantity, count, step_minor);
        let net_minor = money::share_upto(self.net_minor(), self.quantity, count, step_minor);
        let tax_minor = match self.net_minor() {
            0 => money::share_upto(self.tax_minor, self.quantity, count, step_minor),
            net => money::share_upto(self.tax_minor, net, net_minor, step_minor),
        };
        let on_top = if self.total_minor == self.net_minor() { 0 } else { tax_minor };
        LineParts {
            quantity: count,
            subtotal_minor,
            discount_minor: subtotal_minor - net_minor,
            tax_minor,
            total_minor: net_minor + on_top,
        }
    }

    fn all(&self) -> [i64; 4] {
        [self.subtotal_minor, self.discount_minor, self.tax_minor, self.total_minor]
    }
}

fn is_price(minor: i64, step_minor: i64) -> bool {
    (0..=money::AMOUNT_MAX).contains(&minor) && minor % step_minor == 0
}

/// Sums what may be a lot, within what the shop computes with.
fn sum(amounts: impl IntoIterator<Item = i64>) -> Result<i64, MoneyError> {
    let sum: i128 = amounts.into_iter().map(i128::from).sum();
    let sum = i64::try_from(sum).map_err(|_| MoneyError::TooLarge)?;
    if sum > money::AMOUNT_MAX { Err(MoneyError::TooLarge) } else { Ok(sum) }
}

fn too_large(currency: Currency) -> PricingRefusal {
    PricingRefusal::TooLarge { most_minor: currency.charge_minor_max() }
}

/// What cannot be computed with cannot be charged either.
impl From<MoneyError> for PricingRefusal {
    fn from(_: MoneyError) -> PricingRefusal {
        PricingRefusal::TooLarge { most_minor: money::AMOUNT_MAX }
    }
}

#[cfg(test)]
mod tests;
