//! YAML and TOML.

use super::guess::{Guess, SURE_SCORE};

/// Adds a guess per format. `whole` tells that the last line is complete.
pub(crate) fn guess(lines: &[&str], whole: bool, guesses: &mut Vec<Guess>) {
    guesses.push(Guess { media_type: "application/yaml", score: yaml(lines, whole) });
    guesses.push(Guess { media_type: "application/toml", score: toml(lines) });
}

/// YAML: nearly every line is a key, a list item, a comment, or part of a block scalar.
fn yaml(lines: &[&str], whole: bool) -> u32 {
    let (mut keys, mut items, mut other, mut comments, mut nested) = (0u32, 0u32, 0u32, 0u32, 0u32);
    let mut marker = false;
    let mut block: Option<usize> = None;
    let last = lines.len().saturating_sub(1);
    for (n, line) in lines.iter().enumerate() {
        let text = line.trim();
        if text.is_empty() || (n == last && !whole) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if block.is_some_and(|level| indent > level) {
            continue;
        }
        block = None;
        if text == "---" || text.starts_with("--- ") || text.starts_with("%YAML") || text == "..." {
            marker |= n < 40;
            continue;
        }
        if text.starts_with('#') {
            comments += 1;
            continue;
        }
        if line.starts_with('\t') {
            other += 2;
            continue;
        }
        let item = text.strip_prefix("- ").or((text == "-").then_some(""));
        let rest = item.unwrap_or(text);
        let keyed = key(rest);
        items += u32::from(item.is_some());
        keys += u32::from(keyed.is_some());
        nested += u32::from(keyed.is_some() && indent > 0);
        match keyed {
            // `|` and `>` open a block scalar. A value can continue on indented lines.
            Some(_) => block = None,
            None if item.is_some() => {}
            None if indent > 0 && (keys > 0 || items > 0) => {}
            None if matches!(text, "}" | "]" | "{" | "[")
                || (marker && text.starts_with(['"', '\'', '{', '[', '!', '&'])) => {}
            None => other += 1,
        }
        if keyed.is_some_and(|value| value.starts_with(['|', '>'])) || (item.is_some() && rest.starts_with(['|', '>']))
        {
            block = Some(indent);
        }
    }
    let shaped = keys + items;
    if shaped == 0 || other * 6 > shaped || (keys == 0 && !marker) {
        return 0;
    }
    let first = lines.iter().find(|line| !line.trim().is_empty()).copied().unwrap_or_default();
    let mut score = (keys * 8).min(40) + (items * 4).min(16) + (nested * 5).min(25) + (comments * 2).min(6);
    match front_matter(lines) {
        Some(Body::Other) => return 0,
        // Two markers and nothing but keys between them.
        Some(Body::Empty) if other == 0 => score = score.max(SURE_SCORE + 2),
        _ => {}
    }
    if other == 0
        && keys > 0
        && (nested > 0 || items > 0)
        && !(items > 0 && keys == 1 && nested == 0 && lines.len() > 12)
    {
        score = score.max(62);
    }
    score += if first.starts_with("---") || first.starts_with("%YAML") {
        45
    } else if marker {
        15
    } else {
        0
    };
    score.saturating_sub(other * 20).min(100)
}

/// What follows front matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// Nothing: the text is YAML as well as the start of a document.
    Empty,
    /// A document that is not YAML, or the blank lines of one.
    Other,
}

/// The text after front matter, which begins and ends with `---`. `None` for other text and for a second YAML document.
pub(super) fn front_matter(lines: &[&str]) -> Option<Body> {
    let mut lines = lines.iter().map(|line| line.trim_end());
    lines.next().filter(|line| *line == "---")?;
    let mut keys = 0;
    loop {
        match lines.next()? {
            "---" if keys > 0 => break,
            "---" | "..." => return None,
            line => keys += u32::from(key(line.trim()).is_some()),
        }
    }
    let mut blank_lines = 0;
    let body = lines.find(|line| {
        blank_lines += u32::from(line.is_empty());
        !line.trim().is_empty()
    });
    // Blank lines are the body of a template.
    let Some(body) = body else { return Some(if blank_lines > 1 { Body::Other } else { Body::Empty }) };
    let is_yaml = body.starts_with("- ") || (key(body.trim()).is_some() && !body.starts_with('#'));
    (!is_yaml).then_some(Body::Other)
}

/// The value of `key: value` or `key:`. A key is a quoted string or at most three words.
fn key(text: &str) -> Option<&str> {
    let (name, value) = match text.strip_prefix('"') {
        Some(rest) => rest.split_once("\":")?,
        None => text.split_once(": ").or_else(|| text.strip_suffix(':').map(|name| (name, "")))?,
    };
    let simple = !name.is_empty()
        && name.len() <= 60
        && name.split(' ').count() <= 3
        && !name.contains(['(', '<', '{', ';', ',', '='])
        && !name.starts_with(['*', '>', '|', '\\', '@']);
    simple.then(|| value.trim())
}

/// TOML: `[table]` and `key = value` with a valid start of a value.
fn toml(lines: &[&str]) -> u32 {
    let (mut tables, mut pairs, mut other) = (0u32, 0u32, 0u32);
    let mut open = 0i32;
    let mut quote: Option<&str> = None;
    for line in lines {
        let text = line.trim();
        // A string of several lines ends at the same three quotes.
        if let Some(mark) = quote {
            quote = if text.contains(mark) { None } else { quote };
            continue;
        }
        quote = ["\"\"\"", "\'\'\'"].into_iter().find(|mark| text.contains('=') && text.matches(mark).count() == 1);
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let opens = i32::try_from(text.matches('[').count()).unwrap_or(0)
            - i32::try_from(text.matches(']').count()).unwrap_or(0);
        if open > 0 {
            open += opens;
            continue;
        }
        if text.starts_with('[') && text.trim_end_matches(|c: char| c != ']').ends_with(']') && !text.contains(',') {
            tables += 1;
        } else if let Some((name, value)) = text.split_once('=') {
            let name = name.trim();
            let quoted = name.len() >= 2
                && (name.starts_with('"') && name.ends_with('"') || name.starts_with('\'') && name.ends_with('\''));
            let name_fits = quoted
                || name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.\"' ".contains(&b)) && !name.is_empty();
            let value = value.trim();
            let typed = value.starts_with(['"', '\'', '[', '{'])
                || value == "true"
                || value == "false"
                || value.starts_with(|c: char| c.is_ascii_digit());
            if name_fits && typed && !value.ends_with(';') && !value.ends_with(',') {
                pairs += 1;
                open = opens.max(0);
            } else {
                other += 1;
            }
        } else {
            other += 1;
        }
    }
    if pairs == 0 || other * 8 > pairs + tables {
        return 0;
    }
    if other == 0 {
        // Every line fits the syntax, which outweighs the marks of other formats inside strings and comments.
        return 62 + (tables + pairs).min(20) + if pairs >= 3 { 38 } else { 0 };
    }
    (tables * 20).min(60).saturating_add((pairs * 8).min(48)).saturating_sub(other * 200 / (pairs + tables)).min(100)
}
