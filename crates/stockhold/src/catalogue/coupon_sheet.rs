//! Coupons as a spreadsheet: out, and in again. What was written is read back as it was.
//!
//! Invariant: an import with a mistake anywhere changes nothing, and all of its rows are changed in one transaction. It says
//! what a call of the API can say, through the same law ([`Coupon::changed`]): a column that is not there stays as it was, an
//! empty cell is no limit. A heading that nobody knows is refused: a limit with a slip in its name would be no limit at all.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};

use rules::coupons::{Change, Coupon, CouponCode, CouponError, Kind, PercentOff, Reduction};
use rules::money::{Currency, Money};
use rules::time::Timestamp;

use super::ImportError;
use super::intake::IGNORED;
use super::mistakes::Mistake;
use super::rows::{self, Rows};
use super::sheet::{Decimal, RowError, SheetError, amount};
use crate::language::{Edge, local_time, parse_edge};
use crate::storage::Storage;
use crate::storage::coupons::{self, StoredCoupon};

/// Coupons read at once for the export.
const PAGE_ROWS: i64 = 500;
/// Nobody reads more mistakes than this; the file is mended and tried again.
const ERRORS_MAX: usize = 1_000;

/// The columns, in the order in which they are written.
pub(super) const HEADINGS: &[&str] = &[
    "code",
    "kind",
    "percent_off",
    "amount_off",
    "currency",
    "max_discount",
    "minimum_spend",
    "usage_limit",
    "usage_limit_per_customer",
    "first_order_only",
    "starts_at",
    "ends_at",
    "products",
    "collections",
    "active",
    "used",
    "created_at",
    "time_zone",
];
/// Told by an export; an import passes them over.
const TOLD_ONLY: [&str; 3] = ["used", "created_at", "time_zone"];

/// What reading and writing coupons takes to know of the shop.
#[derive(Debug, Clone, Copy)]
pub struct Register<'a> {
    pub storage: &'a Storage,
    pub currency: Currency,
    pub time_zone: &'a str,
    pub now: Timestamp,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CouponReport {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    /// Not empty: nothing was changed.
    pub errors: Vec<RowError>,
}

/// Writes all coupons, in the order of their codes, with a byte mark so that a spreadsheet reads every letter.
pub async fn export(register: Register<'_>, mut out: impl Write) -> Result<u64, ImportError> {
    out.write_all("\u{feff}".as_bytes()).map_err(SheetError::from)?;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADINGS).map_err(SheetError::from)?;
    let (mut after, mut written) = (String::new(), 0);
    loop {
        let page = coupons::list(register.storage, &after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { break };
        after = last.coupon.code.to_string();
        written += page.len() as u64;
        for stored in &page {
            let cells = cells(stored, register.time_zone);
            writer.write_record(cells.iter().map(|cell| rows::defused(cell))).map_err(SheetError::from)?;
        }
    }
    writer.flush().map_err(SheetError::from)?;
    Ok(written)
}

pub(super) fn cells(stored: &StoredCoupon, time_zone: &str) -> Vec<String> {
    let coupon = &stored.coupon;
    let (percent, off) = match coupon.reduction {
        Reduction::Percent(percent) => (percent.percent(), None),
        Reduction::Amount { minor } => (String::new(), Some(minor)),
    };
    let money = |minor: Option<i64>| minor.map(|minor| Money::new(minor, coupon.currency).plain());
    let number = |number: Option<i64>| number.map(|number| number.to_string());
    let moment = |at: Option<Timestamp>| at.map(|at| local_time(at, time_zone));
    let slugs = |slugs: &BTreeSet<String>| slugs.iter().cloned().collect::<Vec<_>>().join(" ");
    let cells = [
        Some(coupon.code.to_string()),
        Some(coupon.reduction.kind().as_str().to_owned()),
        Some(percent),
        money(off),
        Some(coupon.currency.code().to_owned()),
        money(coupon.max_discount_minor),
        money(coupon.minimum_spend_minor),
        number(coupon.usage_limit),
        number(coupon.usage_limit_per_customer),
        Some(yes_or_no(coupon.first_order_only).to_owned()),
        moment(coupon.starts_at),
        moment(coupon.ends_at),
        Some(slugs(&coupon.applies_to.products)),
        Some(slugs(&coupon.applies_to.collections)),
        Some(yes_or_no(coupon.active).to_owned()),
        Some(stored.used.to_string()),
        Some(local_time(stored.created_at, time_zone)),
        Some(time_zone.to_owned()),
    ];
    cells.into_iter().map(Option::unwrap_or_default).collect()
}

