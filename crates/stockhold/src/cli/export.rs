//! `stockhold export`: what the shop keeps, as a spreadsheet on standard output.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Stop, open_at_head, say};
use crate::catalogue::coupon_sheet::{self, Register};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::shop::Shop;

#[derive(Debug, Subcommand)]
pub enum Export {
    /// All coupons, as CSV that `stockhold import coupons` reads again.
    Coupons(Settings),
}

pub async fn run(export: &Export) -> Result<ExitCode, Stop> {
    let Export::Coupons(settings) = export;
    let config = Config::read(settings)?;
    drop(open_at_head(settings).await?);
    let shop = Shop::open(config, Clock::system()).await?;
    let set = shop.settings();
    let register =
        Register { storage: &shop.storage, currency: set.currency, time_zone: &set.time_zone, now: shop.now() };
    let mut file = Vec::new();
    let count = coupon_sheet::export(register, &mut file).await.map_err(|error| Stop::failed(error.to_string()))?;
    // Whoever reads it may stop reading, as `head` does.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), &file);
    say(&if count == 1 { "1 coupon".to_owned() } else { format!("{count} coupons") });
    Ok(ExitCode::SUCCESS)
}
