//! Programs: refused by every sensible class, so they come before all formats they could hide in.

use crate::sniff::bytes::{be32, has, le16, le32, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

pub(super) fn test(head: &[u8]) -> bool {
    kind(head).is_some()
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    if let Some((kind, confidence)) = kind(head) {
        report.is(kind, confidence);
        report.find(FindingCode::Executable, "a program's header");
        if super::extras::zip_end(source.tail(WINDOW)?) {
            report.find(FindingCode::Polyglot, "ZIP directory at the end");
        }
    }
    Ok(())
}

fn kind(head: &[u8]) -> Option<(&'static str, Confidence)> {
    const LINK: &[u8] = b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    if has(head, 0, b"MZ") || has(head, 0, b"ZM") {
        return portable(head);
    }
    if has(head, 0, b"\x7fELF") {
        return Some(("application/x-elf", Confidence::Signature));
    }
    if has(head, 0, LINK) {
        return Some(("application/x-ms-shortcut", Confidence::Signature));
    }
    if has(head, 0, b"\0asm") {
        return Some(("application/wasm", Confidence::Signature));
    }
    if has(head, 0, b"dex\n") || has(head, 0, b"dey\n") {
        return Some(("application/vnd.android.dex", Confidence::Signature));
    }
    mach(head)
}

/// `MZ` alone is two letters of text: something binary must follow.
fn portable(head: &[u8]) -> Option<(&'static str, Confidence)> {
    let at = usize::try_from(le32(head, 60).unwrap_or(0)).unwrap_or(usize::MAX);
    let structural = has(head, at, b"PE\0\0") || has(head, at, b"NE") || has(head, at, b"LE") || has(head, at, b"LX");
    let binary = part(head, 2, 62).iter().any(|&b| b == 0 || b >= 0x80);
    // A DICOM file may carry anything in its first 128 bytes, which is what makes it a trap.
    (structural || binary || (head.len() < 64 && le16(head, 2).is_some_and(|n| n < 0x200))).then_some((
        "application/vnd.microsoft.portable-executable",
        if structural { Confidence::Structural } else { Confidence::Signature },
    ))
}

/// Java classes and universal Mach-O files share `CAFEBABE`; what follows is a version of 45 and up, or a small count.
fn mach(head: &[u8]) -> Option<(&'static str, Confidence)> {
    match be32(head, 0)? {
        0xfeed_face | 0xfeed_facf | 0xcefa_edfe | 0xcffa_edfe => {
            Some(("application/x-mach-binary", Confidence::Signature))
        }
        0xcafe_babe if be32(head, 4)? < 45 => Some(("application/x-mach-binary", Confidence::Signature)),
        0xcafe_babe | 0xcafe_d00d => Some(("application/java-vm", Confidence::Signature)),
        _ => None,
    }
}
