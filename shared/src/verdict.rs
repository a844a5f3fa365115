//! The verdict: what was granted against what arrived.

use crate::grant::{METADATA_HEADER, NotAGrant};
use crate::key::ObjectKey;
use crate::policy::Grant;
use crate::size::ByteSize;
use crate::sniff::{FindingCode, Sniffed};
use crate::upload::{Note, Outcome};

/// What S3 says about one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The version.
    pub version: String,
    /// Its size.
    pub size: ByteSize,
    /// The stored content type.
    pub content_type: Option<String>,
    /// The grant that its metadata carries.
    pub grant: Result<Grant, NotAGrant>,
    /// The checksums that S3 stored, `algorithm:base64`, each algorithm at most once.
    pub checksums: Vec<String>,
    /// Headers and metadata that no grant of ours writes, by name.
    pub strays: Vec<String>,
}

/// A verdict with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The verdict in one word.
    pub outcome: Outcome,
    /// Why it was rejected; empty when accepted.
    pub reasons: Vec<Note>,
    /// What else was noticed.
    pub findings: Vec<Note>,
}

/// Reasons to reject; each is a stable code of `docs/CONTRACT.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No bytes at all.
    Empty,
    /// Another size than was granted.
    SizeMismatch,
    /// The bytes are not of the declared type.
    ContentMismatch,
    /// The file ends too early.
    Truncated,
    /// The store holds another content type than was granted.
    TypeAltered,
    /// Another checksum than was granted.
    ChecksumMismatch,
    /// No grant of ours wrote this object.
    NotGranted,
    /// Headers or metadata that no grant writes.
    StrayMetadata,
}

impl Reason {
    /// Every reason, in the order of the documents.
    pub const ALL: [Self; 8] = [
        Self::Empty,
        Self::SizeMismatch,
        Self::ContentMismatch,
        Self::Truncated,
        Self::TypeAltered,
        Self::ChecksumMismatch,
        Self::NotGranted,
        Self::StrayMetadata,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::SizeMismatch => "size-mismatch",
            Self::ContentMismatch => "content-mismatch",
            Self::Truncated => "truncated",
            Self::TypeAltered => "type-altered",
            Self::ChecksumMismatch => "checksum-mismatch",
            Self::NotGranted => "not-granted",
            Self::StrayMetadata => "stray-metadata",
        }
    }
}

/// Judges what arrived at `key`.
#[must_use]
pub fn inspect(key: &ObjectKey, observed: &Observed, sniffed: &Sniffed) -> Verdict {
    let mut reasons = Vec::new();
    let mut reject = |reason: Reason, detail: String| reasons.push(Note { code: reason.code().to_owned(), detail });

    for finding in &sniffed.findings {
        let reason = match finding.code {
            FindingCode::Empty => Reason::Empty,
            FindingCode::Truncated => Reason::Truncated,
        };
        reject(reason, finding.detail.clone());
    }
    if !observed.strays.is_empty() {
        reject(Reason::StrayMetadata, format!("the object carries {}", observed.strays.join(", ")));
    }
    match &observed.grant {
        Ok(grant) if grant.owner == *key.owner() => compare(grant, observed, sniffed, &mut reject),
        Ok(_) => reject(Reason::NotGranted, "its grant names another owner".to_owned()),
        Err(NotAGrant) => reject(Reason::NotGranted, format!("it carries no readable {METADATA_HEADER}")),
    }
    let outcome = if reasons.is_empty() { Outcome::Accepted } else { Outcome::Rejected };
    Verdict { outcome, reasons, findings: Vec::new() }
}

fn compare(grant: &Grant, observed: &Observed, sniffed: &Sniffed, reject: &mut impl FnMut(Reason, String)) {
    if !grant.size.allows(observed.size) {
        reject(Reason::SizeMismatch, format!("{} arrived, which is not what was granted", observed.size));
    }
    if observed.content_type.as_deref() != Some(grant.content_type.as_str()) {
        reject(Reason::TypeAltered, format!("the store holds another type than {}", grant.content_type));
    }
    if let Some(declared) = &grant.checksum
        && !observed.checksums.contains(&declared.to_string())
    {
        reject(Reason::ChecksumMismatch, format!("the stored {} is another", declared.algorithm().name()));
    }
    if observed.size > ByteSize::ZERO && !sniffed.agrees_with(&grant.content_type) {
        let (found, declared) = (&sniffed.media_type, &grant.content_type);
        reject(Reason::ContentMismatch, format!("the bytes are {found}, declared was {declared}"));
    }
}

#[cfg(test)]
mod tests;
