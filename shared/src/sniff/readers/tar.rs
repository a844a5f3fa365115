//! tar: no signature in the oldest form, so the header's own checksum is the test.

use crate::sniff::bytes::{has, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

const BLOCK: usize = 512;

/// A header's checksum holds over its 512 bytes, which is proof enough even without `ustar`.
pub(super) fn test(head: &[u8]) -> bool {
    let block = part(head, 0, BLOCK);
    block.len() == BLOCK && block.first() != Some(&0) && checksum_holds(block)
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    report.is("application/x-tar", Confidence::Structural);
    let mut at = 0usize;
    while let Some(block) = head.get(at..at.saturating_add(BLOCK)).filter(|block| checksum_holds(block)) {
        entry(block, report);
        let Some(len) = octal(part(block, 124, 12)) else { break };
        let blocks = crate::sniff::bytes::index(len.div_ceil(512));
        at = at.saturating_add(BLOCK).saturating_add(blocks.saturating_mul(BLOCK));
    }
    Ok(())
}

fn entry(block: &[u8], report: &mut Report) {
    let name = part(block, 0, 100);
    let name = name.split(|&b| b == 0).next().unwrap_or_default();
    if name.starts_with(b"/") || name.split(|&b| b == b'/' || b == b'\\').any(|step| step == b"..") {
        report.find(FindingCode::ZipTraversal, "a name leaves its folder");
    }
    // A link is ordinary in tar; one that points out of the folder is not.
    let target = part(block, 157, 100);
    if matches!(block.get(156), Some(b'1' | b'2')) && (has(target, 0, b"/") || has(target, 0, b"../../..")) {
        report.find(FindingCode::ZipSymlink, "a link leaves its folder");
    }
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

/// The sum of all bytes with the checksum field taken as blanks; old programs summed signed bytes.
fn checksum_holds(block: &[u8]) -> bool {
    let Some(stored) = octal(part(block, 148, 8)) else { return false };
    let mut unsigned = 0u64;
    let mut signed = 0i64;
    for (n, &b) in block.iter().enumerate() {
        let b = if (148..156).contains(&n) { b' ' } else { b };
        unsigned += u64::from(b);
        signed += i64::from(b.cast_signed());
    }
    stored == unsigned || i64::try_from(stored) == Ok(signed)
}
