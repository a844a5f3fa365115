//! PDF, and Illustrator files that are PDF.
//!
//! The reader checks the header, the end and the names in the windows that were read. It parses neither objects nor
//! compressed streams, which are the task of a malware scanner.

use std::borrow::Cow;

use super::evidence::looks_like_text;
use super::leading::add_finding as add_leading_bytes;
use super::second_file::{PDF_HEADER_REACH, check_trailing_bytes, contains_file};
use super::text;
use crate::bytes::{contains_any, find, has_at, rfind, slice_at};
use crate::readers::prelude::*;

/// The number of bytes at the end in which Acrobat searches for `%%EOF` (PDF Reference 1.7, appendix H, note 18, 2006).
const END_REACH: usize = 1024;

/// Whether the header is at the start, or after white space, a byte order mark or a print job's header.
pub(crate) fn recognises(head: &[u8]) -> bool {
    let Some(before) = before_header(head) else { return false };
    is_blank(before) || has_at(before, 0, b"\x1b%-12345X") || has_at(before, 0, b"%!PS-Adobe")
}

/// Whether the header is after other bytes, as PDF readers accept it. No other format has recognised the object. An
/// object must follow the header, because prose, mail and HTML can quote a PDF header.
pub(crate) fn recognises_after_bytes(head: &[u8]) -> bool {
    let Some(before) = before_header(head) else { return false };
    let header = slice_at(head, before.len(), head.len());
    let version = header.get(5).is_some_and(u8::is_ascii_digit) && header.get(6) == Some(&b'.');
    version && has_object(header) && !contains_file(before) && !before.starts_with(b"#!")
}

/// The bytes before the header.
fn before_header(head: &[u8]) -> Option<&[u8]> {
    find(slice_at(head, 0, PDF_HEADER_REACH), b"%PDF-").map(|at| slice_at(head, 0, at))
}

fn is_blank(before: &[u8]) -> bool {
    before.strip_prefix(b"\xef\xbb\xbf").unwrap_or(before).iter().all(|b| b.is_ascii_whitespace() || *b == 0)
}

/// Whether text only mentions a PDF header: a declared text without objects, or text before a header without an end.
fn is_quoted(source: &Source, head: &[u8]) -> Result<bool, MissingRange> {
    if !looks_like_text(head) {
        return Ok(false);
    }
    let declared = source.claim().is_some_and(|claim| claim.starts_with("text/")) && !has_object(head);
    let tail = source.tail(WINDOW_BYTES)?;
    Ok(declared || (!recognises(head) && rfind(tail, b"%%EOF").is_none() && start_offset_end(tail).is_none()))
}

/// Whether `bytes` contain the start of an object.
fn has_object(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, b"obj").any(|at| at > 0 && !slice_at(bytes, at - 1, 1).contains(&b'd'))
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    if is_quoted(source, head)? {
        return text::read(source, report);
    }
    report.set_type("application/pdf", Confidence::Signature);
    let before = before_header(head).unwrap_or_default();
    if !is_blank(before) {
        add_leading_bytes(before, report);
    }
    if source.size() < 64 {
        return report.end_with(FindingCode::Stub, "the object ends after the header");
    }
    let tail = source.tail(WINDOW_BYTES)?;
    match rfind(tail, b"%%EOF") {
        Some(end) => {
            report.confidence = Confidence::Structural;
            let trailing = slice_at(tail, end + 5, tail.len());
            if trailing.len() > END_REACH || !trailing.iter().all(|b| b.is_ascii_whitespace() || *b == 0) {
                check_trailing_bytes(report, trailing);
            }
        }
        // Old producers write no end mark, and readers open the file by the offset before it.
        None => match start_offset_end(tail) {
            Some(end) => {
                report.confidence = Confidence::Structural;
                report.add_finding(FindingCode::NoEndMark, "no %%EOF");
                check_trailing_bytes(report, slice_at(tail, end, tail.len()));
            }
            None => report.add_finding(FindingCode::Truncated, "no %%EOF"),
        },
    }
    let has_objects = has_object(head) || has_object(tail);
    if !has_objects && source.is_fully_read() {
        report.add_finding(FindingCode::Stub, "no objects");
    } else if !has_objects {
        report.add_finding(FindingCode::UnscannableMiddle, "no objects in the first and last 16 KiB");
    }
    for (_, window) in source.windows() {
        add_name_findings(window, report);
    }
    if !source.is_fully_read() {
        report.add_finding(FindingCode::UnseenObjects, "the middle was not read");
    }
    if head.len() > 128 && contains_any(head, &[b"AIPrivateData", b"/AIMetaData", b"illustrator:Type"]) {
        report.set_type_with_parent("application/illustrator", "application/pdf", Confidence::Structural);
    }
    Ok(())
}

