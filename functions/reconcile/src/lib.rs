//! Finishes what nobody came back for.
//!
//! (`lib.rs` is what cargo-lambda's template calls `event_handler.rs`.)
//!
//! - **Events**: a schedule's, whatever it says; and completions through SQS that take longer than a request
//! - **Environment**: `BUCKET`, `TABLE`, `QUEUE_URL`, `POLICY`, `RECONCILE_DAYS`, `RECONCILE_GRACE`,
//!   `RECONCILE_ORPHAN_AGE`
//! - **IAM**: `dynamodb:Query` for the sessions that are due, `dynamodb:GetItem`, `dynamodb:PutItem` and
//!   `dynamodb:UpdateItem` to move them on, `dynamodb:BatchGetItem` to tell what has a session or a record;
//!   `s3:ListBucketMultipartUploads`, `s3:ListMultipartUploadParts` and `s3:AbortMultipartUpload` for what was left
//!   behind; `s3:PutObject`, `s3:GetObject` and `s3:ListBucket` to finish a completion; `s3:ListBucketVersions` for
//!   objects without a verdict, `sqs:SendMessage` to have them judged, `s3:DeleteObjectVersion` to finish deletions
//!
//! Its work grows with what is stale, with the uploads in parts that took long, and with the window of days, not with
//! the bucket. Every step may be the last one: the next run finds what is missing.

mod halves;
mod handed_over;
mod orphans;
mod pass;
mod report;
mod sessions;
mod unjudged;

use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde_json::Value;
use shared::ambient::Ambient;
use shared::config::Config;
use shared::multipart::{Fault, Multipart};
use shared::objects::Objects;
use shared::objects::inventory::Inventory;
use shared::objects::multipart::MultipartUploads;
use shared::queue::{Queue, QueueError};
use shared::records::census::Census;
use shared::records::sessions::Sessions;
use shared::records::{RecordsError, UploadRecords};
use shared::telemetry;
use tokio::time::Instant;

use pass::{Pass, Work};
use report::{Count, Report};

/// What reconciling needs.
pub struct Deps<R, O, Q> {
    /// Bucket and policy.
    pub config: Config,
    /// The table.
    pub records: R,
    /// The bucket.
    pub objects: O,
    /// Where events of S3 go.
    pub events: Q,
    /// Clock and randomness.
    pub ambient: Ambient,
}

/// A table, as far as reconciling needs it.
pub trait Table: Sessions + Census + UploadRecords {}
impl<T: Sessions + Census + UploadRecords> Table for T {}

/// A bucket, as far as reconciling needs it.
pub trait Bucket: Objects + MultipartUploads + Inventory {}
impl<T: Objects + MultipartUploads + Inventory> Bucket for T {}

/// How much is done side by side: each is a few waits on S3 and the table.
const SIDE_BY_SIDE: usize = 16;

/// What is left of an invocation's time for noting how far it came.
const MARGIN: Duration = Duration::from_secs(20);

/// Something could not be done; the next run tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} thing(s) could not be done and are left to the next run")]
pub struct Unfinished(u64);

/// What Lambda reports as the kind of failure.
impl From<Unfinished> for Diagnostic {
    fn from(unfinished: Unfinished) -> Self {
        Self { error_type: "Unfinished".to_owned(), error_message: unfinished.to_string() }
    }
}

/// A fault that ends one piece of work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The table or the bucket.
    #[error(transparent)]
    Behind(#[from] Fault),
    /// The queue.
    #[error(transparent)]
    Events(#[from] QueueError),
}

impl From<RecordsError> for Trouble {
    fn from(error: RecordsError) -> Self {
        Self::Behind(error.into())
    }
}

/// How long there is.
pub(crate) struct Time<'a> {
    /// When to stop.
    until: Instant,
    /// Whether there is still time for one thing more.
    left: &'a (dyn Fn() -> bool + Sync),
}

impl Time<'_> {
    fn is_up(&self) -> bool {
        !(self.left)()
    }
}

