//! `stockhold reconcile`: our books beside Stripe's, from a terminal or a timer.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rules::time::{Span, Timestamp};

use super::{CONFIGURATION, MISMATCH, Stop, open_at_head, print, say};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::language::{Language, format_money, parse_moment};
use crate::shop::Shop;
use crate::storage::reconciliation::{self, Run};
use crate::web::api::reconciliation::body;
use crate::workers::reconcile::{self, Stopped};

/// How often a run goes on after Stripe could not be asked, and the wait before each time.
const TRIES: u32 = 5;
const WAIT: Duration = Duration::from_secs(5);
/// Differences that are printed; the number of all is always told.
const FINDINGS_SHOWN: i64 = 1_000;

#[derive(Debug, Args)]
pub struct Reconcile {
    /// Only what Stripe made since: a date (2026-11-01), a moment (RFC 3339) or an age (30d, 12h). Without it,
    /// everything since the first order; with --apply, what came after the last run with --apply.
    #[arg(long)]
    since: Option<String>,
    /// Make the safe repairs: Stripe is asked again, and its answer recorded as usual.
    #[arg(long)]
    apply: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
}

pub async fn run(command: &Reconcile) -> Result<ExitCode, Stop> {
    let config = Config::read(&command.settings)?;
    if config.stripe_secret_key.is_none() && config.sandbox.is_none() {
        let words = "STRIPE_SECRET_KEY is not set: there is no Stripe to compare the books with.".to_owned();
        return Err(Stop { code: CONFIGURATION, words });
    }
    let clock = Clock::system();
    let since = command.since.as_deref().map(|text| since(text, clock.now())).transpose()?;
    drop(open_at_head(&command.settings).await?);
    let shop = Shop::open(config, clock).await?;
    let bar = bar();
    let run = walk(&shop, since, command.apply, &bar).await;
    bar.finish_and_clear();
    let run = run?;
    let result = body(&shop, &run, FINDINGS_SHOWN).await?;
    if command.json {
        print(&serde_json::to_string(&result).expect("the result is made of text and numbers"));
    } else {
        tell(&shop, &run).await?;
    }
    let open = reconciliation::findings(&shop.storage, &run.id, FINDINGS_SHOWN).await?;
    let equal = open.iter().all(|finding| finding.repaired);
    Ok(if equal { ExitCode::SUCCESS } else { ExitCode::from(MISMATCH) })
}

async fn walk(shop: &Shop, since: Option<Timestamp>, applies: bool, bar: &ProgressBar) -> Result<Run, Stop> {
    let mut tries = 0;
    loop {
        let progress = |run: &Run| {
            bar.set_message(run.phase.replace('_', " "));
            bar.set_position(u64::try_from(run.compared.values().sum::<i64>()).unwrap_or_default());
        };
        match reconcile::run(shop, since, applies, progress).await {
            Ok(run) => return Ok(run),
            Err(Stopped::StripeAway(why)) if tries < TRIES => {
                tries += 1;
                bar.set_message(format!("waiting for Stripe: {why}"));
                tokio::time::sleep(WAIT).await;
            }
            Err(stopped) => return Err(Stop::failed(stopped.to_string())),
        }
    }
}

/// One line a difference, then the sum of it all.
async fn tell(shop: &Shop, run: &Run) -> Result<(), Stop> {
    let findings = reconciliation::findings(&shop.storage, &run.id, FINDINGS_SHOWN).await?;
    for finding in &findings {
        let order = finding.order.map(|order| order.to_string()).unwrap_or_default();
        let settled = if finding.repaired { "repaired" } else { finding.kind.action() };
        print(&format!("{}  {}  {order}  {}  {settled}", finding.kind.as_str(), finding.subject, finding.detail()));
    }
    let compared: i64 = run.compared.values().sum();
    let repaired = findings.iter().filter(|finding| finding.repaired).count();
    say(&format!("{compared} objects compared, {} differences, {repaired} repaired.", findings.len()));
    let unexplained = reconciliation::unexplained(&shop.storage, &run.id).await?;
    match unexplained.as_slice() {
        [] => say(&format!(
            "Unexplained amount: {}",
            format_money(Language::En, rules::money::Money::new(0, shop.settings().currency))
        )),
        amounts => {
            for amount in amounts {
                say(&format!("Unexplained amount: {}", format_money(Language::En, *amount)));
            }
        }
    }
    Ok(())
}

/// A date, a moment, or an age before now.
fn since(text: &str, now: Timestamp) -> Result<Timestamp, Stop> {
    let age = text.strip_suffix('d').map(|days| (days, 24 * 60)).or(text.strip_suffix('h').map(|hours| (hours, 60)));
    if let Some((count, minutes)) = age.and_then(|(count, minutes)| Some((count.parse::<i64>().ok()?, minutes))) {
        return Ok(now - Span::minutes(count.saturating_mul(minutes)));
    }
    let wrong = || {
        Stop::wrong_usage(format!("--since {text}: write a date (2026-11-01), a moment (RFC 3339) or an age (30d)."))
    };
    parse_moment(text).ok_or_else(wrong)
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{spinner} {pos} objects compared · {msg}");
    bar.set_style(style.expect("the template is well formed"));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_a_date_a_moment_or_an_age() {
        let now = Timestamp::from_seconds(1_795_600_800);
        let read = |text| since(text, now).map(Timestamp::seconds).ok();
        assert_eq!(read("1d"), Some(1_795_600_800 - 86_400));
        assert_eq!(read("12h"), Some(1_795_600_800 - 43_200));
        assert_eq!(read("2026-11-01"), Some(1_793_491_200));
        assert_eq!(read("2026-11-01T00:00:01Z"), Some(1_793_491_201));
        for wrong in ["", "d", "yesterday", "2026-13-01", "-"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
