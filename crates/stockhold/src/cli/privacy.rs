//! `stockhold privacy`: a person's data, out in one piece or gone.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use rules::text::Email;

use super::admin::note;
use super::{Stop, UNSAFE, open_at_head, print, say};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::privacy::{self, ErasureFailure, Held, Replayed};
use crate::shop::Shop;

#[derive(Debug, Subcommand)]
pub enum Privacy {
    /// All that the shop keeps of a person, on standard output.
    Export {
        email: String,
        #[arg(long, value_enum, default_value = "json")]
        format: Format,
        #[command(flatten)]
        settings: Settings,
    },
    /// After a backup was restored: erase again whoever was erased before.
    Replay(Settings),
    /// Take a person out of every table and file. Their orders keep numbers, dates, goods, amounts, country and taxes.
    Erase {
        email: String,
        /// Only say what it would take.
        #[arg(long)]
        dry_run: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// Print what it took as JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Json,
    /// A row for each value: `field`, `value`.
    Csv,
}

pub async fn run(privacy: &Privacy) -> Result<ExitCode, Stop> {
    match privacy {
        Privacy::Export { email, format, settings } => export(&buyer(email)?, *format, settings).await,
        Privacy::Replay(settings) => replay(settings).await,
        Privacy::Erase { email, dry_run, yes, json, settings } => {
            let buyer = buyer(email)?;
            let shop = open(settings).await?;
            erase(&shop, &buyer, Way { dry_run: *dry_run, yes: *yes, json: *json }).await
        }
    }
}

struct Way {
    dry_run: bool,
    yes: bool,
    json: bool,
}

/// Who this is. What lists of customers show is taken as well, also where it is no address: of `ada.+cups@example.org` they
/// show `ada.@example.org`.
fn buyer(typed: &str) -> Result<String, Stop> {
    let email = Email::parse(typed).or_else(|error| Email::parse(&typed.replacen('@', "+@", 1)).map_err(|_| error));
    Ok(email.map_err(|error| Stop::wrong_usage(error.to_string()))?.buyer())
}

async fn open(settings: &Settings) -> Result<Arc<Shop>, Stop> {
    let config = Config::read(settings)?;
    drop(open_at_head(settings).await?);
    Ok(Shop::open(config, Clock::system()).await?)
}

async fn export(buyer: &str, format: Format, settings: &Settings) -> Result<ExitCode, Stop> {
    let shop = open(settings).await?;
    let Some(data) = privacy::export(&shop, buyer).await? else {
        say("Nothing is kept of this person.");
        return Ok(ExitCode::SUCCESS);
    };
    let file = match format {
        Format::Json => format!("{data:#}\n").into_bytes(),
        Format::Csv => privacy::as_csv(&data),
    };
    // Whoever reads it may stop reading, as `head` does.
    let _ = std::io::stdout().write_all(&file);
    Ok(ExitCode::SUCCESS)
}

async fn erase(shop: &Shop, buyer: &str, way: Way) -> Result<ExitCode, Stop> {
    let open = privacy::open_orders(shop, buyer).await?;
    if !open.is_empty() {
        return Err(refused(ErasureFailure::Open(open)));
    }
    let held = privacy::held(shop, buyer).await?;
    if way.dry_run {
        tell(held.unwrap_or_default(), &way);
        say(match held {
            Some(_) => "Nothing was erased. Leave out --dry-run to do it.",
            None => "Nothing is kept of this person.",
        });
        return Ok(ExitCode::SUCCESS);
    }
    // Where nothing is left in the books, a crash may still have left the last steps.
    let held = held.unwrap_or_default();
    if !way.yes && !is_wanted(held)? {
        say("Nothing was erased.");
        return Ok(ExitCode::SUCCESS);
    }
    let held = privacy::erase(shop, buyer).await.map_err(refused)?;
    // By what the books call them now: who they were is gone.
    let gone = shop.name_when_erased(buyer);
    note(&shop.storage, "customer.erase", gone, &format!("{} orders", held.orders)).await?;
    tell(held, &way);
    say("The person is gone. Stripe keeps records of its own: redact them in its Dashboard.");
    Ok(ExitCode::SUCCESS)
}

async fn replay(settings: &Settings) -> Result<ExitCode, Stop> {
    let shop = open(settings).await?;
    let Replayed { erased, open, overtaken } = privacy::replay(&shop).await?;
    print(&format!("{erased} people were erased again"));
    if !open.is_empty() {
        return Err(refused(ErasureFailure::Open(open)));
    }
    if overtaken > 0 {
        let words =
            format!("{overtaken} people were not: something about their orders was done just then. Run it again.");
        return Err(Stop { code: UNSAFE, words });
    }
    Ok(ExitCode::SUCCESS)
}

fn refused(failure: ErasureFailure) -> Stop {
    match failure {
        ErasureFailure::Fault(fault) => fault.into(),
        other => Stop { code: UNSAFE, words: other.to_string() },
    }
}

/// Asks on a terminal; a script says --yes.
fn is_wanted(held: Held) -> Result<bool, Stop> {
    if !std::io::stdin().is_terminal() {
        return Err(Stop::wrong_usage(
            "Say --yes to erase without being asked, or --dry-run to see what it would take.",
        ));
    }
    say(&words(held));
    let _ = write!(std::io::stderr(), "This cannot be undone. Erase? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn tell(held: Held, way: &Way) {
    if way.json {
        let Held { orders, stock_requests, letters, events } = held;
        let body = serde_json::json!({ "orders": orders, "stock_requests": stock_requests, "letters": letters,
            "stripe_events": events, "dry_run": way.dry_run });
        print(&body.to_string());
    } else {
        print(&words(held));
    }
}

fn words(held: Held) -> String {
    let Held { orders, stock_requests, letters, events } = held;
    format!("{orders} orders, {stock_requests} back-in-stock requests, {letters} letters, {events} events of Stripe's")
}
