//! Shipping zones and tax rules as the shopkeeper writes them: one JSON document each, the same in the API and in the
//! database. Amounts name their currency, so that rules written for another one are refused instead of misread.
//!
//! Invariant: what is read here has passed the law's own checks, whoever wrote it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rules::money::{Currency, Money};
use rules::places::Place;
use rules::price_rules::PriceRules;
use rules::shipping::{self, Days, Method, Tariff, ValueStep, WeightStep, Zone};
use rules::taxes::{Rate, TaxClass, TaxRate, TaxRules, Taxation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest title of a method, in characters: Stripe's page shows it.
const TITLE_CHARS_MAX: usize = 100;

/// An amount in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Money)]
pub struct MoneyBody {
    /// Minor units: cents, or whole yen.
    #[schema(example = 3200)]
    pub amount: i64,
    #[schema(example = "USD")]
    pub currency: String,
}

/// Where parcels go, by which methods and for how much. No zone: nothing is asked about delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShippingZones {
    pub zones: Vec<ZoneBody>,
}

/// Places that are served alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ShippingZone)]
#[serde(deny_unknown_fields)]
pub struct ZoneBody {
    #[schema(example = "europe")]
    code: String,
    /// `DE`, `US-CA`, or `*` for wherever no other zone goes. The narrower place wins.
    places: Vec<String>,
    methods: Vec<MethodBody>,
}

/// One way to send goods; with exactly one of `price`, `by_weight` and `by_value`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ShippingMethod)]
#[serde(deny_unknown_fields)]
pub struct MethodBody {
    /// For `shipping_method` at checkout.
    #[schema(example = "standard")]
    code: String,
    /// By language: `en`, `zh-CN`.
    title: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<MoneyBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_weight: Option<Vec<WeightStepBody>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_value: Option<Vec<ValueStepBody>>,
    /// From this value of the goods on, after the discount, it costs nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    free_from: Option<MoneyBody>,
    /// How long it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<DaysBody>,
}

/// Ascending; what is heavier than the last step does not go this way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = WeightStep)]
#[serde(deny_unknown_fields)]
pub struct WeightStepBody {
    up_to_grams: i64,
    price: MoneyBody,
}

/// Ascending; what is worth less than the first step, after the discount, does not go this way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ValueStep)]
#[serde(deny_unknown_fields)]
pub struct ValueStepBody {
    from: MoneyBody,
    price: MoneyBody,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeliveryDays)]
#[serde(deny_unknown_fields)]
pub struct DaysBody {
    pub min: u16,
    pub max: u16,
}

/// Which taxes are due, and whether prices have them in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TaxRules)]
#[serde(deny_unknown_fields)]
pub struct TaxRulesBody {
    /// `none`, `included` (prices have it in) or `added` (it comes on top).
    taxation: String,
    rates: Vec<TaxRateBody>,
    /// The class that shipping is taxed as; left out: shipping is not taxed.
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TaxRate)]
#[serde(deny_unknown_fields)]
pub struct TaxRateBody {
    /// `DE`, `US-CA`, or `*`. The narrower place wins.
    place: String,
    /// `standard`, or a class of some goods.
    class: String,
    /// Up to four decimals.
    #[schema(value_type = f64, example = 8.875)]
    percent: serde_json::Number,
}

/// What cannot be used, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub pointer: String,
    pub code: &'static str,
    pub detail: String,
}

/// What is wrong with a document, collected field by field.
#[derive(Debug, Default)]
struct Wrongs(Vec<Wrong>);

impl Wrongs {
    fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl std::fmt::Display) {
        self.0.push(Wrong { pointer: pointer.into(), code, detail: detail.to_string() });
    }

    /// An amount in the shop's currency; what it is worth, the law says.
    fn amount(&mut self, pointer: impl Into<String>, money: &MoneyBody, currency: Currency) -> i64 {
        if money.currency != currency.code() {
            let detail = format!("This shop's prices are in {currency}.");
            self.add(format!("{}/currency", pointer.into()), "wrong-currency", detail);
        }
        money.amount
    }

    fn of<T>(
        &mut self,
        pointer: impl Into<String>,
        code: &'static str,
        read: Result<T, impl std::fmt::Display>,
    ) -> Option<T> {
        read.map_err(|error| self.add(pointer, code, error)).ok()
    }

    fn end<T>(self, read: T) -> Result<T, Vec<Wrong>> {
        if self.0.is_empty() { Ok(read) } else { Err(self.0) }
    }
}

impl ShippingZones {
    pub fn parse(&self, currency: Currency) -> Result<Vec<Zone>, Vec<Wrong>> {
        let mut wrongs = Wrongs::default();
        let zones = self.zones.iter().enumerate().map(|(at, zone)| {
            let places = zone.places.iter().enumerate().filter_map(|(place_at, place)| {
                wrongs.of(format!("/zones/{at}/places/{place_at}"), "not-a-place", Place::parse(place))
            });
            let places = places.collect();
            let methods = zone.methods.iter().enumerate();
            let methods = methods.filter_map(|(method_at, method)| {
                method.parse(&format!("/zones/{at}/methods/{method_at}"), &mut wrongs, currency)
            });
            Zone { code: zone.code.clone(), places, methods: methods.collect() }
        });
        let zones: Vec<Zone> = zones.collect();
        if wrongs.0.is_empty() {
            wrongs.of("/zones", "not-usable", shipping::check_zones(&zones, currency));
        }
        wrongs.end(zones)
    }
}

