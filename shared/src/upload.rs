//! What is remembered of an upload, and how that may change.
//!
//! ```text
//! (nothing) ──verdict──► accepted | rejected ──delete──► deleting ──► deleted
//!     └─────────────────────────delete───────────────────────▲
//! ```
//! The first verdict for an id is final, and a tombstone is for ever.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::key::ObjectKey;
use crate::size::ByteSize;

/// What the table holds about one upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The validator has spoken.
    Judged(Box<Judged>),
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
            Self::Judged(judged) => &judged.key,
            Self::Deleting(key) | Self::Deleted(key) => key,
        }
    }
}

/// An upload with its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Where it lies.
    pub key: ObjectKey,
    /// The bucket.
    pub bucket: String,
    /// The one version that was judged.
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
pub enum Newcomer {
    /// It is the one that was accepted, or that a class keeps although rejected: nothing to do.
    Settled,
    /// It must go: rejected, deleted, or a replay of a grant that is used up.
    Delete,
    /// Somebody with rights of their own wrote over an accepted upload: counted and left alone.
    Foreign,
}

/// Decides about `version` of an upload that has a `record`.
///
/// `ours` says whether a grant of ours wrote the version; `keep` whether the class keeps rejected ones.
#[must_use]
pub fn newcomer(record: &Record, version: &str, ours: bool, keep: bool) -> Newcomer {
    match record {
        Record::Deleting(_) | Record::Deleted(_) => Newcomer::Delete,
        Record::Judged(judged) => match (judged.outcome, judged.version == version) {
            (Outcome::Accepted, true) => Newcomer::Settled,
            (Outcome::Rejected, true) if keep => Newcomer::Settled,
            (Outcome::Rejected, _) => Newcomer::Delete,
            (Outcome::Accepted, false) if ours => Newcomer::Delete,
            (Outcome::Accepted, false) => Newcomer::Foreign,
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
