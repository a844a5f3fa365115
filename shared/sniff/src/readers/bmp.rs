//! BMP ([BITMAPFILEHEADER and BITMAPINFOHEADER](https://learn.microsoft.com/windows/win32/gdi/bitmap-storage),
//! Microsoft).

use super::pixels;
use crate::bytes::{has_at, le16, le32};
use crate::readers::prelude::*;

/// The signature has two bytes only, so the reserved fields must be zero (or the data offset small) and the size of the
/// second header must be known.
pub(crate) fn recognises(head: &[u8]) -> bool {
    has_at(head, 0, b"BM")
        && (le32(head, 6) == Some(0) || le32(head, 10).is_some_and(|n| n < 0x1_0000))
        && matches!(le32(head, 14), Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    report.set_type("image/bmp", Confidence::Structural);
    let dimensions = if le32(head, 14) == Some(12) {
        le16(head, 18).zip(le16(head, 20)).map(|(w, h)| (u32::from(w), u32::from(h)))
    } else {
        // A negative height means that rows are stored from top to bottom.
        le32(head, 18)
            .zip(le32(head, 22))
            .map(|(w, h)| (w.cast_signed().unsigned_abs(), h.cast_signed().unsigned_abs()))
    };
    match dimensions {
        Some((width, height)) => pixels::check(report, source.size(), width.into(), height.into()),
        None => report.add_finding(FindingCode::Stub, "no dimensions"),
    }
    if le32(head, 10).is_some_and(|data| u64::from(data) >= source.size()) {
        report.add_finding(FindingCode::Truncated, "the pixel data starts after the end of the object");
    }
    Ok(())
}
