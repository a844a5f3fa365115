//! File names. A name is data for people and never part of an object key.

use std::fmt;

use crate::name_problems::{is_bidirectional, is_invisible};

/// A file name as the client sent it.
///
/// - It has a character other than dots and blanks.
/// - It is one path segment, without `/` and `\`.
/// - It has no control characters, and none that override or embed a reading direction, which can disguise an extension.
///   The marks that file managers of right-to-left systems add are allowed.
/// - Its `Debug` hides the name, because logs must not contain names.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FileName(String);

/// Why a text is not a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFileName {
    /// Empty, or only dots and blanks.
    #[error("the name is empty")]
    Empty,
    /// A path separator.
    #[error("the name contains a path separator: send only the last segment of the path")]
    Path,
    /// C0 or C1, or a line or paragraph separator.
    #[error("the name contains a control character: remove it")]
    Control,
    /// A character that overrides or embeds a reading direction.
    #[error("the name contains a character that reverses its reading direction: rename the file")]
    Disguise,
}

/// Embeddings, overrides and isolates of Unicode 17. A mark (U+200E, U+200F, U+061C) reverses nothing.
fn is_disguise(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

impl FileName {
    /// A placeholder for the name of a deleted upload.
    #[must_use]
    pub fn redacted() -> Self {
        Self("redacted".to_owned())
    }

    /// Checks a name.
    ///
    /// # Errors
    /// [`InvalidFileName`] with the first problem.
    pub fn parse(text: &str) -> Result<Self, InvalidFileName> {
        if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(InvalidFileName::Control);
        }
        if text.chars().any(is_disguise) {
            return Err(InvalidFileName::Disguise);
        }
        if text.contains(['/', '\\']) {
            return Err(InvalidFileName::Path);
        }
        if text.chars().all(|c| c == '.' || c.is_whitespace()) {
            return Err(InvalidFileName::Empty);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as the client sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text after the last dot, in lower case; `None` for a name like `README` or `.bashrc`. Invisible characters, and
    /// blanks and dots at the end, do not count: Windows removes them too.
    #[must_use]
    pub fn extension(&self) -> Option<String> {
        let visible: String = self.0.chars().filter(|c| !is_invisible(*c) && !is_bidirectional(*c)).collect();
        let (stem, extension) = visible.trim().trim_end_matches(['.', ' ']).rsplit_once('.')?;
        (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_lowercase())
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileName(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_names_are_accepted() {
        for (name, extension) in [
            ("photo.png", Some("png")),
            ("Ünïcödé 😀 \"quoted\" it's.PDF", Some("pdf")),
            ("README", None),
            (".bashrc", None),
            ("archive.tar.gz", Some("gz")),
            ("ends.", None),
            ("photo.png. ", Some("png")),
            ("\u{200e}photo.png\u{200e}", Some("png")),
            ("a\u{200b}.p\u{feff}ng", Some("png")),
            ("100%.txt", Some("txt")),
        ] {
            let parsed = FileName::parse(name).unwrap();
            assert_eq!(parsed.extension().as_deref(), extension, "{name}");
        }
    }

    #[test]
    fn paths_and_disguised_names_are_refused() {
        for (name, problem) in [
            ("", InvalidFileName::Empty),
            (" .. ", InvalidFileName::Empty),
            ("..", InvalidFileName::Empty),
            ("../x.png", InvalidFileName::Path),
            ("C:\\x.png", InvalidFileName::Path),
            ("a\0.png", InvalidFileName::Control),
            ("a\r\n.png", InvalidFileName::Control),
            ("a\u{85}.png", InvalidFileName::Control),
            ("photo\u{202e}gpj.exe", InvalidFileName::Disguise),
            ("a\u{202a}.png", InvalidFileName::Disguise),
            ("a\u{2066}b\u{2069}.png", InvalidFileName::Disguise),
        ] {
            assert_eq!(FileName::parse(name), Err(problem), "{name:?}");
        }
    }

    #[test]
    fn debug_hides_the_name() {
        assert!(!format!("{:?}", FileName::parse("secret.png").unwrap()).contains("secret"));
    }

    proptest! {
        #[test]
        fn accepted_names_are_safe_in_headers_and_paths(text in ".*") {
            if let Ok(name) = FileName::parse(&text) {
                prop_assert!(!name.as_str().contains(['\r', '\n', '\0', '/', '\\']));
            }
        }
    }
}
