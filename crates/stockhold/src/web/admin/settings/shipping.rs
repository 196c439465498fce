//! Shipping zones: where parcels go, by which methods and for how much; and what an order there would cost.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::Response;
use minijinja::context;
use rules::commands::Refusal;
use rules::money::{Currency, Money};
use rules::places::{Country, Destination, Region};
use rules::pricing::{self, Item};
use rules::shipping::{METHODS_MAX, ShippingRefusal, ZONES_MAX};
use rules::taxes::TaxClass;
use rules::text::Sku;
use serde::Deserialize;
use serde_json::{Value, json};

use super::form::{Sent, Sheet, Typed, Values, as_read};
use super::taxes::fault;
use crate::catalogue::sheet::{Decimal, amount};
use crate::language::countries;
use crate::shop::Settings;
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::api::settings::{SettingsFields, change_to, zones};
use crate::web::problem::FieldError;

const METHOD: [&str; 9] = ["code", "en", "zh", "kind", "price", "steps", "free_from", "days_min", "days_max"];

#[derive(Debug, Clone, Default)]
struct ZoneRow {
    code: String,
    places: String,
    methods: Vec<[String; 9]>,
}

/// What somebody wants to try.
#[derive(Debug, Default, Deserialize)]
pub struct Preview {
    #[serde(default)]
    value: String,
    #[serde(default)]
    grams: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    region: String,
}

pub async fn show(desk: Desk, asked: Result<Query<Preview>, QueryRejection>) -> Result<Response, PageError> {
    let settings = desk.shop.read_settings().await?;
    page(&desk, &Sheet::of(values(&settings)?, settings.revision), &settings, &asked?.0)
}

pub async fn save(desk: Desk, sent: Sent) -> Result<Response, PageError> {
    let typed = Typed::read(sent)?;
    let settings = desk.shop.read_settings().await?;
    let mut rows = rows(&typed);
    let only_rows = arrange(&mut rows, &typed);
    let mut sheet = Sheet::of(typed_values(&rows), typed.revision());
    if only_rows {
        let page = page(&desk, &sheet, &settings, &Preview::default())?;
        return Ok(noted(page, "a row of the form; nothing was saved"));
    }
    let mut reader = Reader { desk: &desk, sheet: &mut sheet, currency: settings.currency };
    let document =
        json!({ "zones": rows.iter().enumerate().map(|(at, row)| reader.zone(at, row)).collect::<Vec<_>>() });
    if !sheet.is_right() {
        return page(&desk, &sheet, &settings, &Preview::default());
    }
    let document = serde_json::from_value(document).map_err(|_| PageError::Unreadable)?;
    match change_to(&desk.shop, &as_read(sheet.revision), SettingsFields::of_zones(document)).await {
        Ok(_) => Ok(desk.done("/admin/settings/shipping", "saved")),
        Err(problem) => {
            let stands = desk.shop.read_settings().await?;
            sheet.refuse(&desk, problem, field, (values(&stands)?, stands.revision))?;
            page(&desk, &sheet, &stands, &Preview::default())
        }
    }
}

/// Adds or takes away what a button says; whether it did.
fn arrange(rows: &mut Vec<ZoneRow>, typed: &Typed) -> bool {
    let new = || ["", "", "", "price", "", "", "", "", ""].map(str::to_owned);
    if typed.get("do") == "add-zone" {
        if rows.len() < ZONES_MAX {
            rows.push(ZoneRow { methods: vec![new()], ..ZoneRow::default() });
        }
    } else if let Some(at) = typed.pressed("remove-zone-").filter(|at| *at < rows.len()) {
        rows.remove(at);
    } else if let Some(row) = typed.pressed("add-method-").and_then(|at| rows.get_mut(at)) {
        if row.methods.len() < METHODS_MAX {
            row.methods.push(new());
        }
    } else if let Some(both) = typed.get("do").strip_prefix("remove-method-") {
        let both = both.split_once('-').and_then(|(zone, at)| Some((zone.parse().ok()?, at.parse().ok()?)));
        if let Some((zone, at)) = both
            && let Some(row) = rows.get_mut::<usize>(zone)
            && at < row.methods.len()
        {
            row.methods.remove(at);
        }
    } else {
        return false;
    }
    true
}

