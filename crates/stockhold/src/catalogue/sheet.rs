//! Reads a spreadsheet of products: our own headings, and those of Shopify's exports, old and new.
//!
//! Invariant: reading judges, it does not guess. Every mistake is named with its row as a spreadsheet shows it and
//! its column as the file calls it; amounts never pass through a float.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use rules::money::{AMOUNT_MAX, Currency, Money};
use rules::stock::ON_HAND_MAX;
use rules::taxes::TaxClass;
use rules::text::Sku;

use super::columns::{Column, Columns};
use super::mistakes::Mistake;
use super::rows::{self, Rows};
use super::{RESERVED_COLLECTION_SLUGS, RESERVED_SKUS, RESERVED_SLUGS, woo};
use crate::storage::products::{Localized, NewVariant, ProductStatus};

/// Options that a sheet has columns for.
pub const OPTIONS: usize = 3;
const SLUG_BYTES_MAX: usize = 200;
/// Nobody reads more mistakes than this; the file is mended and tried again.
const ERRORS_MAX: usize = 1_000;

/// A mistake in one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// As a spreadsheet shows it: the headings are row 1.
    pub row: u64,
    pub column: String,
    pub mistake: Mistake,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    #[error("The file is larger than 50 MB. Split it and import the parts.")]
    TooLarge,
    #[error("The file has more than 100,000 rows. Split it and import the parts.")]
    TooManyRows,
    #[error("The file is not UTF-8. In Excel, save it as “CSV UTF-8”, or say that it is GB18030.")]
    NotUtf8,
    #[error("The file is not GB18030 either. In Excel, save it as “CSV UTF-8”.")]
    NotGb18030,
    #[error("The file is empty.")]
    Empty,
    #[error("The heading {0} is missing. Needed are slug (or Handle), title, sku and price.")]
    NoHeading(&'static str),
    #[error("The headings sku and on_hand are needed.")]
    NoCount,
    #[error("The heading code is missing.")]
    NoCode,
    #[error("The heading “{0}” means nothing here. Is there a slip in it?")]
    UnknownHeading(String),
    #[error("The heading “{0}” is there twice.")]
    HeadingTwice(String),
    #[error("The file cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("The file is not CSV: {0}")]
    NotCsv(#[from] csv::Error),
}

#[derive(Debug, Default)]
pub struct Sheet {
    pub products: Vec<SheetProduct>,
    /// Slugs of collections that are named, with the name that stands in the sheet.
    pub collections: BTreeMap<String, String>,
    pub errors: Vec<RowError>,
}

/// A product as the sheet tells of it; `None` where it has no such column.
#[derive(Debug, Clone)]
pub struct SheetProduct {
    pub slug: String,
    pub status: Option<ProductStatus>,
    pub title: Localized,
    pub description: Localized,
    pub options: Vec<String>,
    pub collections: Option<Vec<String>>,
    pub tax_class: Option<TaxClass>,
    pub variants: Vec<SheetVariant>,
    /// How many rows tell of it.
    pub rows: u64,
}

#[derive(Debug, Clone)]
pub struct SheetVariant {
    pub row: u64,
    pub new: NewVariant,
    pub stock: Option<i64>,
}

/// Which sign begins the decimals. Where `;` separates the cells, a comma does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimal {
    Point,
    PointOrComma,
}

pub fn read(file: impl Read, currency: Currency) -> Result<Sheet, SheetError> {
    let mut rows = Rows::of(file)?;
    let mut reading = Reading {
        columns: Columns::named(&[]),
        currency,
        decimal: rows.decimal,
        sheet: Sheet::default(),
        at: BTreeMap::new(),
        skus: BTreeSet::new(),
        without_variant: BTreeSet::new(),
    };
    if woo::is_woo(&rows.headings) {
        reading.woo(rows)?;
        return Ok(reading.sheet);
    }
    reading.columns = Columns::of(&rows.headings)?;
    while let Some((row, record)) = rows.next()? {
        reading.row(row, &record);
    }
    Ok(reading.sheet)
}

struct Reading {
    columns: Columns,
    currency: Currency,
    decimal: Decimal,
    sheet: Sheet,
    /// Where each slug's product stands in the sheet.
    at: BTreeMap<String, usize>,
    skus: BTreeSet<Sku>,
    /// Rows of products that are bought by the variants of other rows only.
    without_variant: BTreeSet<u64>,
}

