//! Tables in text: rows with the same number of fields, counted after RFC 4180 (2005), which lets a quoted field hold
//! separators and line ends.

use std::collections::BTreeMap;

use super::Guess;
use crate::sniff::FindingCode;
use crate::sniff::report::Report;

/// Rows looked at.
const ROWS: usize = 150;

/// Adds what the rows say.
pub(super) fn guess(text: &str, whole: bool, guesses: &mut Vec<Guess>) {
    let comma = [b',', b';', b'|'].into_iter().map(|mark| score(text, mark, whole)).max().unwrap_or(0);
    guesses.push(Guess { kind: "text/csv", score: comma });
    guesses.push(Guess { kind: "text/tab-separated-values", score: score(text, b'\t', whole).min(TABS_MOST) });
}

/// Without a claim, a table with tabs is more often somebody's `.txt` than a `.tsv`: 4 of 5 in the corpus.
const TABS_MOST: u32 = 55;

struct Rows {
    /// Fields in each row.
    counts: Vec<usize>,
    /// Words in the longest field without quotes.
    wordy: usize,
    /// Fields with a blank behind the separator, as prose has.
    spaced: usize,
    quoted: usize,
    /// A quote that opens and doesn't close, or text behind a closing one.
    broken: usize,
    edged: usize,
}

fn score(text: &str, mark: u8, whole: bool) -> u32 {
    if !text.as_bytes().contains(&mark) {
        return 0;
    }
    let rows = rows(text, mark, whole);
    let Some(&first) = rows.counts.first() else { return 0 };
    let n = rows.counts.len();
    if first < 2 || n < 2 {
        // One row of many short fields is a table as far as it goes.
        return if n == 1 && first >= 3 && rows.spaced * 2 < first && rows.broken == 0 { 30 } else { 0 };
    }
    let same = rows.counts.iter().filter(|&&count| count == first).count();
    // The common width may not be the first row's: titles stand above tables.
    let mut often: BTreeMap<usize, usize> = BTreeMap::new();
    for &count in &rows.counts {
        *often.entry(count).or_default() += 1;
    }
    let times = |count: &usize| often.get(count).copied().unwrap_or_default();
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
    // Prose has commas too, but with a blank behind each, and long words between.
    let spaced = share(rows.spaced, fields - n + 1);
    if mark == b',' && spaced > 60 && rows.quoted == 0 {
        score = score.saturating_sub(if same == n && n > 3 { 15 } else { 45 });
    }
    if rows.wordy > 25 && rows.quoted == 0 {
        score = score.saturating_sub(25);
    }
    if mark == b';' || mark == b'|' {
        // Code ends its lines in semicolons, and Markdown draws its tables with bars.
        score = score.saturating_sub(if rows.edged * 2 > n { 60 } else { 8 });
    }
    score.saturating_sub(u32::try_from(rows.broken * 20).unwrap_or(100)).min(100)
}

/// By bytes, not characters: all that counts here is ASCII.
fn rows(text: &str, mark: u8, whole: bool) -> Rows {
    let mut rows = Rows { counts: Vec::new(), wordy: 0, spaced: 0, quoted: 0, broken: 0, edged: 0 };
    let mut bytes = text.bytes().peekable();
    let (mut fields, mut inside, mut fresh, mut words, mut empty_row) = (1usize, false, true, 0usize, true);
    let mut row_start = None;
    let mut last = b' ';
    while let Some(b) = bytes.next() {
        if inside {
            if b == b'"' {
                if bytes.peek() == Some(&b'"') {
                    bytes.next();
                } else {
                    inside = false;
                    let next = bytes.peek().copied().unwrap_or(b'\n');
                    rows.broken += usize::from(next != mark && next != b'\n' && next != b'\r' && next != b' ');
                }
            }
            continue;
        }
        if b == b'\n' || b == b'\r' {
            if !empty_row {
                rows.counts.push(fields);
                rows.edged += usize::from(last == mark || row_start == Some(mark));
                rows.wordy = rows.wordy.max(words);
            }
            (fields, fresh, words, empty_row, row_start) = (1, true, 0, true, None);
            if rows.counts.len() >= ROWS {
                return rows;
            }
            continue;
        }
        empty_row = false;
        row_start = row_start.or(Some(b));
        if b == mark {
            fields += 1;
            fresh = true;
            rows.wordy = rows.wordy.max(words);
            words = 0;
            rows.spaced += usize::from(bytes.peek() == Some(&b' '));
        } else if b == b'"' && fresh {
            inside = true;
            fresh = false;
            rows.quoted += 1;
        } else {
            words += usize::from(b == b' ');
            fresh &= b == b' ';
        }
        last = b;
    }
    // The last row of a window is cut; a whole file's last row is not.
    if whole && !empty_row && !inside {
        rows.counts.push(fields);
    }
    rows
}

/// Cells that a spreadsheet runs when the table is opened. Quoting them is the exporter's work; here they are named.
pub(super) fn formulas(text: &str, report: &mut Report) {
    const CALLS: &[&str] = &[
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
            let runs = CALLS.iter().any(|name| upper.contains(name))
                || upper.contains("|'")
                || (cell.starts_with('=') && !rest.is_empty());
            if runs && !rest.starts_with(|c: char| c.is_whitespace() || c == '=' || c == '-') {
                report.find(FindingCode::Formula, "a cell begins as a formula");
                return;
            }
        }
    }
}
