//! gzip, with a look at the first bytes inside.

use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use crate::sniff::bytes::{find, find_nocase, has, le16, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

/// How much is inflated: enough for a tar header and the start of an SVG.
const LOOK: usize = 2048;

pub(super) fn test(head: &[u8]) -> bool {
    has(head, 0, b"\x1f\x8b\x08")
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    report.is("application/gzip", Confidence::Signature);
    if source.size() < 18 {
        report.find(FindingCode::Stub, "header and trailer do not fit");
        return Ok(());
    }
    let Some(data) = payload(head) else { return Ok(()) };
    let inside = inflate(part(head, data, head.len()), LOOK);
    if inside.is_empty() {
        return Ok(());
    }
    report.confidence = Confidence::Structural;
    if super::executable::test(&inside) {
        report.find(FindingCode::ExecutableInside, "a program in gzip");
    } else if super::zip::test(&inside) || test(&inside) || has(&inside, 0, b"Rar!") || has(&inside, 0, b"7z\xbc\xaf") {
        report.find(FindingCode::NestedArchive, "an archive in gzip");
    } else if find_nocase(&inside, b"<svg").is_some() && !has(&inside, 257, b"ustar") {
        report.is_kind_of("image/svg+xml-compressed", "application/gzip", Confidence::Structural);
        if find_nocase(&inside, b"<script").is_some() || find_nocase(&inside, b"onload").is_some() {
            report.find(FindingCode::ActiveContent, "script in compressed SVG");
        } else {
            report.find(FindingCode::UnscannableMiddle, "compressed SVG");
        }
    }
    Ok(())
}

/// Where the compressed data starts: behind the optional fields (RFC 1952, section 2.3, 1996).
fn payload(head: &[u8]) -> Option<usize> {
    let flags = *head.get(3)?;
    let mut at = 10usize;
    if flags & 4 != 0 {
        at = at + 2 + usize::from(le16(head, at)?);
    }
    for bit in [8, 16] {
        if flags & bit != 0 {
            at = at + find(head.get(at..)?, b"\0")? + 1;
        }
    }
    Some(if flags & 2 != 0 { at + 2 } else { at })
}

/// Inflates raw deflate data into at most `most` bytes; what came out before a fault is the answer.
pub(super) fn inflate(data: &[u8], most: usize) -> Vec<u8> {
    let mut out = vec![0; most];
    let mut state = DecompressorOxide::new();
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (_, _, written) = decompress(&mut state, data, &mut out, 0, flags);
    out.truncate(written);
    out
}
