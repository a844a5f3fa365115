//! What a user calls a file. Data for people, never part of a key.

use std::fmt;

/// A file name as the user typed it.
///
/// - Not empty, and not only dots and blanks.
/// - One name, not a path: neither `/` nor `\`.
/// - Shows as it is: no control characters, no bidirectional or invisible ones that disguise an extension.
/// - Its `Debug` hides it, for names belong in no log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FileName(String);

impl FileName {
    /// What stands in the place of one that may not be kept.
    #[must_use]
    pub fn redacted() -> Self {
        Self("redacted".to_owned())
    }
}

/// Why a text can't be a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFileName {
    /// Nothing but dots and blanks.
    #[error("the name is empty")]
    Empty,
    /// A separator.
    #[error("the name holds a path separator: send the last piece of the path only")]
    Path,
    /// C0, C1, line and paragraph separators.
    #[error("the name holds a control character")]
    Control,
    /// Direction overrides and invisible characters.
    #[error("the name holds a character that changes how the rest of it reads")]
    Disguise,
}

/// Unicode 17's bidirectional controls and the invisible characters used to disguise names.
fn disguises(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

impl FileName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`InvalidFileName`] with the rule that was broken.
    pub fn parse(text: &str) -> Result<Self, InvalidFileName> {
        if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(InvalidFileName::Control);
        }
        if text.chars().any(disguises) {
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

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last dot, in lower case; `None` where there is none.
    #[must_use]
    pub fn extension(&self) -> Option<String> {
        let (stem, extension) = self.0.rsplit_once('.')?;
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
    fn people_may_name_files_as_they_like() {
        for (name, extension) in [
            ("photo.png", Some("png")),
            ("Ünïcödé 😀 \"quoted\" it's.PDF", Some("pdf")),
            ("README", None),
            (".bashrc", None),
            ("archive.tar.gz", Some("gz")),
            ("ends.", None),
            ("100%.txt", Some("txt")),
        ] {
            let parsed = FileName::parse(name).unwrap();
            assert_eq!(parsed.extension().as_deref(), extension, "{name}");
        }
    }

    #[test]
    fn names_that_lie_are_refused() {
        for (name, why) in [
            ("", InvalidFileName::Empty),
            (" .. ", InvalidFileName::Empty),
            ("..", InvalidFileName::Empty),
            ("../x.png", InvalidFileName::Path),
            ("C:\\x.png", InvalidFileName::Path),
            ("a\0.png", InvalidFileName::Control),
            ("a\r\n.png", InvalidFileName::Control),
            ("a\u{85}.png", InvalidFileName::Control),
            ("photo\u{202e}gpj.exe", InvalidFileName::Disguise),
            ("a\u{200b}.png", InvalidFileName::Disguise),
        ] {
            assert_eq!(FileName::parse(name), Err(why), "{name:?}");
        }
    }

    #[test]
    fn debug_hides_the_name() {
        assert!(!format!("{:?}", FileName::parse("secret.png").unwrap()).contains("secret"));
    }

    proptest! {
        #[test]
        fn no_accepted_name_can_break_a_header_or_a_path(text in ".*") {
            if let Ok(name) = FileName::parse(&text) {
                prop_assert!(!name.as_str().contains(['\r', '\n', '\0', '/', '\\']));
            }
        }
    }
}
