//! Text: decoded first, then judged by what a browser would make of it, then by its structure, then by its habits.
//!
//! A text format without a signature cannot be proven, only be found consistent. So a declared text type is *verified*:
//! it needs far less evidence than one that is merely guessed, and none of what contradicts it.

use crate::sniff::bytes::size;
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

mod code;
mod data;
mod decode;
mod fixed;
mod json;
mod live;
mod mail;
mod markup;
mod prose;
mod table;
mod tags;
mod xml;

use decode::{Text, decode};

/// The largest SVG read whole: script in the middle of a picture is found only by looking there. Just below the hard
/// limit on bytes, the head included.
const WHOLE_PICTURE: u64 = 480 * 1024;

/// How many lines are weighed: more of them say nothing new, and each costs.
const LINES: usize = 250;

/// How far blanks at the start are followed.
const MOST_BLANKS: u64 = 128 * 1024;

pub(super) fn test(head: &[u8]) -> bool {
    decode(head).is_some()
}

/// What a kind of text is called, and how sure the habits in it make one: 0 to 100.
pub(super) struct Guess {
    kind: &'static str,
    score: u32,
}

/// Evidence that names a type without any claim.
const SURE: u32 = 60;

/// Evidence that is enough where the type was declared.
const ENOUGH: u32 = 20;

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let bytes = content(source)?;
    let Some(text) = decode(bytes) else { return Ok(()) };
    report.is("text/plain", Confidence::Heuristic);
    if text.broken_markup {
        report.find(FindingCode::EncodingTrick, "zero bytes in text");
    }
    if text.utf7() {
        report.find(FindingCode::EncodingTrick, "UTF-7");
    }
    let whole = size(bytes.len()) >= source.size();
    let claim = source.claim().unwrap_or_default();
    if markup::php(&text.text, report) || xml::read(source, &text.text, report)? {
        return Ok(());
    }
    if markup::html(&text.text, claim, report) {
        return Ok(());
    }
    // Asked for before the dear part of the work, which would otherwise be done twice.
    let tail = if whole { &[] } else { source.tail(WINDOW)? };
    if !whole && !tail_is_text(tail) {
        report.find(FindingCode::TrailingData, "no text at the end");
        super::extras::read(source, report)?;
    }
    if let Some(kind) = json::kind(&text.text, whole, report) {
        report.is_kind_of(kind, "text/plain", Confidence::Structural);
        return Ok(());
    }
    if let Some(kind) = fixed::kind(&text.text, claim).or_else(|| mail::kind(&text.text)) {
        report.is_kind_of(kind, "text/plain", Confidence::Signature);
        return Ok(());
    }
    let kind = weigh(&text, claim, whole);
    if kind != "text/plain" {
        report.is_kind_of(kind, "text/plain", Confidence::Heuristic);
    }
    if matches!(kind, "text/csv" | "text/tab-separated-values") || claim == "text/csv" {
        table::formulas(&text.text, report);
    }
    Ok(())
}

/// The window to judge: the head, or behind the blanks that were put in front of what it is.
fn content(source: &Source) -> Result<&[u8], Need> {
    let mut at = 0u64;
    loop {
        let window = source.get(at, WINDOW)?;
        let blank = window.iter().all(|b| b.is_ascii_whitespace() || *b == 0);
        at = at.saturating_add(WINDOW);
        if !blank || at >= source.size().min(MOST_BLANKS) {
            return Ok(window);
        }
    }
}

/// Weighs habits: the declared type if there is enough for it, else the surest, else plain text.
fn weigh(text: &Text, claim: &str, whole: bool) -> &'static str {
    let lines: Vec<&str> = text.text.lines().take(LINES).collect();
    let mut guesses = Vec::new();
    code::guess(&lines, &mut guesses);
    data::guess(&lines, whole, &mut guesses);
    prose::guess(&lines, &mut guesses);
    table::guess(&text.text, whole, &mut guesses);
    let best = guesses.iter().max_by_key(|guess| guess.score);
    let declared = guesses.iter().find(|guess| guess.kind == claim && guess.score >= ENOUGH);
    match (declared, best) {
        // What is claimed holds unless something else is much surer.
        (Some(claimed), Some(best)) if claimed.score + 40 >= best.score => claimed.kind,
        (_, Some(best)) if best.score >= SURE => best.kind,
        _ => "text/plain",
    }
}

/// Whether the end is text too; a window may begin within a character.
fn tail_is_text(tail: &[u8]) -> bool {
    decode(tail).is_some() || tail.iter().filter(|&&b| decode::binary(b)).count() * 100 < tail.len()
}
