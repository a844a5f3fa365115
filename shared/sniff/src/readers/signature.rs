//! Formats with a signature at a fixed offset.
//!
//! The table of this crate covers the common types, so that results do not change with a dependency. The crate
//! `file-format` covers the rest.

mod short;
mod structure;
mod table;

use file_format::FileFormat;
#[cfg(test)]
pub(crate) use table::{SIGNATURES, Signature};

use super::evidence;
use super::pixels;
use crate::bytes::{be16, be32, contains_any, find, has_at, le16, le32, le64, slice_at, to_u64, to_usize};
use crate::data::{Table, lines};
use crate::readers::prelude::*;
use crate::sniffed::UNKNOWN;

pub(crate) fn recognises(head: &[u8]) -> bool {
    by_table(head).is_some() || by_fields(head).is_some()
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    let Some(kind) = by_table(head).or_else(|| by_fields(head)) else { return Ok(()) };
    let fits = structure::fits(kind, source)?;
    report.set_type(kind, if fits { Confidence::Structural } else { Confidence::Signature });
    add_findings(source, report, kind)
}

/// A signature of letters that is too short loses to text, see [`evidence`].
fn by_table(head: &[u8]) -> Option<&'static str> {
    let is_text = evidence::looks_like_text(head);
    let fits = |(at, bytes, kind): &&table::Signature| {
        has_at(head, *at, bytes)
            && (!is_text
                || (bytes.is_ascii() && TEXT_FORMATS.contains(kind))
                || (*at == 0 && evidence::wins_alone(bytes)))
    };
    table::SIGNATURES.iter().find(fits).map(|(_, _, kind)| *kind)
}

/// Formats that consist of text.
const TEXT_FORMATS: &[&str] =
    &["application/rtf", "application/postscript", "image/x-xpixmap", "image/vnd.radiance", "application/fits"];

/// Formats whose signature is too short as evidence, so that further fields are checked.
fn by_fields(head: &[u8]) -> Option<&'static str> {
    let byte = |at: usize| head.get(at).copied();
    let kind = match () {
        () if has_at(head, 0, b"BZh")
            && matches!(byte(3), Some(b'1'..=b'9'))
            && (has_at(head, 4, b"\x31\x41\x59\x26\x53\x59") || has_at(head, 4, b"\x17\x72\x45\x38\x50\x90")) =>
        {
            "application/x-bzip2"
        }
        () if is_zstd_after_skippable_frame(head) => "application/zstd",
        () if is_lzma(head) => "application/x-lzma",
        () if is_bare_workbook(head) => "application/vnd.ms-excel",
        () if has_at(head, 0, b"\x60\xea")
            && le16(head, 2).is_some_and(|n| (30..=2600).contains(&n))
            && byte(4).is_some_and(|n| n >= 30) =>
        {
            "application/x-arj"
        }
        () if has_at(head, 2, b"-l")
            && matches!(byte(4), Some(b'h' | b'z'))
            && has_at(head, 6, b"-")
            && !evidence::looks_like_text(head) =>
        {
            "application/x-lzh"
        }
        () if has_at(head, 0, b"FORM") && (has_at(head, 8, b"AIFF") || has_at(head, 8, b"AIFC")) => "audio/aiff",
        () if has_at(head, 0, b"FORM") && matches!(slice_at(head, 8, 4), b"ILBM" | b"PBM " | b"8SVX") => {
            "application/x-iff"
        }
        () if has_at(head, 0, b"\0\x01\0\0")
            && be16(head, 4).is_some_and(|n| (4..128).contains(&n))
            && has_font_tables(head) =>
        {
            "font/ttf"
        }
        () if has_at(head, 34, b"LP") && le32(head, 8).is_some_and(|v| matches!(v, 0x1_0000 | 0x2_0001 | 0x2_0002)) => {
            "application/vnd.ms-fontobject"
        }
        () if short::is_pcx(head) => "image/x-pcx",
        () if short::is_sgi(head) => "image/x-sgi",
        () if short::is_compress(head) => "application/x-compress",
        () if short::is_old_cpio(head) => "application/x-cpio",
        () if short::is_jxl(head) => "image/jxl",
        () if short::is_old_word(head) => "application/msword",
        () if matches!(le16(head, 4), Some(0xaf11 | 0xaf12))
            && le16(head, 12).is_some_and(|d| d <= 32)
            && le16(head, 8).zip(le16(head, 10)).is_some_and(|(w, h)| w > 0 && h > 0) =>
        {
            "video/fli"
        }
        () if short::is_ac3(head) => "audio/ac3",
        () if short::is_flash(head) => "application/x-shockwave-flash",
        () if portable_bitmap(head).is_some() => return portable_bitmap(head),
        () if !evidence::looks_like_text(head)
            && (is_transport_stream(head, 188, 0) || is_transport_stream(head, 192, 4)) =>
        {
            "video/mp2t"
        }
        () if has_at(head, 128, b"DICM") && !evidence::looks_like_text(head) => "application/dicom",
        () if is_dbase(head) => "application/x-dbf",
        () => return None,
    };
    Some(kind)
}

