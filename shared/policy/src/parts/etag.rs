//! Entity tags.

use std::fmt;

/// The longest entity tag that is accepted. Those of S3 have at most 38 characters.
const MAX_ETAG_CHARS: usize = 128;

/// The entity tag of a part or an object
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>).
///
/// - Stored without quotes. Clients send it with and without them.
/// - 1 to 128 visible ASCII characters without a quote.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

/// The text is not an entity tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an entity tag")]
pub struct InvalidETag;

impl ETag {
    /// Parses an entity tag, with or without quotes.
    ///
    /// # Errors
    /// [`InvalidETag`] for an empty text, one above 128 characters, or other characters.
    pub fn parse(text: &str) -> Result<Self, InvalidETag> {
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        let is_valid =
            (1..=MAX_ETAG_CHARS).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_graphic() && b != b'"');
        if is_valid { Ok(Self(bare.to_owned())) } else { Err(InvalidETag) }
    }

    /// A placeholder for an entity tag that S3 no longer reports.
    #[must_use]
    pub fn none() -> Self {
        Self("none".to_owned())
    }

    /// The tag without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The tag in quotes, as in an `ETag` header.
impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl fmt::Debug for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ETag({})", self.0)
    }
}
