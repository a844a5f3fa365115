//! How far a walk through the bucket has come. A walk may take several runs.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lambda_http_kit::config::ReconcileConfig;
use policy::key::KEY_SHARDS;
use serde::{Deserialize, Serialize};
use uploads_core::ports::due_index::Checkpoint;

use crate::check_times::CheckWindow;

/// The last key of a page, and the upload id or version at that key. The next page starts after it.
pub(crate) type PageMarker = (String, String);

/// A listing of the bucket, from the marker on. Serialised names are short, because a checkpoint may hold thousands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BucketListing {
    /// All multipart uploads in progress.
    #[serde(rename = "u")]
    MultipartUploads(Option<PageMarker>),
    /// The object versions of one day in one of the [`KEY_SHARDS`].
    #[serde(rename = "o")]
    Objects(Date, u8, Option<PageMarker>),
}

impl BucketListing {
    /// The same listing, from `marker` on.
    pub(crate) fn after(self, marker: PageMarker) -> Self {
        match self {
            Self::MultipartUploads(_) => Self::MultipartUploads(Some(marker)),
            Self::Objects(day, shard, _) => Self::Objects(day, shard, Some(marker)),
        }
    }
}

/// The state of the current walk, as the checkpoint stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WalkProgress {
    /// When the last walk without a failure started. Set to this walk's own start once it ends without a failure.
    #[serde(rename = "since", default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_walk: Option<Timestamp>,
    /// When this walk started.
    #[serde(rename = "began")]
    pub(crate) started_at: Timestamp,
    /// Whether every step of this walk has succeeded so far.
    #[serde(rename = "sound")]
    pub(crate) without_failure: bool,
    /// The listings that are not finished.
    #[serde(rename = "left")]
    pub(crate) remaining: Vec<BucketListing>,
}

impl WalkProgress {
    /// A new walk over all multipart uploads, and over those of the last `config.days` days that may have a check due.
    pub(crate) fn new(last_walk: Option<Timestamp>, now: Timestamp, config: &ReconcileConfig) -> Self {
        let mut remaining = vec![BucketListing::MultipartUploads(None)];
        for days_ago in 0..config.days {
            let time = now.checked_sub(SignedDuration::from_hours(24 * i64::from(days_ago)));
            let day = time.expect("the window is at most 30 days").to_zoned(TimeZone::UTC).date();
            if CheckWindow::of(day, last_walk, now, config).may_have_checks(day, config) {
                remaining.extend((0..KEY_SHARDS).map(|shard| BucketListing::Objects(day, shard, None)));
            }
        }
        Self { last_walk, started_at: now, without_failure: true, remaining }
    }

    /// Reads a checkpoint; `None` if another version of Sluice wrote it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The checkpoint that follows `last`.
    pub(crate) fn checkpoint(&self, last: &Checkpoint) -> Checkpoint {
        let text = serde_json::to_string(self).expect("strings, numbers and times serialise");
        Checkpoint { revision: last.revision.saturating_add(1), text }
    }
}