/// A skippable frame ([RFC 8878](https://www.rfc-editor.org/rfc/rfc8878), section 3.1.2, 2021) before a zstd frame. LZ4
/// has the same skippable frames.
fn is_zstd_after_skippable_frame(head: &[u8]) -> bool {
    let frame = le32(head, 0).is_some_and(|mark| mark & 0xffff_fff0 == 0x184d_2a50);
    frame && le32(head, 4).is_some_and(|len| has_at(head, to_usize(u64::from(len) + 8), b"\x28\xb5\x2f\xfd"))
}

/// A workbook of Excel 2 to 4, which is not a compound file. Its first record is a BOF of 4 to 16 bytes.
fn is_bare_workbook(head: &[u8]) -> bool {
    matches!(le16(head, 0), Some(0x0009 | 0x0209 | 0x0409 | 0x0809))
        && le16(head, 2).is_some_and(|len| matches!(len, 4 | 6 | 8 | 16))
        && le16(head, 6).is_some_and(|kind| matches!(kind, 0x05 | 0x06 | 0x10 | 0x20 | 0x40 | 0x100))
}

/// The LZMA header: properties, a dictionary of 2^n or 3·2^n bytes, and a size that is unknown or below a terabyte.
fn is_lzma(head: &[u8]) -> bool {
    let plain = has_at(head, 0, b"\x5d\0\0");
    let dictionary =
        le32(head, 1).is_some_and(|n| n >= 4096 && (n.is_power_of_two() || (n % 3 == 0 && (n / 3).is_power_of_two())));
    let length = le64(head, 5);
    plain && dictionary && length.is_some_and(|n| n == u64::MAX || n < 1 << 40)
}

/// Whether the first name in the table directory of a font is printable.
fn has_font_tables(head: &[u8]) -> bool {
    slice_at(head, 12, 4).iter().all(|b| b.is_ascii_graphic() || *b == b' ') && head.len() > 28
}

/// The portable bitmap family: `P1` to `P7`, white space or a comment, then numbers.
fn portable_bitmap(head: &[u8]) -> Option<&'static str> {
    let (&[b'P', n], Some(next)) = (head.get(..2)?, head.get(2)) else { return None };
    if !next.is_ascii_whitespace() {
        return None;
    }
    let mut rest = slice_at(head, 2, 1024);
    loop {
        rest = rest.trim_ascii_start();
        match rest.first()? {
            b'#' => rest = slice_at(rest, find(rest, b"\n")?, rest.len()),
            b'0'..=b'9' if n != b'7' => break,
            b'W' if n == b'7' => break,
            _ => return None,
        }
    }
    // Width and height, and the maximum value where there is one. Prose can begin with `P1 2`.
    let numbers = if matches!(n, b'1' | b'4' | b'7') { 2 } else { 3 };
    let is_number = |word: &[u8]| word.iter().all(u8::is_ascii_digit);
    let comment_free: Vec<u8> =
        rest.split(|&b| b == b'\n').filter(|line| !line.starts_with(b"#")).collect::<Vec<_>>().join(&b'\n');
    let mut words = comment_free.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    if n != b'7' && !(0..numbers).all(|_| words.next().is_some_and(is_number)) {
        return None;
    }
    match n {
        b'1' | b'4' => Some("image/x-portable-bitmap"),
        b'2' | b'5' => Some("image/x-portable-graymap"),
        b'3' | b'6' => Some("image/x-portable-pixmap"),
        b'7' => Some("image/x-portable-arbitrarymap"),
        _ => None,
    }
}

