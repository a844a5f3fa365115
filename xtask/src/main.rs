//! `cargo xtask`: everything that is done to this repository, and nothing that needs a manual.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{bench, check, down, test, up};

/// Build, run and test Sluice on this machine; no AWS account and no Docker needed.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the local stack, upload a real file through it and show what to try next
    Up,
    /// Stop the local stack and remove what it left
    Down,
    /// The quick half of the tests: format, lints, documents, unit tests; needs no stack
    Check,
    /// Everything: `check`, the template's lint, the acceptance tests and every golden event
    Test {
        /// Add the runs that take long
        #[arg(long)]
        full: bool,
    },
    /// Measure, print the figures and fail when a stated limit is missed
    Bench {
        /// One bench, then its own arguments; all benches when left out
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "NAME")]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Up => up::up(),
        Command::Down => down::down(),
        Command::Check => check::check(),
        Command::Test { full } => test::test(full),
        Command::Bench { args } => bench::bench(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            if !problem.is_empty() {
                eprintln!("\n{problem}");
            }
            ExitCode::FAILURE
        }
    }
}
