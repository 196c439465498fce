//! The rows of a CSV file as a spreadsheet shows them: its byte mark, its separator, its row numbers, its bounds; and cells
//! that a spreadsheet takes for a formula.

use std::io::{Cursor, Read};

use super::intake::IGNORED;
use super::mistakes::Mistake;
use super::sheet::{Decimal, SheetError};

/// A hundred thousand rows with long descriptions fit; what is larger is a mistake or an attack.
const FILE_BYTES_MAX: u64 = 50 * 1024 * 1024;
pub(super) const ROWS_MAX: u64 = 100_000;
pub(super) const FIELD_BYTES_MAX: usize = 100 * 1024;

/// The rows below the headings, read one by one.
pub struct Rows {
    pub headings: csv::StringRecord,
    pub decimal: Decimal,
    records: csv::Reader<Cursor<Vec<u8>>>,
    row: u64,
    line: u64,
    read: u64,
}

impl Rows {
    pub fn of(file: impl Read) -> Result<Rows, SheetError> {
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(SheetError::TooLarge);
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| SheetError::NotUtf8)?;
        let marked = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let separator = separator(&text[marked..]);
        bytes.drain(..marked);
        let mut reader = csv::ReaderBuilder::new();
        let mut records = reader.has_headers(false).flexible(true).delimiter(separator).from_reader(Cursor::new(bytes));
        let mut headings = csv::StringRecord::new();
        if !records.read_record(&mut headings)? {
            return Err(SheetError::Empty);
        }
        let decimal = if separator == b';' { Decimal::PointOrComma } else { Decimal::Point };
        let line = records.position().line();
        Ok(Rows { headings, decimal, records, row: 1, line, read: 0 })
    }

    /// The next row and its number as a spreadsheet shows it; the headings are row 1.
    pub fn next(&mut self) -> Result<Option<(u64, csv::StringRecord)>, SheetError> {
        let mut record = csv::StringRecord::new();
        if !self.records.read_record(&mut record)? {
            return Ok(None);
        }
        self.read += 1;
        if self.read > ROWS_MAX {
            return Err(SheetError::TooManyRows);
        }
        // A spreadsheet counts empty lines, but not the line breaks inside a cell.
        let lines = self.records.position().line() - self.line;
        let breaks = record.iter().map(|cell| cell.matches('\n').count() as u64).sum();
        self.line += lines;
        self.row += lines.saturating_sub(breaks).max(1);
        Ok(Some((self.row, record)))
    }
}

/// The same file with other headings; an empty one is of a column that is passed over.
pub fn with_headings(text: &str, headings: &[String]) -> Result<Vec<u8>, SheetError> {
    let rows = Rows::of(text.as_bytes())?;
    let marked = text.strip_prefix('\u{feff}').unwrap_or(text);
    let at = usize::try_from(rows.records.position().byte()).unwrap_or(usize::MAX).min(marked.len());
    let separator = separator(marked);
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::with_capacity(text.len()));
    let named = headings.iter().map(|heading| if heading.is_empty() { IGNORED } else { heading.as_str() });
    writer.write_record(named)?;
    let mut out = writer.into_inner().map_err(|error| SheetError::Unreadable(error.into_error()))?;
    out.extend_from_slice(&marked.as_bytes()[at..]);
    Ok(out)
}

pub fn is_empty(record: &csv::StringRecord) -> bool {
    record.iter().all(|cell| cell.trim().is_empty())
}

/// What is wrong with a row before its cells are read, and with the cell at which place.
pub fn misfit(record: &csv::StringRecord, headings: usize) -> Option<(Option<usize>, Mistake)> {
    if let Some(at) = record.iter().position(|cell| cell.len() > FIELD_BYTES_MAX) {
        return Some((Some(at), Mistake::CellTooLarge));
    }
    (record.len() > headings).then_some((None, Mistake::TooManyCells))
}

/// A cell that no spreadsheet computes: what begins like a formula gets an apostrophe, which spreadsheets do not show.
pub fn defused(cell: &str) -> String {
    if cell.starts_with(FUSES) { format!("'{cell}") } else { cell.to_owned() }
}

/// The opposite of [`defused`].
pub fn as_meant(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(FUSES)).unwrap_or(cell)
}

/// What a formula begins with, in one spreadsheet or another; and the apostrophe itself, so that it is read back right.
const FUSES: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// The sign that separates the headings: the most frequent one outside quotes.
fn separator(text: &str) -> u8 {
    let headings = text.lines().next().unwrap_or_default();
    let mut counts = [(b',', 0_u32), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in headings.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(sign, _)| !quoted && *sign == byte) {
            *count += 1;
        }
    }
    // The first of equals wins: a file of one column has commas.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(sign, _)| *sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_every_cell_is_read_back() {
        for cell in ["=1+1", "+1", "-TEA", "@SUM(A1)", "\t=1", "'quoted", "''=1", "TEA-10", "", "a=1", "'"] {
            let written = defused(cell);
            assert!(!written.starts_with(['=', '+', '-', '@', '\t', '\r']), "{written}");
            assert_eq!(as_meant(&written), cell);
        }
        assert_eq!(as_meant("'007"), "'007", "not ours: whoever reads an item number knows more");
    }
}
