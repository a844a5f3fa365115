//! The counts of passed, failed and skipped tests.

use std::io::{BufRead, BufReader, pipe};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, anyhow};

/// Counts of all tests and steps so far.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
    /// What is shown later, if other tests use the screen now.
    kept: Option<String>,
}

impl Tally {
    /// Keeps what it would show, until [`Tally::append`].
    #[must_use]
    pub fn beside() -> Self {
        Self { kept: Some(String::new()), ..Self::default() }
    }

    /// Shows what another one kept, and adds its counts.
    pub fn append(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.say(other.kept.unwrap_or_default().trim_end());
    }

    /// Shows or keeps a line.
    pub fn say(&mut self, line: &str) {
        match &mut self.kept {
            Some(kept) => kept.extend([line, "\n"]),
            None => println!("{line}"),
        }
    }

    /// Adds a step that passes or fails as a whole.
    pub fn step(&mut self, name: &str, result: Result<()>) {
        match result {
            Ok(()) => {
                self.passed += 1;
                self.say(&format!("ok    {name}"));
            }
            Err(error) => {
                self.failed += 1;
                self.say(&format!("{error:#}\nFAIL  {name}"));
            }
        }
    }

    /// Runs a command that passes or fails as a whole, with its output on the screen.
    pub fn command(&mut self, name: &str, command: Command) {
        self.say(&format!("\n── {name}"));
        let ended = self.run(command, |_, _| ());
        self.step(
            name,
            ended.and_then(|ended| if ended.success() { Ok(()) } else { Err(anyhow!("it ended with {ended}")) }),
        );
    }

    /// Runs nextest, `cargo test` or Node's test runner with its output on the screen, and adds its counts.
    pub fn tests(&mut self, name: &str, command: Command) {
        self.say(&format!("\n── {name}"));
        let (passed, failed) = (self.passed, self.failed);
        match self.run(command, Self::add) {
            Ok(ended) if ended.success() => self.say(&format!("ok    {name}: {} tests", self.passed - passed)),
            Ok(_) if self.failed > failed => self.say(&format!("FAIL  {name}")),
            Ok(_) => self.step(name, Err(anyhow!("it ended before its tests did: see its output above"))),
            Err(error) => self.step(name, Err(error)),
        }
    }

    fn run(&mut self, mut command: Command, count: impl Fn(&mut Self, &str)) -> Result<ExitStatus> {
        let (output, input) = pipe()?;
        command.stdin(Stdio::null()).stdout(input.try_clone()?).stderr(input);
        let mut child = command.spawn().context("it could not be started")?;
        // The command holds the pipe's input: reading ends only when it is closed.
        drop(command);
        for line in BufReader::new(output).lines() {
            let line = line?;
            self.say(&line);
            count(self, &line);
        }
        Ok(child.wait()?)
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
