//! The look of a shop: templates, words and tokens of the data folder stand above those inside the binary, file by file.
//!
//! `theme/` holds templates under the names they have in the program and `tokens.css`; `locales/` holds words. Invariant: a
//! mistake in any of them is told with its file and its line, and the built-in one takes its place: a slip of the
//! shopkeeper's pen never closes the shop.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use minijinja::Environment;

use crate::language::{Language, Words};

#[derive(rust_embed::RustEmbed)]
#[folder = "templates"]
struct Templates;

#[derive(rust_embed::RustEmbed)]
#[folder = "locales"]
struct Locales;

const STYLE_SHEET: &str = include_str!("../assets/shop.css");

/// The file of a theme that changes colours, sizes and the fonts.
pub const TOKENS: &str = "tokens.css";
/// Beside an ejected file lies what it was made from, so that a later version can say what has changed since.
const ORIGINALS: &str = "theme/.originals";

/// The data folder, as far as the look of the shop is in it.
#[derive(Debug, Clone)]
pub struct Theme {
    data_dir: PathBuf,
}

/// Something in a theme that will not be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Below the data folder.
    pub file: String,
    pub line: Option<usize>,
    pub what: String,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// A template as it is in the program.
pub fn built_in(name: &str) -> Option<String> {
    Templates::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned())
}

pub fn built_in_names() -> Vec<String> {
    let mut names: Vec<String> = Templates::iter().map(|name| name.into_owned()).collect();
    names.sort();
    names
}

/// Everything that can be ejected, by the name it has below the data folder, and what it is in the program.
fn original(name: &str) -> Option<String> {
    if let Some(name) = name.strip_prefix("locales/") {
        let words = Locales::get(name).filter(|_| name.ends_with(".ftl"));
        return words.map(|file| String::from_utf8_lossy(&file.data).into_owned());
    }
    match name.strip_prefix("theme/").unwrap_or(name) {
        TOKENS => Some(tokens()),
        name => built_in(name),
    }
}

/// What can be ejected.
pub fn names() -> Vec<String> {
    let words = Locales::iter().filter(|name| name.ends_with(".ftl")).map(|name| format!("locales/{name}"));
    let mut names: Vec<String> = words.chain([TOKENS.to_owned()]).chain(built_in_names()).collect();
    names.sort();
    names
}

/// The tokens of the style sheet, to begin a theme with.
fn tokens() -> String {
    let tokens = STYLE_SHEET.split_once("  :root {\n").and_then(|(_, rest)| rest.split_once("  }\n"));
    let tokens = tokens.map_or("", |(tokens, _)| tokens);
    format!("/* What is left out keeps the program's value. */\n:root {{\n{tokens}}}\n")
}

impl Theme {
    pub fn of(data_dir: &Path) -> Theme {
        Theme { data_dir: data_dir.to_owned() }
    }

