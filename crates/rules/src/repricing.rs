//! Many prices changed at once: to an amount, or by a part of what they are, and then rounded as the shop writes its prices.
//!
//! Invariant: a price that comes out of it can be charged: a whole step of its currency, never below zero and never beyond
//! what Stripe takes at once.

use crate::money::{Currency, portion};

/// The most a price may be raised by at once, in hundredths of a percent: tenfold.
pub const PERCENT_HUNDREDTHS_MAX: i64 = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repricing {
    Set {
        minor: i64,
    },
    /// In hundredths of a percent: `-1000` takes a tenth off.
    Percent {
        hundredths: i64,
    },
}

/// How a shop writes its prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To what can be charged: `34.56`.
    Step,
    /// To whole units, or hundreds where a currency has no decimals: `35.00`, `¥3,500`.
    Whole,
    /// The same, less the smallest step that is seen: `34.99`, `¥3,499`.
    JustBelow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RepricingError {
    #[error("This percentage is beyond reach.")]
    NotAPercentage,
    #[error("The price would be less than nothing, or more than can be charged at once.")]
    OutOfRange,
}

impl Rounding {
    pub const ALL: [Rounding; 3] = [Rounding::Step, Rounding::Whole, Rounding::JustBelow];

    pub fn as_str(self) -> &'static str {
        match self {
            Rounding::Step => "step",
            Rounding::Whole => "whole",
            Rounding::JustBelow => "just_below",
        }
    }

    pub fn parse(text: &str) -> Option<Rounding> {
        Rounding::ALL.into_iter().find(|rounding| rounding.as_str() == text)
    }

    /// The nearest such price; half a unit goes up. Nothing that costs something comes out free.
    fn of(self, minor: i64, currency: Currency) -> i64 {
        let step = currency.step_minor();
        let seen = 10_i64.pow(currency.decimals().saturating_sub(currency.display_digits())).max(step);
        let unit = 10_i64.pow(currency.decimals()) * if currency.display_digits() == 0 { 100 } else { 1 };
        let nearest = |unit: i64| (minor + unit / 2).div_euclid(unit) * unit;
        match self {
            Rounding::Step => nearest(step),
            Rounding::Whole => nearest(unit).max(if minor > 0 { unit } else { 0 }),
            Rounding::JustBelow if minor > 0 => (nearest(unit).max(unit) - seen).max(step),
            Rounding::JustBelow => 0,
        }
    }
}

/// The new price of something.
pub fn reprice(
    price_minor: i64,
    change: Repricing,
    rounding: Rounding,
    currency: Currency,
) -> Result<i64, RepricingError> {
    let minor = match change {
        Repricing::Set { minor } => minor,
        Repricing::Percent { hundredths } => {
            if !(-10_000..=PERCENT_HUNDREDTHS_MAX).contains(&hundredths) {
                return Err(RepricingError::NotAPercentage);
            }
            portion(price_minor, 10_000 + hundredths, 10_000, 1).map_err(|_| RepricingError::OutOfRange)?
        }
    };
    if minor < 0 {
        return Err(RepricingError::OutOfRange);
    }
    let rounded = rounding.of(minor, currency);
    (0..=currency.charge_minor_max()).contains(&rounded).then_some(rounded).ok_or(RepricingError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).expect("a currency")
    }

    #[test]
    fn prices_are_rounded_as_their_currency_is_written() {
        use Repricing::{Percent, Set};
        use Rounding::{JustBelow, Step, Whole};
        for (code, price, change, rounding, expected) in [
            ("USD", 3200, Percent { hundredths: 1000 }, Step, 3520),
            ("USD", 3200, Percent { hundredths: -333 }, Step, 3093),
            ("USD", 3200, Percent { hundredths: 1000 }, Whole, 3500),
            ("USD", 3250, Percent { hundredths: 1000 }, Whole, 3600),
            ("USD", 3200, Percent { hundredths: 1000 }, JustBelow, 3499),
            ("USD", 30, Percent { hundredths: 0 }, JustBelow, 99),
            ("USD", 30, Percent { hundredths: 0 }, Whole, 100),
            ("USD", 3200, Percent { hundredths: -10_000 }, JustBelow, 0),
            ("USD", 3200, Set { minor: 1999 }, Step, 1999),
            ("JPY", 3200, Percent { hundredths: 1000 }, Step, 3520),
            ("JPY", 3200, Percent { hundredths: 1000 }, Whole, 3500),
            ("JPY", 3200, Percent { hundredths: 1000 }, JustBelow, 3499),
            ("KWD", 12_340, Percent { hundredths: 500 }, Step, 12_960),
            ("KWD", 12_340, Percent { hundredths: 500 }, JustBelow, 12_990),
            ("ISK", 123_400, Percent { hundredths: 500 }, Step, 129_600),
            ("HUF", 123_400, Percent { hundredths: 0 }, JustBelow, 119_900),
        ] {
            assert_eq!(reprice(price, change, rounding, currency(code)), Ok(expected), "{code} {price} {change:?}");
        }
    }

    #[test]
    fn a_price_that_cannot_be_charged_is_refused() {
        let usd = currency("USD");
        let by = |hundredths| reprice(90_000_000, Repricing::Percent { hundredths }, Rounding::Step, usd);
        assert_eq!(by(2_000), Err(RepricingError::OutOfRange));
        assert_eq!(by(-10_001), Err(RepricingError::NotAPercentage));
        assert_eq!(by(PERCENT_HUNDREDTHS_MAX + 1), Err(RepricingError::NotAPercentage));
        assert_eq!(reprice(1, Repricing::Set { minor: -1 }, Rounding::Step, usd), Err(RepricingError::OutOfRange));
        let whole = reprice(1, Repricing::Set { minor: usd.charge_minor_max() }, Rounding::Whole, usd);
        assert_eq!(whole, Err(RepricingError::OutOfRange));
    }

    #[test]
    fn no_rounding_leaves_the_steps_of_its_currency() {
        for code in ["USD", "JPY", "KWD", "ISK", "UGX", "HUF", "TWD", "IDR"] {
            let currency = currency(code);
            for rounding in Rounding::ALL {
                for price in (0..50_000).step_by(37) {
                    let price = price * currency.step_minor();
                    let new = reprice(price, Repricing::Percent { hundredths: 777 }, rounding, currency);
                    let new = new.expect("within reach");
                    assert!(
                        new % currency.step_minor() == 0 && (new > 0) == (price > 0),
                        "{code} {rounding:?} {price} {new}"
                    );
                }
            }
        }
    }
}
