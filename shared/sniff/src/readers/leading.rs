//! Pictures after a few foreign bytes.
//!
//! Scripts print line ends or a byte order mark before the picture, and old Macs add a header of 128 bytes. Programs that
//! search for the signature open such files.

use super::{executable, gif, jpeg, png, second_file};
use crate::bytes::{find_ignore_case, slice_at, to_u64};
use crate::readers::prelude::*;

/// The maximum number of foreign bytes: the length of a `MacBinary` header.
const MAX_LEADING_BYTES: usize = 128;

pub(crate) fn recognises(head: &[u8]) -> bool {
    picture(head).is_some()
}

/// The offset of the picture and its reader.
fn picture(head: &[u8]) -> Option<(usize, super::Reader)> {
    (1..=MAX_LEADING_BYTES).find_map(|at| {
        let rest = slice_at(head, at, head.len());
        let reader: super::Reader = match () {
            () if jpeg::starts_with_segment(rest) => jpeg::read,
            () if png::recognises(rest) => png::read,
            () if gif::recognises(rest) && rest.len() > 13 => gif::read,
            () => return None,
        };
        Some((at, reader))
    })
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    let Some((at, reader)) = picture(head) else { return Ok(()) };
    add_finding(slice_at(head, 0, at), report);
    let offset = to_u64(at);
    reader(&source.after(offset), report).map_err(|missing| missing.moved_by(offset))
}

/// Starts of scripts, programs and formats that a browser or a viewer recognises by them, whatever follows.
const STARTS: &[&[u8]] = &[
    b"#!",
    b"MZ",
    b"GIF8",
    b"RIFF",
    b"\xff\xd8",
    b"\x89PNG",
    b"BM",
    b"ID3",
    b"OggS",
    b"II*\0",
    b"MM\0*",
    b"\x1f\x8b",
    b"BZh",
    b"{\\rtf",
    b"%!PS",
    b"\0\0\x01\0",
    b"\x1a\x45\xdf\xa3",
];

/// Adds the finding for foreign bytes before a format: harmless, or the start of a second file.
pub(crate) fn add_finding(before: &[u8], report: &mut Report) {
    let program = executable::recognises(before) || STARTS.iter().any(|start| before.starts_with(start));
    if program || second_file::contains_file(before) || find_ignore_case(before, b"<!--").is_some() {
        report.add_finding(FindingCode::SecondSignature, "the header of another format before the signature");
    } else {
        report.add_finding(FindingCode::LeadingBytes, format!("{} bytes before the signature", before.len()));
    }
}
