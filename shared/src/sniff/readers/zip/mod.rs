//! ZIP and what is packed in it. The directory at the end is the truth, as it is for every program that unpacks; the
//! local headers are compared with it where they lie in a window, for a difference is a trap.

use crate::sniff::bytes::{has, le16, part, size};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

mod checks;
mod directory;
mod office;
mod package;

use directory::{Directory, End, Entry};

/// The longest a directory is read to: a thousand entries and more.
const DIRECTORY: u64 = 128 * 1024;

/// What of a directory that is longer: its start, where packages keep what says their type.
const DIRECTORY_START: u64 = 64 * 1024;

/// How much of one entry is read: lists of types and relations are text and pack well.
const MOST_PACKED: u64 = 64 * 1024;

/// The longest the end record with its comment can be.
const FARTHEST_END: u64 = 65_557;

pub(super) fn test(head: &[u8]) -> bool {
    has(head, 0, b"PK\x03\x04")
        || has(head, 0, b"PK\x05\x06")
        || has(head, 0, b"PK00PK\x03\x04")
        || has(head, 0, b"PK\x07\x08PK\x03\x04")
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    report.is("application/zip", Confidence::Signature);
    let near = source.tail(WINDOW)?;
    let found = match End::find(near, source.size()) {
        None => End::find(source.tail(FARTHEST_END)?, source.size()),
        found => found,
    };
    let Some(end) = found else {
        report.find(FindingCode::Truncated, "no end of central directory");
        // What the first entries' names say is better than nothing, and marked as a guess.
        package::guess(source.head(), report);
        return Ok(());
    };
    let end = end.with_zip64(source)?;
    checks::end(&end, source, report)?;
    let Some((start, len)) = end.place(source.size()) else {
        report.find(FindingCode::Malformed, "the directory is not where the end says");
        package::guess(source.head(), report);
        return Ok(());
    };
    let cut = len > DIRECTORY;
    let wanted = if cut { DIRECTORY_START } else { len };
    let directory = Directory::parse(source.get(start, wanted)?, end.shift(source.size()));
    if cut {
        report.find(FindingCode::UnscannableMiddle, "a directory of more than 128 KiB");
    } else if directory.entries.len() != crate::sniff::bytes::index(end.count) {
        report.find(FindingCode::ZipMismatch, "the directory counts other than it lists");
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

/// An entry's bytes, unpacked to at most `most`; `None` where it is encrypted, packed otherwise, or too dear.
fn unpack(source: &Source, entry: &Entry<'_>, most: usize, needed: bool) -> Result<Option<Vec<u8>>, Need> {
    if entry.encrypted() || !matches!(entry.method, 0 | 8) {
        return Ok(None);
    }
    // The local header has lengths of its own: its extra field is often longer than the directory's.
    let span = 30 + size(entry.name.len()) + 512 + entry.packed.min(MOST_PACKED);
    let found = if needed { Some(source.get(entry.offset, span)?) } else { source.spare(entry.offset, span)? };
    let bytes = found.unwrap_or_default();
    let Some((name, extra)) = le16(bytes, 26).zip(le16(bytes, 28)) else { return Ok(None) };
    if !has(bytes, 0, b"PK\x03\x04") {
        return Ok(None);
    }
    let data = part(bytes, 30 + usize::from(name) + usize::from(extra), crate::sniff::bytes::index(entry.packed));
    Ok(Some(if entry.method == 0 { part(data, 0, most).to_vec() } else { super::gzip::inflate(data, most) }))
}

/// The first `most` bytes of an entry, from no more of its packed bytes than that can take.
fn preview(source: &Source, entry: &Entry<'_>, most: usize) -> Result<Option<Vec<u8>>, Need> {
    let short = Entry { packed: entry.packed.min(4096), ..entry.clone() };
    unpack(source, &short, most, false)
}
