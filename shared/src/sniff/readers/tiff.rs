//! TIFF and what cameras make of it: the first directory's tags tell them apart.

use super::pixels;
use crate::sniff::bytes::{be16, be32, has, le16, le32, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

/// Enough for 170 tags; a directory is rarely beyond 60.
const DIRECTORY: u64 = 2048;

pub(super) fn test(head: &[u8]) -> bool {
    const MARKS: [&[u8]; 8] = [b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b", b"IIRO", b"IIRS", b"MMOR", b"IIU\0"];
    MARKS.iter().any(|mark| has(head, 0, mark)) || has(head, 0, b"II\xbc\x01") || has(head, 0, b"II\xbc\0")
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    if has(head, 0, b"II\xbc") {
        report.is("image/jxr", Confidence::Signature);
        return Ok(());
    }
    let mark = part(head, 0, 4);
    let early = match mark {
        b"IIRO" | b"IIRS" | b"MMOR" => Some("image/x-olympus-orf"),
        b"IIU\0" => Some("image/x-panasonic-rw2"),
        _ if has(head, 8, b"CR\x02") => Some("image/x-canon-cr2"),
        _ => None,
    };
    if let Some(kind) = early {
        report.is_kind_of(kind, "image/tiff", Confidence::Signature);
        return Ok(());
    }
    report.is("image/tiff", Confidence::Signature);
    if has(mark, 2, b"\x2b") || has(mark, 3, b"\x2b") {
        return Ok(()); // BigTIFF: no camera writes it.
    }
    let order = Order { big: has(mark, 0, b"MM") };
    let Some(start) = order.u32(head, 4).map(u64::from) else {
        report.find(FindingCode::Stub, "no directory");
        return Ok(());
    };
    if start < 8 || start >= source.size() {
        report.find(FindingCode::Truncated, "directory past the end");
        return Ok(());
    }
    directory(source, report, order, start)
}

fn directory(source: &Source, report: &mut Report, order: Order, start: u64) -> Result<(), Need> {
    let Some(table) = source.spare(start, DIRECTORY)? else { return Ok(()) };
    let count = order.u16(table, 0).unwrap_or(0);
    if count == 0 {
        report.find(FindingCode::Malformed, "an empty directory");
        return Ok(());
    }
    report.is("image/tiff", Confidence::Structural);
    let tags: Vec<Tag> = (0..usize::from(count)).map_while(|n| order.tag(table, 2 + 12 * n)).collect();
    let tag = |id: u16| tags.iter().find(|tag| tag.id == id);
    if let Some((width, height)) = tag(256).zip(tag(257)) {
        pixels::check(report, source.size(), width.number(order).into(), height.number(order).into());
    }
    // 50706: DNGVersion. A DNG names its camera too, so it is asked for first.
    if tag(50706).is_some() {
        report.is_kind_of("image/x-adobe-dng", "image/tiff", Confidence::Structural);
        return Ok(());
    }
    let Some(make) = tag(271) else { return Ok(()) };
    let at = u64::from(order.u32(&make.value, 0).unwrap_or(0));
    let name = if make.count <= 4 { make.value.as_slice() } else { source.spare(at, 24)?.unwrap_or_default() };
    // The maker alone is no proof, for scanners of the same makers write plain TIFF: raw files keep the sensor's data
    // in sub-directories (330), or are Sony's with a private tag.
    let raw = tag(330).is_some() && tag(259).is_none_or(|t| t.number(order) != 5);
    let kind = match () {
        () if has(name, 0, b"NIKON") && raw => "image/x-nikon-nef",
        () if has(name, 0, b"SONY") && (raw || tag(50740).is_some()) => "image/x-sony-arw",
        () if has(name, 0, b"PENTAX") && raw => "image/x-pentax-pef",
        () if has(name, 0, b"OLYMPUS") && raw => "image/x-olympus-orf",
        () => return Ok(()),
    };
    report.is_kind_of(kind, "image/tiff", Confidence::Structural);
    Ok(())
}

#[derive(Clone, Copy)]
struct Order {
    big: bool,
}

struct Tag {
    id: u16,
    kind: u16,
    count: u32,
    value: [u8; 4],
}

impl Order {
    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        if self.big { be16(bytes, at) } else { le16(bytes, at) }
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        if self.big { be32(bytes, at) } else { le32(bytes, at) }
    }

    fn tag(self, table: &[u8], at: usize) -> Option<Tag> {
        Some(Tag {
            id: self.u16(table, at)?,
            kind: self.u16(table, at + 2)?,
            count: self.u32(table, at + 4)?,
            value: crate::sniff::bytes::array(table, at + 8)?,
        })
    }
}

impl Tag {
    /// The value where it is one number; a 16-bit one sits at the field's start in either order.
    fn number(&self, order: Order) -> u32 {
        if self.kind == 3 {
            order.u16(&self.value, 0).map_or(0, u32::from)
        } else {
            order.u32(&self.value, 0).unwrap_or(0)
        }
    }
}
