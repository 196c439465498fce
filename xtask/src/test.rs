//! `cargo xtask test`: every check there is, in the order in which they are cheap to fail.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::install;
use crate::steps::Step;

pub fn run(policy: install::Policy) -> ExitCode {
    let begun = Instant::now();
    let root = crate::root();
    let path = match install::everything(&root, policy) {
        Ok(path) => path,
        Err(missing) => {
            eprintln!("{missing}");
            return ExitCode::FAILURE;
        }
    };
    let steps = [
        Step::run("format", cargo(&root).args(["fmt", "--all", "--check"])),
        Step::run(
            "clippy",
            cargo(&root).args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
        ),
        Step::run("tests", cargo(&root).env("PATH", &path).args(["test", "--workspace", "--no-fail-fast"])),
        browser(&root, &path),
    ];
    println!("\n== summary ({} s)", begun.elapsed().as_secs());
    for step in &steps {
        let word = if step.ok { "ok" } else { "FAILED" };
        println!("{:8} {:6} {:5} s  {} passed, {} failed", step.name, word, step.seconds, step.passed, step.failed);
    }
    let passed: u64 = steps.iter().map(|step| step.passed).sum();
    let failed: u64 = steps.iter().map(|step| step.failed).sum();
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root);
    cargo
}

/// The README's pictures, taken from the demo as it is now.
pub fn screenshots() -> ExitCode {
    let root = crate::root();
    let path = match install::everything(&root, install::Policy::OnlySayWhatIsMissing) {
        Ok(path) => path,
        Err(missing) => {
            eprintln!("{missing}");
            return ExitCode::FAILURE;
        }
    };
    let built = cargo(&root).args(["build", "--quiet", "--package", "stockhold"]).status();
    let mut node = Command::new("node");
    node.current_dir(root.join("tests-browser")).env("PATH", path).arg("screenshots.mjs");
    let taken = built.is_ok_and(|status| status.success()) && node.status().is_ok_and(|status| status.success());
    if taken { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The browser tests start the built binary, so that it is built first.
fn browser(root: &Path, path: &OsStr) -> Step {
    let built = cargo(root).args(["build", "--quiet", "--package", "stockhold"]).status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("the shop does not build, so there is nothing for the browser to visit");
        return Step::failed("browser");
    }
    let folder = root.join("tests-browser");
    let mut node = Command::new("node");
    node.current_dir(root).env("PATH", path).args(["--test", "--test-reporter=tap"]);
    node.args(install::test_files(&folder));
    Step::run("browser", &mut node)
}
