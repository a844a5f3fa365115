//! The verdict on an object: a comparison of grant, metadata and bytes.

use content_sniff::{MediaType, Sniffed, is_more_general, is_same_type};

use crate::checksum::Checksum;
use crate::clean_name::clean_name;
use crate::content_rules::{ContentRules, OtherType, apply_rules};
use crate::danger::{Danger, is_read_as_text, is_script};
use crate::grant::{Grant, InvalidGrant, METADATA_HEADER};
use crate::key::ObjectKey;
use crate::observed::ObservedObject;
use crate::policy::{Class, DeclaredType};
use crate::size::ByteSize;
use crate::type_pattern::Family;
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

/// The verdict on the object at `key`, by the class that granted it. `class` is `None` if the policy has no such class any
/// more; then `rules` are the strictest ones, and content of another type is never harmless.
#[must_use]
pub fn decide(
    key: &ObjectKey,
    observed: &ObservedObject,
    sniffed: &Sniffed,
    rules: &ContentRules,
    class: Option<&Class>,
) -> Verdict {
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
            verdict.apply_content_rules(rules, class, grant, observed.size, sniffed);
            verdict.note_changes(grant, sniffed);
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
            && !has_checksum(observed, declared)
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
        class: Option<&Class>,
        grant: &Grant,
        size: ByteSize,
        sniffed: &Sniffed,
    ) {
        let extension = grant.filename.extension();
        let other_type = class.map_or(OtherType::ByRule, |class| {
            other_type(class, &grant.content_type, extension.as_deref(), size, sniffed)
        });
        let outcome = apply_rules(rules, &grant.content_type, extension.as_deref(), sniffed, other_type);
        let note = |(code, detail): (&'static str, String)| Note { code: code.to_owned(), detail };
        self.reasons.extend(outcome.rejected.into_iter().map(note));
        self.findings.extend(outcome.flagged.into_iter().map(note));
    }

    /// What was changed between the file on the user's device and what is served.
    fn note_changes(&mut self, grant: &Grant, sniffed: &Sniffed) {
        let declares_another = |declared: &MediaType| !is_same_type(declared.essence(), grant.content_type.essence());
        if grant.declared_type.as_ref().is_none_or(declares_another) {
            let detail = match &grant.declared_type {
                None => format!("no type was declared, and the extension stands for {}", grant.content_type),
                Some(declared) => {
                    format!("{declared} was declared, and the extension stands for {}", grant.content_type)
                }
            };
            self.findings.push(Note { code: TYPE_RESOLVED.to_owned(), detail });
        }
        let served = served_type(grant.content_type.essence(), &sniffed.media_type);
        if clean_name(grant.filename.as_str(), served) != grant.filename.as_str() {
            let detail = "a download gets a cleaned file name".to_owned();
            self.findings.push(Note { code: NAME_CLEANED.to_owned(), detail });
        }
    }
}

/// Whether the object has the checksum. S3 verified the one of a multipart upload at its completion, and HEAD may not show
/// it; a different one is a mismatch in any case.
fn has_checksum(observed: &ObservedObject, declared: &Checksum) -> bool {
    let name = declared.algorithm().name();
    let of_algorithm = |stored: &&String| stored.split_once(':').is_some_and(|(algorithm, _)| algorithm == name);
    match observed.checksums.iter().find(of_algorithm) {
        Some(stored) => *stored == declared.to_string(),
        None => observed.generation.is_some() && declared.algorithm().covers_full_object(),
    }
}

/// The finding that the extension resolved the declared type.
pub const TYPE_RESOLVED: &str = "type-resolved";

/// The finding that a download gets another name than the client sent.
pub const NAME_CLEANED: &str = "name-cleaned";

/// Whether a finding says nothing about the content that matters to a browser, so that it does not forbid inline display.
/// `granted` and `found` are the granted type and the one that was found.
#[must_use]
pub fn is_harmless(finding: &str, granted: &str, found: &str) -> bool {
    match finding {
        TYPE_RESOLVED | NAME_CLEANED | "no-end-mark" | "cut-short" => true,
        "content-mismatch" | "extension-mismatch" => Family::is_picture(granted) && Family::is_picture(found),
        _ => false,
    }
}

/// The type with which an accepted object is served: the one that was found, unless that is more dangerous than the
/// granted one. Markdown with HTML stays Markdown. Both are essences in lower case.
#[must_use]
pub fn served_type<'a>(granted: &'a str, found: &'a str) -> &'a str {
    if Danger::of(found) > Danger::of(granted) { granted } else { found }
}

/// How content of another type than granted is judged in a class that takes the declared type as a hint.
///
/// `extension` is in lower case without the dot.
#[must_use]
pub fn other_type(
    class: &Class,
    granted: &MediaType,
    extension: Option<&str>,
    size: ByteSize,
    sniffed: &Sniffed,
) -> OtherType {
    if class.declared == DeclaredType::Exact {
        return OtherType::ByRule;
    }
    let (granted, found) = (granted.essence(), &*sniffed.media_type);
    if is_read_as_text(granted) && is_script(found) {
        return OtherType::Text;
    }
    // A document in a ZIP is a ZIP too, so it may have the extension of one.
    let extension = extension.filter(|_| !is_more_general(granted, found));
    let is_allowed = MediaType::parse(found).is_ok_and(|found| class.accepts_as(&found, size, extension));
    if is_allowed && Danger::of(found) <= Danger::of(granted) { OtherType::Harmless } else { OtherType::ByRule }
}

#[cfg(test)]
mod tests;
