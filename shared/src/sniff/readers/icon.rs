//! Windows icons and cursors.

use crate::sniff::Confidence;
use crate::sniff::bytes::{has, le16, le32, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};

/// `00 00 01 00` begins many things: the count must be small and the first entry lie behind the table.
pub(super) fn test(head: &[u8]) -> bool {
    let (Some(count @ 1..=512), true) = (le16(head, 4), has(head, 0, b"\0\0\x01\0") || has(head, 0, b"\0\0\x02\0"))
    else {
        return false;
    };
    let entry = part(head, 6, 16);
    let table = 6 + 16 * u32::from(count);
    let plane = le16(entry, 4).is_some_and(|n| n <= 1) || has(head, 2, b"\x02");
    plane
        && entry.get(3).is_some_and(|&b| b == 0 || b == 0xff)
        && le32(entry, 12).is_some_and(|at| at >= table && at < 1 << 24)
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    let kind = if has(head, 2, b"\x02") { "image/x-win-bitmap" } else { "image/vnd.microsoft.icon" };
    report.is(kind, Confidence::Structural);
    Ok(())
}
