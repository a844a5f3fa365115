//! JPEG and JPEG-LS (ITU-T T.81, 1992, annex B, and T.87, 1998).

use super::pixels;
use super::second_file::check_trailing_bytes;
use crate::bytes::{be16, has_at, rfind, slice_at};
use crate::finding::FindingCode;
use crate::report::Report;
use crate::sniffed::Confidence;
use crate::source::{MissingRange, Source, WINDOW_BYTES};

/// The maximum number of segments before the frame header. A colour profile alone can have 255.
const MAX_SEGMENTS: u32 = 600;

pub(crate) fn recognises(head: &[u8]) -> bool {
    has_at(head, 0, b"\xff\xd8\xff")
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    report.set_type("image/jpeg", Confidence::Signature);
    if source.size() < 4 {
        report.add_finding(FindingCode::Stub, "the object ends after the signature");
        return Ok(());
    }
    read_frame_header(source, report)?;
    let tail = source.tail(WINDOW_BYTES)?;
    if !report.has_finding(FindingCode::Stub) && !report.has_finding(FindingCode::Malformed) {
        match rfind(tail, b"\xff\xd9") {
            Some(at) => {
                // Cameras write previews, depth maps and maker notes here, which are trailing data.
                check_trailing_bytes(report, slice_at(tail, at + 2, tail.len()));
            }
            None => report.add_finding(FindingCode::Truncated, "no end marker"),
        }
    }
    Ok(())
}

/// Skips the segments before the frame header, which has the dimensions and tells JPEG from JPEG-LS.
fn read_frame_header(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let mut at = 2u64;
    for count in 0..MAX_SEGMENTS {
        // Large EXIF data or profiles cost a read. Beyond the target budget, the dimensions remain unknown.
        let Some(segment) = source.get_within_target(at, 20)? else { return Ok(()) };
        let Some(&[prefix, marker]) = segment.get(..2) else {
            report.add_finding(FindingCode::Truncated, "the object ends between two segments");
            return Ok(());
        };
        if prefix != 0xff {
            let code = if count == 0 { FindingCode::Stub } else { FindingCode::Malformed };
            report.add_finding(code, "no segment marker after a segment");
            return Ok(());
        }
        match marker {
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xd9 | 0xda => {
                report.add_finding(FindingCode::Malformed, "no frame header before the scan");
                return Ok(());
            }
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xf7 => {
                let kind = if marker == 0xf7 { "image/jls" } else { "image/jpeg" };
                report.set_type(kind, Confidence::Structural);
                if let (Some(height), Some(width)) = (be16(segment, 5), be16(segment, 7)) {
                    pixels::check(report, source.size(), width.into(), height.into());
                }
                return Ok(());
            }
            _ => match be16(segment, 2) {
                Some(len) if len >= 2 => at = at.saturating_add(2 + u64::from(len)),
                _ => {
                    report.add_finding(FindingCode::Stub, "a segment has no valid length");
                    return Ok(());
                }
            },
        }
    }
    Ok(())
}
