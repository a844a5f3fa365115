//! `cargo xtask`: everything that is done to this repository, and nothing that needs a manual.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::test::Part;
use xtask::upload::Upload;
use xtask::{bench, check, down, redrive, republish, test, up, upload, verify};

/// Build, run and test Sluice on this machine; no AWS account and no Docker needed.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What `verify` has to be told.
const VERIFY: &str = "\
A stack on AWS is found through the AWS CLI: sign in, set AWS_DEFAULT_REGION, and bring a token.
  SLUICE_TOKEN        a token that the stack's authorizer accepts
  SLUICE_TOKEN_OTHER  another user's, to see that users can't reach each other
  SLUICE_ORIGIN       a page that may upload [default: http://localhost:3000]
For the local stack (`--stack local`) all of that is known; what counts only on AWS is marked AWS there.";

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
        /// One part alone, against the local stack
        part: Option<Part>,
        /// Add the runs that take long
        #[arg(long)]
        full: bool,
    },
    /// Upload a file of any size to the local stack, in parts, and go on where an earlier try stopped
    Upload {
        /// The file
        file: PathBuf,
        /// What it is, as a media type
        #[arg(long, value_name = "TYPE")]
        content_type: String,
        /// The session of an earlier try
        #[arg(long, value_name = "ID")]
        session: Option<String>,
        /// How many parts travel side by side
        #[arg(long, value_name = "N", default_value_t = 4)]
        parallel: usize,
        /// Send at most so many bytes a second
        #[arg(long, value_name = "BYTES")]
        rate: Option<u64>,
    },
    /// Hold a deployed stack against its promises, as a user would, over HTTP
    ///
    /// Uploads, downloads and deletes a few small files: on AWS that costs less than a cent. Everything it made is
    /// deleted again and leaves a tombstone, as every deletion does. Ends with `N passed, N failed`.
    #[command(after_long_help = VERIFY)]
    Verify {
        /// The name given to `sam deploy`, or `local`
        #[arg(long, value_name = "NAME")]
        stack: String,
    },
    /// Move events from the dead letters back to the queue, once what kept them there is mended
    ///
    /// Always safe: verdicts are final, and events may come twice. A stack on AWS is found through the AWS CLI.
    Redrive {
        /// The name given to `sam deploy`, or `local`
        #[arg(long, value_name = "NAME", default_value = "local")]
        stack: String,
    },
    /// Announce verdicts and deletions again, once what kept the bus from hearing of them is mended
    ///
    /// Always safe: consumers know each event by its id. Reads the whole table, page by page.
    Republish {
        /// From when on: a time such as 2026-11-22T09:30:00Z, or how long ago, such as 2h or 7d
        #[arg(long, value_name = "TIME")]
        since: String,
        /// The name given to `sam deploy`, or `local`
        #[arg(long, value_name = "NAME", default_value = "local")]
        stack: String,
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
        Command::Test { part: None, full } => test::test(full),
        Command::Test { part: Some(part), full } => test::part(part, full),
        Command::Upload { file, content_type, session, parallel, rate } => upload::upload(&Upload {
            file: &file,
            content_type: &content_type,
            session: session.as_deref(),
            parallel,
            rate,
        }),
        Command::Verify { stack } => verify::verify(&stack),
        Command::Redrive { stack } => redrive::redrive(&stack),
        Command::Republish { since, stack } => republish::republish(&since, &stack),
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
