//! Document markup: Markdown, reStructuredText and TeX. Each mark adds to a score.

use super::guess::{Guess, MAX_LINES, SURE_SCORE};
use super::settings::front_matter;

/// Adds a guess per format.
pub(crate) fn guess(lines: &[&str], guesses: &mut Vec<Guess>) {
    guesses.push(Guess { media_type: "text/markdown", score: markdown(lines) });
    guesses.push(Guess { media_type: "text/x-rst", score: restructured_text(lines) });
    guesses.push(Guess { media_type: "text/x-tex", score: tex(lines) });
}

/// The score for Markdown.
pub(crate) fn markdown_score(text: &str) -> u32 {
    let lines: Vec<&str> = text.lines().take(MAX_LINES).collect();
    markdown(&lines)
}

/// The number of lines with each kind of Markdown mark.
#[derive(Default)]
struct Marks {
    headings: u32,
    /// Headings below the first level. Comments rarely look like them.
    deep: u32,
    /// Lines that begin with `#` and are not headings.
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
        // A single `#` can begin a comment; between blank lines, it begins a heading.
        let is_heading = level > 1 || (previous.trim().is_empty() && next.is_empty());
        if level <= 6 && rest.starts_with(' ') && title {
            self.deep += u32::from(level > 1);
            if is_heading {
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
        // The underline of a heading directly follows its text. Tables and banners also have a line above.
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
    score += if has_title(lines) { 50 } else { 0 };
    score += (marks.bullets * 2).min(14) + (marks.underlines * 10).min(24) + (marks.strong * 12).min(36);
    score += (marks.code * 12).min(36) + (marks.quotes * 3).min(9);
    let filled = lines.iter().filter(|line| !line.trim().is_empty()).count();
    if marks.bullets > 1 && u32::try_from(filled) == Ok(marks.bullets) {
        score += 20;
    }
    // A block of HTML before the first heading, such as a logo.
    let first = lines.iter().find(|line| !line.trim().is_empty()).copied().unwrap_or_default();
    if marks.headings > 0 && first.starts_with('<') {
        score += 30;
    }
    // reStructuredText has the same underlines, lists and quoted words.
    if marks.headings + marks.links + marks.images + marks.fences + marks.strong == 0 {
        score = score.min(SURE_SCORE - 1);
    }
    // A short file with a link is Markdown.
    if marks.links > 0 && lines.len() < 8 {
        score += 30;
    }
    let has_front_matter = first.trim() == "---" && lines.iter().skip(1).take(40).any(|line| line.trim() == "---");
    if has_front_matter && marks.headings + marks.links + marks.bullets > 0 {
        score += 25;
    }
    // Without a body, it is YAML, unless Markdown is claimed.
    if front_matter(lines).is_some() {
        score = score.max(SURE_SCORE);
    }
    if marks.comments > marks.headings * 2 + 2 {
        score = score.saturating_sub(40);
    }
    score.saturating_sub(penalty(lines)).min(100)
}

/// Whether the first line is a heading, followed by a blank line and a paragraph. Comments mostly have several lines.
fn has_title(lines: &[&str]) -> bool {
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

/// The number of links: `[text](target)` or `[name]: target`. An index such as `a[i](x)` is not a link.
fn links(line: &str) -> u32 {
    let mut count = 0u32;
    for (at, _) in line.match_indices("](") {
        let before = line.get(..at).unwrap_or_default();
        let target = line.get(at + 2..).unwrap_or_default();
        let text = before.rfind('[').map(|open| before.get(open + 1..).unwrap_or_default());
        let is_link = text.is_some_and(|text| !text.is_empty())
            && target.contains(')')
            && (target.contains('/') || target.contains('.') || target.starts_with('#'));
        count += u32::from(is_link);
    }
    count + u32::from(line.starts_with('[') && line.contains("]: ") && (line.contains("://") || line.contains('/')))
}

/// The score subtracted from Markdown for marks of reStructuredText and TeX.
fn penalty(lines: &[&str]) -> u32 {
    // Fences contain code of any format.
    let mut inside = false;
    let outside = lines.iter().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    });
    let lines: Vec<&str> = outside.copied().collect();
    let directives = lines.iter().filter(|line| line.trim_start().starts_with(".. ") && line.contains("::")).count();
    let roles = lines.iter().filter(|line| line.contains(":`") || line.contains("`_")).count();
    let tex = lines.iter().filter(|line| line.starts_with('\\') && line.contains('{')).count();
    u32::try_from(directives * 40 + roles * 15 + tex * 20).unwrap_or(u32::MAX)
}

fn restructured_text(lines: &[&str]) -> u32 {
    let (mut directives, mut roles, mut references, mut sections, mut literal) = (0u32, 0u32, 0u32, 0u32, 0u32);
    let (mut fenced, mut overlined) = (0u32, false);
    let (mut above, mut before) = ("", "");
    for line in lines {
        let trimmed = line.trim();
        if let Some(rest) = trimmed.strip_prefix(".. ") {
            directives += u32::from(rest.contains("::") || rest.starts_with('_') || rest.starts_with('|'));
        }
        // `:role:` before a quoted word.
        roles += u32::from(trimmed.match_indices(":`").any(|(at, _)| {
            trimmed.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric) && before.contains(':'))
        }));
        references += u32::from(trimmed.contains("`_") || trimmed.contains(">`__"));
        fenced += u32::from(trimmed.starts_with("```"));
        literal += u32::from(
            trimmed.matches("``").count() >= 2 && !trimmed.starts_with("```")
                || trimmed.ends_with("::") && trimmed.len() > 3 && !trimmed.starts_with(".."),
        );
        let mark = trimmed.chars().next().unwrap_or(' ');
        let rule = trimmed.len() >= 3 && "=-~^\"'`#*+:.".contains(mark) && trimmed.chars().all(|c| c == mark);
        let title = above.trim().chars().count();
        // The underline of a title is at most 4 characters longer than the title.
        let fits = title > 0 && (title..=title + 4).contains(&trimmed.len()) && !above.trim().starts_with(mark);
        sections += u32::from(rule && fits);
        // Only this format has titles between two equal lines.
        overlined |= rule && fits && trimmed == before.trim();
        (before, above) = (above, line);
    }
    let first = lines.iter().find(|line| !line.trim().is_empty()).and_then(|line| line.strip_prefix(".. "));
    let opens = first.is_some_and(|rest| rest.contains(":: ") || rest.ends_with("::") || rest.starts_with('_'));
    let own_marks = directives + roles + references;
    let score = u32::from(opens) * 40
        + (directives * 47).min(94)
        + (roles * 25).min(60)
        + (references * 25).min(60)
        + (literal * 12).min(36)
        + u32::from(overlined) * 50;
    // Markdown and plain text also have underlined titles, so these count less without other marks.
    let score = score + if own_marks > 0 || literal > 1 { (sections * 14).min(42) } else { (sections * 7).min(35) };
    // The documentation strings of Python use this format.
    let is_code = |line: &&&str| ["import ", "def ", "class "].iter().any(|word| line.starts_with(word));
    let code = u32::try_from(lines.iter().filter(is_code).count()).unwrap_or(0);
    score.saturating_sub(fenced * 30 + code * 25).min(100)
}

