//! Orders worked out by hand, and every reason not to price one.

use super::*;
use crate::coupons::{CouponCode, PercentOff, Reduction, Targets};
use crate::places::{Country, Place};
use crate::taxes::TaxRate;

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn to(country: &str) -> Destination {
    Destination { country: Country::parse(country).unwrap(), region: None }
}

/// Names a class, a price and a quantity; its product is the class too.
fn item(class: &str, unit_price_minor: i64, quantity: i64) -> Item {
    Item {
        sku: Sku::parse(&format!("{class}-{unit_price_minor}")).unwrap(),
        product: class.to_owned(),
        collections: vec!["all".to_owned()],
        unit_price_minor,
        quantity,
        weight_grams: None,
        tax_class: TaxClass::parse(class).unwrap(),
    }
}

fn taxes(taxation: Taxation, rates: &[(&str, &str, &str)]) -> TaxRules {
    let rate = |(place, class, percent): &(&str, &str, &str)| TaxRate {
        place: Place::parse(place).unwrap(),
        class: TaxClass::parse(class).unwrap(),
        rate: Rate::parse(percent).unwrap(),
    };
    let rules = TaxRules { taxation, rates: rates.iter().map(rate).collect(), shipping: Some(TaxClass::standard()) };
    assert_eq!(rules.check(), Ok(()));
    rules
}

fn post(price_minor: i64) -> Delivery {
    let (zone, method) = ("home".to_owned(), "post".to_owned());
    Delivery { zone, method, titles: BTreeMap::new(), price_minor, days: None }
}

fn coupon(reduction: Reduction, code: &str) -> Coupon {
    let coupon = Coupon {
        code: CouponCode::parse("TEA").unwrap(),
        reduction,
        currency: currency(code),
        max_discount_minor: None,
        minimum_spend_minor: None,
        usage_limit: None,
        usage_limit_per_customer: None,
        first_order_only: false,
        starts_at: None,
        ends_at: None,
        applies_to: Targets::default(),
        active: true,
    };
    assert_eq!(coupon.check_fields(), Ok(()));
    coupon
}

fn percent(text: &str, code: &str) -> Coupon {
    coupon(Reduction::Percent(PercentOff::parse(text).unwrap()), code)
}

/// An order and what must come out of it.
struct Worked {
    cart: Vec<Item>,
    coupon: Option<Coupon>,
    shipping: Option<i64>,
    taxes: TaxRules,
    to: &'static str,
    currency: &'static str,
    /// Subtotal, discount, tax, total.
    lines: &'static [[i64; 4]],
    /// Rate, base, amount.
    invoice: &'static [(&'static str, i64, i64)],
    /// Subtotal, discount, shipping, shipping tax, tax, total.
    sums: [i64; 6],
}

impl Worked {
    #[track_caller]
    fn check(&self) {
        let delivery = self.shipping.map(post);
        let code = currency(self.currency);
        let quote =
            quote(&self.cart, self.coupon.as_ref(), delivery.as_ref(), &self.taxes, &to(self.to), code).unwrap();
        let lines: Vec<_> = quote.lines.iter().map(|line| line.parts.all()).collect();
        assert_eq!(lines, self.lines);
        let invoice: Vec<_> =
            quote.tax_lines.iter().map(|line| (line.rate.percent(), line.base_minor, line.amount_minor)).collect();
        let expected: Vec<_> = self.invoice.iter().map(|(rate, base, tax)| ((*rate).to_owned(), *base, *tax)).collect();
        assert_eq!(invoice, expected);
        let shipping = [quote.shipping_minor, quote.shipping_tax_minor];
        let sums = [quote.subtotal_minor, quote.discount_minor, shipping[0], shipping[1]];
        assert_eq!([&sums[..], &[quote.tax_minor, quote.total_minor]].concat(), self.sums);
    }
}

const GERMANY: &[(&str, &str, &str)] = &[("DE", "standard", "19"), ("DE", "reduced", "7")];