impl Reading {
    /// WooCommerce parts a product and its variants: its rows are told anew, and judged as ours are.
    fn woo(&mut self, mut rows: Rows) -> Result<(), SheetError> {
        let mut records = Vec::new();
        while let Some((row, record)) = rows.next()? {
            if rows::is_empty(&record) {
                continue;
            }
            match rows::misfit(&record, rows.headings.len()) {
                None => records.push((row, record)),
                Some((at, mistake)) => {
                    let column = at.and_then(|at| rows.headings.get(at)).unwrap_or_default().to_owned();
                    self.wrong(row, column, mistake);
                }
            }
        }
        let told = woo::told(&rows.headings, &records)?;
        (self.columns, self.without_variant) = (told.columns, told.without_variant);
        for error in told.errors {
            self.wrong(error.row, error.column, error.mistake);
        }
        for (row, record) in &told.rows {
            self.row(*row, record);
        }
        Ok(())
    }

    fn row(&mut self, row: u64, record: &csv::StringRecord) {
        if rows::is_empty(record) {
            return;
        }
        if let Some((at, mistake)) = rows::misfit(record, self.columns.len()) {
            let column = at.map_or_else(String::new, |at| self.columns.heading_at(at));
            return self.wrong(row, column, mistake);
        }
        let Some(slug) = self.slug(row, record) else { return };
        let is_first = !self.at.contains_key(&slug);
        if is_first {
            let product = self.product(row, slug.clone(), record);
            self.at.insert(slug.clone(), self.sheet.products.len());
            self.sheet.products.push(product);
        }
        let at = self.at[&slug];
        self.sheet.products[at].rows += 1;
        // Shopify gives each further picture a row of its own, without a variant.
        let of_variant = [Column::Sku, Column::Price, Column::OptionValue(0)];
        if self.without_variant.contains(&row) {
            return;
        }
        if !is_first && of_variant.iter().all(|column| self.cell(*column, record).is_empty()) {
            return;
        }
        let options = self.sheet.products[at].options.clone();
        if let Some(variant) = self.variant(row, &options, record) {
            self.sheet.products[at].variants.push(variant);
        }
    }

    fn slug(&mut self, row: u64, record: &csv::StringRecord) -> Option<String> {
        let given = self.cell(Column::Slug, record).to_lowercase();
        let slug = if given.is_empty() { slug_of(self.cell(Column::Title, record)) } else { given };
        let fits = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
        if slug.is_empty() || slug.len() > SLUG_BYTES_MAX || !slug.chars().all(fits) {
            self.mistake(row, Column::Slug, Mistake::NotASlug);
            return None;
        }
        if RESERVED_SLUGS.contains(&slug.as_str()) {
            self.mistake(row, Column::Slug, Mistake::ReservedSlug { slug });
            return None;
        }
        Some(slug)
    }

    fn product(&mut self, row: u64, slug: String, record: &csv::StringRecord) -> SheetProduct {
        let mut title = Localized::default();
        let mut description = Localized::default();
        for (column, tag) in [(Column::Title, "en"), (Column::TitleZh, "zh-CN")] {
            put(&mut title, tag, self.cell(column, record).to_owned());
        }
        for (column, tag) in [(Column::Description, "en"), (Column::DescriptionZh, "zh-CN")] {
            put(&mut description, tag, super::html::to_markdown(self.cell(column, record)));
        }
        if title.0.is_empty() {
            self.mistake(row, Column::Title, Mistake::NoTitle);
        }
        let names = (0..OPTIONS).map(|at| self.cell(Column::OptionName(at), record).to_owned());
        let mut options: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        let value = self.cell(Column::OptionValue(0), record);
        if options == ["Title"] && value == "Default Title" {
            options.clear(); // Shopify's way of saying that there is nothing to choose.
        } else if options.is_empty() && !value.is_empty() {
            options.push("Option".to_owned());
        }
        SheetProduct {
            status: self.status(row, record),
            collections: self.collections(row, record),
            tax_class: self.tax_class(row, record),
            slug,
            title,
            description,
            options,
            variants: Vec::new(),
            rows: 0,
        }
    }

    fn status(&mut self, row: u64, record: &csv::StringRecord) -> Option<ProductStatus> {
        let word = self.cell(Column::Status, record).to_lowercase();
        if !word.is_empty() {
            let status = ProductStatus::parse(&word);
            if status.is_none() {
                self.mistake(row, Column::Status, Mistake::NotAStatus);
            }
            return status;
        }
        match self.cell(Column::Published, record).to_lowercase().as_str() {
            "true" | "yes" | "1" => Some(ProductStatus::Active),
            "false" | "no" | "0" => Some(ProductStatus::Draft),
            _ => None,
        }
    }

