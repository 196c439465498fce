//! WooCommerce's product export: a row for each product, and one for each variation that names its parent.
//!
//! Its rows are told anew in our own columns, each under its own number, so that one reading judges all sheets.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{Column, Columns};
use super::html;
use super::mistakes::Mistake;
use super::sheet::{RowError, SheetError};

/// Attributes that a variant may be chosen by.
const OPTIONS_MAX: usize = 3;

/// The sheet in our own columns.
pub struct Told {
    pub columns: Columns,
    pub rows: Vec<(u64, csv::StringRecord)>,
    /// Rows of products that are bought by their variations only.
    pub without_variant: BTreeSet<u64>,
    pub errors: Vec<RowError>,
}

/// Whether these are WooCommerce's headings.
pub fn is_woo(headings: &csv::StringRecord) -> bool {
    let has = |name: &str| headings.iter().any(|heading| heading.trim().eq_ignore_ascii_case(name));
    has("Type") && has("Name") && has("Regular price")
}

/// Our columns, and what the file calls them.
const COLUMNS: [(Column, &str); 17] = [
    (Column::Slug, "Name"),
    (Column::Title, "Name"),
    (Column::Description, "Description"),
    (Column::Published, "Published"),
    (Column::Categories, "Categories"),
    (Column::OptionName(0), "Attribute 1 name"),
    (Column::OptionValue(0), "Attribute 1 value(s)"),
    (Column::OptionName(1), "Attribute 2 name"),
    (Column::OptionValue(1), "Attribute 2 value(s)"),
    (Column::OptionName(2), "Attribute 3 name"),
    (Column::OptionValue(2), "Attribute 3 value(s)"),
    (Column::Sku, "SKU"),
    (Column::Price, "Regular price"),
    (Column::CompareAt, "Regular price"),
    (Column::Weight, "Weight"),
    (Column::TaxClass, "Tax class"),
    (Column::Stock, "Stock"),
];

struct Row<'a> {
    number: u64,
    record: &'a csv::StringRecord,
    headings: &'a BTreeMap<String, usize>,
}

impl Row<'_> {
    fn cell(&self, heading: &str) -> &str {
        self.headings.get(heading).and_then(|at| self.record.get(*at)).unwrap_or_default().trim()
    }

    /// `simple`, `variable`, `variation`, …; what else is said of it (`virtual`) changes nothing here.
    fn is(&self, kind: &str) -> bool {
        self.cell("type").split(',').any(|word| word.trim().eq_ignore_ascii_case(kind))
    }

    /// Attributes as name and value, those that have both.
    fn attributes(&self) -> Vec<(&str, &str)> {
        let attribute = |at: usize| {
            let (name, value) =
                (self.cell(&format!("attribute {at} name")), self.cell(&format!("attribute {at} value(s)")));
            (!name.is_empty() && !value.is_empty()).then_some((name, value))
        };
        (1..=20).filter_map(attribute).collect()
    }

    /// The weight in whole grams, whatever unit its heading names.
    fn grams(&self) -> String {
        let weight = self.headings.keys().find(|heading| heading.starts_with("weight ("));
        let Some(heading) = weight else { return String::new() };
        let text = self.cell(heading);
        // Hundred-thousandths of a gram, so that nothing passes through a float.
        let per_unit: i128 = match heading.trim_start_matches("weight (").trim_end_matches(')') {
            "g" => 100_000,
            "lbs" | "lb" => 45_359_237,
            "oz" => 2_834_952,
            _ => 100_000_000,
        };
        let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if text.is_empty() || !digits(whole) || !digits(part) || whole.len() > 9 || part.len() > 9 {
            return text.to_owned(); // The reading says what is wrong with it.
        }
        let scale = 10_i128.pow(part.len() as u32);
        let number: i128 = format!("{whole}{part}").parse().unwrap_or(0);
        ((number * per_unit + scale * 50_000) / (scale * 100_000)).to_string()
    }

    fn price(&self) -> (String, String) {
        let (regular, sale) = (self.cell("regular price"), self.cell("sale price"));
        if sale.is_empty() { (regular.to_owned(), String::new()) } else { (sale.to_owned(), regular.to_owned()) }
    }

    /// What is back-ordered below zero is not there.
    fn stock(&self) -> &str {
        let stock = self.cell("stock");
        if stock.starts_with('-') { "0" } else { stock }
    }

    fn tax_class(&self) -> &str {
        match self.cell("tax class") {
            "parent" => "",
            class => class,
        }
    }
}

