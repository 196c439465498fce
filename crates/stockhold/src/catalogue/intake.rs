//! Files that were handed in to be imported: kept in the data folder from one step to the next, and looked through.
//!
//! Promise: one starts at a time, whoever presses twice; what a crash left off is gone on with, and nothing is done twice.
//! Files are bounded, and go after a day.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rules::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::coupon_sheet::{self, Register};
use super::sheet::{RowError, SheetError};
use super::stock_sheet::CountSheet;
use super::{ImportError, Storeroom, columns, rows, stock_sheet, woo};

const FOLDER: &str = "imports";
/// Files wait a day for whoever handed them in.
const KEPT: Span = Span::minutes(24 * 60);
/// Without a sign of life for so long, an import has died with its process.
const ALIVE: Span = Span::seconds(60);
/// Files that wait at the same time.
const WAITING_MAX: usize = 50;
/// Rows that are shown to map columns by.
const SAMPLES: usize = 3;
/// The heading of a column that somebody said means nothing.
pub const IGNORED: &str = "(ignored)";

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Products,
    Stock,
    Coupons,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Products, Kind::Stock, Kind::Coupons];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Products => "products",
            Kind::Stock => "stock",
            Kind::Coupons => "coupons",
        }
    }

    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What a column of such a file may be.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Kind::Products => &columns::NAMES,
            Kind::Stock => &["sku", "on_hand", "on_shelf", "revision"],
            Kind::Coupons => coupon_sheet::HEADINGS,
        }
    }

    /// What the heading of a file seems to mean; none: nothing.
    fn guess(self, heading: &str) -> Option<&'static str> {
        match self {
            Kind::Products => columns::name_of(heading),
            Kind::Stock => stock_sheet::known(heading),
            Kind::Coupons => {
                let plain = heading.trim().to_lowercase().replace([' ', '-'], "_");
                coupon_sheet::HEADINGS.iter().find(|known| **known == plain).copied()
            }
        }
    }
}

/// Which program wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Own,
    Shopify,
    Woo,
    Unknown,
}

impl Source {
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Own => "own",
            Source::Shopify => "shopify",
            Source::Woo => "woo",
            Source::Unknown => "unknown",
        }
    }
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its columns are being named.
    Received,
    /// Looked through with its columns named; nothing was written.
    Checked,
    Applying,
    Done,
}

/// What was found, or done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    /// Variants that get, or got, their first stock; and those whose stock is left alone.
    pub received: u64,
    pub stock_left_alone: u64,
    /// Counted by this very file before.
    pub counted_before: u64,
    pub errors: Vec<KeptError>,
}

/// A mistake as it is kept: by the word that tells it, so that every language has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptError {
    pub row: u64,
    pub column: String,
    pub word: String,
    /// What the word tells: texts and numbers by name.
    pub values: serde_json::Value,
}

impl From<RowError> for KeptError {
    fn from(RowError { row, column, mistake }: RowError) -> KeptError {
        let (word, values) = mistake.word();
        KeptError { row, column, word: word.to_owned(), values }
    }
}

/// A file on its way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intake {
    pub id: String,
    pub kind: Kind,
    /// As its owner calls it.
    pub name: String,
    pub source: Source,
    pub received_micros: i64,
    pub headings: Vec<String>,
    pub samples: Vec<Vec<String>>,
    /// What each column is; empty: it is passed over.
    pub mapping: Vec<String>,
    pub rows: u64,
    pub phase: Phase,
    pub report: Option<Report>,
    pub rows_done: u64,
    /// When it last said that it lives.
    pub alive_micros: i64,
    /// Why it ended early.
    pub trouble: String,
}

