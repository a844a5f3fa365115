//! Text formats that have a fixed first line.

/// The media type, by the first line and, for short signatures, some further evidence.
pub(crate) fn kind(text: &str, claim: &str) -> Option<&'static str> {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n', '\u{c}']);
    let line = start.lines().next().unwrap_or_default().trim_end();
    let upper: String = line.chars().take(64).collect::<String>().to_ascii_uppercase();
    if let Some(kind) = interpreter(line) {
        return Some(kind);
    }
    let starts = |mark: &str| upper.starts_with(mark);
    let kind = match () {
        () if starts("BEGIN:VCARD") => "text/vcard",
        () if starts("BEGIN:VCALENDAR") => "text/calendar",
        () if starts("WEBVTT") => "text/vtt",
        () if starts("-----BEGIN ") || starts("---- BEGIN ") || starts("BAG ATTRIBUTES") => armoured_type(&upper),
        () if is_certificate(start) => "application/x-pem-file",
        () if starts("REGEDIT4") || starts("WINDOWS REGISTRY EDITOR") => "text/x-ms-regedit",
        () if starts("#EXTM3U") => "audio/x-mpegurl",
        () if starts("%FDF-") => "application/vnd.fdf",
        () if starts("SOLID") && start.contains("facet") && start.contains("vertex") => "model/stl",
        () if starts("%!PS") => "application/postscript",
        () if starts("FROM ") && is_mailbox(start) => {
            // A single message can begin with the `From ` line of its mailbox.
            if claim == "message/rfc822" && !start.contains("\n\nFrom ") && !start.contains("\n\r\nFrom ") {
                "message/rfc822"
            } else {
                "application/mbox"
            }
        }
        () if starts("@ECHO OFF")
            || starts("@ECHO ON")
            || starts("ECHO OFF")
            || starts("@REM ")
            || starts("@SETLOCAL") =>
        {
            "text/x-msdos-batch"
        }
        () if starts("#?RADIANCE") => "image/vnd.radiance",
        () if starts("/* XPM")
            || (starts("STATIC") && line.contains("char") && line.contains("[]") && start.contains(" c #")) =>
        {
            "image/x-xpixmap"
        }
        () if starts("#DEFINE") && start.contains("_width") && start.contains("_bits[]") => "image/x-xbitmap",
        () if is_subrip(start) => "application/x-subrip",
        () if is_dxf(text) => "image/vnd.dxf",
        () if starts("ISO-10303-21;") => "model/step",
        () if starts("PLY") && start.contains("element vertex") => "model/ply",
        () => return None,
    };
    Some(kind)
}

fn armoured_type(upper: &str) -> &'static str {
    if upper.contains("PGP") { "application/pgp-encrypted" } else { "application/x-pem-file" }
}

/// A certificate or key in PEM after text. Tools print the content of a certificate before it, and bundles have
/// comments.
fn is_certificate(start: &str) -> bool {
    let Some((before, armour)) = start.split_once("-----BEGIN ") else { return false };
    let mut lines = armour.lines();
    let label = lines.next().unwrap_or_default();
    let kind = ["CERTIFICATE", "PRIVATE KEY", "PUBLIC KEY"].iter().any(|kind| label.contains(kind))
        && label.ends_with("-----");
    let body = lines.next().is_some_and(|line| line.len() >= 60 && !line.contains(' '));
    // Programs and manuals contain PEM within quotes.
    let listing = before.lines().count() < 200 && !before.contains(['"', '`', '\'']);
    let comments = before.lines().all(|line| line.starts_with('#') || line.trim().is_empty());
    kind && body && before.ends_with('\n') && (listing || comments)
}

/// The type for the interpreter in a `#!` line.
fn interpreter(line: &str) -> Option<&'static str> {
    let program = line.strip_prefix("#!")?.trim();
    let words: Vec<&str> = program.split_whitespace().collect();
    let name = words
        .iter()
        .map(|word| word.rsplit('/').next().unwrap_or_default())
        .find(|name| !matches!(*name, "env" | "-S") && !name.contains('='))?;
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    match base {
        "sh" | "bash" | "zsh" | "ksh" | "dash" | "ash" | "fish" | "csh" | "tcsh" | "busybox" => {
            Some("text/x-shellscript")
        }
        "python" | "pypy" => Some("text/x-python"),
        "perl" => Some("text/x-perl"),
        "ruby" | "jruby" => Some("text/x-ruby"),
        "node" | "nodejs" | "deno" | "bun" => Some("text/javascript"),
        "php" => Some("application/x-httpd-php"),
        _ if program.starts_with('/') => Some("text/x-shellscript"),
        _ => None,
    }
}

/// Whether the first line is that of an mbox file: `From`, an address and a date with the time.
fn is_mailbox(start: &str) -> bool {
    let mut lines = start.lines();
    let first = lines.next().unwrap_or_default();
    let clock = first.split_whitespace().any(|word| {
        word.split(':').count() >= 2 && word.split(':').all(|n| n.len() == 2 && n.bytes().all(|b| b.is_ascii_digit()))
    });
    let day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].iter().any(|day| first.contains(&format!(" {day} ")));
    clock
        && (day
            || lines.next().is_some_and(|line| {
                line.split_once(':').is_some_and(|(name, _)| !name.contains(' ')) || line.starts_with('>')
            }))
}

/// Whether the first line is a number and the second has two times around an arrow.
fn is_subrip(start: &str) -> bool {
    let mut lines = start.lines().filter(|line| !line.trim().is_empty());
    let number =
        lines.next().is_some_and(|line| !line.trim().is_empty() && line.trim().bytes().all(|b| b.is_ascii_digit()));
    let times = lines.next().is_some_and(|line| {
        line.split_once("-->").is_some_and(|(from, to)| {
            [from, to].iter().all(|t| t.trim().starts_with(|c: char| c.is_ascii_digit()) && t.contains(':'))
        })
    });
    number && times
}

/// Whether the text is DXF: pairs of lines with a group code and a value. Comments (999) can precede the first section.
fn is_dxf(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    while let (Some(code), Some(value)) = (lines.next(), lines.next()) {
        match code {
            "0" => return value == "SECTION",
            "999" => {}
            _ => return false,
        }
    }
    false
}
