//! One step of the test run: a child process whose output is shown as it comes and whose counts are added up.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What became of one step.
#[derive(Debug, Default)]
pub struct Step {
    pub name: &'static str,
    pub ok: bool,
    pub passed: u64,
    pub failed: u64,
    pub seconds: u64,
}

impl Step {
    /// A step that could not even begin.
    pub fn failed(name: &'static str) -> Step {
        Step { name, failed: 1, ..Step::default() }
    }

    /// Runs a command. A command without a test runner of its own (format, clippy) counts as one check.
    pub fn run(name: &'static str, command: &mut Command) -> Step {
        println!("\n== {name}: {}", words(command));
        let begun = Instant::now();
        let mut step = Step { name, ..Step::default() };
        match command.stdout(Stdio::piped()).spawn() {
            Err(error) => eprintln!("{} does not start: {error}", command.get_program().display()),
            Ok(mut child) => {
                if let Some(output) = child.stdout.take() {
                    for line in BufReader::new(output).lines().map_while(Result::ok) {
                        let _ = writeln!(std::io::stdout(), "{line}"); // A closed pipe must not stop the tests.
                        step.count(&line);
                    }
                }
                step.ok = child.wait().is_ok_and(|status| status.success());
            }
        }
        step.seconds = begun.elapsed().as_secs();
        if step.passed + step.failed == 0 && step.ok {
            step.passed = 1;
        }
        if step.failed == 0 && !step.ok {
            step.failed = 1; // It ended badly without naming a test: it did not compile, or it died.
        }
        step
    }

    /// Adds what a runner reports: libtest's `test result: ok. 3 passed; 1 failed; …`, Node's `# pass 3`.
    fn count(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.passed += number_before(counts, " passed");
            self.failed += number_before(counts, " failed");
        } else if let Some(number) = line.strip_prefix("# pass ") {
            self.passed += number.trim().parse().unwrap_or(0);
        } else if let Some(number) = line.strip_prefix("# fail ") {
            self.failed += number.trim().parse().unwrap_or(0);
        }
    }
}

fn words(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn number_before(line: &str, word: &str) -> u64 {
    let before = line.split(word).next().unwrap_or_default();
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runners_lines_are_counted() {
        let mut step = Step::default();
        for line in
            ["test result: FAILED. 36 passed; 2 failed; 1 ignored; 0 measured", "# pass 4", "# fail 1", "# tests 5"]
        {
            step.count(line);
        }
        assert_eq!((step.passed, step.failed), (40, 3));
    }

    #[test]
    fn a_step_that_dies_without_a_count_is_a_failure() {
        let step = Step::run("dies", Command::new("sh").args(["-c", "exit 3"]));
        assert_eq!((step.ok, step.passed, step.failed), (false, 0, 1));
    }
}
