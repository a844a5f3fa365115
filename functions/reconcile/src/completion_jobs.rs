//! Completions that take S3 longer than an HTTP request may last.

use serde_json::Value;
use tokio::time::Instant;
use uploads_core::multipart::{Completion, CompletionJob, SessionProblem};

use crate::deps::{Bucket, Deps, Table};
use crate::report::cause;

/// Whether an event is an SQS batch.
pub(crate) fn is_batch(event: &Value) -> bool {
    event["Records"].as_array().is_some_and(|records| records.iter().any(|record| record["eventSource"] == "aws:sqs"))
}

impl<R: Table, O: Bucket, Q> Deps<R, O, Q> {
    /// Runs every job of an SQS batch until `until`, and counts those that SQS must deliver again.
    pub(crate) async fn run_jobs(&self, event: &Value, until: Instant) -> u64 {
        let mut unfinished = 0;
        for record in event["Records"].as_array().into_iter().flatten() {
            let Some(job) = record["body"].as_str().and_then(CompletionJob::from_json) else {
                // Another delivery would not help. The scheduled run finishes the session after its lease.
                tracing::error!("a message is not a completion job");
                continue;
            };
            if !self.run_job(&job, until).await {
                unfinished += 1;
            }
        }
        unfinished
    }

    /// Runs one job; `false` if SQS must deliver it again.
    async fn run_job(&self, job: &CompletionJob, until: Instant) -> bool {
        let upload = job.key.id();
        match self.multipart().run_job(job, self.config.storage.policy.store, until).await {
            Ok(Completion::Done(_)) => {
                tracing::info!(%upload, "finished a completion job");
                true
            }
            Ok(Completion::LeasedByOther(_)) => {
                tracing::info!(%upload, "another process holds the lease of this completion");
                true
            }
            Ok(Completion::TimedOut(_)) => {
                tracing::warn!(%upload, "S3 has not finished this completion; SQS retries the job");
                false
            }
            Err(SessionProblem::Backend(error)) => {
                tracing::error!(%upload, %error, cause = cause(&error), "a completion job failed; SQS retries it");
                false
            }
            // The session is open again, or has ended. Its owner sees that in the next response.
            Err(problem) => {
                tracing::warn!(%upload, %problem, "a completion job was refused");
                true
            }
        }
    }
}
