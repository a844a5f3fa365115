//! Programs: PE, ELF, Mach-O, Java classes, WebAssembly, Android DEX and Windows shortcuts.

use super::evidence::is_text;
use crate::bytes::{be32, has_at, le16, le32};
use crate::readers::prelude::*;

pub(crate) fn recognises(head: &[u8]) -> bool {
    kind(head).is_some()
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    if let Some((kind, confidence)) = kind(head) {
        report.set_type(kind, confidence);
        report.add_finding(FindingCode::Executable, "the header of a program");
        if super::second_file::has_zip_end_record(source.tail(WINDOW_BYTES)?) {
            report.add_finding(FindingCode::Polyglot, "ZIP directory at the end");
        }
    }
    Ok(())
}

fn kind(head: &[u8]) -> Option<(&'static str, Confidence)> {
    // The header size and class identifier of a shortcut ([MS-SHLLINK], section 2.1).
    const SHORTCUT: &[u8] = b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    if has_at(head, 0, b"MZ") || has_at(head, 0, b"ZM") {
        return portable_executable(head);
    }
    if has_at(head, 0, b"\x7fELF") {
        return Some(("application/x-elf", Confidence::Signature));
    }
    if has_at(head, 0, SHORTCUT) {
        return Some(("application/x-ms-shortcut", Confidence::Signature));
    }
    if has_at(head, 0, b"\0asm") {
        return Some(("application/wasm", Confidence::Signature));
    }
    // A version of three digits and a NUL follow.
    if (has_at(head, 0, b"dex\n") || has_at(head, 0, b"dey\n")) && has_at(head, 7, b"\0") {
        return Some(("application/vnd.android.dex", Confidence::Signature));
    }
    mach_o_or_java(head)
}

/// PE and its predecessors. Two letters are a short signature, so the second header or the fields of the DOS header must
/// fit: the bytes in the last page, the number of pages, and a header that ends within them.
fn portable_executable(head: &[u8]) -> Option<(&'static str, Confidence)> {
    let at = usize::try_from(le32(head, 60).unwrap_or(0)).unwrap_or(usize::MAX);
    let structural =
        has_at(head, at, b"PE\0\0") || has_at(head, at, b"NE") || has_at(head, at, b"LE") || has_at(head, at, b"LX");
    let field = |at| le16(head, at).map_or(0, u32::from);
    let (last_page, pages, header) = (field(2), field(4), field(8) * 16);
    let dos = head.len() >= 10 && last_page < 512 && pages > 0 && header <= pages * 512;
    (structural || dos || (head.len() < 10 && last_page < 512 && !is_text(head))).then_some((
        "application/vnd.microsoft.portable-executable",
        if structural { Confidence::Structural } else { Confidence::Signature },
    ))
}

/// Java classes and universal Mach-O files both begin with `CAFEBABE`. A Java class version of 45 or more follows, or
/// the small number of architectures.
fn mach_o_or_java(head: &[u8]) -> Option<(&'static str, Confidence)> {
    match be32(head, 0)? {
        0xfeed_face | 0xfeed_facf | 0xcefa_edfe | 0xcffa_edfe => {
            Some(("application/x-mach-binary", Confidence::Signature))
        }
        0xcafe_babe if be32(head, 4)? < 45 => Some(("application/x-mach-binary", Confidence::Signature)),
        0xcafe_babe | 0xcafe_d00d => Some(("application/java-vm", Confidence::Signature)),
        _ => None,
    }
}
