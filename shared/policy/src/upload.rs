//! The record of an upload in the table, and its transitions.
//!
//! ```text
//! no record ──────────────verdict──────────────► accepted | rejected ──delete──► deleting ──► deleted
//!     ├──content passes───► scanning ──scan────────────▲                            ▲
//!     ├──scan─────────────► scanned ───content─────────┘                            │
//!     └─────────────────────────────delete──────────────────────────────────────────┘  (from every state)
//! ```
//! The first verdict for an id is final. A tombstone is permanent.
//!
//! `scanning` and `scanned` exist only in classes that require a malware scan. The content check and the scan result
//! arrive in either order. The first one writes a [`Pending`] record, and the second one writes the verdict. A pending
//! record contains the version id, so the verdict is about the version that was checked or scanned first. Callers see
//! the status `validating` until the verdict (`docs/decisions/0015`).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::key::ObjectKey;
use crate::reason::Reason;
use crate::size::ByteSize;

/// The record of one upload in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// It has a verdict.
    Validated(Box<ValidatedUpload>),
    /// It has a pending verdict: the content check or the scan result is missing.
    Pending(Pending),
    /// The owner deleted it: the tombstone is written, and S3 may still have versions.
    Deleting(ObjectKey),
    /// The owner deleted it, and every version is deleted.
    Deleted(ObjectKey),
}

impl Record {
    /// The object key, with owner and id.
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
    /// The object key, with owner and id.
    pub key: ObjectKey,
    /// The name of the bucket.
    pub bucket: String,
    /// The id of the version that was validated.
    pub version: String,
    /// The order of the event among those of this key, from [`normalised_sequencer`]; `None` if the event has none.
    pub sequencer: Option<String>,
    /// Accepted or rejected.
    pub outcome: Outcome,
    /// Why it was rejected; empty if accepted.
    pub reasons: Vec<Note>,
    /// Findings that the class flags.
    pub findings: Vec<Note>,
    /// The facts of the grant; `None` for an object without a readable grant.
    pub granted: Option<Granted>,
    /// The size of the object.
    pub size: ByteSize,
    /// The type that the sniffer found in the bytes.
    pub content_type: String,
    /// The checksum that S3 stored, as `algorithm:base64`.
    pub checksum: Option<String>,
    /// When the validator decided.
    pub judged_at: Timestamp,
}

/// The facts of a grant that a verdict keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The class.
    pub class: String,
    /// The name on the user's device.
    pub filename: String,
    /// The declared size; `None` for a grant of a range.
    pub size: Option<ByteSize>,
    /// The granted type.
    pub content_type: String,
    /// The type that the client declared; `None` if it declared none.
    pub declared_type: Option<String>,
    /// The caller's own metadata, by name.
    pub metadata: BTreeMap<String, String>,
    /// The hash of the policy that granted it.
    pub policy_hash: String,
}

/// A pending verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pending {
    /// The content check passed and the scan result is missing. This is the verdict if the scan finds nothing.
    Content(Box<ValidatedUpload>),
    /// The scan result arrived and the content is not checked yet.
    Scan(Scanned),
}

impl Pending {
    /// The object key, with owner and id.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        match self {
            Self::Content(validated) => &validated.key,
            Self::Scan(scanned) => &scanned.key,
        }
    }

    /// The id of the version that was checked or scanned.
    #[must_use]
    pub fn version(&self) -> &str {
        match self {
            Self::Content(validated) => &validated.version,
            Self::Scan(scanned) => &scanned.version,
        }
    }

    /// Whether it is a scan result other than [`ScanResult::Clean`].
    #[must_use]
    pub fn is_worse_than_clean(&self) -> bool {
        matches!(self, Self::Scan(scanned) if scanned.result != ScanResult::Clean)
    }

    /// When the reconciler must send the upload to the validator again.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        let (since, timeout) = match self {
            Self::Content(validated) => (validated.judged_at, SCAN_TIMEOUT),
            Self::Scan(scanned) => (scanned.scanned_at, PENDING_TIMEOUT),
        };
        since.checked_add(timeout).unwrap_or(Timestamp::MAX)
    }
}

/// The result of a malware scan of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// The object key, with owner and id.
    pub key: ObjectKey,
    /// The name of the bucket.
    pub bucket: String,
    /// The id of the version that was scanned.
    pub version: String,
    /// The result.
    pub result: ScanResult,
    /// The scanner's message.
    pub detail: String,
    /// When the event with the result arrived.
    pub scanned_at: Timestamp,
}

