//! Languages: the shop's words, and how money and moments are written.
//!
//! The words are Fluent files inside the binary; a data folder overrides single words in `locales/TAG/*.ftl`.
//! Invariant: what is shown of an amount is exact. Digits are left out only when they are zero (M1).

mod countries;
mod days;
mod failures;
mod totals;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jiff::tz::{AmbiguousOffset, AmbiguousTimestamp};
use rules::money::{Currency, Money};
use rules::time::Timestamp;

pub use countries::{countries, country_name, find_country};
pub use days::{Day, days_between, last_days, machine_date};
pub use failures::refund_failure;
pub use totals::{Row as TotalRow, Totals};

/// A language the shop speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    En,
    ZhCn,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::En, Language::ZhCn];

    /// The tag in `lang`, in stored texts and in orders.
    pub fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::ZhCn => "zh-CN",
        }
    }

    /// Reads a tag as people and browsers write it: `en-GB` is English, `zh-Hans` is Chinese.
    pub fn parse(tag: &str) -> Option<Language> {
        let main = tag.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        match main.as_str() {
            "en" => Some(Language::En),
            "zh" => Some(Language::ZhCn),
            _ => None,
        }
    }

    /// What an order's or a cart's stored language means; English when this version does not speak it.
    pub fn of_tag(tag: &str) -> Language {
        Language::parse(tag).unwrap_or(Language::En)
    }

    /// What every address of a page in this language begins with.
    pub fn prefix(self) -> &'static str {
        match self {
            Language::En => "",
            Language::ZhCn => "/zh",
        }
    }
}

/// The tag, so that whatever keeps texts by tag can be asked with a language.
impl AsRef<str> for Language {
    fn as_ref(&self) -> &str {
        self.tag()
    }
}

/// Why the shop's words cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    #[error("{file} cannot be read: {error}")]
    Unreadable { file: PathBuf, error: std::io::Error },
    #[error("{file} is not a file of words: {mistake}")]
    Mistaken { file: String, mistake: String },
}

#[derive(rust_embed::RustEmbed)]
#[folder = "locales/"]
struct Files;

/// A value inside a sentence: `3.into()`, `name.into()`.
pub type Argument<'a> = FluentValue<'a>;

/// All words of all languages, loaded once and shared.
#[derive(Clone)]
pub struct Words {
    bundles: Arc<BTreeMap<Language, FluentBundle<FluentResource>>>,
}

impl Words {
    /// The words of this data folder over those inside the binary; a mistake in them is told, and those inside are used.
    pub fn of(data_dir: &Path) -> Words {
        Words::load(Some(data_dir)).unwrap_or_else(|error| {
            tracing::error!(%error, "the data folder's words cannot be used");
            Words::built_in()
        })
    }

    /// The words inside the binary.
    pub fn built_in() -> Words {
        Words::load(None).expect("a test loads the words inside the binary")
    }

    /// The words inside the binary, overridden by those in `DATA_DIR/locales/TAG/*.ftl`.
    pub fn load(data_dir: Option<&Path>) -> Result<Words, WordsError> {
        let mut bundles = BTreeMap::new();
        for language in Language::ALL {
            let tag = language.tag().parse().expect("the shop's own tags are language tags");
            let mut bundle = FluentBundle::new_concurrent(vec![tag]);
            // The marks around inserted values would end up in titles, attributes and letters.
            bundle.set_use_isolating(false);
            for (file, text) in built_in_files(language) {
                let resource = resource(&file, text)?;
                bundle.add_resource(resource).map_err(|errors| mistaken(&file, &errors))?;
            }
            for (file, text) in own_files(data_dir, language)? {
                bundle.add_resource_overriding(resource(&file, text)?);
            }
            bundles.insert(language, bundle);
        }
        Ok(Words { bundles: Arc::new(bundles) })
    }

