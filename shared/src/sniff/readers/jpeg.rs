//! JPEG and JPEG-LS.

use super::extras::after_end;
use super::pixels;
use crate::sniff::bytes::{be16, has, part, rfind};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

/// How many segments may stand before the frame: a colour profile alone can take 255.
const MOST_SEGMENTS: u32 = 600;

pub(super) fn test(head: &[u8]) -> bool {
    has(head, 0, b"\xff\xd8\xff")
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    report.is("image/jpeg", Confidence::Signature);
    if source.size() < 4 {
        report.find(FindingCode::Stub, "a signature only");
        return Ok(());
    }
    frame(source, report)?;
    let tail = source.tail(WINDOW)?;
    if !report.has(FindingCode::Stub) && !report.has(FindingCode::Malformed) {
        match rfind(tail, b"\xff\xd9") {
            Some(at) => {
                let rest = part(tail, at + 2, tail.len());
                // Cameras put previews, depth maps and maker notes after the picture; only a file that some program
                // would open is held against it, or the real trailing files of phones would all be refused.
                after_end(report, rest);
            }
            None => report.find(FindingCode::Truncated, "no end marker"),
        }
    }
    Ok(())
}

/// Hops over the segments to the frame header, which tells JPEG from JPEG-LS and gives the dimensions.
fn frame(source: &Source, report: &mut Report) -> Result<(), Need> {
    let mut at = 2u64;
    for count in 0..MOST_SEGMENTS {
        // A hop leaves the head only where EXIF or a profile is larger than it; past the healthy budget the
        // dimensions are let go rather than the object.
        let Some(segment) = source.spare(at, 20)? else { return Ok(()) };
        let Some(&[mark, code]) = segment.get(..2) else {
            report.find(FindingCode::Truncated, "ends between segments");
            return Ok(());
        };
        if mark != 0xff {
            let code = if count == 0 { FindingCode::Stub } else { FindingCode::Malformed };
            report.find(code, "no segment where one must be");
            return Ok(());
        }
        match code {
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xd9 | 0xda => {
                report.find(FindingCode::Malformed, "no frame before the scan");
                return Ok(());
            }
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xf7 => {
                let kind = if code == 0xf7 { "image/jls" } else { "image/jpeg" };
                report.is(kind, Confidence::Structural);
                if let (Some(height), Some(width)) = (be16(segment, 5), be16(segment, 7)) {
                    pixels::check(report, source.size(), width.into(), height.into());
                }
                return Ok(());
            }
            _ => match be16(segment, 2) {
                Some(len) if len >= 2 => at = at.saturating_add(2 + u64::from(len)),
                _ => {
                    report.find(FindingCode::Stub, "a segment without length");
                    return Ok(());
                }
            },
        }
    }
    Ok(())
}
