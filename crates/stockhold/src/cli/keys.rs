//! `stockhold keys`: API keys, shown once.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use rules::time::{Span, Timestamp};

use super::{Stop, open_at_head, print, say};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::language::{Edge, machine_time, parse_edge};
use crate::storage::keys::{self, Key, NAME_CHARS_MAX, Scope, Scopes};

/// A century.
const DAYS_MAX: i64 = 36_500;

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
        #[arg(long)]
        json: bool,
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
    /// From when on it opens nothing any more: a date (2027-11-01, in UTC), a moment (RFC 3339) or an age from now (90d).
    /// Left out: it stays until it is revoked.
    #[arg(long)]
    expires: Option<String>,
    #[command(flatten)]
    settings: Settings,
    /// One JSON object with the key and its id, instead of the key alone.
    #[arg(long)]
    json: bool,
}

pub async fn run(keys: &Keys) -> Result<ExitCode, Stop> {
    match keys {
        Keys::Create(create) => make(create).await,
        Keys::List { settings, json } => list(settings, *json).await,
        Keys::Revoke { id, settings, json } => revoke(id, settings, *json).await,
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
    let now = Clock::system().now();
    let expires_at = create.expires.as_deref().map(|text| expires(text, now)).transpose()?;
    let is_live = Config::read(&create.settings)?.is_live();
    let storage = open_at_head(&create.settings).await?;
    let key = Key::draw(is_live).map_err(|error| Stop::failed(format!("No random numbers: {error}")))?;
    let id = keys::insert_until(&storage, &key, name, &scopes, expires_at, now).await?;
    if create.json {
        let row = serde_json::json!({
            "id": id, "name": name, "scopes": scopes.to_string(), "key": key.expose(),
            "created_at": machine_time(now), "expires_at": expires_at.map(machine_time),
        });
        print(&row.to_string());
        return Ok(ExitCode::SUCCESS);
    }
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
                    "created_at": machine_time(key.created_at), "expires_at": key.expires_at.map(machine_time),
                    "last_used_on": key.last_used_on, "revoked": key.revoked,
                })
            })
            .collect();
        print(&serde_json::json!({ "data": rows }).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let now = Clock::system().now();
    for key in &keys {
        let used = if key.last_used_on.is_empty() { "never used" } else { &key.last_used_on };
        let state = match key.expires_at {
            _ if key.revoked => "revoked",
            Some(at) if at <= now => "over",
            Some(_) | None => used,
        };
        print(&format!("{}  {:24}  {:10}  {}", key.id, key.name, state, key.scopes));
    }
    if keys.is_empty() {
        say("There are no keys yet. Make one: stockhold keys create --name till --scopes orders:read");
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoke(id: &str, settings: &Settings, json: bool) -> Result<ExitCode, Stop> {
    let storage = open_at_head(settings).await?;
    if !keys::revoke(&storage, id).await? {
        return Err(Stop::failed(format!("There is no key {id}. See: stockhold keys list")));
    }
    if json {
        print(&serde_json::json!({ "id": id, "revoked": true }).to_string());
    }
    say(&format!("{id} opens nothing any more."));
    Ok(ExitCode::SUCCESS)
}

/// A moment to come.
fn expires(text: &str, now: Timestamp) -> Result<Timestamp, Stop> {
    let wrong = || {
        Stop::wrong_usage(format!(
            "--expires {text}: write a date to come (2027-11-01), a moment (RFC 3339) or days (90d)."
        ))
    };
    let days = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok());
    let at = match days {
        Some(days @ 1..=DAYS_MAX) => Some(now + Span::minutes(days * 24 * 60)),
        Some(_) => None,
        None => parse_edge(text, "UTC", Edge::Start),
    };
    at.filter(|at| *at > now).ok_or_else(wrong)
}
