//! File name extensions and the media types they stand for.

/// Extensions without a dot, in lower case, with the types that their files can have, the most common type first.
///
/// Ambiguous extensions are missing: `.ts` is used for video and for TypeScript, `.img` for any disk format.
const EXTENSIONS: &[(&str, &[&str])] = &[
    ("jpg", &["image/jpeg"]),
    ("jpeg", &["image/jpeg"]),
    ("jpe", &["image/jpeg"]),
    ("png", &["image/png"]),
    ("apng", &["image/apng"]),
    ("gif", &["image/gif"]),
    ("webp", &["image/webp"]),
    ("avif", &["image/avif"]),
    ("heic", &["image/heic", "image/heif"]),
    ("heif", &["image/heic", "image/heif"]),
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
    ("wav", &["audio/wav"]),
    ("flac", &["audio/flac", "audio/ogg"]),
    ("ogg", &["audio/ogg", "video/ogg", "application/ogg"]),
    ("opus", &["audio/opus"]),
    ("aac", &["audio/aac"]),
    ("json", &["application/json"]),
    ("xml", &["application/xml", "text/html"]),
    ("html", &["text/html"]),
    ("htm", &["text/html"]),
    ("csv", &["text/csv", "text/tab-separated-values"]),
    ("tsv", &["text/tab-separated-values"]),
    ("txt", &["text/plain"]),
    ("md", &["text/markdown", "text/plain"]),
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
/// `extension` is in lower case and has no dot.
#[must_use]
pub fn type_of_extension(extension: &str) -> Option<&'static str> {
    types_of_extension(extension)?.first().copied()
}
