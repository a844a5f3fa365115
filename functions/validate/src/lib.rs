//! Validates uploaded objects: receives S3's events and scan results, writes verdicts.
//!
//! (`lib.rs` is what cargo-lambda's template calls `event_handler.rs`.)
//!
//! - **Events**: `s3:ObjectCreated:*` from S3 or through `EventBridge`, and scan results of `GuardDuty`; directly,
//!   through SNS, or through SQS with partial batch responses
//! - **Environment**: `BUCKET`, `TABLE`, `POLICY`, `OWNER_SHARDS`
//! - **IAM**: `s3:GetObjectVersion` to read a version, `s3:GetObject` for events without a version, `s3:ListBucket` so
//!   that a missing version is 404 and not 403, `s3:DeleteObjectVersion` to remove a rejected version,
//!   `dynamodb:PutItem` for the verdict; `dynamodb:GetItem` and `dynamodb:UpdateItem` to close the session of a
//!   multipart upload, and for a pending verdict whose version was deleted
//!
//! Each event takes four steps: `look`, `decide`, `write`, `settle`. If the process is killed between two of
//! them, the next delivery of the event does the rest. Writes are conditional, and removing a version twice is
//! harmless.
//!
//! The cost does not depend on the object's size: one HEAD, one ranged GET, up to seven more GETs where the format
//! needs them, and one conditional write.

mod decide;
mod events;
mod look;
mod settle;
mod write;

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, stream};
use lambda_http_kit::EventHandler;
use lambda_http_kit::config::ValidateConfig;
use lambda_runtime::Diagnostic;
use policy::key::ObjectKey;
use policy::observed::ObservedObject;
use policy::upload::{Pending, Record, Scanned};
use serde_json::Value;
use uploads_core::env::Env;
use uploads_core::multipart;
use uploads_core::ports::objects::{Objects, ObjectsError};
use uploads_core::ports::records::{RecordsError, UploadRecords};
use uploads_core::ports::sessions::Sessions;

use decide::Decision;
use events::{Contents, Event, Message, ObjectCreated, ObjectEvent, ObjectScanned};

/// The operations on the table that this function uses.
pub trait Table: UploadRecords + Sessions {}
impl<T: UploadRecords + Sessions> Table for T {}

/// What the function works with.
pub struct Deps<R, O> {
    /// Bucket and policy.
    pub config: ValidateConfig,
    /// The table.
    pub records: R,
    /// The bucket.
    pub objects: O,
    /// Clock and randomness.
    pub env: Env,
}

/// How many objects are validated at a time. Each spends most of its time waiting for S3.
const MAX_CONCURRENCY: usize = 16;

/// The part of an invocation's time that is reserved for the response.
const DEADLINE_MARGIN: Duration = Duration::from_secs(2);

/// Why an event must be delivered again.
#[derive(Debug, thiserror::Error)]
pub enum Retry {
    /// S3 did not answer, or refused the request.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The table did not answer, or refused the request.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The invocation's time was over.
    #[error("the invocation ran out of time")]
    Deadline,
    /// At least a part of the payload is not a known event.
    #[error("unreadable event: {0}")]
    Unreadable(&'static str),
    /// This many events of a payload without SQS failed.
    #[error("{0} event(s) failed")]
    FailedEvents(usize),
}

/// The kind of error that Lambda reports.
impl From<Retry> for Diagnostic {
    fn from(retry: Retry) -> Self {
        let error_type = match &retry {
            Retry::Objects(_) => "BucketUnavailable",
            Retry::Records(_) => "TableUnavailable",
            Retry::Deadline => "OutOfTime",
            Retry::Unreadable(_) => "UnreadableEvent",
            Retry::FailedEvents(_) => "MustComeAgain",
        };
        Self { error_type: error_type.to_owned(), error_message: retry.to_string() }
    }
}

impl<R: Table, O: Objects> EventHandler for Deps<R, O> {
    type Retry = Retry;

    /// For an SQS batch, the response lists the messages to deliver again. Any other payload succeeds or fails as a
    /// whole.
    async fn handle(&self, event: Value, deadline: SystemTime) -> Result<Value, Retry> {
        let stop_at = deadline.checked_sub(DEADLINE_MARGIN).unwrap_or(deadline);
        match Event::parse(&event) {
            Event::Queue(messages) => Ok(self.handle_queue(messages, stop_at).await),
            Event::Direct(contents) => self.handle_direct(contents, stop_at).await.map(|()| Value::Null),
        }
    }
}

impl<R: Table, O: Objects> Deps<R, O> {
    async fn handle_queue(&self, messages: Vec<Message>, stop_at: SystemTime) -> Value {
        let (mut ids, mut events, mut failed) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (n, message) in messages.into_iter().enumerate() {
            // The readable events of a message are handled even if the message fails.
            if log_contents(&message.contents, &message.id).is_some() {
                failed.insert(n);
            }
            ids.push(message.id);
            events.extend(message.contents.events.into_iter().map(|event| (n, event)));
        }
        failed.extend(self.handle_all(events, stop_at).await);
        events::partial_batch(failed.into_iter().filter_map(|n| ids.get(n).cloned()))
    }

