//! Shipping: which parcels go where, by which methods, for how much and in how many days.
//!
//! M1: a delivery is priced before the payment and frozen with the order; a choice that is no longer offered at its
//! price is asked for again, never replaced.

use std::collections::{BTreeMap, BTreeSet};

use crate::money::{AMOUNT_MAX, Currency};
use crate::places::{Country, Destination, Place};

/// The most zones, the most methods of one and the most steps of one: a page that a shopkeeper can still read.
pub const ZONES_MAX: usize = 300;
pub const METHODS_MAX: usize = 20;
pub const STEPS_MAX: usize = 50;
/// Longest code of a zone or method, in bytes.
pub const CODE_BYTES_MAX: usize = 40;
/// Longest delivery that is promised, in days.
pub const DAYS_MAX: u16 = 365;

/// Places that are served alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    pub code: String,
    pub places: Vec<Place>,
    pub methods: Vec<Method>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Names the method within its zone, for whoever chooses it.
    pub code: String,
    /// By language.
    pub titles: BTreeMap<String, String>,
    pub tariff: Tariff,
    /// From this value of the goods on, after the discount, it costs nothing.
    pub free_from_minor: Option<i64>,
    pub days: Option<Days>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tariff {
    Flat {
        price_minor: i64,
    },
    /// Ascending; what is heavier than the last step does not go this way.
    ByWeight(Vec<WeightStep>),
    /// Ascending; what is worth less than the first step does not go this way.
    ByValue(Vec<ValueStep>),
}

/// Up to so many grams, and these included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightStep {
    pub grams_max: i64,
    pub price_minor: i64,
}

/// From this value of the goods on, after the discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueStep {
    pub from_minor: i64,
    pub price_minor: i64,
}

/// How long a delivery takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    pub min: u16,
    pub max: u16,
}

/// A way to get these goods to that place, with its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub zone: String,
    pub method: String,
    pub titles: BTreeMap<String, String>,
    pub price_minor: i64,
    pub days: Option<Days>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShippingRefusal {
    #[error("Say which country this order goes to.")]
    DestinationMissing,
    #[error("Say which region of {} this order goes to.", .country.code())]
    RegionMissing { country: Country },
    #[error("Choose how this order is sent.")]
    MethodMissing,
    #[error("We do not deliver to {destination}.")]
    NotDeliveredThere { destination: Destination },
    #[error("This order cannot be sent to {destination} in one parcel.")]
    NothingCarriesIt { destination: Destination },
    #[error("This delivery is not offered any more. Choose one of the others.")]
    MethodGone { method: String },
}

/// Why shipping zones are not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShippingError {
    #[error("A code is 1 to 40 lower-case letters, digits, - and _; {code:?} is not.")]
    NotACode { code: String },
    #[error("{code} is there twice.")]
    CodeTwice { code: String },
    #[error("{place} is there twice: a parcel has one zone.")]
    PlaceTwice { place: Place },
    #[error("The zone {zone} has no place or no method.")]
    ZoneEmpty { zone: String },
    #[error("The steps of {method} are not there or do not ascend.")]
    StepsDoNotAscend { method: String },
    #[error("A price of {method} is negative, too large, or not a multiple of {step_minor} minor units.")]
    NotAPrice { method: String, step_minor: i64 },
    #[error("{method} takes from 0 to 365 days, the fewer first.")]
    NotDays { method: String },
    #[error("There is too much of it: at most {most}.")]
    TooMany { most: usize },
}

/// The ways to get goods of this weight and value (after the discount) there, in the shopkeeper's order. A shop
/// without zones asks nothing about delivery, and has no answer either.
pub fn options(
    zones: &[Zone],
    destination: &Destination,
    weight_grams: i64,
    value_minor: i64,
) -> Result<Vec<Delivery>, ShippingRefusal> {
    if zones.is_empty() {
        return Ok(Vec::new());
    }
    let destination_of = || destination.clone();
    let zone = zone_of(zones, destination);
    let zone = zone.ok_or_else(|| ShippingRefusal::NotDeliveredThere { destination: destination_of() })?;
    let offered = zone.methods.iter().filter_map(|method| {
        let price_minor = method.price(weight_grams, value_minor)?;
        let (zone, code, titles) = (zone.code.clone(), method.code.clone(), method.titles.clone());
        Some(Delivery { zone, method: code, titles, price_minor, days: method.days })
    });
    let offered: Vec<Delivery> = offered.collect();
    if offered.is_empty() {
        return Err(ShippingRefusal::NothingCarriesIt { destination: destination_of() });
    }
    Ok(offered)
}

