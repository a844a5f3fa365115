//! Text formats.
//!
//! The text is decoded first. Then it is checked for markup that browsers and servers run, for strict syntax, for fixed
//! first lines, and at last for scored evidence. A claimed type needs less evidence than an unclaimed one.

use super::second_file;
use crate::bytes::to_u64;

mod decode;
mod first_line;
mod guess;
mod json;
mod languages;
mod mail;
mod markup;
mod prose;
mod settings;
mod table;
mod tags;
mod xml;
mod xml_scan;

use crate::readers::prelude::*;
use decode::{Text, decode};
use guess::{CLAIMED_SCORE, Guess, MAX_LINES, SURE_SCORE};

/// The maximum number of bytes of leading white space that is skipped.
const MAX_LEADING_SPACE: u64 = 128 * 1024;

pub(crate) fn recognises(head: &[u8]) -> bool {
    decode(head).is_some()
}

/// Whether a byte order mark of UTF-16 or UTF-32 and valid text follow each other. That outweighs every signature.
pub(crate) fn has_wide_mark(head: &[u8]) -> bool {
    decode::wide(head).is_some()
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let bytes = first_content(source)?;
    let Some(text) = decode(bytes) else { return Ok(()) };
    report.set_type("text/plain", Confidence::Heuristic);
    if text.nul_bytes_in_markup {
        report.add_finding(FindingCode::EncodingTrick, "NUL bytes in markup");
    }
    if text.has_utf7_markup() {
        report.add_finding(FindingCode::EncodingTrick, "markup in UTF-7");
    }
    let whole = to_u64(bytes.len()) >= source.size();
    let claim = source.claim().unwrap_or_default();
    if markup::php(&text.text, report) || xml::read(source, &text.text, report)? {
        return Ok(());
    }
    if markup::html(&text.text, claim, report) {
        return Ok(());
    }
    // The tail is read before the expensive part, which would otherwise run twice.
    let tail = if whole { &[] } else { source.tail(WINDOW_BYTES)? };
    if !whole && !is_text_tail(tail) {
        report.add_finding(FindingCode::TrailingData, "the end is not text");
        second_file::read(source, report)?;
    }
    if let Some(kind) = json::kind(&text.text, whole, claim, report) {
        report.set_type_with_parent(kind, "text/plain", Confidence::Structural);
        return Ok(());
    }
    if let Some(kind) = first_line::kind(&text.text, claim).or_else(|| mail::kind(&text.text)) {
        report.set_type_with_parent(kind, "text/plain", Confidence::Signature);
        return Ok(());
    }
    let kind = best_guess(&text, claim, whole);
    // Spreadsheets separate the cells by tabs if they write UTF-16, and call the result CSV too.
    let kind = if kind == "text/tab-separated-values" && claim == "text/csv" && has_wide_mark(bytes) {
        "text/csv"
    } else {
        kind
    };
    if kind != "text/plain" {
        report.set_type_with_parent(kind, "text/plain", Confidence::Heuristic);
    }
    if matches!(kind, "text/csv" | "text/tab-separated-values") || claim == "text/csv" {
        table::find_formulas(&text.text, report);
    }
    Ok(())
}

/// The first window that has more than white space, because attacks put white space before HTML.
fn first_content(source: &Source) -> Result<&[u8], MissingRange> {
    let mut at = 0u64;
    loop {
        let window = source.get(at, WINDOW_BYTES)?;
        let blank = window.iter().all(|b| b.is_ascii_whitespace() || *b == 0);
        at = at.saturating_add(WINDOW_BYTES);
        if !blank || at >= source.size().min(MAX_LEADING_SPACE) {
            return Ok(window);
        }
    }
}

/// The claimed type if its score suffices, else the type with the highest score, else plain text.
fn best_guess(text: &Text, claim: &str, whole: bool) -> &'static str {
    let lines: Vec<&str> = text.text.lines().take(MAX_LINES).collect();
    let mut guesses: Vec<Guess> = Vec::new();
    languages::guess(&lines, &mut guesses);
    settings::guess(&lines, whole, &mut guesses);
    prose::guess(&lines, &mut guesses);
    table::guess(&text.text, whole, &mut guesses);
    let best = guesses.iter().max_by_key(|guess| guess.score);
    let claimed = guesses.iter().find(|guess| guess.media_type == claim && guess.score >= CLAIMED_SCORE);
    match (claimed, best) {
        // The claim holds unless another type has a score that is more than 40 higher.
        (Some(claimed), Some(best)) if claimed.score + 40 >= best.score => claimed.media_type,
        (_, Some(best)) if best.score >= SURE_SCORE => best.media_type,
        _ => "text/plain",
    }
}

/// Whether the end is text. The window can begin within a character, so 1 % of binary bytes are allowed.
fn is_text_tail(tail: &[u8]) -> bool {
    decode(tail).is_some() || tail.iter().filter(|&&b| decode::is_binary(b)).count() * 100 < tail.len()
}