/// The offset after `startxref` and its number in the last bytes.
fn start_offset_end(tail: &[u8]) -> Option<usize> {
    let start = rfind(tail, b"startxref")? + 9;
    let blanks = slice_at(tail, start, 24).iter().take_while(|b| b.is_ascii_whitespace()).count();
    let digits = slice_at(tail, start + blanks, 24).iter().take_while(|b| b.is_ascii_digit()).count();
    (digits > 0).then_some(start + blanks + digits)
}

/// Names, their findings and the details of these.
const FINDING_NAMES: &[(&[u8], FindingCode, &str)] = &[
    (b"Encrypt", FindingCode::Encrypted, "PDF encryption"),
    (b"JavaScript", FindingCode::ActiveContent, "PDF JavaScript"),
    (b"JS", FindingCode::ActiveContent, "PDF JavaScript"),
    (b"Launch", FindingCode::ActiveContent, "PDF launch action"),
    (b"EmbeddedFile", FindingCode::EmbeddedObject, "PDF attachment"),
    (b"EmbeddedFiles", FindingCode::EmbeddedObject, "PDF attachment"),
    (b"ObjStm", FindingCode::UnseenObjects, "objects in compressed streams"),
];

/// Searches a window for uncompressed names. A name ends at white space or a delimiter, so `/EncryptMetadata` is not
/// `/Encrypt`.
fn add_name_findings(window: &[u8], report: &mut Report) {
    let mut rest = window;
    while let Some(at) = memchr::memchr(b'/', rest) {
        rest = slice_at(rest, at + 1, rest.len());
        let Some(len) = rest.iter().take(MAX_NAME_BYTES).position(|&b| ends_name(b)) else { continue };
        let name = decode_name(slice_at(rest, 0, len));
        if let Some((_, code, detail)) = FINDING_NAMES.iter().find(|(known, ..)| *known == &*name) {
            report.add_finding(*code, *detail);
        }
    }
}

/// The maximum length of a name in bytes, with each of 16 characters encoded in three.
const MAX_NAME_BYTES: usize = 3 * 16;

fn ends_name(b: u8) -> bool {
    b.is_ascii_whitespace() || b == 0 || b"/()<>[]{}%".contains(&b)
}

/// Decodes `#` and two hexadecimal digits to one byte (since PDF 1.2): `/J#53` is `/JS`.
fn decode_name(name: &[u8]) -> Cow<'_, [u8]> {
    if !name.contains(&b'#') {
        return Cow::Borrowed(name);
    }
    let digit = |at: usize| name.get(at).and_then(|&b| char::from(b).to_digit(16)).and_then(|n| u8::try_from(n).ok());
    let (mut decoded, mut at) = (Vec::with_capacity(name.len()), 0);
    while let Some(&b) = name.get(at) {
        let pair = digit(at + 1).zip(digit(at + 2)).filter(|_| b == b'#');
        decoded.push(pair.map_or(b, |(high, low)| high << 4 | low));
        at += if pair.is_some() { 3 } else { 1 };
    }
    Cow::Owned(decoded)
}
