//! What is remembered of an upload, and how that may change.
//!
//! ```text
//! (nothing) ──────────────verdict──────────────► accepted | rejected ──delete──► deleting ──► deleted
//!     ├──content is fine──► scanning ──scan────────────▲                            ▲
//!     ├──scan─────────────► scanned ───content─────────┘                            │
//!     └─────────────────────────────delete──────────────────────────────────────────┘  (from every state)
//! ```
//! The first verdict for an id is final, and a tombstone is for ever.
//!
//! The middle two lines are for classes that want a malware scan. Two writers, in either order, each with conditional
//! writes on the one item: whoever comes first leaves its half there ([`Pending`]), whoever comes second finds it and
//! concludes. The half names its version, and so pins the upload to it: of several versions the first that either
//! writer speaks of is the upload. Seen from outside all of that is `validating` (`docs/decisions/0015`).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::key::ObjectKey;
use crate::size::ByteSize;
use crate::verdict::Reason;

/// What the table holds about one upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The validator has spoken.
    Validated(Box<ValidatedUpload>),
    /// One of two conditions is met; seen from outside there is no verdict yet.
    Pending(Pending),
    /// The owner deleted it; versions may still be there.
    Deleting(ObjectKey),
    /// The owner deleted it, and every version that was there is gone.
    Deleted(ObjectKey),
}

impl Record {
    /// Whose upload it is and where.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        match self {
            Self::Validated(validated) => &validated.key,
            Self::Pending(pending) => pending.key(),
            Self::Deleting(key) | Self::Deleted(key) => key,
        }
    }
}

/// An upload with its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatedUpload {
    /// Where it lies.
    pub key: ObjectKey,
    /// The bucket.
    pub bucket: String,
    /// The one version that was validated.
    pub version: String,
    /// The event's place in this key's history, normalised; see [`normalised_sequencer`].
    pub sequencer: Option<String>,
    /// The verdict.
    pub outcome: Outcome,
    /// Why it was rejected; empty when accepted.
    pub reasons: Vec<Note>,
    /// What else was noticed.
    pub findings: Vec<Note>,
    /// What was granted; `None` for an object that no grant of ours wrote.
    pub granted: Option<Granted>,
    /// The size of what arrived.
    pub size: ByteSize,
    /// The type of what arrived, as its bytes tell.
    pub content_type: String,
    /// The checksum that S3 stored, `algorithm:base64`.
    pub checksum: Option<String>,
    /// When the verdict was found.
    pub judged_at: Timestamp,
}

/// The part of a grant that is kept with the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The class whose rules applied.
    pub class: String,
    /// What the user calls it.
    pub filename: String,
    /// The size that was declared; a form may not have declared one.
    pub size: Option<ByteSize>,
    /// The type that was declared.
    pub content_type: String,
    /// The caller's own facts.
    pub metadata: BTreeMap<String, String>,
    /// The edition of the policy.
    pub policy_hash: String,
}

/// One half of a verdict, waiting for the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pending {
    /// The content is fine; this is the verdict if the scan is clean.
    Content(Box<ValidatedUpload>),
    /// The scan is in; the content was not looked at yet.
    Scan(Scanned),
}

impl Pending {
    /// Whose upload it is and where.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        match self {
            Self::Content(validated) => &validated.key,
            Self::Scan(scanned) => &scanned.key,
        }
    }

    /// The one version that it is about.
    #[must_use]
    pub fn version(&self) -> &str {
        match self {
            Self::Content(validated) => &validated.version,
            Self::Scan(scanned) => &scanned.version,
        }
    }

    /// Whether it is a scan that found something, or could not look.
    #[must_use]
    pub fn is_worse_than_clean(&self) -> bool {
        matches!(self, Self::Scan(scanned) if scanned.result != ScanResult::Clean)
    }

    /// When somebody has to ask for the other half, or for a verdict without it.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        let (since, patience) = match self {
            Self::Content(validated) => (validated.judged_at, SCAN_TIMEOUT),
            Self::Scan(scanned) => (scanned.scanned_at, PENDING_TIMEOUT),
        };
        since.checked_add(patience).unwrap_or(Timestamp::MAX)
    }
}

/// What a malware scanner said of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// Where it lies.
    pub key: ObjectKey,
    /// The bucket.
    pub bucket: String,
    /// The one version that was scanned.
    pub version: String,
    /// What was found.
    pub result: ScanResult,
    /// The scanner's own words.
    pub detail: String,
    /// When we heard of it.
    pub scanned_at: Timestamp,
}

