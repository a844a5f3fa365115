//! Windows icons (`.ico`) and cursors (`.cur`).

use crate::bytes::{has_at, le16, le32, slice_at};
use crate::report::Report;
use crate::sniffed::Confidence;
use crate::source::{MissingRange, Source, WINDOW_BYTES};

/// Many formats begin with `00 00 01 00`, so the count must be small and the first image must follow the table.
pub(crate) fn recognises(head: &[u8]) -> bool {
    let (Some(count @ 1..=512), true) =
        (le16(head, 4), has_at(head, 0, b"\0\0\x01\0") || has_at(head, 0, b"\0\0\x02\0"))
    else {
        return false;
    };
    let entry = slice_at(head, 6, 16);
    let table = 6 + 16 * u32::from(count);
    let planes_valid = le16(entry, 4).is_some_and(|n| n <= 1) || has_at(head, 2, b"\x02");
    planes_valid
        && entry.get(3).is_some_and(|&b| b == 0 || b == 0xff)
        && le32(entry, 12).is_some_and(|at| at >= table && at < 1 << 24)
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    let kind = if has_at(head, 2, b"\x02") { "image/x-win-bitmap" } else { "image/vnd.microsoft.icon" };
    report.set_type(kind, Confidence::Structural);
    Ok(())
}
