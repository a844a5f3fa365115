//! tar (POSIX.1-2017, pax, ustar interchange format). The oldest form has no signature, so the header checksum decides.

use crate::bytes::{has_at, slice_at, to_usize};
use crate::readers::prelude::*;

const BLOCK_BYTES: usize = 512;

/// Whether the first block has a valid checksum.
pub(crate) fn recognises(head: &[u8]) -> bool {
    let block = slice_at(head, 0, BLOCK_BYTES);
    block.len() == BLOCK_BYTES && block.first() != Some(&0) && has_valid_checksum(block)
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    report.set_type("application/x-tar", Confidence::Structural);
    let mut at = 0usize;
    while let Some(block) = head.get(at..at.saturating_add(BLOCK_BYTES)).filter(|block| has_valid_checksum(block)) {
        check_entry(block, report);
        let Some(len) = octal(slice_at(block, 124, 12)) else { break };
        let blocks = to_usize(len.div_ceil(512));
        at = at.saturating_add(BLOCK_BYTES).saturating_add(blocks.saturating_mul(BLOCK_BYTES));
    }
    Ok(())
}

fn check_entry(block: &[u8], report: &mut Report) {
    let name = slice_at(block, 0, 100);
    let name = name.split(|&b| b == 0).next().unwrap_or_default();
    if name.starts_with(b"/") || name.split(|&b| b == b'/' || b == b'\\').any(|segment| segment == b"..") {
        report.add_finding(FindingCode::ZipTraversal, "an entry name points outside the target folder");
    }
    // Links are common in tar, but not links that point outside the target folder.
    let target = slice_at(block, 157, 100);
    if matches!(block.get(156), Some(b'1' | b'2')) && (has_at(target, 0, b"/") || has_at(target, 0, b"../../..")) {
        report.add_finding(FindingCode::ZipSymlink, "a link points outside the target folder");
    }
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

/// Whether the checksum is the sum of all bytes, with spaces for the checksum field. Old programs add signed bytes.
fn has_valid_checksum(block: &[u8]) -> bool {
    let Some(stored) = octal(slice_at(block, 148, 8)) else { return false };
    let mut unsigned = 0u64;
    let mut signed = 0i64;
    for (n, &b) in block.iter().enumerate() {
        let b = if (148..156).contains(&n) { b' ' } else { b };
        unsigned += u64::from(b);
        signed += i64::from(b.cast_signed());
    }
    stored == unsigned || i64::try_from(stored) == Ok(signed)
}
