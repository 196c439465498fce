//! The count sheet for a spreadsheet: what the books say, and an empty column for what is there. Filled in and imported, it
//! is held against what is printed on it (`stock_sheet.rs`).

use super::rows::defused;
use crate::language::Language;
use crate::storage::stock::shelf::Place;

/// Only one of them may be read as the count: what the books say is called otherwise than in other sheets.
const HEADINGS: [&str; 8] = ["sku", "product", "variant", "in_books", "held", "on_shelf", "revision", "counted"];

/// With a mark at its beginning, so that spreadsheets read Chinese as Chinese.
pub fn text(places: &[Place], language: Language) -> Result<String, String> {
    let mut sheet = csv::Writer::from_writer(vec![]);
    let broken = |error: csv::Error| format!("a count sheet cannot be written: {error}");
    sheet.write_record(HEADINGS).map_err(broken)?;
    for place in places {
        let texts = [place.sku.as_str(), place.product.get(language), place.variant.get(language)].map(defused);
        let on_shelf = (place.on_hand - place.short).max(0);
        let numbers = [place.on_hand, place.held, on_shelf, place.revision].map(|number| number.to_string());
        let record = texts.iter().chain(&numbers).map(String::as_str).chain([""]);
        sheet.write_record(record).map_err(broken)?;
    }
    let bytes = sheet.into_inner().map_err(|error| format!("a count sheet cannot be written: {error}"))?;
    String::from_utf8(bytes).map(|text| format!("\u{feff}{text}")).map_err(|error| error.to_string())
}
