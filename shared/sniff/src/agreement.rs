//! Compares the declared type and the file name extension with the recognised type.

use crate::extensions::types_of_extension;
use crate::media_type::MediaType;
use crate::sniffed::{Confidence, Sniffed, UNKNOWN};
use crate::type_lists::{ACTIVE_TEXT, ANY_TEXT, RECOGNISABLE};
use crate::type_names::{is_same_type, parents_of};

/// The relation between the declared type and the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// The content has the declared type, or an alias of it.
    Agrees,
    /// The content does not contradict the declared type and does not confirm it. One of both is more general: plain
    /// text declared as CSV, a Word document declared as ZIP, or a ZIP whose directory could not be read.
    Generic,
    /// The content, or the extension, is of another type.
    Contradicts {
        /// The kind of contradiction.
        code: MismatchCode,
    },
    /// The content was not recognised, and the declared type is not one that this crate recognises.
    Unknown,
}

/// The kind of contradiction between declaration and content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MismatchCode {
    /// The content has another type than the declared one.
    ContentIsAnotherType,
    /// The extension stands for another type than the content.
    ExtensionIsAnotherType,
}

impl MismatchCode {
    /// The stable kebab-case text of the code. It is safe to store and to match on.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ContentIsAnotherType => "content-mismatch",
            Self::ExtensionIsAnotherType => "extension-mismatch",
        }
    }
}

/// Declared types without information, which clients send if they do not know the type.
const GENERIC_TYPES: &[&str] = &[UNKNOWN, "binary/octet-stream", "application/x-binary", "application/unknown"];

/// Whether a declared type has no information about the content, such as `application/octet-stream`.
///
/// `declared` is an essence (`type/subtype`) in lower case.
#[must_use]
pub fn is_generic(declared: &str) -> bool {
    GENERIC_TYPES.contains(&declared)
}

/// Compares the declared type and the file name extension with a sniffed object.
///
/// `extension` has no dot; its case is ignored. Unknown extensions are ignored.
#[must_use]
pub fn agree(declared: &MediaType, extension: Option<&str>, sniffed: &Sniffed) -> Agreement {
    let relation = relate(declared.essence(), sniffed);
    if !matches!(relation, Agreement::Agrees | Agreement::Generic) {
        return relation;
    }
    let extension = extension.map(str::to_ascii_lowercase);
    let types = extension.and_then(|extension| types_of_extension(&extension));
    let misleading = types.is_some_and(|types| {
        !types.iter().any(|kind| matches!(relate(kind, sniffed), Agreement::Agrees | Agreement::Generic))
    });
    if misleading { Agreement::Contradicts { code: MismatchCode::ExtensionIsAnotherType } } else { relation }
}

fn relate(declared: &str, sniffed: &Sniffed) -> Agreement {
    let contradicts = Agreement::Contradicts { code: MismatchCode::ContentIsAnotherType };
    let found: &str = &sniffed.media_type.to_ascii_lowercase();
    if is_same_type(declared, found) {
        return Agreement::Agrees;
    }
    if is_generic(declared) {
        return Agreement::Generic;
    }
    if sniffed.confidence == Confidence::None {
        // Text and types with a known signature would have been recognised.
        let known =
            declared.starts_with("text/") || RECOGNISABLE.contains(&declared) || declared.contains("officedocument");
        return if known { contradicts } else { Agreement::Unknown };
    }
    if is_same_type(declared, "text/plain") {
        let text = sniffed.parent == Some("text/plain") || found.ends_with("+xml") || found.ends_with("+json");
        return if text && !ACTIVE_TEXT.contains(&found) { Agreement::Generic } else { contradicts };
    }
    if found == "text/plain" {
        // Plain text can be any text type without a strict syntax.
        let unknown = declared.starts_with("text/") && !RECOGNISABLE.contains(&declared);
        return if ANY_TEXT.contains(&declared) || unknown { Agreement::Generic } else { contradicts };
    }
    // A vendor type with a structured syntax suffix (RFC 6839, 2013) that no reader recognises by itself.
    if !RECOGNISABLE.contains(&declared) {
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
    // The content is a special case of the declared type.
    if sniffed.parent.is_some_and(|parent| is_same_type(declared, parent))
        || parents_of(found).any(|parent| is_same_type(declared, parent))
    {
        return Agreement::Generic;
    }
    // The content shows only a parent of the declared type. If its structure was read completely, the special case
    // would have been recognised: a ZIP that contains no document is not a document.
    let family = parents_of(declared).any(|parent| is_same_type(parent, found));
    let fully_read = sniffed.confidence == Confidence::Structural
        && matches!(
            found,
            "application/zip" | "application/x-cfb" | "application/xml" | "application/json" | "application/gzip"
        );
    if family && !fully_read { Agreement::Generic } else { contradicts }
}
