//! Prose with marks: Markdown, reStructuredText, TeX. Each mark counts for what it is worth; none alone proves anything.

use super::{Guess, LINES, SURE};

/// Adds what the marks in `lines` say.
pub(super) fn guess(lines: &[&str], guesses: &mut Vec<Guess>) {
    guesses.push(Guess { kind: "text/markdown", score: markdown(lines) });
    guesses.push(Guess { kind: "text/x-rst", score: restructured(lines) });
    guesses.push(Guess { kind: "text/x-tex", score: tex(lines) });
}

/// Whether the habits of Markdown alone would name the text.
pub(super) fn is_markdown(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().take(LINES).collect();
    markdown(&lines) >= SURE
}

/// How often each mark of Markdown occurs.
#[derive(Default)]
struct Marks {
    headings: u32,
    /// Headings below the first level, which comments don't look like.
    deep: u32,
    /// Lines that begin with `#` and are no heading.
    comments: u32,
    links: u32,
    images: u32,
    fences: u32,
    bullets: u32,
    underlines: u32,
    strong: u32,
    code: u32,
    quotes: u32,
}

impl Marks {
    fn count(lines: &[&str]) -> Self {
        let mut marks = Self::default();
        let mut inside = false;
        let mut previous = "";
        for (n, line) in lines.iter().enumerate() {
            let trimmed = line.trim();
            if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
                inside = !inside;
                marks.fences += 1;
            } else if !inside {
                let next = lines.get(n + 1).map_or("", |next| next.trim());
                marks.heading(line, previous, next);
                marks.line(trimmed, previous);
                previous = line;
            }
        }
        marks
    }

    fn heading(&mut self, line: &str, previous: &str, next: &str) {
        let level = line.bytes().take_while(|&b| b == b'#').count();
        if level == 0 {
            return;
        }
        let rest = line.get(level..).unwrap_or_default();
        let title =
            rest.trim().chars().next().is_some_and(|c| c.is_alphanumeric() || "[`*_<\"".contains(c) || c > '\u{7f}');
        // A lone `#` line is as likely a comment: one between blank lines is a heading.
        let stands = level > 1 || (previous.trim().is_empty() && next.is_empty());
        if level <= 6 && rest.starts_with(' ') && title {
            self.deep += u32::from(level > 1);
            if stands {
                self.headings += 1;
                return;
            }
        }
        self.comments += 1;
    }

    fn line(&mut self, text: &str, previous: &str) {
        self.links += links(text);
        self.images += u32::from(text.contains("!["));
        self.bullets += u32::from(text.starts_with("* ") || text.starts_with("- ") || text.starts_with("+ "));
        let rule = text.len() >= 3 && (text.bytes().all(|b| b == b'=') || text.bytes().all(|b| b == b'-'));
        // A heading's underline stands directly below its text; a table or a banner has one above too.
        self.underlines +=
            u32::from(rule && !previous.trim().is_empty() && !previous.contains('|') && previous.len() < 80);
        self.strong += u32::from(text.matches("**").count() >= 2);
        self.code += u32::from(text.matches('`').count() >= 2 && !text.contains("``"));
        self.quotes += u32::from(text.starts_with("> "));
    }
}

fn markdown(lines: &[&str]) -> u32 {
    let marks = Marks::count(lines);
    let mut score = (marks.headings * 12).min(48) + (marks.deep * 14).min(42);
    score += (marks.links * 34).min(68) + (marks.images * 30).min(40);
    score += if marks.fences >= 2 { 62 } else { 0 };
    score += if titled(lines) { 50 } else { 0 };
    score += (marks.bullets * 2).min(14) + (marks.underlines * 10).min(24) + (marks.strong * 12).min(36);
    score += (marks.code * 12).min(36) + (marks.quotes * 3).min(9);
    let first = lines.iter().find(|line| !line.trim().is_empty()).copied().unwrap_or_default();
    // A file that is one link is one all the same.
    if marks.links > 0 && lines.len() < 8 {
        score += 30;
    }
    let matter = first.trim() == "---" && lines.iter().skip(1).take(40).any(|line| line.trim() == "---");
    if matter && marks.headings + marks.links + marks.bullets > 0 {
        score += 25;
    }
    if marks.comments > marks.headings * 2 + 2 {
        score = score.saturating_sub(40);
    }
    score.saturating_sub(penalty(lines)).min(100)
}

/// A first line that is a heading alone, with a paragraph below: comments come in blocks, titles do not.
fn titled(lines: &[&str]) -> bool {
    let mut lines = lines.iter().skip_while(|line| line.trim().is_empty());
    let title = lines.next().is_some_and(|line| {
        line.strip_prefix("# ")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric()) && !rest.ends_with(';'))
    });
    let blank = lines.next().is_some_and(|line| line.trim().is_empty());
    title
        && blank
        && lines
            .find(|line| !line.trim().is_empty())
            .is_some_and(|line| line.starts_with(|c: char| c.is_alphabetic() || "`[*#-!>|<_".contains(c)))
}

/// `[text](target)` or `[text][name]`, but not `a[i](x)`.
fn links(line: &str) -> u32 {
    let mut count = 0u32;
    for (at, _) in line.match_indices("](") {
        let before = line.get(..at).unwrap_or_default();
        let target = line.get(at + 2..).unwrap_or_default();
        let text = before.rfind('[').map(|open| before.get(open + 1..).unwrap_or_default());
        let real = text.is_some_and(|text| !text.is_empty())
            && target.contains(')')
            && (target.contains('/') || target.contains('.') || target.starts_with('#'));
        count += u32::from(real);
    }
    count + u32::from(line.starts_with('[') && line.contains("]: ") && (line.contains("://") || line.contains('/')))
}

