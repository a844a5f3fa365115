//! The file name that a download gets.
//!
//! A record keeps the name that the client sent. Whoever downloads the file saves it under a cleaned name, which no
//! system reads as something else.

use std::borrow::Cow;

use content_sniff::{extension_of_type, is_more_general, is_same_type, is_type_of_extension, type_of_extension};

use crate::name_problems::{
    NameProblem, has_invisible, is_active, is_bidirectional, is_device, is_invisible, name_problems, says_anything,
};

/// The longest name, in bytes: `NAME_MAX` of common POSIX file systems.
const MAX_BYTES: usize = 255;

/// The stem of a name that has nothing left.
const FALLBACK: &str = "file";

/// `name` without anything that a system could read as something else, and with an extension of `content_type`, which is
/// an essence in lower case. A name without such a problem is returned as it is.
///
/// The result is never empty, has at most 255 bytes, and has no control characters, separators or reserved device names.
/// Cleaning it again does not change it.
#[must_use]
pub fn clean_name<'a>(name: &'a str, content_type: &str) -> Cow<'a, str> {
    let cleaned = with_extension(&without_problems(name), content_type);
    if cleaned == name { Cow::Borrowed(name) } else { Cow::Owned(cleaned) }
}

fn without_problems(name: &str) -> String {
    let keeps_joiners = !has_invisible(name);
    let mut cleaned: String = name
        .chars()
        .filter(|c| !is_bidirectional(*c) && (keeps_joiners || !is_invisible(*c)))
        .map(|c| if is_reserved(c) { '_' } else { c })
        .collect();
    if name_problems(&cleaned).contains(&NameProblem::Encoded) {
        cleaned = cleaned.replace('%', "_");
    }
    let mut cleaned = cleaned.trim().trim_matches(['.', ' ']).to_owned();
    if let Some((stem, extension)) = cleaned.rsplit_once('.')
        && name_problems(&cleaned).contains(&NameProblem::DoubleExtension)
    {
        cleaned = format!("{}.{extension}", stem.replace('.', "_"));
    }
    let stem = cleaned.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    if is_device(&stem) || name_problems(&cleaned).contains(&NameProblem::ServerFile) {
        cleaned.insert(0, '_');
    }
    if cleaned.is_empty() { FALLBACK.to_owned() } else { cleaned }
}

/// Characters with a special meaning in paths, in shells or in headers, and look-alikes of dots and separators.
fn is_reserved(c: char) -> bool {
    c.is_control()
        || matches!(c, '/' | '\\' | ':' | '"' | ';' | '<' | '>' | '|' | '?' | '*' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{2215}' | '\u{2044}' | '\u{ff0f}' | '\u{ff3c}')
        || matches!(c, '\u{ff0e}' | '\u{2024}' | '\u{fe52}' | '\u{3002}' | '\u{ff61}')
}

/// The name with an extension of the type. An extension of another type is replaced, and an unknown one is part of the
/// name.
fn with_extension(name: &str, content_type: &str) -> String {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && !extension.is_empty() => (stem, Some(extension)),
        Some(_) | None => (name, None),
    };
    let expected = extension_of_type(content_type);
    match (extension, expected) {
        (Some(extension), Some(expected)) if is_other_type(&extension.to_lowercase(), content_type) => {
            shortened(stem, expected)
        }
        // `Report 2026.11` has no extension.
        (Some(extension), Some(expected)) if !says_anything(&extension.to_lowercase()) => shortened(name, expected),
        (Some(extension), _) => shortened(stem, extension),
        (None, Some(expected)) => shortened(stem, expected),
        (None, None) => shorten(stem, MAX_BYTES).to_owned(),
    }
}

/// Whether the extension stands for a type that the content does not have.
fn is_other_type(extension: &str, content_type: &str) -> bool {
    // A system runs the file, whatever it contains.
    if is_active(extension) && !is_type_of_extension(extension, content_type) {
        return true;
    }
    let Some(usual) = type_of_extension(extension) else { return false };
    let is_related = is_type_of_extension(extension, content_type)
        || is_same_type(usual, content_type)
        || is_more_general(usual, content_type)
        || is_more_general(content_type, usual);
    // Plain text is what many text formats are recognised as.
    let is_text = content_type == "text/plain" && !usual.starts_with("image/") && !usual.starts_with("video/");
    !is_related && !is_text
}

fn shortened(stem: &str, extension: &str) -> String {
    let room = MAX_BYTES.saturating_sub(extension.len() + 1);
    if room == 0 {
        return shorten(stem, MAX_BYTES).to_owned();
    }
    format!("{}.{extension}", shorten(stem, room).trim_end_matches(['.', ' ']))
}

fn shorten(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_names_stay() {
        for (name, kind) in [
            ("photo.png", "image/png"),
            ("PHOTO.JPG", "image/jpeg"),
            ("Q3 report (final).v2.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            ("archive.tar.gz", "application/gzip"),
            ("notes.md", "text/plain"),
            ("data.geojson", "application/json"),
            ("table.csv", "text/plain"),
            ("\u{645}\u{6cc}\u{200c}\u{62e}.png", "image/png"),
            ("50% off.pdf", "application/pdf"),
            ("film.m4v", "video/mp4"),
        ] {
            assert_eq!(clean_name(name, kind), name);
        }
    }

    #[test]
    fn each_problem_is_cleaned() {
        for (name, kind, cleaned) in [
            ("\u{200e}translated\u{200e}.png", "image/png", "translated.png"),
            ("Meeting 10:30.png", "image/png", "Meeting 10_30.png"),
            ("index.php.png", "image/png", "index_php.png"),
            ("con.png", "image/png", "_con.png"),
            ("photo", "image/png", "photo.png"),
            ("blob", "image/jpeg", "blob.jpg"),
            ("photo.jpg", "image/png", "photo.png"),
            ("report.pdf ", "application/pdf", "report.pdf"),
            (".hidden.png", "image/png", "hidden.png"),
            ("a%2fb.png", "image/png", "a_2fb.png"),
            ("say \"hi\".txt", "text/plain", "say _hi_.txt"),
            ("web.config", "application/xml", "_web.xml"),
            ("\u{200b}", "image/png", "file.png"),
            ("a\u{ff0e}jpg", "image/jpeg", "a_jpg.jpg"),
            ("README", "application/octet-stream", "README.bin"),
            ("Report 2026.11", "application/pdf", "Report 2026.11.pdf"),
            ("run.exe", "text/plain", "run.txt"),
            ("page.html", "text/plain", "page.txt"),
            ("page.html", "text/html", "page.html"),
        ] {
            assert_eq!(clean_name(name, kind), cleaned, "{name:?}");
        }
        let long = clean_name(&"ä".repeat(200), "image/png").into_owned();
        assert!(long.len() <= 255 && long.ends_with("ä.png"));
    }

    proptest! {
        #[test]
        fn a_cleaned_name_is_safe_and_stays(name in ".{1,80}", kind in "(image/png|text/plain|application/pdf|x/y)") {
            let cleaned = clean_name(&name, &kind).into_owned();
            prop_assert!(!cleaned.is_empty() && cleaned.len() <= MAX_BYTES);
            let bad = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '"' | '\u{202e}');
            prop_assert!(!cleaned.contains(bad), "{cleaned:?}");
            let again = clean_name(&cleaned, &kind).into_owned();
            prop_assert_eq!(again, cleaned);
        }
    }
}
