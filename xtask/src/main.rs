//! Development tasks. `cargo xtask test` is the one command that checks everything; CI runs the same.

mod install;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

const HELP: &str = "Usage: cargo xtask test [--no-install]

  test    install what is missing (PostgreSQL), then check the format, run clippy with
          warnings as errors, and run every test on both engines

  --no-install    install nothing; say what is missing instead";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["test"] => test(true),
        ["test", "--no-install"] => test(false),
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

/// One step of the test run, and what its runner counted.
struct Step {
    name: &'static str,
    ok: bool,
    passed: u64,
    failed: u64,
    seconds: u64,
}

fn test(may_install: bool) -> ExitCode {
    if let Err(missing) = install::postgresql(may_install) {
        eprintln!("{missing}");
        return ExitCode::FAILURE;
    }
    let steps = [
        run("format", &["fmt", "--all", "--", "--check"]),
        run("clippy", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
        run("tests", &["test", "--workspace", "--no-fail-fast"]),
    ];
    println!();
    for step in &steps {
        let word = if step.ok { "ok" } else { "FAILED" };
        println!("{:8} {:6} {:4} s  {} passed, {} failed", step.name, word, step.seconds, step.passed, step.failed);
    }
    let passed: u64 = steps.iter().map(|step| step.passed).sum();
    // A step without a runner of its own (format, clippy) that fails counts as one failure.
    let failed: u64 = steps.iter().map(|step| step.failed + u64::from(!step.ok && step.failed == 0)).sum();
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs cargo, shows its output as it comes and adds up the lines in which a test runner reports.
fn run(name: &'static str, arguments: &[&str]) -> Step {
    println!("\n== {name}: cargo {}", arguments.join(" "));
    let begun = Instant::now();
    let mut step = Step { name, ok: false, passed: 0, failed: 0, seconds: 0 };
    let child = Command::new(env!("CARGO")).args(arguments).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            eprintln!("cargo does not start: {error}");
            return step;
        }
    };
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = writeln!(std::io::stdout(), "{line}");
            if let Some(counts) = line.strip_prefix("test result: ") {
                step.passed += number_before(counts, " passed");
                step.failed += number_before(counts, " failed");
            }
        }
    }
    step.ok = child.wait().is_ok_and(|status| status.success());
    step.seconds = begun.elapsed().as_secs();
    step
}

fn number_before(line: &str, word: &str) -> u64 {
    let before = line.split(word).next().unwrap_or_default();
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_runners_line_is_counted() {
        let line = "ok. 36 passed; 2 failed; 0 ignored; 0 measured";
        assert_eq!(super::number_before(line, " passed"), 36);
        assert_eq!(super::number_before(line, " failed"), 2);
    }
}
