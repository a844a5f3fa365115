//! Text formats that begin with a fixed line.

/// The kind of text, by its first words.
pub(super) fn kind(text: &str, claim: &str) -> Option<&'static str> {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n', '\u{c}']);
    let line = start.lines().next().unwrap_or_default().trim_end();
    let upper: String = line.chars().take(64).collect::<String>().to_ascii_uppercase();
    if let Some(kind) = shebang(line) {
        return Some(kind);
    }
    let starts = |mark: &str| upper.starts_with(mark);
    let kind = match () {
        () if starts("BEGIN:VCARD") => "text/vcard",
        () if starts("BEGIN:VCALENDAR") => "text/calendar",
        () if starts("WEBVTT") => "text/vtt",
        () if starts("-----BEGIN ") || starts("---- BEGIN ") || starts("BAG ATTRIBUTES") => armour(&upper),
        () if certificate(start) => "application/x-pem-file",
        () if starts("REGEDIT4") || starts("WINDOWS REGISTRY EDITOR") => "text/x-ms-regedit",
        () if starts("#EXTM3U") => "audio/x-mpegurl",
        () if starts("%FDF-") => "application/vnd.fdf",
        () if starts("SOLID") && start.contains("facet") && start.contains("vertex") => "model/stl",
        () if starts("%!PS") => "application/postscript",
        () if starts("FROM ") && mailbox(start) => {
            // One message with its envelope line kept is a message to who says so.
            if claim == "message/rfc822" && !start.contains("\n\nFrom ") {
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
        () if subtitle(start) => "application/x-subrip",
        () if drawing(text) => "image/vnd.dxf",
        () if starts("ISO-10303-21;") => "model/step",
        () if starts("PLY") && start.contains("element vertex") => "model/ply",
        () => return None,
    };
    Some(kind)
}

fn armour(upper: &str) -> &'static str {
    if upper.contains("PGP") { "application/pgp-encrypted" } else { "application/x-pem-file" }
}

/// Tools print a certificate's contents before its armour, and bundles put comments between.
fn certificate(start: &str) -> bool {
    let Some((before, armour)) = start.split_once("-----BEGIN ") else { return false };
    let mut lines = armour.lines();
    let label = lines.next().unwrap_or_default();
    let kind = ["CERTIFICATE", "PRIVATE KEY", "PUBLIC KEY"].iter().any(|kind| label.contains(kind))
        && label.ends_with("-----");
    let body = lines.next().is_some_and(|line| line.len() >= 60 && !line.contains(' '));
    // Programs and manuals quote armour too, within quotes.
    let listing = before.lines().count() < 200 && !before.contains(['"', '`', '\'']);
    let comments = before.lines().all(|line| line.starts_with('#') || line.trim().is_empty());
    kind && body && before.ends_with('\n') && (listing || comments)
}

fn shebang(line: &str) -> Option<&'static str> {
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

/// A mailbox's first line is `From`, an address and a date with the time of day.
fn mailbox(start: &str) -> bool {
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

/// A number, then two times with an arrow between.
fn subtitle(start: &str) -> bool {
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

/// DXF: pairs of lines, a group code and a value; the first pair opens a section, comments (999) may come before.
fn drawing(text: &str) -> bool {
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