/// The result of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanResult {
    /// The scanner found nothing.
    Clean,
    /// The scanner found a threat.
    Threat,
    /// The scanner could not scan the object. An upload with this result is rejected.
    Unscannable,
}

/// The verdict on content that passed its check, with the scan result.
#[must_use]
pub fn combine_with_scan(content: ValidatedUpload, scan: &Scanned, now: Timestamp) -> ValidatedUpload {
    match scan.result {
        ScanResult::Clean => ValidatedUpload { judged_at: now, ..content },
        ScanResult::Threat => rejected(content, Reason::ThreatFound, &scan.detail, now),
        ScanResult::Unscannable => rejected(content, Reason::Unscannable, &scan.detail, now),
    }
}

/// How long a pending verdict waits for its scan result. `GuardDuty` needs minutes.
const SCAN_TIMEOUT: SignedDuration = SignedDuration::from_hours(24);

/// How long a scan result waits for the content check, and how long a deletion may take. This is far longer than a
/// delayed queue or a retry takes.
const PENDING_TIMEOUT: SignedDuration = SignedDuration::from_mins(15);

/// When the reconciler must finish a deletion that began at `now`.
#[must_use]
pub fn deletion_due(now: Timestamp) -> Timestamp {
    now.checked_add(PENDING_TIMEOUT).unwrap_or(Timestamp::MAX)
}

/// The verdict on content without a scan result; `None` before the time-out.
#[must_use]
pub fn scan_timed_out(content: &ValidatedUpload, now: Timestamp) -> Option<ValidatedUpload> {
    let waited = now.duration_since(content.judged_at);
    let detail = "no scan result arrived within 24 hours";
    (waited >= SCAN_TIMEOUT).then(|| rejected(content.clone(), Reason::NotScanned, detail, now))
}

fn rejected(content: ValidatedUpload, reason: Reason, detail: &str, now: Timestamp) -> ValidatedUpload {
    let note = Note { code: reason.code().to_owned(), detail: detail.to_owned() };
    let reasons = content.reasons.into_iter().chain([note]).collect();
    ValidatedUpload { outcome: Outcome::Rejected, reasons, judged_at: now, ..content }
}

/// The outcome of the validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The upload may be served.
    Accepted,
    /// The upload is never served.
    Rejected,
}

impl Outcome {
    /// The status in responses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// A reason or a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A stable code of `docs/CONTRACT.md`.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
}

/// What to do with a version of an upload that has a record already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionDisposition {
    /// Keep it: the version is accepted, has a pending verdict, or is rejected in a class that keeps rejected versions.
    Keep,
    /// Delete it: the version is rejected, its upload is deleted, or a grant was used a second time.
    Delete,
    /// Keep and count it: a writer without a grant has overwritten an accepted upload.
    Foreign,
}

/// What to do with `version` of an upload that has this `record`.
///
/// `has_grant`: the version has a readable grant. `keep_rejected`: the class keeps rejected versions.
#[must_use]
pub fn disposition(record: &Record, version: &str, has_grant: bool, keep_rejected: bool) -> VersionDisposition {
    match record {
        Record::Deleting(_) | Record::Deleted(_) => VersionDisposition::Delete,
        Record::Pending(pending) if pending.version() == version => VersionDisposition::Keep,
        Record::Pending(_) if has_grant => VersionDisposition::Delete,
        Record::Pending(_) => VersionDisposition::Foreign,
        Record::Validated(validated) => match (validated.outcome, validated.version == version) {
            (Outcome::Accepted, true) => VersionDisposition::Keep,
            (Outcome::Rejected, true) if keep_rejected => VersionDisposition::Keep,
            (Outcome::Rejected, _) => VersionDisposition::Delete,
            (Outcome::Accepted, false) if has_grant => VersionDisposition::Delete,
            (Outcome::Accepted, false) => VersionDisposition::Foreign,
        },
    }
}

/// The length of a normalised sequencer. S3 sent 16 and 18 digits so far.
const SEQUENCER_DIGITS: usize = 32;

/// A sequencer in a form that sorts as text: lower case, padded with zeros on the right. AWS documents this padding for
/// sequencers of different length
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>, read 2026-11).
/// `None` for a text that is not a sequencer.
#[must_use]
pub fn normalised_sequencer(text: &str) -> Option<String> {
    let is_valid = !text.is_empty() && text.len() <= SEQUENCER_DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_valid.then(|| format!("{:0<SEQUENCER_DIGITS$}", text.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests;