    /// A template of the shop's own, if there is one.
    pub fn own(&self, name: &str) -> Option<std::io::Result<String>> {
        match std::fs::read_to_string(self.data_dir.join("theme").join(name)) {
            Ok(text) => Some(Ok(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// The shop's own template, else the program's.
    pub fn source(&self, name: &str) -> Result<Option<String>, minijinja::Error> {
        match self.own(name) {
            None => Ok(built_in(name)),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(error)) => {
                let what = format!("theme/{name} cannot be read");
                Err(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, what).with_source(error))
            }
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.data_dir.join("theme").join(name).is_file()
    }

    /// Whether there is anything of the shop's own below this folder of the theme.
    pub fn has_any(&self, folder: &str) -> bool {
        self.data_dir.join("theme").join(folder).is_dir()
    }

    /// The shop's own tokens, to be put behind the style sheet.
    pub fn tokens(&self) -> Option<String> {
        self.own(TOKENS)?.ok()
    }

    /// Copies a built-in file into the data folder, to be changed there; returns where it is now.
    pub fn eject(&self, name: &str) -> Result<PathBuf, String> {
        let text = original(name).ok_or_else(|| format!("There is no template or file of words called {name}."))?;
        let place = self.place(name);
        if place.exists() {
            return Err(format!("{} is there already.", place.display()));
        }
        let kept = self.data_dir.join(ORIGINALS).join(name);
        for file in [&kept, &place] {
            let made = file.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(file, &text));
            made.map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
        }
        Ok(place)
    }

    fn place(&self, name: &str) -> PathBuf {
        if name.starts_with("locales/") { self.data_dir.join(name) } else { self.data_dir.join("theme").join(name) }
    }

    /// What a file was made from, and what it is in the program now; none: it was not ejected, or is not known any more.
    pub fn changed_since(&self, name: &str) -> Option<(String, String)> {
        let before = std::fs::read_to_string(self.data_dir.join(ORIGINALS).join(name)).ok()?;
        Some((before, original(name)?))
    }

    /// The files of the shop's own, by the names they are ejected by.
    pub fn files(&self) -> Vec<String> {
        let mut names = below(&self.data_dir.join("theme"), "");
        names.retain(|name| !name.starts_with('.'));
        names.extend(below(&self.data_dir.join("locales"), "locales/"));
        names.sort();
        names
    }

    /// Everything in this theme that will not be used, with file and line.
    pub fn check(&self) -> Vec<Mistake> {
        let mut mistakes = BTreeSet::new();
        let mut environment = Environment::new();
        let theme = self.clone();
        environment.set_loader(move |name| theme.source(name));
        let known = known_variables();
        let words = Words::load(Some(&self.data_dir));
        if let Err(error) = &words {
            mistakes.insert(Mistake { file: "locales".to_owned(), line: None, what: error.to_string() });
        }
        for name in self.files() {
            let mistake = |line: Option<usize>, what: String| {
                let file = if name.starts_with("locales/") { name.clone() } else { format!("theme/{name}") };
                Mistake { file, line, what }
            };
            if let Some(file) = name.strip_prefix("locales/") {
                mistakes
                    .extend(unknown_words(&self.place(&name), file).into_iter().map(|(at, what)| mistake(at, what)));
                continue;
            }
            if name == TOKENS {
                let text = self.tokens().unwrap_or_default();
                mistakes.extend(unknown_tokens(&text).into_iter().map(|(line, what)| mistake(Some(line), what)));
                continue;
            }
            if built_in(&name).is_none() && !is_of_one_letter(&name) {
                mistakes.insert(mistake(None, "the program has no template of this name".to_owned()));
                continue;
            }
            let template = match environment.get_template(&name) {
                Ok(template) => template,
                Err(error) => {
                    mistakes.insert(mistake(error.line(), format!("{error}")));
                    continue;
                }
            };
            let text = self.own(&name).and_then(Result::ok).unwrap_or_default();
            for variable in template.undeclared_variables(true) {
                if !known.contains(&variable) {
                    let last = variable.rsplit('.').next().unwrap_or_default();
                    mistakes.insert(mistake(line_of(&text, last), format!("nothing is called {variable}")));
                }
            }
            let Ok(words) = &words else { continue };
            for said in text.split("say(\"").skip(1) {
                let Some((key, rest)) = said.split_once('"') else { continue };
                let is_whole = !rest.trim_start().starts_with('~');
                if is_whole && !words.has(Language::En, key) {
                    mistakes.insert(mistake(line_of(&text, key), format!("there is no word {key}")));
                }
            }
        }
        mistakes.into_iter().collect()
    }
}

/// A template for one letter alone, such as `letters/order_shipped.html`.
fn is_of_one_letter(name: &str) -> bool {
    let Some((letter, ending)) = name.strip_prefix("letters/").and_then(|name| name.rsplit_once('.')) else {
        return false;
    };
    rules::effects::Letter::parse(letter).is_some() && matches!(ending, "html" | "txt")
}

/// Every variable that some built-in template uses, with and without what follows its dots.
fn known_variables() -> BTreeSet<String> {
    let mut environment = Environment::new();
    environment.set_loader(|name| Ok(built_in(name)));
    let mut known = BTreeSet::new();
    for name in built_in_names() {
        if let Ok(template) = environment.get_template(&name) {
            known.extend(template.undeclared_variables(true));
            known.extend(template.undeclared_variables(false));
        }
    }
    known
}

fn unknown_words(place: &Path, file: &str) -> Vec<(Option<usize>, String)> {
    let words = Words::built_in();
    let language = file.split('/').next().and_then(Language::parse);
    let Some(language) = language.filter(|language| file.starts_with(&format!("{}/", language.tag()))) else {
        return vec![(None, "the shop does not speak this language".to_owned())];
    };
    let text = std::fs::read_to_string(place).unwrap_or_default();
    let keys = (1..).zip(text.lines()).filter(|(_, line)| line.starts_with(|c: char| c.is_ascii_alphabetic()));
    let named = keys.filter_map(|(at, line)| Some((at, line.split_once('=')?.0.trim().to_owned())));
    let unknown = named.filter(|(_, key)| !words.has(language, key));
    unknown.map(|(at, key)| (Some(at), format!("nobody says {key}"))).collect()
}

fn unknown_tokens(text: &str) -> Vec<(usize, String)> {
    let mut unknown = Vec::new();
    for (at, line) in (1..).zip(text.lines()) {
        for declared in line.split([';', '{']) {
            let Some((name, _)) = declared.trim().split_once(':').filter(|(name, _)| name.starts_with("--")) else {
                continue;
            };
            if !STYLE_SHEET.contains(&format!("{}:", name.trim())) {
                unknown.push((at, format!("the style sheet has no token {}", name.trim())));
            }
        }
    }
    unknown
}

fn line_of(text: &str, word: &str) -> Option<usize> {
    (1..).zip(text.lines()).find(|(_, line)| line.contains(word)).map(|(at, _)| at)
}

fn below(folder: &Path, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() && !name.starts_with('.') {
            names.extend(below(&entry.path(), &format!("{name}/")));
        } else if entry.path().is_file() {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(files: &[(&str, &str)]) -> (tempfile::TempDir, Theme) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, text).expect("a file");
        }
        let theme = Theme::of(folder.path());
        (folder, theme)
    }

