//! JPEG and JPEG-LS (ITU-T T.81, 1992, annex B, and T.87, 1998).

use super::pixels;
use super::second_file::check_trailing_bytes;
use crate::bytes::{be16, has_at, rfind, slice_at, to_u64, to_usize};
use crate::readers::prelude::*;

/// The maximum number of segments before the picture data. A colour profile alone can have 255.
const MAX_SEGMENTS: u32 = 600;

/// The maximum number of fill bytes (FF) before a marker. The standard allows any number; encoders write none or one.
const MAX_FILL_BYTES: usize = 64;

/// Start of image, and the start of a marker. The fourth byte must fit too.
pub(crate) fn recognises(head: &[u8]) -> bool {
    has_at(head, 0, b"\xff\xd8\xff") && head.get(3).is_none_or(|&marker| marker >= 0xc0 || marker == 0x01)
}

/// Whether a JPEG starts with a segment that encoders write first: tables, application data or a comment.
pub(crate) fn starts_with_segment(head: &[u8]) -> bool {
    has_at(head, 0, b"\xff\xd8\xff")
        && matches!(head.get(3), Some(0xdb | 0xe0..=0xef | 0xfe))
        && be16(head, 4)
            .is_some_and(|len| len >= 2 && head.get(4 + usize::from(len)).is_none_or(|&marker| marker == 0xff))
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    report.set_type("image/jpeg", Confidence::Signature);
    if source.size() < 4 {
        return report.end_with(FindingCode::Stub, "the object ends after the signature");
    }
    let data = read_segments(source, report)?;
    let tail = source.tail(WINDOW_BYTES)?;
    if !report.has_finding(FindingCode::Stub) && !report.has_finding(FindingCode::Malformed) {
        match rfind(tail, b"\xff\xd9") {
            Some(at) => {
                // Cameras write previews, depth maps and maker notes here, which are trailing data.
                check_trailing_bytes(report, slice_at(tail, at + 2, tail.len()));
            }
            // Decoders show the picture without the end marker. An incomplete marker is a cut.
            None if tail.last() != Some(&0xff) && data.is_some_and(|at| is_data(data_in(source, tail, at))) => {
                report.add_finding(FindingCode::NoEndMark, "no end marker");
            }
            None => report.add_finding(FindingCode::Truncated, "no end marker"),
        }
    }
    Ok(())
}

/// Skips the segments before the picture data. The frame header among them has the dimensions and tells JPEG from
/// JPEG-LS. The result is the offset of the picture data, if it was reached.
fn read_segments(source: &Source, report: &mut Report) -> Result<Option<u64>, MissingRange> {
    let mut at = 2u64;
    let mut has_frame = false;
    for count in 0..MAX_SEGMENTS {
        // Large EXIF data or profiles cost a read. Beyond the target budget, the dimensions remain unknown.
        let Some(segment) = source.get_within_target(at, 20)? else {
            let part = if has_frame { "the picture data was not reached" } else { "the frame header was not reached" };
            return report.end_with(FindingCode::UnscannableMiddle, part);
        };
        let Some(&[prefix, marker]) = segment.get(..2) else {
            return report.end_with(FindingCode::Truncated, "the object ends between two segments");
        };
        if prefix != 0xff {
            let code = if count == 0 { FindingCode::Stub } else { FindingCode::Malformed };
            return report.end_with(code, "no segment marker after a segment");
        }
        match marker {
            0xff => {
                let fill = source.peek(at, to_u64(MAX_FILL_BYTES)).iter().take_while(|&&b| b == 0xff).count();
                if fill >= MAX_FILL_BYTES {
                    return report.end_with(FindingCode::Stub, "filler in place of a segment");
                }
                at += to_u64(fill.saturating_sub(1).max(1));
            }
            0x01 | 0xd0..=0xd8 => at += 2,
            0xda if has_frame => return check_data(source, at, be16(segment, 2), report),
            0xd9 | 0xda if has_frame => return report.end_with(FindingCode::Stub, "no picture data"),
            0xd9 | 0xda => return report.end_with(FindingCode::Malformed, "no frame header before the scan"),
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xf7 => {
                let kind = if marker == 0xf7 { "image/jls" } else { "image/jpeg" };
                report.set_type(kind, Confidence::Structural);
                if let (Some(height), Some(width)) = (be16(segment, 5), be16(segment, 7)) {
                    pixels::check(report, source.size(), width.into(), height.into());
                }
                has_frame = true;
                at = at.saturating_add(2 + u64::from(be16(segment, 2).unwrap_or(0)));
            }
            _ => match be16(segment, 2) {
                Some(len) if len >= 2 => at = at.saturating_add(2 + u64::from(len)),
                _ => {
                    return report.end_with(FindingCode::Stub, "a segment has no valid length");
                }
            },
        }
    }
    report.add_finding(FindingCode::UnscannableMiddle, "the picture data is after more than 600 segments");
    Ok(None)
}

/// Checks the start of the picture data. A byte FF in it is followed by zero or a marker, so a run of FF is filler.
fn check_data(source: &Source, at: u64, len: Option<u16>, report: &mut Report) -> Result<Option<u64>, MissingRange> {
    let start = at.saturating_add(2 + u64::from(len.unwrap_or(0)));
    let Some(data) = source.get_within_target(start, to_u64(MAX_FILL_BYTES))? else { return Ok(Some(start)) };
    if data.is_empty() || (data.len() == MAX_FILL_BYTES && data.iter().all(|&b| b == 0xff)) {
        return report.end_with(FindingCode::Stub, "no picture data");
    }
    Ok(Some(start))
}

/// The part of `tail`, the end of the object, that is after the offset `at`.
fn data_in<'a>(source: &Source, tail: &'a [u8], at: u64) -> &'a [u8] {
    let start = source.size().saturating_sub(to_u64(tail.len()));
    slice_at(tail, to_usize(at.saturating_sub(start)), tail.len())
}

/// The maximum number of pairs that picture data cannot contain.
const MAX_OTHER_PAIRS: usize = 4;

/// Whether bytes can be picture data. In it, zero or a restart marker follows FF, or the tables of a further scan. In
/// other compressed data, such as an archive after the picture, any byte follows.
fn is_data(bytes: &[u8]) -> bool {
    let others = memchr::memchr_iter(0xff, bytes)
        .filter_map(|at| bytes.get(at + 1))
        .filter(|next| !matches!(next, 0 | 0xff | 0xd0..=0xd7 | 0xc4 | 0xda..=0xdd | 0xfe));
    others.count() <= MAX_OTHER_PAIRS
}
