//! The command line. Data goes to standard output, everything else to standard error.
//!
//! The names of commands and flags and the exit codes are part of the surface: they change with a major version only.

mod admin;
mod demo;
mod email;
mod export;
mod import;
mod keys;
mod lock;
mod privacy;
mod reconcile;
mod sandbox;
mod serve;
mod theme;
mod webhooks;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::audit;
use crate::clock::Clock;
use crate::config::{self, ConfigError, LogFormat, Settings};
use crate::ledger::Fault;
use crate::problems::Listener;
use crate::shop::OpenError;
use crate::storage::migrate::{self, MigrateError};
use crate::storage::{Storage, StorageError};

/// What a command ended with; the numbers are part of the surface.
const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;
const CONFIGURATION: u8 = 3;
const DATABASE: u8 = 4;
const ADDRESS_IN_USE: u8 = 5;
const FINDINGS: u8 = 6;
const MISMATCH: u8 = 7;
const UNSAFE: u8 = 8;

/// Examples come first: most people read no further.
const HELP: &str = "\
{about-with-newline}
{usage-heading} {usage}

Examples:
  stockhold demo                                a whole shop to play with: no account, no network, nothing to set up
  stockhold serve                               run your shop
  stockhold import products goods.csv --dry-run see what a spreadsheet would change
  stockhold export coupons > coupons.csv        change many coupons in a spreadsheet, then: stockhold import coupons
  stockhold keys create --name till --scopes orders:read,stock:write
  stockhold privacy erase ada@example.org --dry-run
  stockhold admin setup-link                    print the link that sets up the first owner
  stockhold audit                               check every promise over the live database
  stockhold reconcile --apply                   compare with Stripe's books and mend what can be mended

{all-args}{after-help}";

/// Flags show in `ps`: secrets have none.
const SECRETS: &str = "\
Secrets come from the environment, from a file (NAME_FILE), or from systemd's credentials:
  STRIPE_SECRET_KEY        sk_test_… sk_live_… rk_…
  STRIPE_WEBHOOK_SECRET    one or several whsec_…, separated by commas
  SMTP_URL                 smtp://… or smtps://…; without it, letters go to a mailbox folder
Also: STOCKHOLD_MAIL_FROM, STOCKHOLD_LOG_FORMAT=human|json, RUST_LOG=info";

const EXIT_CODES: &str = "\
Exit codes:
  0 done                      4 database unreachable, or its schema is not this version's
  1 failed                    5 address in use
  2 wrong usage               6 checks found problems
  3 configuration invalid     7 our books and Stripe's differ
                              8 refused for safety";

/// A complete online shop in one binary whose payments and stock are always right.
#[derive(Debug, Parser)]
#[command(name = "stockhold", version, help_template = HELP, after_help = EXIT_CODES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A whole shop in a temporary folder, with sample goods and simulated payments.
    Demo(demo::Demo),
    /// Run the shop.
    #[command(after_help = SECRETS)]
    Serve(Settings),
    /// Bring the database's schema to this version.
    Migrate(Settings),
    /// Bring in what was kept elsewhere.
    #[command(subcommand)]
    Import(import::Import),
    /// The letters the shop writes.
    #[command(subcommand)]
    Email(email::Email),
    /// The look of the shop: templates, words and tokens of its own.
    #[command(subcommand)]
    Theme(theme::Commands),
    /// Take out what the shop keeps.
    #[command(subcommand)]
    Export(export::Export),
    /// A person's data: all of it, or gone.
    #[command(subcommand)]
    Privacy(privacy::Privacy),
    /// Make, list and revoke API keys.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// The programs that are told what happens: list them, try them, send again what they missed.
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// Who works in the shop, and the way in where nobody gets in by the door.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Check every promise over the live database; exit code 6 when one does not hold.
    Audit {
        #[command(flatten)]
        settings: Settings,
        /// Print the findings as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Compare our books with Stripe's; exit code 7 when something differs.
    Reconcile(Box<reconcile::Reconcile>),
    /// The Stripe sandbox alone: a Stripe on this machine that cannot charge a card.
    Sandbox(sandbox::Sandbox),
    /// Print the version.
    Version {
        #[arg(long)]
        json: bool,
    },
}

/// Why a command ended early: what to say, and the exit code.
#[derive(Debug)]
struct Stop {
    code: u8,
    words: String,
}

/// Runs the command that was typed.
pub fn run() -> ExitCode {
    // First of all: both network clients ask for it as soon as they are made. Only a second call fails.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = Cli::parse();
    let ended = start_log(&cli.command).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Stop::failed(format!("The runtime does not start: {error}")))?;
        runtime.block_on(execute(cli.command))
    });
    match ended {
        Ok(code) => code,
        Err(stop) => {
            say(&stop.words);
            ExitCode::from(stop.code)
        }
    }
}

async fn execute(command: Command) -> Result<ExitCode, Stop> {
    match command {
        Command::Demo(demo) => demo::run(&demo).await,
        Command::Serve(settings) => serve::run(&settings).await,
        Command::Migrate(settings) => migrate_now(&settings).await,
        Command::Import(import) => import::run(&import).await,
        Command::Email(email) => email::run(&email),
        Command::Theme(command) => theme::run(&command),
        Command::Export(export) => export::run(&export).await,
        Command::Privacy(privacy) => privacy::run(&privacy).await,
        Command::Keys(keys) => keys::run(&keys).await,
        Command::Webhooks(command) => webhooks::run(&command).await,
        Command::Admin(admin) => admin::run(&admin).await,
        Command::Audit { settings, json } => audit_now(&settings, json).await,
        Command::Reconcile(reconcile) => reconcile::run(&reconcile).await,
        Command::Sandbox(sandbox) => sandbox::run(&sandbox).await,
        Command::Version { json } => Ok(print_version(json)),
    }
}

