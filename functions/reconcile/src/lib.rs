//! Finishes interrupted uploads, completions and deletions, requeues objects without a verdict, and has lost
//! announcements repeated.
//!
//! (`lib.rs` is what cargo-lambda's template calls `event_handler.rs`.)
//!
//! - **Events**: a schedule's, whose content is ignored; completion jobs through SQS
//! - **Environment**: `BUCKET`, `TABLE`, `OWNER_SHARDS`, `QUEUE_URL`, `POLICY`, `RECONCILE_DAYS`, `RECONCILE_GRACE`,
//!   `RECONCILE_ORPHAN_AGE`, `LOST_ANNOUNCEMENTS_URL`
//! - **IAM** on the table: `dynamodb:Query` to find due items, `dynamodb:BatchGetItem` to read sessions and records,
//!   `dynamodb:GetItem`, `dynamodb:PutItem` and `dynamodb:UpdateItem` to change them
//! - **IAM** on the bucket: `s3:ListBucketMultipartUploads`, `s3:ListMultipartUploadParts` and
//!   `s3:AbortMultipartUpload` to clean up; `s3:PutObject`, `s3:GetObject` and `s3:ListBucket` to complete uploads;
//!   `s3:ListBucketVersions` to find objects without a verdict; `s3:DeleteObjectVersion` to finish deletions
//! - **IAM** on the queue of S3's events: `sqs:SendMessage` to requeue objects
//! - **IAM** with a forwarder: `dynamodb:Scan` on the table; `sqs:ReceiveMessage`, `sqs:SendMessage` and
//!   `sqs:DeleteMessage` on the queue of lost announcements
//!
//! The cost of a run depends on the due items, the multipart uploads in progress and the window of days. It does not
//! depend on the size of the bucket. Lambda may end a run at any step: the next run finds what is missing.

mod check_times;
mod completion_jobs;
mod deadline;
mod deps;
mod due;
mod lost_announcements;
mod missing_verdicts;
mod orphans;
mod pending;
mod progress;
mod report;
mod requeue;
mod sessions;
mod walk;

use std::time::{Duration, SystemTime};

use lambda_http_kit::{EventHandler, telemetry};
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use tokio::time::Instant;

use deadline::Deadline;
use report::{Metric, Report};

pub use deps::{Bucket, Deps, Messages, Table};

/// How long before the invocation's deadline a run stops, to save its checkpoint and answer.
const DEADLINE_MARGIN: Duration = Duration::from_secs(20);

/// How many steps or completion jobs failed or took too long. All others were finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} step(s) are unfinished and will be retried")]
pub struct Unfinished(u64);

/// What Lambda reports as the error type.
impl From<Unfinished> for Diagnostic {
    fn from(unfinished: Unfinished) -> Self {
        Self { error_type: "Unfinished".to_owned(), error_message: unfinished.to_string() }
    }
}

impl<R: Table, O: Bucket, Q: Messages> EventHandler for Deps<R, O, Q> {
    type Retry = Unfinished;

    /// Runs the completion jobs of an SQS batch. For any other event, reconciles everything until the deadline.
    async fn handle(&self, event: Value, deadline: SystemTime) -> Result<Value, Unfinished> {
        let time = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let until = Instant::now() + time.saturating_sub(DEADLINE_MARGIN);
        let (unfinished, answer) = if completion_jobs::is_batch(&event) {
            let unfinished = self.run_jobs(&event, until).await;
            (unfinished, json!({ "unfinished": unfinished }))
        } else {
            let report = self.run(&Deadline { at: until, has_time: &|| Instant::now() < until }).await;
            if let Some(metrics) = report.embedded_metrics(&self.config.storage.bucket, (self.env.now)()) {
                telemetry::metrics(&metrics);
            }
            tracing::info!(report = %report.json(), "reconciled");
            (report.value(Metric::Failures), report.json())
        };
        if unfinished == 0 { Ok(answer) } else { Err(Unfinished(unfinished)) }
    }
}

impl<R: Table, O: Bucket, Q: Messages> Deps<R, O, Q> {
    async fn run(&self, deadline: &Deadline<'_>) -> Report {
        let report = self.process_due(deadline).await + self.repeat_lost_announcements(deadline).await;
        report
            + self.walk(deadline).await.unwrap_or_else(|error| Report::failure(&error, "read or save the checkpoint"))
    }
}

#[cfg(test)]
mod tests;