fn tex(lines: &[&str]) -> u32 {
    const MARKS: &[(u32, &[&str])] = &[
        (80, &["\\documentclass", "\\documentstyle"]),
        (60, &["\\begin{document}", "\\ProvidesPackage", "\\NeedsTeXFormat"]),
        (40, &["\\usepackage"]),
        (30, &["\\newcommand", "\\def\\"]),
        (20, &["\\begin{", "\\section", "\\chapter", "\\let\\", "\\title{", "\\author{", "\\subsection"]),
        (15, &["\\end{", "\\input{", "\\input ", "\\bye", "\\paragraph{"]),
    ];
    // In a file that others include, nearly every line begins with a command.
    let filled = lines.iter().filter(|line| !line.trim().is_empty()).count();
    let is_command = |text: &str| text.strip_prefix('\\').is_some_and(|rest| rest.starts_with(char::is_alphabetic));
    let commands = lines.iter().filter(|line| is_command(line.trim_start())).count();
    let marks = MARKS.iter().flat_map(|(points, marks)| marks.iter().map(move |mark| (points, mark)));
    let starts = lines.iter().map(|line| line.trim_start());
    let scores = starts.flat_map(|text| marks.clone().filter(move |(_, mark)| text.starts_with(**mark)));
    let score: u32 = scores.map(|(points, _)| points).sum::<u32>();
    let score = score + if filled > 0 && commands * 10 >= filled * 8 { 62 } else { 0 };
    // Markdown contains TeX in fences.
    let fenced = lines.iter().any(|line| line.trim_start().starts_with("```"));
    if fenced { score / 4 } else { score }.min(100)
}