/// MPEG transport stream packets (ISO/IEC 13818-1, 2022): a sync byte every `step` bytes in the first eight packets.
/// Objects of one or two packets need further evidence.
fn is_transport_stream(head: &[u8], step: usize, from: usize) -> bool {
    let syncs: Vec<bool> = (0..8).map_while(|n| head.get(from + n * step)).map(|&b| b == 0x47).collect();
    let single = head.len() == step && head.get(from + 3).is_some_and(|b| b & 0x30 != 0);
    !syncs.is_empty()
        && syncs.iter().all(|&sync| sync)
        && (syncs.len() > 2 || single || (syncs.len() == 2 && head.len() == 2 * step))
}

/// dBASE: a version, a date, and a header of field descriptors that ends with a carriage return. Level 7 has longer
/// descriptors after 68 bytes.
fn is_dbase(head: &[u8]) -> bool {
    let Some(&[version, _, month, day]) = head.get(..4) else { return false };
    let Some(length) = le16(head, 8).map(usize::from) else { return false };
    let fields = if matches!(version, 0x04 | 0x8c) { 68 } else { 32 };
    matches!(
        version,
        0x02 | 0x03 | 0x04 | 0x30..=0x32 | 0x43 | 0x63 | 0x83 | 0x8b | 0x8c | 0x8e | 0xcb | 0xe5 | 0xf5 | 0xfb
    ) && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && length >= 65
        && length <= head.len()
        && (has_at(head, length.saturating_sub(1), b"\r")
            || has_at(head, length.saturating_sub(2), b"\r")
            || find(slice_at(head, fields, length), b"\r").is_some())
        && head.get(fields).is_some_and(u8::is_ascii_graphic)
}

/// Adds the findings for a type of the table.
fn add_findings(source: &Source, report: &mut Report, kind: &str) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    match kind {
        "application/vnd.rar" => check_rar_encryption(head, report),
        "application/x-7z-compressed" => {
            if source.size() < 32 {
                report.add_finding(FindingCode::Stub, "the object ends after the signature");
            } else if let Some((at, len)) = le64(head, 12).zip(le64(head, 20)) {
                if at.saturating_add(len).saturating_add(32) > source.size() {
                    report.add_finding(FindingCode::Truncated, "the header is after the end of the object");
                }
                // The header at the end lists the methods; 06F10701 is AES (Methods.txt of 7-Zip).
                if find(source.tail(WINDOW_BYTES)?, b"\x06\xf1\x07\x01").is_some() {
                    report.add_finding(FindingCode::Encrypted, "the archive is encrypted");
                }
            }
        }
        "application/rtf" => check_rich_text(source, report),
        "image/vnd.adobe.photoshop" => {
            if let Some((height, width)) = be32(head, 14).zip(be32(head, 18)) {
                pixels::check(report, source.size(), width.into(), height.into());
            }
        }
        "image/qoi" => {
            if let Some((width, height)) = be32(head, 4).zip(be32(head, 8)) {
                pixels::check(report, source.size(), width.into(), height.into());
            }
        }
        "application/dicom" => check_dicom_preamble(head, report),
        "video/mp2t" if source.size() <= 2 * 192 => report.add_finding(FindingCode::Stub, "only one or two packets"),
        "application/x-bzip2" | "application/x-xz" | "application/zstd" if source.size() < 14 => {
            report.add_finding(FindingCode::Stub, "the object ends after the signature");
        }
        "audio/midi" if find(head, b"MTrk").is_none() => report.add_finding(FindingCode::Stub, "no track"),
        "audio/aiff" if source.is_fully_read() && find(head, b"COMM").is_none() => {
            report.add_finding(FindingCode::Stub, "no common chunk");
        }
        "font/woff" | "font/woff2" if be32(head, 8).is_none_or(|len| u64::from(len) > source.size()) => {
            report.add_finding(FindingCode::Truncated, "the font ends after the object");
        }
        "audio/flac" if head.get(4).is_none_or(|b| b & 0x7f != 0) || source.size() < 42 => {
            report.add_finding(FindingCode::Stub, "no stream info");
        }
        "application/onenote" => report.add_finding(FindingCode::EmbeddedObject, "OneNote files can contain programs"),
        _ => {}
    }
    Ok(())
}

