//! What the shopkeeper sets, read and changed. A change counts with the next request and the next order, at every
//! instance: nothing is started again.
//!
//! A new group of settings is a field of [`SettingsBody`] and of [`SettingsFields`], and a line in
//! [`SettingsFields::changes`].

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rules::books::HOLD_MAX;
use rules::money::Currency;
use rules::text::Email;
use rules::time::Span;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

use super::conditions::{Conditions, tagged};
use super::input::{Body, said};
use crate::language::{Language, zone_name};
use crate::price_rules::{ShippingZones, TaxRulesBody, ZoneBody, document};
use crate::shop::{Settings, Shop};
use crate::storage::settings::{self, Changed, NewCurrency};
use crate::web::PageError;
use crate::web::problem::{FieldError, Problem, ProblemBody};

/// A name stands on every page and in the subject of every letter.
const NAME_CHARS_MAX: usize = 100;
/// More unpaid orders at once than any counter or office needs; below it a cap still caps.
const HOLDS_MAX: i64 = 10_000;
/// More pieces than this are never few.
const LOW_STOCK_MAX: i64 = 1_000;

/// The settings as they stand.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settings)]
pub struct SettingsBody {
    /// Language tag → name.
    #[schema(example = json!({"en": "Harbour Kiln", "zh-CN": "海港窑"}))]
    name: BTreeMap<&'static str, String>,
    #[schema(example = "USD")]
    currency: String,
    /// An IANA name.
    #[schema(example = "Asia/Hong_Kong")]
    time_zone: String,
    /// The languages its pages are offered in, the preferred one first.
    #[schema(example = json!(["en", "zh-CN"]))]
    languages: Vec<&'static str>,
    /// How long goods are held for an unpaid order.
    #[schema(value_type = f64, example = 30)]
    hold_minutes: Option<Number>,
    /// The most unpaid orders of one e-mail address, and of one client address.
    holds_per_buyer_max: i64,
    holds_per_client_max: i64,
    /// Who hears of what a person must look at; empty: the address that letters come from.
    owner_email: String,
    owner_language: &'static str,
    /// Whether the owner hears of each new order by letter.
    owner_order_letters: bool,
    /// At and below this many, pages say how many are left; 0: never.
    low_stock: i64,
    /// Where parcels go, by which methods and for how much.
    shipping_zones: Vec<ZoneBody>,
    tax_rules: TaxRulesBody,
}

/// What is said of the settings; what is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SettingsFields)]
pub struct SettingsFields {
    /// Language tag → name; a language that is left out keeps its name.
    name: Option<BTreeMap<String, String>>,
    /// Fixed once an order has been placed.
    currency: Option<String>,
    time_zone: Option<String>,
    languages: Option<Vec<String>>,
    /// More than 0, at most a year; fractions are allowed. `null`: what the machine is set to (`STOCKHOLD_HOLD_MINUTES`).
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<f64>)]
    hold_minutes: Option<Option<Number>>,
    holds_per_buyer_max: Option<i64>,
    holds_per_client_max: Option<i64>,
    owner_email: Option<String>,
    owner_language: Option<String>,
    owner_order_letters: Option<bool>,
    low_stock: Option<i64>,
    /// Replaces all of them.
    shipping_zones: Option<Vec<ZoneBody>>,
    /// Replaces all of them.
    tax_rules: Option<TaxRulesBody>,
}