/// Looks after everything that is due, as far as the time goes; or after the one completion that was handed over.
///
/// # Errors
/// [`Unfinished`] when something could not be done; everything else was done all the same.
pub async fn handle<R: Table, O: Bucket, Q: Queue>(
    deps: &Deps<R, O, Q>,
    event: &Value,
    deadline: SystemTime,
) -> Result<Value, Unfinished> {
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    let until = Instant::now() + left.saturating_sub(MARGIN);
    if handed_over::is_batch(event) {
        return handed_over::finish(deps, event, until).await;
    }
    let report = run(deps, &Time { until, left: &|| Instant::now() < until }).await;
    telemetry::metrics(&report.metrics(&deps.config.bucket, (deps.ambient.now)()));
    tracing::info!(report = %report.json(), "reconciled");
    match report.count(Count::Failures) {
        0 => Ok(report.json()),
        failures => Err(Unfinished(failures)),
    }
}

async fn run<R: Table, O: Bucket, Q: Queue>(deps: &Deps<R, O, Q>, time: &Time<'_>) -> Report {
    let mut report = sessions::settle_due(deps, time).await;
    match go_on(deps, time).await {
        Ok(more) => report += more,
        Err(error) => report += failure(&error, "the bookmark"),
    }
    report
}

/// Goes on with the walk through the bucket where the last run stopped, or begins another.
async fn go_on<R: Table, O: Bucket, Q: Queue>(deps: &Deps<R, O, Q>, time: &Time<'_>) -> Result<Report, Fault> {
    if time.is_up() {
        return Ok(Report::default());
    }
    let bookmark = deps.records.bookmark().await?.unwrap_or_default();
    let now = (deps.ambient.now)();
    let last = Pass::read(&bookmark.text);
    let mut pass = match last {
        Some(unfinished) if !unfinished.left.is_empty() => unfinished,
        last => Pass::new(last.and_then(|whole| whole.since), now, deps.config.reconcile.days),
    };
    let work = std::mem::take(&mut pass.left);
    let since = pass.since;
    let done: Vec<(Report, Option<Work>)> =
        stream::iter(work).map(|work| piece(deps, time, work, since)).buffer_unordered(SIDE_BY_SIDE).collect().await;
    let mut report = Report::default();
    for (more, left) in done {
        report += more;
        pass.left.extend(left);
    }
    report += Report::of(Count::PiecesLeft, pass.left.len() as u64);
    pass.sound &= report.count(Count::Failures) == 0;
    // After a failure the next pass looks at the same stretch of time again.
    if pass.left.is_empty() && pass.sound {
        pass.since = Some(pass.began);
    }
    deps.records.keep(&pass.bookmark(&bookmark)).await?;
    Ok(report)
}

/// One piece of the walk, and what is left of it when the time is up.
async fn piece<R: Table, O: Bucket, Q: Queue>(
    deps: &Deps<R, O, Q>,
    time: &Time<'_>,
    work: Work,
    since: Option<Timestamp>,
) -> (Report, Option<Work>) {
    let mut report = Report::default();
    let mut next = Some(work);
    while let Some(work) = next.take() {
        if time.is_up() {
            return (report, Some(work));
        }
        let step = match &work {
            Work::Uploads(after) => orphans::page(deps, after.clone()).await,
            Work::Objects(prefix, after) => unjudged::page(deps, prefix, after.clone(), since).await,
        };
        match step {
            Ok((more, after)) => {
                report += more;
                next = after.map(|after| work.from(after));
            }
            Err(error) => report += failure(&error, "a page of the bucket"),
        }
    }
    (report, None)
}

impl<R, O, Q> Deps<R, O, Q> {
    fn multipart(&self) -> Multipart<'_, R, O> {
        Multipart { sessions: &self.records, store: &self.objects, now: self.ambient.now }
    }
}

/// Notes what went wrong; the next run does it again.
fn failure(error: &dyn std::error::Error, what: &str) -> Report {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    tracing::error!(%error, cause, what, "left to the next run");
    Report::of(Count::Failures, 1)
}

#[cfg(test)]
mod tests;
