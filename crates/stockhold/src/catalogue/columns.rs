//! The headings of a sheet: ours, and both generations of Shopify's.

use super::sheet::SheetError;

/// What a column tells; options are numbered from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Slug,
    Title,
    TitleZh,
    Description,
    DescriptionZh,
    Status,
    Published,
    Collection,
    /// Slugs, parted by spaces: our own way, of several.
    Collections,
    /// Names, one a line.
    Categories,
    OptionName(usize),
    OptionValue(usize),
    Sku,
    Price,
    CompareAt,
    Weight,
    TaxClass,
    Stock,
}

/// Where each column is. Columns that mean nothing here (Shopify has dozens) are passed over.
#[derive(Debug)]
pub struct Columns {
    headings: Vec<(String, Option<Column>)>,
}

impl Columns {
    pub fn of(record: &csv::StringRecord) -> Result<Columns, SheetError> {
        let headings: Vec<(String, Option<Column>)> =
            record.iter().map(|heading| (heading.trim().to_owned(), known(heading))).collect();
        for (at, (heading, column)) in headings.iter().enumerate() {
            if column.is_some() && headings[..at].iter().any(|(_, earlier)| earlier == column) {
                return Err(SheetError::HeadingTwice(heading.clone()));
            }
        }
        let columns = Columns { headings };
        let needed = [(Column::Title, "title"), (Column::Sku, "sku"), (Column::Price, "price")];
        match needed.iter().find(|(column, _)| !columns.has(*column)) {
            Some((_, name)) => Err(SheetError::NoHeading(name)),
            None => Ok(columns),
        }
    }

    /// Columns in this order, and what the file they come from calls them.
    pub fn named(columns: &[(Column, &str)]) -> Columns {
        Columns { headings: columns.iter().map(|(column, name)| ((*name).to_owned(), Some(*column))).collect() }
    }

    pub fn len(&self) -> usize {
        self.headings.len()
    }

    pub fn has(&self, column: Column) -> bool {
        self.at(column).is_some()
    }

    pub fn at(&self, column: Column) -> Option<usize> {
        self.headings.iter().position(|(_, known)| *known == Some(column))
    }

    /// A column as the file calls it; one that is not there, as we do.
    pub fn heading(&self, column: Column) -> String {
        self.at(column).map_or_else(|| format!("{column:?}").to_lowercase(), |at| self.heading_at(at))
    }

    pub fn heading_at(&self, at: usize) -> String {
        self.headings.get(at).map_or_else(|| format!("column {}", at + 1), |(heading, _)| heading.clone())
    }
}

/// Our own names of the columns that a person may choose from.
pub const NAMES: [&str; 21] = [
    "slug",
    "title",
    "title_zh",
    "description",
    "description_zh",
    "status",
    "collections",
    "option1_name",
    "option1_value",
    "option2_name",
    "option2_value",
    "option3_name",
    "option3_value",
    "sku",
    "price",
    "compare_at",
    "weight_grams",
    "tax_class",
    "stock",
    // Said by `status` and `collections` as well, in the words of others.
    "published",
    "collection",
];

/// Those that an export writes, in their order: enough to read a product back as it was.
pub const WRITTEN: &[&str] = NAMES.split_at(19).0;

/// What a heading means, by our own name.
pub fn name_of(heading: &str) -> Option<&'static str> {
    let column = known(heading)?;
    NAMES.iter().find(|name| known(name) == Some(column)).copied()
}

/// Letters and digits alone decide: `Compare-at price`, `compare_at` and `Variant Compare At Price` are one.
fn known(heading: &str) -> Option<Column> {
    let plain: String = heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let column = match plain.as_str() {
        "slug" | "handle" | "urlhandle" => Column::Slug,
        "title" => Column::Title,
        "titlezh" => Column::TitleZh,
        "description" | "bodyhtml" => Column::Description,
        "descriptionzh" => Column::DescriptionZh,
        "status" => Column::Status,
        "published" | "publishedononlinestore" => Column::Published,
        "collection" => Column::Collection,
        "collections" => Column::Collections,
        "option1name" => Column::OptionName(0),
        "option2name" => Column::OptionName(1),
        "option3name" => Column::OptionName(2),
        "option1value" => Column::OptionValue(0),
        "option2value" => Column::OptionValue(1),
        "option3value" => Column::OptionValue(2),
        "sku" | "variantsku" => Column::Sku,
        "price" | "variantprice" => Column::Price,
        "compareat" | "compareatprice" | "variantcompareatprice" => Column::CompareAt,
        "weightgrams" | "variantgrams" | "weightvaluegrams" => Column::Weight,
        "taxclass" => Column::TaxClass,
        "stock" | "inventoryquantity" | "variantinventoryqty" => Column::Stock,
        _ => return None,
    };
    Some(column)
}
