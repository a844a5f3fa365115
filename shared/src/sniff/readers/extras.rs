//! A second file in the same bytes: what stands after the end, at other formats' fixed places, or before the start.
//!
//! The cure for hand-made polyglots is re-encoding; what is caught here is every kind that programs in use will open
//! as something else, found by where *they* look: ZIP readers at the end, Acrobat in the first 1,024 bytes, tar at 257,
//! ISO 9660 at 32,769.

use crate::sniff::FindingCode;
use crate::sniff::bytes::{find, find_nocase, has, le16, part, rfind};
use crate::sniff::report::{Report, UNKNOWN};
use crate::sniff::source::{Need, Source, WINDOW};

/// How far in a PDF header may stand: Acrobat looks at the first 1,024 bytes (PDF Reference 1.7, appendix H, note 13,
/// 2006).
pub(super) const PDF_REACH: usize = 1024;

/// Where the first ISO 9660 volume descriptor has its name: sector 16, byte 1 (ECMA-119, 1987).
const ISO_MARK: u64 = 32_769;

const SECOND: &[(&[u8], &str)] = &[
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

/// Judges the bytes after a format's end.
pub(super) fn after_end(report: &mut Report, rest: &[u8]) {
    if rest.iter().all(|&b| matches!(b, 0 | b' ' | b'\r' | b'\n' | b'\t' | 0xff)) {
        return; // Padding to a block is common and says nothing.
    }
    if let Some((_, name)) = SECOND.iter().find(|(mark, _)| find(rest, mark).is_some()) {
        report.find(FindingCode::Polyglot, format!("{name} after the end"));
    } else if has(rest, 0, b"MZ") {
        report.find(FindingCode::Polyglot, "PE after the end");
    } else if MARKUP.iter().any(|mark| find_nocase(rest, mark).is_some()) {
        report.find(FindingCode::ActiveContent, "markup after the end");
    } else {
        report.find(FindingCode::TrailingData, format!("{} bytes after the end", rest.len()));
    }
}

/// Whether `bytes`, the end of an object, holds the end record of a ZIP.
pub(super) fn zip_end(bytes: &[u8]) -> bool {
    let Some(at) = rfind(bytes, b"PK\x05\x06") else { return false };
    let end = part(bytes, at, 22);
    let comment = le16(end, 20).map(usize::from);
    // A stray four bytes must not do: the record's disk numbers are zero and its comment fits what follows.
    end.len() == 22
        && le16(end, 4) == Some(0)
        && le16(end, 6) == Some(0)
        && comment.is_some_and(|n| at + 22 + n <= bytes.len())
}

/// Looks for a second file beside the one that has been recognised.
pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    let tail = source.tail(WINDOW)?;
    let kind = report.media_type.clone();
    let is = |t: &str| kind == t;
    if zip_end(tail) && !is("application/vnd.debian.binary-package") && !holds_files(&kind) {
        report.find(FindingCode::Polyglot, "ZIP directory at the end");
    }
    let late = find(part(head, 0, PDF_REACH), b"%PDF-").is_some_and(|at| at > 0);
    let known = ["application/pdf", "application/illustrator", "application/postscript"];
    if late && !known.contains(&&*kind) && !holds_files(&kind) {
        report.find(FindingCode::Polyglot, "PDF header in the first 1,024 bytes");
    }
    if has(head, 257, b"ustar") && !is("application/x-tar") && kind != UNKNOWN {
        report.find(FindingCode::Polyglot, "tar header at 257");
    }
    if has(head, 128, b"DICM") && !is("application/dicom") {
        report.find(FindingCode::Polyglot, "DICOM behind another header");
    }
    markup(report, head, &kind);
    iso(source, report, &kind)
}

/// Archives hold other files as they are: their signatures inside say nothing.
fn holds_files(kind: &str) -> bool {
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

/// Script in a file that isn't text: harmless where the type is kept, live where a server or browser guesses again.
fn markup(report: &mut Report, head: &[u8], kind: &str) {
    const FAMILIES: &[&str] = &["image/", "audio/", "video/"];
    if !FAMILIES.iter().any(|family| kind.starts_with(family)) {
        return;
    }
    // `<svg` and `<html` occur in the metadata of honest pictures; script does not.
    if find_nocase(head, b"<?php").is_some() || find(head, b"<?=").is_some_and(|at| script_echo(head, at)) {
        report.find(FindingCode::ActiveContent, "PHP inside");
    } else if find_nocase(head, b"<script").is_some() {
        report.find(FindingCode::ActiveContent, "script inside");
    } else if find_nocase(part(head, 0, 1445), b"<html").is_some() {
        report.find(FindingCode::ActiveContent, "HTML inside");
    }
}

/// `<?=` is three bytes and turns up in compressed data; code behind it does not.
fn script_echo(head: &[u8], at: usize) -> bool {
    let code = part(head, at + 3, 16);
    code.len() >= 4 && code.iter().all(|&b| b == b'\n' || (0x20..0x7f).contains(&b))
}

fn iso(source: &Source, report: &mut Report, kind: &str) -> Result<(), Need> {
    if source.size() < ISO_MARK + 5 || kind == "application/x-iso9660-image" || holds_files(kind) {
        return Ok(());
    }
    let unknown = kind == UNKNOWN;
    // Only formats whose readers ignore bytes they don't know can hide an image, and audio and video are left out for
    // the price of a read: nothing mounts an .mp4.
    let worth = unknown || kind == "application/pdf" || kind.starts_with("image/");
    let mark = if worth { source.spare(ISO_MARK, 5)?.unwrap_or_default() } else { source.peek(ISO_MARK, 5) };
    if mark == b"CD001" {
        if unknown {
            report.is("application/x-iso9660-image", crate::sniff::Confidence::Structural);
            report.find(FindingCode::DiskImage, "ISO 9660");
        } else {
            report.find(FindingCode::Polyglot, "ISO 9660 descriptor at 32,769");
        }
    }
    Ok(())
}