    async fn handle_direct(&self, contents: Contents, stop_at: SystemTime) -> Result<(), Retry> {
        let unreadable = log_contents(&contents, "direct");
        let events = contents.events.into_iter().map(|event| ((), event)).collect();
        let failed = self.handle_all(events, stop_at).await.len();
        match (failed, unreadable) {
            (0, None) => Ok(()),
            (0, Some(reason)) => Err(Retry::Unreadable(reason)),
            (failed, _) => Err(Retry::FailedEvents(failed)),
        }
    }

    /// Handles `events` concurrently. Returns the tags of those that failed.
    async fn handle_all<T>(&self, events: Vec<(T, ObjectEvent)>, stop_at: SystemTime) -> Vec<T> {
        let outcomes = stream::iter(events).map(async |(tag, event)| {
            let outcome = self.handle_until(&event, stop_at).await;
            outcome.inspect_err(|error| log_failure(&event, error)).is_err().then_some(tag)
        });
        outcomes.buffer_unordered(MAX_CONCURRENCY).filter_map(std::future::ready).collect().await
    }

    async fn handle_until(&self, event: &ObjectEvent, stop_at: SystemTime) -> Result<(), Retry> {
        let remaining = stop_at.duration_since(SystemTime::now()).unwrap_or_default();
        // A time-out of zero would still poll the work once.
        if remaining.is_zero() {
            return Err(Retry::Deadline);
        }
        tokio::time::timeout(remaining, self.handle_one(event)).await.unwrap_or(Err(Retry::Deadline))
    }

    async fn handle_one(&self, event: &ObjectEvent) -> Result<(), Retry> {
        let bucket = event.bucket();
        if bucket != self.config.bucket {
            tracing::warn!(ignored = "other-bucket", bucket, "ignored an event of another bucket");
            return Ok(());
        }
        match event {
            ObjectEvent::Created(created) => self.object_created(created).await,
            ObjectEvent::Scanned(scan) => self.object_scanned(scan).await,
        }
    }

    async fn object_created(&self, created: &ObjectCreated) -> Result<(), Retry> {
        let key = &created.key;
        let Some((observed, sniffed)) = look::look_at(&self.objects, key, created.version.as_deref()).await? else {
            return self.version_deleted(key, created.version.as_deref(), None).await;
        };
        let decision = decide::from_content(&self.config.policy, created, &observed, sniffed, (self.env.now)());
        let record = write::write(&self.records, decision).await?;
        // Before the version is removed: a repeated completion finds the object or the closed session.
        multipart::complete_arrived(&self.records, key, &observed, (self.env.now)()).await?;
        self.settle(key, &observed, &record).await
    }

    async fn object_scanned(&self, scan: &ObjectScanned) -> Result<(), Retry> {
        let (key, now) = (&scan.key, self.env.now);
        let Some(observed) = self.objects.head(key, scan.version.as_deref()).await? else {
            let scanned = scan.version.as_deref().map(|version| decide::from_scan(scan, version, now()));
            return self.version_deleted(key, scan.version.as_deref(), scanned.as_ref()).await;
        };
        let upload = key.id();
        // Scanners scan every object of a bucket.
        if !decide::scan_required(&self.config.policy, key, &observed) {
            tracing::info!(ignored = "unwanted-scan", %upload, "ignored a scan result: the upload needs no scan");
            return Ok(());
        }
        let scanned = decide::from_scan(scan, &observed.version, now());
        let decision = Decision::Pending(Pending::Scan(scanned.clone()));
        let record = write::write(&self.records, decision).await?;
        if decide::is_late_threat(&record, &scanned) {
            // A metric filter of the template counts lines with this field, and an alarm notifies the operator.
            tracing::error!(%upload, late_threat = scan.detail, "the scan of an accepted upload is not clean");
        }
        self.settle(key, &observed, &record).await
    }

    /// An event arrived about a version that no longer exists.
    async fn version_deleted(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
        scanned: Option<&Scanned>,
    ) -> Result<(), Retry> {
        tracing::info!(upload = %key.id(), "the version no longer exists");
        let Some(version) = version else { return Ok(()) };
        let Some(Record::Pending(pending)) = self.records.get(key.id()).await? else { return Ok(()) };
        if let Some(deleted) = decide::for_deleted_version(pending, version, scanned) {
            write::end_pending(&self.records, key, deleted, (self.env.now)()).await?;
        }
        Ok(())
    }

    async fn settle(&self, key: &ObjectKey, observed: &ObservedObject, record: &Record) -> Result<(), Retry> {
        let disposition = decide::disposition(&self.config.policy, record, observed);
        Ok(settle::settle(&self.objects, key, &observed.version, disposition).await?)
    }
}

/// Logs what is ignored and what is unreadable. Returns the first reason why something is unreadable.
///
/// The DLQ keeps the id of an unreadable message, and an operator finds the reason in the log by that id.
fn log_contents(contents: &Contents, message: &str) -> Option<&'static str> {
    for ignored in &contents.ignored {
        // A metric filter of the template counts lines with this field.
        tracing::info!(ignored = ignored.as_str(), message, "ignored an event");
    }
    for unreadable in &contents.unreadable {
        tracing::error!(unreadable, message, "unreadable event");
    }
    contents.unreadable.first().copied()
}

fn log_failure(event: &ObjectEvent, error: &Retry) {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    tracing::error!(key = %event.key(), %error, cause, "event failed and must be delivered again");
}

#[cfg(test)]
mod tests;
