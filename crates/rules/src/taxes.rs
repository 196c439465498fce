//! Taxes: none, included in the prices, or added to them; a rate for each place and class of goods.
//!
//! M1: the tax of a rate is rounded once, over all it is due on, as an invoice states it; lines get their parts of it.

use crate::money::{self, MoneyError};
use crate::places::{Destination, Place};
use crate::words;

/// Whether prices are shown with their tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Taxation {
    /// The shop states no tax.
    None,
    /// A price is the same everywhere; how much of it is tax depends on where it goes.
    Included,
    /// The tax comes on top.
    Added,
}

/// A class of goods that is taxed alike: `standard`, `reduced`, `zero`, or what else a shop needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaxClass(String);

/// Millionths: 19 % is 190 000. Hundredths of a percent would be too coarse (8.875 % in New York, 9.975 % in Quebec).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(i64);

/// What one is.
const WHOLE: i64 = 1_000_000;
/// How many decimals a rate has when it is written in percent.
const PERCENT_DECIMALS: u32 = 4;
/// Longest name of a tax class, in bytes.
pub const CLASS_BYTES_MAX: usize = 40;
/// The most rates of one shop: each region of the world, a few times over.
pub const RATES_MAX: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRate {
    pub place: Place,
    pub class: TaxClass,
    pub rate: Rate,
}

/// All that the shop knows of taxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRules {
    pub taxation: Taxation,
    pub rates: Vec<TaxRate>,
    /// The class that shipping is taxed as; `None`: shipping is not taxed.
    pub shipping: Option<TaxClass>,
}

/// A line of an invoice: so much of the order is taxed at this rate, and so much is the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaxLine {
    pub rate: Rate,
    /// Without the tax.
    pub base_minor: i64,
    pub amount_minor: i64,
}

/// Why tax rules are not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaxError {
    #[error("A tax class is a name of 1 to 40 lower-case letters, digits, - and _.")]
    NotAClass,
    #[error("A tax rate is a percentage from 0 to 100 with up to four decimals.")]
    NotARate,
    #[error("There are two rates for {class} goods in {place}.", class = .class.as_str())]
    RateTwice { place: Place, class: TaxClass },
    #[error("{place} has a rate for {class} goods and none for standard goods.", class = .class.as_str())]
    NoStandardRate { place: Place, class: TaxClass },
    #[error("A shop has at most {most} tax rates.")]
    TooManyRates { most: usize },
}

