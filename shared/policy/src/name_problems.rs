//! What is wrong with a file's name. The key is the server's own and the name only data, but it comes back in
//! `Content-Disposition`, on other people's disks and before other people's eyes.

/// One thing wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameProblem {
    /// Nothing, or only dots and blanks.
    Empty,
    /// More than 255 bytes: no file system in use keeps it, and S3 keys end at 1,024.
    TooLong,
    /// No extension: nothing tells the next program what to do.
    NoExtension,
    /// An extension that a server, a browser or a shell runs.
    ActiveExtension,
    /// Such an extension before the last one: some servers take any of them.
    DoubleExtension,
    /// Characters beyond ASCII in the extension: look-alikes, or a dot that is none.
    ForeignExtension,
    /// Characters that turn the reading direction.
    Bidirectional,
    /// Characters nobody sees.
    Invisible,
    /// Control characters, line ends among them: they would end a header.
    Control,
    /// A percent sign with two hexadecimal digits: decoded once more somewhere, it is another name.
    Encoded,
    /// A quote, which ends the value in `Content-Disposition`.
    Quote,
    /// A separator of paths, or a step up.
    Path,
    /// A colon: streams (`::$DATA`) and drives on Windows.
    Stream,
    /// Another character that Windows or a server treats apart: `;`, `<`, `>`, `|`, `?`, `*`.
    Reserved,
    /// A device's name on Windows.
    Device,
    /// A dot or blank at the end, which Windows drops.
    TrailingDot,
    /// A dot at the start: hidden, and a server's own settings.
    Hidden,
    /// A server's settings under a plain name.
    ServerFile,
}

impl NameProblem {
    /// Every problem, in the order of the documents.
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

