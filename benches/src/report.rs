//! Printed tables and checks, and the exit code.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::process::ExitCode;

use crate::Result;

/// Prints the heading of a bench.
pub(crate) fn title(name: &str) {
    println!("\n── {name}");
}

/// Prints one line of text.
pub(crate) fn note(text: &str) {
    println!("  {text}");
}

/// Prints rows of equal length, of which the first is the heading. Only the first column is left-aligned.
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

/// Prints checks as they are made and keeps the missed limits for the summary.
#[derive(Default)]
pub(crate) struct Report {
    met: usize,
    missed: Vec<String>,
}

impl Report {
    /// Prints whether a limit is met. `what` names the figure; `figure` and `limit` are printed unchanged.
    pub(crate) fn check(&mut self, what: &str, met: bool, figure: &str, limit: &str) {
        println!("  {} {what}: {figure} (limit {limit})", if met { "✓" } else { "✗" });
        if met {
            self.met += 1;
        } else {
            self.missed.push(format!("{what}: {figure}, limit {limit}"));
        }
    }

    /// Counts a bench that failed as a missed limit.
    pub(crate) fn failed(&mut self, problem: &str) {
        println!("  ✗ {problem}");
        self.missed.push(problem.to_owned());
    }

    /// Prints the summary. The exit code is a failure if a limit was missed.
    pub(crate) fn finish(self) -> ExitCode {
        println!("\n{} limits met, {} missed", self.met, self.missed.len());
        for missed in &self.missed {
            println!("  missed: {missed}");
        }
        if self.missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Prints and counts cases that pass or fail.
#[derive(Default)]
pub(crate) struct Cases {
    passed: usize,
    failed: usize,
}

impl Cases {
    /// Prints and counts one case.
    pub(crate) fn add(&mut self, passed: bool, text: &str) {
        println!("  {} {text}", if passed { "✓" } else { "✗" });
        *(if passed { &mut self.passed } else { &mut self.failed }) += 1;
    }

    /// Prints the counts. The exit code is a failure if a case failed; an empty list is an error.
    pub(crate) fn finish(self) -> Result<ExitCode> {
        if self.passed + self.failed == 0 {
            return Err("the list has no cases".to_owned());
        }
        println!("{} passed, {} failed", self.passed, self.failed);
        Ok(if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The median; `NaN` for no samples. Outliers from other load on the machine do not change it, as they would the mean.
pub(crate) fn median(samples: &mut [f64]) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value below which `percent` of 100 samples are; `NaN` for no samples.
pub(crate) fn percentile(samples: &mut [f64], percent: usize) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    let last = samples.len().saturating_sub(1);
    samples.get((samples.len() * percent / 100).min(last)).copied().unwrap_or(f64::NAN)
}

/// The mean, for figures whose total is billed, such as requests.
#[expect(clippy::cast_precision_loss, reason = "fewer than 2⁵³ samples")]
pub(crate) fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / samples.len() as f64
}

/// A row of a table.
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_outliers() {
        assert!((median(&mut [3.0, 1.0, 900.0]) - 3.0).abs() < f64::EPSILON);
        assert!(median(&mut []).is_nan());
    }

    #[test]
    fn a_percentile_is_read_from_sorted_samples() {
        let mut samples: Vec<f64> = (0..200).rev().map(f64::from).collect();
        assert!((percentile(&mut samples, 99) - 198.0).abs() < f64::EPSILON);
        assert!((percentile(&mut samples, 100) - 199.0).abs() < f64::EPSILON);
        assert!((mean(&samples) - 99.5).abs() < f64::EPSILON);
        assert!(percentile(&mut [], 99).is_nan());
    }

    #[test]
    fn an_empty_list_is_an_error() {
        assert!(Cases::default().finish().is_err());
        assert!(Cases { passed: 1, failed: 0 }.finish().is_ok());
    }
}
