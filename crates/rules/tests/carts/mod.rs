//! Carts, coupons, shipping, taxes and currencies at random: what pricing is tried with, here and against Stripe's own
//! reckoning.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rules::coupons::{Coupon, CouponCode, PercentOff, Reduction, Targets};
use rules::money::Currency;
use rules::places::{Country, Destination, Place, Region};
use rules::pricing::{self, Item};
use rules::shipping::{self, Delivery, Method, Tariff, ValueStep, WeightStep, Zone};
use rules::taxes::{Rate, TaxClass, TaxRate, TaxRules, Taxation};
use rules::text::Sku;

/// Enough to meet every corner with every other.
pub const CASES: u32 = 100_000;

const CURRENCIES: [&str; 10] = ["USD", "EUR", "CNY", "JPY", "KRW", "KWD", "TND", "HUF", "ISK", "UGX"];
const CLASSES: [&str; 4] = ["standard", "reduced", "zero", "other"];
const PRODUCTS: [&str; 4] = ["cup", "bowl", "pot", "tray"];

/// A case as numbers; amounts are in steps of its currency.
#[derive(Debug, Clone)]
pub struct Case {
    currency: usize,
    /// Price, quantity, product, class, grams.
    lines: Vec<(i64, i64, usize, usize, i64)>,
    coupon: Option<CouponCase>,
    /// The method's number, and from where on it is free.
    shipping: Option<(usize, i64)>,
    taxation: usize,
    /// In millionths, by class; the last class has none of its own.
    rates: [i64; 3],
    /// In which class shipping is taxed, if at all.
    shipping_class: usize,
    abroad: bool,
    /// Where lines are cut into refunds.
    pub cuts: [i64; 3],
}

#[derive(Debug, Clone)]
pub struct CouponCase {
    percent: bool,
    /// Hundredths of a percent, or steps.
    off: i64,
    /// How much more a better coupon takes off.
    more: i64,
    most: Option<i64>,
    minimum: Option<i64>,
    products: Vec<usize>,
}

/// Drawn from a seed by hand: proptest's own numbers cost four times as much as pricing the case. A failure shrinks
/// in its lines, which come last, and prints the case.
pub fn cases() -> impl Strategy<Value = Case> {
    (any::<u64>().no_shrink(), 1..7_usize).prop_map(|(seed, lines)| Case::drawn(&mut Draw(seed), lines))
}

/// SplitMix64.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((bits ^ (bits >> 31)) % end.unsigned_abs()).expect("it is below a number of this type")
    }

    fn index(&mut self, end: usize) -> usize {
        self.below(end as i64) as usize
    }

    /// Below one of these ends, each as likely.
    fn below_any(&mut self, ends: &[i64]) -> i64 {
        let end = ends[self.index(ends.len())];
        self.below(end)
    }

    /// Once in so many times.
    fn once_in(&mut self, times: i64) -> bool {
        self.below(times) == 0
    }
}

impl Case {
    fn drawn(draw: &mut Draw, lines: usize) -> Case {
        let rate = |draw: &mut Draw| match draw.below(5) {
            0 => 0,
            1 => 190_000,
            2 => 70_000,
            3 => 88_750,
            _ => draw.below(1_000_001),
        };
        let line = |draw: &mut Draw| {
            let quantity = 1 + draw.below_any(&[4, 4, 4, 999]);
            (draw.below_any(&[10, 2_000, 1_000_000]), quantity, draw.index(4), draw.index(4), draw.below(3_000))
        };
        Case {
            currency: draw.index(CURRENCIES.len()),
            coupon: (!draw.once_in(5)).then(|| CouponCase::drawn(draw)),
            shipping: (!draw.once_in(3)).then(|| (draw.index(3), draw.below(50_000))),
            taxation: draw.index(3),
            rates: [rate(draw), rate(draw), rate(draw)],
            shipping_class: draw.index(5),
            abroad: draw.once_in(8),
            cuts: [draw.below(1_000), draw.below(1_000), draw.below(1_000)],
            lines: (0..lines).map(|_| line(draw)).collect(),
        }
    }
}

impl CouponCase {
    fn drawn(draw: &mut Draw) -> CouponCase {
        CouponCase {
            percent: draw.once_in(2),
            off: 1 + draw.below_any(&[100, 10_000]),
            more: draw.below_any(&[3, 500]),
            most: draw.once_in(2).then(|| 1 + draw.below(5_000)),
            minimum: draw.once_in(5).then(|| 1 + draw.below(20_000)),
            products: (0..draw.index(3)).map(|_| draw.index(4)).collect(),
        }
    }
}

