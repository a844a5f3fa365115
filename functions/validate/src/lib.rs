//! S3 events in, verdicts out.
//!
//! (`lib.rs` is what cargo-lambda's template calls `event_handler.rs`.)
//!
//! - **Events**: `s3:ObjectCreated:*` from S3 or through `EventBridge`, and scan results of `GuardDuty`; directly,
//!   through SNS, or through SQS with partial batch answers
//! - **Environment**: `BUCKET`, `TABLE`, `POLICY`
//! - **IAM**: `s3:GetObjectVersion` to look at a version, `s3:GetObject` where an event names none, `s3:ListBucket` so
//!   that a missing one is 404 and not 403, `s3:DeleteObjectVersion` to remove what was rejected, `dynamodb:PutItem` for
//!   the verdict; `dynamodb:GetItem` and `dynamodb:UpdateItem` to close the session of an upload in parts, and for
//!   half a verdict on a version that is gone
//!
//! Constant work for any size of object: one HEAD beside one ranged GET, a few GETs more where the format asks for them
//! (eight in all at the very most), then one conditional write.

mod judge;
mod scan;
mod wire;

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, stream};
use lambda_runtime::Diagnostic;
use serde_json::Value;
use shared::ambient::Ambient;
use shared::config::Config;
use shared::objects::{Objects, ObjectsError};
use shared::records::sessions::Sessions;
use shared::records::{RecordsError, UploadRecords};

/// What judging needs.
pub struct Deps<R, O> {
    /// Bucket and policy.
    pub config: Config,
    /// The table.
    pub records: R,
    /// The bucket.
    pub objects: O,
    /// The clock.
    pub ambient: Ambient,
}

/// How many objects are looked at side by side. More would not be faster: each is a few waits on S3.
const SIDE_BY_SIDE: usize = 16;

/// What is left of an invocation's time for answering.
const MARGIN: Duration = Duration::from_secs(2);

/// A fault that may pass: the event must come again.
#[derive(Debug, thiserror::Error)]
pub enum Retry {
    /// S3 did not answer.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The table did not answer.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// There was no time left.
    #[error("the invocation ran out of time")]
    Deadline,
    /// Not an event that anybody can read.
    #[error("an event that can't be read: {0}")]
    Unreadable(&'static str),
    /// At least one record of a direct event must come again.
    #[error("{0} record(s) must come again")]
    Some(usize),
}

/// What Lambda reports as the kind of failure.
impl From<Retry> for Diagnostic {
    fn from(retry: Retry) -> Self {
        let error_type = match &retry {
            Retry::Objects(_) => "BucketUnavailable",
            Retry::Records(_) => "TableUnavailable",
            Retry::Deadline => "OutOfTime",
            Retry::Unreadable(_) => "UnreadableEvent",
            Retry::Some(_) => "MustComeAgain",
        };
        Self { error_type: error_type.to_owned(), error_message: retry.to_string() }
    }
}

/// Judges everything in `event`. Through SQS the answer lists what must come again.
///
/// # Errors
/// [`Retry`] when a direct event must come again, as a whole.
pub async fn handle<R: UploadRecords + Sessions, O: Objects>(
    deps: &Deps<R, O>,
    event: Value,
    deadline: SystemTime,
) -> Result<Value, Retry> {
    let until = deadline.checked_sub(MARGIN).unwrap_or(deadline);
    match wire::Event::read(&event) {
        wire::Event::Queue(messages) => {
            let (mut ids, mut work, mut failed) = (Vec::new(), Vec::new(), BTreeSet::new());
            for (n, message) in messages.into_iter().enumerate() {
                // Judged all the same: what is readable of a message must not wait for the rest of it.
                if tell(&message.contents, &message.id).is_some() {
                    failed.insert(n);
                }
                ids.push(message.id);
                work.extend(message.contents.news.into_iter().map(|news| (n, news)));
            }
            failed.extend(judge_all(deps, work, until).await);
            Ok(wire::partial_batch(failed.into_iter().filter_map(|n| ids.get(n).cloned())))
        }
        wire::Event::Direct(contents) => {
            let unreadable = tell(&contents, "direct");
            let work = contents.news.into_iter().map(|news| ((), news)).collect();
            let failed = judge_all(deps, work, until).await.len();
            match (failed, unreadable) {
                (0, None) => Ok(Value::Null),
                (0, Some(why)) => Err(Retry::Unreadable(why)),
                (failed, _) => Err(Retry::Some(failed)),
            }
        }
    }
}

/// Counts what is ignored, and says why something can't be read: the retries lead that to the dead letters, where it
/// keeps its message's id. The reason is found by that id.
fn tell(contents: &wire::Contents, message: &str) -> Option<&'static str> {
    for ignored in &contents.ignored {
        // The template's metric counts lines with this field.
        tracing::info!(ignored = ignored.as_str(), message, "ignored an event");
    }
    for unreadable in &contents.unreadable {
        tracing::error!(unreadable, message, "an event that nobody can read");
    }
    contents.unreadable.first().copied()
}

/// Judges all of `work`, some side by side, and gives the tags of what must come again.
async fn judge_all<R: UploadRecords + Sessions, O: Objects, T>(
    deps: &Deps<R, O>,
    work: Vec<(T, wire::News)>,
    until: SystemTime,
) -> Vec<T> {
    let outcomes = stream::iter(work).map(|(tag, news)| async move {
        let left = until.duration_since(SystemTime::now()).unwrap_or_default();
        // A timeout of nothing would still begin the work: what can't be finished is not begun.
        let in_time = async { if left.is_zero() { Err(Retry::Deadline) } else { judge::judge(deps, &news).await } };
        let outcome = tokio::time::timeout(left, in_time).await.unwrap_or(Err(Retry::Deadline));
        outcome.is_err_and(|error| must_come_again(&news, &error)).then_some(tag)
    });
    outcomes.buffer_unordered(SIDE_BY_SIDE).filter_map(std::future::ready).collect().await
}

fn must_come_again(news: &wire::News, error: &Retry) -> bool {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    tracing::error!(key = %news.key(), %error, cause, "must come again");
    true
}

#[cfg(test)]
mod tests;