/// Why a file is not taken in, or cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    #[error(transparent)]
    Sheet(#[from] SheetError),
    #[error("Too many files wait to be imported. Finish some of them first.")]
    TooMany,
    #[error("the folder of imports: {0}")]
    Folder(#[from] io::Error),
    #[error(transparent)]
    Import(#[from] ImportError),
}

/// The folder in which they wait.
#[derive(Debug, Clone)]
pub struct Intakes {
    folder: PathBuf,
}

impl Intakes {
    pub fn of(data_dir: &Path) -> Intakes {
        Intakes { folder: data_dir.join(FOLDER) }
    }

    /// Takes a file in. It is kept as UTF-8, whatever it came as.
    pub fn take(&self, kind: Kind, name: &str, text: &str, now: Timestamp) -> Result<Intake, IntakeError> {
        self.forget_before(now - KEPT)?;
        if self.list()?.iter().filter(|intake| intake.phase != Phase::Done).count() >= WAITING_MAX {
            return Err(IntakeError::TooMany);
        }
        let mut rows = rows::Rows::of(text.as_bytes())?;
        let headings: Vec<String> = rows.headings.iter().map(|heading| heading.trim().to_owned()).collect();
        let source = source(kind, &rows.headings);
        let (mut samples, mut count) = (Vec::new(), 0);
        while let Some((_, record)) = rows.next()? {
            if rows::is_empty(&record) {
                continue;
            }
            count += 1;
            if samples.len() < SAMPLES {
                let shown = |cell: &str| cell.chars().take(60).collect::<String>();
                samples.push(record.iter().take(headings.len()).map(shown).collect());
            }
        }
        let mut taken = Vec::new();
        let guess = |heading: &String| {
            // The first of two columns that mean the same is the one.
            let known = kind.guess(heading).filter(|known| !taken.contains(known));
            taken.extend(known);
            known.unwrap_or_default().to_owned()
        };
        let mapping = headings.iter().map(guess).collect();
        let intake = Intake {
            id: format!("imp_{}", uuid::Uuid::now_v7().simple()),
            kind,
            name: name.chars().filter(|c| !c.is_control()).take(100).collect(),
            source,
            received_micros: now.micros(),
            headings,
            samples,
            mapping,
            rows: count,
            phase: Phase::Received,
            report: None,
            rows_done: 0,
            alive_micros: 0,
            trouble: String::new(),
        };
        let folder = self.folder.join(&intake.id);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("sheet.csv"), text)?;
        self.save(&intake)?;
        Ok(intake)
    }

    /// The file of this id, if it is still there.
    pub fn find(&self, id: &str) -> io::Result<Option<Intake>> {
        if !is_id(id) {
            return Ok(None);
        }
        match fs::read(self.folder.join(id).join("state.json")) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whole or not at all.
    pub fn save(&self, intake: &Intake) -> io::Result<()> {
        let folder = self.folder.join(&intake.id);
        let mut partial = tempfile::NamedTempFile::new_in(&folder)?;
        partial.write_all(&serde_json::to_vec(intake)?)?;
        partial.persist(folder.join("state.json")).map(drop).map_err(|error| error.error)
    }

    /// True for the one who may begin; everybody else finds it begun. One that has died may be begun again.
    pub fn begin(&self, intake: &mut Intake, now: Timestamp) -> io::Result<bool> {
        let lock = self.folder.join(&intake.id).join("begun");
        if intake.phase == Phase::Applying && !intake.is_alive(now) {
            // Of two who see the same death, the one who makes this file takes the dead one's lock away.
            match fs::File::create_new(lock.with_extension(format!("died-{}", intake.alive_micros))) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
                Err(error) => return Err(error),
                Ok(_) => {}
            }
            match fs::remove_file(&lock) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        match fs::File::options().write(true).create_new(true).open(lock) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(error),
        }
        (intake.phase, intake.alive_micros, intake.rows_done) = (Phase::Applying, now.micros(), 0);
        intake.trouble.clear();
        self.save(intake)?;
        Ok(true)
    }

    /// What is to be done can be begun anew.
    pub fn end(&self, intake: &Intake) -> io::Result<()> {
        self.save(intake)?;
        if intake.phase == Phase::Done {
            return Ok(()); // It stays begun: once more it is not done.
        }
        match fs::remove_file(self.folder.join(&intake.id).join("begun")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Deletes files that were handed in before this moment.
    pub fn forget_before(&self, moment: Timestamp) -> io::Result<usize> {
        let mut gone = 0;
        for id in self.ids()? {
            let received = self.find(&id)?.map_or(0, |intake| intake.received_micros);
            if received < moment.micros() {
                fs::remove_dir_all(self.folder.join(&id))?;
                gone += 1;
            }
        }
        Ok(gone)
    }

    /// The files that wait, the newest first.
    pub fn list(&self) -> io::Result<Vec<Intake>> {
        let mut all: Vec<Intake> = self.ids()?.iter().filter_map(|id| self.find(id).ok().flatten()).collect();
        all.sort_by_key(|intake| std::cmp::Reverse(intake.received_micros));
        Ok(all)
    }

    fn ids(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        Ok(names.filter(|name| is_id(name)).collect())
    }

    /// The sheet with its columns named as they were mapped.
    fn sheet(&self, intake: &Intake) -> Result<Vec<u8>, IntakeError> {
        let text = fs::read_to_string(self.folder.join(&intake.id).join("sheet.csv"))?;
        if intake.source == Source::Woo {
            return Ok(text.into_bytes()); // Read by its own headings.
        }
        Ok(rows::with_headings(&text, &intake.mapping)?)
    }

    /// Looks through the file, or does what it says.
    pub async fn run(
        &self,
        intake: &Intake,
        room: Storeroom<'_>,
        time_zone: &str,
        actor: &str,
        dry_run: bool,
        progress: impl FnMut(u64),
    ) -> Result<Report, IntakeError> {
        let sheet = self.sheet(intake)?;
        let kept = |errors: Vec<RowError>| errors.into_iter().map(KeptError::from).collect();
        match intake.kind {
            Kind::Products => {
                let done = super::import(room, &sheet[..], dry_run, progress).await?;
                Ok(Report {
                    new: done.new,
                    changed: done.changed,
                    unchanged: done.unchanged,
                    received: done.received,
                    stock_left_alone: done.stock_left_alone,
                    errors: kept(done.errors),
                    ..Report::default()
                })
            }
            Kind::Stock => {
                let taken_at = Timestamp::from_micros(intake.received_micros);
                let counts = CountSheet { identity: &intake.id, taken_at };
                let done = stock_sheet::import(room, &sheet[..], counts, actor, dry_run, progress).await?;
                Ok(Report {
                    changed: done.changed,
                    unchanged: done.unchanged,
                    counted_before: done.counted_before,
                    errors: kept(done.errors),
                    ..Report::default()
                })
            }
            Kind::Coupons => {
                let register = Register { storage: room.storage, currency: room.currency, time_zone, now: room.now };
                let done = coupon_sheet::import(register, &sheet[..], dry_run).await?;
                Ok(Report {
                    new: done.new,
                    changed: done.changed,
                    unchanged: done.unchanged,
                    errors: kept(done.errors),
                    ..Report::default()
                })
            }
        }
    }
}

impl Intake {
    /// Whether whoever applies it still lives.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now - Timestamp::from_micros(self.alive_micros) < ALIVE
    }

    /// What is wrong with a mapping: a word that is no column, or one that is there twice.
    pub fn check_mapping(&self, mapping: &[String]) -> Result<(), String> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for word in mapping.iter().filter(|word| !word.is_empty()) {
            if !self.kind.columns().contains(&word.as_str()) {
                return Err(word.clone());
            }
            *seen.entry(word).or_default() += 1;
        }
        match seen.into_iter().find(|(_, count)| *count > 1) {
            Some((twice, _)) => Err(twice.to_owned()),
            None if mapping.len() == self.headings.len() => Ok(()),
            None => Err(String::new()),
        }
    }
}

/// The errors as a spreadsheet, so that whoever mends the file has them beside it, in the words of whoever asks.
pub fn errors_as_csv(report: &Report, say: impl Fn(&KeptError) -> String) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(["row", "column", "message"]).expect("memory takes every record");
    for error in &report.errors {
        let cells = [error.row.to_string(), rows::defused(&error.column), rows::defused(&say(error))];
        writer.write_record(cells).expect("memory takes every record");
    }
    writer.into_inner().expect("memory takes every record")
}

fn source(kind: Kind, headings: &csv::StringRecord) -> Source {
    if kind != Kind::Products {
        let known = headings.iter().all(|heading| kind.guess(heading).is_some());
        return if known { Source::Own } else { Source::Unknown };
    }
    let has = |name: &str| headings.iter().any(|heading| heading.trim().eq_ignore_ascii_case(name));
    if woo::is_woo(headings) {
        Source::Woo
    } else if (has("Handle") && has("Variant SKU")) || (has("URL handle") && has("Compare-at price")) {
        Source::Shopify
    } else if has("slug") && has("sku") && has("price") {
        Source::Own
    } else {
        Source::Unknown
    }
}

fn is_id(id: &str) -> bool {
    id.len() == 36 && id.starts_with("imp_") && id[4..].bytes().all(|b| b.is_ascii_hexdigit())
}
