//! Stock counts as a spreadsheet: what was found on the shelf, for each item number.
//!
//! Promise: the difference goes through the ledger as a `counted` movement, each with an identity of its own that comes
//! from the sheet and the item number: the same sheet again, after a crash or a second click, counts nothing twice. A count is
//! held against the shelf as it was when it was taken: what was sold since stays sold, also of a row that was right and left
//! no movement. What was changed by hand since may already be in the count: a person looks again. A mistake anywhere counts
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use futures_util::future::join_all;
use rules::commands::Refusal;
use rules::commands::correct_stock::{BelowHeld, CorrectStock};
use rules::commands::count_stock::CountStock;
use rules::ids::CountId;
use rules::stock::{ON_HAND_MAX, Reason};
use rules::text::Sku;
use rules::time::Timestamp;
use sha2::{Digest, Sha256};

use super::mistakes::Mistake;
use super::rows::{self, Rows};
use super::sheet::{RowError, SheetError};
use super::{COUNTS_AT_ONCE, ImportError, Storeroom};
use crate::ledger::Failure;
use crate::storage::exports::{self, LevelSince};

/// Nobody reads more mistakes than this; the file is mended and tried again.
const ERRORS_MAX: usize = 1_000;
/// Item numbers looked up at once.
const LEVELS_AT_ONCE: usize = 500;

/// What a count did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockReport {
    pub changed: u64,
    /// Found as the books said.
    pub unchanged: u64,
    /// Counted by this very sheet before.
    pub counted_before: u64,
    /// Not empty: nothing was counted, but for what `changed` says.
    pub errors: Vec<RowError>,
}

/// A count sheet, whatever is in it.
#[derive(Debug, Clone, Copy)]
pub struct CountSheet<'a> {
    /// The same name again is the same count.
    pub identity: &'a str,
    /// When it was counted, as far as anybody knows.
    pub taken_at: Timestamp,
}

