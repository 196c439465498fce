//! The floors of the house, held by reading the source: which room may import which, and which words have one place.
//!
//! ARCHITECTURE.md shows the same table to people. A red test here is a question: is the line in the wrong room,
//! or has the plan changed? Then both change together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each room of `crates/stockhold/src` and the rooms it may import. `cli` and `main` may import all.
const FLOORS: &[(&str, &[&str])] = &[
    // The outside, each behind a small face; none knows another.
    ("config", &[]),
    ("clock", &[]),
    ("language", &[]),
    ("price_rules", &[]),
    ("problems", &[]),
    ("steps", &[]),
    ("storage", &["price_rules", "steps"]),
    ("theme", &["language"]),
    ("stripe", &["steps"]),
    ("mail", &["steps"]),
    ("webhooks", &["steps"]),
    ("media", &[]),
    // The one way to change stock or money. It gets commands and a moment, so it cannot call out.
    ("ledger", &["steps", "storage"]),
    ("audit", &["storage"]),
    ("staff", &["storage"]),
    // What every door is handed.
    (
        "shop",
        &[
            "clock",
            "config",
            "language",
            "ledger",
            "mail",
            "price_rules",
            "steps",
            "storage",
            "stripe",
            "theme",
            "webhooks",
        ],
    ),
    ("letters", &["language", "mail", "storage", "theme"]),
    ("catalogue", &["language", "ledger", "media", "storage"]),
    // The one voice to Stripe and to the mail server.
    ("outbox", &["language", "ledger", "letters", "mail", "shop", "staff", "storage", "stripe", "webhooks"]),
    // Doors: whoever wants something enters here.
    // All that is kept of a person: out in one piece, and gone.
    ("privacy", &["catalogue", "language", "ledger", "mail", "shop", "storage", "stripe::wire::EventHead"]),
    ("workers", &["catalogue", "ledger", "outbox", "privacy", "shop", "storage", "stripe"]),
    (
        "web",
        &[
            "catalogue",
            "language",
            "ledger",
            // What a letter will say, shown to the shopkeeper.
            "letters",
            "media",
            "outbox",
            "price_rules",
            "privacy",
            "problems",
            "shop",
            "staff",
            "storage",
            "theme",
            "stripe::signature",
            // The envelope of a webhook, to store it under its id; what it claims is never believed.
            "stripe::wire::EventHead",
        ],
    ),
];

/// Rooms at the top, which may import everything.
const TOP: &[&str] = &["cli", "demo", "main", "lib"];

/// A word and the files of `crates/stockhold/src` in which alone it may stand.
const ONE_PLACE: &[(&str, &[&str])] = &[
    ("rusqlite", &["storage/sqlite.rs"]),
    ("tokio_postgres", &["storage/postgres.rs"]),
    ("deadpool_postgres", &["storage/postgres.rs"]),
    // Two clients, because they trust differently: Stripe's address is ours and its answers are money; a webhook's
    // address is typed by people and may be meant to reach our own network.
    ("reqwest", &["stripe/client.rs", "webhooks/sender.rs"]),
    ("SystemTime::now", &["clock.rs"]),
    ("Instant::now", &["clock.rs"]),
    ("Timestamp::now", &["clock.rs"]),
    ("update stock_levels", &["storage/books.rs"]),
];

/// What the ledger keeps to itself: no other room loads or saves books.
const LEDGERS_OWN: &[&str] = &["storage::books", "storage::sqlite", "storage::postgres"];

