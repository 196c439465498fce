//! The command line. Data goes to standard output, everything else to standard error.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use rules::time::Timestamp;
use stripe_sandbox::{Options, Sandbox};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::catalogue::{self, Storeroom};
use crate::clock::Clock;
use crate::config::{self, Config, ConfigError, Settings};
use crate::shop::{OpenError, Shop};
use crate::storage::keys::{self, Key, Scopes};
use crate::storage::migrate::{self, MigrateError};
use crate::storage::{Storage, StorageError};
use crate::{audit, web, workers};

/// What a command ended with; the numbers are part of the surface.
const FAILED: u8 = 1;
const CONFIGURATION: u8 = 3;
const DATABASE: u8 = 4;
const ADDRESS_IN_USE: u8 = 5;
const FINDINGS: u8 = 6;

const EXAMPLES: &str = "Examples:
  stockhold demo                                a whole shop, offline, with simulated payments
  stockhold serve                               run the shop
  stockhold audit                               check every promise over the live database
  stockhold keys create --name till --scopes orders:read,stock:write

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 configuration invalid, 4 database unreachable or not at head,
5 address in use, 6 checks found problems";

/// A complete online shop in one binary whose payments and stock are always right.
#[derive(Debug, Parser)]
#[command(name = "stockhold", version, before_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show a whole shop offline: sample goods, simulated payments, a mailbox.
    Demo(Demo),
    /// Run the shop.
    Serve(Settings),
    /// Bring the database's schema to this version.
    Migrate(Settings),
    /// Check every promise over the live database.
    Audit {
        #[command(flatten)]
        settings: Settings,
        /// Print the findings as JSON.
        #[arg(long)]
        json: bool,
    },
    /// API keys.
    #[command(subcommand)]
    Keys(KeysCommand),
}

#[derive(Debug, Args)]
struct Demo {
    /// Address and port to listen on; without it, 127.0.0.1:8080 or the next free port.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Keep the demo in this folder instead of deleting it at the end.
    #[arg(long)]
    keep: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Draw a key; it is printed once, alone, on standard output.
    Create(CreateKey),
}

#[derive(Debug, Args)]
struct CreateKey {
    #[command(flatten)]
    settings: Settings,
    /// What the key is for.
    #[arg(long)]
    name: String,
    /// What it may do, such as orders:read,stock:write.
    #[arg(long)]
    scopes: String,
}

/// Why a command ended early: what to say, and the exit code.
struct Stop {
    code: u8,
    words: String,
}

/// Runs the command that was typed.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed before");
    }
    log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("The runtime does not start: {error}");
            return ExitCode::from(FAILED);
        }
    };
    match runtime.block_on(execute(cli.command)) {
        Ok(code) => code,
        Err(stop) => {
            eprintln!("{}", stop.words);
            ExitCode::from(stop.code)
        }
    }
}

async fn execute(command: Command) -> Result<ExitCode, Stop> {
    match command {
        Command::Demo(demo) => show_demo(&demo).await,
        Command::Serve(settings) => serve(&settings).await,
        Command::Migrate(settings) => migrate_now(&settings).await,
        Command::Audit { settings, json } => audit_now(&settings, json).await,
        Command::Keys(KeysCommand::Create(create)) => create_key(&create).await,
    }
}

/// The next ports that a demo tries when 8080 is taken.
const DEMO_PORTS: std::ops::RangeInclusive<u16> = 8080..=8099;