fn yes_or_no(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

/// Makes and changes the coupons of a sheet, all of them or none. With `dry_run` it only says what it would do.
pub async fn import(register: Register<'_>, file: impl Read, dry_run: bool) -> Result<CouponReport, ImportError> {
    let mut reading = Reading::of(Rows::of(file)?, register)?;
    reading.read_all()?;
    let Reading { said, errors, .. } = reading;
    let mut report = CouponReport { errors, ..CouponReport::default() };
    let codes = said.keys().map(CouponCode::to_string).collect();
    let stands = coupons::by_codes(register.storage, codes).await?;
    let mut stands: BTreeMap<CouponCode, StoredCoupon> =
        stands.into_iter().map(|stored| (stored.coupon.code.clone(), stored)).collect();
    // In the order of the codes, as the ledger locks them.
    let mut changes = Vec::new();
    for (code, (row, change)) in said {
        let Some(change) = change else { continue };
        let before = stands.remove(&code);
        let coupon = match Coupon::changed(before.as_ref().map(|b| &b.coupon), code, register.currency, change) {
            Ok(coupon) => coupon,
            Err(error) => {
                report.errors.push(RowError { row, column: column(error).to_owned(), mistake: error.into() });
                continue;
            }
        };
        match before {
            None => {
                report.new += 1;
                changes.push((coupon, None));
            }
            Some(before) if before.coupon == coupon => report.unchanged += 1,
            Some(before) if coupon.usage_limit.is_some_and(|limit| limit < before.used) => {
                let mistake = Mistake::UsedMoreOften { used: before.used };
                report.errors.push(RowError { row, column: "usage_limit".to_owned(), mistake });
            }
            Some(before) => {
                report.changed += 1;
                changes.push((coupon, Some(before.revision)));
            }
        }
    }
    report.errors.sort_by_key(|error| error.row);
    if report.errors.is_empty() && !dry_run && !coupons::put_all(register.storage, &changes, register.now).await? {
        return Err(ImportError::ChangedMeanwhile);
    }
    Ok(report)
}

/// Where the law's word on a whole coupon belongs.
fn column(error: CouponError) -> &'static str {
    match error {
        CouponError::NotACode => "code",
        CouponError::NotAReduction => "kind",
        CouponError::NotAPercentage => "percent_off",
        CouponError::NotAnAmount { .. } => "amount_off",
        CouponError::NotALimit => "usage_limit",
        CouponError::EndsBeforeItStarts => "ends_at",
        CouponError::TooManyTargets { .. } | CouponError::NotASlug => "products",
    }
}

struct Reading<'a> {
    rows: Rows,
    register: Register<'a>,
    /// Where each column that is read stands.
    at: BTreeMap<&'static str, usize>,
    said: BTreeMap<CouponCode, (u64, Option<Change>)>,
    errors: Vec<RowError>,
}

