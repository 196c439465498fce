//! The benchmarks; each prints its table itself.

use std::process::{Command, ExitCode};

/// Orders per second, hot and spread, on both engines.
pub fn ledger(options: &[&str]) -> ExitCode {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(crate::root()).args(["bench", "--package", "stockhold", "--bench", "ledger", "--"]).args(options);
    match cargo.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
