//! ZIP archives and the formats that are ZIP packages.
//!
//! The central directory at the end decides, as it does in programs that unpack. Local headers that were read are
//! compared with it, because a difference makes programs disagree about the contents.

use crate::bytes::{has_at, to_usize};

mod checks;
mod directory;
mod office;
mod package;
mod unpack;

use crate::readers::prelude::*;
use directory::{Directory, EndRecord};

/// The maximum length of a directory that is read completely: more than a thousand entries.
const MAX_DIRECTORY_BYTES: u64 = 128 * 1024;

/// The number of bytes read from the start of a longer directory. Packages list the entries that tell their type first.
const DIRECTORY_START_BYTES: u64 = 64 * 1024;

/// The maximum length of the end record: 22 bytes and a comment of 65,535 (APPNOTE 6.3.10, section 4.3.16, 2022).
const MAX_END_RECORD_BYTES: u64 = 65_557;

pub(crate) fn recognises(head: &[u8]) -> bool {
    has_at(head, 0, b"PK\x03\x04")
        || has_at(head, 0, b"PK\x05\x06")
        || has_at(head, 0, b"PK00PK\x03\x04")
        || has_at(head, 0, b"PK\x07\x08PK\x03\x04")
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    report.set_type("application/zip", Confidence::Signature);
    let near = source.tail(WINDOW_BYTES)?;
    let found = match EndRecord::find(near, source.size()) {
        None => EndRecord::find(source.tail(MAX_END_RECORD_BYTES)?, source.size()),
        found => found,
    };
    let Some(end) = found else {
        report.add_finding(FindingCode::Truncated, "no end of central directory");
        // Without a directory, the names of the first entries are heuristic evidence.
        package::guess(source.head(), report);
        return Ok(());
    };
    let end = end.with_zip64(source)?;
    checks::end_record(&end, source, report)?;
    let Some((start, len)) = end.directory(source.size()) else {
        report.add_finding(FindingCode::Malformed, "the directory starts before the object");
        package::guess(source.head(), report);
        return Ok(());
    };
    let cut = len > MAX_DIRECTORY_BYTES;
    let wanted = if cut { DIRECTORY_START_BYTES } else { len };
    let directory = Directory::parse(source.get(start, wanted)?, end.shift(source.size()));
    if cut {
        report.add_finding(FindingCode::UnscannableMiddle, "a directory of more than 128 KiB is not read completely");
    } else if directory.entries.len() != to_usize(end.count) {
        report.add_finding(FindingCode::ZipMismatch, "the entry count differs from the number of entries");
    }
    if !cut || !directory.entries.is_empty() {
        report.confidence = Confidence::Structural;
    }
    checks::entries(&directory, start, end.count, cut, report);
    checks::local_headers(&directory, source, report);
    package::identify(source, &directory, report)?;
    checks::contents(&directory, report);
    Ok(())
}
