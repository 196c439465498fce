//! The right amount, for every cart: carts, coupons, shipping, taxes and currencies at random, and what must hold of each.
//!
//! The sums are made here again, from the quote's parts and in other ways than the law's own, so that it cannot agree
//! with itself alone.

mod carts;

use std::collections::BTreeMap;

use carts::{CASES, cases};
use proptest::prelude::*;
use rules::coupons::{Coupon, CouponCode, CouponRefusal, Reduction, Targets};
use rules::money;
use rules::places::Destination;
use rules::pricing::{self, Item, LineParts, PricingRefusal, Quote, quote};
use rules::shipping::Delivery;
use rules::taxes::{Rate, TaxRules, Taxation};

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    /// M1, C8, C13: parts sum to totals, nothing is negative or between two steps, no cent is lost in any sequence of
    /// refunds, and whoever gets more off never pays more.
    #[test]
    fn every_cart_is_charged_the_sum_of_its_parts(case in cases()) {
        let (cart, currency, taxes) = (case.cart(), case.currency(), case.taxes());
        let coupon = case.coupon(false);
        let goods = match pricing::goods(&cart, coupon.as_ref(), currency) {
            Ok(goods) => goods,
            Err(refusal) => return right_to_refuse(&cart, &coupon.expect("only a coupon refuses"), &refusal),
        };
        let delivery = case.delivery(&goods);
        let priced = |coupon: Option<&Coupon>| {
            quote(&cart, coupon, delivery.as_ref(), &taxes, &case.destination(), currency).expect("it has a price")
        };
        let quote = priced(coupon.as_ref());
        parts_sum(&quote, &cart, delivery.as_ref())?;
        discount_is_right(&quote, &cart, coupon.as_ref())?;
        tax_is_right(&quote, &taxes, &case.destination(), &cart)?;
        for line in &quote.lines {
            refunds_sum(&line.parts, &case.cuts, currency.step_minor())?;
        }
        if let Some(better) = case.coupon(true) {
            prop_assert!(priced(Some(&better)).total_minor <= quote.total_minor, "more off, and more to pay");
        }
    }
}

/// A coupon refuses a cart for two reasons, which are looked for here anew.
fn right_to_refuse(cart: &[Item], coupon: &Coupon, refusal: &PricingRefusal) -> Result<(), TestCaseError> {
    let meant = cart.iter().filter(|item| is_meant(coupon, item));
    let meant: Vec<i64> = meant.map(|item| item.unit_price_minor * item.quantity).collect();
    let sum: i64 = meant.iter().sum();
    match refusal {
        PricingRefusal::Coupon(CouponRefusal::NotForTheseGoods) => prop_assert!(meant.is_empty()),
        PricingRefusal::Coupon(CouponRefusal::MinimumNotMet { missing_minor, .. }) => {
            prop_assert!(*missing_minor > 0);
            prop_assert_eq!(Some(sum + missing_minor), coupon.minimum_spend_minor);
        }
        other => prop_assert!(false, "{other} is no reason here"),
    }
    Ok(())
}

fn is_meant(coupon: &Coupon, item: &Item) -> bool {
    let Targets { products, collections } = &coupon.applies_to;
    let all = products.len() + collections.len() == 0;
    all || products.contains(&item.product) || item.collections.iter().any(|slug| collections.contains(slug))
}