/// RAR 5 has an encryption header; RAR 4 has flags in the main header and in the file header.
fn check_rar_encryption(head: &[u8], report: &mut Report) {
    let is_rar5 = has_at(head, 6, b"\x01\0");
    let encrypted = if is_rar5 {
        head.get(13) == Some(&4)
    } else {
        le16(head, 10).is_some_and(|flags| flags & 0x80 != 0)
            || (has_at(head, 22, b"\x74") && le16(head, 23).is_some_and(|flags| flags & 4 != 0))
    };
    if encrypted {
        report.add_finding(FindingCode::Encrypted, "the archive is encrypted");
    }
}

/// Searches RTF for objects, which run on a click, and for templates, which load without one.
fn check_rich_text(source: &Source, report: &mut Report) {
    for (_, window) in source.windows() {
        if contains_any(window, &[b"\\objdata", b"\\objupdate", b"\\objocx"]) {
            report.add_finding(FindingCode::EmbeddedObject, "an embedded object");
        }
        if find(window, b"\\*\\template").is_some_and(|at| find(slice_at(window, at, 300), b"://").is_some()) {
            report.add_finding(FindingCode::RemoteTemplate, "the template is on a server");
        }
    }
    if source.is_fully_read() {
        let end = slice_at(
            source.head(),
            source.head().len().saturating_sub(WINDOW_BYTES.try_into().unwrap_or(0)),
            usize::MAX,
        );
        if !end.contains(&b'}') {
            report.add_finding(FindingCode::Truncated, "no closing brace");
        }
    }
}

/// The first 128 bytes of DICOM can be anything, even the header of a program
/// ([CVE-2019-11687](https://nvd.nist.gov/vuln/detail/CVE-2019-11687)).
fn check_dicom_preamble(head: &[u8], report: &mut Report) {
    let preamble = slice_at(head, 0, 128);
    if has_at(preamble, 0, b"MZ") || has_at(preamble, 0, b"\x7fELF") || has_at(preamble, 0, b"PK") {
        report.add_finding(FindingCode::Polyglot, "the header of a program in the preamble");
    }
}

/// Types that `file-format` names differently.
const RENAMED: &[(&str, &str)] =
    &[("application/x-empty", UNKNOWN), ("text/xml", "application/xml"), ("text/wasm", "text/plain")];

/// Types that `file-format` recognises by two or three bytes. The readers here have checked the fields after them and
/// refused the object.
static SHORT_SIGNATURES: Table<&str> = Table::new(|| lines(include_str!("../../data/short-signatures.txt")));

/// Recognises other formats: those of `file-format`, by the first window only, Apple disk images and binary STL.
pub(crate) fn read_other(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    let format = FileFormat::from_bytes(head);
    let kind = format.media_type();
    let kind = RENAMED.iter().find(|(theirs, _)| *theirs == kind).map_or(kind, |(_, name)| *name);
    // It takes any bytes without zeros for plain text, so its text types are ignored.
    if kind != UNKNOWN && !kind.starts_with("text/") && !SHORT_SIGNATURES.contains(&kind) {
        report.set_type(kind.to_owned(), Confidence::Signature);
        if structure::fits(kind, source)? {
            report.confidence = Confidence::Structural;
        }
        return Ok(());
    }
    if short::is_old_musepack(head) {
        report.set_type("audio/x-musepack", Confidence::Heuristic);
        return Ok(());
    }
    // Apple disk images have their header at the end.
    let tail = source.tail(WINDOW_BYTES)?;
    let koly = tail.len().checked_sub(512).is_some_and(|at| has_at(tail, at, b"koly"));
    if koly {
        report.set_type("application/x-apple-diskimage", Confidence::Structural);
        report.add_finding(FindingCode::DiskImage, "Apple disk image");
    } else if let Some(count) = le32(head, 80) {
        // Binary STL: 80 arbitrary bytes, a count, and exactly 50 bytes per triangle.
        if count > 0 && u64::from(count) * 50 + 84 == source.size() {
            report.set_type("model/stl", Confidence::Structural);
        }
    }
    if report.media_type == UNKNOWN && to_u64(head.len()) == source.size() && head.iter().all(|&b| b == 0) {
        report.add_finding(FindingCode::Malformed, "the object contains zeros only");
    }
    Ok(())
}
