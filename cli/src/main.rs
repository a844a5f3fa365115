//! The command line of `sluice`.

use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use serde_json::json;
use sluice::cost::{self, Options};
use sluice::progress::Progress;
use sluice::upload::Upload;
use sluice::{redrive, republish, upload, verify, webhook_secret};

/// Operate a deployment of Sluice: check it, upload to it, recover events, estimate its costs.
#[derive(Parser)]
#[command(name = "sluice", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 success, 1 something failed or was refused, 2 wrong usage.
The AWS CLI finds a stack on AWS: sign in, and set AWS_PROFILE and AWS_DEFAULT_REGION.";

const VERIFY_HELP: &str = "\
Environment, for a stack on AWS:
  SLUICE_TOKEN        an access token of one of your users
  SLUICE_TOKEN_OTHER  one of another user, to check that users can't reach each other's uploads
  SLUICE_ORIGIN       the origin of a page that may upload [default: http://localhost:3000]

A token from a Cognito user pool, if the app client allows ALLOW_USER_PASSWORD_AUTH:
  export SLUICE_TOKEN=$(aws cognito-idp initiate-auth --client-id CLIENT_ID --auth-flow USER_PASSWORD_AUTH \\
    --auth-parameters USERNAME=NAME,PASSWORD=PASSWORD --query AuthenticationResult.AccessToken --output text)

Examples:
  sluice verify --stack local
  sluice verify --stack uploads-prod --json >checks.json

Exit codes: 0 every check passed or was skipped, 1 a check failed or the stack refused, 2 wrong usage.";

const UPLOAD_HELP: &str = "\
A stack on AWS needs SLUICE_TOKEN; `sluice verify --help` shows how to get one.

Examples:
  sluice upload film.mp4 --content-type video/mp4
  sluice upload film.mp4 --content-type video/mp4 --session ID --json

Exit codes: 0 the file was accepted, 1 it was rejected or not uploaded, 2 wrong usage.";

const REDRIVE_HELP: &str = "\
Example:
  sluice redrive --stack uploads-prod

Exit codes: 0 every message was moved, 1 something failed or was refused, 2 wrong usage.";

const REPUBLISH_HELP: &str = "\
Example:
  sluice republish --since 6h --stack uploads-prod

Exit codes: 0 every event was published, 1 something failed or was refused, 2 wrong usage.";

const WEBHOOK_SECRET_HELP: &str = "\
The secret is the only line on standard output; progress goes to standard error.

Examples:
  sluice webhook-secret show --stack uploads-prod
  sluice webhook-secret rotate --stack uploads-prod --endpoint 2 --overlap 2d

Exit codes: 0 the secret is printed, 1 something failed or was refused, 2 wrong usage.";

const COST_HELP: &str = "\
Not included: data transfer, free tiers, taxes, KMS, and GuardDuty's own S3 requests.

Examples:
  sluice cost --uploads 1000000 --size 5MB
  sluice cost --uploads 20000 --size 10GB --parts 640 --announce --json
  sluice cost --uploads 1000000 --size 5MB --webhooks 1
  sluice cost --idle

Exit codes: 0 there is an estimate, 1 the class is unknown or does not allow the size, 2 wrong usage.";

#[derive(Subcommand)]
enum Command {
    /// Check a deployed stack against the contract, as a user would, over HTTP
    ///
    /// Uploads, downloads and deletes a few small files; on AWS that costs less than a cent. It deletes everything it
    /// uploaded. Each deletion leaves a tombstone, as always.
    #[command(after_help = VERIFY_HELP)]
    Verify {
        /// The name given to `sam deploy`, or `local`
        #[arg(long, value_name = "NAME")]
        stack: String,
        #[command(flatten)]
        output: Output,
    },
    /// Upload a file of any size as a multipart upload, or resume an earlier try
    #[command(after_help = UPLOAD_HELP)]
    Upload {
        /// The file
        file: PathBuf,
        /// Its media type
        #[arg(long, value_name = "TYPE")]
        content_type: String,
        /// The session of an earlier try, to resume it
        #[arg(long, value_name = "ID")]
        session: Option<String>,
        /// How many parts are sent at once
        #[arg(long, value_name = "N", default_value_t = 4)]
        parallel: usize,
        /// The most bytes a second to send
        #[arg(long, value_name = "BYTES")]
        rate: Option<u64>,
        #[command(flatten)]
        stack: Stack,
        #[command(flatten)]
        output: Output,
    },
    /// Move the messages of the dead-letter queues back to their queues, once their cause is fixed
    ///
    /// These are events that the validator could not read or process, and notifications that a webhook endpoint did not
    /// accept. Always safe: verdicts are final, and events and notifications may arrive twice.
    #[command(after_help = REDRIVE_HELP)]
    Redrive {
        #[command(flatten)]
        stack: Stack,
        #[command(flatten)]
        output: Output,
    },
    /// Publish verdicts and deletions again, on the event bus and to the webhooks
    ///
    /// Always safe: consumers recognise an event by its id, and receivers a delivery by its `webhook-id`. Reads the whole
    /// table, page by page.
    #[command(after_help = REPUBLISH_HELP)]
    Republish {
        /// The earliest time: 2026-11-22T09:30:00Z, or a duration before now such as 2h or 7d
        #[arg(long, value_name = "TIME", value_parser = republish::since)]
        since: String,
        #[command(flatten)]
        stack: Stack,
        #[command(flatten)]
        output: Output,
    },
    /// Print or rotate the secret that signs the deliveries to a webhook endpoint
    #[command(after_help = WEBHOOK_SECRET_HELP)]
    WebhookSecret {
        #[command(subcommand)]
        action: SecretAction,
    },
    /// Estimate the costs of an idle month and of uploads, by service, at AWS's list prices
    #[command(after_help = COST_HELP)]
    Cost {
        /// Uploads a month
        #[arg(long, value_name = "N", required_unless_present = "idle")]
        uploads: Option<u64>,
        /// The size of each upload, such as 5MB or 2GiB
        #[arg(long, required_unless_present = "idle", value_parser = size)]
        size: Option<u64>,
        /// A class of policy.json: sets --scan if the class requires scans, and checks --size
        #[arg(long, value_name = "NAME")]
        class: Option<String>,
        /// The parts of each multipart upload; without it, uploads are single requests
        #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
        parts: u32,
        /// `GuardDuty` Malware Protection for S3 scans each object
        #[arg(long)]
        scan: bool,
        /// Each verdict is published on an `EventBridge` bus
        #[arg(long)]
        announce: bool,
        /// Webhook endpoints, each of which hears of every verdict
        #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true,
              value_parser = clap::value_parser!(u32).range(..=3))]
        webhooks: u32,
        /// Status requests per upload while it waits for its verdict
        #[arg(long, value_name = "N", default_value_t = 0)]
        polls: u32,
        /// Months that each object is stored
        #[arg(long, value_name = "N", default_value_t = 0.0)]
        months: f64,
        /// Only an idle month
        #[arg(long)]
        idle: bool,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Subcommand)]
