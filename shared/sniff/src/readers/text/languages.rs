//! Source code, by how its lines begin.
//!
//! Shell and Perl scripts are recognised by their first line only, see `first_line`.

use std::borrow::Cow;

use super::guess::Guess;
use crate::data::{Table, table};

/// The evidence for a programming language.
struct Language {
    /// The name in [`STARTS`].
    name: &'static str,
    /// The starts of comment lines, which do not count as lines.
    comments: &'static [&'static str],
    /// Whether the starts, in lower case, match in any case.
    ignore_case: bool,
}

/// The number of times that a start of a line counts.
const MAX_COUNTED: u32 = 4;

/// Languages, the starts of lines that are evidence for them, and the points that each scores.
static STARTS: Table<(&str, &str, u32)> = Table::new(|| {
    let rows = table(include_str!("../../../data/languages.tsv")).into_iter();
    rows.map(|[language, start, points]| (language, start, points.parse().expect("points are a number"))).collect()
});

const PYTHON: Language = Language { name: "python", comments: &["#"], ignore_case: false };
const JAVASCRIPT: Language = Language { name: "javascript", comments: &["//", "*", "/*"], ignore_case: false };
const RUBY: Language = Language { name: "ruby", comments: &["#"], ignore_case: false };
const BATCH: Language = Language { name: "batch", comments: &["rem", "::"], ignore_case: true };
const C: Language = Language { name: "c", comments: &["//", "*", "/*"], ignore_case: false };

/// Adds a guess per language. C and similar languages are plain text; their score only reduces the other scores.
pub(crate) fn guess(lines: &[&str], guesses: &mut Vec<Guess>) {
    let python = score(lines, &PYTHON, |line| {
        let opens = line.ends_with(':')
            && ["def ", "class ", "if ", "for ", "while ", "elif ", "else", "with "]
                .iter()
                .any(|word| line.starts_with(word));
        u32::from(opens) * 12
            + u32::from(line.starts_with("from ") && line.contains(" import ") && line.split_whitespace().count() <= 14)
                * 48
    });
    let javascript = score(lines, &JAVASCRIPT, |line| {
        u32::from(line.ends_with("=> {") || line.contains("function(") || line.contains("function (")) * 12
            + u32::from(line.contains(" === ")) * 8
    });
    let ruby = score(lines, &RUBY, |line| {
        u32::from(line.ends_with(" do") || line.ends_with('|') && line.contains(" do |")) * 10
    });
    let batch = score(lines, &BATCH, |_| 0);
    let c = score(lines, &C, |_| 0);
    guesses.push(Guess { media_type: "text/x-python", score: reduced(python, &[javascript, ruby, c]) });
    guesses.push(Guess { media_type: "text/javascript", score: reduced(javascript, &[python, c, ruby]) });
    guesses.push(Guess { media_type: "text/x-ruby", score: reduced(ruby, &[python, javascript, c]) });
    guesses.push(Guess { media_type: "text/x-msdos-batch", score: reduced(batch, &[python, c]) });
    guesses.push(Guess { media_type: "text/css", score: css(lines) });
}

/// `own`, reduced by the amount that the highest other score exceeds it.
fn reduced(own: u32, others: &[u32]) -> u32 {
    let best = others.iter().copied().max().unwrap_or(0);
    if best > own { own.saturating_sub(best - own) } else { own }
}

/// The points for `language` and of `extra`, which is called per line.
fn score(lines: &[&str], language: &Language, extra: fn(&str) -> u32) -> u32 {
    let mut total = 0u32;
    let mut counted = 0u32;
    let starts = STARTS.iter().filter(|(name, ..)| *name == language.name);
    let mut prefixes: Vec<(&str, u32, u32)> = starts.map(|(_, start, points)| (*start, *points, 0)).collect();
    for line in lines {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        counted += 1;
        let text = if language.ignore_case { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) };
        let text = &*text;
        for (prefix, points, seen) in &mut prefixes {
            if text.starts_with(*prefix) && *seen < MAX_COUNTED && is_complete_word(text, prefix) {
                *seen += 1;
                total += *points;
            }
        }
        total += extra(text);
        if language.comments.iter().any(|mark| text.starts_with(mark)) {
            counted -= 1;
        }
    }
    // Prose with a few lines of code has many other lines.
    let distinct = prefixes.iter().filter(|(.., seen)| *seen > 0).count();
    if distinct < 2 && total < 40 {
        total /= 2;
    }
    let density = total * 100 / counted.max(1);
    if counted > 12 && density < 150 { total * density / 150 } else { total }.min(100)
}

/// Whether a prefix that ends with a letter is a complete word in `text`: `end` is not `endless`.
fn is_complete_word(text: &str, prefix: &str) -> bool {
    let has_delimiter = !prefix.ends_with(|c: char| c.is_ascii_alphanumeric());
    has_delimiter || text.get(prefix.len()..).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// CSS: selectors before braces, and only `name: value` pairs inside.
fn css(lines: &[&str]) -> u32 {
    // Most text has no braces. Other text is scored by its first 80 lines.
    if !lines.iter().any(|line| line.contains('{')) {
        return 0;
    }
    let text = without_comments(&lines.iter().take(80).copied().collect::<Vec<_>>().join("\n"));
    let (mut rules, mut pairs, mut other) = (0u32, 0u32, 0u32);
    for block in text.split('{').skip(1) {
        let (inside, next) = block.split_once('}').unwrap_or((block, ""));
        for declaration in inside.split(';').map(str::trim).filter(|text| !text.is_empty()) {
            let name = declaration.split_once(':').map(|(name, _)| name.trim());
            let fits = name.is_some_and(|name| {
                !name.is_empty()
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-*_".contains(&b))
            });
            // The selector of a nested rule is in the place of a declaration.
            let nested = declaration.starts_with(['.', '#', '@', '&', ':']);
            if fits { pairs += 1 } else { other += u32::from(!nested) }
        }
        rules += 1;
        // A selector follows a rule; in source code, other characters follow a block.
        other += u32::from(next.contains(['=', ';', '"']) && !next.contains('[') && !next.contains('@'));
    }
    let first = text.trim_start().chars().next().unwrap_or(' ');
    let selector = first.is_ascii_alphabetic() || ".#*@:[".contains(first);
    if !selector || pairs == 0 || other * 8 > pairs {
        return 0;
    }
    (30 + rules * 10 + pairs * 6).min(90)
}

fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}
