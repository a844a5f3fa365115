//! `cargo xtask bench [NAME]`: what Sluice costs and how well it sees, measured, and whether it keeps its budgets.
//!
//! A budget is a ratio of two figures of one run wherever it can be: machines differ, and one machine differs from
//! itself by the hour.

mod attacks;
mod corpus;
mod fuzz;
mod machine;
mod multipart;
mod names;
mod presign;
mod report;
mod runtime;
mod signing;
mod sniff;
mod specimen;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use report::Report;

/// What went wrong, as one sentence.
type Outcome<T = ()> = Result<T, String>;

/// Measure, print the figures, and fail when a stated limit is missed.
///
/// Without a name, everything is measured that needs no files of yours.
#[derive(Parser)]
#[command(name = "bench", bin_name = "cargo xtask bench")]
struct Cli {
    #[command(subcommand)]
    bench: Option<Bench>,
}

#[derive(Subcommand)]
enum Bench {
    /// Starting and answering, against a hello-world function of the same profile
    Presign,
    /// Signing pages of part URLs, against the SDK's own way
    Signing,
    /// Completing uploads of ten thousand parts, pages of URLs, and calls per operation
    Multipart,
    /// Verdicts of a warm validator, for one kilobyte and for the largest object there is
    Validate,
    /// Recognising the files of a corpus through ranged reads: accuracy, reads, bytes and processor time
    Sniff(sniff::Options),
    /// Files that deceive, each against the verdict it should get
    Attacks(attacks::Options),
    /// File names, hostile and honest, against what a grant says of them
    Names(names::Options),
    /// Every reader of contents over mutated samples: no panic, no read beyond the budget
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().bench {
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
    };
    done.unwrap_or_else(|problem| {
        eprintln!("{problem}");
        ExitCode::FAILURE
    })
}

/// Prints and judges a bench's figures.
type Measure<'a> = &'a dyn Fn(&mut Report) -> Outcome;

/// Runs benches whose figures have limits; one that could not be measured has missed its own.
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
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
        let parsed = Cli::try_parse_from(["bench", "sniff", "--corpus", "c", "--list", "l.tsv", "--declared"]).unwrap();
        assert!(matches!(parsed.bench, Some(Bench::Sniff(_))));
        assert!(Cli::try_parse_from(["bench"]).unwrap().bench.is_none());
        assert!(Cli::try_parse_from(["bench", "sniff"]).is_err());
    }
}
