//! `cargo xtask bench [NAME]`: what Sluice costs, measured, and whether it keeps its budgets.
//!
//! A budget is a ratio of two figures of one run wherever it can be: machines differ, and one machine differs from
//! itself by the hour.

mod machine;
mod presign;
mod report;
mod runtime;
mod signing;
mod specimen;

use std::env;
use std::process::ExitCode;

use report::Report;

/// What went wrong, as one sentence.
type Outcome<T = ()> = Result<T, String>;

/// A bench: its name, and what prints and judges its figures.
type Bench = (&'static str, fn(&mut Report) -> Outcome);

/// All of them, in the order in which they run.
const BENCHES: &[Bench] = &[("presign", presign::measure), ("signing", signing::measure)];

fn main() -> ExitCode {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let known: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = wanted.first().filter(|name| !known.contains(&name.as_str())) {
        eprintln!("there is no bench `{unknown}`; there are: {}", known.join(", "));
        return ExitCode::FAILURE;
    }
    let mut report = Report::default();
    for (name, measure) in BENCHES {
        if wanted.first().is_none_or(|first| first == name) {
            report::title(name);
            if let Err(problem) = measure(&mut report) {
                report.failed(&problem);
            }
        }
    }
    report.finish()
}
