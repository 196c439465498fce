//! `stockhold import`: goods, counts and coupons out of a spreadsheet. A mistake anywhere writes nothing.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rules::time::Timestamp;

use super::{FAILED, Stop, open_at_head, print, say};
use crate::catalogue::coupon_sheet::{self, Register};
use crate::catalogue::encoding::Encoding;
use crate::catalogue::pictures;
use crate::catalogue::sheet::RowError;
use crate::catalogue::stock_sheet::{self, CountSheet, StockReport};
use crate::catalogue::{self, ImportReport, Storeroom};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::media::Media;
use crate::shop::Shop;

/// Below this an import is over before anybody looks.
const ROWS_WITH_BAR: u64 = 1_000;

#[derive(Debug, Subcommand)]
pub enum Import {
    /// Products, their variants and first stock, from CSV (the exports of Shopify and WooCommerce are understood).
    Products {
        file: PathBuf,
        #[arg(long, value_enum, default_value = "utf-8")]
        encoding: FileEncoding,
        /// Only say what it would do.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Stock counts from CSV with the columns sku and on_hand. The same file again, as it was saved, counts nothing twice, and
    /// what was sold since it was saved stays sold.
    Stock {
        file: PathBuf,
        #[arg(long, value_enum, default_value = "utf-8")]
        encoding: FileEncoding,
        /// Only say what it would do.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Coupons from CSV, in the columns of `stockhold export coupons`: all rows or none.
    Coupons {
        file: PathBuf,
        #[arg(long, value_enum, default_value = "utf-8")]
        encoding: FileEncoding,
        /// Only say what it would do.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Pictures of products, from CSV with the columns file, product, sku (may be empty), alt_en, alt_zh; the files lie
    /// beside the sheet.
    Images {
        sheet: PathBuf,
        /// Only say what it would do.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        settings: Box<Settings>,
    },
}

pub async fn run(import: &Import) -> Result<ExitCode, Stop> {
    match import {
        Import::Products { file, encoding, dry_run, settings } => products(file, *encoding, *dry_run, settings).await,
        Import::Stock { file, encoding, dry_run, settings } => stock(file, *encoding, *dry_run, settings).await,
        Import::Coupons { file, encoding, dry_run, settings } => coupons(file, *encoding, *dry_run, settings).await,
        Import::Images { sheet, dry_run, settings } => images(sheet, *dry_run, settings).await,
    }
}

async fn images(sheet: &Path, dry_run: bool, settings: &Settings) -> Result<ExitCode, Stop> {
    let unreadable = |error| Stop::failed(format!("{} cannot be read: {error}", sheet.display()));
    let file = File::open(sheet).map_err(unreadable)?;
    let config = Config::read(settings)?;
    drop(open_at_head(settings).await?);
    let shop = Shop::open(config, Clock::system()).await?;
    let room =
        Storeroom { storage: &shop.storage, ledger: &shop.ledger, currency: shop.settings().currency, now: shop.now() };
    let folder = sheet.parent().unwrap_or(Path::new(""));
    let media = Media::of(&shop.config.data_dir);
    let report = pictures::import(room, &media, folder, file, dry_run).await;
    let report = report.map_err(|error| Stop::failed(format!("{}: {error}", sheet.display())))?;
    if !report.errors.is_empty() {
        tell_mistakes(report.errors.iter().map(|wrong| (wrong.row, wrong.column.as_str(), wrong.message.clone())));
        return Ok(ExitCode::from(FAILED));
    }
    let did = if dry_run { "would be hung" } else { "were hung" };
    print(&format!("{} pictures {did}, {} hang already", report.hung, report.known));
    Ok(ExitCode::SUCCESS)
}

/// What letters the file's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileEncoding {
    #[value(name = "utf-8")]
    Utf8,
    /// Also GBK, as Excel saves it in China.
    #[value(name = "gb18030")]
    Gb18030,
}

/// The whole file as text; the import bounds it.
fn text(file: &Path, encoding: FileEncoding) -> Result<String, Stop> {
    let bytes = std::fs::read(file);
    let bytes = bytes.map_err(|error| Stop::failed(format!("{} cannot be read: {error}", file.display())))?;
    let encoding = match encoding {
        FileEncoding::Utf8 => Encoding::Utf8,
        FileEncoding::Gb18030 => Encoding::Gb18030,
    };
    encoding.decode(bytes).map_err(|error| Stop::failed(format!("{}: {error}", file.display())))
}

async fn stock(file: &Path, encoding: FileEncoding, dry_run: bool, settings: &Settings) -> Result<ExitCode, Stop> {
    let sheet = text(file, encoding)?;
    // A file that was saved anew is a new count, also when it says the same.
    let saved = file.metadata().and_then(|data| data.modified()).ok();
    let saved = saved.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).map(|at| at.as_micros());
    let identity = format!("{} {sheet}", saved.unwrap_or(0));
    let config = Config::read(settings)?;
    drop(open_at_head(settings).await?);
    let shop = Shop::open(config, Clock::system()).await?;
    let room =
        Storeroom { storage: &shop.storage, ledger: &shop.ledger, currency: shop.settings().currency, now: shop.now() };
    let taken_at = saved.and_then(|at| i64::try_from(at).ok()).map_or(room.now, Timestamp::from_micros);
    let counts = CountSheet { identity: &identity, taken_at };
    let report = stock_sheet::import(room, sheet.as_bytes(), counts, "import", dry_run, |_| {}).await;
    let report = report.map_err(|error| Stop::failed(format!("{}: {error}", file.display())))?;
    let StockReport { changed, unchanged, counted_before, errors } = &report;
    if !errors.is_empty() {
        tell_errors(errors);
        return Ok(ExitCode::from(FAILED));
    }
    print(&format!("{changed} changed, {unchanged} unchanged counts"));
    if *counted_before > 0 {
        say(&format!("{counted_before} were counted by this file before."));
    }
    if dry_run {
        say(NOTHING_WRITTEN);
    }
    Ok(ExitCode::SUCCESS)
}

async fn products(file: &Path, encoding: FileEncoding, dry_run: bool, settings: &Settings) -> Result<ExitCode, Stop> {
    let sheet = text(file, encoding)?;
    let rows = sheet.lines().count() as u64; // Near enough for a bar: a text of several lines counts as several rows.
    let config = Config::read(settings)?;
    drop(open_at_head(settings).await?);
    let shop = Shop::open(config, Clock::system()).await?;
    let room =
        Storeroom { storage: &shop.storage, ledger: &shop.ledger, currency: shop.settings().currency, now: shop.now() };
    let bar = bar(rows);
    let report = catalogue::import(room, sheet.as_bytes(), dry_run, |done| bar.set_position(done)).await;
    bar.finish_and_clear();
    let report = report.map_err(|error| Stop::failed(format!("{}: {error}", file.display())))?;
    if !report.errors.is_empty() {
        tell_errors(&report.errors);
        return Ok(ExitCode::from(FAILED));
    }
    tell(&report, dry_run);
    Ok(ExitCode::SUCCESS)
}

async fn coupons(file: &Path, encoding: FileEncoding, dry_run: bool, settings: &Settings) -> Result<ExitCode, Stop> {
    let sheet = text(file, encoding)?;
    let config = Config::read(settings)?;
    drop(open_at_head(settings).await?);
    let shop = Shop::open(config, Clock::system()).await?;
    let set = shop.settings();
    let register =
        Register { storage: &shop.storage, currency: set.currency, time_zone: &set.time_zone, now: shop.now() };
    let report = coupon_sheet::import(register, sheet.as_bytes(), dry_run).await;
    let report = report.map_err(|error| Stop::failed(format!("{}: {error}", file.display())))?;
    if !report.errors.is_empty() {
        tell_errors(&report.errors);
        return Ok(ExitCode::from(FAILED));
    }
    print(&format!("{} new, {} changed, {} unchanged coupons", report.new, report.changed, report.unchanged));
    if dry_run {
        say(NOTHING_WRITTEN);
    }
    Ok(ExitCode::SUCCESS)
}

const NOTHING_WRITTEN: &str = "Nothing was written. Leave out --dry-run to do it.";

fn tell_errors(errors: &[RowError]) {
    tell_mistakes(errors.iter().map(|error| (error.row, error.column.as_str(), error.mistake.to_string())));
}

fn tell_mistakes<'a>(mistakes: impl ExactSizeIterator<Item = (u64, &'a str, String)>) {
    let count = mistakes.len();
    for (row, column, message) in mistakes {
        say(&format!("row {row}, {column}: {message}"));
    }
    let mistakes = if count == 1 { "1 mistake" } else { &format!("{count} mistakes") };
    say(&format!("{mistakes}; nothing was written."));
}

fn tell(report: &ImportReport, dry_run: bool) {
    let ImportReport { new, changed, unchanged, variants, received, stock_left_alone, .. } = report;
    let did = if dry_run { "would be" } else { "were" };
    print(&format!("{new} new, {changed} changed, {unchanged} unchanged products, with {variants} variants"));
    print(&format!("{received} variants {did} given their first stock"));
    if *stock_left_alone > 0 {
        say(&format!("{stock_left_alone} variants have been counted before: their stock is left alone."));
    }
    if dry_run {
        say(NOTHING_WRITTEN);
    }
}

fn bar(rows: u64) -> ProgressBar {
    let target = if rows < ROWS_WITH_BAR { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(rows), target);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left");
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}
