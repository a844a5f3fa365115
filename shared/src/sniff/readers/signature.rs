//! Formats told by fixed bytes at a fixed place. Our own table for types a policy may name, so that the answer doesn't
//! move with a dependency; `file-format` for the long tail.

mod table;

use file_format::FileFormat;

use super::extras::after_end;
use crate::sniff::bytes::{be16, be32, find, has, le16, le32, part, size};
use crate::sniff::report::{Report, UNKNOWN};
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

pub(super) fn test(head: &[u8]) -> bool {
    by_table(head).is_some() || by_fields(head).is_some()
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    let Some(kind) = by_table(head).or_else(|| by_fields(head)) else { return Ok(()) };
    report.is(kind, Confidence::Signature);
    details(source, report, kind)
}

fn by_table(head: &[u8]) -> Option<&'static str> {
    table::TABLE.iter().find(|(at, bytes, _)| has(head, *at, bytes)).map(|(_, _, kind)| *kind)
}

/// Signatures too short to stand alone: the fields behind them must make sense.
fn by_fields(head: &[u8]) -> Option<&'static str> {
    let byte = |at: usize| head.get(at).copied();
    let kind = match () {
        () if has(head, 0, b"BZh")
            && matches!(byte(3), Some(b'1'..=b'9'))
            && (has(head, 4, b"\x31\x41\x59\x26\x53\x59") || has(head, 4, b"\x17\x72\x45\x38\x50\x90")) =>
        {
            "application/x-bzip2"
        }
        () if skippable(head) => "application/zstd",
        () if lzma(head) => "application/x-lzma",
        () if spreadsheet(head) => "application/vnd.ms-excel",
        () if has(head, 0, b"\x60\xea") && le16(head, 2).is_some_and(|n| (30..=2600).contains(&n)) => {
            "application/x-arj"
        }
        () if has(head, 2, b"-l") && matches!(byte(4), Some(b'h' | b'z')) && has(head, 6, b"-") => "application/x-lzh",
        () if has(head, 0, b"FORM") && (has(head, 8, b"AIFF") || has(head, 8, b"AIFC")) => "audio/aiff",
        () if has(head, 0, b"FORM") && matches!(part(head, 8, 4), b"ILBM" | b"PBM " | b"8SVX") => "application/x-iff",
        () if has(head, 0, b"\0\x01\0\0") && be16(head, 4).is_some_and(|n| (4..128).contains(&n)) && tables(head) => {
            "font/ttf"
        }
        () if has(head, 34, b"LP") && le32(head, 8).is_some_and(|v| matches!(v, 0x1_0000 | 0x2_0001 | 0x2_0002)) => {
            "application/vnd.ms-fontobject"
        }
        () if byte(0) == Some(10)
            && matches!(byte(1), Some(0..=5))
            && byte(2) == Some(1)
            && matches!(byte(3), Some(1 | 2 | 4 | 8)) =>
        {
            "image/x-pcx"
        }
        () if has(head, 0, b"\x01\xda") && matches!(byte(2), Some(0 | 1)) && matches!(byte(3), Some(1 | 2)) => {
            "image/x-sgi"
        }
        () if matches!(le16(head, 4), Some(0xaf11 | 0xaf12)) && le16(head, 12).is_some_and(|d| d <= 32) => "video/fli",
        () if be16(head, 0) == Some(0x0b77) && byte(4).is_some_and(|b| b & 0x3f < 38 && b >> 6 < 3) => "audio/ac3",
        () if portable_map(head).is_some() => return portable_map(head),
        () if stream(head, 188, 0) || stream(head, 192, 4) => "video/mp2t",
        () if has(head, 128, b"DICM") => "application/dicom",
        () if dbase(head) => "application/x-dbf",
        () => return None,
    };
    Some(kind)
}

/// A skippable frame (RFC 8878, section 3.1.2, 2021) with a zstd frame behind it; LZ4 has the same frames.
fn skippable(head: &[u8]) -> bool {
    let frame = le32(head, 0).is_some_and(|mark| mark & 0xffff_fff0 == 0x184d_2a50);
    frame
        && le32(head, 4)
            .is_some_and(|len| has(head, crate::sniff::bytes::index(u64::from(len) + 8), b"\x28\xb5\x2f\xfd"))
}