/// Tells the file's rows anew.
pub fn told(headings: &csv::StringRecord, rows: &[(u64, csv::StringRecord)]) -> Result<Told, SheetError> {
    let mut places = BTreeMap::new();
    for (at, heading) in headings.iter().enumerate() {
        places.entry(heading.trim().trim_start_matches('\u{feff}').to_lowercase()).or_insert(at);
    }
    if !places.contains_key("sku") {
        return Err(SheetError::NoHeading("sku"));
    }
    let row = |(number, record)| Row { number, record, headings: &places };
    let all: Vec<Row<'_>> = rows.iter().map(|(number, record)| row((*number, record))).collect();
    // Parents by what variations call them: `id:12`, or the item number.
    let mut parents: BTreeMap<String, usize> = BTreeMap::new();
    for (at, row) in all.iter().enumerate().filter(|(_, row)| !row.is("variation")) {
        for name in [format!("id:{}", row.cell("id")), row.cell("sku").to_owned()] {
            if name != "id:" && !name.is_empty() {
                parents.entry(name).or_insert(at);
            }
        }
    }
    let parent_of = |row: &Row<'_>| parents.get(row.cell("parent")).copied();
    let mut used: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut families: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut told = Told {
        columns: Columns::named(&COLUMNS),
        rows: Vec::new(),
        without_variant: BTreeSet::new(),
        errors: Vec::new(),
    };
    for (at, row) in all.iter().enumerate().filter(|(_, row)| row.is("variation")) {
        let Some(parent) = parent_of(row) else {
            told.wrong(row, "Parent", Mistake::NoParent);
            continue;
        };
        let names = used.entry(parent).or_default();
        for (name, _) in row.attributes() {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        families.entry(parent).or_default().push(at);
    }
    let mut slugs = BTreeSet::new();
    for (at, row) in all.iter().enumerate().filter(|(_, row)| !row.is("variation")) {
        if row.is("grouped") || row.is("external") {
            told.wrong(row, "Type", Mistake::NotSoldHere);
            continue;
        }
        let options = used.remove(&at).unwrap_or_default();
        if options.len() > OPTIONS_MAX {
            told.wrong(row, "Attribute 4 name", Mistake::ThreeOptionsAtMost);
            continue;
        }
        let mut slug = super::sheet::slug_of(row.cell("name"));
        if !slugs.insert(slug.clone()) {
            // Two products of one name: the file's own number tells them apart, each time the same.
            slug = format!("{slug}-{}", row.cell("id"));
            slugs.insert(slug.clone());
        }
        let family = families.remove(&at).unwrap_or_default();
        if row.is("variable") {
            if family.is_empty() {
                told.wrong(row, "Type", Mistake::NoVariations);
                continue;
            }
            told.without_variant.insert(row.number);
        }
        told.push_product(row, &slug, &options);
        for variation in family {
            told.push_variation(&all[variation], row, &slug, &options);
        }
    }
    Ok(told)
}

impl Told {
    fn wrong(&mut self, row: &Row<'_>, column: &str, mistake: Mistake) {
        self.errors.push(RowError { row: row.number, column: column.to_owned(), mistake });
    }

    fn push_product(&mut self, row: &Row<'_>, slug: &str, options: &[String]) {
        let is_variable = row.is("variable");
        let (price, compare_at) = if is_variable { Default::default() } else { row.price() };
        let description = match row.cell("description") {
            "" => row.cell("short description"),
            text => text,
        };
        // WooCommerce writes line breaks as these two signs.
        let description = html::to_markdown(&description.replace("\\n", "\n"));
        let published = if row.cell("published") == "1" { "true" } else { "false" };
        let mut cells = vec![
            slug.to_owned(),
            row.cell("name").to_owned(),
            description,
            published.to_owned(),
            categories(row.cell("categories")).join("\n"),
        ];
        for at in 0..OPTIONS_MAX {
            cells.push(options.get(at).cloned().unwrap_or_default());
            cells.push(String::new());
        }
        let own = |text: &str| if is_variable { String::new() } else { text.to_owned() };
        cells.extend([
            own(row.cell("sku")),
            price,
            compare_at,
            own(&row.grams()),
            row.tax_class().to_owned(),
            own(row.stock()),
        ]);
        self.rows.push((row.number, csv::StringRecord::from(cells)));
    }

    fn push_variation(&mut self, row: &Row<'_>, parent: &Row<'_>, slug: &str, options: &[String]) {
        let (price, compare_at) = row.price();
        let attributes: BTreeMap<&str, &str> = row.attributes().into_iter().collect();
        let mut cells = vec![slug.to_owned()];
        cells.resize(5, String::new());
        for at in 0..OPTIONS_MAX {
            cells.push(String::new());
            let value = options.get(at).and_then(|name| attributes.get(name.as_str()));
            cells.push(value.copied().unwrap_or_default().to_owned());
        }
        // A variation without a weight of its own has its parent's.
        let grams = Some(row.grams()).filter(|grams| !grams.is_empty()).unwrap_or_else(|| parent.grams());
        cells.extend([row.cell("sku").to_owned(), price, compare_at, grams, String::new(), row.stock().to_owned()]);
        self.rows.push((row.number, csv::StringRecord::from(cells)));
    }
}

/// `Clothing > Shirts, Sale` → the leaves, each once.
fn categories(text: &str) -> Vec<String> {
    // A comma in a name is written `\,`.
    let marked = text.replace("\\,", "\u{1}");
    let mut found: Vec<String> = Vec::new();
    for path in marked.split(',') {
        let leaf = path.rsplit('>').next().unwrap_or_default().replace('\u{1}', ",").trim().to_owned();
        if !leaf.is_empty() && !found.contains(&leaf) {
            found.push(leaf);
        }
    }
    found
}
