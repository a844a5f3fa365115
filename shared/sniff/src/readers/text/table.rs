//! CSV and TSV: rows with the same number of fields.
//!
//! Quoted fields can contain separators and line ends ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180), 2005).

use std::collections::BTreeMap;

use super::guess::{Guess, SURE_SCORE};
use crate::finding::FindingCode;
use crate::report::Report;

/// The maximum number of rows scored.
const MAX_ROWS: usize = 150;

/// Adds a guess per format. `whole` tells that the last row is complete.
pub(crate) fn guess(text: &str, whole: bool, guesses: &mut Vec<Guess>) {
    let comma = [b',', b';', b'|'].into_iter().map(|separator| score(text, separator, whole)).max().unwrap_or(0);
    guesses.push(Guess { media_type: "text/csv", score: comma });
    let tab = score(text, b'\t', whole);
    let tab = if has_field_names(text) { tab } else { tab.min(MAX_UNNAMED_TSV_SCORE) };
    guesses.push(Guess { media_type: "text/tab-separated-values", score: tab });
}

/// The maximum score for TSV without field names, below the score that suffices without a claim.
const MAX_UNNAMED_TSV_SCORE: u32 = 55;

/// Whether the first line contains distinct field names between tabs, as the
/// [registration](https://www.iana.org/assignments/media-types/text/tab-separated-values) of TSV demands. Other text with
/// tabs mostly has the extension `.txt`.
fn has_field_names(text: &str) -> bool {
    let first = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default().to_lowercase();
    let mut names: Vec<&str> = first.split('\t').map(str::trim).collect();
    let count = names.len();
    let named = names.iter().all(|name| name.chars().any(char::is_alphabetic));
    names.sort_unstable();
    names.dedup();
    named && names.len() == count && count > 1
}

/// Counts over the rows.
#[derive(Default)]
struct Rows {
    /// The number of fields per row.
    counts: Vec<usize>,
    /// The number of fields per row without empty ones at its end.
    filled: Vec<usize>,
    /// The number of fields that begin like a number.
    numeric: usize,
    /// The number of spaces in the longest unquoted field.
    max_spaces: usize,
    /// The number of fields with a space after the separator, as in prose.
    spaced: usize,
    /// The number of quoted fields.
    quoted: usize,
    /// The number of quoted fields with text after the closing quote.
    broken: usize,
    /// The number of rows that begin or end with a separator.
    edged: usize,
}

fn score(text: &str, separator: u8, whole: bool) -> u32 {
    if !text.as_bytes().contains(&separator) {
        return 0;
    }
    let rows = rows(text, separator, whole);
    let Some(&first) = rows.counts.first() else { return 0 };
    let n = rows.counts.len();
    if first < 2 || n < 2 {
        // One row of at least three short fields is weak evidence.
        return if n == 1 && first >= 3 && rows.spaced * 2 < first && rows.broken == 0 { 30 } else { 0 };
    }
    // Separators at the end of a row add empty fields, and programs leave them out too.
    let filled = rows.filled.first().copied().unwrap_or(first);
    let even = rows.filled.iter().all(|&count| count == filled);
    let same = if even { n } else { rows.counts.iter().filter(|&&count| count == first).count() };
    // The most frequent number of fields can differ from that of the first row, which can be a title.
    let mut frequencies: BTreeMap<usize, usize> = BTreeMap::new();
    for &count in &rows.counts {
        *frequencies.entry(count).or_default() += 1;
    }
    let times = |count: &usize| frequencies.get(count).copied().unwrap_or_default();
    let common = rows.counts.iter().copied().max_by_key(times).unwrap_or(first);
    let agreeing = times(&common);
    let fields: usize = rows.counts.iter().sum();
    let share = |part: usize, of: usize| u32::try_from(part * 100 / of.max(1)).unwrap_or(100);
    let mut score = if same == n {
        70
    } else if common >= 2 {
        share(agreeing, n).saturating_sub(35)
    } else {
        0
    };
    // Quotes around a third of the fields are structure that prose does not have.
    let single = rows.counts.iter().filter(|&&count| count == 1).count();
    let is_quoted = rows.quoted * 3 >= fields && rows.broken * 20 <= rows.quoted && single * 5 <= n;
    score = if is_quoted { score.max(SURE_SCORE) } else { score };
    score += u32::try_from(n.min(10)).unwrap_or(10) + u32::try_from(first.min(6)).unwrap_or(6) * 2;
    score += if rows.quoted > 0 && rows.broken == 0 { 12 } else { 0 };
    // In prose, a space follows each comma, and the text between commas is long.
    let spaced = share(rows.spaced, fields - n + 1);
    let is_numeric = rows.numeric * 2 > fields;
    if separator == b',' && !is_numeric && spaced > 60 && rows.quoted == 0 {
        score = score.saturating_sub(if same == n && n > 3 { 15 } else { 45 });
    }
    if rows.max_spaces > 25 && rows.quoted == 0 {
        score = score.saturating_sub(25);
    }
    if separator == b';' || separator == b'|' {
        // Lines of source code end with semicolons, and Markdown tables have bars.
        score = score.saturating_sub(if rows.edged * 2 > n { 60 } else { 8 });
    }
    let broken = if is_quoted { 0 } else { u32::try_from(rows.broken * 20).unwrap_or(100) };
    score.saturating_sub(broken).min(100)
}