enum SecretAction {
    /// Print the current secret
    Show {
        #[command(flatten)]
        endpoint: Endpoint,
        #[command(flatten)]
        stack: Stack,
        #[command(flatten)]
        output: Output,
    },
    /// Replace the secret by a random one, and print it when every delivery is signed with both
    ///
    /// Waits 90 seconds before it prints: functions cache secrets. Deliveries are signed with the old secret too until
    /// the overlap is over. Change the receiver before that.
    Rotate {
        /// How long deliveries are also signed with the old secret
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = humantime::parse_duration)]
        overlap: Duration,
        #[command(flatten)]
        endpoint: Endpoint,
        #[command(flatten)]
        stack: Stack,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Args)]
struct Endpoint {
    /// The endpoint, 1 for the parameter `WebhookUrl1`, and so on
    #[arg(long = "endpoint", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    number: u8,
}

fn size(text: &str) -> Result<u64, String> {
    parse_size::parse_size(text).map_err(|_| "a size is a number with a unit, such as 5MB or 2GiB".to_owned())
}

#[derive(Args)]
struct Stack {
    /// The name given to `sam deploy`, or `local`
    #[arg(long = "stack", value_name = "NAME", default_value = "local")]
    name: String,
}

#[derive(Args, Clone, Copy)]
struct Output {
    /// Write the result as JSON to standard output, and progress to standard error
    #[arg(long)]
    json: bool,
}

