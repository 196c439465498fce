//! `stockhold admin`: the way in for whoever has the machine, where nobody gets in by the door.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use rules::time::Timestamp;

use super::{Stop, open_at_head, print, say};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::language::machine_time;
use crate::staff::{self, Member, StaffRefusal};
use crate::storage::Storage;
use crate::storage::audit_log::{self, Line, Outcome};
use crate::storage::staff::Purpose;

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Print a link that sets up the first owner: it works once, for 30 minutes.
    SetupLink(Settings),
    /// List who works in the shop.
    List {
        #[command(flatten)]
        settings: Settings,
        #[arg(long)]
        json: bool,
    },
    /// Print a link by which somebody chooses a new password: it works once, for 15 minutes.
    ResetPassword(ResetPassword),
    /// Sign somebody out everywhere and let them in no more.
    Disable {
        /// The address they sign in with.
        email: String,
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Debug, Args)]
pub struct ResetPassword {
    /// The address they sign in with.
    email: String,
    /// Also remove their authenticator and recovery codes: the telephone is lost, and the codes with it. They are signed
    /// out everywhere.
    #[arg(long)]
    remove_authenticator: bool,
    #[command(flatten)]
    settings: Settings,
}

pub async fn run(admin: &Admin) -> Result<ExitCode, Stop> {
    match admin {
        Admin::SetupLink(settings) => setup_link(settings).await,
        Admin::List { settings, json } => list(settings, *json).await,
        Admin::ResetPassword(reset) => reset_password(reset).await,
        Admin::Disable { email, settings } => disable(email, settings).await,
    }
}

async fn setup_link(settings: &Settings) -> Result<ExitCode, Stop> {
    let config = Config::read(settings)?;
    let storage = open_at_head(settings).await?;
    let Some(token) = staff::draw_setup_link(&storage, now()).await? else {
        let words = "The shop has an owner already. See: stockhold admin list; for a new password: stockhold admin reset-password";
        return Err(Stop::failed(words));
    };
    print(&format!("{}/admin/setup?token={}", config.admin_url(), token.expose()));
    say("Open it within 30 minutes; it works once, and the links before it do not work any more.");
    Ok(ExitCode::SUCCESS)
}

async fn list(settings: &Settings, json: bool) -> Result<ExitCode, Stop> {
    let storage = open_at_head(settings).await?;
    let people = staff::list(&storage).await?;
    if json {
        let rows: Vec<_> = people
            .iter()
            .map(|one| {
                serde_json::json!({
                    "id": one.member.id, "name": one.member.name, "email": one.member.email,
                    "role": one.member.role.as_str(), "disabled": one.is_disabled, "joined": one.has_joined,
                    "authenticator": one.has_authenticator, "last_signed_in_at": one.last_seen_at.map(machine_time),
                })
            })
            .collect();
        print(&serde_json::json!({ "data": rows }).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    for one in &people {
        let state = match (one.is_disabled, one.has_joined) {
            (true, _) => "disabled",
            (false, false) => "invited",
            (false, true) => "active",
        };
        let factor = if one.has_authenticator { "authenticator" } else { "password only" };
        print(&format!(
            "{:12}  {:10}  {:14}  {:32}  {}",
            one.member.role.as_str(),
            state,
            factor,
            one.member.email,
            one.member.name
        ));
    }
    if people.is_empty() {
        say("Nobody works here yet. Set up the owner: stockhold admin setup-link");
    }
    Ok(ExitCode::SUCCESS)
}

async fn reset_password(reset: &ResetPassword) -> Result<ExitCode, Stop> {
    let config = Config::read(&reset.settings)?;
    let storage = open_at_head(&reset.settings).await?;
    let member = named(&storage, &reset.email).await?;
    let mut detail = "";
    if reset.remove_authenticator {
        if let Err(refusal) = staff::remove_authenticator(&storage, &member.id).await? {
            return Err(Stop::failed(format!("The authenticator of {} is not removed: {refusal}.", member.email)));
        }
        detail = "the authenticator is removed, and every session ended";
    }
    let token = staff::draw_link(&storage, &member, Purpose::Reset, now()).await?;
    note(&storage, "admin.reset_password", format!("staff:{}", member.id), detail).await?;
    print(&format!("{}/admin/links?token={}", config.admin_url(), token.expose()));
    say("Open it within 15 minutes; it works once. The old password opens until then.");
    Ok(ExitCode::SUCCESS)
}

async fn disable(email: &str, settings: &Settings) -> Result<ExitCode, Stop> {
    let storage = open_at_head(settings).await?;
    let member = named(&storage, email).await?;
    match staff::disable(&storage, &member.id).await? {
        Ok(()) => {}
        Err(refusal @ (StaffRefusal::LastOwner | StaffRefusal::Nobody | StaffRefusal::AddressTaken)) => {
            return Err(Stop::failed(format!("{} is not disabled: {refusal}.", member.email)));
        }
    }
    note(&storage, "admin.disable", format!("staff:{}", member.id), "").await?;
    say(&format!("{} is signed out everywhere and gets in no more.", member.email));
    Ok(ExitCode::SUCCESS)
}

async fn named(storage: &Storage, email: &str) -> Result<Member, Stop> {
    let found = staff::find(storage, email).await?;
    found.ok_or_else(|| Stop::failed(format!("Nobody signs in as {email}. See: stockhold admin list")))
}

/// Whoever has the machine is no member of staff, and leaves a line all the same.
pub(super) async fn note(storage: &Storage, action: &str, subject: String, detail: &str) -> Result<(), Stop> {
    let line = Line {
        actor: "machine".to_owned(),
        action: action.to_owned(),
        subject,
        outcome: Outcome::Done,
        detail: detail.to_owned(),
        client: String::new(),
    };
    Ok(audit_log::add(storage, &line, now()).await?)
}

fn now() -> Timestamp {
    Clock::system().now()
}