/// The outcome of a scan. That something could not be scanned is an outcome of its own, and never a clean one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanResult {
    /// Nothing was found.
    Clean,
    /// Something was.
    Threat,
    /// The scanner could not look.
    Unscannable,
}

/// What content and scan come to together.
#[must_use]
pub fn combine_with_scan(content: ValidatedUpload, scan: &Scanned, now: Timestamp) -> ValidatedUpload {
    match scan.result {
        ScanResult::Clean => ValidatedUpload { judged_at: now, ..content },
        ScanResult::Threat => refused(content, Reason::ThreatFound, &scan.detail, now),
        ScanResult::Unscannable => refused(content, Reason::Unscannable, &scan.detail, now),
    }
}

/// How long a verdict waits for its scan. `GuardDuty` takes minutes.
const SCAN_TIMEOUT: SignedDuration = SignedDuration::from_hours(24);

/// How long a scan waits for the content to be looked at, and a tombstone for the last version to go: far longer than a
/// queue that is behind, or a caller who asks again.
const PENDING_TIMEOUT: SignedDuration = SignedDuration::from_mins(15);

/// When somebody has to look after a deletion that began at `now`, unless it is done by then.
#[must_use]
pub fn deletion_due(now: Timestamp) -> Timestamp {
    now.checked_add(PENDING_TIMEOUT).unwrap_or(Timestamp::MAX)
}

/// The verdict on content whose scan never came; `None` while it still may.
#[must_use]
pub fn scan_timed_out(content: &ValidatedUpload, now: Timestamp) -> Option<ValidatedUpload> {
    let waited = now.duration_since(content.judged_at);
    let why = "no scanner spoke within 24 hours";
    (waited >= SCAN_TIMEOUT).then(|| refused(content.clone(), Reason::NotScanned, why, now))
}

fn refused(content: ValidatedUpload, reason: Reason, detail: &str, now: Timestamp) -> ValidatedUpload {
    let note = Note { code: reason.code().to_owned(), detail: detail.to_owned() };
    let reasons = content.reasons.into_iter().chain([note]).collect();
    ValidatedUpload { outcome: Outcome::Rejected, reasons, judged_at: now, ..content }
}

/// A verdict in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It may be served.
    Accepted,
    /// It is never served.
    Rejected,
}

/// A code with a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A stable code of `docs/CONTRACT.md`.
    pub code: String,
    /// The sentence.
    pub detail: String,
}

/// What to do with a version whose id has a record already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionDisposition {
    /// It is the one that was accepted, that waits for its verdict, or that a class keeps although rejected.
    Keep,
    /// It must go: rejected, deleted, or a replay of a grant that is used up.
    Delete,
    /// Somebody with rights of their own wrote over an accepted upload: counted and left alone.
    Foreign,
}

/// Decides about `version` of an upload that has a `record`.
///
/// `ours` says whether a grant of ours wrote the version; `keep` whether the class keeps rejected ones.
#[must_use]
pub fn disposition(record: &Record, version: &str, ours: bool, keep: bool) -> VersionDisposition {
    match record {
        Record::Deleting(_) | Record::Deleted(_) => VersionDisposition::Delete,
        Record::Pending(pending) if pending.version() == version => VersionDisposition::Keep,
        Record::Pending(_) if ours => VersionDisposition::Delete,
        Record::Pending(_) => VersionDisposition::Foreign,
        Record::Validated(validated) => match (validated.outcome, validated.version == version) {
            (Outcome::Accepted, true) => VersionDisposition::Keep,
            (Outcome::Rejected, true) if keep => VersionDisposition::Keep,
            (Outcome::Rejected, _) => VersionDisposition::Delete,
            (Outcome::Accepted, false) if ours => VersionDisposition::Delete,
            (Outcome::Accepted, false) => VersionDisposition::Foreign,
        },
    }
}

/// How wide a normalised sequencer is. Seen: 16 and 18 digits; the rest is room.
const SEQUENCER_WIDTH: usize = 32;

/// A sequencer that compares as text: lower case, padded with zeros on the right, as AWS says to compare two
/// of different length (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>,
/// read 2026-11). `None` for a text that is no sequencer.
#[must_use]
pub fn normalised_sequencer(text: &str) -> Option<String> {
    let hex = !text.is_empty() && text.len() <= SEQUENCER_WIDTH && text.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| format!("{:0<SEQUENCER_WIDTH$}", text.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests;
