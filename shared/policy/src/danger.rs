//! How dangerous a type is for the person who opens the file.

use content_sniff::{Sniffed, is_more_general, is_same_type};

use crate::type_pattern::Family;

/// What a file of a type can do when a person opens it with the usual program. A later variant is more dangerous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    /// It is shown or played: raster pictures, sound, video, plain text, tables, calendars.
    Passive,
    /// It may contain links, attachments or other files: documents, mail, archives, fonts, models.
    Container,
    /// It may contain scripts or macros that run when it is shown: HTML, SVG, XML, documents with macros, PostScript.
    Active,
    /// It runs: programs, installers, scripts, disk images.
    Program,
}

impl Danger {
    /// The danger of a type. `kind` is an essence in any case, because Microsoft's types have capitals. A type that is not
    /// listed counts as a container.
    #[must_use]
    pub fn of(kind: &str) -> Self {
        let kind = &*kind.to_ascii_lowercase();
        if PROGRAMS.contains(&kind) || SCRIPTS.contains(&kind) {
            return Self::Program;
        }
        if ACTIVE.contains(&kind) || kind.contains(".macroenabled.") || kind.ends_with("+xml") {
            return Self::Active;
        }
        let is_passive = ["image/", "audio/", "video/"].iter().any(|group| kind.starts_with(group))
            || kind.starts_with("text/") && kind != "text/rtf"
            || PASSIVE.contains(&kind);
        if is_passive { Self::Passive } else { Self::Container }
    }
}

/// Whether `kind`, an essence in lower case, is source text that an interpreter runs. As plain text it is only read.
#[must_use]
pub fn is_script(kind: &str) -> bool {
    SCRIPTS.contains(&kind)
}

/// Whether a file of this type is shown as text whatever it contains. `kind` is an essence in lower case.
#[must_use]
pub(crate) fn is_read_as_text(kind: &str) -> bool {
    Family::is_textual(kind) && Danger::of(kind) == Danger::Passive
}

/// Whether the content is a special case of the type `granted` that people treat as another kind of file, so that the
/// permission for the general type does not cover it. A file that is only shown or played is none: a raw photograph is a
/// TIFF. `granted` is an essence in lower case.
#[must_use]
pub(crate) fn is_another_kind(granted: &str, sniffed: &Sniffed) -> bool {
    let found = &*sniffed.media_type.to_ascii_lowercase();
    let is_special =
        is_more_general(granted, found) || sniffed.parent.is_some_and(|parent| is_same_type(granted, parent));
    Danger::of(found) > Danger::of(granted) || is_special && Danger::of(found) > Danger::Passive && !is_variant(found)
}

/// Whether programs for the more general type open files of this type as usual: data in XML, a PDF with Illustrator's own
/// data, a presentation that starts as a slide show.
fn is_variant(kind: &str) -> bool {
    const VARIANTS: &[&str] = &[
        "application/illustrator",
        "application/x-plist",
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
    ];
    let is_data = kind.ends_with("+xml") && !matches!(kind, "image/svg+xml" | "application/xhtml+xml");
    is_data || VARIANTS.contains(&kind)
}

const SCRIPTS: &[&str] = &[
    "text/x-shellscript",
    "text/x-python",
    "text/x-perl",
    "text/x-ruby",
    "text/x-lua",
    "text/x-tcl",
    "text/x-r",
    "text/javascript",
    "text/x-msdos-batch",
    "text/x-powershell",
    "text/x-awk",
    "text/x-makefile",
    "application/x-httpd-php",
];

const PROGRAMS: &[&str] = &[
    "application/vnd.microsoft.portable-executable",
    "application/x-elf",
    "application/x-mach-binary",
    "application/x-dosexec",
    "application/x-msi",
    "application/java-archive",
    "application/java-vm",
    "application/vnd.android.package-archive",
    "application/wasm",
    "application/x-iso9660-image",
    "application/x-apple-diskimage",
    "application/x-ms-shortcut",
    "text/x-ms-regedit",
];

const ACTIVE: &[&str] = &[
    "text/html",
    "application/xhtml+xml",
    "image/svg+xml",
    "image/svg+xml-compressed",
    "application/xml",
    "text/xml",
    "application/postscript",
    "application/x-shockwave-flash",
    "multipart/related",
    "text/css",
];

const PASSIVE: &[&str] = &[
    "application/json",
    "application/geo+json",
    "application/x-ndjson",
    "application/ld+json",
    "application/yaml",
    "application/toml",
    "application/x-subrip",
    "application/ogg",
    "application/mp4",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_ranked() {
        let ranked = ["image/png", "application/pdf", "text/html", "text/x-shellscript"];
        assert!(ranked.map(Danger::of).is_sorted());
        for (kind, danger) in [
            ("text/csv", Danger::Passive),
            ("video/quicktime", Danger::Passive),
            ("application/json", Danger::Passive),
            ("application/zip", Danger::Container),
            ("application/rtf", Danger::Container),
            ("application/octet-stream", Danger::Container),
            ("image/svg+xml", Danger::Active),
            ("application/vnd.ms-excel.sheet.macroenabled.12", Danger::Active),
            ("application/vnd.ms-excel.sheet.macroEnabled.12", Danger::Active),
            ("application/x-elf", Danger::Program),
        ] {
            assert_eq!(Danger::of(kind), danger, "{kind}");
        }
    }
}
