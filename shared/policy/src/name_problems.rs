//! Problems of a file name. The name is not part of the object key, but it returns in `Content-Disposition`, and other
//! users save files under it.

mod lists;

use lists::{
    BROWSER_EXTENSIONS, DEVICE_NAMES, EXTENSIONS_THAT_ARE_WORDS, INNER_ACTIVE_EXTENSIONS, SERVER_EXTENSIONS,
    SYSTEM_EXTENSIONS,
};

/// A problem of a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameProblem {
    /// Empty, or only dots and blanks.
    Empty,
    /// More than 255 bytes: common file systems can't store it.
    TooLong,
    /// No extension: programs can't choose how to open the file.
    NoExtension,
    /// An extension that a server, a browser or a shell runs.
    ActiveExtension,
    /// Such an extension before the last one: some servers use any of them.
    DoubleExtension,
    /// Characters beyond ASCII in the extension: look-alike letters, or a look-alike dot.
    ForeignExtension,
    /// Characters that change the reading direction.
    Bidirectional,
    /// Invisible characters. Joiners that scripts and emoji need are allowed.
    Invisible,
    /// Control characters, line ends among them: they would end a header.
    Control,
    /// A percent sign with two hexadecimal digits: if a program decodes the name again, it becomes another name.
    Encoded,
    /// A quote, which ends the value in `Content-Disposition`.
    Quote,
    /// A path separator, or a step to the parent folder.
    Path,
    /// A colon: streams (`::$DATA`) and drives on Windows.
    Stream,
    /// Another character with a special meaning on Windows or a server: `;`, `<`, `>`, `|`, `?`, `*`.
    Reserved,
    /// A device name on Windows.
    Device,
    /// A dot or blank at the end, which Windows removes.
    TrailingDot,
    /// A dot at the start: hidden files, and server settings.
    Hidden,
    /// A settings file of a server or of Windows, such as `web.config` or `desktop.ini`.
    ServerFile,
}

impl NameProblem {
    /// Every problem, in the order of `docs/CONTRACT.md`.
    pub const ALL: [Self; 18] = [
        Self::Empty,
        Self::TooLong,
        Self::NoExtension,
        Self::ActiveExtension,
        Self::DoubleExtension,
        Self::ForeignExtension,
        Self::Bidirectional,
        Self::Invisible,
        Self::Control,
        Self::Encoded,
        Self::Quote,
        Self::Path,
        Self::Stream,
        Self::Reserved,
        Self::Device,
        Self::TrailingDot,
        Self::Hidden,
        Self::ServerFile,
    ];

    /// Whether the name is misleading about the kind of file. The other problems affect some systems only.
    #[must_use]
    pub fn is_misleading(self) -> bool {
        match self {
            Self::DoubleExtension
            | Self::ForeignExtension
            | Self::Bidirectional
            | Self::Invisible
            | Self::Control
            | Self::Path
            | Self::Stream
            | Self::Device
            | Self::ServerFile => true,
            Self::Empty
            | Self::TooLong
            | Self::NoExtension
            | Self::ActiveExtension
            | Self::Encoded
            | Self::Quote
            | Self::Reserved
            | Self::TrailingDot
            | Self::Hidden => false,
        }
    }

    /// The stable code of `docs/CONTRACT.md`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty-name",
            Self::TooLong => "name-too-long",
            Self::NoExtension => "no-extension",
            Self::ActiveExtension => "active-extension",
            Self::DoubleExtension => "double-extension",
            Self::ForeignExtension => "foreign-extension",
            Self::Bidirectional => "bidirectional-name",
            Self::Invisible => "invisible-characters",
            Self::Control => "control-characters",
            Self::Encoded => "encoded-characters",
            Self::Quote => "quote-in-name",
            Self::Path => "path-in-name",
            Self::Stream => "stream-in-name",
            Self::Reserved => "reserved-characters",
            Self::Device => "device-name",
            Self::TrailingDot => "trailing-dot",
            Self::Hidden => "hidden-name",
            Self::ServerFile => "server-file",
        }
    }
}

