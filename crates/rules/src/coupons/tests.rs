//! Every reason why a code gives nothing, and every discount that could be a cent off.

use super::*;

const NOON: Timestamp = Timestamp::from_seconds(1_795_600_800);
const EARLIER: Timestamp = Timestamp::from_seconds(1_795_600_799);
const LATER: Timestamp = Timestamp::from_seconds(1_795_600_801);

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn percent(text: &str) -> Coupon {
    let reduction = Reduction::Percent(PercentOff::parse(text).unwrap());
    Coupon {
        code: CouponCode::parse("TEA").unwrap(),
        reduction,
        currency: currency("USD"),
        max_discount_minor: None,
        minimum_spend_minor: None,
        usage_limit: None,
        usage_limit_per_customer: None,
        first_order_only: false,
        starts_at: None,
        ends_at: None,
        applies_to: Targets::default(),
        active: true,
    }
}

fn amount(minor: i64, code: &str) -> Coupon {
    Coupon { reduction: Reduction::Amount { minor }, currency: currency(code), ..percent("1") }
}

#[test]
fn each_reason_to_refuse_a_code_has_its_own_words() {
    let ten = || percent("10");
    let used = |total, by_customer| Uses { total, by_customer };
    let goods = |lines, subtotal_minor| Eligible { lines, subtotal_minor };
    let missing = |missing_minor| Err(CouponRefusal::MinimumNotMet { missing_minor, currency: currency("USD") });
    for (coupon, uses, earlier_orders, eligible, answer) in [
        (ten(), used(900, 900), true, goods(1, 1), Ok(())),
        (Coupon { active: false, ..ten() }, used(0, 0), false, goods(1, 1), Err(CouponRefusal::Inactive)),
        (
            Coupon { starts_at: Some(LATER), ..ten() },
            used(0, 0),
            false,
            goods(1, 1),
            Err(CouponRefusal::NotYet { starts_at: LATER }),
        ),
        (Coupon { starts_at: Some(NOON), ends_at: Some(LATER), ..ten() }, used(0, 0), false, goods(1, 1), Ok(())),
        (
            Coupon { starts_at: Some(EARLIER), ends_at: Some(NOON), ..ten() },
            used(0, 0),
            false,
            goods(1, 1),
            Err(CouponRefusal::Expired { ended_at: NOON }),
        ),
        (Coupon { usage_limit: Some(3), ..ten() }, used(2, 0), false, goods(1, 1), Ok(())),
        (Coupon { usage_limit: Some(3), ..ten() }, used(3, 0), false, goods(1, 1), Err(CouponRefusal::UsedUp)),
        (Coupon { usage_limit_per_customer: Some(2), ..ten() }, used(9, 1), false, goods(1, 1), Ok(())),
        (
            Coupon { usage_limit_per_customer: Some(2), ..ten() },
            used(9, 2),
            false,
            goods(1, 1),
            Err(CouponRefusal::UsedUpByYou),
        ),
        (Coupon { first_order_only: true, ..ten() }, used(0, 0), false, goods(1, 1), Ok(())),
        (Coupon { first_order_only: true, ..ten() }, used(0, 0), true, goods(1, 1), Err(CouponRefusal::FirstOrderOnly)),
        (ten(), used(0, 0), false, goods(0, 0), Err(CouponRefusal::NotForTheseGoods)),
        (Coupon { minimum_spend_minor: Some(5000), ..ten() }, used(0, 0), false, goods(1, 5000), Ok(())),
        (Coupon { minimum_spend_minor: Some(5000), ..ten() }, used(0, 0), false, goods(2, 3200), missing(1800)),
    ] {
        assert_eq!(check(&coupon, uses, earlier_orders, eligible, NOON), answer, "{coupon:?}");
    }
    assert_eq!(missing(1800).unwrap_err().missing(), Some(Money::new(1800, currency("USD"))));
}

