//! What passed and what failed, whoever ran it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::Outcome;

/// Counts of everything that was run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// What passed.
    pub passed: u64,
    /// What failed.
    pub failed: u64,
}

impl Tally {
    /// Runs one step that passes or fails as a whole.
    pub fn step(&mut self, name: &str, outcome: Outcome) {
        match outcome {
            Ok(()) => {
                self.passed += 1;
                println!("ok    {name}");
            }
            Err(problem) => {
                self.failed += 1;
                println!("{problem}\nFAIL  {name}");
            }
        }
    }

    /// Runs a command that passes or fails as a whole; its output is shown as it comes.
    pub fn command(&mut self, name: &str, command: &mut Command) {
        println!("\n── {name}");
        let outcome = match command.stdin(Stdio::null()).status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("it ended with {status}")),
            Err(error) => Err(format!("it could not be started: {error}")),
        };
        self.step(name, outcome);
    }

    /// Runs `cargo test` or Node's test runner, shows its output as it comes and adds up its results.
    pub fn tests(&mut self, name: &str, command: &mut Command) {
        println!("\n── {name}");
        let before = *self;
        match self.count(command) {
            Ok(true) => println!("ok    {name}: {} tests", self.passed - before.passed),
            Ok(false) if self.failed > before.failed => println!("FAIL  {name}"),
            // It failed without a failed test: it didn't compile, or it died.
            Ok(false) => self.step(name, Err("it ended before its tests did".to_owned())),
            Err(problem) => self.step(name, Err(problem)),
        }
    }

    fn count(&mut self, command: &mut Command) -> Outcome<bool> {
        let failed = |e: std::io::Error| format!("it could not be run: {e}");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufReader::lines) {
            let line = line.map_err(failed)?;
            println!("{line}");
            self.add(&line);
        }
        Ok(child.wait().map_err(failed)?.success())
    }

    /// `test result: ok. 12 passed; 0 failed; 0 ignored; …`, or Node's `ℹ pass 12` and `ℹ fail 0`.
    fn add(&mut self, line: &str) {
        if let Some(("ℹ", count)) = line.split_once(' ') {
            match count.split_once(' ').map(|(what, count)| (what, count.trim().parse::<u64>())) {
                Some(("pass", Ok(passed))) => self.passed += passed,
                Some(("fail", Ok(failed))) => self.failed += failed,
                Some(_) | None => {}
            }
        }
        let Some(result) = line.trim_start().strip_prefix("test result: ") else { return };
        let number = |word: &str| {
            let (before, _) = result.split_once(word)?;
            before.trim_end().rsplit(' ').next()?.parse::<u64>().ok()
        };
        self.passed += number("passed").unwrap_or_default();
        self.failed += number("failed").unwrap_or_default();
    }

    /// The last word.
    ///
    /// # Errors
    /// With no further words, when anything failed.
    pub fn finish(self) -> Outcome {
        println!("\n{} passed, {} failed", self.passed, self.failed);
        if self.failed == 0 { Ok(()) } else { Err(String::new()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_cargo_add_up() {
        let mut tally = Tally::default();
        tally.add("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.01s");
        tally.add("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        tally.add("test something ... ok");
        assert_eq!(tally, Tally { passed: 13, failed: 2 });
    }

    #[test]
    fn results_of_node_add_up() {
        let mut tally = Tally::default();
        for line in ["✔ a picture (12.3ms)", "ℹ tests 5", "ℹ suites 0", "ℹ pass 4", "ℹ fail 1", "ℹ duration_ms 12.5"]
        {
            tally.add(line);
        }
        assert_eq!(tally, Tally { passed: 4, failed: 1 });
    }
}
