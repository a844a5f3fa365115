//! The counts of passed, failed and skipped tests.

use std::io::{BufRead, BufReader, pipe};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow};

/// Counts of all tests and steps so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tally {
    /// Adds a step that passes or fails as a whole.
    pub fn step(&mut self, name: &str, result: Result<()>) {
        match result {
            Ok(()) => {
                self.passed += 1;
                println!("ok    {name}");
            }
            Err(error) => {
                self.failed += 1;
                println!("{error:#}\nFAIL  {name}");
            }
        }
    }

    /// Runs a command that passes or fails as a whole, with its output on the screen.
    pub fn command(&mut self, name: &str, command: &mut Command) {
        println!("\n── {name}");
        self.step(
            name,
            match command.stdin(Stdio::null()).status() {
                Ok(status) if status.success() => Ok(()),
                Ok(status) => Err(anyhow!("it ended with {status}")),
                Err(error) => Err(anyhow!("it could not be started: {error}")),
            },
        );
    }

    /// Runs nextest, `cargo test` or Node's test runner with its output on the screen, and adds its counts.
    pub fn tests(&mut self, name: &str, command: Command) {
        println!("\n── {name}");
        let before = *self;
        match self.count(command) {
            Ok(true) => println!("ok    {name}: {} tests", self.passed - before.passed),
            Ok(false) if self.failed > before.failed => println!("FAIL  {name}"),
            Ok(false) => self.step(name, Err(anyhow!("it ended before its tests did: see its output above"))),
            Err(error) => self.step(name, Err(error)),
        }
    }

    fn count(&mut self, mut command: Command) -> Result<bool> {
        let (output, input) = pipe()?;
        command.stdin(Stdio::null()).stdout(input.try_clone()?).stderr(input);
        let mut child = command.spawn().context("it could not be started")?;
        // The command holds the pipe's input: reading ends only when it is closed.
        drop(command);
        for line in BufReader::new(output).lines() {
            let line = line?;
            println!("{line}");
            self.add(&line);
        }
        Ok(child.wait()?.success())
    }

    /// Adds the counts of a summary line. Each line of Node holds one count.
    fn add(&mut self, line: &str) {
        let line = line.trim_start();
        let before = |word: &str| -> Option<u64> {
            line.split_once(word)?.0.trim_end().rsplit(' ').next()?.split('/').next()?.parse().ok()
        };
        if line.starts_with("test result: ") {
            self.passed += before("passed").unwrap_or_default();
            self.failed += before("failed").unwrap_or_default();
            self.skipped += before("ignored").unwrap_or_default();
        } else if line.starts_with("Summary [") {
            // Time-outs and crashes have words of their own, but none of them passed.
            let passed = before("passed").unwrap_or_default();
            self.passed += passed;
            self.failed +=
                before("tests run:").or_else(|| before("test run:")).unwrap_or_default().saturating_sub(passed);
        } else if let Some(count) = line.strip_prefix("ℹ pass ") {
            self.passed += count.parse().unwrap_or(0);
        } else if let Some(count) = line.strip_prefix("ℹ fail ") {
            self.failed += count.parse().unwrap_or(0);
        } else if let Some(count) = line.strip_prefix("ℹ skipped ") {
            self.skipped += count.parse().unwrap_or(0);
        }
    }

    /// Prints the last line; whether nothing failed.
    #[must_use]
    pub fn finish(self) -> bool {
        let skipped = if self.skipped > 0 { format!(", {} skipped", self.skipped) } else { String::new() };
        println!("\n{} passed, {} failed{skipped}", self.passed, self.failed);
        self.failed == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> (u64, u64, u64) {
        let mut tally = Tally::default();
        for line in lines {
            tally.add(line);
        }
        (tally.passed, tally.failed, tally.skipped)
    }

    #[test]
    fn summary_lines_add_up() {
        let cargo = ["test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 3 filtered out", "test a ... ok"];
        assert_eq!(tally(&cargo), (12, 0, 3));
        let nextest = [
            "     Summary [   0.012s] 10 tests run: 10 passed (1 slow), 7 skipped",
            "     Summary [   0.301s] 1 test run: 0 passed, 1 failed, 2 skipped",
            "     Summary [  60.003s] 7/9 tests run: 5 passed, 1 failed, 1 timed out, 0 skipped",
        ];
        assert_eq!(tally(&nextest), (15, 3, 0));
        assert_eq!(tally(&["ℹ tests 6", "ℹ pass 4", "ℹ fail 1", "ℹ skipped 1", "ℹ duration_ms 12.5"]), (4, 1, 1));
    }
}