/// C8, M1: the maximum counts for a percentage too, and a discount is never more than the goods.
#[test]
fn a_discount_is_rounded_once_and_never_more_than_the_goods() {
    let capped = |text, most| Coupon { max_discount_minor: Some(most), ..percent(text) };
    let of = |code: &str, text: &str| Coupon { currency: currency(code), ..percent(text) };
    for (coupon, goods, discount) in [
        (percent("10"), 3200, 320),
        (percent("50"), 535, 268), // 2.675: half away from zero, and there is no float to hide it
        (percent("33.33"), 10_000, 3333),
        (percent("0.01"), 4999, 0),
        (percent("0.01"), 5000, 1),
        (percent("100"), 9999, 9999),
        (capped("20", 1000), 4900, 980),
        (capped("20", 1000), 50_000, 1000),
        (amount(500, "USD"), 499, 499),
        (amount(500, "USD"), 500, 500),
        (amount(500, "USD"), 0, 0),
        (Coupon { max_discount_minor: Some(300), ..amount(500, "USD") }, 900, 300),
        (amount(505, "KWD"), 1000, 500), // a coupon whose fields nobody checked cannot break a charge
        (amount(-5, "USD"), 1000, 0),
        (of("JPY", "15"), 1290, 194),       // 193.5
        (of("KWD", "5"), 12_900, 650),      // 0.645, in steps of 0.010
        (of("ISK", "15"), 129_000, 19_400), // 193.50 krónur, in whole ones
    ] {
        assert_eq!(coupon.discount(goods), Ok(discount), "{coupon:?} of {goods}");
    }
}

#[test]
fn a_code_is_the_same_however_it_is_typed() {
    for text in [
        "spring-24",
        " SPRING-24 ",
        "Spring - 24",
        "ＳＰＲＩＮＧ－２４",
        "ｓｐｒｉｎｇ‑２４",
        "SPRING\u{2212}24\u{200b}",
        "spring\u{3000}-24",
    ] {
        assert_eq!(CouponCode::parse(text).map(|code| code.to_string()), Ok("SPRING-24".to_owned()), "{text:?}");
    }
    assert_eq!(CouponCode::parse("春节88").map(|code| code.to_string()), Ok("春节88".to_owned()));
    assert!(CouponCode::parse(&"x".repeat(40)).is_ok());
    for text in ["", "  ", "a/b", "50%", "<b>", "a\0", &"x".repeat(41), &format!("tea{}", " ".repeat(10_000))] {
        assert_eq!(CouponCode::parse(text), Err(CouponError::NotACode), "{text:?}");
    }
}

#[test]
fn a_coupon_applies_to_all_goods_or_to_those_it_names() {
    let named = |products: &[&str], collections: &[&str]| {
        let set = |slugs: &[&str]| slugs.iter().map(|slug| (*slug).to_owned()).collect();
        Coupon { applies_to: Targets { products: set(products), collections: set(collections) }, ..percent("10") }
    };
    let (bowl, cups) = ("bowl", ["cups".to_owned(), "new".to_owned()]);
    for (coupon, applies) in [
        (named(&[], &[]), true),
        (named(&["bowl"], &[]), true),
        (named(&["pot"], &[]), false),
        (named(&[], &["new"]), true),
        (named(&[], &["pots"]), false),
        (named(&["pot"], &["cups"]), true),
    ] {
        assert_eq!(coupon.applies_to(bowl, &cups), applies, "{:?}", coupon.applies_to);
    }
    assert!(!named(&[], &["new"]).applies_to(bowl, &[]));
}

#[test]
fn a_coupon_that_cannot_be_meant_is_refused() {
    let slugs = |count: usize| (0..count).map(|n| n.to_string()).collect();
    let many = Targets { products: slugs(TARGETS_MAX), collections: slugs(1) };
    let not_an_amount = Err(CouponError::NotAnAmount { step_minor: 1 });
    for (coupon, answer) in [
        (percent("10"), Ok(())),
        (amount(500, "USD"), Ok(())),
        (amount(0, "USD"), not_an_amount),
        (amount(-1, "USD"), not_an_amount),
        (amount(AMOUNT_MAX + 1, "USD"), not_an_amount),
        (amount(505, "KWD"), Err(CouponError::NotAnAmount { step_minor: 10 })),
        (Coupon { max_discount_minor: Some(0), ..percent("10") }, not_an_amount),
        (Coupon { minimum_spend_minor: Some(-5), ..percent("10") }, not_an_amount),
        (Coupon { usage_limit: Some(0), ..percent("10") }, Err(CouponError::NotALimit)),
        (Coupon { usage_limit_per_customer: Some(-1), ..percent("10") }, Err(CouponError::NotALimit)),
        (Coupon { starts_at: Some(NOON), ends_at: Some(NOON), ..percent("10") }, Err(CouponError::EndsBeforeItStarts)),
        (Coupon { applies_to: many, ..percent("10") }, Err(CouponError::TooManyTargets { most: TARGETS_MAX })),
    ] {
        assert_eq!(coupon.check_fields(), answer, "{coupon:?}");
    }
    for text in ["0", "0.00", "100.01", "0.001", "-5", "5%", ""] {
        assert_eq!(PercentOff::parse(text), Err(CouponError::NotAPercentage), "{text}");
    }
    assert_eq!(PercentOff::parse("12.50").map(PercentOff::percent), Ok("12.5".to_owned()));
}
