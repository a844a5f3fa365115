//! What was done, in figures.

use std::ops::{Add, AddAssign};

use jiff::Timestamp;
use serde_json::{Value, json};

macro_rules! counts {
    ($($variant:ident $name:literal $unit:literal $doc:literal,)*) => {
        /// What is counted. Each is a metric of that name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Count {
            $(#[doc = $doc] $variant,)*
        }

        impl Count {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)* }
            }
        }
    };
}

counts! {
    SessionsExpired "SessionsExpired" "Count" "Sessions that nobody used in time, closed.",
    SessionsSwept "SessionsSwept" "Count" "Sessions that were over, and of which S3 still held something.",
    SessionsCompleted "SessionsCompleted" "Count" "Completions that nobody was at any more, finished.",
    SessionsReopened "SessionsReopened" "Count" "Completions that nobody was at any more and that can't be finished as they are.",
    SessionsCompleting "SessionsCompleting" "Count" "Completions that S3 is still at.",
    SessionsSummed "SessionsSummed" "Count" "Sessions without a declared size, added up.",
    SessionsAboveLimit "SessionsAboveLimit" "Count" "Of these, given up.",
    DeletionsFinished "DeletionsFinished" "Count" "Deletions that nobody came back for, finished.",
    UploadsUnderWay "UploadsUnderWay" "Count" "Uploads in parts that S3 has under way, those that are aborted now included.",
    UploadsAborted "UploadsAborted" "Count" "Of these, old and of no session: aborted.",
    BytesFreed "BytesFreed" "Bytes" "What all of these held.",
    ObjectsRequeued "ObjectsRequeued" "Count" "Versions without a verdict, or with half of one, sent to the validator again.",
    BytesRequeued "BytesRequeued" "Bytes" "Their size.",
    PiecesLeft "PiecesLeft" "Count" "Pieces of the walk through the bucket that the next run goes on with.",
    Failures "Failures" "Count" "What could not be done.",
}

/// What one run did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Report([u64; Count::ALL.len()]);

impl Report {
    /// One figure.
    pub(crate) fn of(count: Count, figure: u64) -> Self {
        let mut report = Self::default();
        report.grow(count, figure);
        report
    }

    /// And another.
    pub(crate) fn and(mut self, count: Count, figure: u64) -> Self {
        self.grow(count, figure);
        self
    }

    fn grow(&mut self, count: Count, figure: u64) {
        if let Some(sum) = self.0.get_mut(count as usize) {
            *sum = sum.saturating_add(figure);
        }
    }

    /// A figure.
    pub(crate) fn count(&self, count: Count) -> u64 {
        self.0.get(count as usize).copied().unwrap_or_default()
    }

    /// Every figure by name.
    pub(crate) fn json(&self) -> Value {
        Count::ALL.iter().map(|count| (count.name().to_owned(), json!(self.count(*count)))).collect()
    }

    /// The figures as metrics, in the form that `CloudWatch` reads from a log
    /// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>,
    /// read 2026-11).
    pub(crate) fn metrics(&self, bucket: &str, now: Timestamp) -> Value {
        let kinds: Vec<Value> =
            Count::ALL.iter().map(|count| json!({ "Name": count.name(), "Unit": count.unit() })).collect();
        let directive = json!({ "Namespace": "Sluice", "Dimensions": [["Bucket"]], "Metrics": kinds });
        let mut line = self.json();
        line["Bucket"] = json!(bucket);
        line["_aws"] = json!({ "Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive] });
        line
    }
}

impl Add for Report {
    type Output = Self;

    fn add(mut self, more: Self) -> Self {
        self += more;
        self
    }
}

impl AddAssign for Report {
    fn add_assign(&mut self, more: Self) {
        for count in Count::ALL {
            self.grow(*count, more.count(*count));
        }
    }
}
