//! Tables for people, and the verdict for the shell.
#![expect(clippy::print_stdout, reason = "figures are printed: that is what a bench is for")]

use std::process::ExitCode;

use crate::Outcome;

/// The heading of a bench.
pub(crate) fn title(name: &str) {
    println!("\n── {name}");
}

/// One line under a heading, in words.
pub(crate) fn note(text: &str) {
    println!("  {text}");
}

/// Rows of equal length, the first of them the heading; the first column is flush left, figures flush right.
pub(crate) fn table(rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    println!();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(i, (cell, &width))| if i == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") })
            .collect();
        println!("  {}", cells.join("  "));
    }
    println!();
}

/// Prints figures as they come and remembers which limits were missed.
#[derive(Default)]
pub(crate) struct Report {
    held: usize,
    missed: Vec<String>,
}

impl Report {
    /// A budget: `what` says what is limited, `figure` and `limit` are shown as they are.
    pub(crate) fn limit(&mut self, what: &str, held: bool, figure: &str, limit: &str) {
        println!("  {} {what}: {figure} (limit {limit})", if held { "✓" } else { "✗" });
        if held {
            self.held += 1;
        } else {
            self.missed.push(format!("{what}: {figure}, limit {limit}"));
        }
    }

    /// A bench that could not be measured counts as missed.
    pub(crate) fn failed(&mut self, problem: &str) {
        println!("  ✗ {problem}");
        self.missed.push(problem.to_owned());
    }

    /// The last word.
    pub(crate) fn finish(self) -> ExitCode {
        println!("\n{} limits held, {} missed", self.held, self.missed.len());
        for missed in &self.missed {
            println!("  missed: {missed}");
        }
        if self.missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Cases that pass or fail; the last line says how many of each.
#[derive(Default)]
pub(crate) struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    /// One case, with what was seen of it.
    pub(crate) fn case(&mut self, held: bool, text: &str) {
        println!("  {} {text}", if held { "✓" } else { "✗" });
        *(if held { &mut self.passed } else { &mut self.failed }) += 1;
    }

    /// The last word; that nothing was tried is no success.
    pub(crate) fn finish(self) -> Outcome<ExitCode> {
        if self.passed + self.failed == 0 {
            return Err("the list holds no case".to_owned());
        }
        println!("{} passed, {} failed", self.passed, self.failed);
        Ok(if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The middle of what was measured; the mean would belong to whoever disturbed the machine.
pub(crate) fn median(samples: &mut [f64]) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value that `of` in a hundred samples stay below; nothing for no samples.
pub(crate) fn percentile(samples: &mut [f64], of: usize) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    let last = samples.len().saturating_sub(1);
    samples.get((samples.len() * of / 100).min(last)).copied().unwrap_or(f64::NAN)
}

/// For what is paid by the sum, such as requests.
#[expect(clippy::cast_precision_loss, reason = "nobody measures 2⁵³ times")]
pub(crate) fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / samples.len() as f64
}

/// A heading or a row.
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_does_not_heed_the_odd_one_out() {
        assert!((median(&mut [3.0, 1.0, 900.0]) - 3.0).abs() < f64::EPSILON);
        assert!(median(&mut []).is_nan());
    }

    #[test]
    fn the_tail_is_read_from_the_sorted_end() {
        let mut samples: Vec<f64> = (0..200).rev().map(f64::from).collect();
        assert!((percentile(&mut samples, 99) - 198.0).abs() < f64::EPSILON);
        assert!((percentile(&mut samples, 100) - 199.0).abs() < f64::EPSILON);
        assert!((mean(&samples) - 99.5).abs() < f64::EPSILON);
        assert!(percentile(&mut [], 99).is_nan());
    }

    #[test]
    fn nothing_tried_is_no_success() {
        assert!(Tally::default().finish().is_err());
        assert!(Tally { passed: 1, failed: 0 }.finish().is_ok());
    }
}
