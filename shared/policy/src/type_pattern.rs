//! Patterns of media types in a policy.

use std::fmt;

use content_sniff::{MediaType, is_same_type};

/// A pattern of media types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaPattern {
    /// `image/png`
    Exact(String),
    /// `image/*`, stored as `image/`
    Kind(String),
    /// `*/*`
    Any,
    /// `office`
    Family(Family),
}

/// The text is not a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a type pattern: use image/png, image/*, */* or one of the families {}", Family::names())]
pub struct InvalidPattern;

impl MediaPattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// [`InvalidPattern`] for a text of none of the four forms.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        if text == "*/*" {
            return Ok(Self::Any);
        }
        if let Some(family) = Family::parse(text) {
            return Ok(Self::Family(family));
        }
        if let Some(kind) = text.strip_suffix("/*").filter(|kind| MediaType::parse(&format!("{kind}/x")).is_ok()) {
            return Ok(Self::Kind(format!("{}/", kind.to_ascii_lowercase())));
        }
        let exact = MediaType::parse(text).map_err(|_| InvalidPattern)?;
        if exact.as_str() == exact.essence() { Ok(Self::Exact(exact.as_str().to_owned())) } else { Err(InvalidPattern) }
    }

    /// Whether the pattern matches `declared`. It ignores parameters.
    #[must_use]
    pub fn matches(&self, declared: &MediaType) -> bool {
        let essence = declared.essence();
        match self {
            Self::Exact(exact) => exact == essence,
            Self::Kind(kind) => essence.starts_with(kind.as_str()),
            Self::Any => true,
            Self::Family(family) => family.has(essence),
        }
    }

    /// The types that the pattern lists by name.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::Exact(exact) => vec![exact],
            Self::Family(family) => family.types().to_vec(),
            Self::Kind(_) | Self::Any => Vec::new(),
        }
    }
}

impl fmt::Display for MediaPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => f.write_str(exact),
            Self::Kind(kind) => write!(f, "{kind}*"),
            Self::Any => f.write_str("*/*"),
            Self::Family(family) => f.write_str(family.name()),
        }
    }
}

/// Defines each family with its name in policies and its types.
macro_rules! families {
    ($($(#[$doc:meta])* $variant:ident $name:literal [$($kind:literal,)*])*) => {
        /// A named group of types.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Family {
            $($(#[$doc])* $variant,)*
        }

        impl Family {
            const ALL: &[Self] = &[$(Self::$variant,)*];

            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            fn types(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($kind,)*],)* }
            }
        }
    };
}

families! {
    /// Raster images. SVG is not in it, because SVG can contain scripts.
    Picture "picture" [
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/heic", "image/heif", "image/heic-sequence",
        "image/heif-sequence", "image/apng", "image/bmp", "image/tiff",
    ]
    /// Word, Excel and `PowerPoint` in their old formats and in their new formats without macros, `OpenDocument`, and RTF.
    Office "office" [
        "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
        "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation", "application/rtf",
    ]
    /// Plain text and tables.
    Text "text" ["text/plain", "text/csv", "text/tab-separated-values", "text/markdown", "application/x-subrip", "text/vtt",]
    /// Data that programs exchange: JSON, XML, YAML.
    Data "data" [
        "application/json", "application/geo+json", "application/ld+json", "application/x-ndjson", "application/xml",
        "application/yaml", "application/toml",
    ]
    /// Sound: voice memos, recordings, music.
    Audio "audio" [
        "audio/mpeg", "audio/mp4", "audio/aac", "audio/wav", "audio/flac", "audio/ogg", "audio/opus", "audio/webm", "audio/amr",
        "audio/3gpp", "audio/aiff", "audio/x-matroska", "audio/x-caf", "audio/midi", "audio/x-ms-wma",
    ]
    /// Film: phones, cameras, screen recorders.
    Video "video" [
        "video/mp4", "video/quicktime", "video/webm", "video/3gpp", "video/3gpp2", "video/x-matroska", "video/x-msvideo",
        "video/mpeg", "video/ogg", "video/mp2t", "video/x-ms-wmv",
    ]
    /// Archives. The content rules look into ZIP, gzip and tar; 7z and RAR are recognised only.
    Archive "archive" [
        "application/zip", "application/gzip", "application/x-tar", "application/x-7z-compressed", "application/vnd.rar",
        "application/x-bzip2", "application/x-xz", "application/zstd",
    ]
    /// Calendars and address cards.
    Calendar "calendar" ["text/calendar", "text/vcard",]
    /// Saved mail.
    Mail "mail" ["message/rfc822", "application/mbox", "application/vnd.ms-outlook",]
}

impl Family {
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|family| family.name() == text)
    }

    /// The names of all families, for people.
    fn names() -> String {
        Self::ALL.iter().map(|family| family.name()).collect::<Vec<_>>().join(", ")
    }

    /// Whether the family lists the type, under any of its names.
    fn has(self, kind: &str) -> bool {
        self.types().iter().any(|listed| is_same_type(listed, kind))
    }

    /// Whether files of the type are text, so that a system may also call them plain text. `kind` is in lower case.
    pub(crate) fn is_textual(kind: &str) -> bool {
        kind.starts_with("text/") && !matches!(kind, "text/html" | "text/rtf" | "text/javascript")
            || [Self::Data, Self::Text, Self::Calendar].iter().any(|family| family.has(kind))
    }

    /// Whether the type is a raster image. `kind` is in lower case.
    pub(crate) fn is_picture(kind: &str) -> bool {
        Self::Picture.has(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_pattern_matches_its_types() {
        let check = |pattern: &str, media: &str| {
            MediaPattern::parse(pattern).unwrap().matches(&MediaType::parse(media).unwrap())
        };
        assert!(check("image/png", "image/png"));
        assert!(check("text/csv", "text/csv; charset=utf-8"));
        assert!(check("image/*", "image/png"));
        assert!(!check("image/*", "imagery/png"));
        assert!(check("*/*", "x/y"));
        assert!(check("picture", "image/webp"));
        assert!(check("picture", "image/pjpeg"), "another name of a type in the family");
        assert!(check("audio", "audio/x-m4a") && !check("audio", "video/mp4"));
        assert!(!check("picture", "image/svg+xml"));
        for pattern in ["image", "*", "*/png", "image/png; q=1", ""] {
            assert_eq!(MediaPattern::parse(pattern), Err(InvalidPattern), "{pattern}");
        }
    }
}