    fn tax_class(&mut self, row: u64, record: &csv::StringRecord) -> Option<TaxClass> {
        let word = self.cell(Column::TaxClass, record).to_lowercase();
        if word.is_empty() {
            return None;
        }
        let class = TaxClass::parse(&word).ok();
        if class.is_none() {
            self.mistake(row, Column::TaxClass, Mistake::NotATaxClass);
        }
        class
    }

    fn collections(&mut self, row: u64, record: &csv::StringRecord) -> Option<Vec<String>> {
        if self.columns.has(Column::Collections) {
            let slugs = self.cell(Column::Collections, record).to_owned();
            let slugs: Vec<String> = slugs.split_whitespace().map(str::to_lowercase).collect();
            let fits = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
            if slugs.iter().any(|slug| !slug.chars().all(fits) || slug.len() > SLUG_BYTES_MAX) {
                self.mistake(row, Column::Collections, Mistake::NotCollectionSlugs);
                return None;
            }
            if let Some(reserved) = slugs.iter().find_map(|slug| reserved_collection(slug)) {
                self.mistake(row, Column::Collections, reserved);
                return None;
            }
            return Some(slugs);
        }
        if self.columns.has(Column::Categories) {
            let names = self.cell(Column::Categories, record).to_owned();
            let mut slugs = Vec::new();
            for name in names.lines() {
                let slug = slug_of(name);
                if slug.is_empty() || slug.len() > SLUG_BYTES_MAX {
                    self.mistake(row, Column::Categories, Mistake::NotACollection { name: shortened(name) });
                    continue;
                }
                if let Some(reserved) = reserved_collection(&slug) {
                    self.mistake(row, Column::Categories, reserved);
                    continue;
                }
                self.sheet.collections.entry(slug.clone()).or_insert_with(|| name.to_owned());
                if !slugs.contains(&slug) {
                    slugs.push(slug);
                }
            }
            return Some(slugs);
        }
        if !self.columns.has(Column::Collection) {
            return None;
        }
        let name = self.cell(Column::Collection, record).to_owned();
        if name.is_empty() {
            return Some(Vec::new());
        }
        let slug = slug_of(&name);
        if slug.is_empty() || slug.len() > SLUG_BYTES_MAX {
            self.mistake(row, Column::Collection, Mistake::NotACollection { name: shortened(&name) });
            return None;
        }
        if let Some(reserved) = reserved_collection(&slug) {
            self.mistake(row, Column::Collection, reserved);
            return None;
        }
        self.sheet.collections.entry(slug.clone()).or_insert(name);
        Some(vec![slug])
    }

    /// The row's variant; `None` when a cell is wrong, which is noted.
    fn variant(&mut self, row: u64, options: &[String], record: &csv::StringRecord) -> Option<SheetVariant> {
        let sku = self.sku(row, record);
        let price = self.money(row, Column::Price, record);
        match price {
            Some(None) => self.mistake(row, Column::Price, Mistake::NoPrice),
            // Found out here, and not by the first buyer.
            Some(Some(minor)) if minor % self.currency.step_minor() != 0 => {
                let step = Money::new(self.currency.step_minor(), self.currency).plain();
                self.mistake(row, Column::Price, Mistake::NotInSteps { currency: self.currency, step });
            }
            Some(Some(_)) | None => {}
        }
        let compare_at = self.money(row, Column::CompareAt, record);
        let weight = self.number(row, Column::Weight, record);
        let stock = self.number(row, Column::Stock, record);
        let mut values = BTreeMap::new();
        let mut title = Vec::new();
        for (at, name) in options.iter().enumerate() {
            let value = self.cell(Column::OptionValue(at), record).to_owned();
            if value.is_empty() {
                self.mistake(row, Column::OptionValue(at), Mistake::NoOption { option: name.clone() });
                return None;
            }
            title.push(value.clone());
            values.insert(name.clone(), Localized::of(&[("en", &value)]));
        }
        let mut named = Localized::default();
        put(&mut named, "en", title.join(" · "));
        let new = NewVariant {
            sku: sku?,
            title: named,
            options: values,
            price_minor: price??,
            // Shopify writes zero where there is no former price.
            compare_at_minor: compare_at?.filter(|minor| *minor > 0),
            weight_grams: weight?,
        };
        Some(SheetVariant { row, new, stock: stock? })
    }

