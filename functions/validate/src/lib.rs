//! S3 events in, verdicts out.
//!
//! (`lib.rs` is what cargo-lambda's template calls `event_handler.rs`.)
//!
//! - **Events**: `s3:ObjectCreated:*` through SQS (partial batch answers) or directly
//! - **Environment**: `BUCKET`, `TABLE`, `POLICY`
//! - **IAM**: `s3:GetObjectVersion` to look at a version, `s3:ListBucket` so that a missing one is 404 and not 403,
//!   `s3:DeleteObjectVersion` to remove what was rejected, `dynamodb:PutItem` for the verdict
//!
//! Constant work for any size of object: one HEAD beside one ranged GET, then one conditional write.
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should"))]

mod judge;
mod wire;

use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, stream};
use lambda_runtime::Diagnostic;
use serde_json::Value;
use shared::ambient::Ambient;
use shared::config::Config;
use shared::objects::{Objects, ObjectsError};
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
    /// Not an event that this function knows.
    #[error("not an event of S3: {0}")]
    Unknown(&'static str),
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
            Retry::Unknown(_) => "UnknownEvent",
            Retry::Some(_) => "MustComeAgain",
        };
        Self { error_type: error_type.to_owned(), error_message: retry.to_string() }
    }
}

/// Judges everything in `event`. Through SQS the answer lists what must come again.
///
/// # Errors
/// [`Retry`] when a direct event must come again, as a whole.
pub async fn handle<R: UploadRecords, O: Objects>(
    deps: &Deps<R, O>,
    event: Value,
    deadline: SystemTime,
) -> Result<Value, Retry> {
    let until = deadline.checked_sub(MARGIN).unwrap_or(deadline);
    match wire::Event::read(&event) {
        wire::Event::Queue(messages) => {
            let failed: Vec<Option<String>> = stream::iter(messages)
                .map(|message| async move {
                    let outcome = message_outcome(deps, message.body, until).await;
                    outcome.is_err().then_some(message.id)
                })
                .buffer_unordered(SIDE_BY_SIDE)
                .collect()
                .await;
            Ok(wire::partial_batch(failed.into_iter().flatten()))
        }
        wire::Event::Direct(records) => {
            let failed = records_outcome(deps, records, until).await;
            if failed == 0 { Ok(Value::Null) } else { Err(Retry::Some(failed)) }
        }
        wire::Event::Test => Ok(Value::Null),
        wire::Event::Unknown(why) => Err(Retry::Unknown(why)),
    }
}

async fn message_outcome<R: UploadRecords, O: Objects>(
    deps: &Deps<R, O>,
    body: Value,
    until: SystemTime,
) -> Result<(), Retry> {
    match wire::Event::read(&body) {
        wire::Event::Direct(records) => match records_outcome(deps, records, until).await {
            0 => Ok(()),
            failed => Err(Retry::Some(failed)),
        },
        wire::Event::Test => Ok(()),
        // Unreadable now and for ever: the queue's retries lead it to the dead letters, where it can be seen.
        wire::Event::Unknown(why) => {
            tracing::error!(why, "a message that is no event of S3");
            Err(Retry::Unknown(why))
        }
        wire::Event::Queue(_) => Err(Retry::Unknown("a queue within a queue")),
    }
}

/// How many of `records` must come again.
async fn records_outcome<R: UploadRecords, O: Objects>(
    deps: &Deps<R, O>,
    records: Vec<wire::Created>,
    until: SystemTime,
) -> usize {
    stream::iter(records)
        .map(|record| async move {
            let left = until.duration_since(SystemTime::now()).unwrap_or_default();
            // A timeout of nothing would still begin the work: what can't be finished is not begun.
            let in_time =
                async { if left.is_zero() { Err(Retry::Deadline) } else { judge::judge(deps, &record).await } };
            let outcome = tokio::time::timeout(left, in_time).await.unwrap_or(Err(Retry::Deadline));
            if let Err(error) = &outcome {
                let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
                tracing::error!(key = %record.key, %error, cause, "must come again");
            }
            usize::from(outcome.is_err())
        })
        .buffer_unordered(SIDE_BY_SIDE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .sum()
}

#[cfg(test)]
mod tests;
