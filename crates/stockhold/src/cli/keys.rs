//! `stockhold keys`: API keys, shown once.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Stop, open_at_head, print, say};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::language::machine_time;
use crate::storage::keys::{self, Key, NAME_CHARS_MAX, Scope, Scopes};

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Draw a key; it is printed once, alone, on standard output.
    Create(Create),
    /// List the keys; none is shown itself.
    List {
        #[command(flatten)]
        settings: Settings,
        #[arg(long)]
        json: bool,
    },
    /// Make a key useless, at once and for good.
    Revoke {
        /// As `stockhold keys list` shows it.
        id: String,
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Debug, Args)]
pub struct Create {
    /// What the key is for.
    #[arg(long)]
    name: String,
    /// What it may do, separated by commas: products:read, products:write, stock:read, stock:write, orders:read,
    /// orders:write, refunds:write, customers:read, customers:write, coupons:read, coupons:write, payments:read, payments:write, settings:read,
    /// settings:write, or admin for all of them.
    #[arg(long)]
    scopes: String,
    #[command(flatten)]
    settings: Settings,
}

pub async fn run(keys: &Keys) -> Result<ExitCode, Stop> {
    match keys {
        Keys::Create(create) => make(create).await,
        Keys::List { settings, json } => list(settings, *json).await,
        Keys::Revoke { id, settings } => revoke(id, settings).await,
    }
}

async fn make(create: &Create) -> Result<ExitCode, Stop> {
    let scopes = Scopes::parse(&create.scopes).map_err(|error| {
        let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        Stop::wrong_usage(format!("--scopes: {error}. Scopes are {}.", all.join(", ")))
    })?;
    let name = create.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(Stop::wrong_usage(format!("--name: write 1 to {NAME_CHARS_MAX} characters on one line.")));
    }
    let is_live = Config::read(&create.settings)?.is_live();
    let storage = open_at_head(&create.settings).await?;
    let key = Key::draw(is_live).map_err(|error| Stop::failed(format!("No random numbers: {error}")))?;
    let id = keys::insert(&storage, &key, name, &scopes, Clock::system().now()).await?;
    print(key.expose());
    say(&format!("This is {id}. Keep the key: it is not shown again."));
    Ok(ExitCode::SUCCESS)
}

async fn list(settings: &Settings, json: bool) -> Result<ExitCode, Stop> {
    let storage = open_at_head(settings).await?;
    let keys = keys::list(&storage).await?;
    if json {
        let rows: Vec<_> = keys
            .iter()
            .map(|key| {
                serde_json::json!({
                    "id": key.id, "name": key.name, "scopes": key.scopes.to_string(),
                    "created_at": machine_time(key.created_at), "last_used_on": key.last_used_on, "revoked": key.revoked,
                })
            })
            .collect();
        print(&serde_json::json!({ "data": rows }).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    for key in &keys {
        let used = if key.last_used_on.is_empty() { "never used" } else { &key.last_used_on };
        let state = if key.revoked { "revoked" } else { used };
        print(&format!("{}  {:24}  {:10}  {}", key.id, key.name, state, key.scopes));
    }
    if keys.is_empty() {
        say("There are no keys yet. Make one: stockhold keys create --name till --scopes orders:read");
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoke(id: &str, settings: &Settings) -> Result<ExitCode, Stop> {
    let storage = open_at_head(settings).await?;
    if !keys::revoke(&storage, id).await? {
        return Err(Stop::failed(format!("There is no key {id}. See: stockhold keys list")));
    }
    say(&format!("{id} opens nothing any more."));
    Ok(ExitCode::SUCCESS)
}
