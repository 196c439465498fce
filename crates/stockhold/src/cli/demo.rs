//! `stockhold demo`: a whole shop with goods, mailbox and simulated payments; no account, no network, no prompt.
//!
//! Invariant: nothing here can charge a card. The demo speaks to its own sandbox, with a key drawn for this run.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use rules::coupons::{Coupon, CouponCode, PercentOff, Reduction, Targets};
use rules::money::Currency;
use rules::time::Timestamp;
use stripe_sandbox::Options;
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use super::lock::alone;
use super::sandbox;
use super::serve::{bind, bind_next_free, serve, setup_link};
use super::{Stop, print};
use crate::catalogue::{self, Storeroom};
use crate::clock::Clock;
use crate::config::{self, Config, SandboxAddress, Secret, local_url};
use crate::media::Media;
use crate::shop::Shop;
use crate::storage::{Storage, coupons, migrate, settings};

/// Where Harbour Kiln sends its ware, and the taxes in its prices.
const SHIPPING_ZONES: &str = include_str!("../../assets/demo/shipping-zones.json");
const TAX_RULES: &str = include_str!("../../assets/demo/tax-rules.json");
const FIRST_PORT: u16 = 8080;
/// Ports tried when the first is taken.
const PORTS_MAX: u16 = 50;

#[derive(Debug, Args)]
pub struct Demo {
    /// Address and port to listen on; without it, the first free port from 8080 on.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Keep the shop in this folder and go on with it next time.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// How long stock is held for an unpaid order; fractions are allowed.
    #[arg(long, env = "STOCKHOLD_HOLD_MINUTES", default_value = "30")]
    hold_minutes: String,
}

/// The demo's folder: a temporary one is deleted when this is dropped.
enum Folder {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Folder::Kept(folder) => folder,
            Folder::Temporary(folder) => folder.path(),
        }
    }
}

pub async fn run(demo: &Demo) -> Result<ExitCode, Stop> {
    let started = Clock::system().now();
    let hold = config::minutes(&demo.hold_minutes)?;
    let folder = folder(demo.keep.as_deref())?;
    let database_url = format!("sqlite:{}", folder.path().join("shop.db").display());
    let alone = alone(&database_url)?;
    let (listener, sandbox_listener) = listeners(demo.listen).await?;
    let listen = address(&listener)?;
    let (base_url, sandbox_url) = (local_url(listen), local_url(address(&sandbox_listener)?));
    let (key, webhook_secret) = (format!("sk_test_{}", sandbox::draw()?), format!("whsec_{}", sandbox::draw()?));

    let sandbox = sandbox::open(Options {
        state_dir: Some(folder.path().join("sandbox")),
        base_path: sandbox_url.clone(),
        clock: sandbox::clock(),
        webhook_url: Some(format!("{base_url}/api/webhooks/stripe")),
        webhook_secret: webhook_secret.clone(),
        api_key: Some(key.clone()),
    })?;
    // It ends with the process: the shop's workers may still ask it something while they finish.
    let stripe = sandbox.router();
    tokio::spawn(async move { axum::serve(sandbox_listener, stripe).await });

    set_up(&database_url, Clock::system().now()).await?;
    let config = Config {
        database_url,
        data_dir: folder.path().to_owned(),
        listen,
        base_url: base_url.clone(),
        stripe_secret_key: Some(Secret::new(key)),
        webhook_secrets: vec![Secret::new(webhook_secret)],
        stripe_api_base: sandbox_url.clone(),
        hold,
        smtp_url: None,
        mail_from: Some("Harbour Kiln <shop@harbour-kiln.example>".to_owned()),
        confirm_moved: false,
        trusted_proxies: Vec::new(),
        admin_host: None,
        sandbox: Some(SandboxAddress { base_url: sandbox_url.clone() }),
    };
    let shop = Shop::open(config, Clock::system()).await?;
    let room =
        Storeroom { storage: &shop.storage, ledger: &shop.ledger, currency: shop.settings().currency, now: shop.now() };
    catalogue::seed_demo(room).await.map_err(|error| Stop::failed(format!("The demo's goods: {error}")))?;
    let admin = setup_link(&shop).await?.unwrap_or_else(|| format!("{base_url}/admin"));
    print(&banner(&base_url, &sandbox_url, &admin, shop.now() - started, demo.keep.as_deref()));
    tokio::spawn(tell(shop.clone()));
    let (stop, stopped) = watch::channel(false);
    let drawing = tokio::spawn(draw(shop.clone(), stopped));
    sandbox.spawn_deliveries();
    serve(shop, listener, alone).await?;
    // Nobody may write into the folder any more when it is deleted.
    stop.send_replace(true);
    let _ = drawing.await;
    Ok(ExitCode::SUCCESS)
}

