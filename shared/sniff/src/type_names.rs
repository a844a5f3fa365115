//! Aliases of media types, and which types are special cases of others.

const OOXML: &str = "application/vnd.openxmlformats-officedocument.";

/// Groups of names for the same type, in lower case. The first name is the registered or the most common one
/// ([IANA registry](https://www.iana.org/assignments/media-types) and
/// [shared-mime-info](https://gitlab.freedesktop.org/xdg/shared-mime-info), as of 2026).
const ALIASES: &[&[&str]] = &[
    &["image/jpeg", "image/jpg", "image/pjpeg", "image/jfif", "image/x-citrix-jpeg"],
    &["image/png", "image/apng", "image/x-png", "image/x-citrix-png", "image/vnd.mozilla.apng"],
    &["image/bmp", "image/x-ms-bmp", "image/x-bmp"],
    &["image/tiff", "image/x-tiff", "image/tif"],
    &["image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"],
    &["image/avif", "image/avif-sequence"],
    &["image/svg+xml", "image/svg"],
    &["image/vnd.microsoft.icon", "image/x-icon", "image/ico"],
    &["image/x-win-bitmap", "image/vnd.microsoft.cursor"],
    &["image/jp2", "image/jpeg2000", "image/jpx", "image/jpm"],
    &["image/vnd.adobe.photoshop", "image/x-psd", "image/psd", "application/photoshop"],
    &["image/x-tga", "image/x-targa", "image/tga"],
    &["image/emf", "image/x-emf"],
    &["image/wmf", "image/x-wmf"],
    &["image/jxr", "image/vnd.ms-photo"],
    &["image/vnd.djvu", "image/x-djvu"],
    &["image/vnd.dwg", "image/x-dwg", "application/acad"],
    &["image/vnd.dxf", "image/x-dxf", "application/dxf"],
    &["image/x-portable-bitmap", "image/x-portable-anymap"],
    &["application/pdf", "application/x-pdf", "application/acrobat", "applications/vnd.pdf", "text/pdf", "text/x-pdf"],
    &["application/postscript", "application/eps", "image/x-eps", "application/x-eps"],
    &["application/rtf", "text/rtf", "application/x-rtf", "text/richtext"],
    &["video/mp4", "application/mp4", "video/x-m4v"],
    &["video/3gpp", "audio/3gpp"],
    &["video/3gpp2", "audio/3gpp2"],
    &["video/x-matroska", "video/matroska", "application/x-matroska"],
    &["audio/x-matroska", "audio/matroska"],
    &["video/x-msvideo", "video/vnd.avi", "video/avi", "video/msvideo"],
    &["video/x-ms-wmv", "video/x-ms-asf", "application/vnd.ms-asf"],
    &["video/mpeg", "video/x-mpeg"],
    &["video/mp2t", "video/vnd.dlna.mpeg-tts"],
    &["audio/mpeg", "audio/mp3", "audio/x-mp3", "audio/x-mpeg", "audio/mpeg3"],
    &["audio/wav", "audio/x-wav", "audio/vnd.wave", "audio/wave"],
    &["audio/flac", "audio/x-flac"],
    &["audio/ogg", "audio/opus", "audio/vorbis", "audio/x-opus+ogg"],
    &["audio/mp4", "audio/x-m4a", "audio/m4a", "audio/x-m4b", "audio/mp4a-latm"],
    &["audio/aac", "audio/x-aac", "audio/aacp", "audio/x-hx-aac-adts"],
    &["audio/ac3", "audio/x-ac3"],
    &["audio/aiff", "audio/x-aiff", "audio/x-aifc"],
    &["audio/midi", "audio/x-midi", "audio/mid"],
    &["audio/amr", "audio/amr-wb", "audio/amr-nb", "audio/x-amr"],
    &["audio/basic", "audio/x-au"],
    &[
        "application/zip",
        "application/x-zip-compressed",
        "application/x-zip",
        "multipart/x-zip",
        "application/x-compressed-zip",
    ],
    &["application/gzip", "application/x-gzip", "application/gzip-compressed", "application/x-gunzip"],
    &["application/x-tar", "application/x-gtar", "application/x-ustar", "application/tar"],
    &["application/x-bzip2", "application/x-bzip", "application/bzip2"],
    &["application/zstd", "application/x-zstd"],
    &["application/vnd.rar", "application/x-rar", "application/x-rar-compressed", "application/rar"],
    &["application/x-7z-compressed", "application/7z"],
    &["application/x-lz4", "application/lz4"],
    &["application/java-archive", "application/x-java-archive"],
    &["application/vnd.ms-cab-compressed", "application/x-cab"],
    &["application/x-iso9660-image", "application/vnd.efi.iso", "application/x-iso9660"],
    &[
        "application/vnd.microsoft.portable-executable",
        "application/x-msdownload",
        "application/x-dosexec",
        "application/x-msdos-program",
    ],
    &["application/x-elf", "application/x-executable", "application/x-sharedlib"],
    &["application/x-mach-binary", "application/x-mach-o"],
    &["application/vnd.ms-xpsdocument", "application/oxps"],
    &["application/encrypted-ooxml", "application/encrypted"],
    &["application/x-cfb", "application/x-ole-storage"],
    &["application/vnd.oasis.opendocument.base", "application/vnd.oasis.opendocument.database"],
    &["application/json", "text/json"],
    &["application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/ndjson"],
    &["application/xml", "text/xml"],
    &["text/html", "application/xhtml+xml"],
    &["application/yaml", "text/yaml", "application/x-yaml", "text/x-yaml"],
    &["application/toml", "text/x-toml"],
    &["text/csv", "application/csv", "text/comma-separated-values", "text/x-csv"],
    &["text/tab-separated-values", "text/tsv"],
    &["text/markdown", "text/x-markdown"],
    &["text/javascript", "application/javascript", "application/x-javascript"],
    &["text/vcard", "text/x-vcard", "text/directory"],
    &["text/calendar", "application/ics"],
    &["text/x-python", "text/x-script.python", "application/x-python-code"],
    &["text/x-shellscript", "application/x-sh", "application/x-shellscript"],
    &["application/x-httpd-php", "text/x-php", "application/x-php"],
    &["application/x-subrip", "text/srt"],
    &["text/x-tex", "application/x-tex", "text/x-latex"],
    &["multipart/related", "application/x-mimearchive"],
    &["application/x-plist", "application/x-bplist"],
    &["font/ttf", "application/x-font-ttf", "font/sfnt"],
    &["font/otf", "application/x-font-otf"],
    &["font/woff", "application/font-woff"],
    &["application/vnd.sqlite3", "application/x-sqlite3"],
    &["application/x-x509-der", "application/pkix-cert", "application/x-x509-ca-cert"],
];

