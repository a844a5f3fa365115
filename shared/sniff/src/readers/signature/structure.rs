//! Fields after a signature that show that the format's content is there.

use crate::bytes::{array, be16, be32, has_at, le16, le32, le64, rfind, slice_at, to_usize};
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
        "application/x-7z-compressed" => le64(head, 20).is_some_and(|len| len > 0 && len < source.size()),
        "application/vnd.rar" => rar(head),
        "audio/flac" => flac(source)?,
        "application/x-xz" => slice_at(head, 6, 1) == b"\0" && source.tail(WINDOW_BYTES)?.ends_with(b"YZ"),
        "application/zstd" => zstd(head),
        "font/otf" | "font/ttf" => font(source, 0),
        "font/collection" => be32(head, 12).is_some_and(|at| font(source, to_usize(at.into()))),
        "image/vnd.adobe.photoshop" => {
            be16(head, 12).is_some_and(|channels| (1..=56).contains(&channels))
                && be16(head, 22).is_some_and(|depth| matches!(depth, 1 | 8 | 16 | 32))
        }
        "image/wmf" => {
            le16(head, 22).zip(le16(head, 24)).is_some_and(|pair| pair == (1, 9)) || has_at(head, 2, b"\x09\0")
        }
        "image/vnd.dwg" => slice_at(head, 4, 2).iter().all(u8::is_ascii_digit) && head.len() > 256,
        "application/postscript" => head.starts_with(b"%!PS") && slice_at(head, 4, head.len()).contains(&b'\n'),
        "audio/midi" => has_at(head, 14, b"MTrk"),
        "audio/aiff" => source.size() > 54,
        "application/vnd.sqlite3" => {
            be16(head, 16).is_some_and(|page| page == 1 || (page >= 512 && page.is_power_of_two()))
        }
        "application/vnd.tcpdump.pcap" => {
            le16(head, 4).zip(le16(head, 6)).is_some_and(|version| version == (2, 4) || version == (0x200, 0x400))
        }
        "image/qoi" => matches!(head.get(12), Some(3 | 4)) && source.tail(8)?.ends_with(b"\0\0\0\0\0\0\0\x01"),
        "video/x-flv" => be32(head, 5) == Some(9) && matches!(head.get(13), Some(8 | 9 | 18)),
        "video/mpeg" => match head.get(3..5) {
            Some([0xba, mark]) => mark & 0xc4 == 0x44 || mark & 0xf0 == 0x20,
            Some([0xb3, _]) => be16(head, 4).is_some_and(|width| width >= 16),
            _ => false,
        },
        "audio/amr" => head.get(6).is_some_and(|frame| frame & 0x83 == 0) || has_at(head, 5, b"-WB\n"),
        "audio/x-wavpack" => le16(head, 8).is_some_and(|version| (0x402..=0x410).contains(&version)),
        "audio/x-ape" => le16(head, 4).is_some_and(|version| (3800..4100).contains(&version)),
        "audio/x-musepack" => has_at(head, 0, b"MPCKSH") || head.get(3).is_some_and(|version| version & 15 == 7),
        "audio/x-dsf" => le64(head, 12) == Some(source.size()) && has_at(head, 28, b"fmt "),
        "image/x-fujifilm-raf" => {
            be32(head, 84).is_some_and(|at| u64::from(at) < source.size()) && has_at(head, 16, b"0")
        }
        "application/fits" => has_at(head, 29, b"T"),
        "image/vnd.radiance" => head.len() > 64,
        "application/x-cpio" | "application/x-archive" | "application/vnd.debian.binary-package" => archive(head),
        _ => false,
    })
}

/// The first header after the mark: the archive's, or the one of an encrypted archive.
fn rar(head: &[u8]) -> bool {
    if has_at(head, 6, b"\x01\0") {
        // The header size is a number of at most three bytes with seven bits each.
        let size = slice_at(head, 12, 3).iter().take_while(|&&b| b & 0x80 != 0).count();
        return matches!(head.get(13 + size), Some(1 | 4));
    }
    has_at(head, 9, b"\x73")
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

/// The type of the first block after the frame header. Type 3 is reserved (RFC 8878, section 3.1.1, 2021).
fn zstd(head: &[u8]) -> bool {
    let Some(&flags) = head.get(4).filter(|flags| **flags & 0x08 == 0) else { return false };
    let single = flags & 0x20 != 0;
    let window = usize::from(!single);
    let dictionary = [0, 1, 2, 4].get(usize::from(flags & 3)).copied().unwrap_or(0);
    let size = [usize::from(single), 2, 4, 8].get(usize::from(flags >> 6)).copied().unwrap_or(0);
    head.get(5 + window + dictionary + size).is_some_and(|block| block >> 1 & 3 != 3)
}

/// Whether the first table of a font at `at` lies in the object.
fn font(source: &Source, at: usize) -> bool {
    let head = source.head();
    let count = be16(head, at + 4).unwrap_or(0);
    let table = be32(head, at + 20).zip(be32(head, at + 24));
    (1..256).contains(&count) && table.is_some_and(|(start, len)| u64::from(start) + u64::from(len) <= source.size())
}

/// Whether the first header of an archive with text fields is complete.
fn archive(head: &[u8]) -> bool {
    if head.starts_with(b"!<arch>\n") {
        return has_at(head, 66, b"`\n");
    }
    slice_at(head, 6, 104).len() == 104 && slice_at(head, 6, 70).iter().all(u8::is_ascii_hexdigit)
}