/// The total as Stripe makes it from a request: goods, less the amount off, then shipping, then tax on top.
fn parts_sum(quote: &Quote, cart: &[Item], delivery: Option<&Delivery>) -> Result<(), TestCaseError> {
    let goods: i128 = cart.iter().map(|item| i128::from(item.unit_price_minor) * i128::from(item.quantity)).sum();
    let shipping = delivery.map_or(0, |delivery| delivery.price_minor);
    let added = if quote.taxation == Taxation::Added { quote.tax_minor } else { 0 };
    let charged = goods - i128::from(quote.discount_minor) + i128::from(shipping + added);
    prop_assert_eq!(charged, i128::from(quote.total_minor));
    prop_assert_eq!(quote.is_free(), charged == 0);

    let of = |part: fn(&LineParts) -> i64| quote.lines.iter().map(|line| part(&line.parts)).sum::<i64>();
    prop_assert_eq!(of(|line| line.subtotal_minor), quote.subtotal_minor);
    prop_assert_eq!(of(|line| line.discount_minor), quote.discount_minor);
    prop_assert_eq!(of(|line| line.tax_minor) + quote.shipping_tax_minor, quote.tax_minor);
    prop_assert_eq!(of(|line| line.total_minor) + quote.shipping_total_minor(), quote.total_minor);
    prop_assert_eq!(quote.tax_added_minor() + quote.tax_included_minor(), quote.tax_minor);
    let step = quote.currency.step_minor();
    for line in &quote.lines {
        let LineParts { subtotal_minor, discount_minor, tax_minor, total_minor, .. } = line.parts;
        let on_top = if quote.taxation == Taxation::Added { tax_minor } else { 0 };
        prop_assert_eq!(total_minor, subtotal_minor - discount_minor + on_top);
        for minor in [subtotal_minor, discount_minor, tax_minor, total_minor] {
            prop_assert!(minor >= 0 && minor % step == 0, "{minor} cannot be charged");
        }
    }
    for minor in [quote.shipping_minor, quote.shipping_tax_minor, quote.tax_minor, quote.total_minor] {
        prop_assert!(minor >= 0 && minor % step == 0, "{minor} cannot be charged");
    }
    Ok(())
}

fn discount_is_right(quote: &Quote, cart: &[Item], coupon: Option<&Coupon>) -> Result<(), TestCaseError> {
    let Some(coupon) = coupon else {
        prop_assert_eq!(quote.discount_minor, 0);
        return Ok(());
    };
    let mut eligible = 0;
    for (line, item) in quote.lines.iter().zip(cart) {
        let most = if is_meant(coupon, item) { line.parts.subtotal_minor } else { 0 };
        eligible += most;
        prop_assert!(line.parts.discount_minor <= most, "a line has more off than it costs, or is not meant");
    }
    let most = coupon.max_discount_minor.unwrap_or(i64::MAX).min(eligible);
    match coupon.reduction {
        Reduction::Amount { minor } => prop_assert_eq!(quote.discount_minor, minor.min(most)),
        Reduction::Percent(percent) if quote.discount_minor < most => {
            let exact = i128::from(eligible) * i128::from(percent.hundredths());
            near(quote.discount_minor, exact, 10_000, quote.currency.step_minor())?;
        }
        Reduction::Percent(_) => prop_assert_eq!(quote.discount_minor, most),
    }
    Ok(())
}

fn tax_is_right(
    quote: &Quote,
    rules: &TaxRules,
    destination: &Destination,
    cart: &[Item],
) -> Result<(), TestCaseError> {
    if quote.taxation == Taxation::None {
        prop_assert!(quote.tax_lines.is_empty() && quote.tax_minor == 0);
        return Ok(());
    }
    let mut due: BTreeMap<Rate, (i64, i64)> = BTreeMap::new();
    for (line, item) in quote.lines.iter().zip(cart) {
        prop_assert_eq!(line.rate, rules.rate(&item.tax_class, destination));
        let sums = due.entry(line.rate).or_default();
        *sums = (sums.0 + line.parts.subtotal_minor - line.parts.discount_minor, sums.1 + line.parts.tax_minor);
    }
    match &rules.shipping {
        Some(class) if quote.shipping_minor > 0 => {
            let sums = due.entry(rules.rate(class, destination)).or_default();
            *sums = (sums.0 + quote.shipping_minor, sums.1 + quote.shipping_tax_minor);
        }
        Some(_) | None => prop_assert_eq!(quote.shipping_tax_minor, 0),
    }
    prop_assert_eq!(due.len(), quote.tax_lines.len());
    for line in &quote.tax_lines {
        let (amount, tax) = due[&line.rate];
        prop_assert_eq!(tax, line.amount_minor, "the invoice says what the lines say");
        let rate = i128::from(line.rate.millionths());
        let (base, whole) = match quote.taxation {
            Taxation::Included => (amount - tax, 1_000_000 + rate),
            Taxation::Added | Taxation::None => (amount, 1_000_000),
        };
        prop_assert_eq!(base, line.base_minor);
        near(tax, i128::from(amount) * rate, whole, quote.currency.step_minor())?;
    }
    Ok(())
}

