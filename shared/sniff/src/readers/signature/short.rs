//! Formats with a signature of two or three bytes. It never wins alone, so fields after it must fit.

use crate::bytes::{be16, has_at, le16, le32, slice_at};
use crate::readers::evidence::looks_like_text;

/// PCX: version, run-length encoding, bits per pixel, and a window with a positive size (`ZSoft`, 1991).
pub(super) fn is_pcx(head: &[u8]) -> bool {
    let field = |at| le16(head, at);
    matches!(head.get(..4), Some([10, 0..=5, 0 | 1, 1 | 2 | 4 | 8]))
        && field(4).zip(field(8)).is_some_and(|(left, right)| left <= right)
        && field(6).zip(field(10)).is_some_and(|(top, bottom)| top <= bottom)
        && head.get(65).is_none_or(|planes| (1..=4).contains(planes))
}

/// SGI: storage, bytes per channel, dimensions and sizes (Haeberli, 1995).
pub(super) fn is_sgi(head: &[u8]) -> bool {
    has_at(head, 0, b"\x01\xda")
        && matches!(head.get(2..4), Some([0 | 1, 1 | 2]))
        && be16(head, 4).is_some_and(|dimensions| (1..=3).contains(&dimensions))
        && be16(head, 6).is_some_and(|width| width > 0)
}

/// compress: 9 to 16 bits per code, no reserved flag, and a first code below 256.
pub(super) fn is_compress(head: &[u8]) -> bool {
    has_at(head, 0, b"\x1f\x9d")
        && head.get(2).is_some_and(|flags| flags & 0x60 == 0 && (9..=16).contains(&(flags & 0x1f)))
        && head.get(4).is_none_or(|high| high & 1 == 0)
}

/// The binary cpio format: a file type in the mode, and a name that ends with the NUL byte that its length tells.
pub(super) fn is_old_cpio(head: &[u8]) -> bool {
    let number: fn(&[u8], usize) -> Option<u16> = match head.get(..2) {
        Some(b"\xc7\x71") => le16,
        Some(b"\x71\xc7") => be16,
        _ => return false,
    };
    let ends = |len: u16| head.get(25 + usize::from(len)).is_none_or(|&last| last == 0);
    number(head, 6).is_some_and(|mode| matches!(mode >> 12, 1 | 2 | 4 | 6 | 8 | 10 | 12))
        && number(head, 20).is_some_and(|len| (2..0x8000).contains(&len) && ends(len))
        && head.get(26).is_some_and(u8::is_ascii_graphic)
}

/// A JPEG XL code stream: a size header with a plausible size (ISO/IEC 18181-1, 2024, section D.2).
pub(super) fn is_jxl(head: &[u8]) -> bool {
    if !has_at(head, 0, b"\xff\x0a") || head.len() < 12 || looks_like_text(head) {
        return false;
    }
    let mut bits = Bits { bytes: slice_at(head, 2, 16), at: 0 };
    if bits.take(1) == 1 {
        return true;
    }
    let mut side = || match bits.take(2) {
        0 => bits.take(9),
        1 => bits.take(13),
        2 => bits.take(18),
        _ => bits.take(30),
    };
    // The signature has two bytes, so sizes beyond those of any camera are no evidence.
    side() < 1 << 18
}

/// Bits in little-endian order.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> u32 {
        (0..count).fold(0, |value, n| {
            let bit = self.bytes.get(self.at / 8).map_or(0, |b| b >> (self.at % 8) & 1);
            self.at += 1;
            value | u32::from(bit) << n
        })
    }
}

/// Word before version 6, which is no compound file: the format version, and a flag word without reserved bits.
pub(super) fn is_old_word(head: &[u8]) -> bool {
    let versions: &[u16] = match head.get(..2) {
        Some(b"\x9b\xa5") => &[0x21, 0x27],
        Some(b"\xdb\xa5") => &[0x2d],
        Some(b"\xfe\x37") => return be16(head, 2).is_some_and(|version| matches!(version, 0x1c | 0x23)),
        _ => return false,
    };
    le16(head, 2).is_some_and(|version| versions.contains(&version))
}

/// AC-3: the sampling rate and frame size codes, and a second frame or the end after the first one (ATSC A/52, 2018).
pub(super) fn is_ac3(head: &[u8]) -> bool {
    const KILOBITS: [usize; 19] =
        [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
    let Some(&code) = head.get(4).filter(|_| has_at(head, 0, b"\x0b\x77")) else { return false };
    let Some(&rate) = KILOBITS.get(usize::from(code & 0x3f) / 2) else { return false };
    let words = match code >> 6 {
        0 => rate * 2,
        1 => rate * 320 / 147 + usize::from(code & 1),
        2 => rate * 3,
        _ => return false,
    };
    let next = words * 2;
    next == head.len() || has_at(head, next, b"\x0b\x77")
}

/// Musepack before version 7, which has no signature. The header has a bit rate and an intensity flag that are always
/// zero, a version, the maximum band, and a block size that is always one.
pub(super) fn is_old_musepack(head: &[u8]) -> bool {
    le32(head, 0).is_some_and(|bits| {
        let (rate, version, band, block) = (bits >> 22, bits >> 11 & 0x3ff, bits >> 6 & 0x1f, bits & 0x3f);
        rate == 0 && (4..=6).contains(&version) && band == 31 && block == 1 && head.len() >= 64
    })
}

/// Whether three records follow the first one of a workbook that is no compound file.
pub(super) fn has_records(head: &[u8]) -> bool {
    let mut at = 0usize;
    (0..4).all(|_| {
        let record = le16(head, at).zip(le16(head, at + 2));
        at += 4 + record.map_or(0, |(_, len)| usize::from(len));
        record.is_some_and(|(kind, len)| (1..0x1000).contains(&kind) && len <= 8224)
    })
}

/// Flash: compression, a version, and a length.
pub(super) fn is_flash(head: &[u8]) -> bool {
    matches!(head.get(..3), Some(b"FWS" | b"CWS" | b"ZWS"))
        && head.get(3).is_some_and(|version| (1..=50).contains(version))
        && le32(head, 4).is_some_and(|len| (16..1 << 28).contains(&len))
}