    /// Says a sentence: `words.say(language, "cart-count", &[("count", 3.into())])`.
    ///
    /// A word that a language lacks is said in English, and one that nobody knows shows its key: a page is never
    /// withheld for a word. Builds for development stop there instead.
    pub fn say(&self, language: Language, key: &str, values: &[(&str, Argument<'_>)]) -> String {
        let said = self.said(language, key, values).or_else(|| {
            tracing::error!(key, language = language.tag(), "a word is missing");
            self.said(Language::En, key, values)
        });
        debug_assert!(said.is_some(), "the word {key} is missing in every language");
        said.unwrap_or_else(|| key.to_owned())
    }

    /// Whether this language has the word itself.
    pub fn has(&self, language: Language, key: &str) -> bool {
        self.bundles[&language].has_message(key)
    }

    fn said(&self, language: Language, key: &str, values: &[(&str, Argument<'_>)]) -> Option<String> {
        let bundle = &self.bundles[&language];
        let pattern = bundle.get_message(key)?.value()?;
        let mut arguments = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            arguments.set(*name, value.clone());
        }
        let mut errors = Vec::new();
        let said = bundle.format_pattern(pattern, Some(&arguments), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(key, language = language.tag(), ?errors, "a word cannot be said in full");
            debug_assert!(errors.is_empty(), "the word {key} cannot be said in full: {errors:?}");
        }
        Some(said)
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words").field("languages", &self.bundles.keys()).finish()
    }
}

fn built_in_files(language: Language) -> Vec<(String, String)> {
    let folder = format!("{}/", language.tag());
    let names = Files::iter().filter(|name| name.starts_with(&folder) && name.ends_with(".ftl"));
    names
        .map(|name| {
            let file = Files::get(&name).expect("a file that is listed is there");
            (name.into_owned(), String::from_utf8_lossy(&file.data).into_owned())
        })
        .collect()
}

fn own_files(data_dir: Option<&Path>, language: Language) -> Result<Vec<(String, String)>, WordsError> {
    let Some(folder) = data_dir.map(|folder| folder.join("locales").join(language.tag())) else {
        return Ok(Vec::new());
    };
    let unreadable = |file: &Path| {
        let file = file.to_owned();
        move |error| WordsError::Unreadable { file, error }
    };
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable(&folder))? {
        let path = entry.map_err(unreadable(&folder))?.path();
        if path.extension().is_some_and(|extension| extension == "ftl") {
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            files.push((path.display().to_string(), text));
        }
    }
    files.sort();
    Ok(files)
}

fn resource(file: &str, text: String) -> Result<FluentResource, WordsError> {
    FluentResource::try_new(text).map_err(|(_, errors)| mistaken(file, &errors))
}

fn mistaken<E: std::fmt::Debug>(file: &str, errors: &[E]) -> WordsError {
    WordsError::Mistaken { file: file.to_owned(), mistake: format!("{errors:?}") }
}

/// Non-breaking: an amount never wraps.
const NO_BREAK: char = '\u{a0}';
const MINUS: char = '\u{2212}';

/// Writes an amount as CLDR does in this language, with a true minus sign.
pub fn format_money(language: Language, money: Money) -> String {
    let stored = money.currency.decimals();
    let unit = 10_u64.pow(stored);
    let (whole, part) = (money.minor.unsigned_abs() / unit, money.minor.unsigned_abs() % unit);
    let mut text = String::new();
    if money.minor < 0 {
        text.push(MINUS);
    }
    let sign = sign(language, &money.currency);
    text += sign;
    if sign.ends_with(|last: char| last.is_ascii_alphabetic()) {
        text.push(NO_BREAK);
    }
    text += &grouped(whole);
    // A fraction that a currency is not written with is still shown when there is one.
    if stored > 0 && (part > 0 || money.currency.display_digits() > 0) {
        text += &format!(".{part:0width$}", width = stored as usize);
    }
    text
}

/// CLDR 48's symbols; a currency without one is written with its code.
fn sign(language: Language, currency: &Currency) -> &str {
    match (currency.code(), language) {
        ("CNY", Language::ZhCn) | ("JPY", Language::En) => "¥",
        ("CNY", Language::En) => "CN¥",
        ("JPY", Language::ZhCn) => "JP¥",
        ("USD", Language::En) => "$",
        ("USD", Language::ZhCn) => "US$",
        ("AUD", Language::En) => "A$",
        ("AUD", Language::ZhCn) => "AU$",
        ("PHP", Language::En) => "₱",
        ("EUR", _) => "€",
        ("GBP", _) => "£",
        ("HKD", _) => "HK$",
        ("KRW", _) => "₩",
        ("INR", _) => "₹",
        ("CAD", _) => "CA$",
        ("NZD", _) => "NZ$",
        ("TWD", _) => "NT$",
        ("BRL", _) => "R$",
        ("MXN", _) => "MX$",
        ("XCD", _) => "EC$",
        ("ILS", _) => "₪",
        ("VND", _) => "₫",
        ("XAF", _) => "FCFA",
        ("XOF", _) => "F\u{a0}CFA",
        ("XPF", _) => "CFPF",
        _ => currency.code(),
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An address as it is written on a parcel: from the person to the country in English, from the country to the person
/// in Chinese. What has no place in that order follows as it was given.
pub fn address_lines(language: Language, stored: &str) -> Vec<String> {
    const KNOWN: [&str; 6] = ["name", "street", "postal_code", "city", "region", "country"];
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(stored).unwrap_or_default();
    let field = |name: &str| fields.get(name).and_then(|value| value.as_str()).unwrap_or_default().trim().to_owned();
    let [name, street, postal_code, city, region, country] = KNOWN.map(field);
    let country = find_country(&country).map_or(country, |known| country_name(language, known));
    let others = fields.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str()));
    let others = others.filter_map(|(_, value)| value.as_str()).map(|text| text.trim().to_owned());
    let joined = |parts: [&str; 2]| parts.join(" ").trim().to_owned();
    let lines = match language {
        Language::En => [name, street, joined([&postal_code, &city]), region, country],
        Language::ZhCn => [joined([&country, &region]), city, street, postal_code, name],
    };
    lines.into_iter().chain(others).filter(|line| !line.is_empty()).collect()
}

/// A moment with its date: `Nov 22, 2026, 12:05 PM`, `2026年11月22日 12:05`.
pub fn format_time(language: Language, at: Timestamp, time_zone: &str) -> String {
    let pattern = match language {
        Language::En => "%b %-d, %Y, %-I:%M %p",
        Language::ZhCn => "%Y年%-m月%-d日 %H:%M",
    };
    written(pattern, at, time_zone)
}

/// A date alone: `Nov 22, 2026`, `2026年11月22日`.
pub fn format_date(language: Language, at: Timestamp, time_zone: &str) -> String {
    let pattern = match language {
        Language::En => "%b %-d, %Y",
        Language::ZhCn => "%Y年%-m月%-d日",
    };
    written(pattern, at, time_zone)
}

/// The time of day of a deadline: `14:32` in every language, as short and as wide as its neighbours.
pub fn format_clock(at: Timestamp, time_zone: &str) -> String {
    written("%H:%M", at, time_zone)
}

/// RFC 3339 UTC, for `<time datetime>` and machines.
pub fn machine_time(at: Timestamp) -> String {
    written("%Y-%m-%dT%H:%M:%SZ", at, "UTC")
}

/// Reads what people type for a moment: a date (its first moment, UTC) or RFC 3339.
pub fn parse_moment(text: &str) -> Option<Timestamp> {
    let whole = text.parse::<jiff::Timestamp>().ok();
    let day = || jiff::tz::TimeZone::UTC.to_timestamp(text.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0)).ok();
    let moment = whole.or_else(day)?;
    Some(Timestamp::from_micros(moment.as_microsecond()))
}

/// Which edge of a span of time is said: it decides where a clock leaves a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Start,
    /// The first moment that is not in the span any more.
    End,
}