async fn show_demo(demo: &Demo) -> Result<ExitCode, Stop> {
    let begun = Clock::system().now();
    let failed = |words: String| Stop { code: FAILED, words };
    let temporary = match &demo.keep {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("stockhold-demo-").tempdir().map_err(|e| failed(e.to_string()))?),
    };
    let folder = demo.keep.clone().or_else(|| temporary.as_ref().map(|folder| folder.path().to_owned()));
    let folder = folder.unwrap_or_default();
    let listener = match demo.listen {
        Some(address) => bind(address).await?,
        None => bind_next_free().await?,
    };
    let stripe_listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let address = listener.local_addr().map_err(|error| failed(error.to_string()))?;
    let stripe_address = stripe_listener.local_addr().map_err(|error| failed(error.to_string()))?;
    let (base_url, stripe_url) = (format!("http://{address}"), format!("http://{stripe_address}"));
    let webhook_secret = demo_secret().map_err(|error| failed(error.to_string()))?;
    let sandbox = Sandbox::open(Options {
        state_dir: Some(folder.join("sandbox")),
        base_path: stripe_url.clone(),
        clock: Arc::new(|| Clock::system().now().micros()),
        webhook_url: Some(format!("{base_url}/api/webhooks/stripe")),
        webhook_secret: webhook_secret.clone(),
        api_key: None,
    });
    let sandbox = sandbox.map_err(|error| failed(format!("The Stripe sandbox does not open: {error}")))?;
    let stripe = sandbox.router();
    tokio::spawn(async move { axum::serve(stripe_listener, stripe).await });
    sandbox.spawn_deliveries();
    let config = Config::demo(folder, address, &base_url, &stripe_url, &webhook_secret);
    let shop = Shop::open_demo(config, Clock::system()).await?;
    let room =
        Storeroom { storage: &shop.storage, ledger: &shop.ledger, currency: shop.settings.currency, now: shop.now() };
    catalogue::seed_demo(room).await.map_err(|error| failed(format!("The sample goods cannot be put up: {error}")))?;
    println!("{}", demo_banner(&base_url, &stripe_url, seconds_since(begun)));
    let mut happenings = shop.happenings();
    let time_zone = shop.settings.time_zone.clone();
    let clock = shop.clock.clone();
    tokio::spawn(async move {
        while let Ok(line) = happenings.recv().await {
            println!("{}  {line}", crate::language::format_clock(clock.now(), &time_zone));
        }
    });
    let code = run_shop(shop, listener).await;
    if let Some(folder) = temporary {
        folder.close().map_err(|error| failed(format!("The demo's folder was not deleted: {error}")))?;
    }
    code
}

fn seconds_since(begun: Timestamp) -> f64 {
    (Clock::system().now() - begun).as_micros() as f64 / 1e6
}

fn demo_banner(base_url: &str, stripe_url: &str, seconds: f64) -> String {
    format!(
        "Stockhold {} · demo shop ready in {seconds:.1} s

  Shop      {base_url}            (中文 {base_url}/zh/)
  API       {base_url}/api/products
  Mailbox   {base_url}/_sandbox/mail
  Stripe    {stripe_url}/_sandbox/stripe   (the sandbox: webhooks late, twice, lost; failures)

Payments are simulated on this machine. Nothing here can charge a card.
Try: buy the last Tenmoku cup in two browser windows at once.
Ctrl-C stops and deletes the demo. To keep it: stockhold demo --keep ./my-shop
",
        env!("CARGO_PKG_VERSION")
    )
}

/// A webhook secret for this run alone.
fn demo_secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 24];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold("whsec_".to_owned(), |text, byte| format!("{text}{byte:02x}")))
}

async fn bind_next_free() -> Result<TcpListener, Stop> {
    for port in DEMO_PORTS {
        match bind(SocketAddr::from(([127, 0, 0, 1], port))).await {
            Err(stop) if stop.code == ADDRESS_IN_USE => {}
            other => return other,
        }
    }
    bind(SocketAddr::from(([127, 0, 0, 1], 0))).await
}

async fn serve(settings: &Settings) -> Result<ExitCode, Stop> {
    let config = Config::read(settings)?;
    if config.stripe_secret_key.is_none() {
        return Err(Stop { code: CONFIGURATION, words: NO_KEY.to_owned() });
    }
    if config.webhook_secrets.is_empty() {
        eprintln!("STRIPE_WEBHOOK_SECRET is not set: payments are noticed within a minute instead of at once.");
    }
    let listener = bind(config.listen).await?;
    let shop = Shop::open(config, Clock::system()).await?;
    eprintln!("Stockhold {} at {}", env!("CARGO_PKG_VERSION"), shop.config.base_url);
    run_shop(shop, listener).await
}

const NO_KEY: &str = "STRIPE_SECRET_KEY is not set, so nobody could pay. Either
  export STRIPE_SECRET_KEY=sk_test_…   (Stripe Dashboard, Developers, API keys), or
  set STRIPE_SECRET_KEY_FILE to a file that holds it.";