    #[test]
    fn everything_that_is_ejected_has_no_mistake_and_does_not_differ() {
        let (_folder, theme) = theme(&[]);
        for name in names() {
            theme.eject(&name).expect("it is copied");
            let (before, now) = theme.changed_since(&name).expect("it is remembered");
            assert_eq!(before, now);
            assert!(theme.eject(&name).is_err(), "nothing is overwritten");
        }
        assert_eq!(theme.files(), names());
        assert_eq!(theme.check(), Vec::new());
        assert!(theme.eject("storefront/nowhere.html").is_err() && theme.eject("../shop.db").is_err());
    }

    #[test]
    fn a_slip_is_told_with_its_file_and_its_line() {
        let (_folder, theme) = theme(&[
            ("theme/storefront/home.html", "{% extends \"layout.html\" %}\n\n{% if %}"),
            (
                "theme/storefront/order.html",
                "\n<p>{{ order.number }}</p>\n<p>{{ order.nubmer }}</p>\n{{ say(\"order-totla\") }}",
            ),
            ("theme/storefront/hoem.html", ""),
            ("theme/letters/order_shipped.txt", "{{ heading }}"),
            ("theme/tokens.css", ":root {\n  --paper: white;\n  --papr: white;\n}\n"),
            ("locales/en/mine.ftl", "cart-empty = Nothing here yet.\ncart-emtpy = Oh.\n"),
            ("locales/fr/mine.ftl", "cart-empty = Rien.\n"),
        ]);
        let told: Vec<String> = theme.check().iter().map(Mistake::to_string).collect();
        let expected = [
            "locales/en/mine.ftl:2: nobody says cart-emtpy",
            "locales/fr/mine.ftl: the shop does not speak this language",
            "theme/storefront/hoem.html: the program has no template of this name",
            "theme/storefront/home.html:3: ",
            "theme/storefront/order.html:3: nothing is called order.nubmer",
            "theme/storefront/order.html:4: there is no word order-totla",
            "theme/tokens.css:3: the style sheet has no token --papr",
        ];
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told} is not {expected}");
        }
    }
}