impl Output {
    fn progress(self) -> Progress {
        Progress::for_output(self.json)
    }

    /// Writes the result as JSON or as text.
    fn result(self, json: &impl Serialize, text: impl Display) -> Result<()> {
        let text = if self.json { serde_json::to_string_pretty(json)? } else { text.to_string() };
        Progress::Stdout.line(&text);
        Ok(())
    }
}

/// Runs a command. `false` means that it failed, or that a check or an upload did.
fn run(command: Command) -> Result<bool> {
    match command {
        Command::Verify { stack, output } => {
            let report = verify::verify(&stack, output.progress())?;
            output.result(&report, format!("\n{}", report.summary()))?;
            Ok(report.passed())
        }
        Command::Upload { file, content_type, session, parallel, rate, stack, output } => {
            let record = upload::upload(
                &Upload {
                    file: &file,
                    content_type: &content_type,
                    session: session.as_deref(),
                    parallel,
                    rate,
                    stack: &stack.name,
                },
                output.progress(),
            )?;
            output.result(&record, serde_json::to_string_pretty(&record)?)?;
            Ok(record["status"] == "accepted")
        }
        Command::Redrive { stack, output } => {
            let moved = redrive::redrive(&stack.name, output.progress())?;
            output.result(
                &json!({ "moved": moved }),
                format!("{moved} messages moved from the dead-letter queues back to their queues"),
            )?;
            Ok(true)
        }
        Command::Republish { since, stack, output } => {
            let published = republish::republish(&since, &stack.name, output.progress())?;
            output.result(
                &json!({ "published": published }),
                format!(
                    "{published} verdicts and deletions published, except the records that the forward function's log \
                     calls unreadable"
                ),
            )?;
            Ok(true)
        }
        Command::WebhookSecret { action } => {
            // Standard output gets the secret alone, so that a shell can store it.
            let (shown, output) = match action {
                SecretAction::Show { endpoint, stack, output } => {
                    (webhook_secret::show(&stack.name, endpoint.number.into(), Progress::Stderr)?, output)
                }
                SecretAction::Rotate { overlap, endpoint, stack, output } => {
                    let (name, settle_time) = (&stack.name, webhook_secret::SETTLE_TIME);
                    let number = endpoint.number.into();
                    (webhook_secret::rotate(name, number, overlap, settle_time, Progress::Stderr)?, output)
                }
            };
            if let Some(until) = shown.previous_until() {
                Progress::Stderr.line(&format!("deliveries are signed with the old secret too until {until}"));
            }
            output.result(&shown, shown.secret())?;
            Ok(true)
        }
        Command::Cost { uploads, size, class, parts, scan, announce, webhooks, polls, months, idle, output } => {
            let (uploads, size) = (uploads.unwrap_or_default(), size.unwrap_or_default());
            let options = Options { uploads, size, parts, scan, announce, webhooks, polls, months };
            let options = match class {
                Some(class) => options.of_class(&class)?,
                None => options,
            };
            let estimate = cost::estimate(&options, idle)?;
            output.result(&estimate, &estimate)?;
            Ok(true)
        }
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            Progress::Stderr.line(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_estimate_needs_uploads_and_a_size_or_idle() {
        for (args, valid) in [
            ("--uploads 1 --size 5MB", true),
            ("--idle", true),
            ("--uploads 1", false),
            ("--uploads 1 --size x", false),
        ] {
            let parsed = Cli::try_parse_from(["sluice", "cost"].into_iter().chain(args.split(' ')));
            assert_eq!(parsed.is_ok(), valid, "{args}");
        }
    }
}
