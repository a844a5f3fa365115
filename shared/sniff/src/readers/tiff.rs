//! TIFF (revision 6.0, Adobe, 1992) and the raw formats of cameras, which the tags of the first directory tell apart.

use super::pixels;
use crate::bytes::{array, be16, be32, be64, has_at, le16, le32, le64, slice_at, to_usize};
use crate::readers::prelude::*;

/// The number of directory bytes read: 170 tags. Directories rarely have more than 60.
const DIRECTORY_BYTES: u64 = 2048;

/// The maximum number of tags in these bytes.
const MAX_TAGS: usize = 170;

pub(crate) fn recognises(head: &[u8]) -> bool {
    const MARKS: [&[u8]; 8] =
        [b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b", b"IIRO\x08\0", b"IIRS\x08\0", b"MMOR\0\0", b"IIU\0"];
    MARKS.iter().any(|mark| has_at(head, 0, mark)) || has_at(head, 0, b"II\xbc\x01") || has_at(head, 0, b"II\xbc\0")
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    if has_at(head, 0, b"II\xbc") {
        report.set_type("image/jxr", Confidence::Signature);
        return Ok(());
    }
    let signature = slice_at(head, 0, 4);
    let by_signature = match signature {
        b"IIRO" | b"IIRS" | b"MMOR" => Some("image/x-olympus-orf"),
        b"IIU\0" => Some("image/x-panasonic-rw2"),
        _ if has_at(head, 8, b"CR\x02") => Some("image/x-canon-cr2"),
        _ => None,
    };
    if let Some(kind) = by_signature {
        report.set_type_with_parent(kind, "image/tiff", Confidence::Signature);
        let order = Order { big: has_at(signature, 0, b"MM"), long: false };
        let start = order.u32(head, 4).map_or(u64::MAX, u64::from);
        let count = source.get_within_target(start, 2)?.and_then(|table| order.u16(table, 0));
        if count.is_some_and(|count| (1..=200).contains(&count)) {
            report.confidence = Confidence::Structural;
        }
        return Ok(());
    }
    report.set_type("image/tiff", Confidence::Signature);
    let long = has_at(signature, 2, b"\x2b") || has_at(signature, 3, b"\x2b");
    let order = Order { big: has_at(signature, 0, b"MM"), long };
    let start = if long { order.u64(head, 8) } else { order.u32(head, 4).map(u64::from) };
    let Some(start) = start else {
        return report.end_with(FindingCode::Stub, "no directory");
    };
    if start < 8 || start >= source.size() {
        return report.end_with(FindingCode::Truncated, "the directory offset is after the end of the object");
    }
    read_directory(source, report, order, start)
}

fn read_directory(source: &Source, report: &mut Report, order: Order, start: u64) -> Result<(), MissingRange> {
    let Some(table) = source.get_within_target(start, DIRECTORY_BYTES)? else { return Ok(()) };
    let count = if order.long { order.u64(table, 0).map(to_usize) } else { order.u16(table, 0).map(usize::from) };
    let count = count.unwrap_or(0);
    if count == 0 {
        return report.end_with(FindingCode::Malformed, "the directory is empty");
    }
    report.set_type("image/tiff", Confidence::Structural);
    let tags: Vec<Tag> = (0..count.min(MAX_TAGS)).map_while(|n| order.tag(table, n)).collect();
    let tag = |id: u16| tags.iter().find(|tag| tag.id == id);
    if let Some((width, height)) = tag(256).zip(tag(257)) {
        pixels::check(report, source.size(), width.number(order).into(), height.number(order).into());
    }
    // The data of a picture: strips, tiles, a JPEG, or sub-directories with them.
    if ![273, 279, 324, 325, 330, 513].iter().any(|id| tag(*id).is_some()) {
        report.add_finding(FindingCode::Stub, "the directory names no picture data");
    }
    // Tag 50706 is DNGVersion. A DNG also names its camera, so it is checked first.
    if tag(50706).is_some() {
        report.set_type_with_parent("image/x-adobe-dng", "image/tiff", Confidence::Structural);
        return Ok(());
    }
    let Some(make) = tag(271) else { return Ok(()) };
    let at = if order.long { order.u64(&make.value, 0) } else { order.u32(&make.value, 0).map(u64::from) };
    let at = at.unwrap_or(0);
    let name = if make.count <= 4 || (order.long && make.count <= 8) {
        make.value.as_slice()
    } else {
        source.get_within_target(at, 24)?.unwrap_or_default()
    };
    // Scanners of the same makers write plain TIFF. Raw files have their sensor data in sub-directories (tag 330)
    // without LZW compression (tag 259), a preview in the first directory (254 is 1), the identifier of TIFF/EP (37398), a colour filter array (262 is 32803), a
    // compression of their own, or a private tag of Sony (50740).
    let number = |id: u16| tag(id).map(|tag| tag.number(order));
    let raw = number(259) != Some(5)
        && (tag(330).is_some()
            || number(254) == Some(1)
            || tag(37398).is_some()
            || number(262) == Some(32803)
            || matches!(number(259), Some(32767 | 32769 | 34713 | 65000 | 65535)));
    let made_by = |maker: &[u8]| slice_at(name, 0, maker.len()).eq_ignore_ascii_case(maker);
    let kind = match () {
        () if made_by(b"NIKON") && raw => "image/x-nikon-nef",
        () if made_by(b"SONY") && (raw || tag(50740).is_some()) => "image/x-sony-arw",
        () if made_by(b"PENTAX") && raw => "image/x-pentax-pef",
        () if made_by(b"OLYMPUS") && raw => "image/x-olympus-orf",
        () => return Ok(()),
    };
    report.set_type_with_parent(kind, "image/tiff", Confidence::Structural);
    Ok(())
}

/// The byte order, and whether the file is a `BigTIFF`, with 64-bit offsets and counts.
#[derive(Clone, Copy)]
struct Order {
    big: bool,
    long: bool,
}

struct Tag {
    id: u16,
    kind: u16,
    count: u32,
    value: [u8; 8],
}

impl Order {
    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        if self.big { be16(bytes, at) } else { le16(bytes, at) }
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        if self.big { be32(bytes, at) } else { le32(bytes, at) }
    }

    fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        if self.big { be64(bytes, at) } else { le64(bytes, at) }
    }

    /// The tag at this place in the directory.
    fn tag(self, table: &[u8], index: usize) -> Option<Tag> {
        let at = if self.long { 8 + 20 * index } else { 2 + 12 * index };
        let (count, value) = if self.long {
            (u32::try_from(self.u64(table, at + 4)?).ok()?, array(table, at + 12)?)
        } else {
            let mut value = [0; 8];
            value[..4].copy_from_slice(&array::<4>(table, at + 8)?);
            (self.u32(table, at + 4)?, value)
        };
        Some(Tag { id: self.u16(table, at)?, kind: self.u16(table, at + 2)?, count, value })
    }
}

impl Tag {
    /// The value as one number. A 16-bit value is at the start of the field in both byte orders.
    fn number(&self, order: Order) -> u32 {
        if self.kind == 3 {
            order.u16(&self.value, 0).map_or(0, u32::from)
        } else {
            order.u32(&self.value, 0).unwrap_or(0)
        }
    }
}