async fn migrate_now(settings: &Settings) -> Result<ExitCode, Stop> {
    let storage = Storage::open(&config::database_url(settings)?).await?;
    let ran = migrate::run(&storage).await?;
    for name in &ran {
        print(name);
    }
    say(if ran.is_empty() { "The schema was this version's already." } else { "The schema is this version's now." });
    Ok(ExitCode::SUCCESS)
}

async fn audit_now(settings: &Settings, json: bool) -> Result<ExitCode, Stop> {
    let storage = open_at_head(settings).await?;
    let findings = audit::run(&storage).await?;
    if json {
        let list: Vec<_> = findings
            .iter()
            .map(|f| serde_json::json!({ "promise": f.promise, "subject": f.subject, "detail": f.detail }))
            .collect();
        print(&serde_json::json!({ "findings": list }).to_string());
    } else {
        for finding in &findings {
            print(&format!("{}  {}  {}", finding.promise, finding.subject, finding.detail));
        }
        say(&match findings.len() {
            0 => "Every promise holds.".to_owned(),
            1 => "1 finding.".to_owned(),
            many => format!("{many} findings."),
        });
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FINDINGS) })
}

fn print_version(json: bool) -> ExitCode {
    let version = env!("CARGO_PKG_VERSION");
    print(&if json { serde_json::json!({ "version": version }).to_string() } else { format!("stockhold {version}") });
    ExitCode::SUCCESS
}

/// The database, if its schema is this version's: a command that only looks in does not change it.
async fn open_at_head(settings: &Settings) -> Result<Storage, Stop> {
    let url = config::database_url(settings)?;
    // Opening would make the file: whoever mistyped a folder should hear of it instead.
    if let Some(file) = url.strip_prefix("sqlite:").filter(|file| !std::path::Path::new(file).exists()) {
        return Err(Stop {
            code: DATABASE,
            words: format!("There is no shop at {file} yet. Make one: stockhold migrate"),
        });
    }
    let storage = Storage::open(&url).await?;
    if migrate::is_at_head(&storage).await {
        return Ok(storage);
    }
    let words = "The database's schema is not this version's. Bring it there: stockhold migrate";
    Err(Stop { code: DATABASE, words: words.to_owned() })
}

fn start_log(command: &Command) -> Result<(), Stop> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    // A demo tells what happens in lines of its own.
    let usual = if matches!(command, Command::Demo(_)) { "warn" } else { "info" };
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    let on_terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(on_terminal);
    // The shopkeeper's page shows what went wrong, whatever the terminal shows.
    let problems = tracing_subscriber::registry().with(Listener { now: || Clock::system().now() });
    let format = config::log_format()?.unwrap_or(if on_terminal { LogFormat::Human } else { LogFormat::Json });
    // A second subscriber would only mean that somebody else logs already.
    let _ = match format {
        LogFormat::Human => problems.with(log.with_target(false).with_filter(filter)).try_init(),
        LogFormat::Json => problems.with(log.json().with_filter(filter)).try_init(),
    };
    Ok(())
}

/// Data. Whoever reads it may stop reading, as `head` does.
fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Everything else.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

impl Stop {
    fn failed(words: impl Into<String>) -> Stop {
        Stop { code: FAILED, words: words.into() }
    }

    fn wrong_usage(words: impl Into<String>) -> Stop {
        Stop { code: WRONG_USAGE, words: words.into() }
    }
}

impl From<ConfigError> for Stop {
    fn from(error: ConfigError) -> Self {
        Stop { code: CONFIGURATION, words: error.to_string() }
    }
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Stop { code: DATABASE, words: format!("The database cannot be used: {error}") }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Stop::failed(fault.to_string())
    }
}

impl From<MigrateError> for Stop {
    fn from(error: MigrateError) -> Self {
        Stop { code: DATABASE, words: error.to_string() }
    }
}

impl From<OpenError> for Stop {
    fn from(error: OpenError) -> Self {
        let code = match error {
            OpenError::Storage(_) | OpenError::Migrate(_) => DATABASE,
            OpenError::Moved { .. } => UNSAFE,
            OpenError::Setting(_) | OpenError::Stripe(_) | OpenError::Mail(_) => CONFIGURATION,
        };
        Stop { code, words: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_well_formed_and_examples_come_first() {
        let mut command = Cli::command();
        command.clone().debug_assert();
        let help = command.render_long_help().to_string();
        let at = |words: &str| help.find(words).unwrap_or_else(|| panic!("{words} in {help}"));
        assert!(at("Examples:") < at("Commands:") && at("Commands:") < at("Exit codes:"));
    }

    #[test]
    fn no_secret_is_a_flag() {
        for command in Cli::command().get_subcommands() {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                assert!(!name.contains("secret") && !name.contains("smtp"), "{} --{name}", command.get_name());
            }
        }
    }
}
