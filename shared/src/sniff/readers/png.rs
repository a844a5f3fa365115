//! PNG, APNG and MNG.

use super::extras::after_end;
use super::pixels;
use crate::sniff::bytes::{be32, has, index, part, rfind};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const MNG: &[u8] = b"\x8aMNG\r\n\x1a\n";
const IEND: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";

pub(super) fn test(head: &[u8]) -> bool {
    has(head, 0, PNG) || has(head, 0, MNG)
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    if has(head, 0, MNG) {
        report.is("video/x-mng", Confidence::Signature);
        return Ok(());
    }
    report.is("image/png", Confidence::Signature);
    let (true, Some(width), Some(height)) = (has(head, 8, b"\0\0\0\x0dIHDR"), be32(head, 16), be32(head, 20)) else {
        report.find(FindingCode::Stub, "no image header");
        return Ok(());
    };
    report.is("image/png", Confidence::Structural);
    if width == 0 || height == 0 {
        report.find(FindingCode::Malformed, "no pixels");
    }
    pixels::check(report, source.size(), width.into(), height.into());
    if let Some(end) = chunks(source, head, report) {
        after_end(report, source.get(end, source.size().min(WINDOW))?);
        return Ok(());
    }
    let tail = source.tail(WINDOW)?;
    match rfind(tail, IEND) {
        Some(at) => after_end(report, part(tail, at + IEND.len(), tail.len())),
        None => report.find(FindingCode::Truncated, "no end chunk"),
    }
    Ok(())
}

/// Walks the chunks in the head; the offset after `IEND` if it is in there.
fn chunks(source: &Source, head: &[u8], report: &mut Report) -> Option<u64> {
    let mut at = 8usize;
    let mut data = false;
    loop {
        let len = index(be32(head, at)?.into());
        let name = head.get(at.checked_add(4)?..at.checked_add(8)?)?;
        match name {
            // An animation announces itself before the first pixel (APNG 1.0), so the head always tells.
            b"acTL" if !data => {
                report.is_kind_of("image/apng", "image/png", Confidence::Structural);
                pixels::check_frames(report, source.size(), be32(head, at.checked_add(8)?)?.into());
            }
            b"IDAT" => data = true,
            b"IEND" => {
                if !data {
                    report.find(FindingCode::Stub, "no pixel data");
                }
                return Some(crate::sniff::bytes::size(at.checked_add(12)?));
            }
            _ => {}
        }
        at = at.checked_add(len)?.checked_add(12)?;
    }
}
