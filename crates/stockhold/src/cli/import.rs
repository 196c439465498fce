//! `stockhold import`: goods and coupons out of a spreadsheet. A mistake anywhere writes nothing.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{FAILED, Stop, open_at_head, print, say};
use crate::catalogue::coupon_sheet::{self, Register};
use crate::catalogue::pictures;
use crate::catalogue::sheet::RowError;
use crate::catalogue::{self, ImportReport, Storeroom};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::media::Media;
use crate::shop::Shop;

/// Below this an import is over before anybody looks.
const ROWS_WITH_BAR: u64 = 1_000;

#[derive(Debug, Subcommand)]
pub enum Import {
    /// Products, their variants and first stock, from CSV (the columns of a Shopify export are understood).
    Products {
        file: PathBuf,
        /// Only say what it would do.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Coupons from CSV, in the columns of `stockhold export coupons`: all rows or none.
    Coupons {
        file: PathBuf,
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
        Import::Products { file, dry_run, settings } => products(file, *dry_run, settings).await,
        Import::Coupons { file, dry_run, settings } => coupons(file, *dry_run, settings).await,
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
        tell_errors(&report.errors);
        return Ok(ExitCode::from(FAILED));
    }
    let did = if dry_run { "would be hung" } else { "were hung" };
    print(&format!("{} pictures {did}, {} hang already", report.hung, report.known));
    Ok(ExitCode::SUCCESS)
}

async fn products(file: &Path, dry_run: bool, settings: &Settings) -> Result<ExitCode, Stop> {
    let unreadable = |error| Stop::failed(format!("{} cannot be read: {error}", file.display()));
    let rows = rows(file).map_err(unreadable)?;
    let sheet = File::open(file).map_err(unreadable)?;
    let config = Config::read(settings)?;
    drop(open_at_head(settings).await?);
    let shop = Shop::open(config, Clock::system()).await?;
    let room =
        Storeroom { storage: &shop.storage, ledger: &shop.ledger, currency: shop.settings().currency, now: shop.now() };
    let bar = bar(rows);
    let report = catalogue::import(room, sheet, dry_run, |done| bar.set_position(done)).await;
    bar.finish_and_clear();
    let report = report.map_err(|error| Stop::failed(format!("{}: {error}", file.display())))?;
    if !report.errors.is_empty() {
        tell_errors(&report.errors);
        return Ok(ExitCode::from(FAILED));
    }
    tell(&report, dry_run);
    Ok(ExitCode::SUCCESS)
}

async fn coupons(file: &Path, dry_run: bool, settings: &Settings) -> Result<ExitCode, Stop> {
    let sheet = File::open(file);
    let sheet = sheet.map_err(|error| Stop::failed(format!("{} cannot be read: {error}", file.display())))?;
    let config = Config::read(settings)?;
    drop(open_at_head(settings).await?);
    let shop = Shop::open(config, Clock::system()).await?;
    let set = shop.settings();
    let register =
        Register { storage: &shop.storage, currency: set.currency, time_zone: &set.time_zone, now: shop.now() };
    let report = coupon_sheet::import(register, sheet, dry_run).await;
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
    for error in errors {
        say(&format!("row {}, {}: {}", error.row, error.column, error.message));
    }
    let mistakes = if errors.len() == 1 { "1 mistake" } else { &format!("{} mistakes", errors.len()) };
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

/// Lines, near enough for a bar: a text of several lines counts as several rows.
fn rows(file: &Path) -> std::io::Result<u64> {
    let mut reader = BufReader::new(File::open(file)?);
    let mut rows = 0;
    while reader.skip_until(b'\n')? > 0 {
        rows += 1;
    }
    Ok(rows)
}