/// A bare workbook of Excel 2 to 4, from before compound files: the first record is a BOF of 4 to 16 bytes.
fn spreadsheet(head: &[u8]) -> bool {
    matches!(le16(head, 0), Some(0x0009 | 0x0209 | 0x0409 | 0x0809))
        && le16(head, 2).is_some_and(|len| matches!(len, 4 | 6 | 8 | 16))
        && le16(head, 6).is_some_and(|kind| matches!(kind, 0x05 | 0x06 | 0x10 | 0x20 | 0x40 | 0x100))
}

/// The old LZMA header: properties, a dictionary of 2^n or 3·2^n, and a size that is unknown or below a terabyte.
fn lzma(head: &[u8]) -> bool {
    let plain = has(head, 0, b"\x5d\0\0");
    let dictionary =
        le32(head, 1).is_some_and(|n| n >= 4096 && (n.is_power_of_two() || (n % 3 == 0 && (n / 3).is_power_of_two())));
    let length = crate::sniff::bytes::le64(head, 5);
    plain && dictionary && length.is_some_and(|n| n == u64::MAX || n < 1 << 40)
}

/// A table directory of a font has four-letter names.
fn tables(head: &[u8]) -> bool {
    part(head, 12, 4).iter().all(|b| b.is_ascii_graphic() || *b == b' ') && head.len() > 28
}

/// The portable bitmap family: `P1` to `P7`, blanks or a comment, then numbers.
fn portable_map(head: &[u8]) -> Option<&'static str> {
    let (&[b'P', n], Some(next)) = (head.get(..2)?, head.get(2)) else { return None };
    if !next.is_ascii_whitespace() {
        return None;
    }
    let mut rest = part(head, 2, 1024);
    loop {
        rest = rest.trim_ascii_start();
        match rest.first()? {
            b'#' => rest = part(rest, find(rest, b"\n")?, rest.len()),
            b'0'..=b'9' if n != b'7' => break,
            b'W' if n == b'7' => break,
            _ => return None,
        }
    }
    match n {
        b'1' | b'4' => Some("image/x-portable-bitmap"),
        b'2' | b'5' => Some("image/x-portable-graymap"),
        b'3' | b'6' => Some("image/x-portable-pixmap"),
        b'7' => Some("image/x-portable-arbitrarymap"),
        _ => None,
    }
}

/// Transport stream packets: the sync byte every `step` bytes, as often as the head shows, and at least once more
/// unless the object is a single packet.
fn stream(head: &[u8], step: usize, from: usize) -> bool {
    let syncs: Vec<bool> = (0..8).map_while(|n| head.get(from + n * step)).map(|&b| b == 0x47).collect();
    let single = head.len() == step && head.get(from + 3).is_some_and(|b| b & 0x30 != 0);
    !syncs.is_empty()
        && syncs.iter().all(|&sync| sync)
        && (syncs.len() > 2 || single || (syncs.len() == 2 && head.len() == 2 * step))
}

/// dBASE: a version, a date, and a header length that fits 32-byte field descriptions ending in a carriage return.
fn dbase(head: &[u8]) -> bool {
    let Some(&[version, _, month, day]) = head.get(..4) else { return false };
    let Some(length) = le16(head, 8).map(usize::from) else { return false };
    matches!(version, 0x03 | 0x30 | 0x31 | 0x83 | 0x8b | 0xf5 | 0x43)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && length >= 65
        && length <= head.len()
        && (has(head, length.saturating_sub(1), b"\r")
            || has(head, length.saturating_sub(2), b"\r")
            || find(part(head, 32, length), b"\r").is_some())
        && head.get(32).is_some_and(u8::is_ascii_graphic)
}

/// What a signature alone leaves open.
fn details(source: &Source, report: &mut Report, kind: &str) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    match kind {
        "application/vnd.rar" => rar(head, report),
        "application/x-7z-compressed" => {
            if source.size() < 32 {
                report.find(FindingCode::Stub, "a signature only");
            } else if let Some((at, len)) = crate::sniff::bytes::le64(head, 12).zip(crate::sniff::bytes::le64(head, 20))
            {
                if at.saturating_add(len).saturating_add(32) > source.size() {
                    report.find(FindingCode::Truncated, "header past the end");
                }
                // The coders are listed in the header at the end; 06F10701 is AES (7-Zip's Methods.txt).
                if find(source.tail(WINDOW)?, b"\x06\xf1\x07\x01").is_some() {
                    report.find(FindingCode::Encrypted, "7z password");
                }
            }
        }
        "application/rtf" => rich_text(source, report),
        "image/vnd.adobe.photoshop" => {
            if let Some((height, width)) = be32(head, 14).zip(be32(head, 18)) {
                super::pixels::check(report, source.size(), width.into(), height.into());
            }
        }
        "image/qoi" => {
            if let Some((width, height)) = be32(head, 4).zip(be32(head, 8)) {
                super::pixels::check(report, source.size(), width.into(), height.into());
            }
        }
        "application/dicom" => preamble(head, report),
        "video/mp2t" if source.size() <= 2 * 192 => report.find(FindingCode::Stub, "one or two packets"),
        "application/x-bzip2" | "application/x-xz" | "application/zstd" if source.size() < 14 => {
            report.find(FindingCode::Stub, "a signature only");
        }
        "audio/flac" if head.get(4).is_none_or(|b| b & 0x7f != 0) || source.size() < 42 => {
            report.find(FindingCode::Stub, "no stream info");
        }
        "application/onenote" => report.find(FindingCode::EmbeddedObject, "OneNote can carry programs"),
        _ => {}
    }
    Ok(())
}

