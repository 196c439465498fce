//! What every order is priced by besides its goods: where parcels go for how much, and which taxes are due there.
//!
//! M1: pages and commands ask here alike, so that what a buyer is shown is what the order will say.

use std::collections::BTreeSet;

use crate::commands::Refusal;
use crate::coupons::Coupon;
use crate::money::Currency;
use crate::places::{Country, Destination, Place};
use crate::pricing::{self, Goods, Item, Quote};
use crate::shipping::{self, Delivery, ShippingRefusal, Zone};
use crate::taxes::{TaxRules, Taxation};

/// A shop without zones asks nothing about delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRules {
    pub zones: Vec<Zone>,
    pub taxes: TaxRules,
}

impl PriceRules {
    /// A shop that sends nothing and states no tax.
    pub fn none() -> PriceRules {
        PriceRules { zones: Vec::new(), taxes: TaxRules::none() }
    }

    /// Whether an order's price depends on where it goes.
    pub fn needs_destination(&self) -> bool {
        !self.zones.is_empty() || self.tax_places().any(|place| *place != Place::Everywhere)
    }

    /// Whether it depends on the region of a country: then a buyer who does not say which is asked, or an order to New
    /// York would go untaxed.
    pub fn needs_region(&self, country: Country) -> bool {
        self.places().any(|place| matches!(place, Place::Region(of, _) if *of == country))
    }

    /// Whether it depends on the region of any country.
    pub fn knows_regions(&self) -> bool {
        self.places().any(|place| matches!(place, Place::Region(..)))
    }

    /// The countries that parcels go to; `None`: to all of them.
    pub fn served(&self) -> Option<BTreeSet<Country>> {
        let places = || self.zones.iter().flat_map(|zone| &zone.places);
        let country = |place: &Place| match place {
            Place::Everywhere => None,
            Place::Country(country) | Place::Region(country, _) => Some(*country),
        };
        let everywhere = self.zones.is_empty() || places().any(|place| *place == Place::Everywhere);
        (!everywhere).then(|| places().filter_map(country).collect())
    }

    /// The country that is named first: most buyers', when they have not said theirs.
    pub fn home(&self) -> Option<Country> {
        self.places().find_map(|place| match place {
            Place::Everywhere => None,
            Place::Country(country) | Place::Region(country, _) => Some(*country),
        })
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.zones.iter().flat_map(|zone| &zone.places).chain(self.tax_places())
    }

    fn tax_places(&self) -> impl Iterator<Item = &Place> {
        let rates = if self.taxes.taxation == Taxation::None { &[][..] } else { &self.taxes.rates };
        rates.iter().map(|rate| &rate.place)
    }

    /// The ways these goods can be sent there, in the shopkeeper's order; none where nothing is asked about delivery.
    pub fn deliveries(
        &self,
        goods: &Goods,
        destination: Option<&Destination>,
    ) -> Result<Vec<Delivery>, ShippingRefusal> {
        let destination = self.destination(destination)?;
        shipping::options(&self.zones, &destination, goods.weight_grams, goods.value_minor())
    }

    /// Every number of an order. A method that is not named is the only one there is, or has to be chosen.
    pub fn quote(
        &self,
        items: &[Item],
        coupon: Option<&Coupon>,
        destination: Option<&Destination>,
        method: Option<&str>,
        currency: Currency,
    ) -> Result<Quote, Refusal> {
        let goods = pricing::goods(items, coupon, currency)?;
        let delivery = shipping::choose(self.deliveries(&goods, destination)?, method)?;
        let destination = self.destination(destination)?;
        Ok(pricing::quote(items, coupon, delivery.as_ref(), &self.taxes, &destination, currency)?)
    }

