//! Fields after a signature that show that the format's content is there, and not only a header.

use super::short;
use crate::bytes::{
    array, be16, be32, be64, contains_any, find, has_at, le16, le32, le64, rfind, slice_at, to_u64, to_usize,
};
use crate::source::{MissingRange, Source, WINDOW_BYTES};

/// Formats with a field for the length of the file: media type, offset, and whether the field is big-endian.
const LENGTHS: &[(&str, usize, bool)] = &[
    ("font/woff", 8, true),
    ("font/woff2", 8, true),
    ("image/icns", 4, true),
    ("application/vnd.iccprofile", 0, true),
    ("model/gltf-binary", 8, false),
    ("image/emf", 48, false),
    ("application/vnd.ms-fontobject", 0, false),
    ("application/vnd.ms-cab-compressed", 8, false),
    ("application/x-shockwave-flash", 4, false),
];

/// Whether the structure of the format is there. `false` also for formats that are not checked here.
pub(super) fn fits(kind: &str, source: &Source) -> Result<bool, MissingRange> {
    let head = source.head();
    if let Some((_, at, big)) = LENGTHS.iter().find(|(name, ..)| *name == kind) {
        let len = if *big { be32(head, *at) } else { le32(head, *at) };
        return Ok(len.is_some_and(|len| u64::from(len) == source.size()));
    }
    Ok(match kind {
        "application/rtf" => {
            let version = head.get(5).is_some_and(u8::is_ascii_digit);
            version && rfind(source.tail(WINDOW_BYTES)?, b"}").is_some()
        }
        "application/postscript" => postscript(head),
        "application/x-7z-compressed" => seven_zip(source)?,
        "application/vnd.rar" => rar(head),
        "application/x-xz" => slice_at(head, 6, 1) == b"\0" && source.tail(WINDOW_BYTES)?.ends_with(b"YZ"),
        "application/zstd" => zstd(source),
        "application/x-cpio" | "application/x-archive" | "application/vnd.debian.binary-package" => archive(head),
        "font/otf" | "font/ttf" => font(source, 0),
        "font/collection" => be32(head, 12).is_some_and(|at| font(source, to_usize(at.into()))),
        "image/vnd.adobe.photoshop" => photoshop(head),
        "image/wmf" => {
            let record = if has_at(head, 0, b"\xd7\xcd") { 40 } else { 18 };
            le32(head, record).is_some_and(|words| words >= 3 && u64::from(words) * 2 <= source.size())
        }
        "image/qoi" => matches!(head.get(12), Some(3 | 4)) && source.tail(8)?.ends_with(b"\0\0\0\0\0\0\0\x01"),
        "image/x-fujifilm-raf" => be32(head, 84)
            .is_some_and(|at| u64::from(at) < source.size() && has_at(head, to_usize(at.into()), b"\xff\xd8")),
        "image/vnd.radiance" => find(head, b"\nFORMAT=").is_some() || find(head, b"\n-Y ").is_some(),
        "application/fits" => has_at(head, 29, b"T") && has_at(head, 80, b"BITPIX"),
        "image/x-portable-arbitrarymap" => find(head, b"ENDHDR").is_some(),
        "audio/midi" => find(head, b"MTrk").is_some(),
        "audio/flac" => flac(source)?,
        "audio/aiff" => aiff(source)?,
        "audio/amr" => amr(head),
        "audio/x-caf" => caf(head),
        "audio/x-wavpack" => {
            let next = le32(head, 4).map_or(0, |len| u64::from(len) + 8);
            next == source.size() || source.peek(next, 4) == b"wvpk"
        }
        "audio/x-dsf" => le64(head, 12) == Some(source.size()) && has_at(head, 28, b"fmt "),
        "video/x-flv" => {
            let len = be32(head, 13).map_or(0, |tag| to_usize(u64::from(tag & 0xff_ffff)));
            let end = 24 + len;
            be32(head, 5) == Some(9) && (end > head.len() || be32(head, end).map(u64::from) == Some(to_u64(len) + 11))
        }
        "video/mpeg" => match head.get(3..5) {
            Some([0xba, mark]) => {
                // A start code follows the pack header, which has 12 or 14 bytes and stuffing.
                let next = if mark & 0xc0 == 0x40 { 14 + usize::from(head.get(13).map_or(0, |b| b & 7)) } else { 12 };
                has_at(head, next, b"\0\0\x01")
            }
            Some([0xb3, _]) => find(slice_at(head, 8, 256), b"\0\0\x01").is_some(),
            _ => false,
        },
        "video/mp2t" => source.size() > 3 * 188,
        "application/vnd.ms-excel" => short::has_records(head),
        "application/vnd.sqlite3" => matches!(head.get(100), Some(2 | 5 | 10 | 13)),
        // Their signatures include fields of the content: the first block, frames, numbers, elements, descriptors.
        "application/x-bzip2"
        | "application/dicom"
        | "application/x-dbf"
        | "audio/ac3"
        | "image/x-portable-bitmap"
        | "image/x-portable-graymap"
        | "image/x-portable-pixmap" => true,
        _ => false,
    })
}