impl<'a> Reading<'a> {
    fn of(rows: Rows, register: Register<'a>) -> Result<Reading<'a>, SheetError> {
        let mut at = BTreeMap::new();
        for (place, heading) in rows.headings.iter().enumerate() {
            if heading == IGNORED {
                continue;
            }
            let plain = heading.trim().to_lowercase().replace([' ', '-'], "_");
            let known = HEADINGS.iter().find(|known| **known == plain);
            let known = known.ok_or_else(|| SheetError::UnknownHeading(heading.trim().to_owned()))?;
            if at.insert(*known, place).is_some() {
                return Err(SheetError::HeadingTwice(heading.trim().to_owned()));
            }
        }
        if !at.contains_key("code") {
            return Err(SheetError::NoCode);
        }
        at.retain(|heading, _| !TOLD_ONLY.contains(heading));
        Ok(Reading { rows, register, at, said: BTreeMap::new(), errors: Vec::new() })
    }

    fn read_all(&mut self) -> Result<(), SheetError> {
        while let Some((row, record)) = self.rows.next()? {
            if rows::is_empty(&record) {
                continue;
            }
            if let Some((at, mistake)) = rows::misfit(&record, self.rows.headings.len()) {
                let column = at.and_then(|at| self.rows.headings.get(at)).unwrap_or_default().to_owned();
                self.wrong(row, &column, mistake);
                continue;
            }
            let mistakes = self.errors.len();
            let change = self.change(row, &record);
            // Of a row that cannot be read whole, nothing more is said.
            let change = (self.errors.len() == mistakes).then_some(change);
            // Excel keeps numbers as text with a leading apostrophe.
            match CouponCode::parse(self.cell("code", &record).unwrap_or_default().trim_start_matches('\'')) {
                Err(error) => self.wrong(row, "code", error.into()),
                Ok(code) if self.said.contains_key(&code) => {
                    self.wrong(row, "code", Mistake::CodeTwice { code: code.to_string() });
                }
                Ok(code) => {
                    self.said.insert(code, (row, change));
                }
            }
        }
        Ok(())
    }

    /// What the row says; a cell that cannot be read is noted.
    fn change(&mut self, row: u64, record: &csv::StringRecord) -> Change {
        if let Some(code) = self.cell("currency", record).filter(|code| !code.is_empty())
            && Currency::parse(code) != Ok(self.register.currency)
        {
            self.wrong(row, "currency", Mistake::OtherCurrency { currency: self.register.currency });
        }
        let time_zone = self.register.time_zone;
        let slugs = |text: &str| Ok(text.split_whitespace().map(str::to_owned).collect());
        let limit = |text: &str| whole_number(text).ok_or_else(|| CouponError::NotALimit.into());
        let (currency, decimal) = (self.register.currency, self.rows.decimal);
        let money = |text: &str| amount(text, currency, decimal);
        let edge = |edge: Edge| {
            move |text: &str| {
                parse_edge(text, time_zone, edge).ok_or_else(|| Mistake::NotATime { text: text.to_owned() })
            }
        };
        Change {
            kind: self.read("kind", row, record, kind).flatten(),
            percent: self.read("percent_off", row, record, |text| percent(text, decimal)).flatten(),
            amount_off_minor: self.read("amount_off", row, record, money).flatten(),
            max_discount_minor: self.read("max_discount", row, record, money),
            minimum_spend_minor: self.read("minimum_spend", row, record, money),
            usage_limit: self.read("usage_limit", row, record, limit),
            usage_limit_per_customer: self.read("usage_limit_per_customer", row, record, limit),
            first_order_only: self.read("first_order_only", row, record, flag).map(|said| said.unwrap_or(false)),
            starts_at: self.read("starts_at", row, record, edge(Edge::Start)),
            ends_at: self.read("ends_at", row, record, edge(Edge::End)),
            products: self.read("products", row, record, slugs).map(Option::unwrap_or_default),
            collections: self.read("collections", row, record, slugs).map(Option::unwrap_or_default),
            active: self.read("active", row, record, flag).map(|said| said.unwrap_or(true)),
        }
    }

    /// `None`: there is no such column. `Some(None)`: the cell is empty, or wrong, which is noted.
    fn read<T>(
        &mut self,
        heading: &'static str,
        row: u64,
        record: &csv::StringRecord,
        read: impl Fn(&str) -> Result<T, Mistake>,
    ) -> Option<Option<T>> {
        let cell = self.cell(heading, record)?;
        if cell.is_empty() {
            return Some(None);
        }
        match read(cell) {
            Ok(value) => Some(Some(value)),
            Err(mistake) => {
                self.wrong(row, heading, mistake);
                Some(None)
            }
        }
    }

    fn cell<'r>(&self, heading: &str, record: &'r csv::StringRecord) -> Option<&'r str> {
        let at = *self.at.get(heading)?;
        Some(rows::as_meant(record.get(at).unwrap_or_default().trim()))
    }

    fn wrong(&mut self, row: u64, heading: &str, mistake: Mistake) {
        if self.errors.len() < ERRORS_MAX {
            let column = self.at.get(heading).and_then(|at| self.rows.headings.get(*at)).unwrap_or(heading);
            self.errors.push(RowError { row, column: column.trim().to_owned(), mistake });
        }
    }
}

fn kind(text: &str) -> Result<Kind, Mistake> {
    Kind::parse(&text.to_lowercase()).ok_or(Mistake::NotAKind)
}

fn percent(text: &str, decimal: Decimal) -> Result<PercentOff, Mistake> {
    let text = text.trim_end_matches('%').trim_end();
    let text = if decimal == Decimal::PointOrComma { text.replace(',', ".") } else { text.to_owned() };
    Ok(PercentOff::parse(&text)?)
}

fn flag(text: &str) -> Result<bool, Mistake> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "1" => Ok(true),
        "no" | "false" | "0" => Ok(false),
        _ => Err(Mistake::NotYesOrNo),
    }
}

fn whole_number(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
