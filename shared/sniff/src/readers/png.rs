//! PNG, APNG and MNG ([PNG, third edition](https://www.w3.org/TR/png-3/), W3C, 2025).

use super::pixels;
use super::second_file::check_trailing_bytes;
use crate::bytes::{be32, has_at, rfind, slice_at};
use crate::readers::prelude::*;

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
        return report.end_with(FindingCode::Stub, "no image header");
    };
    report.set_type("image/png", Confidence::Structural);
    if width == 0 || height == 0 {
        report.add_finding(FindingCode::Malformed, "width or height is zero");
    }
    pixels::check(report, source.size(), width.into(), height.into());
    if let Some(end) = walk_chunks(source, report)? {
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

/// The maximum number of chunks walked. Pictures with more have their pixel data in many small chunks.
const MAX_CHUNKS: u32 = 4096;

/// Walks the chunks of the first window, and further ones until there is pixel data. The offset after `IEND`, or `None`
/// if that was not reached.
fn walk_chunks(source: &Source, report: &mut Report) -> Result<Option<u64>, MissingRange> {
    let mut at = 8u64;
    let mut has_data = false;
    for _ in 0..MAX_CHUNKS {
        let chunk = if has_data { Some(source.peek(at, 12)) } else { source.get_within_target(at, 12)? };
        let chunk = chunk.unwrap_or_default();
        let (Some(len), name) = (be32(chunk, 0), slice_at(chunk, 4, 4)) else { break };
        match name {
            // The chunk must precede the first `IDAT`.
            b"acTL" if !has_data => {
                report.set_type_with_parent("image/apng", "image/png", Confidence::Structural);
                pixels::check_frames(report, source.size(), be32(chunk, 8).unwrap_or(0).into());
            }
            b"IDAT" => has_data |= len > 0,
            b"IEND" => {
                if !has_data {
                    report.add_finding(FindingCode::Stub, "no pixel data");
                }
                return Ok(Some(at.saturating_add(12)));
            }
            _ => {}
        }
        if !name.iter().all(u8::is_ascii_alphabetic) {
            // Viewers show what came before it.
            let code = if has_data { FindingCode::NoEndMark } else { FindingCode::Malformed };
            return report.end_with(code, "an invalid chunk name");
        }
        at = at.saturating_add(12 + u64::from(len));
    }
    if has_data && at == source.size() {
        // Browsers show the picture without the last chunk.
        report.add_finding(FindingCode::NoEndMark, "no end chunk");
        return Ok(Some(at));
    }
    if !has_data && at >= source.size() {
        report.add_finding(FindingCode::Stub, "no pixel data");
    } else if !has_data {
        report.add_finding(FindingCode::UnscannableMiddle, "the pixel data was not reached");
    }
    Ok(None)
}