/// The first header after the mark, and the start of the second one.
fn rar(head: &[u8]) -> bool {
    if !has_at(head, 6, b"\x01\0") {
        let second = 7 + le16(head, 12).map_or(0, usize::from);
        return has_at(head, 9, b"\x73") && head.get(second + 2).is_some_and(|kind| (0x72..=0x7b).contains(kind));
    }
    // Numbers have seven bits per byte. After the checksum, a header has its length and its type.
    let number = |at: usize| {
        let len = slice_at(head, at, 3).iter().take_while(|&&b| b & 0x80 != 0).count() + 1;
        let value = slice_at(head, at, len).iter().rev().fold(0usize, |sum, &b| sum << 7 | usize::from(b & 0x7f));
        (value, at + len)
    };
    let (size, start) = number(12);
    match number(start).0 {
        4 => true,
        1 => {
            let (size, start) = number(start + size + 4);
            size > 1 && (2..=5).contains(&number(start).0)
        }
        _ => false,
    }
}

/// The header at the end, packed or not.
fn seven_zip(source: &Source) -> Result<bool, MissingRange> {
    let (Some(at), Some(len)) = (le64(source.head(), 12), le64(source.head(), 20)) else { return Ok(false) };
    let header = source.get_within_target(at.saturating_add(32), 1)?.unwrap_or_default();
    Ok(len > 0 && matches!(header, [0x01 | 0x17]))
}

/// Walks the metadata blocks to the first frame, whose first 14 bits are a sync code.
fn flac(source: &Source) -> Result<bool, MissingRange> {
    let mut at = 4u64;
    for _ in 0..64 {
        let Some(block) = source.get_within_target(at, 4)? else { return Ok(false) };
        let Some([kind, high, middle, low]) = array::<4>(block, 0) else { return Ok(false) };
        at = at.saturating_add(4 + u64::from(u32::from_be_bytes([0, high, middle, low])));
        if kind & 0x80 != 0 {
            let frame = source.get_within_target(at, 2)?.unwrap_or_default();
            return Ok(be16(frame, 0).is_some_and(|sync| sync & 0xfffc == 0xfff8));
        }
    }
    Ok(false)
}

/// Walks the chunks to the sound data.
fn aiff(source: &Source) -> Result<bool, MissingRange> {
    let mut at = 12u64;
    for _ in 0..32 {
        let Some(chunk) = source.get_within_target(at, 8)? else { return Ok(false) };
        let Some(len) = be32(chunk, 4) else { return Ok(false) };
        if has_at(chunk, 0, b"SSND") {
            return Ok(true);
        }
        at = at.saturating_add(8 + u64::from(len) + u64::from(len & 1));
    }
    Ok(false)
}

/// Chunks up to the one with the sound (Apple Core Audio Format Specification 1.0, 2011).
fn caf(head: &[u8]) -> bool {
    let mut at = 8;
    while at < head.len() {
        if has_at(head, at, b"data") {
            return true;
        }
        let len = be64(head, at + 4).map_or(usize::MAX, to_usize);
        at = at.saturating_add(12).saturating_add(len);
    }
    false
}