/// Reads one edge of a span: RFC 3339 with its offset, or a date or a date and time on the shop's clock.
///
/// A span that starts on a date starts with the first moment of it; one that ends on a date has all of it. Where the clock
/// shows a time twice, a span starts the first time and ends the last time. Where the clock jumps over a time, the moment of
/// the jump stands for it: it is the first at which the clock shows no less.
pub fn parse_edge(text: &str, time_zone: &str, edge: Edge) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp::from_micros(moment.as_microsecond()));
    }
    if text.contains('[') {
        return None; // A zone of its own without an offset: nothing that this shop's clock shows.
    }
    let zone = jiff::tz::TimeZone::get(time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let shown: jiff::civil::DateTime = text.parse().ok()?;
    let moment = match (text.contains(':'), edge) {
        (false, Edge::Start) => first_shown(&zone, shown)?,
        (false, Edge::End) => first_shown(&zone, shown.date().tomorrow().ok()?.at(0, 0, 0, 0))?,
        (true, Edge::Start) => first_shown(&zone, shown)?,
        (true, Edge::End) => last_shown(&zone, shown)?,
    };
    Some(Timestamp::from_micros(moment.as_microsecond()))
}

fn first_shown(zone: &jiff::tz::TimeZone, shown: jiff::civil::DateTime) -> Option<jiff::Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(shown);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => jump(zone, ambiguous),
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok(),
    }
}