/// Whether `a` and `b` are names of the same type. Both are essences (`type/subtype`) in lower case.
#[must_use]
pub fn is_same_type(a: &str, b: &str) -> bool {
    a == b || ALIASES.iter().any(|names| names.contains(&a) && names.contains(&b))
        // An MP4 with audio only is a valid MP4; the missing video track is reported as a finding.
        || (matches!(a, "video/mp4" | "application/mp4") && b == "audio/mp4")
}

/// All names of the type `kind`, the registered or the most common one first; empty if only one name is known.
///
/// `kind` is an essence (`type/subtype`) in lower case.
#[must_use]
pub fn names_of_type(kind: &str) -> &'static [&'static str] {
    ALIASES.iter().copied().find(|names| names.contains(&kind)).unwrap_or_default()
}

/// More general types that are also correct for a type, beside the parent that its reader reports.
const PARENTS: &[(&str, &[&str])] = &[
    ("image/avif", &["image/heif"]),
    ("image/x-canon-cr2", &["image/tiff"]),
    ("image/x-nikon-nef", &["image/tiff"]),
    ("image/x-sony-arw", &["image/tiff"]),
    ("image/x-adobe-dng", &["image/tiff"]),
    ("image/x-panasonic-rw2", &["image/tiff"]),
    ("image/x-olympus-orf", &["image/tiff"]),
    ("application/illustrator", &["application/pdf", "application/postscript"]),
    ("video/quicktime", &["video/mp4"]),
    ("video/3gpp", &["video/mp4", "video/3gpp2"]),
    ("video/3gpp2", &["video/mp4", "video/3gpp"]),
    ("audio/mp4", &["video/mp4"]),
    ("video/webm", &["video/x-matroska"]),
    ("audio/webm", &["video/webm"]),
    ("audio/x-matroska", &["video/x-matroska"]),
    ("audio/x-ms-wma", &["video/x-ms-asf"]),
    ("video/ogg", &["application/ogg"]),
    ("audio/ogg", &["application/ogg"]),
    ("application/msword", &["application/x-cfb"]),
    ("application/vnd.ms-excel", &["application/x-cfb"]),
    ("application/vnd.ms-powerpoint", &["application/x-cfb"]),
    ("application/vnd.ms-outlook", &["application/x-cfb"]),
    ("application/vnd.visio", &["application/x-cfb"]),
    ("application/x-msi", &["application/x-cfb"]),
    ("application/encrypted-ooxml", &["application/x-cfb"]),
    ("application/epub+zip", &["application/zip"]),
    ("application/java-archive", &["application/zip"]),
    ("application/vnd.android.package-archive", &["application/zip", "application/java-archive"]),
    ("application/json", &["application/x-ndjson"]),
    ("application/geo+json", &["application/json"]),
    ("application/x-ipynb+json", &["application/json"]),
    ("message/rfc822", &["application/mbox"]),
    ("multipart/related", &["message/rfc822"]),
    ("application/mbox", &["message/rfc822"]),
];

/// Whether every file of type `kind` is also a correct file of type `general`, such as a Word document that is a ZIP.
/// Both are essences (`type/subtype`) in lower case.
#[must_use]
pub fn is_more_general(general: &str, kind: &str) -> bool {
    parents_of(kind).any(|parent| is_same_type(parent, general))
}

/// The more general types that are also correct for `kind`, a name in lower case.
pub(crate) fn parents_of(kind: &str) -> impl Iterator<Item = &'static str> {
    let listed = PARENTS.iter().find(|(name, _)| is_same_type(name, kind)).map_or(&[][..], |(_, parents)| parents);
    let office = kind.strip_prefix(OOXML).map_or(&[][..], |rest| match rest {
        "wordprocessingml.template" => &[
            "application/zip",
            "application/encrypted-ooxml",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ],
        "spreadsheetml.template" => &[
            "application/zip",
            "application/encrypted-ooxml",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ],
        "presentationml.template" | "presentationml.slideshow" => &[
            "application/zip",
            "application/encrypted-ooxml",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ],
        _ => &["application/zip", "application/encrypted-ooxml"][..],
    });
    let zipped: &[&str] = match () {
        () if kind.contains(".macroenabled.") => &["application/zip", "application/encrypted-ooxml"],
        () if kind.contains("opendocument") && !kind.contains("flat") => &["application/zip"],
        () => &[],
    };
    listed.iter().chain(office).chain(zipped).copied()
}
