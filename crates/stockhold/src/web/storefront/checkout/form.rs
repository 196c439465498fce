//! What a buyer types at checkout: read, checked field by field, and kept until it is right.

use std::collections::BTreeMap;

use rules::places::{Destination, Region};
use rules::text::Email;
use serde::Deserialize;

use crate::language::find_country;
use crate::web::api::checkout::NEEDED;
use crate::web::session::Visitor;
use crate::web::storefront::plain;

/// The longest text of one address field.
const FIELD_CHARS_MAX: usize = 200;
/// The address fields, in the order of the form.
const ADDRESS: [&str; 6] = ["name", "street", "postal_code", "city", "region", "country"];

/// What was typed; it is shown again until it is right.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct CheckoutForm {
    #[serde(default)]
    pub order_id: String,
    #[serde(default)]
    pub seen: String,
    #[serde(default)]
    pub email: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub street: String,
    #[serde(default)]
    pub postal_code: String,
    #[serde(default)]
    pub city: String,
    #[serde(default)]
    pub region: String,
    #[serde(default)]
    pub country: String,
    #[serde(default)]
    pub shipping_method: String,
    #[serde(default)]
    pub coupon: String,
    /// Pressed: look at the code, the delivery and the total; order nothing.
    #[serde(default)]
    pub apply: String,
}

/// A place as people write it.
pub fn destination(country: &str, region: &str) -> Option<Destination> {
    Some(Destination { country: find_country(country)?, region: Region::parse(region.trim()).ok() })
}

impl CheckoutForm {
    pub fn field(&self, name: &str) -> &str {
        match name {
            "name" => &self.name,
            "street" => &self.street,
            "postal_code" => &self.postal_code,
            "city" => &self.city,
            "region" => &self.region,
            "country" => &self.country,
            _ => "",
        }
    }

    /// Where it goes, as far as it can be read.
    pub fn destination(&self) -> Option<Destination> {
        destination(&self.country, &self.region)
    }

    /// What cannot be used, by field; `sends`: the shop sends the goods, and needs to know where.
    pub fn wrong_fields(&self, visitor: &Visitor, sends: bool) -> BTreeMap<&'static str, String> {
        let mut wrong = BTreeMap::new();
        if Email::parse(&self.email).is_err() {
            wrong.insert("email", visitor.say("checkout-email-wrong", &[]));
        }
        for name in ADDRESS {
            let text = plain(self.field(name));
            if text.is_none_or(|text| text.chars().count() > FIELD_CHARS_MAX) {
                let most = i64::try_from(FIELD_CHARS_MAX).unwrap_or(i64::MAX);
                wrong.insert(name, visitor.say("checkout-text-wrong", &[("most", most.into())]));
            } else if sends && NEEDED.contains(&name) && text.is_some_and(str::is_empty) {
                wrong.insert(name, visitor.say("checkout-text-missing", &[]));
            }
        }
        wrong
    }

    /// The address as JSON, with the fields that were filled in; empty when none was.
    pub fn address(&self) -> String {
        let filled: serde_json::Map<String, serde_json::Value> = ADDRESS
            .iter()
            .map(|name| ((*name).to_owned(), self.field(name).trim()))
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name, text.into()))
            .collect();
        if filled.is_empty() { String::new() } else { serde_json::Value::Object(filled).to_string() }
    }
}
