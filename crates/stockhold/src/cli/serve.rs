//! `stockhold serve`: HTTP and workers in one process.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::lock::{Alone, alone};
use super::{ADDRESS_IN_USE, CONFIGURATION, Stop, UNSAFE, say};
use crate::clock::Clock;
use crate::config::{Config, Settings, local_url};
use crate::shop::Shop;
use crate::{staff, web, workers};

/// Requests and the workers' round that are under way get this long to end: a little less than what service
/// managers and containers wait before they kill.
const FINISH_WITHIN: Duration = Duration::from_secs(25);

const NO_KEY: &str = "STRIPE_SECRET_KEY is not set, so nobody could pay. One of these:
  to look around      stockhold demo   (simulated payments, nothing to set up)
  to take payments    export STRIPE_SECRET_KEY=sk_test_…   (or STRIPE_SECRET_KEY_FILE; Stripe Dashboard, API keys)
  to develop          stockhold sandbox, and export STRIPE_API_BASE=http://127.0.0.1:12111";

pub async fn run(settings: &Settings) -> Result<ExitCode, Stop> {
    let mut config = Config::read(settings)?;
    if config.stripe_secret_key.is_none() && config.sandbox.is_none() {
        return Err(Stop { code: CONFIGURATION, words: NO_KEY.to_owned() });
    }
    check_safe(&config)?;
    let listener = bind(config.listen).await?;
    if settings.base_url.is_none() {
        // Port 0 is any free port: only now is it known which.
        config.base_url = local_url(listener.local_addr().unwrap_or(config.listen));
    }
    if config.webhook_secrets.is_empty() {
        tracing::warn!("STRIPE_WEBHOOK_SECRET is not set: payments are noticed within a minute instead of at once");
    }
    let alone = alone(&config.database_url)?;
    let shop = Shop::open(config, Clock::system()).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), url = shop.config.base_url, "the shop is open");
    if let Some(link) = setup_link(&shop).await? {
        say(&format!("Nobody can sign in yet. Set up the owner within 30 minutes: {link}"));
    }
    serve(shop, listener, alone).await?;
    tracing::info!("the shop is closed");
    Ok(ExitCode::SUCCESS)
}

/// Where the first owner is set up; none once somebody can sign in.
pub async fn setup_link(shop: &Shop) -> Result<Option<String>, Stop> {
    let token = staff::draw_setup_link(&shop.storage, shop.now()).await?;
    Ok(token.map(|token| format!("{}/admin/setup?token={}", shop.config.admin_url(), token.expose())))
}

/// Real money is taken only where buyers are safe and every payment is noticed.
fn check_safe(config: &Config) -> Result<(), Stop> {
    let refuse = |words: &str| Err(Stop { code: UNSAFE, words: words.to_owned() });
    if config.is_live() && !config.base_url.starts_with("https://") {
        return refuse("A live key needs STOCKHOLD_BASE_URL=https://…: buyers type their addresses there.");
    }
    if config.is_live() && config.webhook_secrets.is_empty() {
        return refuse(
            "A live key needs STRIPE_WEBHOOK_SECRET: add the endpoint /api/webhooks/stripe at Stripe first.",
        );
    }
    Ok(())
}

/// Serves until told to stop; requests and the workers' round that are under way are finished. A second signal, or
/// too long a wait, ends it at once, which loses nothing: the next start goes on where this one ended.
pub async fn serve(shop: Arc<Shop>, listener: TcpListener, alone: Option<Alone>) -> Result<(), Stop> {
    if alone.is_some() {
        workers::take_over(&shop).await?;
    }
    let (stop, stopped) = watch::channel(false);
    let workers = workers::spawn(shop.clone(), stopped.clone());
    let service = web::router(shop).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(until(stopped.clone()));
    let everything = async {
        let served = server.await;
        // However the server ended, the workers end with it.
        stop.send_replace(true);
        let worked = workers.await;
        served.map_err(|error| Stop::failed(format!("The server stopped: {error}")))?;
        worked.map_err(|error| Stop::failed(format!("The workers stopped: {error}")))
    };
    let impatience = async {
        stop_signal().await;
        stop.send_replace(true);
        tokio::select! {
            () = stop_signal() => {}
            () = tokio::time::sleep(FINISH_WITHIN) => {}
        }
    };
    tokio::select! {
        ended = everything => ended,
        () = impatience => {
            say("Stopped before everything was finished; the next start goes on from here.");
            Ok(())
        }
    }
}

pub async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender gone is as good as told.
    let _ = stopped.wait_for(|stop| *stop).await;
}

pub async fn stop_signal() {
    let interrupted = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        },
        Err(_) => drop(interrupted.await),
    }
}

pub async fn bind(address: SocketAddr) -> Result<TcpListener, Stop> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            let words = format!("{address} is in use. Stop what listens there, or choose another with --listen.");
            Stop { code: ADDRESS_IN_USE, words }
        }
        _ => Stop::failed(format!("{address} cannot be listened on: {error}. Choose another with --listen.")),
    })
}

/// The first free port from `first` on.
pub async fn bind_next_free(first: SocketAddr, tries: u16) -> Result<TcpListener, Stop> {
    let mut address = first;
    for _ in 0..tries {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                address.set_port(address.port().checked_add(1).unwrap_or(0));
            }
            Err(error) => return Err(Stop::failed(format!("{address} cannot be listened on: {error}"))),
        }
    }
    Err(Stop { code: ADDRESS_IN_USE, words: format!("{first} and the {tries} ports after it are in use.") })
}