/// Serves until told to stop; requests and the workers' round that are under way are finished.
async fn run_shop(shop: Arc<Shop>, listener: TcpListener) -> Result<ExitCode, Stop> {
    let (stop, stopped) = watch::channel(false);
    let working = workers::spawn(shop.clone(), stopped);
    let service = web::router(shop).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop_signal()).await;
    let _ = stop.send(true); // The workers may have ended by themselves.
    let _ = working.await;
    served.map_err(|error| Stop { code: FAILED, words: format!("The server stopped: {error}") })?;
    Ok(ExitCode::SUCCESS)
}

async fn stop_signal() {
    let interrupted = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        },
        Err(_) => drop(interrupted.await),
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Stop> {
    TcpListener::bind(address).await.map_err(|error| Stop {
        code: if error.kind() == std::io::ErrorKind::AddrInUse { ADDRESS_IN_USE } else { FAILED },
        words: format!("{address} cannot be listened on: {error}. Choose another with --listen."),
    })
}

async fn migrate_now(settings: &Settings) -> Result<ExitCode, Stop> {
    let storage = Storage::open(&config::database_url(settings)).await?;
    let ran = migrate::run(&storage).await?;
    for name in &ran {
        println!("{name}");
    }
    eprintln!("{}", if ran.is_empty() { "The schema was at head." } else { "The schema is at head." });
    Ok(ExitCode::SUCCESS)
}

async fn audit_now(settings: &Settings, json: bool) -> Result<ExitCode, Stop> {
    let storage = Storage::open(&config::database_url(settings)).await?;
    at_head(&storage).await?;
    let findings = audit::run(&storage).await?;
    if json {
        let list: Vec<_> = findings
            .iter()
            .map(|f| serde_json::json!({ "promise": f.promise, "subject": f.subject, "detail": f.detail }))
            .collect();
        println!("{}", serde_json::json!({ "findings": list }));
    } else {
        for finding in &findings {
            println!("{}  {}  {}", finding.promise, finding.subject, finding.detail);
        }
        eprintln!("{} findings", findings.len());
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FINDINGS) })
}

async fn create_key(create: &CreateKey) -> Result<ExitCode, Stop> {
    let usage = |words: String| Stop { code: 2, words };
    let scopes = Scopes::parse(&create.scopes).map_err(|error| usage(format!("--scopes: {error}")))?;
    let config = Config::read(&create.settings)?;
    let live = config.stripe_secret_key.is_some_and(|key| key.expose().contains("_live_"));
    let storage = Storage::open(&config.database_url).await?;
    at_head(&storage).await?;
    let key = Key::draw(live).map_err(|error| Stop { code: FAILED, words: error.to_string() })?;
    keys::insert(&storage, &key, &create.name, &scopes, Clock::system().now()).await?;
    println!("{}", key.expose());
    eprintln!("Keep it: it is not shown again.");
    Ok(ExitCode::SUCCESS)
}

async fn at_head(storage: &Storage) -> Result<(), Stop> {
    if migrate::is_at_head(storage).await {
        return Ok(());
    }
    Err(Stop { code: DATABASE, words: "The schema is not this version's. Run: stockhold migrate".to_owned() })
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let format = std::env::var("STOCKHOLD_LOG_FORMAT").unwrap_or_default();
    let human = format == "human" || (format != "json" && std::io::stderr().is_terminal());
    // A second subscriber would only mean that somebody else logs already.
    let _ = if human { log.try_init() } else { log.json().try_init() };
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

impl From<MigrateError> for Stop {
    fn from(error: MigrateError) -> Self {
        Stop { code: DATABASE, words: error.to_string() }
    }
}

impl From<OpenError> for Stop {
    fn from(error: OpenError) -> Self {
        let code = match error {
            OpenError::Storage(_) | OpenError::Migrate(_) => DATABASE,
            OpenError::Setting(_) | OpenError::Stripe(_) | OpenError::Mail(_) => CONFIGURATION,
        };
        Stop { code, words: error.to_string() }
    }
}
