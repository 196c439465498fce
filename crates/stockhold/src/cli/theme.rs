//! `stockhold theme`: the look of a shop, file by file: copied out, checked, and compared with a new version.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{FINDINGS, Stop, print, say};
use crate::config::{self, Settings};
use crate::language::Words;
use crate::letters;
use crate::theme::{Theme, names};

#[derive(Debug, Subcommand)]
pub enum Commands {
    /// Copy templates, words or tokens into the data folder, to be changed there; without a name, list what there is.
    Eject(Box<Named>),
    /// Check every file of the theme strictly; exit code 6 when one has a mistake.
    Check(Box<Settings>),
    /// Show what has changed in the program since files were ejected.
    Diff(Box<Named>),
}

#[derive(Debug, Args)]
pub struct Named {
    /// Such as storefront/product.html, letters/letter.html, tokens.css or locales/en/letters.ftl.
    names: Vec<String>,
    #[command(flatten)]
    settings: Settings,
}

pub fn run(command: &Commands) -> Result<ExitCode, Stop> {
    match command {
        Commands::Eject(named) => eject(named),
        Commands::Check(settings) => check(settings),
        Commands::Diff(named) => diff(named),
    }
}

fn eject(named: &Named) -> Result<ExitCode, Stop> {
    if named.names.is_empty() {
        names().iter().for_each(|name| print(name));
        return Ok(ExitCode::SUCCESS);
    }
    let theme = Theme::of(&config::data_dir(&named.settings));
    for name in &named.names {
        let place = theme.eject(name).map_err(Stop::wrong_usage)?;
        print(&place.display().to_string());
    }
    say("Change what you like and delete what you do not need; the shop uses it when it starts again.");
    Ok(ExitCode::SUCCESS)
}

fn check(settings: &Settings) -> Result<ExitCode, Stop> {
    let data_dir = config::data_dir(settings);
    let theme = Theme::of(&data_dir);
    let mut told: Vec<String> = theme.check().iter().map(ToString::to_string).collect();
    if let Ok(words) = Words::load(Some(&data_dir)) {
        told.extend(letters::check(&words, &theme));
    }
    told.iter().for_each(|line| print(line));
    match (theme.files().len(), told.len()) {
        (0, _) => say("There is no theme: everything is as it is in the program."),
        (files, 0) => say(&format!("{files} files, no mistake.")),
        (files, mistakes) => say(&format!("{files} files, {mistakes} mistakes.")),
    }
    Ok(if told.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FINDINGS) })
}

fn diff(named: &Named) -> Result<ExitCode, Stop> {
    let theme = Theme::of(&config::data_dir(&named.settings));
    let wanted = if named.names.is_empty() { theme.files() } else { named.names.clone() };
    for name in wanted {
        let Some((before, now)) = theme.changed_since(&name) else {
            say(&format!("{name} was not ejected, so nobody knows what it was made from."));
            continue;
        };
        if before != now {
            let lines = similar::TextDiff::from_lines(&before, &now);
            let (from, to) = (format!("{name} (when it was ejected)"), format!("{name} (in this version)"));
            print(lines.unified_diff().header(&from, &to).to_string().trim_end());
        }
    }
    Ok(ExitCode::SUCCESS)
}