fn last_shown(zone: &jiff::tz::TimeZone, shown: jiff::civil::DateTime) -> Option<jiff::Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(shown);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => jump(zone, ambiguous),
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.later().ok(),
    }
}

/// When the clock jumps over a time that it never shows.
fn jump(zone: &jiff::tz::TimeZone, never_shown: AmbiguousTimestamp) -> Option<jiff::Timestamp> {
    // By the offset before the jump, the time lies behind it; by the one after it, before it.
    let before = never_shown.earlier().ok()?;
    zone.following(before).next().map(|jump| jump.timestamp())
}

/// A moment on the shop's clock, with its offset (RFC 3339), to the microsecond where it has them.
pub fn local_time(at: Timestamp, time_zone: &str) -> String {
    let moment = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::MAX);
    let zone = jiff::tz::TimeZone::get(time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let offset = zone.to_offset(moment);
    // Before there were zones, clocks went by the sun; RFC 3339 knows no seconds of an offset.
    let offset = if offset.seconds() % 60 == 0 { offset } else { jiff::tz::Offset::UTC };
    moment.display_with_offset(offset).to_string()
}

/// A time zone by the name that IANA gives it; `None` when nobody knows it.
pub fn zone_name(name: &str) -> Option<String> {
    jiff::tz::TimeZone::get(name).ok()?.iana_name().map(str::to_owned)
}

