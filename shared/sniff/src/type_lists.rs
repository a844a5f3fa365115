//! Lists of types for comparing a declared type with a recognised one. All names are in lower case.

use crate::data::{Table, lines};

/// Text types that any text can be valid for. Plain text does not contradict them.
pub(crate) static ANY_TEXT: Table<&str> = Table::new(|| lines(include_str!("../data/any-text.txt")));

/// Types that have a signature or syntax which a reader here checks. Unrecognised bytes contradict a claim of these.
pub(crate) static RECOGNISABLE: Table<&str> = Table::new(|| lines(include_str!("../data/recognisable.txt")));

/// Text types that a browser, a mail program or a shell runs or renders. They contradict a claim of `text/plain`.
pub(crate) const ACTIVE_TEXT: &[&str] = &[
    "text/html",
    "application/xhtml+xml",
    "image/svg+xml",
    "application/x-httpd-php",
    "text/x-shellscript",
    "multipart/related",
    "text/x-msdos-batch",
    "text/x-ms-regedit",
    "application/rtf",
    "application/postscript",
];