/// Whether a number is `exact ÷ whole`, rounded to a step, the half away from zero.
fn near(minor: i64, exact: i128, whole: i128, step_minor: i64) -> Result<(), TestCaseError> {
    let off = 2 * (i128::from(minor) * whole - exact);
    let step = i128::from(step_minor) * whole;
    prop_assert!(-step < off && off <= step, "{minor} is not {exact} / {whole}");
    Ok(())
}

/// A line is paid back in four pieces, then unit by unit: each piece can be refunded, and nothing is left.
fn refunds_sum(line: &LineParts, cuts: &[i64], step: i64) -> Result<(), TestCaseError> {
    let mut at: Vec<i64> = cuts.iter().map(|cut| cut % (line.quantity + 1)).chain([0, line.quantity]).collect();
    at.sort_unstable();
    let units: Vec<i64> = (0..=line.quantity.min(5)).chain([line.quantity]).collect();
    for cuts in [at, units] {
        let pieces = cuts.windows(2).map(|cut| line.share(cut[0], cut[1] - cut[0], step));
        let (mut sum, mut back) = ([0; 4], 0);
        for piece in pieces {
            let LineParts { quantity, subtotal_minor, discount_minor, tax_minor, total_minor } = piece;
            let parts = [subtotal_minor, discount_minor, tax_minor, total_minor];
            prop_assert!(parts.iter().all(|minor| *minor >= 0 && minor % step == 0), "{piece:?} of {line:?}");
            prop_assert!(tax_minor <= total_minor, "more tax than money: {piece:?} of {line:?}");
            sum = [0, 1, 2, 3].map(|at| sum[at] + parts[at]);
            back += quantity;
        }
        prop_assert_eq!(back, line.quantity);
        prop_assert_eq!(sum, [line.subtotal_minor, line.discount_minor, line.tax_minor, line.total_minor]);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is handed out sums to the whole, no part is more than its weight, and one step more is one step of one part.
    #[test]
    fn one_step_more_is_one_step_of_one_part(
        weights in proptest::collection::vec(prop_oneof![0..40_i64, 0..1_000_000_000_000_i64], 1..9),
        of in 0..1_000_000_i64,
        step in prop_oneof![Just(1_i64), Just(10), Just(100)],
    ) {
        let weights: Vec<i64> = weights.into_iter().map(|weight| weight * step).collect();
        let sum: i64 = weights.iter().sum();
        let whole = money::portion(sum, of, 1_000_000, step).expect("it is less");
        let parts = money::allocate(whole, &weights, step);
        prop_assert_eq!(parts.iter().sum::<i64>(), whole);
        for (part, weight) in parts.iter().zip(&weights) {
            prop_assert!((0..=*weight).contains(part) && part % step == 0);
        }
        if whole < sum {
            let more = money::allocate(whole + step, &weights, step);
            let grown: Vec<i64> = more.iter().zip(&parts).map(|(more, part)| more - part).filter(|by| *by != 0).collect();
            prop_assert_eq!(grown, vec![step]);
        }
    }

    #[test]
    fn a_code_that_was_read_once_is_read_the_same_again(text in ".{0,30}") {
        if let Ok(code) = CouponCode::parse(&text) {
            prop_assert_eq!(CouponCode::parse(code.as_str()), Ok(code.clone()));
            prop_assert_eq!(CouponCode::parse(&text.to_lowercase()).map(|again| again == code), Ok(true));
        }
    }
}