fn page(desk: &Desk, sheet: &Sheet, settings: &Settings, asked: &Preview) -> Result<Response, PageError> {
    let rows: Vec<_> = (0..zone_count(&sheet.values))
        .map(|zone| context! { zone, methods => (0..method_count(&sheet.values, zone)).collect::<Vec<_>>() })
        .collect();
    let preview = preview(desk, settings, asked);
    let context = context! { form => sheet.value(), rows, preview, section => "shipping" };
    desk.page(sheet.status(), "admin/settings/shipping.html", context)
}

fn zone_count(values: &Values) -> usize {
    (0..ZONES_MAX).take_while(|zone| values.contains_key(&format!("zone-{zone}-code"))).count()
}

fn method_count(values: &Values, zone: usize) -> usize {
    (0..METHODS_MAX).take_while(|at| values.contains_key(&format!("zone-{zone}-method-{at}-code"))).count()
}

fn rows(typed: &Typed) -> Vec<ZoneRow> {
    let values = typed.values();
    let get = |name: String| values.get(&name).cloned().unwrap_or_default();
    let method = |zone: usize, at: usize| METHOD.map(|part| get(format!("zone-{zone}-method-{at}-{part}")));
    (0..zone_count(&values))
        .map(|zone| ZoneRow {
            code: get(format!("zone-{zone}-code")),
            places: get(format!("zone-{zone}-places")),
            methods: (0..method_count(&values, zone)).map(|at| method(zone, at)).collect(),
        })
        .collect()
}

fn typed_values(rows: &[ZoneRow]) -> Values {
    let mut values = Values::new();
    for (zone, row) in rows.iter().enumerate() {
        values.insert(format!("zone-{zone}-code"), row.code.clone());
        values.insert(format!("zone-{zone}-places"), row.places.clone());
        for (at, method) in row.methods.iter().enumerate() {
            for (part, text) in METHOD.iter().zip(method) {
                values.insert(format!("zone-{zone}-method-{at}-{part}"), text.clone());
            }
        }
    }
    values
}

/// What stands, as the form writes it.
fn values(settings: &Settings) -> Result<Values, PageError> {
    let document = serde_json::to_value(zones(settings).map_err(fault)?).unwrap_or_default();
    let money = |value: &Value| {
        let minor = value["amount"].as_i64();
        minor.map_or_else(String::new, |minor| Money::new(minor, settings.currency).plain())
    };
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let method = |method: &Value| {
        let (kind, steps) = match (&method["by_weight"], &method["by_value"]) {
            (Value::Array(steps), _) => (
                "by_weight",
                steps.iter().map(|s| format!("{} {}", text(&s["up_to_grams"]), money(&s["price"]))).collect(),
            ),
            (_, Value::Array(steps)) => {
                ("by_value", steps.iter().map(|s| format!("{} {}", money(&s["from"]), money(&s["price"]))).collect())
            }
            _ => ("price", Vec::<String>::new()),
        };
        [
            text(&method["code"]),
            text(&method["title"]["en"]),
            text(&method["title"]["zh-CN"]),
            kind.to_owned(),
            money(&method["price"]),
            steps.join("\n"),
            money(&method["free_from"]),
            text(&method["days"]["min"]),
            text(&method["days"]["max"]),
        ]
    };
    let rows: Vec<ZoneRow> = list(&document["zones"])
        .iter()
        .map(|zone| ZoneRow {
            code: text(&zone["code"]),
            places: list(&zone["places"]).iter().map(text).collect::<Vec<_>>().join(", "),
            methods: list(&zone["methods"]).iter().map(method).collect(),
        })
        .collect();
    Ok(typed_values(&rows))
}

