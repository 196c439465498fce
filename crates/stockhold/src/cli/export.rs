//! `stockhold export`: what the shop keeps, as a file on standard output.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::{Stop, open_at_head, say};
use crate::catalogue::Storeroom;
use crate::catalogue::export::{self, What};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::shop::Shop;

#[derive(Debug, Subcommand)]
pub enum Export {
    /// All products, a row for each variant, as `stockhold import products` reads them again.
    Products(Way),
    /// All orders, with their buyers, goods and amounts.
    Orders(Way),
    /// All customers, with their orders' totals.
    Customers(Way),
    /// What is on hand and held of each item number; counted, `stockhold import stock` reads it again.
    Stock(Way),
    /// All coupons, as `stockhold import coupons` reads them again.
    Coupons(Way),
}

#[derive(Debug, Args)]
pub struct Way {
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a spreadsheet: no cell is a formula.
    Csv,
    /// A list of objects, one a line.
    Json,
}

pub async fn run(export: &Export) -> Result<ExitCode, Stop> {
    match export {
        Export::Products(way) => out(What::Products, way).await,
        Export::Orders(way) => out(What::Orders, way).await,
        Export::Customers(way) => out(What::Customers, way).await,
        Export::Stock(way) => out(What::Stock, way).await,
        Export::Coupons(way) => out(What::Coupons, way).await,
    }
}

async fn out(what: What, way: &Way) -> Result<ExitCode, Stop> {
    let config = Config::read(&way.settings)?;
    drop(open_at_head(&way.settings).await?);
    let shop = Shop::open(config, Clock::system()).await?;
    let set = shop.settings();
    let room = Storeroom { storage: &shop.storage, ledger: &shop.ledger, currency: set.currency, now: shop.now() };
    let format = match way.format {
        Format::Csv => export::Format::Csv,
        Format::Json => export::Format::Json,
    };
    let mut export = export::Export::of(what, format, &set.time_zone);
    let mut stdout = std::io::stdout().lock();
    while let Some(piece) = export.next(room).await.map_err(|error| Stop::failed(error.to_string()))? {
        // Whoever reads it may stop reading, as `head` does.
        if stdout.write_all(&piece).is_err() {
            break;
        }
    }
    say(&format!("{} rows of {}", export.rows(), what.as_str()));
    Ok(ExitCode::SUCCESS)
}
