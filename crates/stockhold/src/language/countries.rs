//! The countries of the world by name, in the order in which each language sorts them.
//!
//! Codes: ISO 3166-1. Names and order: Unicode CLDR 48 (ICU 78.2), with the short names of Hong Kong and Macao.

use rules::places::Country;

use super::Language;

const EN: &str = include_str!("../../locales/en/countries.tsv");
const ZH_CN: &str = include_str!("../../locales/zh-CN/countries.tsv");

/// All of them, as this language sorts them.
pub fn countries(language: Language) -> impl Iterator<Item = (Country, &'static str)> {
    let file = match language {
        Language::En => EN,
        Language::ZhCn => ZH_CN,
    };
    let line = |line: &'static str| {
        let (code, name) = line.split_once('\t').expect("a code, a tab and a name");
        (Country::parse(code).expect("a code"), name)
    };
    file.lines().map(line)
}

/// Its name; a code that nobody has is shown as it is.
pub fn country_name(language: Language, country: Country) -> String {
    let found = countries(language).find(|(other, _)| *other == country);
    found.map_or_else(|| country.code().to_owned(), |(_, name)| name.to_owned())
}

/// Reads a country as people write it: by its code, or by its name in any of the shop's languages.
pub fn find_country(text: &str) -> Option<Country> {
    let text = text.trim();
    let known = || Language::ALL.into_iter().flat_map(countries);
    let is_meant = |(country, name): &(Country, &str)| {
        country.code().eq_ignore_ascii_case(text) || name.to_lowercase() == text.to_lowercase()
    };
    known().find(is_meant).map(|(country, _)| country)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn both_languages_name_the_same_countries() {
        let codes = |language| countries(language).map(|(country, _)| country).collect::<BTreeSet<_>>();
        assert_eq!(codes(Language::En), codes(Language::ZhCn));
        assert_eq!(codes(Language::En).len(), countries(Language::ZhCn).count());
    }

    #[test]
    fn a_country_is_read_as_people_write_it() {
        let germany = Country::parse("DE").ok();
        for text in ["DE", "de", " Germany ", "germany", "德国"] {
            assert_eq!(find_country(text), germany, "{text}");
        }
        assert_eq!(find_country("ZZ"), None);
        assert_eq!(find_country("Atlantis"), None);
        assert_eq!(country_name(Language::ZhCn, Country::parse("HK").expect("a code")), "中国香港");
        assert_eq!(country_name(Language::En, Country::parse("QQ").expect("a code")), "QQ");
    }
}