    fn sku(&mut self, row: u64, record: &csv::StringRecord) -> Option<Sku> {
        // Excel keeps numbers as text with a leading apostrophe, and Shopify exports it.
        let cell = self.cell(Column::Sku, record).trim_start_matches('\'');
        let mistake = match Sku::parse(cell) {
            Err(_) if cell.is_empty() => Mistake::NoSku,
            Err(_) => Mistake::NotASku,
            Ok(sku) if RESERVED_SKUS.contains(&sku.as_str()) => Mistake::ReservedSku { sku },
            Ok(sku) if self.skus.insert(sku.clone()) => return Some(sku),
            Ok(sku) => Mistake::SkuTwice { sku },
        };
        self.mistake(row, Column::Sku, mistake);
        None
    }

    /// `Some(None)`: the cell is empty. `None`: it is wrong, which is noted.
    fn money(&mut self, row: u64, column: Column, record: &csv::StringRecord) -> Option<Option<i64>> {
        let cell = self.cell(column, record);
        if cell.is_empty() {
            return Some(None);
        }
        match amount(cell, self.currency, self.decimal) {
            Ok(minor) => Some(Some(minor)),
            Err(mistake) => {
                self.mistake(row, column, mistake);
                None
            }
        }
    }

    fn number(&mut self, row: u64, column: Column, record: &csv::StringRecord) -> Option<Option<i64>> {
        let cell = self.cell(column, record);
        if cell.is_empty() {
            return Some(None);
        }
        // Shopify writes weights as 250.0: grams are whole here.
        let whole = cell.split_once('.').filter(|_| column == Column::Weight);
        let whole = whole.filter(|(_, part)| part.bytes().all(|b| b.is_ascii_digit())).map_or(cell, |(whole, _)| whole);
        let number = whole.bytes().all(|b| b.is_ascii_digit()).then(|| whole.parse::<i64>().ok()).flatten();
        let number = number.filter(|number| *number <= ON_HAND_MAX);
        if number.is_none() {
            self.mistake(row, column, Mistake::NotANumber { text: shortened(cell) });
        }
        number.map(Some)
    }

    fn cell<'a>(&self, column: Column, record: &'a csv::StringRecord) -> &'a str {
        rows::as_meant(self.columns.at(column).and_then(|at| record.get(at)).unwrap_or_default().trim())
    }

    fn mistake(&mut self, row: u64, column: Column, mistake: Mistake) {
        let heading = self.columns.heading(column);
        self.wrong(row, heading, mistake);
    }

    fn wrong(&mut self, row: u64, column: String, mistake: Mistake) {
        if self.sheet.errors.len() < ERRORS_MAX {
            self.sheet.errors.push(RowError { row, column, mistake });
        }
    }
}

/// Reads a price without a float: `32`, `32.5`, `32.00`. Refuses what could be read in two ways.
pub fn amount(text: &str, currency: Currency, decimal: Decimal) -> Result<i64, Mistake> {
    let wrong = || Mistake::NotAPrice { text: shortened(text), example: example(currency) };
    let point = match decimal {
        Decimal::PointOrComma if !text.contains('.') => ',',
        Decimal::PointOrComma | Decimal::Point => '.',
    };
    let (whole, part) = text.split_once(point).unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || text.ends_with(point) {
        return Err(wrong());
    }
    let decimals = currency.decimals() as usize;
    // Exports write 1290.00 even where there are no cents; longer fractions might be thousands.
    let part = if decimals == 0 && part.len() <= 2 { part.trim_end_matches('0') } else { part };
    if part.len() > decimals {
        return Err(Mistake::TooManyDecimals { text: shortened(text), currency, decimals });
    }
    let minor = format!("{whole}{part:0<decimals$}");
    minor.parse::<i64>().ok().filter(|minor| *minor <= AMOUNT_MAX).ok_or_else(wrong)
}

fn example(currency: Currency) -> &'static str {
    match currency.decimals() {
        0 => "3200",
        3 => "32.000",
        _ => "32.00",
    }
}

/// A name as an address: `Tea cups & bowls` → `tea-cups-bowls`, `茶杯` as it is.
pub(super) fn slug_of(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// Why no collection is called so, if none is.
fn reserved_collection(slug: &str) -> Option<Mistake> {
    RESERVED_COLLECTION_SLUGS.contains(&slug).then(|| Mistake::ReservedCollection { slug: slug.to_owned() })
}

fn put(texts: &mut Localized, tag: &str, text: String) {
    if !text.is_empty() {
        texts.0.insert(tag.to_owned(), text);
    }
}

/// A cell as an error may quote it.
fn shortened(cell: &str) -> String {
    let mut letters = cell.chars();
    let start: String = letters.by_ref().take(40).collect();
    if letters.next().is_some() { format!("{start}…") } else { start }
}

#[cfg(test)]
mod tests;