impl Case {
    pub fn currency(&self) -> Currency {
        Currency::parse(CURRENCIES[self.currency]).expect("a currency")
    }

    pub fn cart(&self) -> Vec<Item> {
        let item = |(price, quantity, product, class, grams): &(i64, i64, usize, usize, i64)| Item {
            sku: Sku::parse(PRODUCTS[*product]).expect("a SKU"),
            product: PRODUCTS[*product].to_owned(),
            collections: vec![format!("{}s", PRODUCTS[*product])],
            unit_price_minor: price * self.currency().step_minor(),
            quantity: *quantity,
            weight_grams: (*grams > 0).then_some(*grams),
            tax_class: TaxClass::parse(CLASSES[*class]).expect("a class"),
        };
        self.lines.iter().map(item).collect()
    }

    pub fn coupon(&self, more: bool) -> Option<Coupon> {
        let case = self.coupon.as_ref()?;
        let step = self.currency().step_minor();
        let off = case.off + if more { case.more } else { 0 };
        let percent = PercentOff::from_hundredths(off.min(10_000)).expect("a percentage");
        let reduction =
            if case.percent { Reduction::Percent(percent) } else { Reduction::Amount { minor: off * step } };
        let mut applies_to = Targets::default();
        for product in &case.products {
            match product % 2 {
                0 => applies_to.products.insert(PRODUCTS[*product].to_owned()),
                _ => applies_to.collections.insert(format!("{}s", PRODUCTS[*product])),
            };
        }
        let coupon = Coupon {
            code: CouponCode::parse("TEA").expect("a code"),
            reduction,
            currency: self.currency(),
            max_discount_minor: case.most.map(|most| most * step),
            minimum_spend_minor: case.minimum.map(|minimum| minimum * step),
            usage_limit: None,
            usage_limit_per_customer: None,
            first_order_only: false,
            starts_at: None,
            ends_at: None,
            applies_to,
            active: true,
        };
        assert_eq!(coupon.check_fields(), Ok(()));
        Some(coupon)
    }

    pub fn taxes(&self) -> TaxRules {
        let place = || Place::parse("DE").expect("a place");
        let rate = |(class, rate): (&str, &i64)| TaxRate {
            place: place(),
            class: TaxClass::parse(class).expect("a class"),
            rate: Rate::from_millionths(*rate).expect("a rate"),
        };
        TaxRules {
            taxation: Taxation::ALL[self.taxation],
            rates: CLASSES.into_iter().zip(&self.rates).map(rate).collect(),
            shipping: CLASSES.get(self.shipping_class).map(|class| TaxClass::parse(class).expect("a class")),
        }
    }

    pub fn destination(&self) -> Destination {
        let country = Country::parse(if self.abroad { "CH" } else { "DE" }).expect("a country");
        Destination { country, region: Region::parse("BY").ok() }
    }

    /// The delivery that was chosen, priced for these goods.
    pub fn delivery(&self, goods: &pricing::Goods) -> Option<Delivery> {
        let (chosen, free_from) = self.shipping?;
        let step = self.currency().step_minor();
        let method = |code: &str, tariff: Tariff| Method {
            code: code.to_owned(),
            titles: BTreeMap::new(),
            tariff,
            free_from_minor: Some(free_from * step),
            days: None,
        };
        let weight = |grams_max: i64, steps: i64| WeightStep { grams_max, price_minor: steps * step };
        let value = |from: i64, steps: i64| ValueStep { from_minor: from * step, price_minor: steps * step };
        let methods = vec![
            method("flat", Tariff::Flat { price_minor: 499 * step }),
            method("weight", Tariff::ByWeight(vec![weight(2_000, 699), weight(i64::MAX, 1_999)])),
            method("value", Tariff::ByValue(vec![value(0, 33), value(1_000, 777)])),
        ];
        let wanted = methods[chosen].code.clone();
        let zones = [Zone { code: "all".to_owned(), places: vec![Place::Everywhere], methods }];
        assert_eq!(shipping::check_zones(&zones, self.currency()), Ok(()));
        let offered = shipping::options(&zones, &self.destination(), goods.weight_grams, goods.value_minor());
        shipping::choose(offered.expect("it is delivered"), Some(&wanted)).expect("it is offered")
    }
}
