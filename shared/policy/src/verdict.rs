//! The verdict: what was granted against what arrived.

use crate::Grant;
use crate::content_rules::{ContentRules, apply_rules};
use crate::grant::{InvalidGrant, METADATA_HEADER};
use crate::key::ObjectKey;
use crate::parts::ETag;
use crate::size::ByteSize;
use crate::upload::{Note, Outcome};
use content_sniff::MediaType;
use content_sniff::Sniffed;

/// What S3 says about one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedObject {
    /// The version.
    pub version: String,
    /// Its size.
    pub size: ByteSize,
    /// What the store calls its content.
    pub etag: Option<ETag>,
    /// Which upload of its multipart session made it, if one did.
    pub generation: Option<u32>,
    /// The stored content type.
    pub content_type: Option<String>,
    /// The grant that its metadata carries.
    pub grant: Result<Grant, InvalidGrant>,
    /// The checksums that S3 stored, `algorithm:base64`, each algorithm at most once.
    pub checksums: Vec<String>,
    /// Headers and metadata that no grant of ours writes, by name.
    pub unexpected_metadata: Vec<String>,
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

/// Reasons to reject that lie outside the bytes; each is a stable code of `docs/CONTRACT.md`. What the bytes themselves
/// give away has the codes of [`content_sniff`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Another size than was granted.
    SizeMismatch,
    /// The store holds another content type than was granted.
    TypeAltered,
    /// Another checksum than was granted.
    ChecksumMismatch,
    /// No grant of ours wrote this object.
    NotGranted,
    /// Headers or metadata that no grant writes.
    UnexpectedMetadata,
    /// A malware scanner found something.
    ThreatFound,
    /// A malware scanner could not look, and the class wants it looked at.
    Unscannable,
    /// No malware scanner spoke in time, and the class wants one to.
    NotScanned,
}

impl Reason {
    /// Every reason, in the order of the documents.
    pub const ALL: [Self; 8] = [
        Self::SizeMismatch,
        Self::TypeAltered,
        Self::ChecksumMismatch,
        Self::NotGranted,
        Self::UnexpectedMetadata,
        Self::ThreatFound,
        Self::Unscannable,
        Self::NotScanned,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SizeMismatch => "size-mismatch",
            Self::TypeAltered => "type-altered",
            Self::ChecksumMismatch => "checksum-mismatch",
            Self::NotGranted => "not-granted",
            Self::UnexpectedMetadata => "unexpected-metadata",
            Self::ThreatFound => "threat-found",
            Self::Unscannable => "unscannable",
            Self::NotScanned => "not-scanned",
        }
    }
}

/// Judges what arrived at `key` by the content rules that hold today.
#[must_use]
pub fn inspect(key: &ObjectKey, observed: &ObservedObject, sniffed: &Sniffed, rules: &ContentRules) -> Verdict {
    let mut verdict = Verdict { outcome: Outcome::Accepted, reasons: Vec::new(), findings: Vec::new() };
    if !observed.unexpected_metadata.is_empty() {
        verdict.reject(
            Reason::UnexpectedMetadata,
            format!("the object carries {}", observed.unexpected_metadata.join(", ")),
        );
    }
    match &observed.grant {
        Ok(grant) if grant.owner == *key.owner() => {
            verdict.compare(grant, observed);
            let extension = grant.filename.extension();
            verdict.content(rules, &grant.content_type, extension.as_deref(), sniffed);
        }
        Ok(_) => verdict.reject(Reason::NotGranted, "its grant names another owner".to_owned()),
        Err(InvalidGrant) => verdict.reject(Reason::NotGranted, format!("it carries no readable {METADATA_HEADER}")),
    }
    if !verdict.reasons.is_empty() {
        verdict.outcome = Outcome::Rejected;
    }
    verdict
}

impl Verdict {
    fn reject(&mut self, reason: Reason, detail: String) {
        self.reasons.push(Note { code: reason.code().to_owned(), detail });
    }

    /// What the store says against what was granted.
    fn compare(&mut self, grant: &Grant, observed: &ObservedObject) {
        if !grant.size.allows(observed.size) {
            self.reject(Reason::SizeMismatch, format!("{} arrived, which is not what was granted", observed.size));
        }
        if observed.content_type.as_deref() != Some(grant.content_type.as_str()) {
            self.reject(Reason::TypeAltered, format!("the store holds another type than {}", grant.content_type));
        }
        if let Some(declared) = &grant.checksum
            && !observed.checksums.contains(&declared.to_string())
        {
            self.reject(Reason::ChecksumMismatch, format!("the stored {} is another", declared.algorithm().name()));
        }
    }

    /// What the bytes say against what was declared.
    fn content(&mut self, rules: &ContentRules, declared: &MediaType, extension: Option<&str>, sniffed: &Sniffed) {
        let outcome = apply_rules(rules, declared, extension, sniffed);
        let note = |(code, detail): (&'static str, String)| Note { code: code.to_owned(), detail };
        self.reasons.extend(outcome.rejected.into_iter().map(note));
        self.findings.extend(outcome.flagged.into_iter().map(note));
    }
}

#[cfg(test)]
mod tests;