/// Three frames of AMR narrowband in a row, or the frame type of the wideband format.
fn amr(head: &[u8]) -> bool {
    const LENGTHS: [usize; 9] = [13, 14, 16, 18, 20, 21, 27, 32, 6];
    let mut at = 6;
    has_at(head, 5, b"-WB\n")
        || (0..3).all(|_| {
            let frame = head.get(at).filter(|frame| **frame & 0x83 == 0);
            let len = frame.and_then(|frame| LENGTHS.get(usize::from(frame >> 3)));
            at += len.copied().unwrap_or(1);
            len.is_some() || at >= head.len()
        })
}

/// Walks the blocks of the first frame as far as they were read. Block type 3 is reserved (RFC 8878, section 3.1.1, 2021).
fn zstd(source: &Source) -> bool {
    let head = source.head();
    let Some(&flags) = head.get(4).filter(|flags| **flags & 0x08 == 0) else { return false };
    let single = flags & 0x20 != 0;
    let dictionary = [0, 1, 2, 4].get(usize::from(flags & 3)).copied().unwrap_or(0);
    let size = [usize::from(single), 2, 4, 8].get(usize::from(flags >> 6)).copied().unwrap_or(0);
    let mut at = 5 + usize::from(!single) + dictionary + size;
    loop {
        let Some([a, b, c]) = array::<3>(head, at) else { return at >= head.len() };
        let block = u32::from_le_bytes([a, b, c, 0]);
        let (last, kind, len) = (block & 1 == 1, block >> 1 & 3, to_usize(u64::from(block >> 3)));
        if kind == 3 || len > 128 * 1024 {
            return false;
        }
        at += 3 + if kind == 1 { 1 } else { len };
        if last {
            let end = at + if flags & 4 == 0 { 0 } else { 4 };
            return to_u64(end) == source.size()
                || has_at(head, end + 1, b"\xb5\x2f\xfd")
                || has_at(head, end + 1, b"\x2a\x4d\x18");
        }
    }
}

/// Whether all tables of a font at `at` have printable names and lie in the object.
fn font(source: &Source, at: usize) -> bool {
    let head = source.head();
    let count = be16(head, at + 4).map_or(0, usize::from);
    (1..256).contains(&count)
        && (0..count).map(|n| slice_at(head, at + 12 + 16 * n, 16)).take_while(|table| table.len() == 16).all(|table| {
            let end = be32(table, 8).zip(be32(table, 12)).map(|(start, len)| u64::from(start) + u64::from(len));
            slice_at(table, 0, 4).iter().all(|b| (0x20..0x7f).contains(b))
                && end.is_some_and(|end| end <= source.size())
        })
}

/// Channels, depth, and the first image resource after the colour table.
fn photoshop(head: &[u8]) -> bool {
    let resources = 30 + be32(head, 26).map_or(0, |len| to_usize(len.into()));
    be16(head, 12).is_some_and(|channels| (1..=56).contains(&channels))
        && be16(head, 22).is_some_and(|depth| matches!(depth, 1 | 8 | 16 | 32))
        && (has_at(head, resources + 4, b"8BIM") || be32(head, resources) == Some(0))
}

/// Words of a program after the first line. Files for DOS have the offset of the program in their header.
fn postscript(head: &[u8]) -> bool {
    let start = if has_at(head, 0, b"\xc5\xd0") { le32(head, 4).map_or(0, |at| to_usize(at.into())) } else { 0 };
    let program = slice_at(head, start, head.len());
    let begins = has_at(program, 0, b"%!") || has_at(program, 1, b"%!");
    begins && contains_any(program, &[b"showpage", b" def", b"%%EndComments", b" moveto"])
}

/// Whether the first header of an archive with text fields is complete.
fn archive(head: &[u8]) -> bool {
    if head.starts_with(b"!<arch>\n") {
        return has_at(head, 66, b"`\n");
    }
    slice_at(head, 6, 104).len() == 104 && slice_at(head, 6, 70).iter().all(u8::is_ascii_hexdigit)
}
