//! PDF, and Illustrator files that are PDF. Neither objects nor streams are parsed: a header, an end and some names, as
//! far as they stand uncompressed in a window; what stands elsewhere is a scanner's work (decision 0024).

use std::borrow::Cow;

use super::extras::{PDF_REACH, after_end};
use crate::sniff::bytes::{find, has, part, rfind};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

/// How near the end `%%EOF` must be: readers look back 1,024 bytes (PDF Reference 1.7, appendix H, note 18, 2006).
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
    if !source.whole() {
        report.find(FindingCode::UnseenObjects, "a middle that no window covers");
    }
    if head.len() > 128
        && [&b"AIPrivateData"[..], b"/AIMetaData", b"illustrator:Type"].iter().any(|m| find(head, m).is_some())
    {
        report.is_kind_of("application/illustrator", "application/pdf", Confidence::Structural);
    }
    Ok(())
}

/// Names that matter, and what each gives away.
const NAMES: &[(&[u8], FindingCode, &str)] = &[
    (b"Encrypt", FindingCode::Encrypted, "PDF encryption"),
    (b"JavaScript", FindingCode::ActiveContent, "PDF JavaScript"),
    (b"JS", FindingCode::ActiveContent, "PDF JavaScript"),
    (b"Launch", FindingCode::ActiveContent, "PDF launch action"),
    (b"EmbeddedFile", FindingCode::EmbeddedObject, "PDF attachment"),
    (b"EmbeddedFiles", FindingCode::EmbeddedObject, "PDF attachment"),
    (b"ObjStm", FindingCode::UnseenObjects, "objects in compressed streams"),
];

/// Notes the names that stand uncompressed in a window. A name ends at white space or a delimiter: `/JS` is not
/// `/JSomething`, `/Encrypt` not `/EncryptMetadata`.
fn names(window: &[u8], report: &mut Report) {
    let mut rest = window;
    while let Some(at) = memchr::memchr(b'/', rest) {
        rest = part(rest, at + 1, rest.len());
        let Some(len) = rest.iter().take(LONGEST_NAME).position(|&b| ends_name(b)) else { continue };
        let name = spelled(part(rest, 0, len));
        if let Some((_, code, detail)) = NAMES.iter().find(|(known, ..)| *known == &*name) {
            report.find(*code, *detail);
        }
    }
}

/// The longest known name, each of its characters spelled in three.
const LONGEST_NAME: usize = 3 * 16;

fn ends_name(b: u8) -> bool {
    b.is_ascii_whitespace() || b == 0 || b"/()<>[]{}%".contains(&b)
}

/// A name as it is meant: `#` and two hexadecimal digits are one character (since PDF 1.2), so that `/J#53` is `/JS`.
fn spelled(name: &[u8]) -> Cow<'_, [u8]> {
    if !name.contains(&b'#') {
        return Cow::Borrowed(name);
    }
    let digit = |at: usize| name.get(at).and_then(|&b| char::from(b).to_digit(16)).and_then(|n| u8::try_from(n).ok());
    let (mut meant, mut at) = (Vec::with_capacity(name.len()), 0);
    while let Some(&b) = name.get(at) {
        let pair = digit(at + 1).zip(digit(at + 2)).filter(|_| b == b'#');
        meant.push(pair.map_or(b, |(high, low)| high << 4 | low));
        at += if pair.is_some() { 3 } else { 1 };
    }
    Cow::Owned(meant)
}
