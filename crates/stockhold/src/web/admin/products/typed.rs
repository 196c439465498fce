//! A product's form: what was typed, as it was typed; what it is read as; and how two of them differ.
//!
//! Nothing that was typed is lost: whatever the shop answers (an error, a conflict, a new row of the matrix), the form comes
//! back as it was.

use std::collections::BTreeMap;

use rules::money::{Currency, Money};
use rules::taxes::TaxClass;
use rules::text::Sku;

use crate::catalogue::sheet::{self, Decimal};
use crate::catalogue::{RESERVED_SKUS, RESERVED_SLUGS};
use crate::storage::products::change::said;
use crate::storage::products::{Localized, NewProduct, NewVariant, Product, ProductStatus, Spec, Variant};
use crate::web::api::products::{SPECS_MAX, is_slug, title_of};

pub const OPTIONS_MAX: usize = 5;
pub const VARIANTS_MAX: usize = 200;
const TITLE_CHARS_MAX: usize = 200;
const DESCRIPTION_CHARS_MAX: usize = 20_000;
const WEIGHT_GRAMS_MAX: i64 = 1_000_000_000;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    pub revision: String,
    pub slug: String,
    pub status: String,
    pub title_en: String,
    pub title_zh: String,
    pub description_en: String,
    pub description_zh: String,
    /// Slugs.
    pub collections: Vec<String>,
    pub ships_from: String,
    pub tax_class: String,
    /// Details, without rows that are empty; none: the form had no such rows, and what stands stays.
    pub specs: Option<Vec<TypedSpec>>,
    pub options: Vec<TypedOption>,
    pub variants: Vec<TypedVariant>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedSpec {
    pub name_en: String,
    pub name_zh: String,
    pub value_en: String,
    pub value_zh: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedOption {
    pub name: String,
    /// Separated by commas.
    pub values_en: String,
    pub values_zh: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedVariant {
    pub sku: String,
    pub price: String,
    pub compare_at: String,
    pub weight: String,
    pub active: bool,
    /// Its value of each option, in English.
    pub values: Vec<String>,
}

/// A field that cannot be used: where it stands, and the word that says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub field: String,
    pub key: &'static str,
}

/// What a form is read as.
#[derive(Debug, Clone)]
pub struct Read {
    pub product: NewProduct,
    /// Kept, and not offered.
    pub retired: Vec<Sku>,
}

impl Typed {
    /// A new product: one row, so that there is something to type into.
    pub fn blank() -> Typed {
        let row = TypedVariant { active: true, ..TypedVariant::default() };
        Typed { status: "draft".to_owned(), tax_class: "standard".to_owned(), variants: vec![row], ..Typed::default() }
    }

    /// What stands, as its form shows it.
    pub fn of(product: &Product, retired: &[Variant], currency: Currency) -> Typed {
        let text = |texts: &Localized, tag: &str| texts.0.get(tag).cloned().unwrap_or_default();
        let all: Vec<(&Variant, bool)> =
            product.variants.iter().map(|v| (v, true)).chain(retired.iter().map(|v| (v, false))).collect();
        let options = product.options.iter().map(|name| {
            let mut seen: Vec<(String, String)> = Vec::new();
            for (variant, _) in &all {
                if let Some(value) = variant.options.get(name) {
                    let pair = (text(value, "en"), text(value, "zh-CN"));
                    if !seen.iter().any(|(english, _)| *english == pair.0) {
                        seen.push(pair);
                    }
                }
            }
            let (english, chinese): (Vec<String>, Vec<String>) = seen.into_iter().unzip();
            let any_chinese = chinese.iter().any(|value| !value.is_empty());
            let values_zh = if any_chinese { chinese.join(", ") } else { String::new() };
            TypedOption { name: name.clone(), values_en: english.join(", "), values_zh }
        });
        let spec = |spec: &Spec| TypedSpec {
            name_en: text(&spec.name, "en"),
            name_zh: text(&spec.name, "zh-CN"),
            value_en: text(&spec.value, "en"),
            value_zh: text(&spec.value, "zh-CN"),
        };
        let amount = |minor: i64| Money::new(minor, currency).plain();
        let row = |(variant, active): &(&Variant, bool)| TypedVariant {
            sku: variant.sku.to_string(),
            price: amount(variant.price_minor),
            compare_at: variant.compare_at_minor.map(amount).unwrap_or_default(),
            weight: variant.weight_grams.map(|grams| grams.to_string()).unwrap_or_default(),
            active: *active,
            values: product
                .options
                .iter()
                .map(|name| variant.options.get(name).map(|value| text(value, "en")).unwrap_or_default())
                .collect(),
        };
        Typed {
            revision: product.revision.to_string(),
            slug: product.slug.clone(),
            status: product.status.as_str().to_owned(),
            title_en: text(&product.title, "en"),
            title_zh: text(&product.title, "zh-CN"),
            description_en: text(&product.description, "en"),
            description_zh: text(&product.description, "zh-CN"),
            collections: product.collections.clone(),
            ships_from: product.ships_from.clone(),
            tax_class: product.tax_class.as_str().to_owned(),
            specs: Some(product.specs.iter().map(spec).collect()),
            options: options.collect(),
            variants: all.iter().map(row).collect(),
        }
    }

    /// The fields of the form, whatever else is sent; rows beyond what a product may have are nobody's form.
    pub fn parse(pairs: &[(String, String)]) -> Typed {
        let mut typed = Typed::default();
        for (name, value) in pairs {
            let value = value.replace("\r\n", "\n");
            let parts: Vec<&str> = name.split('.').collect();
            match parts.as_slice() {
                ["revision"] => typed.revision = value,
                ["slug"] => typed.slug = value.trim().to_owned(),
                ["status"] => typed.status = value,
                ["title", "en"] => typed.title_en = value,
                ["title", "zh-CN"] => typed.title_zh = value,
                ["description", "en"] => typed.description_en = value,
                ["description", "zh-CN"] => typed.description_zh = value,
                ["collection"] => typed.collections.push(value),
                ["ships_from"] => typed.ships_from = value.trim().to_owned(),
                ["tax_class"] => typed.tax_class = value,
                ["spec", at, field, tag] => {
                    if let Some(spec) = row(typed.specs.get_or_insert_default(), at, SPECS_MAX) {
                        match (*field, *tag) {
                            ("name", "en") => spec.name_en = value,
                            ("name", "zh-CN") => spec.name_zh = value,
                            ("value", "en") => spec.value_en = value,
                            ("value", "zh-CN") => spec.value_zh = value,
                            _ => {}
                        }
                    }
                }
                ["option", at, field] => {
                    if let Some(option) = row(&mut typed.options, at, OPTIONS_MAX) {
                        match *field {
                            "name" => option.name = value,
                            "en" => option.values_en = value,
                            "zh-CN" => option.values_zh = value,
                            _ => {}
                        }
                    }
                }
                ["variant", at, rest @ ..] => {
                    if let Some(variant) = row(&mut typed.variants, at, VARIANTS_MAX) {
                        match rest {
                            ["sku"] => variant.sku = value.trim().to_owned(),
                            ["price"] => variant.price = value.trim().to_owned(),
                            ["compare_at"] => variant.compare_at = value.trim().to_owned(),
                            ["weight"] => variant.weight = value.trim().to_owned(),
                            ["active"] => variant.active = value == "1",
                            ["value", option] => {
                                if let Some(chosen) = row(&mut variant.values, option, OPTIONS_MAX) {
                                    *chosen = value;
                                }
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        // A row that was emptied goes.
        typed.specs.iter_mut().for_each(|specs| specs.retain(|spec| !spec.is_empty()));
        typed
    }

    /// The form with one thing changed about its shape: a row more, a row less, or a row for every combination.
    pub fn shaped(mut self, wish: &str) -> Typed {
        let (what, at) = wish.split_once('.').unwrap_or((wish, ""));
        let at = at.parse::<usize>().unwrap_or(usize::MAX);
        match what {
            "add-option" if self.options.len() < OPTIONS_MAX => self.options.push(TypedOption::default()),
            "remove-option" if at < self.options.len() => {
                self.options.remove(at);
                for variant in self.variants.iter_mut().filter(|variant| at < variant.values.len()) {
                    variant.values.remove(at);
                }
            }
            "add-variant" if self.variants.len() < VARIANTS_MAX => {
                let price = self.variants.last().map(|last| last.price.clone()).unwrap_or_default();
                self.variants.push(TypedVariant { active: true, price, ..TypedVariant::default() });
            }
            "remove-variant" if at < self.variants.len() => {
                self.variants.remove(at);
            }
            "generate" => self.generate(),
            _ => {}
        }
        self
    }

    /// A row for every combination of option values; rows that have one keep what was typed, those that have none any
    /// more are not offered.
    fn generate(&mut self) {
        self.options.retain(|option| !option.name.trim().is_empty() || !option.values_en.trim().is_empty());
        let sets: Vec<Vec<String>> =
            self.options.iter().map(|option| split(&option.values_en)).filter(|values| !values.is_empty()).collect();
        if sets.len() < self.options.len() || sets.is_empty() {
            return;
        }
        let mut combinations: Vec<Vec<String>> = vec![Vec::new()];
        for values in &sets {
            let longer =
                |begun: &Vec<String>| values.iter().map(|v| [begun.clone(), vec![v.clone()]].concat()).collect();
            combinations = combinations.iter().flat_map(|begun| -> Vec<Vec<String>> { longer(begun) }).collect();
            combinations.truncate(VARIANTS_MAX);
        }
        let pattern = self.variants.first().cloned().unwrap_or_default();
        let mut old = std::mem::take(&mut self.variants);
        for values in combinations {
            let taken = old.iter().position(|variant| variant.values == values);
            // The one row of a product that had no options becomes the first combination.
            let taken = taken.or_else(|| old.iter().position(|v| v.values.iter().all(String::is_empty)));
            let row = match taken {
                Some(at) => TypedVariant { values, ..old.remove(at) },
                None => TypedVariant {
                    sku: self.suggested(&values),
                    price: pattern.price.clone(),
                    compare_at: pattern.compare_at.clone(),
                    weight: pattern.weight.clone(),
                    active: true,
                    values,
                },
            };
            self.variants.push(row);
        }
        let left = old.into_iter().filter(|variant| !variant.sku.is_empty());
        self.variants.extend(left.map(|variant| TypedVariant { active: false, ..variant }));
        self.variants.truncate(VARIANTS_MAX);
        for at in 0..self.variants.len() {
            if self.variants[at].sku.is_empty() {
                let values = self.variants[at].values.clone();
                self.variants[at].sku = self.suggested(&values);
            }
        }
    }

    /// `TEA-CUP-CELADON`: what a keeper would probably type.
    fn suggested(&self, values: &[String]) -> String {
        let words = [vec![self.slug.clone()], values.to_vec()].concat().join("-");
        let plain: String =
            words.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '-' }).collect();
        let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
        parts.join("-").chars().take(60).collect()
    }

    /// What it says; every field that cannot be used. An address that stands already is not judged: goods that came in by a
    /// file may have one that nobody would be given here.
    pub fn read(&self, currency: Currency, stands: Option<&str>) -> Result<Read, Vec<Wrong>> {
        let mut wrongs = Wrongs::default();
        let is_reserved = RESERVED_SLUGS.contains(&self.slug.as_str());
        if stands != Some(self.slug.as_str()) && (!is_slug(&self.slug) || is_reserved) {
            wrongs.add("slug", "admin-goods-wrong-slug");
        }
        let status = ProductStatus::parse(&self.status);
        if status.is_none() {
            wrongs.add("status", "admin-goods-wrong-status");
        }
        if self.title_en.trim().is_empty() && self.title_zh.trim().is_empty() {
            wrongs.add("title.en", "admin-goods-wrong-title");
        }
        for (field, text, most) in [
            ("title.en", &self.title_en, TITLE_CHARS_MAX),
            ("title.zh-CN", &self.title_zh, TITLE_CHARS_MAX),
            ("description.en", &self.description_en, DESCRIPTION_CHARS_MAX),
            ("description.zh-CN", &self.description_zh, DESCRIPTION_CHARS_MAX),
        ] {
            let one_line = most == TITLE_CHARS_MAX;
            if text.chars().count() > most || text.chars().any(|c| c.is_control() && (one_line || !"\n\t".contains(c)))
            {
                wrongs.add(field, "admin-goods-wrong-text");
            }
        }
        for (at, spec) in self.specs.iter().flatten().enumerate() {
            spec.judge(&mut wrongs, at);
        }
        if !self.ships_from.is_empty() && self.ships_from.parse::<jiff::civil::Date>().is_err() {
            wrongs.add("ships_from", "admin-goods-wrong-day");
        }
        let tax_class = TaxClass::parse(if self.tax_class.is_empty() { "standard" } else { &self.tax_class });
        if tax_class.is_err() {
            wrongs.add("tax_class", "admin-goods-wrong-tax-class");
        }
        let names: Vec<String> = self.options.iter().map(|option| option.name.trim().to_owned()).collect();
        for (at, name) in names.iter().enumerate() {
            if name.is_empty() || name.chars().count() > TITLE_CHARS_MAX || names[..at].contains(name) {
                wrongs.add(format!("option.{at}.name"), "admin-goods-wrong-option");
            }
        }
        let (mut variants, mut retired, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        for (at, row) in self.variants.iter().enumerate() {
            let Some(variant) = self.read_variant(&mut wrongs, at, row, &names, currency) else { continue };
            if seen.contains(&variant.sku) {
                wrongs.add(format!("variant.{at}.sku"), "admin-goods-wrong-sku-twice");
            }
            seen.push(variant.sku.clone());
            if !row.active {
                retired.push(variant.sku.clone());
            }
            variants.push(variant);
        }
        if self.variants.is_empty() {
            wrongs.add("variants", "admin-goods-wrong-variants");
        }
        let (Some(status), Ok(tax_class), true) = (status, tax_class, wrongs.0.is_empty()) else {
            return Err(wrongs.0);
        };
        let title = said(&[("en", self.title_en.trim()), ("zh-CN", self.title_zh.trim())]);
        let description = said(&[("en", self.description_en.as_str()), ("zh-CN", self.description_zh.as_str())]);
        Ok(Read {
            product: NewProduct {
                slug: self.slug.clone(),
                status,
                title,
                description,
                options: names,
                image: None,
                ships_from: Some(self.ships_from.clone()),
                specs: self.specs.as_ref().map(|specs| specs.iter().map(TypedSpec::spec).collect()),
                variants,
                collections: Some(self.collections.clone()),
                tax_class: Some(tax_class),
            },
            retired,
        })
    }

    fn read_variant(
        &self,
        wrongs: &mut Wrongs,
        at: usize,
        row: &TypedVariant,
        names: &[String],
        currency: Currency,
    ) -> Option<NewVariant> {
        let sku = Sku::parse(&row.sku);
        if sku.is_err() || RESERVED_SKUS.contains(&row.sku.as_str()) {
            wrongs.add(format!("variant.{at}.sku"), "admin-goods-wrong-sku");
        }
        let mut amount = |field: &str, text: &str| {
            let read = sheet::amount(text, currency, Decimal::PointOrComma).ok();
            let read = read.filter(|m| (0..=currency.charge_minor_max()).contains(m) && m % currency.step_minor() == 0);
            if read.is_none() {
                wrongs.add(format!("variant.{at}.{field}"), "admin-goods-wrong-price");
            }
            read
        };
        let price_minor = amount("price", &row.price);
        let compare_at_minor = if row.compare_at.is_empty() { None } else { amount("compare_at", &row.compare_at) };
        let weight = row.weight.parse::<i64>().ok().filter(|grams| (0..=WEIGHT_GRAMS_MAX).contains(grams));
        if weight.is_none() && !row.weight.is_empty() {
            wrongs.add(format!("variant.{at}.weight"), "admin-goods-wrong-weight");
        }
        let mut options = BTreeMap::new();
        for (number, name) in names.iter().enumerate() {
            let value = row.values.get(number).map_or("", |value| value.trim());
            let is_listed = self.options[number].values().iter().any(|listed| listed == value);
            if row.active && !is_listed {
                wrongs.add(format!("variant.{at}.value.{number}"), "admin-goods-wrong-value");
            }
            if !value.is_empty() {
                options.insert(name.clone(), self.options[number].value(value));
            }
        }
        let title = title_of(&options, names);
        Some(NewVariant {
            sku: sku.ok()?,
            title,
            options,
            price_minor: price_minor?,
            compare_at_minor,
            weight_grams: weight,
        })
    }

    /// Fields in which two forms differ: the word for the field, what it is about, and both texts.
    pub fn differences(&self, other: &Typed) -> Vec<(&'static str, String, String, String)> {
        let mut found = Vec::new();
        let mut differ = |key: &'static str, about: &str, one: &str, two: &str| {
            if one.trim() != two.trim() {
                found.push((key, about.to_owned(), one.to_owned(), two.to_owned()));
            }
        };
        let sorted = |slugs: &[String]| {
            let mut slugs = slugs.to_vec();
            slugs.sort();
            slugs.join(", ")
        };
        let options = |typed: &Typed| {
            let option = |option: &TypedOption| {
                let values = |text: &str| split(text).join(", ");
                let chinese = places(&option.values_zh).collect::<Vec<_>>().join(", ");
                format!("{}: {} / {chinese}", option.name.trim(), values(&option.values_en))
            };
            typed.options.iter().map(option).collect::<Vec<_>>().join("\n")
        };
        // A form without such rows says nothing about them.
        let specs = |typed: &Typed, other: &Typed| {
            let rows = if other.specs.is_some() { typed.specs.as_deref() } else { None };
            rows.unwrap_or_default().iter().map(TypedSpec::line).collect::<Vec<_>>().join("\n")
        };
        differ("admin-goods-title-en", "", &self.title_en, &other.title_en);
        differ("admin-goods-title-zh", "", &self.title_zh, &other.title_zh);
        differ("admin-goods-description-en", "", &self.description_en, &other.description_en);
        differ("admin-goods-description-zh", "", &self.description_zh, &other.description_zh);
        differ("admin-goods-specs", "", &specs(self, other), &specs(other, self));
        differ("admin-goods-slug", "", &self.slug, &other.slug);
        differ("admin-goods-status", "", &self.status, &other.status);
        differ("admin-goods-collections", "", &sorted(&self.collections), &sorted(&other.collections));
        differ("admin-goods-ships-from", "", &self.ships_from, &other.ships_from);
        differ("admin-goods-tax-class", "", &self.tax_class, &other.tax_class);
        differ("admin-goods-options", "", &options(self), &options(other));
        let none = TypedVariant::default();
        let find = |typed: &'_ Typed, sku: &str| typed.variants.iter().find(|v| v.sku == sku).cloned();
        let mut skus: Vec<&String> = self.variants.iter().chain(&other.variants).map(|v| &v.sku).collect();
        skus.sort();
        skus.dedup();
        for sku in skus {
            let (one, two) = (find(self, sku).unwrap_or(none.clone()), find(other, sku).unwrap_or(none.clone()));
            let offered = |v: &TypedVariant| if v.active { "✓".to_owned() } else { "–".to_owned() };
            differ("admin-goods-price", sku, &one.price, &two.price);
            differ("admin-goods-compare-at", sku, &one.compare_at, &two.compare_at);
            differ("admin-goods-weight", sku, &one.weight, &two.weight);
            differ("admin-goods-active", sku, &offered(&one), &offered(&two));
            differ("admin-goods-value", sku, &one.values.join(" / "), &two.values.join(" / "));
        }
        found
    }
}

impl TypedSpec {
    fn is_empty(&self) -> bool {
        [&self.name_en, &self.name_zh, &self.value_en, &self.value_zh].into_iter().all(|text| text.trim().is_empty())
    }

    /// A name and a value, each in one language at least, as the API asks for them.
    fn judge(&self, wrongs: &mut Wrongs, at: usize) {
        for (field, english, chinese) in
            [("name", &self.name_en, &self.name_zh), ("value", &self.value_en, &self.value_zh)]
        {
            if english.trim().is_empty() && chinese.trim().is_empty() {
                wrongs.add(format!("spec.{at}.{field}.en"), "admin-goods-wrong-spec");
            }
            for (tag, text) in [("en", english), ("zh-CN", chinese)] {
                if text.chars().count() > TITLE_CHARS_MAX || text.chars().any(char::is_control) {
                    wrongs.add(format!("spec.{at}.{field}.{tag}"), "admin-goods-wrong-text");
                }
            }
        }
    }

    fn spec(&self) -> Spec {
        Spec {
            name: said(&[("en", self.name_en.trim()), ("zh-CN", self.name_zh.trim())]),
            value: said(&[("en", self.value_en.trim()), ("zh-CN", self.value_zh.trim())]),
        }
    }

    /// As a table of differences says it.
    fn line(&self) -> String {
        let both = |english: &str, chinese: &str| {
            let said = [english.trim(), chinese.trim()];
            said.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" / ")
        };
        format!("{}: {}", both(&self.name_en, &self.name_zh), both(&self.value_en, &self.value_zh))
    }
}

impl TypedOption {
    /// A value in both languages: the Chinese one stands at the same place of its list, where one that is not said leaves
    /// its place empty and two may be the same.
    fn value(&self, english: &str) -> Localized {
        let at = places(&self.values_en).position(|value| value == english);
        let chinese = at.and_then(|at| places(&self.values_zh).nth(at));
        said(&[("en", english), ("zh-CN", chinese.unwrap_or_default())])
    }

    pub fn values(&self) -> Vec<String> {
        split(&self.values_en)
    }
}

/// What is wrong, in the order of the form.
#[derive(Debug, Default)]
struct Wrongs(Vec<Wrong>);

impl Wrongs {
    fn add(&mut self, field: impl Into<String>, key: &'static str) {
        self.0.push(Wrong { field: field.into(), key });
    }
}

/// The places of a list that people type; full-width commas are commas too.
fn places(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '，', '、', '\n']).map(str::trim)
}

/// The values of such a list, each once.
fn split(text: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for value in places(text).filter(|value| !value.is_empty()) {
        if !values.iter().any(|known| known == value) {
            values.push(value.to_owned());
        }
    }
    values
}

/// The row with this number, made when it is the next one or not far from it.
fn row<'a, T: Default>(rows: &'a mut Vec<T>, at: &str, most: usize) -> Option<&'a mut T> {
    let at: usize = at.parse().ok().filter(|at| *at < most)?;
    if rows.len() <= at {
        rows.resize_with(at + 1, T::default);
    }
    rows.get_mut(at)
}

#[cfg(test)]
mod tests;
