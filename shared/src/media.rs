//! Media types as clients declare them and as policies allow them.

use std::fmt;

/// A declared content type, such as `image/png` or `text/csv; charset=utf-8`.
///
/// - The essence (`type/subtype`) is lower case and made of RFC 6838 name characters.
/// - Parameters are kept as sent, for the client must repeat the exact text that was signed.
/// - Printable ASCII throughout, so it is a legal header value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MediaType {
    text: String,
    essence: usize,
}

/// A text that is no media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a media type: use type/subtype, such as image/png")]
pub struct NotAMediaType;

/// RFC 6838, section 4.2 (2013): at most 127 characters on either side of the slash.
const LONGEST_NAME: usize = 127;

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= LONGEST_NAME
        && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
}

impl MediaType {
    /// Reads a media type with optional parameters.
    ///
    /// # Errors
    /// [`NotAMediaType`] for anything that isn't `type/subtype[; parameters]` in printable ASCII.
    pub fn parse(text: &str) -> Result<Self, NotAMediaType> {
        let (essence, parameters) = text.split_once(';').map_or((text, None), |(e, p)| (e, Some(p)));
        let blanks = [' ', '\t'];
        let essence = essence.trim_matches(blanks).to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/').ok_or(NotAMediaType)?;
        if !is_name(kind) || !is_name(subtype) {
            return Err(NotAMediaType);
        }
        let length = essence.len();
        let text = match parameters.map(|p| p.trim_matches(blanks)).filter(|p| !p.is_empty()) {
            None => essence,
            Some(p) if p.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) => {
                // Signature Version 4 folds runs of blanks in header values, so what is signed has none.
                let folded: Vec<&str> = p.split(' ').filter(|piece| !piece.is_empty()).collect();
                format!("{essence}; {}", folded.join(" "))
            }
            Some(_) => return Err(NotAMediaType),
        };
        Ok(Self { text, essence: length })
    }

    /// The whole header value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `type/subtype` alone.
    #[must_use]
    pub fn essence(&self) -> &str {
        &self.text[..self.essence]
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaType({})", self.text)
    }
}

/// What a policy allows: one type, everything of one kind, or a named family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaPattern {
    /// `image/png`
    Exact(String),
    /// `image/*`, held as `image/`
    Kind(String),
    /// `*/*`
    Any,
    /// `office`
    Family(Family),
}

/// A text that is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a type pattern: use image/png, image/*, */* or one of the families {}", Family::NAMES)]
pub struct NotAPattern;

impl MediaPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`NotAPattern`] for anything but the four forms above.
    pub fn parse(text: &str) -> Result<Self, NotAPattern> {
        if text == "*/*" {
            return Ok(Self::Any);
        }
        if let Some(family) = Family::parse(text) {
            return Ok(Self::Family(family));
        }
        if let Some(kind) = text.strip_suffix("/*").filter(|kind| is_name(kind)) {
            return Ok(Self::Kind(format!("{}/", kind.to_ascii_lowercase())));
        }
        let exact = MediaType::parse(text).map_err(|_| NotAPattern)?;
        if exact.as_str() == exact.essence() { Ok(Self::Exact(exact.text)) } else { Err(NotAPattern) }
    }

    /// Whether `declared` falls under this pattern; parameters don't matter.
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

/// Types that people think of as one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Raster images that browsers and cameras make. No SVG: that is a program as much as a picture.
    Picture,
    /// Word, Excel and `PowerPoint` files without macros, old and new, and `OpenDocument`.
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
    use proptest::prelude::*;

    #[test]
    fn reads_and_normalises() {
        for (text, whole, essence) in [
            ("image/png", "image/png", "image/png"),
            (" Image/PNG ", "image/png", "image/png"),
            ("text/csv;charset=utf-8", "text/csv; charset=utf-8", "text/csv"),
            ("text/csv;", "text/csv", "text/csv"),
            ("text/csv;  a=b;   c=d ", "text/csv; a=b; c=d", "text/csv"),
            ("video/webm;codecs=\"vp8, opus\"", "video/webm; codecs=\"vp8, opus\"", "video/webm"),
        ] {
            let media = MediaType::parse(text).unwrap();
            assert_eq!((media.as_str(), media.essence()), (whole, essence));
        }
    }

    #[test]
    fn refuses_what_is_no_type() {
        let long = format!("a/{}", "b".repeat(128));
        for text in ["", "png", "/", "image/", "/png", "a/b/c", "image/*", "a b/c", "a/b;\r\nx: y", "a/b;ü", &long] {
            assert_eq!(MediaType::parse(text), Err(NotAMediaType), "{text}");
        }
    }

    #[test]
    fn patterns_match_what_they_name() {
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
            assert_eq!(MediaPattern::parse(pattern), Err(NotAPattern), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_parsed_type_parses_to_itself(text in ".*") {
            if let Ok(media) = MediaType::parse(&text) {
                prop_assert_eq!(MediaType::parse(media.as_str()), Ok(media));
            }
        }
    }
}