/// Counts stock by a sheet with the columns `sku` and `on_hand`, and `on_shelf` and `revision` if it was printed here: then a
/// row is held against what was printed. With `dry_run` it only says what it would do; `progress` hears how many rows are
/// done.
pub async fn import(
    room: Storeroom<'_>,
    file: impl Read,
    sheet: CountSheet<'_>,
    actor: &str,
    dry_run: bool,
    mut progress: impl FnMut(u64),
) -> Result<StockReport, ImportError> {
    let Counted { rows: counted, mut errors } = read(file)?;
    let mut report = StockReport::default();
    let mut commands = Vec::new();
    for chunk in counted.chunks(LEVELS_AT_ONCE) {
        let skus: Vec<String> = chunk.iter().map(|row| row.sku.to_string()).collect();
        let ids: Vec<String> = chunk.iter().map(|row| id(sheet.identity, &row.sku).to_string()).collect();
        let levels = exports::levels_since(room.storage, skus, sheet.taken_at).await?;
        let before: BTreeSet<String> = exports::counted_before(room.storage, ids).await?.into_iter().collect();
        for row in chunk {
            let id = id(sheet.identity, &row.sku);
            if before.contains(&id.to_string()) {
                report.counted_before += 1;
                continue;
            }
            let Some(level) = levels.get(row.sku.as_str()) else {
                wrong(&mut errors, row.row, "sku", Mistake::UnknownSku { sku: row.sku.clone() });
                continue;
            };
            let Some(delta) = difference(row, level) else {
                wrong(&mut errors, row.row, "on_hand", Mistake::ChangedByHand { sku: row.sku.clone() });
                continue;
            };
            if delta == 0 {
                report.unchanged += 1;
                continue;
            }
            if level.on_hand + delta < level.held {
                wrong(&mut errors, row.row, "on_hand", Mistake::Held { sku: row.sku.clone(), held: level.held });
                continue;
            }
            report.changed += 1;
            let (sku, actor) = (row.sku.clone(), actor.to_owned());
            let count = CountStock { id, sku, delta, reason: Reason::Counted, actor };
            let (revision, below_held) = (Some(level.revision), BelowHeld::Refuse);
            commands.push((row.row, CorrectStock { count, revision, below_held }));
        }
    }
    errors.sort_by_key(|error| error.row);
    report.errors = errors;
    if dry_run || !report.errors.is_empty() {
        return Ok(report);
    }
    let mut done = 0;
    for some in commands.chunks(COUNTS_AT_ONCE) {
        let counts = some.iter().map(|(_, command)| room.ledger.correct_stock(command.clone(), room.now));
        for ((row, command), counted) in some.iter().zip(join_all(counts).await) {
            match counted {
                Ok(_) => {}
                // Somebody bought or counted in this very moment; the same sheet again counts the rest.
                Err(Failure::Refused(refusal)) => {
                    report.changed -= 1;
                    wrong(&mut report.errors, *row, "on_hand", mistake(&refusal, &command.count.sku));
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        done += some.len() as u64;
        progress(done);
    }
    Ok(report)
}

/// By how much the shelf differs from what it should have been when somebody counted; none: somebody changed it by hand
/// since, and nobody knows whether the count has seen it.
fn difference(row: &CountedRow, level: &LevelSince) -> Option<i64> {
    if let Some(printed) = row.printed {
        let delta = row.on_hand - printed.on_shelf;
        return (delta == 0 || printed.revision == level.revision).then_some(delta);
    }
    match row.on_hand - level.on_shelf_then() {
        0 => Some(0),
        // The file is older than the goods: whoever wrote it knew that they would come in.
        _ if level.is_new => Some(row.on_hand - level.on_shelf_but_for_sales()),
        _ if level.by_hand => None,
        delta => Some(delta),
    }
}

fn mistake(refusal: &Refusal, sku: &Sku) -> Mistake {
    let sku = sku.clone();
    match refusal {
        Refusal::IdempotencyKeyReused => Mistake::CountedJustNow { sku },
        Refusal::UnknownSku { .. } => Mistake::UnknownSku { sku },
        Refusal::StockBelowHeld { held, .. } => Mistake::Held { sku, held: *held },
        Refusal::ChangeOutOfRange { .. } => Mistake::OutOfRange { sku },
        // `StockCountedSince`; a count is refused for nothing else, and looking again is right whatever it is.
        _ => Mistake::ChangedByHand { sku },
    }
}

struct Counted {
    rows: Vec<CountedRow>,
    errors: Vec<RowError>,
}

struct CountedRow {
    row: u64,
    sku: Sku,
    on_hand: i64,
    printed: Option<Printed>,
}

/// What a count sheet of the desk said was on the shelf, and of which revision.
#[derive(Clone, Copy)]
struct Printed {
    on_shelf: i64,
    revision: i64,
}

fn read(file: impl Read) -> Result<Counted, SheetError> {
    let mut rows = Rows::of(file)?;
    let mut at: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, heading) in rows.headings.iter().enumerate() {
        let Some(known) = known(heading) else { continue };
        if at.insert(known, place).is_some() {
            return Err(SheetError::HeadingTwice(heading.trim().to_owned()));
        }
    }
    let (Some(sku_at), Some(on_hand_at)) = (at.get("sku").copied(), at.get("on_hand").copied()) else {
        return Err(SheetError::NoCount);
    };
    let printed_at = at.get("on_shelf").copied().zip(at.get("revision").copied());
    let (mut counted, mut errors) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    while let Some((row, record)) = rows.next()? {
        if rows::is_empty(&record) {
            continue;
        }
        if let Some((place, mistake)) = rows::misfit(&record, rows.headings.len()) {
            let column = place.and_then(|place| rows.headings.get(place)).unwrap_or_default().to_owned();
            wrong(&mut errors, row, &column, mistake);
            continue;
        }
        let cell = |at: usize| rows::as_meant(record.get(at).unwrap_or_default().trim());
        // Excel keeps numbers as text with a leading apostrophe.
        let sku = match Sku::parse(cell(sku_at).trim_start_matches('\'')) {
            Ok(sku) if seen.insert(sku.clone()) => sku,
            Ok(sku) => {
                wrong(&mut errors, row, "sku", Mistake::SkuTwice { sku });
                continue;
            }
            Err(_) => {
                wrong(&mut errors, row, "sku", Mistake::NotASku);
                continue;
            }
        };
        // A row that nobody filled in was not counted.
        let text = cell(on_hand_at);
        if text.is_empty() {
            continue;
        }
        let printed = printed_at.and_then(|(on_shelf, revision)| {
            Some(Printed { on_shelf: whole(cell(on_shelf))?, revision: whole(cell(revision))? })
        });
        match whole(text).filter(|number| *number <= ON_HAND_MAX) {
            Some(on_hand) => counted.push(CountedRow { row, sku, on_hand, printed }),
            None => wrong(&mut errors, row, "on_hand", Mistake::NotACount),
        }
    }
    Ok(Counted { rows: counted, errors })
}

fn whole(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// What a heading means here.
pub(super) fn known(heading: &str) -> Option<&'static str> {
    match heading.trim().to_lowercase().replace([' ', '-'], "_").as_str() {
        "sku" | "item_number" | "货号" => Some("sku"),
        "on_hand" | "counted" | "quantity" | "stock" | "数量" | "库存" => Some("on_hand"),
        // Of a sheet that was printed here.
        "on_shelf" => Some("on_shelf"),
        "revision" => Some("revision"),
        _ => None,
    }
}

fn wrong(errors: &mut Vec<RowError>, row: u64, column: &str, mistake: Mistake) {
    if errors.len() < ERRORS_MAX {
        errors.push(RowError { row, column: column.to_owned(), mistake });
    }
}

fn id(identity: &str, sku: &Sku) -> CountId {
    let hash = Sha256::digest(format!("counted by {identity}: {sku}"));
    CountId::from_u128(hash.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte)))
}
