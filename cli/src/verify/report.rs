//! The results of the checks.

use anyhow::Result;
use serde::Serialize;

use crate::progress::Progress;

/// Which software enforces what a check tests. It decides whether the result on the emulator is evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum KeptBy {
    /// Sluice's own code, on every stack.
    Sluice,
    /// AWS. The emulator imitates it, so the check must also pass there.
    Aws,
    /// AWS, and the emulator is known to differ: the result there is skipped.
    AwsOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    group: &'static str,
    name: &'static str,
    kept_by: KeptBy,
    outcome: Outcome,
    observed: String,
}

/// All results so far.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    stack: String,
    emulated: bool,
    passed: usize,
    failed: usize,
    skipped: usize,
    checks: Vec<Check>,
    #[serde(skip)]
    group: &'static str,
    #[serde(skip)]
    progress: Progress,
}

impl Report {
    pub(super) fn new(stack: &str, emulated: bool, progress: Progress) -> Self {
        let (passed, failed, skipped, checks) = (0, 0, 0, Vec::new());
        Self { stack: stack.to_owned(), emulated, passed, failed, skipped, checks, group: "", progress }
    }

    /// Begins a group of checks.
    pub(super) fn group(&mut self, name: &'static str) {
        self.group = name;
        self.progress.line(&format!("\n{name}"));
    }

    /// Runs one check, which returns what it observed.
    pub(super) fn check(&mut self, name: &'static str, kept_by: KeptBy, run: impl FnOnce() -> Result<String>) {
        let (outcome, observed) = match run() {
            Ok(observed) => (Outcome::Passed, observed),
            Err(error) => (Outcome::Failed, format!("{error:#}")),
        };
        let ignored = self.emulated && kept_by == KeptBy::AwsOnly;
        self.add(name, kept_by, if ignored { Outcome::Skipped } else { outcome }, observed);
    }

    /// Notes that a check can't run.
    pub(super) fn skip(&mut self, name: &'static str, kept_by: KeptBy, reason: &str) {
        self.add(name, kept_by, Outcome::Skipped, reason.to_owned());
    }

    fn add(&mut self, name: &'static str, kept_by: KeptBy, outcome: Outcome, observed: String) {
        let (word, count) = match outcome {
            Outcome::Passed => ("ok", &mut self.passed),
            Outcome::Failed => ("FAIL", &mut self.failed),
            Outcome::Skipped => ("skip", &mut self.skipped),
        };
        *count += 1;
        let mark = if self.emulated && kept_by != KeptBy::Sluice { "AWS" } else { "" };
        self.progress.line(&format!("{word:<5} {mark:<4} {name:<64} {observed}"));
        self.checks.push(Check { group: self.group, name, kept_by, outcome, observed });
    }

    /// Whether no check failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failed == 0
    }

    /// The counts: `30 passed, 0 failed, 5 skipped`.
    #[must_use]
    pub fn summary(&self) -> String {
        let skipped = if self.skipped > 0 { format!(", {} skipped", self.skipped) } else { String::new() };
        format!("{} passed, {} failed{skipped}", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_check_that_proves_nothing_in_the_emulator_is_skipped_there() {
        for (emulated, expected) in [(true, "2 passed, 1 failed, 2 skipped"), (false, "3 passed, 2 failed")] {
            let mut report = Report::new("local", emulated, Progress::Stderr);
            report.group("Group");
            report.check("ours", KeptBy::Sluice, || Ok("201".to_owned()));
            report.check("imitated", KeptBy::Aws, || Ok(String::new()));
            report.check("imitated", KeptBy::Aws, || bail!("200, expected 403"));
            report.check("not imitated", KeptBy::AwsOnly, || Ok(String::new()));
            report.check("not imitated", KeptBy::AwsOnly, || bail!(""));
            assert_eq!(report.summary(), expected);
            assert!(!report.passed());
            let json = serde_json::to_value(&report).unwrap();
            let failed = serde_json::json!({
                "group": "Group", "name": "imitated", "keptBy": "aws", "outcome": "failed",
                "observed": "200, expected 403",
            });
            assert_eq!(json["checks"][2], failed);
        }
    }
}