impl TaxClass {
    pub fn parse(text: &str) -> Result<TaxClass, TaxError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        let fits = (1..=CLASS_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| TaxClass(text.to_owned())).ok_or(TaxError::NotAClass)
    }

    /// What goods are unless somebody says otherwise.
    pub fn standard() -> TaxClass {
        TaxClass("standard".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Rate {
    pub const ZERO: Rate = Rate(0);

    pub fn from_millionths(millionths: i64) -> Result<Rate, TaxError> {
        (0..=WHOLE).contains(&millionths).then_some(Rate(millionths)).ok_or(TaxError::NotARate)
    }

    /// Reads percent: `19`, `5.5`, `8.875`.
    pub fn parse(text: &str) -> Result<Rate, TaxError> {
        Rate::from_millionths(money::parse_percent(text, PERCENT_DECIMALS).ok_or(TaxError::NotARate)?)
    }

    pub fn millionths(self) -> i64 {
        self.0
    }

    /// In percent, with no more decimals than it needs.
    pub fn percent(self) -> String {
        money::percent_text(self.0, PERCENT_DECIMALS)
    }

    /// The tax that is in an amount, or comes on top of it.
    pub fn of(self, amount_minor: i64, taxation: Taxation, step_minor: i64) -> Result<i64, MoneyError> {
        match taxation {
            Taxation::None => Ok(0),
            Taxation::Included => money::portion(amount_minor, self.0, WHOLE + self.0, step_minor),
            Taxation::Added => money::portion(amount_minor, self.0, WHOLE, step_minor),
        }
    }
}

impl TaxRules {
    /// A shop that states no tax.
    pub fn none() -> TaxRules {
        TaxRules { taxation: Taxation::None, rates: Vec::new(), shipping: None }
    }

    /// The rate of goods that go there: the narrowest place that names their class; goods whose class no place names
    /// pay what standard goods pay; where nothing is named, nothing is due (what leaves the country, for one).
    pub fn rate(&self, class: &TaxClass, destination: &Destination) -> Rate {
        let named = |class: &TaxClass| {
            let covering = self.rates.iter().filter(|rate| rate.class == *class && rate.place.covers(destination));
            covering.max_by_key(|rate| rate.place.narrowness()).map(|rate| rate.rate)
        };
        named(class).or_else(|| named(&TaxClass::standard())).unwrap_or(Rate::ZERO)
    }

    /// One rate for each place and class, and a standard rate wherever there is another: a class that was forgotten
    /// must not go untaxed.
    pub fn check(&self) -> Result<(), TaxError> {
        if self.rates.len() > RATES_MAX {
            return Err(TaxError::TooManyRates { most: RATES_MAX });
        }
        let mut seen = std::collections::BTreeSet::new();
        let standard = TaxClass::standard();
        for TaxRate { place, class, .. } in &self.rates {
            if !seen.insert((place, class)) {
                return Err(TaxError::RateTwice { place: place.clone(), class: class.clone() });
            }
            let is_standard = |other: &TaxRate| other.class == standard && other.place.includes(place);
            if !self.rates.iter().any(is_standard) {
                return Err(TaxError::NoStandardRate { place: place.clone(), class: class.clone() });
            }
        }
        Ok(())
    }
}

words!(Taxation { None = "none", Included = "included", Added = "added" });

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::{Country, Region};

    fn rate(place: &str, class: &str, percent: &str) -> TaxRate {
        let (place, class) = (Place::parse(place).unwrap(), TaxClass::parse(class).unwrap());
        TaxRate { place, class, rate: Rate::parse(percent).unwrap() }
    }

    fn rules(rates: Vec<TaxRate>) -> TaxRules {
        TaxRules { taxation: Taxation::Added, rates, shipping: None }
    }

    #[test]
    fn the_narrowest_place_that_names_the_class_has_the_rate() {
        let rules = rules(vec![
            rate("DE", "standard", "19"),
            rate("DE", "reduced", "7"),
            rate("US-NY", "standard", "8.875"),
            rate("US", "standard", "0"),
            rate("US-NY", "clothing", "0"),
            rate("*", "standard", "1"),
        ]);
        assert_eq!(rules.check(), Ok(()));
        for (country, region, class, percent) in [
            ("DE", None, "standard", "19"),
            ("DE", None, "reduced", "7"),
            ("DE", Some("BY"), "reduced", "7"),
            ("DE", None, "clothing", "19"),
            ("US", Some("NY"), "standard", "8.875"),
            ("US", Some("NY"), "clothing", "0"),
            ("US", Some("NY"), "reduced", "8.875"),
            ("US", Some("CA"), "clothing", "0"),
            ("US", None, "standard", "0"),
            ("FR", None, "reduced", "1"),
        ] {
            let region = region.map(|region| Region::parse(region).unwrap());
            let destination = Destination { country: Country::parse(country).unwrap(), region };
            let found = rules.rate(&TaxClass::parse(class).unwrap(), &destination);
            assert_eq!(found.percent(), percent, "{class} goods to {destination}");
        }
    }

    #[test]
    fn where_no_rate_is_named_nothing_is_due() {
        let abroad = Destination { country: Country::parse("CH").unwrap(), region: None };
        assert_eq!(rules(vec![rate("DE", "standard", "19")]).rate(&TaxClass::standard(), &abroad), Rate::ZERO);
    }

    #[test]
    fn tax_rules_with_two_answers_or_a_hole_are_refused() {
        let twice = rules(vec![rate("DE", "standard", "19"), rate("DE", "standard", "16")]);
        let (place, class) = (Place::parse("DE").unwrap(), TaxClass::standard());
        assert_eq!(twice.check(), Err(TaxError::RateTwice { place, class }));

        let (place, class) = (Place::parse("FR").unwrap(), TaxClass::parse("reduced").unwrap());
        let hole = rules(vec![rate("DE", "standard", "19"), rate("FR", "reduced", "5.5")]);
        assert_eq!(hole.check(), Err(TaxError::NoStandardRate { place, class }));
        let wider = rules(vec![rate("US", "standard", "0"), rate("US-NY", "clothing", "0")]);
        assert_eq!(wider.check(), Ok(()));
        let narrower = rules(vec![rate("US-NY", "standard", "8"), rate("US", "reduced", "1")]);
        assert!(narrower.check().is_err());

        let many = rules(vec![rate("DE", "standard", "19"); RATES_MAX + 1]);
        assert_eq!(many.check(), Err(TaxError::TooManyRates { most: RATES_MAX }));
    }

    #[test]
    fn a_rate_is_a_percentage_and_a_class_is_a_name() {
        for bad in ["", "-1", "100.0001", "101", "1.23456", "7,5", "19%"] {
            assert_eq!(Rate::parse(bad), Err(TaxError::NotARate), "{bad}");
        }
        for bad in ["", "Standard", "a b", "零", &"x".repeat(41)] {
            assert_eq!(TaxClass::parse(bad), Err(TaxError::NotAClass), "{bad}");
        }
    }

    /// By hand: what is in a price, and what comes on top of it.
    #[test]
    fn a_tax_is_what_an_invoice_says() {
        for (percent, taxation, amount, step, tax) in [
            ("19", Taxation::Included, 11_900, 1, 1_900),
            ("19", Taxation::Included, 999, 1, 160),          // 159.5042
            ("7", Taxation::Included, 999, 1, 65),            // 65.3551
            ("20", Taxation::Added, 999, 1, 200),             // 199.8
            ("10", Taxation::Added, 1005, 1, 101),            // the half yen, up
            ("8", Taxation::Added, 1294, 1, 104),             // 103.52
            ("8.875", Taxation::Added, 1000, 1, 89),          // 88.75
            ("5", Taxation::Added, 12_900, 10, 650),          // 645, in steps of ten
            ("24", Taxation::Included, 129_000, 100, 25_000), // 24 967.74, in whole krónur
            ("19", Taxation::None, 11_900, 1, 0),
        ] {
            assert_eq!(Rate::parse(percent).unwrap().of(amount, taxation, step), Ok(tax), "{percent} % of {amount}");
        }
    }
}
