//! Aliases of media types, and which types are special cases of others.

use crate::data::{Table, rows};

/// Groups of names for the same type, in lower case. The first name is the registered or the most common one.
static ALIASES: Table<Vec<&str>> = Table::new(|| rows(include_str!("../data/aliases.tsv")));

/// Types, each followed by more general types that are also correct, beside the parent that its reader reports.
static PARENTS: Table<Vec<&str>> = Table::new(|| rows(include_str!("../data/general-types.tsv")));

/// Whether `a` and `b` are names of the same type. Both are essences (`type/subtype`) in lower case.
#[must_use]
pub fn is_same_type(a: &str, b: &str) -> bool {
    a == b || names_of_type(a).contains(&b)
        // An MP4 with audio only is a valid MP4; the missing video track is reported as a finding.
        || (matches!(a, "video/mp4" | "application/mp4") && b == "audio/mp4")
}

/// All names of the type `kind`, the registered or the most common one first; empty if only one name is known.
///
/// `kind` is an essence (`type/subtype`) in lower case.
#[must_use]
pub fn names_of_type(kind: &str) -> &'static [&'static str] {
    ALIASES.iter().find(|names| names.contains(&kind)).map_or(&[], Vec::as_slice)
}

/// Whether every file of type `kind` is also a correct file of type `general`, such as a Word document that is a ZIP.
/// Both are essences (`type/subtype`) in lower case.
#[must_use]
pub fn is_more_general(general: &str, kind: &str) -> bool {
    parents_of(kind).any(|parent| is_same_type(parent, general))
}

/// The more general types that are also correct for `kind`, a name in lower case.
pub(crate) fn parents_of(kind: &str) -> impl Iterator<Item = &'static str> {
    let names = names_of_type(kind);
    let listed = PARENTS.iter().find(|row| row.first().is_some_and(|name| *name == kind || names.contains(name)));
    let office = kind.starts_with("application/vnd.openxmlformats-officedocument.") || kind.contains(".macroenabled.");
    let zipped: &[&str] = match () {
        () if office => &["application/zip", "application/encrypted-ooxml"],
        () if kind.contains("opendocument") && !kind.contains("flat") => &["application/zip"],
        () => &[],
    };
    listed.into_iter().flatten().skip(1).chain(zipped).copied()
}
