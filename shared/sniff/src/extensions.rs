//! File name extensions and the media types they stand for.

use crate::data::{Table, rows};
use crate::type_names::is_same_type;

/// The extensions and types of mime-db: one line per extension, the most trustworthy type first.
const MIME_DB: &str = include_str!("../data/mime-db.tsv");

/// Extensions that stand for unrelated formats: `.ts` is video and TypeScript, `.img` any disk format, `.key` a
/// presentation and a private key, `.mts` video and a 3D model.
const AMBIGUOUS: &[&str] = &["ts", "mts", "img", "key"];

/// What this crate states instead of mime-db, or beside it: extensions without a dot, in lower case, each followed by the
/// types that its files can have, the most common type first.
static EXTENSIONS: Table<Vec<&str>> = Table::new(|| rows(include_str!("../data/extensions.tsv")));

/// All types that files with this extension can have. `extension` is in lower case and has no dot.
pub(crate) fn types_of_extension(extension: &str) -> Option<&'static [&'static str]> {
    EXTENSIONS.iter().find(|row| row.first() == Some(&extension)).and_then(|row| row.get(1..))
}

/// The most common media type of files with this extension, or `None` if the extension is unknown or ambiguous.
///
/// `extension` is in lower case and has no dot. Sources: this crate's own table, then
/// [mime-db](https://github.com/jshttp/mime-db) (`data/mime-db.tsv` names the release).
#[must_use]
pub fn type_of_extension(extension: &str) -> Option<&'static str> {
    let own = types_of_extension(extension).and_then(|types| types.first().copied());
    own.or_else(|| mime_db_types(extension).next())
}

/// Whether files with this extension are known to have the type `kind`, by that name or by another one of the type.
///
/// `extension` is in lower case and has no dot; `kind` is an essence (`type/subtype`) in lower case.
#[must_use]
pub fn is_type_of_extension(extension: &str, kind: &str) -> bool {
    let own = types_of_extension(extension).unwrap_or_default().iter().copied();
    own.chain(mime_db_types(extension)).any(|known| is_same_type(known, kind))
}

/// The most common extension of files of type `kind`, without a dot; `None` if there is none.
///
/// `kind` is an essence (`type/subtype`) in lower case.
#[must_use]
pub fn extension_of_type(kind: &str) -> Option<&'static str> {
    let own = EXTENSIONS.iter().find(|row| row.get(1).is_some_and(|first| is_same_type(first, kind)));
    own.and_then(|row| row.first().copied()).or_else(|| {
        let mut lines = MIME_DB.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'));
        lines
            .find(|(extension, types)| !AMBIGUOUS.contains(extension) && types.split('\t').next() == Some(kind))
            .map(|(extension, _)| extension)
    })
}

fn mime_db_types(extension: &str) -> impl Iterator<Item = &'static str> {
    let is_ambiguous = AMBIGUOUS.contains(&extension);
    let line = MIME_DB.lines().filter_map(|line| line.split_once('\t')).find(|(known, _)| *known == extension);
    line.filter(|_| !is_ambiguous).map(|(_, types)| types.split('\t')).into_iter().flatten()
}

#[cfg(test)]
mod tests;
