//! Development tasks. `cargo xtask test` is the one command that checks everything; CI runs the same.

mod bench;
mod install;
mod steps;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "Usage: cargo xtask test [--no-install]
       cargo xtask install
       cargo xtask bench ledger | admin
       cargo xtask screenshots

  test     install what is missing (PostgreSQL, Chromium, Node and Python packages), then check the
           format, run clippy with warnings as errors, every test on both engines, the doc tests and
           the browser tests; ends with a summary
  install  only the first part of it
  screenshots  the pictures of the README, taken anew from the demo
  bench    ledger: orders per second on both engines, beside the bare engines in the same run;
           admin: the desk's pages in a shop with 100,000 orders

  --no-install    install nothing; say what is missing instead";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["test"] => test::run(install::Policy::InstallWhatIsMissing),
        ["test", "--no-install"] => test::run(install::Policy::OnlySayWhatIsMissing),
        ["install"] => match install::everything(&root(), install::Policy::InstallWhatIsMissing) {
            Ok(_) => ExitCode::SUCCESS,
            Err(missing) => {
                eprintln!("{missing}");
                ExitCode::FAILURE
            }
        },
        ["screenshots"] => test::screenshots(),
        ["bench", "ledger", options @ ..] => bench::ledger(options),
        ["bench", "admin", options @ ..] => bench::admin(options),
        ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{HELP}");
            ExitCode::from(2)
        }
    }
}

/// The root of the repository: the folder above this crate.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
