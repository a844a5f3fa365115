//! PNG, APNG and MNG ([PNG, third edition](https://www.w3.org/TR/png-3/), W3C, 2025).

use super::pixels;
use super::second_file::check_trailing_bytes;
use crate::bytes::{be32, has_at, rfind, slice_at, to_u64, to_usize};
use crate::finding::FindingCode;
use crate::report::Report;
use crate::sniffed::Confidence;
use crate::source::{MissingRange, Source, WINDOW_BYTES};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const MNG: &[u8] = b"\x8aMNG\r\n\x1a\n";
const IEND: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";

pub(crate) fn recognises(head: &[u8]) -> bool {
    has_at(head, 0, PNG) || has_at(head, 0, MNG)
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    if has_at(head, 0, MNG) {
        report.set_type("video/x-mng", Confidence::Signature);
        return Ok(());
    }
    report.set_type("image/png", Confidence::Signature);
    let (true, Some(width), Some(height)) = (has_at(head, 8, b"\0\0\0\x0dIHDR"), be32(head, 16), be32(head, 20)) else {
        report.add_finding(FindingCode::Stub, "no image header");
        return Ok(());
    };
    report.set_type("image/png", Confidence::Structural);
    if width == 0 || height == 0 {
        report.add_finding(FindingCode::Malformed, "width or height is zero");
    }
    pixels::check(report, source.size(), width.into(), height.into());
    if let Some(end) = walk_chunks(source, head, report) {
        check_trailing_bytes(report, source.get(end, source.size().min(WINDOW_BYTES))?);
        return Ok(());
    }
    let tail = source.tail(WINDOW_BYTES)?;
    match rfind(tail, IEND) {
        Some(at) => check_trailing_bytes(report, slice_at(tail, at + IEND.len(), tail.len())),
        None => report.add_finding(FindingCode::Truncated, "no end chunk"),
    }
    Ok(())
}

/// Walks the chunks in the first window. The offset after `IEND`, or `None` if the window ends before.
fn walk_chunks(source: &Source, head: &[u8], report: &mut Report) -> Option<u64> {
    let mut at = 8usize;
    let mut has_data = false;
    loop {
        let len = to_usize(be32(head, at)?.into());
        let name = head.get(at.checked_add(4)?..at.checked_add(8)?)?;
        match name {
            // The chunk must precede the first `IDAT`.
            b"acTL" if !has_data => {
                report.set_type_with_parent("image/apng", "image/png", Confidence::Structural);
                pixels::check_frames(report, source.size(), be32(head, at.checked_add(8)?)?.into());
            }
            b"IDAT" => has_data = true,
            b"IEND" => {
                if !has_data {
                    report.add_finding(FindingCode::Stub, "no pixel data");
                }
                return Some(to_u64(at.checked_add(12)?));
            }
            _ => {}
        }
        at = at.checked_add(len)?.checked_add(12)?;
    }
}