/// 54.88 × 19/119 = 8.7624, and 12.00 × 7/107 = 0.7850.
#[test]
fn german_prices_have_their_tax_in_them() {
    let worked = Worked {
        cart: vec![item("standard", 2499, 2), item("reduced", 1200, 1)],
        coupon: None,
        shipping: Some(490),
        taxes: taxes(Taxation::Included, GERMANY),
        to: "DE",
        currency: "EUR",
        lines: &[[4998, 0, 798, 4998], [1200, 0, 79, 1200]],
        invoice: &[("19", 4612, 876), ("7", 1121, 79)],
        sums: [6198, 0, 490, 78, 955, 6688],
    };
    worked.check();
    // The price is the same abroad, and there is no tax in it.
    let invoice = &[("0", 6688, 0)];
    let lines = &[[4998, 0, 0, 4998], [1200, 0, 0, 1200]];
    Worked { to: "CH", lines, invoice, sums: [6198, 0, 490, 0, 0, 6688], ..worked }.check();
}

/// 10 % of 61.98 is 6.198; 49.88 × 19/119 = 7.9640, and 10.80 × 7/107 = 0.7065.
#[test]
fn a_discount_lowers_the_tax_of_the_lines_it_is_for() {
    let worked = Worked {
        cart: vec![item("standard", 2499, 2), item("reduced", 1200, 1)],
        coupon: Some(percent("10", "EUR")),
        shipping: Some(490),
        taxes: taxes(Taxation::Included, GERMANY),
        to: "DE",
        currency: "EUR",
        lines: &[[4998, 500, 718, 4498], [1200, 120, 71, 1080]],
        invoice: &[("19", 4192, 796), ("7", 1009, 71)],
        sums: [6198, 620, 490, 78, 867, 6068],
    };
    worked.check();
    // For the reduced goods alone: 1.20 off them.
    let mut for_reduced = percent("10", "EUR");
    for_reduced.applies_to.products.insert("reduced".to_owned());
    let lines = &[[4998, 0, 798, 4998], [1200, 120, 71, 1080]];
    let invoice = &[("19", 4612, 876), ("7", 1009, 71)];
    let sums = [6198, 120, 490, 78, 947, 6568];
    Worked { coupon: Some(for_reduced), lines, invoice, sums, ..worked }.check();
}

/// M1: each of three lines alone would be rounded up to 0.07, and the order to 0.21; 20 % of 0.99 is 0.20.
#[test]
fn british_tax_comes_on_top_and_is_rounded_once() {
    let worked = Worked {
        cart: vec![item("standard", 33, 1), item("standard", 33, 1), item("standard", 33, 1)],
        coupon: None,
        shipping: None,
        taxes: taxes(Taxation::Added, &[("GB", "standard", "20"), ("GB", "zero", "0")]),
        to: "GB",
        currency: "GBP",
        lines: &[[33, 0, 7, 40], [33, 0, 7, 40], [33, 0, 6, 39]],
        invoice: &[("20", 99, 20)],
        sums: [99, 0, 0, 0, 20, 119],
    };
    worked.check();
    // 20 % of 12.49 is 2.498; books are at zero, and stand on the invoice all the same.
    let cart = vec![item("standard", 333, 3), item("zero", 899, 1)];
    let lines = &[[999, 0, 200, 1199], [899, 0, 0, 899]];
    let invoice = &[("20", 1249, 250), ("0", 899, 0)];
    let sums = [1898, 0, 250, 50, 250, 2398];
    let worked = Worked { cart, shipping: Some(250), lines, invoice, sums, ..worked };
    worked.check();
    // Shipping untaxed: 20 % of 9.99 is 1.998.
    let taxes = TaxRules { shipping: None, ..worked.taxes.clone() };
    let invoice = &[("20", 999, 200), ("0", 899, 0)];
    Worked { taxes, invoice, sums: [1898, 0, 250, 0, 200, 2348], ..worked }.check();
}

/// 15 % of 2180 is 327, cut as 162 and 165; 918 × 8/108 = 68, and 935 × 10/110 = 85.
#[test]
fn japanese_prices_know_two_rates_and_no_hundredths() {
    Worked {
        cart: vec![item("reduced", 1080, 1), item("standard", 1100, 1)],
        coupon: Some(percent("15", "JPY")),
        shipping: None,
        taxes: taxes(Taxation::Included, &[("JP", "standard", "10"), ("JP", "reduced", "8")]),
        to: "JP",
        currency: "JPY",
        lines: &[[1080, 162, 68, 918], [1100, 165, 85, 935]],
        invoice: &[("10", 850, 85), ("8", 850, 68)],
        sums: [2180, 327, 0, 0, 153, 1853],
    }
    .check();
}

