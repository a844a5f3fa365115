//! BMP.

use super::pixels;
use crate::sniff::bytes::{has, le16, le32};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

/// Two letters are too little: the reserved fields are zero and the second header has one of its known sizes.
pub(super) fn test(head: &[u8]) -> bool {
    has(head, 0, b"BM")
        && (le32(head, 6) == Some(0) || le32(head, 10).is_some_and(|n| n < 0x1_0000))
        && matches!(le32(head, 14), Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    report.is("image/bmp", Confidence::Structural);
    let sides = if le32(head, 14) == Some(12) {
        le16(head, 18).zip(le16(head, 20)).map(|(w, h)| (u32::from(w), u32::from(h)))
    } else {
        // The height is negative where the rows run from the top.
        le32(head, 18)
            .zip(le32(head, 22))
            .map(|(w, h)| (w.cast_signed().unsigned_abs(), h.cast_signed().unsigned_abs()))
    };
    match sides {
        Some((width, height)) => pixels::check(report, source.size(), width.into(), height.into()),
        None => report.find(FindingCode::Stub, "no dimensions"),
    }
    if le32(head, 10).is_some_and(|data| u64::from(data) >= source.size()) {
        report.find(FindingCode::Truncated, "pixels start past the end");
    }
    Ok(())
}