#[test]
fn every_room_imports_only_from_the_floors_below() {
    let floors: BTreeMap<&str, &[&str]> = FLOORS.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in stockhold_sources() {
        let room = file.room();
        if TOP.contains(&room) {
            continue;
        }
        let Some(allowed) = floors.get(room) else {
            wrong.push(format!("{} is in a room that the table of floors does not know", file.name));
            continue;
        };
        for path in file.imports() {
            let is_own = path.split("::").next() == Some(room);
            if !is_own && !allowed.iter().any(|entry| path == *entry || path.starts_with(&format!("{entry}::"))) {
                wrong.push(format!("{} imports crate::{path}", file.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_ledger_touches_the_books() {
    let may_touch = |room: &str| matches!(room, "ledger" | "storage");
    let sources = stockhold_sources();
    let strangers = sources.iter().filter(|file| !may_touch(file.room()));
    let wrong: Vec<String> = strangers
        .flat_map(|file| file.imports().into_iter().map(|path| (file.name.clone(), path)))
        .filter(|(_, path)| LEDGERS_OWN.iter().any(|own| path.starts_with(own)))
        .map(|(name, path)| format!("{name} imports crate::{path}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nobody_climbs_out_of_a_room_by_super() {
    // `super::super` in a folder below `src` is the crate's root, where the table of imports would not see it.
    let sources = stockhold_sources();
    let shallow = sources.iter().filter(|file| file.name.matches('/').count() <= 1);
    let wrong: Vec<&str> =
        shallow.filter(|file| file.code.contains("super::super::")).map(|file| file.name.as_str()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn words_that_have_one_place_stand_nowhere_else() {
    let mut wrong = Vec::new();
    for file in stockhold_sources() {
        let code = file.code.to_lowercase();
        for (word, places) in ONE_PLACE {
            if !places.contains(&file.name.as_str()) && code.contains(&word.to_lowercase()) {
                wrong.push(format!("{}: `{word}` belongs to {}", file.name, places.join(" and ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// P7: what has happened stays; a state is never told by a row that is gone.
#[test]
fn history_is_never_deleted() {
    let history = [
        "orders",
        "order_lines",
        "order_events",
        "stock_levels",
        "movements",
        "payments",
        "refunds",
        "refund_lines",
        "shipments",
        "disputes",
        "effects",
        "stripe_events",
    ];
    let mut wrong = Vec::new();
    for file in stockhold_sources() {
        let code = file.code.to_lowercase();
        let deleted = code.split("delete from ").skip(1).filter_map(|after| words(after).next());
        wrong.extend(deleted.filter(|table| history.contains(table)).map(|table| format!("{}: {table}", file.name)));
        if code.contains("update movements") {
            wrong.push(format!("{}: movements are never rewritten", file.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was written down about staff stands, too: lines of the audit log are added and never changed.
#[test]
fn the_audit_log_is_only_added_to() {
    for file in stockhold_sources() {
        let code = file.code.to_lowercase();
        for forbidden in ["update audit_log", "delete from audit_log", "truncate audit_log", "drop table audit_log"] {
            assert!(!code.contains(forbidden), "{}: {forbidden}", file.name);
        }
        assert!(!code.contains("insert into audit_log") || file.name == "storage/audit_log.rs", "{}", file.name);
    }
}

/// P29: what an order is for is written once, when it is placed; a later statement only counts what became of it.
#[test]
fn what_was_ordered_is_never_rewritten() {
    let mut found = 0;
    for file in stockhold_sources() {
        for statement in file.code.to_lowercase().split("update order_lines set ").skip(1) {
            let set = statement.split([';', '"']).next().unwrap_or_default();
            let set = set.split('{').next().unwrap_or_default();
            let columns: Vec<&str> = set.split(',').filter_map(|part| words(part.trim()).next()).collect();
            assert_eq!((file.name.as_str(), columns), ("storage/books.rs", vec!["shipped", "cancelled", "restocked"]));
            found += 1;
        }
    }
    assert_eq!(found, 1, "the statement that was looked at is still there");
}

#[test]
fn the_law_depends_on_nothing_that_waits_or_reads() {
    let manifest = read(&root().join("crates/rules/Cargo.toml"));
    assert_eq!(dependencies(&manifest), BTreeSet::from(["thiserror".to_owned()]));
}

#[test]
fn the_law_knows_no_floating_point() {
    for file in sources(&root().join("crates/rules/src")) {
        for word in words(&file.code) {
            assert!(word != "f32" && word != "f64", "{} uses {word}: money is whole minor units", file.name);
        }
    }
}

#[test]
fn the_sandbox_shares_no_type_with_the_shop() {
    // If both sides shared a misreading of Stripe, every test would be green.
    let manifest = read(&root().join("crates/stripe-sandbox/Cargo.toml"));
    let dependencies = dependencies(&manifest);
    assert!(!dependencies.contains("rules") && !dependencies.contains("stockhold"), "{dependencies:?}");
}

#[test]
fn no_file_names_a_place_of_somebodys_machine() {
    let places = ["root", "work", "home"].map(|folder| format!("/{folder}/"));
    let mut wrong = Vec::new();
    for path in files(&root()) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue }; // Fonts and pictures.
        for (number, line) in text.lines().enumerate() {
            let names_one =
                |place: &String| line.match_indices(place.as_str()).any(|(at, _)| !ends_in_path_or_host(&line[..at]));
            if places.iter().any(names_one) {
                wrong.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_tests_and_constraints_that_the_promises_name_exist() {
    let page = read(&root().join("docs/invariants.md"));
    let is_source = |path: &&PathBuf| is_rust(path) || path.extension().is_some_and(|kind| kind == "sql");
    let code: String = files(&root().join("crates")).iter().filter(is_source).map(|path| read(path)).collect();
    let known: BTreeSet<&str> = words(&code).collect();
    let quoted = page.split('`').skip(1).step_by(2);
    let named: Vec<&str> = quoted.filter(|word| word.matches('_').count() >= 3 && !word.contains(' ')).collect();
    assert!(named.len() > 20, "the page names its tests: {named:?}");
    let missing: Vec<&&str> = named.iter().filter(|name| !name.contains('/') && !known.contains(**name)).collect();
    assert!(missing.is_empty(), "docs/invariants.md names what is not there: {missing:?}");
}

#[test]
fn the_table_for_people_has_every_room() {
    let page = read(&root().join("ARCHITECTURE.md"));
    for (room, _) in FLOORS {
        let has_row = page.lines().any(|line| line.starts_with("| `") && line.contains(&format!("`{room}`")));
        assert!(has_row, "ARCHITECTURE.md has no row for {room}");
    }
}

/// Whether what stands before a slash makes it a part of a longer path or an address (`tests/work/`, `a.org/home/`).
fn ends_in_path_or_host(before: &str) -> bool {
    before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '*' | '$' | '~'))
}

/// One source file, without its comments and its tests.
struct Source {
    /// Below `src`, with forward slashes.
    name: String,
    code: String,
}

impl Source {
    fn room(&self) -> &str {
        let first = self.name.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Each path below `crate::` that this file names, groups taken apart; the crate's macros are no rooms.
    fn imports(&self) -> Vec<String> {
        let starts = self
            .code
            .match_indices("crate::")
            .filter(|(at, _)| !self.code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$'));
        let mut paths = Vec::new();
        for (at, word) in starts {
            unfold("", &self.code[at + word.len()..], &mut paths);
        }
        paths.retain(|path| !path.starts_with("values"));
        paths
    }
}

/// Reads one path, or one `{…}` group of paths, from the start of `text`; returns how much of it was read.
fn unfold(prefix: &str, text: &str, paths: &mut Vec<String>) -> usize {
    if !text.starts_with('{') {
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
        let path = format!("{prefix}{}", &text[..end]);
        if !text[end..].starts_with('{') {
            paths.push(path.trim_end_matches(':').to_owned());
            return end;
        }
        return end + unfold(&path, &text[end..], paths);
    }
    let mut at = 1;
    while at < text.len() && !text[at..].starts_with('}') {
        if text[at..].starts_with(|c: char| c == ',' || c.is_whitespace()) {
            at += 1;
            continue;
        }
        let read = unfold(prefix, &text[at..], paths);
        at += read.max(text[at..].chars().next().map_or(1, char::len_utf8));
    }
    at + 1
}

fn stockhold_sources() -> Vec<Source> {
    sources(&root().join("crates/stockhold/src"))
}

fn sources(folder: &Path) -> Vec<Source> {
    let rust = files(folder).into_iter().filter(|path| is_rust(path) && !path.ends_with("tests.rs"));
    let found: Vec<Source> = rust
        .map(|path| {
            let name = path.strip_prefix(folder).expect("a file of this folder").display().to_string();
            Source { name: name.replace('\\', "/"), code: without_comments_and_tests(&read(&path)) }
        })
        .collect();
    assert!(!found.is_empty(), "no sources in {}", folder.display());
    found
}

fn without_comments_and_tests(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|kind| kind == "rs")
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_'))
}

/// The names below `[dependencies]`.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let after = manifest.lines().skip_while(|line| line.trim() != "[dependencies]").skip(1);
    let own = after.take_while(|line| !line.trim_start().starts_with('['));
    own.filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim().to_owned()).collect()
}

/// Every file below a folder, except what is built, installed or git's.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder that can be read").flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                let skipped = ["target", ".git", "node_modules", "stockhold-data"];
                if !skipped.iter().any(|skip| name == *skip) {
                    folders.push(path);
                }
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository's root")
}

/// The reader itself is worth a test: a parser that sees nothing finds nothing wrong.
#[test]
fn imports_are_read_from_groups_and_from_plain_paths() {
    let code = "use crate::{shop::Shop, stripe::{client, wire::{A, B}}, values};\n\
        use crate::storage::orders::{self, OrderView};\nlet x = crate::web::router(1); $crate::mail::Mailer";
    let file = Source { name: "shop.rs".to_owned(), code: code.to_owned() };
    let expected = [
        "shop::Shop",
        "stripe::client",
        "stripe::wire::A",
        "stripe::wire::B",
        "storage::orders::self",
        "storage::orders::OrderView",
        "web::router",
    ];
    assert_eq!(file.imports(), expected);
    assert_eq!(file.room(), "shop");
}