impl MethodBody {
    fn parse(&self, at: &str, wrongs: &mut Wrongs, currency: Currency) -> Option<Method> {
        for (tag, title) in &self.title {
            if !["en", "zh-CN"].contains(&tag.as_str()) {
                wrongs.add(
                    format!("{at}/title"),
                    "unknown-language",
                    format!("There is no language {tag}; send en or zh-CN."),
                );
            }
            if title.trim().is_empty() || title.chars().count() > TITLE_CHARS_MAX || title.chars().any(char::is_control)
            {
                let detail = format!("1 to {TITLE_CHARS_MAX} characters on one line.");
                wrongs.add(format!("{at}/title/{tag}"), "not-a-line", detail);
            }
        }
        if self.title.is_empty() {
            wrongs.add(format!("{at}/title"), "empty", "A method needs a title.");
        }
        let tariff = match (&self.price, &self.by_weight, &self.by_value) {
            (Some(price), None, None) => {
                Some(Tariff::Flat { price_minor: wrongs.amount(format!("{at}/price"), price, currency) })
            }
            (None, Some(steps), None) => {
                let step = |(step_at, step): (usize, &WeightStepBody)| WeightStep {
                    grams_max: step.up_to_grams,
                    price_minor: wrongs.amount(format!("{at}/by_weight/{step_at}/price"), &step.price, currency),
                };
                Some(Tariff::ByWeight(steps.iter().enumerate().map(step).collect()))
            }
            (None, None, Some(steps)) => {
                let step = |(step_at, step): (usize, &ValueStepBody)| ValueStep {
                    from_minor: wrongs.amount(format!("{at}/by_value/{step_at}/from"), &step.from, currency),
                    price_minor: wrongs.amount(format!("{at}/by_value/{step_at}/price"), &step.price, currency),
                };
                Some(Tariff::ByValue(steps.iter().enumerate().map(step).collect()))
            }
            _ => {
                wrongs.add(at, "not-a-tariff", "Send exactly one of price, by_weight and by_value.");
                None
            }
        };
        let free_from = self.free_from.as_ref();
        let free_from_minor = free_from.map(|from| wrongs.amount(format!("{at}/free_from"), from, currency));
        let days = self.days.as_ref().map(|days| Days { min: days.min, max: days.max });
        let (code, titles) = (self.code.clone(), self.title.clone());
        Some(Method { code, titles, tariff: tariff?, free_from_minor, days })
    }
}

impl TaxRulesBody {
    pub fn none() -> TaxRulesBody {
        TaxRulesBody { taxation: Taxation::None.as_str().to_owned(), rates: Vec::new(), shipping: None }
    }

    pub fn parse(&self) -> Result<TaxRules, Vec<Wrong>> {
        let mut wrongs = Wrongs::default();
        let taxation = Taxation::parse(&self.taxation);
        if taxation.is_none() {
            wrongs.add("/taxation", "unknown-taxation", "Send none, included or added.");
        }
        let shipping = self.shipping.as_deref();
        let shipping = shipping.and_then(|class| wrongs.of("/shipping", "not-a-class", TaxClass::parse(class)));
        let rates = self.rates.iter().enumerate().filter_map(|(at, rate)| {
            let place = wrongs.of(format!("/rates/{at}/place"), "not-a-place", Place::parse(&rate.place));
            let class = wrongs.of(format!("/rates/{at}/class"), "not-a-class", TaxClass::parse(&rate.class));
            let percent = Rate::parse(&rate.percent.to_string());
            let rate = wrongs.of(format!("/rates/{at}/percent"), "not-a-rate", percent);
            Some(TaxRate { place: place?, class: class?, rate: rate? })
        });
        let rates = rates.collect();
        let rules = TaxRules { taxation: taxation.unwrap_or(Taxation::None), rates, shipping };
        if wrongs.0.is_empty() {
            wrongs.of("/rates", "not-usable", rules.check());
        }
        wrongs.end(rules)
    }
}

/// The rules of a shop from its stored documents; an empty one is a shop that sends nothing, or states no tax.
pub fn read(zones: &str, taxes: &str, currency: Currency) -> Result<PriceRules, String> {
    let told = |wrongs: Vec<Wrong>| {
        let told: Vec<String> = wrongs.iter().map(|wrong| format!("{} {}", wrong.pointer, wrong.detail)).collect();
        told.join(" ")
    };
    let zones: ShippingZones = document(zones)?.unwrap_or_default();
    let taxes: TaxRulesBody = document(taxes)?.unwrap_or_else(TaxRulesBody::none);
    Ok(PriceRules { zones: zones.parse(currency).map_err(told)?, taxes: taxes.parse().map_err(told)? })
}

