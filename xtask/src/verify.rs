//! `cargo xtask verify`: a deployed stack is held against its promises, as a user would, over HTTP.
//!
//! Some of them rest on S3 and API Gateway themselves, and only a real deployment can keep those.

mod access;
mod browsers;
mod deletion;
mod forms;
mod parts;
mod report;
mod store;
mod target;
mod user;
mod verdicts;

use std::time::Duration;

use crate::{Outcome, samples};
use report::{Counts, Report};
use target::Target;
use user::User;

/// How long a verdict, a removal or a listing may take. A deadline and not a measurement.
const TIMEOUT: Duration = Duration::from_mins(2);

/// An id that was never given to anybody.
const NOBODYS_ID: &str = "01900000-0000-7000-8000-000000000000";

/// What every check has at hand.
struct Bench {
    target: Target,
    owner: User,
    other: Option<User>,
    picture: Vec<u8>,
    program: Vec<u8>,
}

/// Runs every check against the stack of that name.
///
/// # Errors
/// When the stack can't be found or takes no token; with no further words when a check failed.
pub fn verify(stack: &str) -> Outcome {
    let target = Target::find(stack)?;
    println!("The API is at {}, the bucket is {} in {}.", target.api_url, target.bucket, target.region);
    if target.emulated {
        println!("This is an emulator: what is marked AWS counts only on AWS.");
    }
    let bench = Bench {
        owner: User::new(&target.api_url, Some(&target.token)),
        other: target.other_token.as_ref().map(|token| User::new(&target.api_url, Some(token))),
        picture: samples::picture()?,
        program: samples::program(),
        target,
    };
    let policy = bench.owner.get("/policy")?;
    match policy.status {
        200 => {}
        401 if bench.target.emulated => {
            return Err("The API takes no token any more: `cargo xtask up` makes new ones for 24 hours.".to_owned());
        }
        401 => return Err(format!("The API doesn't take this token. {}", target::HOW)),
        _ => {
            let (api, seen) = (&bench.target.api_url, policy.brief());
            return Err(format!("GET /policy was answered {seen}: is {api} the API of a Sluice stack?"));
        }
    }
    let mut report = Report::new(bench.target.emulated);
    access::check(&bench, &mut report);
    store::check(&bench, &mut report);
    browsers::check(&bench, &mut report);
    let accepted = verdicts::check(&bench, &mut report);
    forms::check(&bench, &mut report);
    parts::check(&bench, &mut report);
    deletion::check(&bench, &mut report, accepted);
    report.head("Afterwards");
    report.check("everything that was made here is deleted", Counts::Anywhere, || bench.owner.clean_up());
    report.finish()
}