/// `NAME_MAX` of common POSIX file systems.
const MAX_NAME_BYTES: usize = 255;

/// All problems of a name, each once; empty for a name without problems.
#[must_use]
pub fn name_problems(name: &str) -> Vec<NameProblem> {
    let mut found = Vec::new();
    let mut note = |has_problem: bool, problem: NameProblem| {
        if has_problem && !found.contains(&problem) {
            found.push(problem);
        }
    };
    note(name.trim_matches(['.', ' ']).is_empty(), NameProblem::Empty);
    note(name.len() > MAX_NAME_BYTES, NameProblem::TooLong);
    note(name.chars().any(is_bidirectional), NameProblem::Bidirectional);
    note(has_invisible(name), NameProblem::Invisible);
    note(name.chars().any(char::is_control), NameProblem::Control);
    note(has_percent_encoding(name), NameProblem::Encoded);
    note(name.contains('"'), NameProblem::Quote);
    note(name.contains(['/', '\\', '\u{2215}', '\u{2044}', '\u{ff0f}', '\u{ff3c}']) || name == "..", NameProblem::Path);
    note(name.contains(':'), NameProblem::Stream);
    note(name.contains([';', '<', '>', '|', '?', '*']), NameProblem::Reserved);
    note(name.ends_with(['.', ' ']), NameProblem::TrailingDot);
    note(name.starts_with('.'), NameProblem::Hidden);
    let lower = name.to_lowercase();
    note(matches!(lower.as_str(), "web.config" | "desktop.ini" | "autorun.inf" | "thumbs.db"), NameProblem::ServerFile);
    let stem = lower.split_once('.').map_or(lower.as_str(), |(stem, _)| stem).trim_end();
    note(is_device(stem), NameProblem::Device);
    note_extensions(&lower, &mut note);
    found
}

fn note_extensions(lower: &str, note: &mut impl FnMut(bool, NameProblem)) {
    // NFKC normalisation turns these characters into dots or similar signs, so that the extension changes.
    note(lower.contains(['\u{ff0e}', '\u{2024}', '\u{fe52}', '\u{3002}', '\u{ff61}']), NameProblem::ForeignExtension);
    let parts: Vec<String> = lower.split('.').skip(1).map(as_lenient_programs_read).collect();
    let Some((last, inner)) = parts.split_last() else {
        note(true, NameProblem::NoExtension);
        return;
    };
    note(!last.is_ascii(), NameProblem::ForeignExtension);
    note(is_active(last), NameProblem::ActiveExtension);
    let is_active_inside = |part: &String| {
        let is_word = EXTENSIONS_THAT_ARE_WORDS.contains(&part.as_str());
        (is_active(part) && !is_word) || INNER_ACTIVE_EXTENSIONS.contains(&part.as_str())
    };
    note(inner.iter().any(is_active_inside), NameProblem::DoubleExtension);
}

/// Whether an extension, in lower case without the dot, says anything about the kind of file: some program knows it.
pub(crate) fn says_anything(extension: &str) -> bool {
    content_sniff::type_of_extension(extension).is_some() || is_active(extension)
}

pub(crate) fn is_active(extension: &str) -> bool {
    [SERVER_EXTENSIONS, BROWSER_EXTENSIONS, SYSTEM_EXTENSIONS].iter().any(|list| list.contains(&extension))
}

/// An extension as lenient programs read it: they stop at some characters and drop others.
fn as_lenient_programs_read(part: &str) -> String {
    let end = part.find([';', '%', '\0', ':', '/', '\\']).unwrap_or(part.len());
    part[..end].chars().filter(|&c| !is_invisible(c) && !is_bidirectional(c) && !c.is_whitespace()).collect()
}

