//! Declared media types.

use std::fmt;

/// A media type with optional parameters, such as `image/png` or `text/csv; charset=utf-8`.
///
/// - The essence (`type/subtype`) is in lower case and follows the naming rules of
///   [RFC 6838, section 4.2](https://www.rfc-editor.org/rfc/rfc6838#section-4.2) (2013).
/// - Parameters keep their text; runs of spaces become one space.
/// - All characters are printable ASCII, so the text is a valid HTTP header value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MediaType {
    text: String,
    essence_len: usize,
}

/// The error of [`MediaType::parse`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a media type: use type/subtype, such as image/png")]
pub struct NotAMediaType;

/// The maximum number of characters before and after the slash (RFC 6838, section 4.2, 2013).
const MAX_NAME_CHARS: usize = 127;

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= MAX_NAME_CHARS
        && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
}

impl MediaType {
    /// Parses a media type with optional parameters.
    ///
    /// # Errors
    /// [`NotAMediaType`] unless `text` is `type/subtype[; parameters]` in printable ASCII.
    pub fn parse(text: &str) -> Result<Self, NotAMediaType> {
        let (essence, parameters) = text.split_once(';').map_or((text, None), |(e, p)| (e, Some(p)));
        let blanks = [' ', '\t'];
        let essence = essence.trim_matches(blanks).to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/').ok_or(NotAMediaType)?;
        if !is_name(kind) || !is_name(subtype) {
            return Err(NotAMediaType);
        }
        let essence_len = essence.len();
        let text = match parameters.map(|p| p.trim_matches(blanks)).filter(|p| !p.is_empty()) {
            None => essence,
            Some(p) if p.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) => {
                // AWS Signature Version 4 folds runs of spaces in header values. Without such runs, the signed value
                // equals the sent value.
                let folded: Vec<&str> = p.split(' ').filter(|piece| !piece.is_empty()).collect();
                format!("{essence}; {}", folded.join(" "))
            }
            Some(_) => return Err(NotAMediaType),
        };
        Ok(Self { text, essence_len })
    }

    /// The text with parameters, as for a `Content-Type` header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `type/subtype` without parameters, in lower case.
    #[must_use]
    pub fn essence(&self) -> &str {
        &self.text[..self.essence_len]
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

#[cfg(test)]
mod tests;
