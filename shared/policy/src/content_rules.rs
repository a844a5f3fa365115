//! The content rules of a class. Each rule covers a group of finding codes and allows, flags or rejects them.

use crate::danger::{is_another_kind, is_read_as_text};
use content_sniff::{Agreement, FindingCode, MediaType, MismatchCode, Sniffed, agree, is_generic};

/// What to do about the findings of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Ignore them.
    Allow,
    /// Accept the upload with its findings. Most findings forbid inline display: [`crate::verdict::is_harmless`].
    Flag,
    /// Reject the upload.
    Reject,
}

/// No rule has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown content rule")]
pub struct UnknownRule;

/// Defines each rule with its name in policy documents and its action in the two bases.
macro_rules! rules {
    ($($(#[$doc:meta])* $field:ident, $text:literal, strict $strict:ident, standard $standard:ident;)*) => {
        /// The action of each content rule.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct ContentRules {
            $($(#[$doc])* pub $field: Action,)*
        }

        impl ContentRules {
            /// Every rule's name, as a policy document spells it.
            pub const RULES: &[&str] = &[$($text,)*];

            /// The base `strict`: also rejects content that browsers, unpackers or scanners may handle wrongly.
            #[must_use]
            pub fn strict() -> Self {
                Self { $($field: Action::$strict,)* }
            }

            /// The base `standard`: rejects misleading content, and flags content that is suspicious but legitimate.
            #[must_use]
            pub fn standard() -> Self {
                Self { $($field: Action::$standard,)* }
            }

            /// For each rule, the strictest action of all `classes` and of the base `standard`.
            #[must_use]
            pub fn strictest<'a>(classes: impl Iterator<Item = &'a Self>) -> Self {
                classes.fold(Self::standard(), |strictest, class| Self {
                    $($field: strictest.$field.max(class.$field),)*
                })
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
    /// Script, event handlers and entities in formats that should have none.
    active_content, "active_content", strict Reject, standard Reject;
    /// Script in a picture or document format that may legitimately contain it: SVG, PDF.
    scripted_document, "scripted_document", strict Reject, standard Flag;
    /// References that are fetched on opening, templates included.
    remote_content, "remote_content", strict Reject, standard Flag;
    /// Macros in Office files.
    macros, "macros", strict Reject, standard Flag;
    /// Objects and attachments inside documents.
    embedded_objects, "embedded_objects", strict Flag, standard Flag;
    /// Two files in one.
    polyglot, "polyglot", strict Reject, standard Reject;
    /// Bytes after the end that are no second file, and a missing end that common programs do not need.
    trailing_data, "trailing_data", strict Flag, standard Flag;
    /// Text encoded to be read in another way.
    encoding_tricks, "encoding_tricks", strict Reject, standard Flag;
    /// ZIP directories that programs read differently.
    archive_tricks, "archive_tricks", strict Reject, standard Reject;
    /// Archives and programs inside archives.
    archive_contents, "archive_contents", strict Flag, standard Flag;
    /// Few bytes that expand to very many: archives and pictures made to exhaust memory or disk.
    bombs, "bombs", strict Reject, standard Reject;
    /// Genuine archives and pictures that are larger than most programs accept.
    large_contents, "large_contents", strict Reject, standard Flag;
    /// Contents that can't be scanned without a password.
    encrypted, "encrypted", strict Reject, standard Flag;
    /// Files that are cut off.
    truncated, "truncated", strict Reject, standard Reject;
    /// A signature with nothing after it, or with bytes that contradict it.
    stub, "stub", strict Reject, standard Reject;
    /// Programs, whatever their name.
    executable, "executable", strict Reject, standard Reject;
    /// File system images.
    disk_images, "disk_images", strict Reject, standard Flag;
    /// Cells that a spreadsheet would run.
    formulas, "formulas", strict Flag, standard Flag;
    /// Files that can't be read completely, and so can't be called clean.
    unscannable, "unscannable", strict Flag, standard Flag;
    /// PDF with unread objects, as in nearly every larger PDF. Only a scanner can check them for script.
    unseen_objects, "unseen_objects", strict Flag, standard Allow;
    /// Content close to the declared type: sound as video, several documents as one.
    imprecise, "imprecise", strict Flag, standard Flag;
    /// Bytes of another type than declared.
    mismatch, "mismatch", strict Reject, standard Reject;
    /// An extension of another type, and misleading file names. A rejection happens at the grant; otherwise a download gets
    /// a cleaned name.
    misleading_name, "misleading_name", strict Reject, standard Flag;
    /// Names that cause problems on some systems, with quotes and hidden files among them; checked at the grant.
    unusual_name, "unusual_name", strict Reject, standard Allow;
    /// Bytes of no known type, or bytes that prove only a weaker type than declared.
    unknown, "unknown", strict Reject, standard Flag;
}

/// The result of the content rules for one object, as codes with details.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleOutcome {
    /// Reasons for a rejection; empty if the rules accept the object.
    pub rejected: Vec<(&'static str, String)>,
    /// Findings that the rules flag.
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

/// The action for a finding. `scripted_document` covers script in formats that may legitimately contain it, and
/// `active_content` covers script in every other format.
fn action(rules: &ContentRules, code: FindingCode, sniffed: &Sniffed) -> Action {
    let may_contain_script = matches!(
        &*sniffed.media_type,
        "image/svg+xml" | "application/pdf" | "application/xml" | "application/illustrator"
    );
    match code {
        FindingCode::ActiveContent | FindingCode::Entities if may_contain_script => rules.scripted_document,
        FindingCode::ActiveContent | FindingCode::Entities => rules.active_content,
        FindingCode::ExternalReference | FindingCode::RemoteTemplate => rules.remote_content,
        // The type promises a document without macros, so a macro in it is a mismatch too. The stricter rule applies.
        FindingCode::Macros if sniffed.media_type.contains("officedocument") => rules.macros.max(rules.mismatch),
        FindingCode::Macros => rules.macros,
        FindingCode::EmbeddedObject => rules.embedded_objects,
        FindingCode::Polyglot | FindingCode::SecondSignature => rules.polyglot,
        FindingCode::TrailingData | FindingCode::LeadingBytes | FindingCode::NoEndMark | FindingCode::CutShort => {
            rules.trailing_data
        }
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
        FindingCode::NoVideo
        | FindingCode::ManyDocuments
        | FindingCode::JsonComments
        | FindingCode::StartsAsHtml
        | FindingCode::SignatureOnly => rules.imprecise,
    }
}

/// How an object whose content is of another type than granted is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherType {
    /// By the rule `mismatch`.
    ByRule,
    /// The class allows the type that was found, and it is no more dangerous than the granted one: a finding.
    Harmless,
    /// The content is a script, granted as plain text: a finding, because it is served as that text.
    Text,
}

/// Applies the rules to the findings, and to the granted type and the extension.
#[must_use]
pub fn apply_rules(
    rules: &ContentRules,
    granted: &MediaType,
    extension: Option<&str>,
    sniffed: &Sniffed,
    other_type: OtherType,
) -> RuleOutcome {
    let mut outcome = RuleOutcome::default();
    for finding in &sniffed.findings {
        let mut action = action(rules, finding.code, sniffed);
        if finding.code == FindingCode::Executable && other_type == OtherType::Text {
            action = action.min(Action::Flag);
        }
        outcome.note(action, finding.code.as_str(), finding.detail.clone());
    }
    match agree(granted, extension, sniffed) {
        Agreement::Agrees => {}
        Agreement::Contradicts { code } => {
            let rule = match (code, other_type) {
                (MismatchCode::ContentIsAnotherType, OtherType::ByRule) => rules.mismatch,
                (MismatchCode::ContentIsAnotherType, OtherType::Harmless | OtherType::Text) => {
                    rules.mismatch.min(Action::Flag)
                }
                (MismatchCode::ExtensionIsAnotherType, _) => rules.misleading_name,
            };
            outcome.note(rule, code.as_str(), format!("the bytes are {}", sniffed.media_type));
        }
        // A file of its own kind in the format of the granted type: a book in a ZIP, a drawing in XML.
        Agreement::Generic
            if !is_generic(granted.essence())
                && !is_read_as_text(granted.essence())
                && other_type == OtherType::ByRule
                && is_another_kind(granted.essence(), sniffed) =>
        {
            let code = MismatchCode::ContentIsAnotherType.as_str();
            outcome.note(rules.mismatch, code, format!("the bytes are {}", sniffed.media_type));
        }
        // Plain text can be of any text type: prose, for example, is a table with one column.
        Agreement::Generic if sniffed.media_type == "text/plain" || sniffed.parent == Some("text/plain") => {}
        Agreement::Generic if is_generic(granted.essence()) => {}
        Agreement::Generic => {
            outcome.note(rules.unknown, "unverified", format!("the bytes prove only {}", sniffed.media_type));
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
    fn rules_are_read_and_set_by_name() {
        let mut rules = ContentRules::strict();
        for rule in ContentRules::RULES {
            rules.set(rule, Action::Allow).unwrap();
            assert_eq!(rules.get(rule), Some(Action::Allow));
        }
        assert_eq!(rules.set("no_such", Action::Flag), Err(UnknownRule));
        let declared = MediaType::parse("image/jpeg").unwrap();
        let program = sniffed("application/vnd.microsoft.portable-executable", FindingCode::ALL);
        assert_eq!(apply_rules(&rules, &declared, Some("gif"), &program, OtherType::ByRule), RuleOutcome::default());
    }

    #[test]
    fn macros_in_a_type_without_macros_are_rejected() {
        let declared = MediaType::parse(DOCX).unwrap();
        let outcome = apply_rules(
            &ContentRules::standard(),
            &declared,
            Some("docx"),
            &sniffed(DOCX, &[FindingCode::Macros]),
            OtherType::ByRule,
        );
        assert_eq!(codes(&outcome.rejected), ["macros"]);
        let old = MediaType::parse("application/msword").unwrap();
        let outcome = apply_rules(
            &ContentRules::standard(),
            &old,
            Some("doc"),
            &sniffed("application/msword", &[FindingCode::Macros]),
            OtherType::ByRule,
        );
        assert_eq!((outcome.rejected.len(), codes(&outcome.flagged)), (0, vec!["macros"]));
    }

    #[test]
    fn script_in_svg_is_flagged_and_in_html_rejected() {
        let check = |media_type: &'static str, declared: &str| {
            let sniffed = sniffed(media_type, &[FindingCode::ActiveContent]);
            apply_rules(
                &ContentRules::standard(),
                &MediaType::parse(declared).unwrap(),
                None,
                &sniffed,
                OtherType::ByRule,
            )
        };
        let svg = check("image/svg+xml", "image/svg+xml");
        assert_eq!((codes(&svg.rejected), codes(&svg.flagged)), (vec![], vec!["active-content"]));
        assert_eq!(codes(&check("text/html", "text/plain").rejected), ["active-content", "content-mismatch"]);
    }

    #[test]
    fn the_base_standard_allows_unseen_objects_of_a_pdf() {
        let declared = MediaType::parse("application/pdf").unwrap();
        let pdf = sniffed("application/pdf", &[FindingCode::UnseenObjects]);
        assert_eq!(
            apply_rules(&ContentRules::standard(), &declared, Some("pdf"), &pdf, OtherType::ByRule),
            RuleOutcome::default()
        );
    }
}