/// 5 % of 14.340 is 0.717, which cannot be charged: 0.720 can. The coupon's 2.5 % of 12.340 is 0.3085, so 0.310.
#[test]
fn dinars_and_kronur_are_charged_in_whole_steps() {
    Worked {
        cart: vec![item("standard", 12_340, 1)],
        coupon: Some(percent("2.5", "KWD")),
        shipping: Some(2_310),
        taxes: taxes(Taxation::Added, &[("*", "standard", "5")]),
        to: "KW",
        currency: "KWD",
        lines: &[[12_340, 310, 600, 12_630]],
        invoice: &[("5", 14_340, 720)],
        sums: [12_340, 310, 2_310, 120, 720, 15_060],
    }
    .check();
    // 24/124 of 1290 krónur are 249.68.
    Worked {
        cart: vec![item("standard", 129_000, 1)],
        coupon: None,
        shipping: None,
        taxes: taxes(Taxation::Included, &[("IS", "standard", "24")]),
        to: "IS",
        currency: "ISK",
        lines: &[[129_000, 0, 25_000, 129_000]],
        invoice: &[("24", 104_000, 25_000)],
        sums: [129_000, 0, 0, 0, 25_000, 129_000],
    }
    .check();
}

/// M1: half of 5.35 is 2.675. A float shows 2.68 and charges 2.67; here 2.68 are off and 2.67 are left, everywhere.
#[test]
fn the_half_cent_falls_on_one_side_only() {
    let worked = Worked {
        cart: vec![item("standard", 535, 1)],
        coupon: Some(percent("50", "USD")),
        shipping: None,
        taxes: TaxRules::none(),
        to: "US",
        currency: "USD",
        lines: &[[535, 268, 0, 267]],
        invoice: &[],
        sums: [535, 268, 0, 0, 0, 267],
    };
    worked.check();
    // New York's 8.875 % of 2.67 are 0.2370.
    let taxes = taxes(Taxation::Added, &[("US", "standard", "8.875")]);
    let (lines, invoice): (&[[i64; 4]], _) = (&[[535, 268, 24, 291]], &[("8.875", 267, 24)]);
    Worked { taxes, lines, invoice, sums: [535, 268, 0, 0, 24, 291], ..worked }.check();
}

/// C14: nothing to pay is an answer; next to nothing is not.
#[test]
fn an_order_for_nothing_is_free_and_one_for_next_to_nothing_is_refused() {
    let dollars = currency("USD");
    let (least, most) = (dollars.charge_minor_min(), dollars.charge_minor_max());
    let priced = |coupon: Coupon, shipping: i64| {
        let cart = [item("standard", 3200, 1)];
        quote(&cart, Some(&coupon), Some(&post(shipping)), &TaxRules::none(), &to("US"), dollars).unwrap()
    };
    let free = priced(percent("100", "USD"), 0);
    assert!(free.is_free());
    assert_eq!(free.charge(least, most), Ok(Charge::Free));
    let posted = priced(percent("100", "USD"), 490);
    assert!(!posted.is_free());
    assert_eq!(posted.charge(least, most), Ok(Charge::Amount(Money::new(490, dollars))));
    let little = |minor| priced(coupon(Reduction::Amount { minor }, "USD"), 0).charge(least, most);
    assert_eq!(little(3151), Err(PricingRefusal::TooSmall { least_minor: 50 }));
    assert_eq!(little(3199), Err(PricingRefusal::TooSmall { least_minor: 50 }));
    assert_eq!(little(3150), Ok(Charge::Amount(Money::new(50, dollars))));
    assert_eq!(little(90_000), Ok(Charge::Free));
    assert_eq!(posted.charge(least, 489), Err(PricingRefusal::TooLarge { most_minor: 489 }));
}

