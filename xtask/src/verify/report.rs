//! One line for each promise.

use crate::Outcome;
use crate::tally::Tally;

/// Where the answer to a check counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// The promise is kept by our own code.
    Anywhere,
    /// The promise is kept by AWS. The emulator imitates it, so it has to hold there as well.
    OnAws,
    /// The promise is kept by AWS, and the emulator is known to behave differently.
    OnAwsAlone,
}

/// What was seen so far.
pub(super) struct Report {
    emulated: bool,
    tally: Tally,
    skipped: u64,
}

impl Report {
    pub(super) fn new(emulated: bool) -> Self {
        Self { emulated, tally: Tally::default(), skipped: 0 }
    }

    /// Begins a group of checks.
    #[expect(clippy::unused_self, reason = "all that is printed goes through the report")]
    pub(super) fn head(&self, what: &str) {
        println!("\n{what}");
    }

    /// Runs one check, which tells what it saw.
    pub(super) fn check(&mut self, what: &str, counts: Counts, look: impl FnOnce() -> Outcome<String>) {
        match look() {
            Ok(seen) if self.ignores(counts) => self.skip(what, counts, &seen),
            Err(seen) if self.ignores(counts) => self.skip(what, counts, &format!("here: {seen}")),
            Ok(seen) => {
                self.tally.passed += 1;
                self.line("ok", counts, what, &seen);
            }
            Err(seen) => {
                self.tally.failed += 1;
                self.line("FAIL", counts, what, &seen);
            }
        }
    }

    /// Notes that a check can't be run.
    pub(super) fn skip(&mut self, what: &str, counts: Counts, why: &str) {
        self.skipped += 1;
        self.line("skip", counts, what, why);
    }

    fn ignores(&self, counts: Counts) -> bool {
        self.emulated && counts == Counts::OnAwsAlone
    }

    fn line(&self, word: &str, counts: Counts, what: &str, seen: &str) {
        let mark = if self.emulated && counts != Counts::Anywhere { "AWS" } else { "" };
        println!("{word:<5} {mark:<4} {what:<64} {seen}");
    }

    /// The last word.
    pub(super) fn finish(self) -> Outcome {
        if self.skipped > 0 {
            println!("\n{} skipped: neither passed nor failed", self.skipped);
        }
        self.tally.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_only_on_aws_counts_only_there() {
        for (emulated, expected) in [(true, (2, 1)), (false, (3, 2))] {
            let mut report = Report::new(emulated);
            report.check("ours", Counts::Anywhere, || Ok(String::new()));
            report.check("imitated", Counts::OnAws, || Ok(String::new()));
            report.check("imitated badly", Counts::OnAws, || Err(String::new()));
            report.check("not imitated", Counts::OnAwsAlone, || Ok(String::new()));
            report.check("not imitated", Counts::OnAwsAlone, || Err(String::new()));
            assert_eq!((report.tally.passed, report.tally.failed), expected);
            assert!(report.finish().is_err());
        }
    }
}
