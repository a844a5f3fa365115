//! PDF, and Illustrator files that are PDF. Neither objects nor streams are parsed: a header, an end and some names.

use super::extras::{PDF_REACH, after_end};
use crate::sniff::bytes::{find, has, part, rfind};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

/// How near the end `%%EOF` must be: readers look back 1,024 bytes (ISO 32000-1, annex H, note 18, 2008).
const END_REACH: usize = 1024;

/// At the start, or behind what isn't text: mail and HTML quote PDF headers, and a picture in front is a polyglot.
pub(super) fn test(head: &[u8]) -> bool {
    let Some(at) = find(part(head, 0, PDF_REACH), b"%PDF-") else { return false };
    let before = part(head, 0, at);
    before.strip_prefix(b"\xef\xbb\xbf").unwrap_or(before).iter().all(|b| b.is_ascii_whitespace() || *b == 0)
        || junk(before)
}

/// Bytes of a transport that some tool left in front: short, or a PJL or `MacBinary` header.
fn junk(before: &[u8]) -> bool {
    has(before, 0, b"\x1b%-12345X") || has(before, 0, b"%!PS-Adobe") || (before.len() <= 128 && has(before, 0, b"\0"))
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    report.is("application/pdf", Confidence::Signature);
    let at = find(part(head, 0, PDF_REACH), b"%PDF-").unwrap_or(0);
    if part(head, 0, at).iter().any(|b| !b.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(b)) {
        report.find(FindingCode::SecondSignature, "bytes before the header");
    }
    if source.size() < 64 {
        report.find(FindingCode::Stub, "a header only");
        return Ok(());
    }
    let tail = source.tail(WINDOW)?;
    match rfind(tail, b"%%EOF") {
        Some(end) => {
            report.confidence = Confidence::Structural;
            let rest = part(tail, end + 5, tail.len());
            if rest.len() > END_REACH || !rest.iter().all(|b| b.is_ascii_whitespace() || *b == 0) {
                after_end(report, rest);
            }
        }
        None => report.find(FindingCode::Truncated, "no end mark"),
    }
    for (_, window) in source.windows() {
        names(window, report);
    }
    if head.len() > 128
        && [&b"AIPrivateData"[..], b"/AIMetaData", b"illustrator:Type"].iter().any(|m| find(head, m).is_some())
    {
        report.is_kind_of("application/illustrator", "application/pdf", Confidence::Structural);
    }
    Ok(())
}

/// Names that matter, as far as they stand uncompressed; in compressed object streams they are the scanner's work.
fn names(window: &[u8], report: &mut Report) {
    if has_name(window, b"/Encrypt") {
        report.find(FindingCode::Encrypted, "PDF encryption");
    }
    if has_name(window, b"/JavaScript") || has_name(window, b"/JS") {
        report.find(FindingCode::ActiveContent, "PDF JavaScript");
    }
    if has_name(window, b"/Launch") {
        report.find(FindingCode::ActiveContent, "PDF launch action");
    }
    if has_name(window, b"/EmbeddedFile") || has_name(window, b"/EmbeddedFiles") {
        report.find(FindingCode::EmbeddedObject, "PDF attachment");
    }
}

/// A name ends at white space or a delimiter: `/JS` is not `/JSomething`, `/Encrypt` not `/EncryptMetadata`.
fn has_name(window: &[u8], name: &[u8]) -> bool {
    let mut rest = window;
    while let Some(at) = find(rest, name) {
        match rest.get(at + name.len()) {
            Some(b) if b.is_ascii_whitespace() || b"/()<>[]%".contains(b) => return true,
            _ => rest = part(rest, at + name.len(), rest.len()),
        }
    }
    false
}