/// Encrypted headers have a flag in RAR 4's main header and a header of their own in RAR 5.
fn rar(head: &[u8], report: &mut Report) {
    let five = has(head, 6, b"\x01\0");
    let locked = if five {
        head.get(13) == Some(&4)
    } else {
        le16(head, 10).is_some_and(|flags| flags & 0x80 != 0)
            || (has(head, 22, b"\x74") && le16(head, 23).is_some_and(|flags| flags & 4 != 0))
    };
    if locked {
        report.find(FindingCode::Encrypted, "RAR password");
    }
}

/// An object in RTF runs on a click; a template is fetched without one.
fn rich_text(source: &Source, report: &mut Report) {
    for (_, window) in source.windows() {
        if [&b"\\objdata"[..], b"\\objupdate", b"\\objocx"].iter().any(|mark| find(window, mark).is_some()) {
            report.find(FindingCode::EmbeddedObject, "RTF object");
        }
        if find(window, b"\\*\\template").is_some_and(|at| find(part(window, at, 300), b"://").is_some()) {
            report.find(FindingCode::RemoteTemplate, "RTF template");
        }
    }
    if source.whole() {
        let end = part(source.head(), source.head().len().saturating_sub(WINDOW.try_into().unwrap_or(0)), usize::MAX);
        if !end.contains(&b'}') {
            report.find(FindingCode::Truncated, "no closing brace");
        }
    }
}

/// DICOM leaves 128 bytes to anybody: another program's header there makes the file two (CVE-2019-11687).
fn preamble(head: &[u8], report: &mut Report) {
    let preamble = part(head, 0, 128);
    if has(preamble, 0, b"MZ") || has(preamble, 0, b"\x7fELF") || has(preamble, 0, b"PK") {
        report.find(FindingCode::Polyglot, "a program's header in the preamble");
    }
}

/// Types `file-format` words differently from our table.
const RENAMED: &[(&str, &str)] =
    &[("application/x-empty", UNKNOWN), ("text/xml", "application/xml"), ("text/wasm", "text/plain")];

/// The long tail: whatever else `file-format` knows, without its readers, which would each have their own idea of I/O.
pub(super) fn long_tail(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    let format = FileFormat::from_bytes(head);
    let kind = format.media_type();
    let kind = RENAMED.iter().find(|(theirs, _)| *theirs == kind).map_or(kind, |(_, ours)| *ours);
    // It calls bytes without zeros plain text; whether something is text is not left to it.
    if kind != UNKNOWN && !kind.starts_with("text/") {
        report.is(kind.to_owned(), Confidence::Signature);
        return Ok(());
    }
    // A disk image of Apple's has its header at the end.
    let tail = source.tail(WINDOW)?;
    let koly = tail.len().checked_sub(512).is_some_and(|at| has(tail, at, b"koly"));
    if koly {
        report.is("application/x-apple-diskimage", Confidence::Structural);
        report.find(FindingCode::DiskImage, "Apple disk image");
    } else if let Some(count) = le32(head, 80) {
        // Binary STL: 80 bytes of anything, a count, and 50 bytes for each triangle fill the file exactly.
        if count > 0 && u64::from(count) * 50 + 84 == source.size() {
            report.is("model/stl", Confidence::Structural);
        }
    }
    if report.media_type == UNKNOWN && size(head.len()) == source.size() && head.iter().all(|&b| b == 0) {
        report.find(FindingCode::Malformed, "zeros only");
        after_end(report, &[]);
    }
    Ok(())
}