/// Marks of the other prose formats count against Markdown.
fn penalty(lines: &[&str]) -> u32 {
    let directives = lines.iter().filter(|line| line.trim_start().starts_with(".. ") && line.contains("::")).count();
    let roles = lines.iter().filter(|line| line.contains(":`") || line.contains("`_")).count();
    let tex = lines.iter().filter(|line| line.starts_with('\\') && line.contains('{')).count();
    u32::try_from(directives * 40 + roles * 15 + tex * 20).unwrap_or(u32::MAX)
}

fn restructured(lines: &[&str]) -> u32 {
    let (mut directives, mut roles, mut references, mut sections, mut doubles, mut literal) =
        (0u32, 0u32, 0u32, 0u32, 0u32, 0u32);
    let mut fenced = 0u32;
    let mut above = "";
    for line in lines {
        let trimmed = line.trim();
        if let Some(rest) = trimmed.strip_prefix(".. ") {
            directives += u32::from(rest.contains("::") || rest.starts_with('_') || rest.starts_with('|'));
        }
        roles += u32::from(trimmed.match_indices(":`").any(|(at, _)| {
            trimmed
                .get(..at)
                .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_lowercase()) && before.contains(':'))
        }));
        references += u32::from(trimmed.contains("`_") || trimmed.contains(">`__"));
        fenced += u32::from(trimmed.starts_with("```"));
        doubles += u32::from(trimmed.matches("``").count() >= 2 && !trimmed.starts_with("```"));
        literal += u32::from(trimmed.ends_with("::") && trimmed.len() > 3 && !trimmed.starts_with(".."));
        let mark = trimmed.chars().next().unwrap_or(' ');
        let rule = trimmed.len() >= 3 && "=-~^\"'`#*+:.".contains(mark) && trimmed.chars().all(|c| c == mark);
        let text = above.trim();
        // The underline is as long as the title, give or take the habit of typing a few more.
        let fits = !text.is_empty()
            && trimmed.len() >= text.chars().count()
            && trimmed.len() <= text.chars().count() + 4
            && !text.chars().all(|c| c == mark);
        sections +=
            u32::from(rule && fits && above.starts_with(|c: char| !c.is_whitespace() || trimmed.len() > text.len()));
        above = line;
    }
    let first = lines.iter().find(|line| !line.trim().is_empty()).copied().unwrap_or_default();
    let opening = first.strip_prefix(".. ").is_some_and(|rest| {
        rest.contains(":: ") || rest.ends_with("::") || (rest.starts_with('_') && rest.ends_with(':'))
    });
    let own = directives + roles + references + u32::from(opening) * 2;
    let mut score = u32::from(opening) * 40
        + (directives * 47).min(94)
        + (roles * 25).min(60)
        + (references * 25).min(60)
        + (doubles * 9).min(36)
        + (literal * 12).min(30);
    // Underlined titles are in Markdown and plain text too: they support the rest, and carry little alone.
    score += if own > 0 || doubles + literal > 1 { (sections * 14).min(42) } else { (sections * 7).min(35) };
    // Python documents itself in this format.
    let code = lines
        .iter()
        .filter(|line| line.starts_with("import ") || line.starts_with("def ") || line.starts_with("class "))
        .count();
    score.saturating_sub(fenced * 30 + u32::try_from(code).unwrap_or(0) * 25).min(100)
}

fn tex(lines: &[&str]) -> u32 {
    const MARKS: &[(&str, u32)] = &[
        ("\\documentclass", 80),
        ("\\documentstyle", 80),
        ("\\begin{document}", 60),
        ("\\usepackage", 40),
        ("\\begin{", 20),
        ("\\end{", 15),
        ("\\section", 20),
        ("\\chapter", 20),
        ("\\newcommand", 30),
        ("\\def\\", 30),
        ("\\input{", 15),
        ("\\input ", 15),
        ("\\item", 8),
        ("\\cite{", 10),
        ("\\ref{", 10),
        ("\\label{", 12),
        ("\\textbf{", 8),
        ("\\emph{", 8),
        ("\\let\\", 20),
        ("\\ProvidesPackage", 60),
        ("\\NeedsTeXFormat", 60),
        ("\\title{", 20),
        ("\\author{", 20),
        ("\\bye", 15),
        ("\\subsection", 20),
        ("\\paragraph{", 15),
        ("\\footnote{", 12),
        ("\\hline", 10),
        ("\\require", 10),
        ("\\frac{", 8),
    ];
    let mut score = 0u32;
    let mut used = 0u32;
    // Nearly every line begins with a command: a fragment, as is kept in a file of its own and included.
    let filled = lines.iter().filter(|line| !line.trim().is_empty()).count();
    let commands = lines
        .iter()
        .filter(|line| {
            line.trim_start().strip_prefix('\\').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
        })
        .count();
    if filled > 0 && commands * 10 >= filled * 8 {
        score += 62;
    }
    for line in lines {
        let text = line.trim_start();
        if text.starts_with('%') || !text.contains('\\') {
            continue;
        }
        for (mark, worth) in MARKS {
            // A mark at the start of a line is one; quoted within prose or code it is worth little.
            if text.starts_with(mark) {
                score += worth;
                used += 1;
            } else if text.contains(mark) && !text.contains('`') && !text.contains('"') {
                score += worth / 4;
            }
        }
    }
    let comments = lines.iter().filter(|line| line.starts_with('%')).count();
    if comments >= 2 && used > 0 {
        score += 10;
    }
    if lines.iter().any(|line| line.trim_start().starts_with("```")) {
        score /= 4;
    }
    score.min(100)
}