    fn destination(&self, given: Option<&Destination>) -> Result<Destination, ShippingRefusal> {
        match given {
            Some(given) if given.region.is_none() && self.needs_region(given.country) => {
                Err(ShippingRefusal::RegionMissing { country: given.country })
            }
            Some(given) => Ok(given.clone()),
            None if self.needs_destination() => Err(ShippingRefusal::DestinationMissing),
            None => Ok(Destination::UNKNOWN),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::places::Region;
    use crate::shipping::{Method, Tariff};
    use crate::taxes::{Rate, TaxClass, TaxRate};
    use crate::text::Sku;

    fn zone(code: &str, place: &str, prices: &[i64]) -> Zone {
        let method = |(at, price): (usize, &i64)| Method {
            code: format!("m{at}"),
            titles: BTreeMap::new(),
            tariff: Tariff::Flat { price_minor: *price },
            free_from_minor: None,
            days: None,
        };
        let methods = prices.iter().enumerate().map(method).collect();
        Zone { code: code.to_owned(), places: vec![Place::parse(place).unwrap()], methods }
    }

    fn taxes(places: &[&str]) -> TaxRules {
        let rate = |place: &&str| TaxRate {
            place: Place::parse(place).unwrap(),
            class: TaxClass::standard(),
            rate: Rate::parse("10").unwrap(),
        };
        TaxRules { taxation: Taxation::Added, rates: places.iter().map(rate).collect(), shipping: None }
    }

    fn to(country: &str, region: Option<&str>) -> Destination {
        let region = region.map(|region| Region::parse(region).unwrap());
        Destination { country: Country::parse(country).unwrap(), region }
    }

    fn cup() -> Item {
        Item {
            sku: Sku::parse("CUP").unwrap(),
            product: "cup".to_owned(),
            collections: Vec::new(),
            unit_price_minor: 1000,
            quantity: 1,
            weight_grams: None,
            tax_class: TaxClass::standard(),
        }
    }

    #[track_caller]
    fn check(rules: &PriceRules, destination: Option<Destination>, method: Option<&str>, told: Result<i64, Refusal>) {
        let usd = Currency::parse("USD").unwrap();
        let quote = rules.quote(&[cup()], None, destination.as_ref(), method, usd);
        assert_eq!(quote.map(|quote| quote.total_minor), told);
    }

    #[test]
    fn a_shop_without_rules_asks_nothing() {
        let rules = PriceRules::none();
        assert!(!rules.needs_destination());
        check(&rules, None, None, Ok(1000));
        check(&rules, Some(to("DE", None)), None, Ok(1000));
        let gone = ShippingRefusal::MethodGone { method: "post".to_owned() };
        check(&rules, None, Some("post"), Err(gone.into()));
    }

    #[test]
    fn where_it_matters_the_country_is_asked_for_and_the_region() {
        let zoned = PriceRules { zones: vec![zone("home", "DE", &[500])], taxes: TaxRules::none() };
        check(&zoned, None, None, Err(ShippingRefusal::DestinationMissing.into()));
        check(&zoned, Some(to("DE", None)), None, Ok(1500));
        let taxed = PriceRules { zones: Vec::new(), taxes: taxes(&["US-NY", "CA"]) };
        check(&taxed, None, None, Err(ShippingRefusal::DestinationMissing.into()));
        let country = Country::parse("US").unwrap();
        check(&taxed, Some(to("US", None)), None, Err(ShippingRefusal::RegionMissing { country }.into()));
        check(&taxed, Some(to("US", Some("NY"))), None, Ok(1100));
        check(&taxed, Some(to("US", Some("TX"))), None, Ok(1000));
        check(&taxed, Some(to("CA", None)), None, Ok(1100));
        // One rate for everybody depends on nothing, and rates that are not applied on nothing either.
        check(&PriceRules { zones: Vec::new(), taxes: taxes(&["*"]) }, None, None, Ok(1100));
        let unused = TaxRules { taxation: Taxation::None, ..taxes(&["DE"]) };
        check(&PriceRules { zones: Vec::new(), taxes: unused }, None, None, Ok(1000));
    }

    #[test]
    fn one_way_is_taken_and_of_several_one_is_chosen() {
        let rules = PriceRules { zones: vec![zone("home", "DE", &[500, 900])], taxes: TaxRules::none() };
        check(&rules, Some(to("DE", None)), None, Err(ShippingRefusal::MethodMissing.into()));
        check(&rules, Some(to("DE", None)), Some("m1"), Ok(1900));
        let gone = ShippingRefusal::MethodGone { method: "m2".to_owned() };
        check(&rules, Some(to("DE", None)), Some("m2"), Err(gone.into()));
        let nowhere = ShippingRefusal::NotDeliveredThere { destination: to("FR", None) };
        check(&rules, Some(to("FR", None)), Some("m1"), Err(nowhere.into()));
    }
}