#[test]
fn what_cannot_be_priced_is_refused() {
    let (dollars, dinars) = (currency("USD"), currency("KWD"));
    let cup = || item("standard", 3200, 1);
    let sku = |cup: &Item| cup.sku.clone();
    let most = QUANTITY_MAX;
    let mut for_pots = percent("10", "USD");
    for_pots.applies_to.products.insert("pot".to_owned());
    let mut for_much = percent("10", "USD");
    for_much.minimum_spend_minor = Some(5000);
    let mut dear = Vec::new();
    for _ in 0..3 {
        dear.push(item("standard", 500_000_000_000, 999));
    }
    let missing = CouponRefusal::MinimumNotMet { missing_minor: 1800, currency: dollars };
    let price = |minor, step_minor| PricingRefusal::NotAPrice { sku: sku(&item("standard", minor, 1)), step_minor };
    for (cart, coupon, shipping, currency, refusal) in [
        (vec![], None, 0, dollars, PricingRefusal::EmptyCart),
        (vec![cup(); LINES_MAX + 1], None, 0, dollars, PricingRefusal::TooManyLines { most: LINES_MAX }),
        (
            vec![Item { quantity: 0, ..cup() }],
            None,
            0,
            dollars,
            PricingRefusal::QuantityOutOfRange { sku: sku(&cup()), most },
        ),
        (
            vec![Item { quantity: 1000, ..cup() }],
            None,
            0,
            dollars,
            PricingRefusal::QuantityOutOfRange { sku: sku(&cup()), most },
        ),
        (vec![item("standard", -1, 1)], None, 0, dollars, price(-1, 1)),
        (vec![item("standard", 12_345, 1)], None, 0, dinars, price(12_345, 10)),
        (vec![cup()], None, -1, dollars, PricingRefusal::NotAShippingPrice { step_minor: 1 }),
        (vec![cup()], None, 15, dinars, PricingRefusal::NotAShippingPrice { step_minor: 10 }),
        (vec![cup()], Some(for_pots), 0, dollars, CouponRefusal::NotForTheseGoods.into()),
        (vec![cup()], Some(for_much), 0, dollars, missing.into()),
        (vec![cup()], Some(percent("10", "EUR")), 0, dollars, CouponRefusal::OtherCurrency.into()),
        (dear, None, 0, dollars, PricingRefusal::TooLarge { most_minor: money::AMOUNT_MAX }),
    ] {
        let found = quote(&cart, coupon.as_ref(), Some(&post(shipping)), &TaxRules::none(), &to("US"), currency);
        assert_eq!(found, Err(refusal));
    }
}

/// The cart that plain largest remainders price wrongly: 0.38 off would have cost a cent more than 0.37 off.
#[test]
fn a_larger_discount_does_not_raise_the_tax_by_more_than_it_takes_off() {
    let taxes = taxes(Taxation::Added, &[("*", "a", "19"), ("*", "b", "13"), ("*", "standard", "0")]);
    let cart = [("a", 5), ("b", 7), ("standard", 9), ("standard", 6), ("standard", 25), ("standard", 23)];
    let cart = cart.map(|(class, minor)| item(class, minor, 1));
    let mut before = i64::MAX;
    for minor in 1..=75 {
        let coupon = coupon(Reduction::Amount { minor }, "USD");
        let total = quote(&cart, Some(&coupon), None, &taxes, &to("US"), currency("USD")).unwrap().total_minor;
        assert!(total <= before, "{minor} off: {before} → {total}");
        before = total;
    }
    assert_eq!(before, 0);
}

#[test]
fn shipping_is_chosen_by_what_the_goods_weigh_and_cost_after_the_discount() {
    let heavy = Item { weight_grams: Some(350), ..item("standard", 3200, 2) };
    let goods = goods(&[heavy, item("standard", 100, 9)], Some(&percent("10", "USD")), currency("USD")).unwrap();
    assert_eq!((goods.weight_grams, goods.value_minor()), (700, 6570));
    assert_eq!(goods.eligible, Eligible { lines: 2, subtotal_minor: 7300 });
}

/// C13: by hand, a line of three at 10.00 with 5.00 off and 20 % on top, taken apart in steps of one and of ten.
#[test]
fn the_units_of_a_line_have_their_shares_of_its_discount_and_tax() {
    let line = LineParts { quantity: 3, subtotal_minor: 3000, discount_minor: 500, tax_minor: 500, total_minor: 3000 };
    let units = |step| [0, 1, 2].map(|before| line.share(before, 1, step).all());
    assert_eq!(units(1), [[1000, 167, 166, 999], [1000, 167, 167, 1000], [1000, 166, 167, 1001]]);
    assert_eq!(units(10), [[1000, 170, 160, 990], [1000, 170, 170, 1000], [1000, 160, 170, 1010]]);
    assert_eq!(line.share(0, 3, 1), line);
    // A line without tax and discount is shared as it always was.
    let plain = LineParts { quantity: 3, subtotal_minor: 1000, discount_minor: 0, tax_minor: 0, total_minor: 1000 };
    assert_eq!([0, 1, 2].map(|before| plain.share(before, 1, 1).total_minor), [333, 333, 334]);
}
