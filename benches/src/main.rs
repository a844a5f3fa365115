//! `cargo xtask bench [NAME]`: measures speed, memory, calls and type recognition, and checks the figures.
//!
//! Where possible a limit is a ratio of two figures of one run, because machines differ in speed and a machine's speed
//! changes over time.

mod attacks;
mod corpus;
mod fixture;
mod fuzz;
mod machine;
mod multipart;
mod names;
mod presign;
mod report;
mod runtime;
mod signing;
mod sniff;
mod validate;
mod verdicts;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use report::Report;

/// The error is one sentence that says what went wrong.
type Result<T = (), E = String> = std::result::Result<T, E>;

/// Measure, print the figures, and fail when a stated limit is missed.
///
/// Without a name, runs presign, signing, multipart and validate.
#[derive(Parser)]
#[command(name = "bench", bin_name = "cargo xtask bench")]
struct Cli {
    #[command(subcommand)]
    bench: Option<Bench>,
}

#[derive(Subcommand)]
enum Bench {
    /// Cold starts and warm invocations, compared with a hello-world function of the same profile
    Presign,
    /// Signing pages of part URLs, compared with the SDK
    Signing,
    /// Completing multipart uploads of 10,000 parts, pages of URLs, and calls per operation
    Multipart,
    /// Verdicts of a warm validator, for 1 KB, 1 MB and the largest object that S3 stores
    Validate,
    /// Recognising the files of a corpus through ranged reads: accuracy, reads, bytes and processor time
    Sniff(sniff::Options),
    /// Deceptive files: the verdict of each, compared with the expected one
    Attacks(attacks::Options),
    /// The verdict on each file of a corpus, one line per class and declared type, to compare two versions
    Verdicts(verdicts::Options),
    /// Hostile and ordinary file names: whether a grant accepts each as expected
    Names(names::Options),
    /// Fuzzing of every content reader with mutated samples: no panic, no read beyond the budget
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().bench {
        None => Ok(measure(&[
            ("presign", &presign::measure),
            ("signing", &signing::measure),
            ("multipart", &multipart::measure),
            ("validate", &validate::measure),
        ])),
        Some(Bench::Presign) => Ok(measure(&[("presign", &presign::measure)])),
        Some(Bench::Multipart) => Ok(measure(&[("multipart", &multipart::measure)])),
        Some(Bench::Validate) => Ok(measure(&[("validate", &validate::measure)])),
        Some(Bench::Signing) => Ok(measure(&[("signing", &signing::measure)])),
        Some(Bench::Sniff(options)) => Ok(measure(&[("sniff", &|report| sniff::measure(&options, report))])),
        Some(Bench::Fuzz(options)) => Ok(measure(&[("fuzz", &|report| fuzz::measure(&options, report))])),
        Some(Bench::Attacks(options)) => attacks::run(&options),
        Some(Bench::Names(options)) => names::run(&options),
        Some(Bench::Verdicts(options)) => verdicts::print(&options).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|problem| {
        eprintln!("{problem}");
        ExitCode::FAILURE
    })
}

/// Prints the figures of a bench and checks them against their limits.
type Measure<'a> = &'a dyn Fn(&mut Report) -> Result;

/// Runs benches whose figures have limits. A bench that fails counts as a missed limit.
fn measure(benches: &[(&str, Measure<'_>)]) -> ExitCode {
    let mut report = Report::default();
    for (name, bench) in benches {
        report::title(name);
        if let Err(problem) = bench(&mut report) {
            report.failed(&problem);
        }
    }
    report.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_valid() {
        Cli::command().debug_assert();
        let parsed = Cli::try_parse_from(["bench", "sniff", "--corpus", "c", "--list", "l.tsv", "--declared"]).unwrap();
        assert!(matches!(parsed.bench, Some(Bench::Sniff(_))));
        assert!(Cli::try_parse_from(["bench"]).unwrap().bench.is_none());
        assert!(Cli::try_parse_from(["bench", "sniff"]).is_err());
    }
}
