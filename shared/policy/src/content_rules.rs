//! What a class makes of findings: each rule groups codes and is set to allow, flag or reject.

use content_sniff::{Agreement, FindingCode, MediaType, MismatchCode, Sniffed, agree, is_generic};

/// What to do about findings of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Nothing.
    Allow,
    /// Accept with the finding noted; flagged objects are never served inline.
    Flag,
    /// Refuse the object.
    Reject,
}

/// A rule name that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such content rule")]
pub struct UnknownRule;

/// Defines each rule once, with its text in policy documents and its action in the two shipped classes.
macro_rules! rules {
    ($($(#[$doc:meta])* $field:ident, $text:literal, strict $strict:ident, standard $standard:ident;)*) => {
        /// One action for each content rule.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct ContentRules {
            $($(#[$doc])* pub $field: Action,)*
        }

        impl ContentRules {
            /// Every rule's name, as a policy document spells it.
            pub const RULES: &[&str] = &[$($text,)*];

            /// The shipped class `strict`: whatever a browser, an unpacker or a scanner could stumble over is refused.
            #[must_use]
            pub fn strict() -> Self {
                Self { $($field: Action::$strict,)* }
            }

            /// The shipped class `default`: deceptions are refused, what honest files also carry is flagged.
            #[must_use]
            pub fn standard() -> Self {
                Self { $($field: Action::$standard,)* }
            }

            /// What every one of `classes` would let pass, and the shipped `default` too: each rule at its strictest.
            #[must_use]
            pub fn strictest<'a>(classes: impl Iterator<Item = &'a Self>) -> Self {
                classes.fold(Self::standard(), |all, one| Self { $($field: all.$field.max(one.$field),)* })
            }

            /// The action of a rule by its name.
            #[must_use]
            pub fn get(&self, rule: &str) -> Option<Action> {
                match rule {
                    $($text => Some(self.$field),)*
                    _ => None,
                }
            }

            /// Sets a rule by its name.
            ///
            /// # Errors
            /// [`UnknownRule`] for a name not in [`ContentRules::RULES`].
            pub fn set(&mut self, rule: &str, action: Action) -> Result<(), UnknownRule> {
                match rule {
                    $($text => self.$field = action,)*
                    _ => return Err(UnknownRule),
                }
                Ok(())
            }
        }
    };
}

rules! {
    /// Script, handlers and entities where nobody expects them.
    active_content, "active_content", strict Reject, standard Reject;
    /// Script in a picture or document format that may carry it honestly: SVG, PDF.
    scripted_document, "scripted_document", strict Reject, standard Flag;
    /// References that are fetched on opening, templates included.
    remote_content, "remote_content", strict Reject, standard Flag;
    /// Macros in Office files.
    macros, "macros", strict Reject, standard Flag;
    /// Objects and attachments inside documents.
    embedded_objects, "embedded_objects", strict Flag, standard Flag;
    /// Two files in one.
    polyglot, "polyglot", strict Reject, standard Reject;
    /// Bytes after the end that are no second file.
    trailing_data, "trailing_data", strict Flag, standard Flag;
    /// Text coded to be read in another way.
    encoding_tricks, "encoding_tricks", strict Reject, standard Flag;
    /// ZIP directories that programs read differently.
    archive_tricks, "archive_tricks", strict Reject, standard Reject;
    /// Archives and programs inside archives.
    archive_contents, "archive_contents", strict Flag, standard Flag;
    /// Few bytes that become very many: archives and pictures made to exhaust whoever opens them.
    bombs, "bombs", strict Reject, standard Reject;
    /// Archives and pictures that are honestly larger than most programs take.
    large_contents, "large_contents", strict Reject, standard Flag;
    /// What nobody can scan for want of a password.
    encrypted, "encrypted", strict Reject, standard Flag;
    /// Cut off.
    truncated, "truncated", strict Reject, standard Reject;
    /// A signature with nothing behind it, or nothing that fits it.
    stub, "stub", strict Reject, standard Reject;
    /// Programs, whatever they are called.
    executable, "executable", strict Reject, standard Reject;
    /// File system images.
    disk_images, "disk_images", strict Reject, standard Flag;
    /// Cells that a spreadsheet would run.
    formulas, "formulas", strict Flag, standard Flag;
    /// Kept from being read whole: cannot be called clean.
    unscannable, "unscannable", strict Flag, standard Flag;
    /// PDF of which a part was not seen, as of nearly every larger one: script there is a scanner's work.
    unseen_objects, "unseen_objects", strict Flag, standard Allow;
    /// True, but not quite what was declared: sound as video, many documents as one.
    imprecise, "imprecise", strict Flag, standard Flag;
    /// The bytes are another type than declared.
    mismatch, "mismatch", strict Reject, standard Reject;
    /// The extension belongs to another type; see also `name_problems`, which the grant asks.
    misleading_name, "misleading_name", strict Reject, standard Reject;
    /// Names that some system stumbles over, quotes and hidden files among them; the grant asks.
    unusual_name, "unusual_name", strict Reject, standard Allow;
    /// The bytes say nothing about the declared type, or only something weaker.
    unknown, "unknown", strict Reject, standard Flag;
}

/// What a class makes of an object: codes with details.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleOutcome {
    /// Why it is refused; empty where it isn't.
    pub rejected: Vec<(&'static str, String)>,
    /// What is noted.
    pub flagged: Vec<(&'static str, String)>,
}

impl RuleOutcome {
    fn note(&mut self, action: Action, code: &'static str, detail: String) {
        match action {
            Action::Allow => {}
            Action::Flag => self.flagged.push((code, detail)),
            Action::Reject => self.rejected.push((code, detail)),
        }
    }
}

/// The action a class has for a finding. Where a format may honestly carry script, the milder rule applies; the same
/// script under another type falls under `active_content`.
fn action(rules: &ContentRules, code: FindingCode, sniffed: &Sniffed) -> Action {
    let own = matches!(
        &*sniffed.media_type,
        "image/svg+xml" | "application/pdf" | "application/xml" | "application/illustrator"
    );
    match code {
        FindingCode::ActiveContent | FindingCode::Entities if own => rules.scripted_document,
        FindingCode::ActiveContent | FindingCode::Entities => rules.active_content,
        FindingCode::ExternalReference | FindingCode::RemoteTemplate => rules.remote_content,
        // The types without macros exist so that a name can promise there are none: macros in one are a deception, and
        // the stricter of both rules holds.
        FindingCode::Macros if sniffed.media_type.contains("officedocument") => rules.macros.max(rules.mismatch),
        FindingCode::Macros => rules.macros,
        FindingCode::EmbeddedObject => rules.embedded_objects,
        FindingCode::Polyglot | FindingCode::SecondSignature => rules.polyglot,
        FindingCode::TrailingData => rules.trailing_data,
        FindingCode::EncodingTrick => rules.encoding_tricks,
        FindingCode::ZipTwoEnds
        | FindingCode::ZipOverlap
        | FindingCode::ZipTraversal
        | FindingCode::ZipSymlink
        | FindingCode::ZipMismatch
        | FindingCode::ZipDuplicate
        | FindingCode::ZipPrefix => rules.archive_tricks,
        FindingCode::NestedArchive | FindingCode::ExecutableInside => rules.archive_contents,
        FindingCode::BombSize | FindingCode::PixelBomb => rules.bombs,
        FindingCode::LargeContents => rules.large_contents,
        FindingCode::Encrypted => rules.encrypted,
        FindingCode::Truncated | FindingCode::ShortRead => rules.truncated,
        FindingCode::Empty | FindingCode::Stub | FindingCode::Malformed => rules.stub,
        FindingCode::Executable => rules.executable,
        FindingCode::DiskImage => rules.disk_images,
        FindingCode::Formula => rules.formulas,
        FindingCode::UnscannableMiddle | FindingCode::BudgetSpent => rules.unscannable,
        FindingCode::UnseenObjects => rules.unseen_objects,
        FindingCode::NoVideo | FindingCode::ManyDocuments => rules.imprecise,
    }
}

/// Applies a class's rules to what was declared and what was found.
#[must_use]
pub fn apply_rules(
    rules: &ContentRules,
    declared: &MediaType,
    extension: Option<&str>,
    sniffed: &Sniffed,
) -> RuleOutcome {
    let mut outcome = RuleOutcome::default();
    for finding in &sniffed.findings {
        outcome.note(action(rules, finding.code, sniffed), finding.code.as_str(), finding.detail.clone());
    }
    match agree(declared, extension, sniffed) {
        Agreement::Agrees => {}
        Agreement::Contradicts { code } => {
            let rule = match code {
                MismatchCode::ContentIsAnotherType => rules.mismatch,
                MismatchCode::ExtensionIsAnotherType => rules.misleading_name,
            };
            outcome.note(rule, code.as_str(), format!("the bytes are {}", sniffed.media_type));
        }
        // A text that shows no sign of the declared kind of text may still be one: prose is a table of one column.
        Agreement::Generic if sniffed.media_type == "text/plain" || sniffed.parent == Some("text/plain") => {}
        Agreement::Generic if is_generic(declared.essence()) => {}
        Agreement::Generic => {
            outcome.note(rules.unknown, "unverified", format!("the bytes show {}", sniffed.media_type));
        }
        Agreement::Unknown if sniffed.findings.iter().any(|finding| finding.code == FindingCode::Empty) => {}
        Agreement::Unknown => outcome.note(rules.unknown, "unknown", "the bytes are of no known type".to_owned()),
    }
    outcome
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use content_sniff::{Confidence, Finding};

    use super::*;

    const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

    fn sniffed(media_type: &'static str, codes: &[FindingCode]) -> Sniffed {
        Sniffed {
            media_type: Cow::Borrowed(media_type),
            parent: None,
            confidence: Confidence::Structural,
            findings: codes.iter().map(|code| Finding { code: *code, detail: String::new() }).collect(),
            reads: 1,
            bytes: 1,
        }
    }

    fn codes(notes: &[(&'static str, String)]) -> Vec<&'static str> {
        notes.iter().map(|(code, _)| *code).collect()
    }

    #[test]
    fn every_rule_can_be_read_and_set_by_name() {
        let mut rules = ContentRules::strict();
        for rule in ContentRules::RULES {
            rules.set(rule, Action::Allow).unwrap();
            assert_eq!(rules.get(rule), Some(Action::Allow));
        }
        assert_eq!(rules.set("no_such", Action::Flag), Err(UnknownRule));
        let declared = MediaType::parse("image/jpeg").unwrap();
        let program = sniffed("application/vnd.microsoft.portable-executable", FindingCode::ALL);
        assert_eq!(apply_rules(&rules, &declared, Some("gif"), &program), RuleOutcome::default());
    }

    #[test]
    fn macros_in_a_type_without_macros_are_rejected() {
        let declared = MediaType::parse(DOCX).unwrap();
        let outcome =
            apply_rules(&ContentRules::standard(), &declared, Some("docx"), &sniffed(DOCX, &[FindingCode::Macros]));
        assert_eq!(codes(&outcome.rejected), ["macros"]);
        let old = MediaType::parse("application/msword").unwrap();
        let outcome = apply_rules(
            &ContentRules::standard(),
            &old,
            Some("doc"),
            &sniffed("application/msword", &[FindingCode::Macros]),
        );
        assert_eq!((outcome.rejected.len(), codes(&outcome.flagged)), (0, vec!["macros"]));
    }

    #[test]
    fn script_is_milder_where_the_format_may_have_it() {
        let check = |media_type: &'static str, declared: &str| {
            let sniffed = sniffed(media_type, &[FindingCode::ActiveContent]);
            apply_rules(&ContentRules::standard(), &MediaType::parse(declared).unwrap(), None, &sniffed)
        };
        let svg = check("image/svg+xml", "image/svg+xml");
        assert_eq!((codes(&svg.rejected), codes(&svg.flagged)), (vec![], vec!["active-content"]));
        assert_eq!(codes(&check("text/html", "text/plain").rejected), ["active-content", "content-mismatch"]);
    }

    #[test]
    fn the_default_class_allows_unseen_objects_of_a_pdf() {
        let declared = MediaType::parse("application/pdf").unwrap();
        let pdf = sniffed("application/pdf", &[FindingCode::UnseenObjects]);
        assert_eq!(apply_rules(&ContentRules::standard(), &declared, Some("pdf"), &pdf), RuleOutcome::default());
    }
}
