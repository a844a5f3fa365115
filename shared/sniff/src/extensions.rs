//! File name extensions and the media types they stand for.

use crate::type_names::is_same_type;

/// The extensions and types of mime-db: one line per extension, the most trustworthy type first.
const MIME_DB: &str = include_str!("../data/mime-db.tsv");

/// Extensions that stand for unrelated formats: `.ts` is video and TypeScript, `.img` any disk format, `.key` a
/// presentation and a private key, `.mts` video and a 3D model.
const AMBIGUOUS: &[&str] = &["ts", "mts", "img", "key"];

/// What this crate states instead of mime-db, or beside it: extensions without a dot, in lower case, with the types that
/// their files can have, the most common type first.
const EXTENSIONS: &[(&str, &[&str])] = &[
    ("jpg", &["image/jpeg"]),
    ("jpeg", &["image/jpeg"]),
    ("jpe", &["image/jpeg"]),
    ("jfif", &["image/jpeg"]),
    ("png", &["image/png"]),
    ("apng", &["image/apng"]),
    ("gif", &["image/gif"]),
    ("webp", &["image/webp"]),
    ("avif", &["image/avif"]),
    ("avifs", &["image/avif"]),
    ("heic", &["image/heic", "image/heif"]),
    ("heif", &["image/heic", "image/heif"]),
    ("hif", &["image/heic", "image/heif"]),
    ("heics", &["image/heic-sequence"]),
    ("heifs", &["image/heif-sequence"]),
    ("bmp", &["image/bmp"]),
    ("tif", &["image/tiff"]),
    ("tiff", &["image/tiff"]),
    ("svg", &["image/svg+xml"]),
    ("ico", &["image/vnd.microsoft.icon"]),
    ("psd", &["image/vnd.adobe.photoshop"]),
    ("jxl", &["image/jxl"]),
    ("pdf", &["application/pdf"]),
    ("ai", &["application/illustrator", "application/pdf", "application/postscript"]),
    ("rtf", &["application/rtf"]),
    ("doc", &["application/msword"]),
    ("xls", &["application/vnd.ms-excel"]),
    ("ppt", &["application/vnd.ms-powerpoint"]),
    ("msg", &["application/vnd.ms-outlook"]),
    ("docx", &["application/vnd.openxmlformats-officedocument.wordprocessingml.document"]),
    ("xlsx", &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"]),
    ("pptx", &["application/vnd.openxmlformats-officedocument.presentationml.presentation"]),
    ("docm", &["application/vnd.ms-word.document.macroenabled.12"]),
    ("xlsm", &["application/vnd.ms-excel.sheet.macroenabled.12"]),
    ("pptm", &["application/vnd.ms-powerpoint.presentation.macroenabled.12"]),
    ("odt", &["application/vnd.oasis.opendocument.text"]),
    ("ods", &["application/vnd.oasis.opendocument.spreadsheet"]),
    ("odp", &["application/vnd.oasis.opendocument.presentation"]),
    ("epub", &["application/epub+zip"]),
    ("zip", &["application/zip"]),
    ("gz", &["application/gzip"]),
    ("tgz", &["application/gzip"]),
    ("7z", &["application/x-7z-compressed"]),
    ("rar", &["application/vnd.rar"]),
    ("tar", &["application/x-tar"]),
    ("bz2", &["application/x-bzip2"]),
    ("xz", &["application/x-xz"]),
    ("mp4", &["video/mp4", "video/quicktime", "video/3gpp"]),
    ("m4v", &["video/mp4"]),
    ("m4a", &["audio/mp4", "video/mp4"]),
    ("mov", &["video/quicktime", "video/mp4"]),
    ("3gp", &["video/3gpp", "video/mp4"]),
    ("webm", &["video/webm", "audio/webm"]),
    ("mkv", &["video/x-matroska", "video/webm", "audio/x-matroska"]),
    ("avi", &["video/x-msvideo"]),
    ("wmv", &["video/x-ms-wmv"]),
    ("flv", &["video/x-flv"]),
    ("mp3", &["audio/mpeg"]),
    ("m4b", &["audio/mp4", "video/mp4"]),
    ("weba", &["audio/webm", "video/webm"]),
    ("mka", &["audio/x-matroska", "video/x-matroska"]),
    ("wav", &["audio/wav"]),
    ("flac", &["audio/flac", "audio/ogg"]),
    ("ogg", &["audio/ogg", "video/ogg", "application/ogg"]),
    ("oga", &["audio/ogg"]),
    ("ogv", &["video/ogg", "application/ogg"]),
    ("opus", &["audio/opus"]),
    ("amr", &["audio/amr"]),
    ("aif", &["audio/aiff"]),
    ("aiff", &["audio/aiff"]),
    ("mid", &["audio/midi"]),
    ("mpg", &["video/mpeg"]),
    ("mpeg", &["video/mpeg"]),
    ("3g2", &["video/3gpp2", "video/3gpp", "video/mp4"]),
    ("aac", &["audio/aac"]),
    ("json", &["application/json"]),
    ("geojson", &["application/geo+json", "application/json"]),
    ("jsonl", &["application/x-ndjson", "application/json"]),
    ("ndjson", &["application/x-ndjson", "application/json"]),
    ("xml", &["application/xml", "text/html"]),
    ("html", &["text/html"]),
    ("htm", &["text/html"]),
    ("csv", &["text/csv", "text/tab-separated-values"]),
    ("tsv", &["text/tab-separated-values"]),
    ("txt", &["text/plain"]),
    ("srt", &["application/x-subrip", "text/plain"]),
    ("vtt", &["text/vtt", "text/plain"]),
    ("ics", &["text/calendar"]),
    ("vcf", &["text/vcard"]),
    ("eml", &["message/rfc822"]),
    ("text", &["text/plain"]),
    ("log", &["text/plain"]),
    ("md", &["text/markdown", "text/plain"]),
    ("markdown", &["text/markdown", "text/plain"]),
    ("yaml", &["application/yaml", "text/plain"]),
    ("yml", &["application/yaml", "text/plain"]),
    ("exe", &["application/vnd.microsoft.portable-executable"]),
];

/// All types that files with this extension can have. `extension` is in lower case and has no dot.
pub(crate) fn types_of_extension(extension: &str) -> Option<&'static [&'static str]> {
    EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, types)| *types)
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
    let own = EXTENSIONS.iter().find(|(_, types)| types.first().is_some_and(|first| is_same_type(first, kind)));
    own.map(|(extension, _)| *extension).or_else(|| {
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
mod tests {
    use super::*;

    #[test]
    fn extensions_have_their_most_common_type() {
        for (extension, kind) in [
            ("jpg", "image/jpeg"),
            ("csv", "text/csv"),
            ("md", "text/markdown"),
            ("mov", "video/quicktime"),
            ("ics", "text/calendar"),
            ("epub", "application/epub+zip"),
            // Of mime-db alone.
            ("woff2", "font/woff2"),
            ("kml", "application/vnd.google-earth.kml+xml"),
        ] {
            assert_eq!(type_of_extension(extension), Some(kind), "{extension}");
            assert!(is_type_of_extension(extension, kind) && !is_type_of_extension(extension, "image/x-none"));
            assert_eq!(extension_of_type(kind), Some(extension), "{kind}");
        }
        for unknown in ["ts", "key", "", "no-such", "JPG", "#"] {
            assert_eq!(type_of_extension(unknown), None, "{unknown}");
        }
        assert!(is_type_of_extension("jpg", "image/pjpeg"), "another name of the type");
    }

    #[test]
    fn the_tables_are_well_formed() {
        let (comment, lines) = MIME_DB.split_once('\n').unwrap();
        assert!(comment.starts_with("# mime-db "));
        let extensions: Vec<&str> = lines.lines().map(|line| line.split_once('\t').unwrap().0).collect();
        assert!(extensions.is_sorted() && extensions.len() > 1_000);
        for (extension, types) in EXTENSIONS {
            assert!(!types.is_empty() && !AMBIGUOUS.contains(extension));
            assert_eq!(EXTENSIONS.iter().filter(|(other, _)| other == extension).count(), 1, "{extension}");
        }
    }
}