/// The same, and what was read last is kept: it depends on nothing else, and is asked for with every request and batch.
pub fn read_once(zones: &str, taxes: &str, currency: Currency) -> Result<Arc<PriceRules>, String> {
    static LAST: Mutex<Option<Read>> = Mutex::new(None);
    if zones.is_empty() && taxes.is_empty() {
        return Ok(Arc::new(PriceRules::none()));
    }
    let is_same = |last: &&Read| last.zones == zones && last.taxes == taxes && last.currency == currency;
    if let Some(last) = LAST.lock().unwrap_or_else(PoisonError::into_inner).as_ref().filter(is_same) {
        return Ok(last.rules.clone());
    }
    let rules = Arc::new(read(zones, taxes, currency)?);
    let read = Read { zones: zones.to_owned(), taxes: taxes.to_owned(), currency, rules: rules.clone() };
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
    Ok(rules)
}

/// Documents, and what they say.
struct Read {
    zones: String,
    taxes: String,
    currency: Currency,
    rules: Arc<PriceRules>,
}

/// A stored document.
pub fn document<T: for<'a> Deserialize<'a>>(text: &str) -> Result<Option<T>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text).map(Some).map_err(|error| error.to_string())
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        MoneyBody { amount: money.minor, currency: money.currency.code().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd() -> Currency {
        Currency::parse("USD").expect("a currency")
    }

    fn zones(json: &str) -> Result<Vec<Zone>, Vec<Wrong>> {
        serde_json::from_str::<ShippingZones>(json).expect("the right shape").parse(usd())
    }

    fn taxes(json: &str) -> Result<TaxRules, Vec<Wrong>> {
        serde_json::from_str::<TaxRulesBody>(json).expect("the right shape").parse()
    }

    #[track_caller]
    fn check(wrongs: Vec<Wrong>, pointer: &str, code: &str) {
        let told = wrongs.iter().any(|wrong| wrong.pointer == pointer && wrong.code == code);
        assert!(told, "{pointer} {code}: {wrongs:?}");
    }

    /// One zone with one method, which `method` tells of.
    fn zone_of(method: &str) -> String {
        format!(
            r#"{{"zones":[{{"code":"eu","places":["DE"],"methods":[{{"code":"post","title":{{"en":"Post"}},{method}}}]}}]}}"#
        )
    }

    #[test]
    fn every_kind_of_tariff_is_read() {
        for method in [
            r#""price":{"amount":500,"currency":"USD"},"free_from":{"amount":9000,"currency":"USD"},"days":{"min":2,"max":4}"#,
            r#""by_weight":[{"up_to_grams":500,"price":{"amount":500,"currency":"USD"}},{"up_to_grams":2000,"price":{"amount":900,"currency":"USD"}}]"#,
            r#""by_value":[{"from":{"amount":0,"currency":"USD"},"price":{"amount":500,"currency":"USD"}}]"#,
        ] {
            let read = zones(&zone_of(method)).expect(method);
            assert_eq!((read.len(), read[0].methods.len()), (1, 1));
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_where_it_stands() {
        let wrong = |method: &str| zones(&zone_of(method)).expect_err(method);
        check(wrong(r#""days":{"min":1,"max":2}"#), "/zones/0/methods/0", "not-a-tariff");
        let euro = r#""price":{"amount":500,"currency":"EUR"}"#;
        check(wrong(euro), "/zones/0/methods/0/price/currency", "wrong-currency");
        check(wrong(r#""price":{"amount":-1,"currency":"USD"}"#), "/zones", "not-usable");
        let nowhere = r#"{"zones":[{"code":"eu","places":["Germany"],"methods":[]}]}"#;
        check(zones(nowhere).expect_err(nowhere), "/zones/0/places/0", "not-a-place");
        let untitled =
            zone_of(r#""price":{"amount":500,"currency":"USD"}"#).replace(r#"{"en":"Post"}"#, r#"{"fr":""}"#);
        check(zones(&untitled).expect_err("untitled"), "/zones/0/methods/0/title", "unknown-language");

        let bad = r#"{"taxation":"some","rates":[{"place":"DE","class":"standard","percent":101}],"shipping":"Post"}"#;
        let wrongs = taxes(bad).expect_err(bad);
        check(wrongs.clone(), "/taxation", "unknown-taxation");
        check(wrongs.clone(), "/rates/0/percent", "not-a-rate");
        check(wrongs, "/shipping", "not-a-class");
        let hole = r#"{"taxation":"added","rates":[{"place":"DE","class":"reduced","percent":7}]}"#;
        check(taxes(hole).expect_err(hole), "/rates", "not-usable");
    }

    #[test]
    fn a_rate_is_read_as_it_is_written() {
        let rules = taxes(r#"{"taxation":"added","rates":[{"place":"US-NY","class":"standard","percent":8.875}]}"#);
        assert_eq!(rules.expect("rules").rates[0].rate.percent(), "8.875");
    }

    #[test]
    fn a_shop_without_documents_has_no_rules() {
        assert_eq!(read("", "", usd()), Ok(PriceRules::none()));
        assert!(read(r#"{"zones":[{"code":"?","places":[],"methods":[]}]}"#, "", usd()).is_err());
    }
}
