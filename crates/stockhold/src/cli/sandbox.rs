//! `stockhold sandbox`: the Stripe sandbox alone, for developing against and for tests of other programs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use stripe_sandbox::Options;

use super::serve::{bind, stop_signal};
use super::{Stop, print, say};
use crate::clock::Clock;
use crate::config::{local_url, webhook_secrets_from_environment};

#[derive(Debug, Args)]
pub struct Sandbox {
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:12111")]
    listen: SocketAddr,
    /// Where its books are kept; without it, in memory only.
    #[arg(long)]
    state: Option<PathBuf>,
    /// Where its webhooks go, on this machine. They are signed with STRIPE_WEBHOOK_SECRET, if that is set.
    #[arg(long, default_value = "http://127.0.0.1:8080/api/webhooks/stripe")]
    webhook_url: String,
}

pub async fn run(arguments: &Sandbox) -> Result<ExitCode, Stop> {
    let listener = bind(arguments.listen).await?;
    let base_url = local_url(listener.local_addr().unwrap_or(arguments.listen));
    let secret = match webhook_secrets_from_environment()?.first() {
        Some(secret) => secret.expose().to_owned(),
        None => format!("whsec_{}", draw()?),
    };
    let sandbox = open(Options {
        state_dir: arguments.state.clone(),
        base_path: base_url.clone(),
        clock: clock(),
        webhook_url: Some(arguments.webhook_url.clone()),
        webhook_secret: secret.clone(),
        api_key: None,
    })?;
    print(&format!("export STRIPE_API_BASE={base_url}"));
    print("export STRIPE_SECRET_KEY=sk_test_sandbox");
    print(&format!("export STRIPE_WEBHOOK_SECRET={secret}"));
    say(&format!("Control page: {base_url}/_sandbox/stripe   Nothing here can charge a card."));
    sandbox.spawn_deliveries();
    let served = axum::serve(listener, sandbox.router()).with_graceful_shutdown(stop_signal()).await;
    served.map_err(|error| Stop::failed(format!("The sandbox stopped: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

pub fn open(options: Options) -> Result<stripe_sandbox::Sandbox, Stop> {
    stripe_sandbox::Sandbox::open(options)
        .map_err(|error| Stop::failed(format!("The sandbox's books cannot be opened: {error}")))
}

pub fn clock() -> Arc<dyn Fn() -> i64 + Send + Sync> {
    Arc::new(|| Clock::system().now().micros())
}

/// 128 random bits.
pub fn draw() -> Result<String, Stop> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Stop::failed(format!("No random numbers: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