fn folder(keep: Option<&Path>) -> Result<Folder, Stop> {
    let unusable = |error| Stop::failed(format!("The demo's folder cannot be made: {error}"));
    match keep {
        Some(folder) => std::fs::create_dir_all(folder).map(|()| Folder::Kept(folder.to_owned())).map_err(unusable),
        None => tempfile::Builder::new().prefix("stockhold-demo-").tempdir().map(Folder::Temporary).map_err(unusable),
    }
}

/// The shop's port, and the next free one for the sandbox.
async fn listeners(listen: Option<SocketAddr>) -> Result<(TcpListener, TcpListener), Stop> {
    let shop = match listen {
        Some(address) => bind(address).await?,
        None => bind_next_free(SocketAddr::from(([127, 0, 0, 1], FIRST_PORT)), PORTS_MAX).await?,
    };
    let mut next = address(&shop)?;
    next.set_port(next.port().checked_add(1).unwrap_or(0));
    Ok((shop, bind_next_free(next, PORTS_MAX).await?))
}

fn address(listener: &TcpListener) -> Result<SocketAddr, Stop> {
    listener.local_addr().map_err(|error| Stop::failed(format!("No address to listen on: {error}")))
}

/// The demo sets what stands on its first page before the shop opens; what a kept shop has set stands.
async fn set_up(database_url: &str, now: Timestamp) -> Result<(), Stop> {
    let storage = Storage::open(database_url).await?;
    migrate::run(&storage).await?;
    settings::get_or_set(&storage, "name_en", "Harbour Kiln").await?;
    settings::get_or_set(&storage, "name_zh", "海港窑").await?;
    settings::get_or_set(&storage, settings::SHIPPING_ZONES, SHIPPING_ZONES).await?;
    settings::get_or_set(&storage, settings::TAX_RULES, TAX_RULES).await?;
    coupons::insert(&storage, &coupon(), now).await?;
    Ok(())
}

/// Something to try at the checkout.
fn coupon() -> Coupon {
    Coupon {
        code: CouponCode::parse("TEA10").expect("a code"),
        reduction: Reduction::Percent(PercentOff::from_hundredths(1000).expect("a percentage")),
        currency: Currency::parse("USD").expect("a currency"),
        max_discount_minor: None,
        minimum_spend_minor: None,
        usage_limit: None,
        usage_limit_per_customer: None,
        first_order_only: false,
        starts_at: None,
        ends_at: None,
        applies_to: Targets::default(),
        active: true,
    }
}

fn banner(base_url: &str, sandbox_url: &str, admin: &str, took: rules::time::Span, keep: Option<&Path>) -> String {
    let tenths = took.as_micros() / 100_000;
    let end = match keep {
        Some(folder) => format!("Ctrl-C stops the demo. It stays in {}.", folder.display()),
        None => "Ctrl-C stops and deletes the demo. To keep it: stockhold demo --keep ./my-shop".to_owned(),
    };
    format!(
        "Stockhold {version} · demo shop ready in {seconds}.{tenth} s

  Shop      {base_url}            (中文 {base_url}/zh/)
  Admin     {admin}
  API       {base_url}/api/openapi.json
  Mailbox   {base_url}/_sandbox/mail
  Stripe    {sandbox_url}/_sandbox/stripe   (payments, refunds, webhooks late, twice or lost)

Payments are simulated on this machine. Nothing here can charge a card.
Try: buy the last Tenmoku cup in two browser windows at once.
Try: let webhooks get lost on the Stripe page, pay, and see the order become paid all the same.
{end}
",
        version = env!("CARGO_PKG_VERSION"),
        seconds = tenths / 10,
        tenth = tenths % 10,
    )
}

/// Some seconds' work for one processor, so the shop is open meanwhile and shows the drawings themselves.
async fn draw(shop: Arc<Shop>, stopped: watch::Receiver<bool>) {
    let currency = shop.settings().currency;
    let room = Storeroom { storage: &shop.storage, ledger: &shop.ledger, currency, now: shop.now() };
    if let Err(error) = catalogue::draw_demo(room, &Media::of(&shop.config.data_dir), &stopped).await {
        tracing::warn!(%error, "the demo's goods keep their drawings");
    }
}

/// A line for everything that happens, as it happens.
async fn tell(shop: Arc<Shop>) {
    let mut happenings = shop.happenings();
    loop {
        match happenings.recv().await {
            Ok(line) => print(&format!("{}  {line}", clock_time(shop.now()))),
            Err(RecvError::Lagged(missed)) => print(&format!("({missed} lines more)")),
            Err(RecvError::Closed) => return,
        }
    }
}

fn clock_time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
    at.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demos_rules_can_be_used() {
        let currency = Currency::parse("USD").expect("a currency");
        let rules = crate::price_rules::read(SHIPPING_ZONES, TAX_RULES, currency).expect("they are read");
        assert_eq!(rules.home().map(|home| home.code().to_owned()), Some("HK".to_owned()));
    }
}
