//! DICOM without its preamble: data elements from the first byte (DICOM PS3.5, section 7.1, 2024).
//!
//! There is no signature, so several elements in a row must have ascending tags and lengths that fit.

use crate::bytes::{le16, le32, slice_at, to_usize};
use crate::readers::prelude::*;

/// The number of elements in a row that are evidence.
const MIN_ELEMENTS: u32 = 4;

/// Value representations with a length of 32 bits. The others have 16 bits.
const LONG_VALUES: &[&[u8]] = &[b"OB", b"OW", b"OF", b"OD", b"OL", b"SQ", b"UC", b"UN", b"UR", b"UT"];

const SHORT_VALUES: &[&[u8]] = &[
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
    b"ST", b"TM", b"UI", b"UL", b"US",
];

pub(crate) fn recognises(head: &[u8]) -> bool {
    // The first element is of the file header (group 2) or of the identification (group 8).
    matches!(le16(head, 0), Some(2 | 8)) && has_elements(head)
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    source.get(0, WINDOW_BYTES)?;
    report.set_type("application/dicom", Confidence::Structural);
    Ok(())
}

fn has_elements(head: &[u8]) -> bool {
    let (mut at, mut last) = (0usize, None);
    for _ in 0..MIN_ELEMENTS {
        let Some(tag) = le16(head, at).zip(le16(head, at + 2)) else { return false };
        let value = slice_at(head, at + 4, 2);
        let (start, len) = if LONG_VALUES.contains(&value) {
            (12, le32(head, at + 8))
        } else if SHORT_VALUES.contains(&value) {
            (8, le16(head, at + 6).map(u32::from))
        } else {
            (8, le32(head, at + 4))
        };
        // Values are padded to an even length.
        let Some(len) = len.filter(|len| len % 2 == 0 && *len < 4096) else { return false };
        if last.is_some_and(|last| last >= tag) || tag.0 > 0x40 {
            return false;
        }
        last = Some(tag);
        at += start + to_usize(len.into());
    }
    true
}
