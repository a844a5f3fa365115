//! What a run did, as counts.

use std::error::Error;
use std::ops::{Add, AddAssign};

use jiff::Timestamp;
use serde_json::{Value, json};
use uploads_core::multipart::{BackendError, SessionProblem};

macro_rules! metrics {
    ($($(#[doc = $doc:literal])* $name:ident: $unit:ident,)*) => {
        /// The metrics of a run, published under these names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Metric {
            $($(#[doc = $doc])* $name,)*
        }

        impl Metric {
            /// Every metric, in the order of the variants.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The unit, as `CloudWatch` spells it.
            fn unit(self) -> &'static str {
                match self { $(Self::$name => stringify!($unit),)* }
            }
        }
    };
}

metrics! {
    /// Sessions that reached their deadline and were closed.
    SessionsExpired: Count,
    /// Ended sessions of which S3 still had an upload.
    SessionsCleanedUp: Count,
    /// Interrupted completions that were finished.
    SessionsCompleted: Count,
    /// Interrupted completions that failed: their sessions are open again.
    SessionsReopened: Count,
    /// Completions that S3 has not finished yet.
    SessionsCompleting: Count,
    /// Sessions without a declared size whose parts were added up.
    SessionsMeasured: Count,
    /// The measured sessions above their limit, which were aborted.
    SessionsAboveLimit: Count,
    /// Interrupted deletions that were finished.
    DeletionsFinished: Count,
    /// Multipart uploads that S3 listed, including those that this run aborted.
    UploadsInProgress: Count,
    /// Old multipart uploads without a session, which were aborted.
    UploadsAborted: Count,
    /// The size of the parts that were deleted.
    BytesFreed: Bytes,
    /// Versions without a final verdict that were sent to the validator again.
    ObjectsRequeued: Count,
    /// The size of the requeued versions that a listing found.
    BytesRequeued: Bytes,
    /// Verdicts and deletions that are announced again, because the stream may have lost them.
    AnnouncementsRepeated: Count,
    /// Listings of the bucket that the next run continues.
    ListingsLeft: Count,
    /// Steps that failed.
    Failures: Count,
}

/// The value of each [`Metric`] after one step, or after a whole run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Report([u64; Metric::ALL.len()]);

impl Report {
    /// A report of one metric.
    pub(crate) fn of(metric: Metric, value: u64) -> Self {
        Self::default().and(metric, value)
    }

    /// This report with `value` added to `metric`.
    pub(crate) fn and(mut self, metric: Metric, value: u64) -> Self {
        self.increase(metric, value);
        self
    }

    /// Logs why a step failed. The next run repeats the step.
    pub(crate) fn failure(error: &dyn Error, step: &str) -> Self {
        tracing::error!(%error, cause = cause(error), step, "a step failed; the next run retries it");
        Self::of(Metric::Failures, 1)
    }

    /// This report if the session took the step. An empty one if the session has changed meanwhile and refused it.
    ///
    /// # Errors
    /// When table, bucket or queue did not answer.
    pub(crate) fn if_applied<T>(self, outcome: Result<T, SessionProblem>) -> Result<Self, BackendError> {
        match outcome {
            Ok(_) => Ok(self),
            Err(SessionProblem::Backend(error)) => Err(error),
            Err(
                SessionProblem::NotFound
                | SessionProblem::Closed
                | SessionProblem::Completing
                | SessionProblem::Completed
                | SessionProblem::Parts(_)
                | SessionProblem::Recreated
                | SessionProblem::KeyTaken
                | SessionProblem::TooMany { .. }
                | SessionProblem::ChecksumTypeUnsupported { .. }
                | SessionProblem::ObjectMismatch(_),
            ) => Ok(Self::default()),
        }
    }

    fn increase(&mut self, metric: Metric, value: u64) {
        let sum = &mut self.0[metric as usize];
        *sum = sum.saturating_add(value);
    }

    pub(crate) fn value(&self, metric: Metric) -> u64 {
        self.0[metric as usize]
    }

    /// Every value by its metric's name.
    pub(crate) fn json(&self) -> Value {
        Metric::ALL.iter().map(|metric| (metric.name().to_owned(), json!(self.value(*metric)))).collect()
    }

    /// The report in the embedded metric format, which `CloudWatch` reads from the log; `None` if every value is 0. Only
    /// other values become metrics, because each metric costs money from its first value in a month
    /// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>,
    /// read 2026-11).
    pub(crate) fn embedded_metrics(&self, bucket: &str, now: Timestamp) -> Option<Value> {
        let definitions: Vec<Value> = Metric::ALL
            .iter()
            .filter(|metric| self.value(**metric) > 0)
            .map(|metric| json!({ "Name": metric.name(), "Unit": metric.unit() }))
            .collect();
        if definitions.is_empty() {
            return None;
        }
        let directive = json!({ "Namespace": "Sluice", "Dimensions": [["Bucket"]], "Metrics": definitions });
        let mut line = self.json();
        line["Bucket"] = json!(bucket);
        line["_aws"] = json!({ "Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive] });
        Some(line)
    }
}

impl Add for Report {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl AddAssign for Report {
    fn add_assign(&mut self, other: Self) {
        for metric in Metric::ALL {
            self.increase(*metric, other.value(*metric));
        }
    }
}

/// The error behind `error`, such as the SDK's; empty if there is none.
pub(crate) fn cause(error: &dyn Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