pub(crate) fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether the name has an invisible character. Persian, Indic scripts and emoji need the joiners U+200C and U+200D, so
/// they are allowed between two such characters. Anywhere else they make look-alike names.
pub(crate) fn has_invisible(name: &str) -> bool {
    // U+0590 is the start of Hebrew. The scripts below it (Latin, Greek, Cyrillic, Armenian) need no joiners.
    let needs_joiners = |c: Option<char>| c.is_some_and(|c| c >= '\u{590}' && !is_invisible(c) && !c.is_whitespace());
    let mut before = None;
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let is_spelling =
            matches!(c, '\u{200c}' | '\u{200d}') && needs_joiners(before) && needs_joiners(rest.peek().copied());
        if is_invisible(c) && !is_spelling {
            return true;
        }
        before = Some(c);
    }
    false
}

/// Zero-width and other invisible characters.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2064}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether the name has the percent-encoding of a character with a special meaning. `50% off.pdf` has none.
fn has_percent_encoding(name: &str) -> bool {
    name.match_indices('%').any(|(at, _)| {
        let code = name.get(at + 1..at + 3).unwrap_or_default().to_ascii_lowercase();
        matches!(
            code.as_str(),
            "00" | "0a" | "0d" | "09" | "2e" | "2f" | "5c" | "22" | "3a" | "3b" | "3c" | "3e" | "25"
        )
    })
}

pub(crate) fn is_device(stem: &str) -> bool {
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|n| {
            matches!(n, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "\u{b9}" | "\u{b2}" | "\u{b3}")
        })
    };
    DEVICE_NAMES.contains(&stem) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: &[NameProblem]) {
        let mut found = name_problems(name);
        found.sort_unstable();
        assert_eq!(found, expected, "{name:?}");
    }

    #[test]
    fn ordinary_names_have_no_problem() {
        for name in [
            "a.JPG",
            "archive.tar.gz",
            "r\u{e9}sum\u{e9}.pdf",
            "\u{5831}\u{544a}.docx",
            "Q3 report (final).v2.xlsx",
            "vue.js.pdf",
            "example.com.png",
            "50% off.pdf",
            "2026-01-02.csv",
            "O'Neill.docx",
            "conference.pdf",
            "\u{1f600}.png",
            // Emoji and Persian with joiners.
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}.png",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}.png",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}.png",
            "com1c.txt",
        ] {
            check(name, &[]);
        }
    }

    #[test]
    fn each_problem_is_found() {
        use NameProblem as P;
        check("invoice.pdf.exe", &[P::ActiveExtension]);
        check("photo\u{202e}gpj.exe", &[P::ActiveExtension, P::Bidirectional]);
        check("shell.php\0.jpg", &[P::DoubleExtension, P::Control]);
        check("shell.php%00.jpg", &[P::DoubleExtension, P::Encoded]);
        check("a.asp;.jpg", &[P::DoubleExtension, P::Reserved]);
        check("a.jpg::$DATA", &[P::Stream]);
        check("CON.png", &[P::Device]);
        check("LPT1", &[P::NoExtension, P::Device]);
        check("a.p\u{200b}hp", &[P::ActiveExtension, P::Invisible]);
        for joiner in ["\u{200c}", "\u{200d}"] {
            for (before, after) in
                [("a", "b"), ("\u{e9}", "\u{e9}"), ("\u{441}", "\u{441}"), ("", "\u{645}"), ("\u{645}", "")]
            {
                check(&format!("{before}{joiner}{after}.png"), &[P::Invisible]);
            }
            check(&format!("\u{645}{joiner}{joiner}\u{645}.png"), &[P::Invisible]);
        }
        check("a\u{ff0e}jpg", &[P::NoExtension, P::ForeignExtension]);
        check("a.jp\u{261}", &[P::ForeignExtension]);
        check("a\r\nSet-Cookie: x.jpg", &[P::Control, P::Stream]);
        check("a.svg.png", &[P::DoubleExtension]);
        check("a.jpg.", &[P::TrailingDot]);
        check("..", &[P::Empty, P::Path, P::TrailingDot, P::Hidden]);
    }
}
