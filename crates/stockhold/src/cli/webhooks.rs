//! `stockhold webhooks`: the programs that are told what happens, from a terminal.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use rules::time::Timestamp;

use super::{Stop, open_at_head, print, say};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::language::machine_time;
use crate::outbox::webhooks as outbox;
use crate::shop::Shop;
use crate::storage::webhooks::{self, DeliveryState};

#[derive(Debug, Subcommand)]
pub enum Webhooks {
    /// List the endpoints and how they do.
    List {
        #[command(flatten)]
        settings: Settings,
        #[arg(long)]
        json: bool,
    },
    /// Send a webhook.test to an endpoint now, and tell its answer; exit code 1 when it did not take it.
    Test {
        /// As `stockhold webhooks list` shows it.
        id: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Have deliveries sent once more: one, or all that failed. A running shop sends them.
    Replay(Replay),
}

#[derive(Debug, Args)]
pub struct Replay {
    /// As `stockhold webhooks list` shows it.
    id: String,
    /// A delivery (msg_…); without it, all that failed in the last 30 days.
    event: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

pub async fn run(command: &Webhooks) -> Result<ExitCode, Stop> {
    match command {
        Webhooks::List { settings, json } => list(settings, *json).await,
        Webhooks::Test { id, settings } => test(id, settings).await,
        Webhooks::Replay(replay) => send_again(replay).await,
    }
}

async fn list(settings: &Settings, json: bool) -> Result<ExitCode, Stop> {
    let storage = open_at_head(settings).await?;
    let endpoints = webhooks::list(&storage).await?;
    if json {
        let rows: Vec<_> = endpoints
            .iter()
            .map(|endpoint| {
                let topics: Vec<&str> = endpoint.topics.iter().map(|topic| topic.as_str()).collect();
                serde_json::json!({
                    "id": endpoint.id, "url": endpoint.url, "note": endpoint.note, "topics": topics,
                    "state": endpoint.state.as_str(), "disabled_because": endpoint.why.as_str(),
                    "failing_since": endpoint.failing_since.map(machine_time),
                    "created_at": machine_time(endpoint.created_at),
                })
            })
            .collect();
        print(&serde_json::json!({ "data": rows }).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    for endpoint in &endpoints {
        let state = match endpoint.failing_since {
            Some(since) => format!("{}, failing since {}", endpoint.state.as_str(), machine_time(since)),
            None => endpoint.state.as_str().to_owned(),
        };
        print(&format!("{}  {:10}  {}", endpoint.id, state, endpoint.url));
    }
    if endpoints.is_empty() {
        say("There are no endpoints yet. Make one in the admin, or with POST /api/admin/webhooks.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn test(id: &str, settings: &Settings) -> Result<ExitCode, Stop> {
    let config = Config::read(settings)?;
    drop(open_at_head(settings).await?);
    let shop = Shop::open(config, Clock::system()).await?;
    let endpoint = webhooks::find(&shop.storage, id).await?.ok_or_else(|| unknown(id))?;
    let delivery = outbox::test(&shop, &endpoint).await?;
    let status = if delivery.answered == 0 { "no answer".to_owned() } else { delivery.answered.to_string() };
    print(&format!("{}  {status}  {}", delivery.event_id, delivery.answer));
    let arrived = delivery.state == DeliveryState::Done;
    Ok(if arrived { ExitCode::SUCCESS } else { ExitCode::from(super::FAILED) })
}

async fn send_again(replay: &Replay) -> Result<ExitCode, Stop> {
    let storage = open_at_head(&replay.settings).await?;
    webhooks::find(&storage, &replay.id).await?.ok_or_else(|| unknown(&replay.id))?;
    let now = Clock::system().now();
    match &replay.event {
        Some(event) if !webhooks::replay(&storage, &replay.id, event, now).await? => {
            return Err(Stop::failed(format!("{} was never to be told {event}.", replay.id)));
        }
        Some(event) => say(&format!("{event} is sent once more.")),
        None => {
            let count = webhooks::replay_failed(&storage, &replay.id, Timestamp::from_micros(0), now).await?;
            say(&format!("{count} deliveries are sent once more."));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn unknown(id: &str) -> Stop {
    Stop::failed(format!("There is no endpoint {id}. See: stockhold webhooks list"))
}