/// The option with this code; without one, the only option there is. Where there are none, nothing is sent.
pub fn choose(mut options: Vec<Delivery>, method: Option<&str>) -> Result<Option<Delivery>, ShippingRefusal> {
    match method {
        Some(method) => {
            let chosen = options.into_iter().find(|option| option.method == method);
            chosen.map(Some).ok_or_else(|| ShippingRefusal::MethodGone { method: method.to_owned() })
        }
        None if options.len() > 1 => Err(ShippingRefusal::MethodMissing),
        None => Ok(options.pop()),
    }
}

/// The zone whose place is the narrowest that covers the destination.
fn zone_of<'a>(zones: &'a [Zone], destination: &Destination) -> Option<&'a Zone> {
    let reach = |zone: &Zone| {
        let covering = zone.places.iter().filter(|place| place.covers(destination));
        covering.map(Place::narrowness).max()
    };
    zones.iter().filter(|zone| reach(zone).is_some()).max_by_key(|zone| reach(zone))
}

impl Method {
    /// What it costs; `None` when these goods do not go this way.
    fn price(&self, weight_grams: i64, value_minor: i64) -> Option<i64> {
        let price = match &self.tariff {
            Tariff::Flat { price_minor } => *price_minor,
            Tariff::ByWeight(steps) => steps.iter().find(|step| weight_grams <= step.grams_max)?.price_minor,
            Tariff::ByValue(steps) => steps.iter().rfind(|step| value_minor >= step.from_minor)?.price_minor,
        };
        let free = self.free_from_minor.is_some_and(|from| value_minor >= from);
        Some(if free { 0 } else { price })
    }
}

/// One zone for each place, one method for each code, steps that ascend, prices that can be charged.
pub fn check_zones(zones: &[Zone], currency: Currency) -> Result<(), ShippingError> {
    at_most(zones.len(), ZONES_MAX)?;
    let (mut codes, mut places) = (BTreeSet::new(), BTreeSet::new());
    for zone in zones {
        check_code(&zone.code, &mut codes)?;
        if zone.places.is_empty() || zone.methods.is_empty() {
            return Err(ShippingError::ZoneEmpty { zone: zone.code.clone() });
        }
        for place in &zone.places {
            if !places.insert(place) {
                return Err(ShippingError::PlaceTwice { place: place.clone() });
            }
        }
        at_most(zone.methods.len(), METHODS_MAX)?;
        let mut codes = BTreeSet::new();
        for method in &zone.methods {
            check_code(&method.code, &mut codes)?;
            check_method(method, currency.step_minor())?;
        }
    }
    Ok(())
}

fn check_method(method: &Method, step_minor: i64) -> Result<(), ShippingError> {
    let name = || method.code.clone();
    let (bounds, prices): (Vec<i64>, Vec<i64>) = match &method.tariff {
        Tariff::Flat { price_minor } => (vec![0], vec![*price_minor]),
        Tariff::ByWeight(steps) => steps.iter().map(|step| (step.grams_max, step.price_minor)).unzip(),
        Tariff::ByValue(steps) => steps.iter().map(|step| (step.from_minor, step.price_minor)).unzip(),
    };
    at_most(bounds.len(), STEPS_MAX)?;
    let ascends = bounds.first().is_some_and(|first| *first >= 0) && bounds.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascends {
        return Err(ShippingError::StepsDoNotAscend { method: name() });
    }
    let is_price = |minor: &i64| (0..=AMOUNT_MAX).contains(minor) && minor % step_minor == 0;
    if !prices.iter().chain(&method.free_from_minor).all(is_price) {
        return Err(ShippingError::NotAPrice { method: name(), step_minor });
    }
    if method.days.is_some_and(|days| days.min > days.max || days.max > DAYS_MAX) {
        return Err(ShippingError::NotDays { method: name() });
    }
    Ok(())
}