/// Reads rows into the document that the API takes.
struct Reader<'a> {
    desk: &'a Desk,
    sheet: &'a mut Sheet,
    currency: Currency,
}

impl Reader<'_> {
    fn zone(&mut self, at: usize, row: &ZoneRow) -> Value {
        let places: Vec<String> = row
            .places
            .split(|letter: char| letter == ',' || letter == '，' || letter == '、' || letter.is_whitespace())
            .filter(|place| !place.is_empty())
            .map(str::to_uppercase)
            .collect();
        let methods: Vec<Value> =
            row.methods.iter().enumerate().map(|(method_at, method)| self.method(at, method_at, method)).collect();
        json!({ "code": row.code, "places": places, "methods": methods })
    }

    fn method(&mut self, zone: usize, at: usize, method: &[String; 9]) -> Value {
        let field = |part: &str| format!("zone-{zone}-method-{at}-{part}");
        let [code, en, zh, kind, price, steps, free_from, min, max] = method;
        let titles = [("en", en), ("zh-CN", zh)].into_iter().filter(|(_, title)| !title.is_empty());
        let titles: serde_json::Map<String, Value> =
            titles.map(|(tag, title)| (tag.to_owned(), Value::from(title.as_str()))).collect();
        let mut read = json!({ "code": code, "title": titles });
        match kind.as_str() {
            "by_weight" => {
                let steps = self.steps(&field("steps"), steps, |this, first, price| {
                    let grams: i64 = first.parse().ok()?;
                    Some(json!({ "up_to_grams": grams, "price": this.money(price)? }))
                });
                read["by_weight"] = steps;
            }
            "by_value" => {
                let steps = self.steps(&field("steps"), steps, |this, first, price| {
                    Some(json!({ "from": this.money(first)?, "price": this.money(price)? }))
                });
                read["by_value"] = steps;
            }
            _ => match self.money(price) {
                Some(money) => read["price"] = money,
                None => self.sheet.put(self.desk, &field("price"), "not-an-amount", "This is not an amount."),
            },
        }
        if !free_from.is_empty() {
            match self.money(free_from) {
                Some(money) => read["free_from"] = money,
                None => self.sheet.put(self.desk, &field("free_from"), "not-an-amount", "This is not an amount."),
            }
        }
        if !min.is_empty() || !max.is_empty() {
            match (min.parse::<u16>(), max.parse::<u16>()) {
                (Ok(min), Ok(max)) => read["days"] = json!({ "min": min, "max": max }),
                _ => self.sheet.put(self.desk, &field("days_min"), "not-days", "Write both as whole days."),
            }
        }
        read
    }

    /// A step a line: `500 5.00`.
    fn steps(&mut self, field: &str, text: &str, step: impl Fn(&Self, &str, &str) -> Option<Value>) -> Value {
        let mut read = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let parts: Vec<&str> = line.split([' ', '\t', ':', '=']).filter(|part| !part.is_empty()).collect();
            match parts.as_slice() {
                [first, price] if step(self, first, price).is_some() => read.extend(step(self, first, price)),
                _ => self.sheet.put(self.desk, field, "not-a-step", "Write two numbers a line."),
            }
        }
        Value::from(read)
    }

    fn money(&self, text: &str) -> Option<Value> {
        let minor = amount(text, self.currency, Decimal::Point).ok()?;
        Some(json!({ "amount": minor, "currency": self.currency.code() }))
    }
}

/// `/shipping_zones/0/methods/1/by_weight/0/price` → `zone-0-method-1-steps`.
fn field(error: &FieldError) -> String {
    let parts: Vec<&str> = error.pointer.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["shipping_zones", zone, "places", ..] => format!("zone-{zone}-places"),
        ["shipping_zones", zone, "methods", at, part, ..] => {
            let part = match *part {
                "title" => "en",
                "by_weight" | "by_value" => "steps",
                other => other,
            };
            format!("zone-{zone}-method-{at}-{part}")
        }
        ["shipping_zones", zone, "methods", at] => format!("zone-{zone}-method-{at}-price"),
        ["shipping_zones", zone, ..] if !zone.is_empty() => format!("zone-{zone}-code"),
        _ => String::new(),
    }
}