/// A zone that nobody knows is UTC, and a moment beyond the calendar its end: a page is not withheld for either.
fn written(pattern: &str, at: Timestamp, time_zone: &str) -> String {
    let moment = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::MAX);
    let zone = jiff::tz::TimeZone::get(time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    moment.to_zoned_datetime(zone).strftime(pattern).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, Currency::parse(code).expect("a currency"))
    }

    /// Every key of a language, from its files.
    fn keys(language: Language) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for (_, text) in built_in_files(language) {
            let names = text.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_alphabetic()));
            keys.extend(names.filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim().to_owned()));
        }
        keys
    }

    #[test]
    fn money_is_written_as_cldr_writes_it() {
        let table = [
            ("CNY", 12900, "¥129.00", "CN¥129.00"),
            ("USD", 12900, "US$129.00", "$129.00"),
            ("JPY", 1290, "JP¥1,290", "¥1,290"),
            ("EUR", 12900, "€129.00", "€129.00"),
            ("HKD", 12900, "HK$129.00", "HK$129.00"),
            ("KWD", 12900, "KWD\u{a0}12.900", "KWD\u{a0}12.900"),
            ("ISK", 129_000, "ISK\u{a0}1,290", "ISK\u{a0}1,290"),
        ];
        for (code, minor, zh, en) in table {
            assert_eq!(format_money(Language::ZhCn, money(minor, code)), zh);
            assert_eq!(format_money(Language::En, money(minor, code)), en);
        }
    }

    #[test]
    fn nothing_of_an_amount_is_hidden() {
        assert_eq!(format_money(Language::En, money(129_050, "ISK")), "ISK\u{a0}1,290.50");
        assert_eq!(format_money(Language::En, money(-5, "USD")), "\u{2212}$0.05");
        assert_eq!(format_money(Language::En, money(i64::MIN, "JPY")), "\u{2212}¥9,223,372,036,854,775,808");
        assert_eq!(format_money(Language::En, money(100_000_000, "USD")), "$1,000,000.00");
        assert_eq!(money(-3205, "USD").plain(), "-32.05");
        assert_eq!(money(1290, "JPY").plain(), "1290");
    }

    #[test]
    fn moments_are_written_in_the_shops_zone() {
        let at = Timestamp::from_seconds(1_795_320_300);
        assert_eq!(format_time(Language::ZhCn, at, "Asia/Hong_Kong"), "2026年11月22日 12:05");
        assert_eq!(format_time(Language::En, at, "Asia/Hong_Kong"), "Nov 22, 2026, 12:05 PM");
        assert_eq!(format_date(Language::En, at, "UTC"), "Nov 22, 2026");
        assert_eq!(format_clock(at, "Nowhere/At_All"), "04:05");
        assert_eq!(machine_time(at), "2026-11-22T04:05:00Z");
    }

    /// What a shopkeeper means by a date or a time of day, on days when the clock leaves a choice, too.
    #[test]
    fn a_time_on_the_shops_clock_is_one_moment() {
        let table = [
            // An instant is what it says, wherever the shop is.
            ("2026-12-24T00:00:00Z", "Asia/Hong_Kong", "2026-12-24T08:00:00+08:00", "2026-12-24T08:00:00+08:00"),
            ("2026-12-24T00:00:00.25-05:00", "UTC", "2026-12-24T05:00:00.25+00:00", "2026-12-24T05:00:00.25+00:00"),
            // A date: from its first moment until the first of the next.
            ("2026-12-24", "Asia/Hong_Kong", "2026-12-24T00:00:00+08:00", "2026-12-25T00:00:00+08:00"),
            ("2026-12-24T18:30", "Europe/Paris", "2026-12-24T18:30:00+01:00", "2026-12-24T18:30:00+01:00"),
            ("2026-12-24 18:30:15", "Europe/Paris", "2026-12-24T18:30:15+01:00", "2026-12-24T18:30:15+01:00"),
            // Paris jumps from 2 to 3 on 29 March: 2:30 is never shown.
            ("2026-03-29T02:30", "Europe/Paris", "2026-03-29T03:00:00+02:00", "2026-03-29T03:00:00+02:00"),
            ("2026-03-29T03:00", "Europe/Paris", "2026-03-29T03:00:00+02:00", "2026-03-29T03:00:00+02:00"),
            // … and has 2:30 twice on 25 October.
            ("2026-10-25T02:30", "Europe/Paris", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"),
            ("2026-10-25", "Europe/Paris", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"),
            // Beirut jumps at midnight: 29 March begins at 1.
            ("2026-03-29", "Asia/Beirut", "2026-03-29T01:00:00+03:00", "2026-03-30T00:00:00+03:00"),
            ("2026-03-28", "Asia/Beirut", "2026-03-28T00:00:00+02:00", "2026-03-29T01:00:00+03:00"),
            // Havana goes back from 1 to 0: the date begins the first time.
            ("2026-11-01", "America/Havana", "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"),
            ("2026-11-01T00:30", "America/Havana", "2026-11-01T00:30:00-04:00", "2026-11-01T00:30:00-05:00"),
            // Lord Howe jumps by half an hour, and Samoa left out a whole day.
            ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-04T02:30:00+11:00", "2026-10-04T02:30:00+11:00"),
            ("2011-12-30", "Pacific/Apia", "2011-12-31T00:00:00+14:00", "2011-12-31T00:00:00+14:00"),
        ];
        for (text, zone, start, end) in table {
            for (edge, expected) in [(Edge::Start, start), (Edge::End, end)] {
                let at = parse_edge(text, zone, edge).unwrap_or_else(|| panic!("{text} in {zone}"));
                assert_eq!(local_time(at, zone), expected, "{edge:?} {text} in {zone}");
                assert_eq!(parse_edge(&local_time(at, zone), zone, edge), Some(at), "what is told is read again");
            }
        }
        for bad in [
            "",
            "soon",
            "24.12.2026",
            "2026-13-01",
            "2026-02-30",
            "2026-12-24T25:00",
            "2026-12-24T18:00[Europe/Paris]",
            "12:00",
            "2026-W01-1",
            "9999-12-31x",
        ] {
            assert_eq!(parse_edge(bad, "Europe/Paris", Edge::Start), None, "{bad}");
        }
        assert_eq!(parse_edge("9999-12-31", "UTC", Edge::End), None, "the calendar ends there");
    }

    #[test]
    fn an_address_stands_as_a_parcel_wants_it() {
        let hk = find_country("HK").expect("a country");
        let stored = r#"{"name":"Lin Wei","street":"1 Kiln Lane","postal_code":"999077","city":"Sai Kung","country":"HK","company":"Kiln & Co","floor":""}"#;
        assert_eq!(
            address_lines(Language::En, stored),
            ["Lin Wei", "1 Kiln Lane", "999077 Sai Kung", country_name(Language::En, hk).as_str(), "Kiln & Co"]
        );
        assert_eq!(
            address_lines(Language::ZhCn, stored),
            [country_name(Language::ZhCn, hk).as_str(), "Sai Kung", "1 Kiln Lane", "999077", "Lin Wei", "Kiln & Co"]
        );
        assert_eq!(address_lines(Language::En, r#"{"city":"Sai Kung"}"#), ["Sai Kung"]);
        assert!(address_lines(Language::En, "").is_empty() && address_lines(Language::En, "no address").is_empty());
    }

    #[test]
    fn both_languages_have_the_same_words() {
        let (english, chinese) = (keys(Language::En), keys(Language::ZhCn));
        assert!(!english.is_empty());
        assert_eq!(english.difference(&chinese).collect::<Vec<_>>(), Vec::<&String>::new(), "only in English");
        assert_eq!(chinese.difference(&english).collect::<Vec<_>>(), Vec::<&String>::new(), "only in Chinese");
        let words = Words::built_in();
        for key in &english {
            assert!(words.has(Language::En, key) && words.has(Language::ZhCn, key), "{key}");
        }
    }

    #[test]
    fn every_letter_has_its_word_at_the_desk() {
        let words = Words::built_in();
        for letter in rules::effects::Letter::ALL {
            let key = format!("admin-orders-letter-{}", letter.as_str().replace('_', "-"));
            assert!(Language::ALL.iter().all(|language| words.has(*language, &key)), "{key}");
        }
    }

    #[test]
    fn a_data_folder_overrides_single_words() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let own = folder.path().join("locales").join("en");
        std::fs::create_dir_all(&own).expect("a folder");
        std::fs::write(own.join("mine.ftl"), "shop-demo-name = { $mark } Kiln\n").expect("a file");
        let words = Words::load(Some(folder.path())).expect("words");
        assert_eq!(words.say(Language::En, "shop-demo-name", &[("mark", "Our".into())]), "Our Kiln");
        assert_eq!(words.say(Language::ZhCn, "shop-demo-name", &[]), "海港窑");
        std::fs::write(own.join("mine.ftl"), "no words at all").expect("a file");
        assert!(Words::load(Some(folder.path())).is_err());
    }

    #[test]
    fn a_tag_is_read_as_browsers_write_it() {
        for (tag, language) in [
            ("en", Some(Language::En)),
            ("zh-Hans-CN", Some(Language::ZhCn)),
            ("zh_CN", Some(Language::ZhCn)),
            ("de", None),
        ] {
            assert_eq!(Language::parse(tag), language, "{tag}");
        }
    }
}
