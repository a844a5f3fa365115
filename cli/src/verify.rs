//! `sluice verify`: checks a deployed stack against the contract as a user would, over HTTP.
//!
//! Some promises depend on S3 and API Gateway, and only a deployment on AWS can prove them.

mod access;
mod browsers;
mod deletion;
mod forms;
mod multipart;
mod report;
mod store;
mod user;
mod verdicts;

use std::time::Duration;

use anyhow::{Result, bail};
use local_stack::samples;

use crate::progress::Progress;
use crate::target::Target;
use report::KeptBy;
use user::User;

pub use report::Report;

/// How long a verdict, a removal or a listing may take. A deadline, not a measurement.
const TIMEOUT: Duration = Duration::from_mins(2);

/// An id that no stack has issued.
const UNKNOWN_ID: &str = "01900000-0000-7000-8000-000000000000";

/// What every check uses.
struct Fixture {
    target: Target,
    owner: User,
    other: Option<User>,
    picture: &'static [u8],
    program: Vec<u8>,
}

/// Runs every check against a stack and returns the results.
///
/// # Errors
/// When the stack is not found or refuses the token. A failed check is a result, not an error.
pub fn verify(stack: &str, progress: Progress) -> Result<Report> {
    let target = Target::find(stack)?;
    progress.line(&format!("The API is at {}, the bucket is {} in {}.", target.api_url, target.bucket, target.region));
    if target.emulated {
        progress.line("This stack runs in the emulator: checks marked AWS prove something only on AWS.");
    }
    let fixture = Fixture {
        owner: User::new(&target.api_url, Some(&target.token)),
        other: target.other_token.as_ref().map(|token| User::new(&target.api_url, Some(token))),
        picture: samples::PICTURE,
        program: samples::program(),
        target,
    };
    let policy = fixture.owner.get("/policy")?;
    match policy.status {
        200 => {}
        401 => bail!(fixture.target.refused_token()),
        status => bail!(
            "GET {}/policy answered {status}: check that this is the API of a Sluice stack",
            fixture.target.api_url
        ),
    }
    let mut report = Report::new(stack, fixture.target.emulated, progress);
    access::check(&fixture, &mut report);
    store::check(&fixture, &mut report);
    browsers::check(&fixture, &mut report);
    let accepted = verdicts::check(&fixture, &mut report);
    forms::check(&fixture, &mut report);
    multipart::check(&fixture, &mut report);
    deletion::check(&fixture, &mut report, accepted);
    report.group("Clean-up");
    report.check("every upload of this run is deleted", KeptBy::Sluice, || fixture.owner.clean_up());
    Ok(report)
}
