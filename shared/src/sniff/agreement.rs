//! Whether what was declared is what the bytes are: declared type × extension × content.

use super::report::UNKNOWN;
use super::types::{EXTENSIONS, LOOSE_TEXT, NEVER_PLAIN, PROVABLE, same, weaker};
use super::{Confidence, Sniffed};
use crate::media::MediaType;

/// How a declaration and the bytes relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// The declared type, or another name of it.
    Agrees,
    /// True but weaker, one way or the other: prose declared as a table, a ZIP whose directory could not be read.
    Generic,
    /// Something else.
    Contradicts {
        /// In which way.
        code: MismatchCode,
    },
    /// The bytes say nothing.
    Unknown,
}

/// In which way a declaration and the bytes contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MismatchCode {
    /// The bytes are of another type than the declared one.
    ContentIsAnotherType,
    /// The extension is one of another type than the bytes.
    ExtensionIsAnotherType,
}

impl MismatchCode {
    /// The stable kebab-case text callers see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ContentIsAnotherType => "content-mismatch",
            Self::ExtensionIsAnotherType => "extension-mismatch",
        }
    }
}

/// Declarations that say nothing: what clients send when they don't know.
const GENERIC: &[&str] = &[UNKNOWN, "binary/octet-stream", "application/x-binary", "application/unknown"];

/// Whether a declared type says nothing about the bytes.
pub(super) fn says_nothing(declared: &str) -> bool {
    GENERIC.contains(&declared)
}

/// Compares the declared type and the name's extension, without its dot, with what was sniffed.
#[must_use]
pub fn agree(declared: &MediaType, extension: Option<&str>, sniffed: &Sniffed) -> Agreement {
    let relation = relate(declared.essence(), sniffed);
    if !matches!(relation, Agreement::Agrees | Agreement::Generic) {
        return relation;
    }
    let extension = extension.map(str::to_ascii_lowercase);
    let types =
        extension.and_then(|wanted| EXTENSIONS.iter().find(|(known, _)| *known == wanted).map(|(_, types)| *types));
    let misleads = types.is_some_and(|types| {
        !types.iter().any(|kind| matches!(relate(kind, sniffed), Agreement::Agrees | Agreement::Generic))
    });
    if misleads { Agreement::Contradicts { code: MismatchCode::ExtensionIsAnotherType } } else { relation }
}

fn relate(declared: &str, sniffed: &Sniffed) -> Agreement {
    let contradicts = Agreement::Contradicts { code: MismatchCode::ContentIsAnotherType };
    let found: &str = &sniffed.media_type.to_ascii_lowercase();
    if same(declared, found) {
        return Agreement::Agrees;
    }
    if says_nothing(declared) {
        return Agreement::Generic;
    }
    if sniffed.confidence == Confidence::None {
        // A type with a signature we know would have been seen; so would text.
        let known =
            declared.starts_with("text/") || PROVABLE.contains(&declared) || declared.contains("officedocument");
        return if known { contradicts } else { Agreement::Unknown };
    }
    if same(declared, "text/plain") {
        let text = sniffed.parent == Some("text/plain") || found.ends_with("+xml") || found.ends_with("+json");
        return if text && !NEVER_PLAIN.contains(&found) { Agreement::Generic } else { contradicts };
    }
    if found == "text/plain" {
        // Without habits of its own, a text may be of any kind that has no syntax to break.
        let unknown = declared.starts_with("text/") && !PROVABLE.contains(&declared);
        return if LOOSE_TEXT.contains(&declared) || unknown { Agreement::Generic } else { contradicts };
    }
    // Vendors' types built on a syntax: a known one would have been recognised.
    if !PROVABLE.contains(&declared) {
        let suffix = declared.rsplit_once('+').map(|(_, suffix)| suffix);
        let fits = match suffix {
            Some("xml") => found == "application/xml" || found.ends_with("+xml"),
            Some("json") => found == "application/json" || found.ends_with("+json"),
            Some("zip") => found == "application/zip",
            _ => false,
        };
        if fits {
            return Agreement::Agrees;
        }
    }
    // The bytes are a special kind of what was declared.
    if sniffed.parent.is_some_and(|parent| same(declared, parent)) || weaker(found).any(|parent| same(declared, parent))
    {
        return Agreement::Generic;
    }
    // The bytes show no more than the family of what was declared. When the structure has been read to its end, it would
    // have shown the rest: a ZIP without a document in it is no document.
    let family = weaker(declared).any(|parent| same(parent, found));
    let shown = sniffed.confidence == Confidence::Structural
        && matches!(
            found,
            "application/zip" | "application/x-cfb" | "application/xml" | "application/json" | "application/gzip"
        );
    if family && !shown { Agreement::Generic } else { contradicts }
}
