//! Icons (`.ico`) and cursors (`.cur`) of Windows and of OS/2.

use crate::bytes::{has_at, le16, le32, slice_at, to_usize};
use crate::readers::prelude::*;

pub(crate) fn recognises(head: &[u8]) -> bool {
    is_windows(head) || os2_kind(head).is_some()
}

/// Many formats begin with `00 00 01 00`, so the count must be small and the first image must follow the table.
fn is_windows(head: &[u8]) -> bool {
    let (Some(count @ 1..=512), true) =
        (le16(head, 4), has_at(head, 0, b"\0\0\x01\0") || has_at(head, 0, b"\0\0\x02\0"))
    else {
        return false;
    };
    let entry = slice_at(head, 6, 16);
    let table = 6 + 16 * u32::from(count);
    let planes_valid = le16(entry, 4).is_some_and(|n| n <= 1) || has_at(head, 2, b"\x02");
    let Some(at) = le32(entry, 12).filter(|at| (table..1 << 24).contains(at)) else { return false };
    // Some programs write other values into reserved fields. Then the picture itself must be there.
    (planes_valid && entry.get(3).is_some_and(|&b| b == 0 || b == 0xff))
        || is_picture(slice_at(head, to_usize(at.into()), 4))
}

/// Whether a picture of an icon begins with these bytes: a PNG, or a bitmap header by its size.
fn is_picture(start: &[u8]) -> bool {
    start == b"\x89PNG" || matches!(le32(start, 0), Some(12 | 40 | 52 | 56 | 64 | 108 | 124))
}

/// The type of an OS/2 icon or pointer. Two letters are a short signature, so the size of the header after the file
/// header must fit (OS/2 Toolkit, `BITMAPFILEHEADER2` and `BITMAPARRAYFILEHEADER2`).
fn os2_kind(head: &[u8]) -> Option<&'static str> {
    let array = has_at(head, 0, b"BA");
    let file = if array { slice_at(head, 14, head.len()) } else { head };
    let kind = match slice_at(file, 0, 2) {
        b"CI" | b"IC" => "image/vnd.microsoft.icon",
        b"CP" | b"PT" => "image/x-win-bitmap",
        b"BM" if array => "image/bmp",
        _ => return None,
    };
    let sized = |bytes: &[u8], at| le32(bytes, at).is_some_and(|len| (12..=0x1000).contains(&len));
    let header = matches!(le32(file, 14), Some(12 | 40 | 64));
    (header && sized(file, 2) && (!array || sized(head, 2))).then_some(kind)
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    if let Some(kind) = os2_kind(head) {
        report.set_type(kind, Confidence::Structural);
        return Ok(());
    }
    let kind = if has_at(head, 2, b"\x02") { "image/x-win-bitmap" } else { "image/vnd.microsoft.icon" };
    report.set_type(kind, Confidence::Structural);
    if le32(head, 18).is_some_and(|at| u64::from(at) >= source.size()) {
        report.add_finding(FindingCode::Truncated, "the first image starts after the end of the object");
    }
    let image = source.peek(le32(head, 18).unwrap_or(0).into(), 4);
    if image.len() == 4 && !is_picture(image) {
        report.add_finding(FindingCode::Malformed, "no picture at its offset");
    }
    Ok(())
}