fn check_code<'a>(code: &'a str, seen: &mut BTreeSet<&'a str>) -> Result<(), ShippingError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if !(1..=CODE_BYTES_MAX).contains(&code.len()) || !code.bytes().all(plain) {
        return Err(ShippingError::NotACode { code: code.to_owned() });
    }
    if seen.insert(code) { Ok(()) } else { Err(ShippingError::CodeTwice { code: code.to_owned() }) }
}

fn at_most(count: usize, most: usize) -> Result<(), ShippingError> {
    if count > most { Err(ShippingError::TooMany { most }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Region;

    fn method(code: &str, tariff: Tariff) -> Method {
        let days = Some(Days { min: 2, max: 4 });
        Method { code: code.to_owned(), titles: BTreeMap::new(), tariff, free_from_minor: None, days }
    }

    fn flat(code: &str, price_minor: i64) -> Method {
        method(code, Tariff::Flat { price_minor })
    }

    fn by_weight(steps: &[(i64, i64)]) -> Tariff {
        Tariff::ByWeight(
            steps.iter().map(|(grams_max, price)| WeightStep { grams_max: *grams_max, price_minor: *price }).collect(),
        )
    }

    fn by_value(steps: &[(i64, i64)]) -> Tariff {
        Tariff::ByValue(
            steps.iter().map(|(from, price)| ValueStep { from_minor: *from, price_minor: *price }).collect(),
        )
    }

    fn zone(code: &str, places: &[&str], methods: Vec<Method>) -> Zone {
        let places = places.iter().map(|place| Place::parse(place).unwrap()).collect();
        Zone { code: code.to_owned(), places, methods }
    }

    fn to(country: &str, region: &str) -> Destination {
        Destination { country: Country::parse(country).unwrap(), region: Region::parse(region).ok() }
    }

    fn prices(zones: &[Zone], destination: &Destination, weight: i64, value: i64) -> Vec<(String, i64)> {
        let offered = options(zones, destination, weight, value).expect("it is delivered there");
        offered.into_iter().map(|delivery| (delivery.method, delivery.price_minor)).collect()
    }

    #[test]
    fn the_narrowest_zone_delivers() {
        let zones = [
            zone("coast", &["DE-HH"], vec![flat("bike", 190)]),
            zone("world", &["*"], vec![flat("post", 2500)]),
            zone("home", &["DE", "AT"], vec![flat("post", 490), flat("express", 1290)]),
            zone("islands", &["DE-SH"], vec![flat("boat", 990)]),
        ];
        assert_eq!(prices(&zones, &to("DE", ""), 0, 0), [("post".to_owned(), 490), ("express".to_owned(), 1290)]);
        assert_eq!(prices(&zones, &to("DE", "BY"), 0, 0).len(), 2);
        assert_eq!(prices(&zones, &to("DE", "SH"), 0, 0), [("boat".to_owned(), 990)]);
        assert_eq!(prices(&zones, &to("DE", "HH"), 0, 0), [("bike".to_owned(), 190)]);
        assert_eq!(prices(&zones, &to("FR", "SH"), 0, 0), [("post".to_owned(), 2500)]);
    }

    #[test]
    fn a_price_follows_the_weight_or_the_value_and_is_free_from_an_amount() {
        let mut post = flat("post", 490);
        post.free_from_minor = Some(5000);
        let methods = vec![
            post,
            method("parcel", by_weight(&[(2000, 690), (5000, 990)])),
            method("insured", by_value(&[(1000, 900), (10_000, 1500)])),
        ];
        let zones = [zone("home", &["DE"], methods)];
        for (weight, value, post, parcel, insured) in [
            (0, 0, 490, Some(690), None),
            (2000, 999, 490, Some(690), None),
            (2001, 1000, 490, Some(990), Some(900)),
            (5000, 4999, 490, Some(990), Some(900)),
            (5001, 5000, 0, None, Some(900)),
            (5001, 10_000, 0, None, Some(1500)),
        ] {
            let offered: BTreeMap<_, _> = prices(&zones, &to("DE", ""), weight, value).into_iter().collect();
            let found = (offered["post"], offered.get("parcel").copied(), offered.get("insured").copied());
            assert_eq!(found, (post, parcel, insured), "{weight} g worth {value}");
        }
    }

    #[test]
    fn a_delivery_that_is_not_made_is_refused() {
        let home = [zone("home", &["DE"], vec![method("parcel", by_weight(&[(2000, 690)]))])];
        let (abroad, here) = (to("FR", ""), to("DE", ""));
        let refused = ShippingRefusal::NotDeliveredThere { destination: abroad.clone() };
        assert_eq!(options(&home, &abroad, 0, 0), Err(refused));
        let refused = ShippingRefusal::NothingCarriesIt { destination: here.clone() };
        assert_eq!(options(&home, &here, 2001, 0), Err(refused));
        let offered = options(&home, &here, 2000, 0).expect("it is delivered");
        let price = |method| choose(offered.clone(), method).map(|chosen| chosen.map(|delivery| delivery.price_minor));
        assert_eq!(price(Some("parcel")), Ok(Some(690)));
        assert_eq!(price(Some("boat")), Err(ShippingRefusal::MethodGone { method: "boat".to_owned() }));
        assert_eq!(price(None), Ok(Some(690)));
        assert_eq!(options(&[], &abroad, 0, 0), Ok(vec![]));
    }

    #[test]
    fn zones_that_leave_a_question_open_are_refused() {
        let dollars = Currency::parse("USD").unwrap();
        let dinars = Currency::parse("KWD").unwrap();
        let of = |method: Method| vec![zone("home", &["DE"], vec![method])];
        let (post, text) = ("post".to_owned(), str::to_owned);
        let mut slow = flat("post", 1);
        slow.days = Some(Days { min: 5, max: 4 });
        let mut odd = flat("post", 10);
        odd.free_from_minor = Some(15);
        let place = Place::parse("DE").unwrap();
        let steps = ShippingError::StepsDoNotAscend { method: post.clone() };
        let price = |step_minor| ShippingError::NotAPrice { method: text("post"), step_minor };
        for (zones, currency, refusal) in [
            (
                vec![zone("a", &["DE", "FR"], vec![flat("x", 1)]), zone("b", &["AT", "DE"], vec![flat("x", 1)])],
                dollars,
                ShippingError::PlaceTwice { place },
            ),
            (
                vec![zone("a", &["DE"], vec![flat("x", 1)]), zone("a", &["AT"], vec![flat("x", 1)])],
                dollars,
                ShippingError::CodeTwice { code: text("a") },
            ),
            (
                vec![zone("a", &["DE"], vec![flat("x", 1), flat("x", 2)])],
                dollars,
                ShippingError::CodeTwice { code: text("x") },
            ),
            (vec![zone("A b", &["DE"], vec![flat("x", 1)])], dollars, ShippingError::NotACode { code: text("A b") }),
            (vec![zone("a", &[], vec![flat("x", 1)])], dollars, ShippingError::ZoneEmpty { zone: text("a") }),
            (vec![zone("a", &["DE"], vec![])], dollars, ShippingError::ZoneEmpty { zone: text("a") }),
            (of(method("post", by_weight(&[(2000, 1), (2000, 2)]))), dollars, steps.clone()),
            (of(method("post", by_value(&[(500, 1), (100, 2)]))), dollars, steps.clone()),
            (of(method("post", by_value(&[]))), dollars, steps.clone()),
            (of(method("post", by_weight(&[(-1, 1)]))), dollars, steps),
            (of(flat("post", -1)), dollars, price(1)),
            (of(flat("post", AMOUNT_MAX + 1)), dollars, price(1)),
            (of(flat("post", 15)), dinars, price(10)),
            (of(odd), dinars, price(10)),
            (of(slow), dollars, ShippingError::NotDays { method: post }),
            (vec![zone("", &["DE"], vec![flat("x", 1)])], dollars, ShippingError::NotACode { code: String::new() }),
            (vec![zone("a", &["DE"], vec![flat("x", 1); 21])], dollars, ShippingError::TooMany { most: METHODS_MAX }),
            (vec![zone("a", &["DE"], vec![flat("x", 1)]); 301], dollars, ShippingError::TooMany { most: ZONES_MAX }),
            (of(method("post", by_value(&[(1, 1); 51]))), dollars, ShippingError::TooMany { most: STEPS_MAX }),
        ] {
            assert_eq!(check_zones(&zones, currency), Err(refusal));
        }
        let narrower = [zone("a", &["DE", "*"], vec![flat("x", 1)]), zone("b", &["DE-SH"], vec![flat("x", 1)])];
        assert_eq!(check_zones(&narrower, dollars), Ok(()));
    }
}
