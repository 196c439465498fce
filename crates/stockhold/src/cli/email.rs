//! `stockhold email`: the letters the shop writes, with sample data, in the words it would use now.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{FINDINGS, Stop, print, say};
use crate::config::{self, Settings};
use crate::language::{Language, Words};
use crate::letters;
use crate::letters::sample::{self, Sample};
use crate::theme::Theme;

#[derive(Debug, Subcommand)]
pub enum Email {
    /// List the letters there are, each state of a letter with its name.
    List,
    /// Write letters with sample data: as text on standard output, or as pages into a folder.
    Preview(Box<Preview>),
}

#[derive(Debug, Args)]
pub struct Preview {
    /// Which letters, as `stockhold email list` names them; all of them when none is named.
    names: Vec<String>,
    /// In which language: en or zh-CN; both when none is named.
    #[arg(long = "lang", value_name = "TAG")]
    language: Option<String>,
    /// A folder for NAME.TAG.html and NAME.TAG.txt, and an index.html that shows them all.
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

pub fn run(email: &Email) -> Result<ExitCode, Stop> {
    match email {
        Email::List => {
            for sample in sample::letters(Language::En) {
                print(sample.name);
            }
            Ok(ExitCode::SUCCESS)
        }
        Email::Preview(preview) => show(preview),
    }
}

fn show(preview: &Preview) -> Result<ExitCode, Stop> {
    let languages = match &preview.language {
        None => Language::ALL.to_vec(),
        Some(tag) => {
            let unknown =
                || Stop::wrong_usage(format!("--lang: the shop does not speak {tag}; it speaks en and zh-CN."));
            vec![Language::parse(tag).ok_or_else(unknown)?]
        }
    };
    let known: Vec<&str> = sample::letters(Language::En).iter().map(|sample| sample.name).collect();
    if let Some(name) = preview.names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Stop::wrong_usage(format!("There is no letter {name}. Letters are: {}.", known.join(", "))));
    }
    let words = Words::load(Some(&config::data_dir(&preview.settings)))
        .map_err(|error| Stop { code: FINDINGS, words: error.to_string() })?;
    let theme = Theme::of(&config::data_dir(&preview.settings));
    let mut index = String::new();
    for language in languages {
        let is_wanted =
            |sample: &Sample| preview.names.is_empty() || preview.names.iter().any(|name| name == sample.name);
        for sample in sample::letters(language).into_iter().filter(is_wanted) {
            let envelope = sample::envelope(language);
            let letter = letters::render(&words, &theme, sample.kind, &sample.about, &sample.order, &envelope)
                .map_err(|error| Stop { code: FINDINGS, words: error.to_string() })?;
            let Some(folder) = &preview.out else {
                print(&format!("Subject: {}\n\n{}\n", letter.subject, letter.text));
                continue;
            };
            let name = format!("{}.{}", sample.name, language.tag());
            write(folder, &format!("{name}.html"), &letter.html)?;
            write(folder, &format!("{name}.txt"), &format!("{}\n\n{}", letter.subject, letter.text))?;
            let _ = write!(
                index,
                "<h2>{name}</h2><p><a href=\"{name}.txt\">text</a></p><iframe src=\"{name}.html\" title=\"{name}\"></iframe>"
            );
        }
    }
    if let Some(folder) = &preview.out {
        let style =
            "<style>body{font:16px system-ui;margin:2rem}iframe{width:100%;height:60rem;border:1px solid #ccc}</style>";
        write(
            folder,
            "index.html",
            &format!("<!doctype html><meta charset=\"utf-8\"><title>Letters</title>{style}{index}"),
        )?;
        say(&format!("The letters are in {}.", folder.join("index.html").display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Stop> {
    let file = folder.join(name);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&file, text))
        .map_err(|error| Stop::failed(format!("{} cannot be written: {error}", file.display())))
}