/// What an order of this value would cost there, by the rules that are saved and by the law's own pricing.
pub fn preview(desk: &Desk, settings: &Settings, asked: &Preview) -> minijinja::value::Value {
    let (rules, currency) = (&settings.policy.prices, settings.currency);
    let chosen = if asked.country.is_empty() { rules.home() } else { Country::parse(&asked.country).ok() };
    let options: Vec<_> = countries(desk.language)
        .map(|(country, name)| context! { value => country.code(), name, chosen => Some(country) == chosen })
        .collect();
    let value =
        if asked.value.is_empty() { Money::new(example(currency), currency).plain() } else { asked.value.clone() };
    let region = Region::parse(&asked.region).ok();
    let (mut wrong, mut rows) = (String::new(), Vec::new());
    match (amount(value.trim(), currency, Decimal::Point), chosen) {
        (Ok(minor), Some(country)) => {
            let destination = Destination { country, region };
            let items = [sample(minor, asked.grams.trim().parse().ok())];
            match ways(settings, &items, &destination) {
                Ok(quotes) => {
                    rows = quotes
                        .iter()
                        .map(|quote| {
                            let titles = quote.delivery.as_ref().map(|delivery| &delivery.titles);
                            let title = titles
                                .and_then(|titles| titles.get(desk.language.tag()).or_else(|| titles.values().next()));
                            context! {
                                title => title.cloned().unwrap_or_else(|| desk.say("admin-preview-nothing-sent", &[])),
                                shipping => desk.money(quote.shipping_minor),
                                tax => desk.money(quote.tax_minor),
                                total => desk.money(quote.total_minor),
                            }
                        })
                        .collect();
                }
                Err(refusal) => wrong = refused(desk, &refusal),
            }
        }
        (Err(_), _) => wrong = desk.say("admin-wrong-not-an-amount", &[]),
        (Ok(_), None) => {}
    }
    context! { value, grams => asked.grams.as_str(), region => asked.region.as_str(), options, wrong, rows }
}

/// Fifty of the currency, or five thousand where there are no cents.
fn example(currency: Currency) -> i64 {
    5 * 10_i64.pow(currency.decimals() + 1).max(1_000)
}

fn sample(minor: i64, weight_grams: Option<i64>) -> Item {
    Item {
        sku: Sku::parse("sample").expect("visible ASCII"),
        product: "sample".to_owned(),
        collections: Vec::new(),
        unit_price_minor: minor,
        quantity: 1,
        weight_grams,
        tax_class: TaxClass::standard(),
    }
}

/// A quote for each way the goods can be sent.
fn ways(settings: &Settings, items: &[Item], to: &Destination) -> Result<Vec<pricing::Quote>, Refusal> {
    let (rules, currency) = (&settings.policy.prices, settings.currency);
    let goods = pricing::goods(items, None, currency)?;
    let deliveries = rules.deliveries(&goods, Some(to))?;
    let quote = |method: Option<&str>| rules.quote(items, None, Some(to), method, currency);
    if deliveries.is_empty() {
        return Ok(vec![quote(None)?]);
    }
    deliveries.iter().map(|delivery| quote(Some(&delivery.method))).collect()
}

fn refused(desk: &Desk, refusal: &Refusal) -> String {
    let key = match refusal {
        Refusal::Shipping(ShippingRefusal::RegionMissing { .. }) => "admin-preview-region",
        Refusal::Shipping(ShippingRefusal::NotDeliveredThere { .. }) => "admin-preview-not-there",
        Refusal::Shipping(ShippingRefusal::NothingCarriesIt { .. }) => "admin-preview-nothing-carries",
        _ => "admin-preview-refused",
    };
    desk.say(key, &[])
}
