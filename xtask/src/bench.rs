//! The benchmarks; each prints its table itself.

use std::process::{Command, ExitCode};

/// Orders per second, hot and spread, on both engines.
pub fn ledger(options: &[&str]) -> ExitCode {
    run("ledger", options)
}

/// Medians of the desk's pages in a shop with 100,000 orders, on both engines.
pub fn admin(options: &[&str]) -> ExitCode {
    run("admin", options)
}

fn run(bench: &str, options: &[&str]) -> ExitCode {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(crate::root()).args(["bench", "--package", "stockhold", "--bench", bench, "--"]).args(options);
    match cargo.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
