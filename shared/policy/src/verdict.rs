//! The verdict on an object: a comparison of grant, metadata and bytes.

use content_sniff::{MediaType, Sniffed};

use crate::content_rules::{ContentRules, apply_rules};
use crate::grant::{Grant, InvalidGrant, METADATA_HEADER};
use crate::key::ObjectKey;
use crate::observed::ObservedObject;
use crate::upload::{Note, Outcome};

pub use crate::reason::Reason;

/// A verdict with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Accepted or rejected.
    pub outcome: Outcome,
    /// Why it is rejected; empty if accepted.
    pub reasons: Vec<Note>,
    /// Findings that the rules flag.
    pub findings: Vec<Note>,
}

/// The verdict on the object at `key`, with the content rules of its class.
#[must_use]
pub fn decide(key: &ObjectKey, observed: &ObservedObject, sniffed: &Sniffed, rules: &ContentRules) -> Verdict {
    let mut verdict = Verdict { outcome: Outcome::Accepted, reasons: Vec::new(), findings: Vec::new() };
    if !observed.unexpected_metadata.is_empty() {
        verdict.reject(
            Reason::UnexpectedMetadata,
            format!("the object has metadata that no grant writes: {}", observed.unexpected_metadata.join(", ")),
        );
    }
    match &observed.grant {
        Ok(grant) if grant.owner == *key.owner() => {
            verdict.compare_with_grant(grant, observed);
            let extension = grant.filename.extension();
            verdict.apply_content_rules(rules, &grant.content_type, extension.as_deref(), sniffed);
        }
        Ok(_) => verdict.reject(Reason::NotGranted, "the grant is for another owner".to_owned()),
        Err(InvalidGrant) => verdict.reject(Reason::NotGranted, format!("the object has no valid {METADATA_HEADER}")),
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

    fn compare_with_grant(&mut self, grant: &Grant, observed: &ObservedObject) {
        if !grant.size.allows(observed.size) {
            self.reject(Reason::SizeMismatch, format!("the object has {}, another size than granted", observed.size));
        }
        if observed.content_type.as_deref() != Some(grant.content_type.as_str()) {
            self.reject(Reason::TypeAltered, format!("the content type in S3 is not {}", grant.content_type));
        }
        if let Some(declared) = &grant.checksum
            && !observed.checksums.contains(&declared.to_string())
        {
            self.reject(
                Reason::ChecksumMismatch,
                format!("S3 has no {} checksum, or another one than granted", declared.algorithm().name()),
            );
        }
    }

    fn apply_content_rules(
        &mut self,
        rules: &ContentRules,
        declared: &MediaType,
        extension: Option<&str>,
        sniffed: &Sniffed,
    ) {
        let outcome = apply_rules(rules, declared, extension, sniffed);
        let note = |(code, detail): (&'static str, String)| Note { code: code.to_owned(), detail };
        self.reasons.extend(outcome.rejected.into_iter().map(note));
        self.findings.extend(outcome.flagged.into_iter().map(note));
    }
}

#[cfg(test)]
mod tests;