/// Shows the settings.
#[utoipa::path(get, path = "/api/admin/settings", tag = "admin", operation_id = "show_settings",
    security(("key" = ["settings:read"])),
    responses((status = 200, description = "The settings", body = SettingsBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(State(shop): State<Arc<Shop>>, conditions: Conditions) -> Result<Response, Problem> {
    let settings = shop.read_settings().await?;
    Ok(conditions.show(settings.revision, &body(&settings)?))
}

/// Changes what is said of them, and nothing else. It counts from the next request on, at every instance.
#[utoipa::path(patch, path = "/api/admin/settings", tag = "admin", operation_id = "change_settings",
    request_body = SettingsFields, security(("key" = ["settings:write"])),
    responses((status = 200, description = "The settings as they stand now", body = SettingsBody),
        (status = 409, description = "`currency-in-use`: orders have been placed in it; `prices-in-the-way`: prices would say \
            another amount in it", body = ProblemBody, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn change(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Body(input): Body<SettingsFields>,
) -> Result<Response, Problem> {
    let settings = change_to(&shop, &conditions, input).await?;
    Ok(tagged(StatusCode::OK, settings.revision, &body(&settings)?))
}

/// The same for every route that changes settings.
pub async fn change_to(shop: &Shop, conditions: &Conditions, input: SettingsFields) -> Result<Arc<Settings>, Problem> {
    let before = shop.read_settings().await?;
    conditions.to_change(Some(before.revision))?;
    let changes = input.changes(&before)?;
    let currency = changes.iter().find(|(key, _)| *key == settings::CURRENCY).and_then(|(_, code)| code.as_deref());
    let currency = currency.and_then(|code| Currency::parse(code).ok()).map(|new| NewCurrency {
        counts_alike: (new.decimals(), new.step_minor()) == (before.currency.decimals(), before.currency.step_minor()),
    });
    match settings::change(&shop.storage, before.revision, &changes, currency).await? {
        Changed::Done => Ok(shop.read_settings().await?),
        Changed::NotAsRead => Err(conditions.overtaken()),
        Changed::CurrencyInUse => {
            let detail = format!("Orders have been placed in {}; it stays.", before.currency);
            Err(Problem::conflict("currency-in-use", detail).at("/currency".to_owned()))
        }
        Changed::PricesInTheWay => {
            let detail = format!(
                "Prices stand in {}, which is counted otherwise: they would say other amounts. Set them to 0 first.",
                before.currency
            );
            Err(Problem::conflict("prices-in-the-way", detail).at("/currency".to_owned()))
        }
    }
}

fn body(settings: &Settings) -> Result<SettingsBody, Problem> {
    let policy = &settings.policy;
    Ok(SettingsBody {
        name: Language::ALL.iter().map(|language| (language.tag(), settings.name(*language).to_owned())).collect(),
        currency: settings.currency.code().to_owned(),
        time_zone: settings.time_zone.clone(),
        languages: settings.languages.iter().map(|language| language.tag()).collect(),
        hold_minutes: serde_json::from_str(&policy.hold.minutes_text()).ok(),
        holds_per_buyer_max: policy.holds_per_buyer_max,
        holds_per_client_max: policy.holds_per_client_max,
        owner_email: settings.owner_email.clone(),
        owner_language: settings.owner_language.tag(),
        owner_order_letters: settings.owner_order_letters,
        low_stock: settings.low_stock,
        shipping_zones: zones(settings)?.zones,
        tax_rules: tax_rules(settings)?,
    })
}

pub fn zones(settings: &Settings) -> Result<ShippingZones, Problem> {
    Ok(stored(&settings.shipping_zones)?.unwrap_or_default())
}

pub fn tax_rules(settings: &Settings) -> Result<TaxRulesBody, Problem> {
    Ok(stored(&settings.tax_rules)?.unwrap_or_else(TaxRulesBody::none))
}

fn stored<T: for<'a> Deserialize<'a>>(text: &str) -> Result<Option<T>, Problem> {
    document(text).map_err(|error| Problem::fault(PageError::Fault(format!("a stored setting: {error}"))))
}

/// As it is stored.
fn text(document: &impl Serialize) -> Option<String> {
    Some(serde_json::to_string(document).expect("what was read from JSON is JSON"))
}

/// Keys with what they shall be; none: as if nobody had ever set it.
type Changes = Vec<(&'static str, Option<String>)>;

/// What is wrong, collected field by field.
#[derive(Debug, Default)]
struct Wrongs(Vec<FieldError>);

impl Wrongs {
    fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.0.push(FieldError { pointer: pointer.into(), code, detail: detail.into() });
    }
}

impl SettingsFields {
    pub fn of_zones(zones: ShippingZones) -> SettingsFields {
        SettingsFields { shipping_zones: Some(zones.zones), ..SettingsFields::default() }
    }

    pub fn of_taxes(rules: TaxRulesBody) -> SettingsFields {
        SettingsFields { tax_rules: Some(rules), ..SettingsFields::default() }
    }

    /// The rows that change; names every field that cannot be used.
    fn changes(self, before: &Settings) -> Result<Changes, Problem> {
        let mut wrongs = Wrongs::default();
        let mut changes = Changes::new();
        names(self.name.unwrap_or_default(), &mut changes, &mut wrongs);
        if let Some(code) = self.currency {
            match Currency::parse(&code).ok().filter(Currency::is_charged) {
                Some(currency) if currency == before.currency => {} // As it is: whatever has been sold already.
                Some(currency) => changes.push((settings::CURRENCY, Some(currency.code().to_owned()))),
                None => wrongs.add("/currency", "not-a-currency", "Send a currency that Stripe charges, such as USD."),
            }
        }
        let new = changes.iter().find(|(key, _)| *key == settings::CURRENCY).and_then(|(_, code)| code.as_deref());
        let currency = new.and_then(|code| Currency::parse(code).ok()).unwrap_or(before.currency);
        if let Some(zones) = self.shipping_zones {
            let zones = ShippingZones { zones };
            for wrong in zones.parse(currency).err().into_iter().flatten() {
                let place = wrong.pointer.trim_start_matches("/zones");
                wrongs.add(format!("/shipping_zones{place}"), wrong.code, wrong.detail);
            }
            changes.push((settings::SHIPPING_ZONES, text(&zones)));
        } else if currency != before.currency && zones(before)?.parse(currency).is_err() {
            // Rules that cannot be read would close the shop.
            let detail =
                format!("Shipping prices stand in {}. Send shipping_zones in {currency} with it.", before.currency);
            return Err(Problem::conflict("prices-in-the-way", detail).at("/currency".to_owned()));
        }
        if let Some(rules) = self.tax_rules {
            for wrong in rules.parse().err().into_iter().flatten() {
                wrongs.add(format!("/tax_rules{}", wrong.pointer), wrong.code, wrong.detail);
            }
            changes.push((settings::TAX_RULES, text(&rules)));
        }
        if let Some(name) = self.time_zone {
            match zone_name(&name) {
                Some(name) => changes.push(("time_zone", Some(name))),
                None => {
                    wrongs.add("/time_zone", "not-a-time-zone", "Send an IANA name such as Europe/Paris.");
                }
            }
        }
        if let Some(tags) = self.languages {
            changes.push(("languages", languages(&tags, &mut wrongs)));
        }
        if let Some(minutes) = self.hold_minutes {
            let hold = minutes.map(|minutes| Span::parse_minutes(&minutes.to_string()));
            if hold.is_some_and(|hold| !hold.is_some_and(|hold| hold > Span::micros(0) && hold <= HOLD_MAX)) {
                wrongs.add("/hold_minutes", "out-of-range", "More than 0 minutes, at most a year.");
            }
            changes.push((settings::HOLD_MICROS, hold.flatten().map(|hold| hold.as_micros().to_string())));
        }
        for (key, most) in [
            (settings::HOLDS_PER_BUYER_MAX, self.holds_per_buyer_max),
            (settings::HOLDS_PER_CLIENT_MAX, self.holds_per_client_max),
        ] {
            if most.is_some_and(|most| !(1..=HOLDS_MAX).contains(&most)) {
                wrongs.add(format!("/{key}"), "out-of-range", format!("1 to {HOLDS_MAX}."));
            }
            changes.extend(most.map(|most| (key, Some(most.to_string()))));
        }
        if let Some(email) = self.owner_email {
            if !email.is_empty() && Email::parse(&email).is_err() {
                wrongs.add("/owner_email", "not-an-email", "Send an e-mail address, or empty text.");
            }
            changes.push(("owner_email", Some(email)));
        }
        if let Some(tag) = self.owner_language {
            if language(&tag).is_none() {
                wrongs.add("/owner_language", "unknown-language", unknown(&tag));
            }
            changes.push(("owner_language", Some(tag)));
        }
        let wished = self.owner_order_letters.map(|wished| i64::from(wished).to_string());
        changes.extend(wished.map(|wished| (settings::OWNER_ORDER_LETTERS, Some(wished))));
        if let Some(few) = self.low_stock {
            if !(0..=LOW_STOCK_MAX).contains(&few) {
                wrongs.add("/low_stock", "out-of-range", format!("0 to {LOW_STOCK_MAX}."));
            }
            changes.push((settings::LOW_STOCK, Some(few.to_string())));
        }
        if wrongs.0.is_empty() { Ok(changes) } else { Err(Problem::invalid_fields(wrongs.0)) }
    }
}

fn names(names: BTreeMap<String, String>, changes: &mut Changes, wrongs: &mut Wrongs) {
    for (tag, name) in names {
        let key = match language(&tag) {
            Some(Language::En) => "name_en",
            Some(Language::ZhCn) => "name_zh",
            None => {
                wrongs.add("/name", "unknown-language", unknown(&tag));
                continue;
            }
        };
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            let detail = format!("1 to {NAME_CHARS_MAX} characters on one line.");
            wrongs.add(format!("/name/{tag}"), "not-a-name", detail);
        }
        changes.push((key, Some(name.to_owned())));
    }
}

/// The tags as they are stored.
fn languages(tags: &[String], wrongs: &mut Wrongs) -> Option<String> {
    for (at, tag) in tags.iter().enumerate() {
        if language(tag).is_none() {
            wrongs.add(format!("/languages/{at}"), "unknown-language", unknown(tag));
        } else if tags[..at].contains(tag) {
            wrongs.add(format!("/languages/{at}"), "twice", "Each language once.");
        }
    }
    if tags.is_empty() {
        wrongs.add("/languages", "empty", "A shop speaks at least one language.");
    }
    Some(tags.join(" "))
}

/// Exactly as it is written here and in answers.
fn language(tag: &str) -> Option<Language> {
    Language::ALL.into_iter().find(|language| language.tag() == tag)
}

fn unknown(tag: &str) -> String {
    format!("There is no language {tag}; send en or zh-CN.")
}
