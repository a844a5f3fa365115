//! Checks for a second file inside an object (polyglots).
//!
//! They search where programs in use search: ZIP readers at the end, Acrobat in the first 1,024 bytes, tar at offset
//! 257, ISO 9660 at offset 32,769. Only re-encoding removes polyglots that programs open in other ways.

use crate::bytes::{find, find_ignore_case, has_at, le16, rfind, slice_at};
use crate::readers::prelude::*;
use crate::sniffed::UNKNOWN;

/// The number of bytes in which Acrobat searches for the PDF header (PDF Reference 1.7, appendix H, note 13, 2006).
pub(crate) const PDF_HEADER_REACH: usize = 1024;

/// The offset of the identifier in the first ISO 9660 volume descriptor: sector 16, byte 1 (ECMA-119, 1987).
const ISO_IDENTIFIER: u64 = 32_769;

const SIGNATURES: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "ZIP entry"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"%PDF-", "PDF"),
    (b"\x7fELF", "ELF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "compound file"),
    (b"MSCF\0\0\0\0", "cabinet"),
    (b"This program cannot be run in DOS mode", "PE"),
];

const MARKUP: &[&[u8]] = &[b"<script", b"<html", b"<?php", b"<!doctype html", b"<iframe", b"<svg"];

/// Adds a finding for bytes after the end of a format, unless they are padding.
pub(crate) fn check_trailing_bytes(report: &mut Report, trailing: &[u8]) {
    if trailing.iter().all(|&b| matches!(b, 0 | b' ' | b'\r' | b'\n' | b'\t' | 0xff)) {
        return;
    }
    if let Some((_, name)) = SIGNATURES.iter().find(|(mark, _)| find(trailing, mark).is_some()) {
        report.add_finding(FindingCode::Polyglot, format!("{name} after the end"));
    } else if has_at(trailing, 0, b"MZ") {
        report.add_finding(FindingCode::Polyglot, "PE after the end");
    } else if MARKUP.iter().any(|mark| find_ignore_case(trailing, mark).is_some()) {
        report.add_finding(FindingCode::ActiveContent, "markup after the end");
    } else {
        report.add_finding(FindingCode::TrailingData, format!("{} bytes after the end", trailing.len()));
    }
}

/// Whether `bytes` contain the signature of a file or markup that a browser runs.
pub(crate) fn contains_file(bytes: &[u8]) -> bool {
    SIGNATURES.iter().any(|(mark, _)| find(bytes, mark).is_some())
        || MARKUP.iter().any(|mark| find_ignore_case(bytes, mark).is_some())
}

/// Whether `bytes`, the end of an object, contains the end record of a ZIP.
pub(crate) fn has_zip_end_record(bytes: &[u8]) -> bool {
    let Some(at) = rfind(bytes, b"PK\x05\x06") else { return false };
    let end = slice_at(bytes, at, 22);
    let comment = le16(end, 20).map(usize::from);
    // The signature has four bytes only, so the disk numbers must be zero and the comment must fit.
    end.len() == 22
        && le16(end, 4) == Some(0)
        && le16(end, 6) == Some(0)
        && comment.is_some_and(|n| at + 22 + n <= bytes.len())
}

/// Searches for a second file beside the recognised one.
pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    let tail = source.tail(WINDOW_BYTES)?;
    let kind = report.media_type.clone();
    let is = |t: &str| kind == t;
    if has_zip_end_record(tail) && !is("application/vnd.debian.binary-package") && !is_container(&kind) {
        report.add_finding(FindingCode::Polyglot, "ZIP directory at the end");
    }
    let has_pdf_header = find(slice_at(head, 0, PDF_HEADER_REACH), b"%PDF-").is_some_and(|at| at > 0);
    let pdf_types = ["application/pdf", "application/illustrator", "application/postscript"];
    if has_pdf_header && !pdf_types.contains(&&*kind) && !is_container(&kind) {
        report.add_finding(FindingCode::Polyglot, "PDF header in the first 1,024 bytes");
    }
    if has_at(head, 257, b"ustar") && !is("application/x-tar") && kind != UNKNOWN {
        report.add_finding(FindingCode::Polyglot, "tar header at offset 257");
    }
    if has_at(head, 128, b"DICM") && !is("application/dicom") {
        report.add_finding(FindingCode::Polyglot, "DICOM signature after another header");
    }
    check_markup(report, head, &kind);
    check_iso(source, report, &kind)
}

/// Whether files of this type contain other files uncompressed, so that signatures inside are expected.
fn is_container(kind: &str) -> bool {
    const ARCHIVES: &[&str] = &[
        "application/x-tar",
        "application/x-archive",
        "application/x-cpio",
        "application/x-iso9660-image",
        "application/x-7z-compressed",
        "application/vnd.rar",
        "application/mbox",
        "message/rfc822",
    ];
    ARCHIVES.contains(&kind)
}

/// Searches media files for script. A server or a browser that ignores the declared type can run it.
fn check_markup(report: &mut Report, head: &[u8], kind: &str) {
    const FAMILIES: &[&str] = &["image/", "audio/", "video/"];
    if !FAMILIES.iter().any(|family| kind.starts_with(family)) {
        return;
    }
    // `<svg`, and `<html` farther behind, occur in the metadata of legitimate pictures. Script does not.
    if find_ignore_case(head, b"<?php").is_some() || find(head, b"<?=").is_some_and(|at| is_php_echo(head, at)) {
        report.add_finding(FindingCode::ActiveContent, "PHP inside a media file");
    } else if find_ignore_case(head, b"<script").is_some() {
        report.add_finding(FindingCode::ActiveContent, "script inside a media file");
    } else if find_ignore_case(slice_at(head, 0, 1445), b"<html").is_some() {
        report.add_finding(FindingCode::ActiveContent, "HTML inside a media file");
    }
}

/// Whether printable text follows `<?=`. The three bytes alone occur in compressed data.
fn is_php_echo(head: &[u8], at: usize) -> bool {
    let code = slice_at(head, at + 3, 16);
    code.len() >= 4 && code.iter().all(|&b| b == b'\n' || (0x20..0x7f).contains(&b))
}

fn check_iso(source: &Source, report: &mut Report, kind: &str) -> Result<(), MissingRange> {
    if source.size() < ISO_IDENTIFIER + 5 || kind == "application/x-iso9660-image" || is_container(kind) {
        return Ok(());
    }
    let unknown = kind == UNKNOWN;
    // Only formats with ignored bytes can contain an image. Audio and video files are not worth a read.
    let worth_a_read = unknown || kind == "application/pdf" || kind.starts_with("image/");
    let identifier = if worth_a_read {
        source.get_within_target(ISO_IDENTIFIER, 5)?.unwrap_or_default()
    } else {
        source.peek(ISO_IDENTIFIER, 5)
    };
    if identifier == b"CD001" {
        if unknown {
            report.set_type("application/x-iso9660-image", Confidence::Structural);
            report.add_finding(FindingCode::DiskImage, "ISO 9660 image");
        } else {
            report.add_finding(FindingCode::Polyglot, "ISO 9660 descriptor at offset 32,769");
        }
    }
    Ok(())
}
