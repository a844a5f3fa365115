//! CSV and TSV: rows with the same number of fields.
//!
//! Quoted fields can contain separators and line ends ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180), 2005).

use std::collections::BTreeMap;

use super::guess::Guess;
use crate::finding::FindingCode;
use crate::report::Report;

/// The maximum number of rows scored.
const MAX_ROWS: usize = 150;

/// Adds a guess per format. `whole` tells that the last row is complete.
pub(crate) fn guess(text: &str, whole: bool, guesses: &mut Vec<Guess>) {
    let comma = [b',', b';', b'|'].into_iter().map(|separator| score(text, separator, whole)).max().unwrap_or(0);
    guesses.push(Guess { media_type: "text/csv", score: comma });
    guesses
        .push(Guess { media_type: "text/tab-separated-values", score: score(text, b'\t', whole).min(MAX_TSV_SCORE) });
}

/// The maximum score for TSV, below the score that suffices without a claim. In a corpus of test files, 4 of 5 tables
/// with tabs had the extension `.txt`.
const MAX_TSV_SCORE: u32 = 55;

/// Counts over the rows.
struct Rows {
    /// The number of fields per row.
    counts: Vec<usize>,
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
    let same = rows.counts.iter().filter(|&&count| count == first).count();
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
    score += u32::try_from(n.min(10)).unwrap_or(10) + u32::try_from(first.min(6)).unwrap_or(6) * 2;
    score += if rows.quoted > 0 && rows.broken == 0 { 12 } else { 0 };
    // In prose, a space follows each comma, and the text between commas is long.
    let spaced = share(rows.spaced, fields - n + 1);
    if separator == b',' && spaced > 60 && rows.quoted == 0 {
        score = score.saturating_sub(if same == n && n > 3 { 15 } else { 45 });
    }
    if rows.max_spaces > 25 && rows.quoted == 0 {
        score = score.saturating_sub(25);
    }
    if separator == b';' || separator == b'|' {
        // Lines of source code end with semicolons, and Markdown tables have bars.
        score = score.saturating_sub(if rows.edged * 2 > n { 60 } else { 8 });
    }
    score.saturating_sub(u32::try_from(rows.broken * 20).unwrap_or(100)).min(100)
}

/// Counts fields and rows. Only ASCII characters matter, so it works on bytes.
fn rows(text: &str, separator: u8, whole: bool) -> Rows {
    let mut rows = Rows { counts: Vec::new(), max_spaces: 0, spaced: 0, quoted: 0, broken: 0, edged: 0 };
    let mut bytes = text.bytes().peekable();
    let (mut fields, mut in_quotes, mut at_field_start, mut spaces, mut empty_row) =
        (1usize, false, true, 0usize, true);
    let mut row_start = None;
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
                rows.edged += usize::from(last == separator || row_start == Some(separator));
                rows.max_spaces = rows.max_spaces.max(spaces);
            }
            (fields, at_field_start, spaces, empty_row, row_start) = (1, true, 0, true, None);
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
        } else {
            spaces += usize::from(b == b' ');
            at_field_start &= b == b' ';
        }
        last = b;
    }
    // The last row of a window can be incomplete.
    if whole && !empty_row && !in_quotes {
        rows.counts.push(fields);
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
