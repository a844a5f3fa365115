//! `cargo xtask`: builds, starts and tests this repository.

use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use xtask::test::Part;
use xtask::{bench, check, down, test, up};

/// Build, start and test Sluice on this machine; needs no AWS account and no Docker.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = SLUICE)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const SLUICE: &str = "Other commands are those of `sluice`: verify, upload, redrive, republish, webhook-secret, cost.";

#[derive(Subcommand)]
enum Command {
    /// Start the local stack, upload a picture through it and show what to do next
    Up {
        /// Another origin that may use the API and the bucket, such as `http://localhost:5173`; repeatable
        #[arg(long = "origin", value_name = "URL", value_parser = up::origin)]
        origins: Vec<String>,
    },
    /// Stop the local stack and remove its files
    Down,
    /// The fast tests: format, lints, documents, unit tests; needs no stack
    Check,
    /// All tests: `check`, the template's lint, the acceptance tests, `verify` and the browser tests
    Test {
        /// One part alone, against the local stack
        part: Option<Part>,
        /// Add the long tests
        #[arg(long)]
        full: bool,
    },
    /// Measure, print the figures and fail when a stated limit is missed
    Bench {
        /// One bench, then its own arguments; all but `client` when left out
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "NAME")]
        args: Vec<String>,
    },
    #[command(external_subcommand)]
    Sluice(Vec<String>),
}

/// Runs a command; whether everything passed.
fn run(command: Command) -> Result<bool> {
    match command {
        Command::Up { origins } => up::up(&origins).map(|()| true),
        Command::Down => down::down().map(|()| true),
        Command::Check => Ok(check::check().finish()),
        Command::Test { part, full } => Ok(test::test(part, full).finish()),
        Command::Bench { args } => bench::bench(&args),
        // `sluice` replaces this process, so its exit code and its signals are those of the command.
        Command::Sluice(args) => Err(check::sluice(&[]).args(args).exec()).context("cargo could not be started"),
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