/// Counts fields and rows. Only ASCII characters matter, so it works on bytes.
fn rows(text: &str, separator: u8, whole: bool) -> Rows {
    let mut rows = Rows::default();
    let mut bytes = text.bytes().peekable();
    let (mut fields, mut in_quotes, mut at_field_start, mut spaces, mut empty_row) =
        (1usize, false, true, 0usize, true);
    let (mut row_start, mut filled) = (None, 0usize);
    let mut last = b' ';
    while let Some(b) = bytes.next() {
        if in_quotes {
            if b == b'"' {
                if bytes.peek() == Some(&b'"') {
                    bytes.next();
                } else {
                    in_quotes = false;
                    let next = bytes.peek().copied().unwrap_or(b'\n');
                    rows.broken += usize::from(next != separator && next != b'\n' && next != b'\r' && next != b' ');
                }
            }
            continue;
        }
        if b == b'\n' || b == b'\r' {
            if !empty_row {
                rows.counts.push(fields);
                rows.filled.push(filled);
                rows.edged += usize::from(last == separator || row_start == Some(separator));
                rows.max_spaces = rows.max_spaces.max(spaces);
            }
            (fields, at_field_start, spaces, empty_row, row_start, filled) = (1, true, 0, true, None, 0);
            if rows.counts.len() >= MAX_ROWS {
                return rows;
            }
            continue;
        }
        empty_row = false;
        row_start = row_start.or(Some(b));
        if b == separator {
            fields += 1;
            at_field_start = true;
            rows.max_spaces = rows.max_spaces.max(spaces);
            spaces = 0;
            rows.spaced += usize::from(bytes.peek() == Some(&b' '));
        } else if b == b'"' && at_field_start {
            in_quotes = true;
            at_field_start = false;
            rows.quoted += 1;
            filled = fields;
        } else {
            rows.numeric += usize::from(at_field_start && (b.is_ascii_digit() || b == b'-' || b == b'.'));
            filled = if b == b' ' { filled } else { fields };
            spaces += usize::from(b == b' ');
            at_field_start &= b == b' ';
        }
        last = b;
    }
    // The last row of a window can be incomplete.
    if whole && !empty_row && !in_quotes {
        rows.counts.push(fields);
        rows.filled.push(filled);
    }
    rows
}

/// Adds a finding if a spreadsheet would evaluate a cell as a formula when it opens the table.
pub(crate) fn find_formulas(text: &str, report: &mut Report) {
    const FUNCTIONS: &[&str] = &[
        "HYPERLINK(",
        "WEBSERVICE(",
        "IMPORTXML(",
        "IMPORTDATA(",
        "DDE(",
        "CMD|",
        "EXEC(",
        "CALL(",
        "SUM(",
        "CONCATENATE(",
    ];
    for line in text.lines().take(2000) {
        for cell in line.split([',', ';', '\t']) {
            let cell = cell.trim_matches([' ', '"', '\'']);
            let Some(rest) = cell.strip_prefix(['=', '+', '-', '@']) else { continue };
            let upper = rest.to_ascii_uppercase();
            let is_formula = FUNCTIONS.iter().any(|name| upper.contains(name))
                || upper.contains("|'")
                || (cell.starts_with('=') && !rest.is_empty());
            if is_formula && !rest.starts_with(|c: char| c.is_whitespace() || c == '=' || c == '-') {
                report.add_finding(FindingCode::Formula, "a cell begins like a formula");
                return;
            }
        }
    }
}
