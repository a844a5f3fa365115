//! Patterns of media types in a policy.

use std::fmt;

use content_sniff::MediaType;

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
#[error("not a type pattern: use image/png, image/*, */* or one of the families {}", Family::NAMES)]
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
            Self::Family(family) => family.types().contains(&essence),
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

/// A named group of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Raster images. SVG is not in it, because SVG can contain scripts.
    Picture,
    /// Word, Excel and `PowerPoint` in their old formats and in their new formats without macros, and `OpenDocument`.
    Office,
    /// Plain text and tables.
    Text,
}

impl Family {
    const ALL: [Self; 3] = [Self::Picture, Self::Office, Self::Text];
    const NAMES: &str = "picture, office, text";

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == text)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Office => "office",
            Self::Text => "text",
        }
    }

    fn types(self) -> &'static [&'static str] {
        match self {
            Self::Picture => &[
                "image/png",
                "image/jpeg",
                "image/gif",
                "image/webp",
                "image/avif",
                "image/heic",
                "image/heif",
                "image/bmp",
                "image/tiff",
            ],
            Self::Office => &[
                "application/msword",
                "application/vnd.ms-excel",
                "application/vnd.ms-powerpoint",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "application/vnd.openxmlformats-officedocument.presentationml.presentation",
                "application/vnd.oasis.opendocument.text",
                "application/vnd.oasis.opendocument.spreadsheet",
                "application/vnd.oasis.opendocument.presentation",
            ],
            Self::Text => &["text/plain", "text/csv", "text/tab-separated-values", "text/markdown"],
        }
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
        assert!(!check("picture", "image/svg+xml"));
        for pattern in ["image", "*", "*/png", "image/png; q=1", ""] {
            assert_eq!(MediaPattern::parse(pattern), Err(InvalidPattern), "{pattern}");
        }
    }
}