    /// Whether the name passes a file off as another kind, rather than being merely awkward for some system.
    #[must_use]
    pub fn deceives(self) -> bool {
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

    /// The stable kebab-case text callers see.
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

/// POSIX's usual `NAME_MAX`, in bytes.
const LONGEST: usize = 255;

/// Run by servers, browsers or shells; after OWASP's upload cheat sheet and Gmail's blocked list (both as of 2026).
const ACTIVE: &[&str] = &[
    // servers
    "php",
    "php3",
    "php4",
    "php5",
    "php7",
    "php8",
    "phps",
    "pht",
    "phtm",
    "phtml",
    "phar",
    "inc",
    "asp",
    "aspx",
    "ascx",
    "ashx",
    "asmx",
    "asa",
    "cer",
    "cfm",
    "cfml",
    "jsp",
    "jspx",
    "jsw",
    "jsv",
    "jspf",
    "cgi",
    "pl",
    "shtml",
    "shtm",
    "stm",
    "htaccess",
    "config",
    // browsers
    "html",
    "htm",
    "html5",
    "xhtml",
    "xht",
    "xhtm",
    "mht",
    "mhtml",
    "hta",
    "htc",
    "svgz",
    "swf",
    "xsl",
    "xslt",
    // shells and systems
    "exe",
    "com",
    "bat",
    "cmd",
    "scr",
    "pif",
    "msi",
    "msp",
    "dll",
    "cpl",
    "lnk",
    "url",
    "scf",
    "vbs",
    "vbe",
    "vb",
    "js",
    "jse",
    "mjs",
    "ws",
    "wsf",
    "wsh",
    "ps1",
    "psm1",
    "reg",
    "jar",
    "sh",
    "bash",
    "app",
    "apk",
    "iso",
    "img",
    "dmg",
    "chm",
    "xll",
    "msc",
    "inf",
    "gadget",
    "application",
    "command",
    "appref-ms",
    "settingcontent-ms",
    "library-ms",
    "search-ms",
];

/// Hidden before a harmless extension these are a trick; alone the policy decides on their type.
const ACTIVE_INSIDE: &[&str] = &["svg", "xml", "docm", "xlsm", "pptm"];

/// Words that also are extensions, in names like `vue.js.pdf` or `example.com.png`: before the last dot they say nothing.
const ALSO_WORDS: &[&str] =
    &["com", "js", "app", "application", "command", "inc", "config", "url", "img", "sh", "pl", "vb", "inf"];

const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Everything wrong with a name, in no order that matters; empty for a good one.
#[must_use]
pub fn name_problems(name: &str) -> Vec<NameProblem> {
    let mut found = Vec::new();
    let mut note = |bad: bool, problem: NameProblem| {
        if bad && !found.contains(&problem) {
            found.push(problem);
        }
    };
    note(name.trim_matches(['.', ' ']).is_empty(), NameProblem::Empty);
    note(name.len() > LONGEST, NameProblem::TooLong);
    note(name.chars().any(is_bidirectional), NameProblem::Bidirectional);
    note(has_invisible(name), NameProblem::Invisible);
    note(name.chars().any(char::is_control), NameProblem::Control);
    note(has_encoding(name), NameProblem::Encoded);
    note(name.contains(['"', '\u{201c}', '\u{201d}']) && name.contains('"'), NameProblem::Quote);
    note(name.contains(['/', '\\', '\u{2215}', '\u{2044}', '\u{ff0f}', '\u{ff3c}']) || name == "..", NameProblem::Path);
    note(name.contains(':'), NameProblem::Stream);
    note(name.contains([';', '<', '>', '|', '?', '*']), NameProblem::Reserved);
    note(name.ends_with(['.', ' ']), NameProblem::TrailingDot);
    note(name.starts_with('.'), NameProblem::Hidden);
    let lower = name.to_lowercase();
    note(matches!(lower.as_str(), "web.config" | "desktop.ini" | "autorun.inf" | "thumbs.db"), NameProblem::ServerFile);
    let stem = lower.split('.').next().unwrap_or_default().trim_end();
    note(is_device(stem), NameProblem::Device);
    extensions(&lower, &mut note);
    found
}

fn extensions(lower: &str, note: &mut impl FnMut(bool, NameProblem)) {
    // Dots that NFKC turns into one make an extension for whoever normalises later.
    note(lower.contains(['\u{ff0e}', '\u{2024}', '\u{fe52}', '\u{3002}', '\u{ff61}']), NameProblem::ForeignExtension);
    let parts: Vec<String> = lower.split('.').skip(1).map(plain).collect();
    let Some((last, inner)) = parts.split_last() else {
        note(true, NameProblem::NoExtension);
        return;
    };
    note(!last.is_ascii(), NameProblem::ForeignExtension);
    note(ACTIVE.contains(&last.as_str()), NameProblem::ActiveExtension);
    let hidden = |part: &String| {
        let part = part.as_str();
        (ACTIVE.contains(&part) && !ALSO_WORDS.contains(&part)) || ACTIVE_INSIDE.contains(&part)
    };
    note(inner.iter().any(hidden), NameProblem::DoubleExtension);
}

/// A part as a careless program reads it: up to what it stops at, without what it drops.
fn plain(part: &str) -> String {
    let end = part.find([';', '%', '\0', ':', '/', '\\']).unwrap_or(part.len());
    let kept = part.get(..end).unwrap_or_default();
    kept.chars().filter(|&c| !is_invisible(c) && !is_bidirectional(c) && !c.is_whitespace()).collect()
}

fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether there is anything that nobody sees. The joiners (200C, 200D) are part of the spelling of Persian, of Indic
/// scripts and of emoji: between two such characters they are seen, anywhere else they serve look-alikes.
fn has_invisible(name: &str) -> bool {
    // From Hebrew on: before it come the scripts whose letters are taken for each other, and none of them joins.
    let joins = |c: Option<char>| c.is_some_and(|c| c >= '\u{590}' && !is_invisible(c) && !c.is_whitespace());
    let mut before = None;
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let spelled = matches!(c, '\u{200c}' | '\u{200d}') && joins(before) && joins(rest.peek().copied());
        if is_invisible(c) && !spelled {
            return true;
        }
        before = Some(c);
    }
    false
}

/// Zero-width and other unseen characters.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2064}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Only what would decode to something harmful: `100%25` and `50% off.pdf` are names.
fn has_encoding(name: &str) -> bool {
    name.match_indices('%').any(|(at, _)| {
        let code = name.get(at + 1..at + 3).unwrap_or_default().to_ascii_lowercase();
        matches!(
            code.as_str(),
            "00" | "0a" | "0d" | "09" | "2e" | "2f" | "5c" | "22" | "3a" | "3b" | "3c" | "3e" | "25"
        )
    })
}

fn is_device(stem: &str) -> bool {
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|n| {
            matches!(n, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "\u{b9}" | "\u{b2}" | "\u{b3}")
        })
    };
    DEVICES.contains(&stem) || numbered("com") || numbered("lpt")
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
    fn good_names_pass() {
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
            // A family of three, joined; and Persian as it is spelled.
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}.png",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}.png",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}.png",
            "com1c.txt",
        ] {
            check(name, &[]);
        }
    }

    #[test]
    fn bad_names_are_named() {
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
