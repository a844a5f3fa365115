//! Checks for archives that programs unpack differently, that exhaust resources, or that contain programs.

use super::directory::{Directory, EndRecord};
use crate::bytes::{has_at, le16, slice_at, to_u64};
use crate::readers::prelude::*;
use crate::readers::second_file::check_trailing_bytes;

/// More entries than this are a [`FindingCode::LargeContents`].
///
/// Both limits are those of Amazon `GuardDuty` for one archive ([quotas][], as of 2026). Legitimate albums and backups
/// exceed them, so exceeding them is not a defect.
///
/// [quotas]: https://docs.aws.amazon.com/guardduty/latest/ug/malware-protection-s3-quotas-guardduty.html
const MAX_ENTRIES: u64 = 10_000;

/// More unpacked bytes than this are a [`FindingCode::LargeContents`].
const MAX_UNPACKED_BYTES: u64 = 100 * 1000 * 1000 * 1000;

/// The maximum compression ratio of legitimate archives. Deflate reaches 1,032 to 1 at most
/// ([zlib technical details](https://zlib.net/zlib_tech.html)).
const MAX_RATIO: u64 = 200;

/// Archives that unpack to at most this many bytes are harmless at any ratio.
const MIN_BOMB_BYTES: u64 = 4 * 1024 * 1024;

/// Checks the end record.
pub(crate) fn end_record(end: &EndRecord, source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    if end.ambiguous {
        report.add_finding(FindingCode::ZipTwoEnds, "an end record inside the comment of another");
    }
    if end.trailing > 0 {
        let trailing = source.tail(end.trailing.min(WINDOW_BYTES))?;
        check_trailing_bytes(report, trailing);
    }
    if end.shift(source.size()) > 0 {
        let first = source.peek(0, 4);
        if has_at(first, 0, b"PK") {
            report.add_finding(FindingCode::ZipTwoEnds, "another archive before this one");
        } else {
            report.add_finding(FindingCode::ZipPrefix, "bytes before the archive");
        }
    }
    if end.starts_too_late(source.size()) {
        report.add_finding(FindingCode::Truncated, "the directory offset is after the directory");
    }
    Ok(())
}

/// Checks names, offsets and sizes. `start` is the offset of the directory, `count` the number of entries it declares,
/// and `cut` tells that its end was not read.
pub(crate) fn entries(directory: &Directory<'_>, start: u64, count: u64, cut: bool, report: &mut Report) {
    if count > MAX_ENTRIES {
        report.add_finding(FindingCode::LargeContents, format!("{count} entries"));
    }
    let mut names: Vec<&[u8]> = Vec::with_capacity(directory.entries.len());
    let mut extents: Vec<(u64, u64)> = Vec::with_capacity(directory.entries.len());
    let (mut packed, mut unpacked) = (0u64, 0u64);
    for entry in &directory.entries {
        packed = packed.saturating_add(entry.packed);
        unpacked = unpacked.saturating_add(entry.unpacked);
        names.push(entry.name);
        extents.push((
            entry.offset,
            entry.offset.saturating_add(30).saturating_add(to_u64(entry.name.len())).saturating_add(entry.packed),
        ));
        if leaves_folder(entry.name) {
            report.add_finding(FindingCode::ZipTraversal, "an entry name points outside the target folder");
        }
        if entry.name.contains(&0) {
            report.add_finding(FindingCode::ZipTraversal, "an entry name contains a NUL byte");
        }
        if entry.mode & 0xf000 == 0xa000 {
            report.add_finding(FindingCode::ZipSymlink, "an entry is a symbolic link");
        }
        if entry.is_encrypted() {
            report.add_finding(FindingCode::Encrypted, "an entry is encrypted");
        }
    }
    if unpacked > MIN_BOMB_BYTES && unpacked / packed.max(1) > MAX_RATIO {
        report.add_finding(FindingCode::BombSize, format!("{packed} bytes unpack to {unpacked} bytes"));
    } else if unpacked > MAX_UNPACKED_BYTES {
        report.add_finding(FindingCode::LargeContents, format!("the archive unpacks to {unpacked} bytes"));
    }
    names.sort_unstable();
    if names.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        report.add_finding(FindingCode::ZipDuplicate, "two entries have the same name");
    }
    extents.sort_unstable();
    let overlap = extents.windows(2).any(|pair| matches!(pair, [(_, end), (next, _)] if end > next));
    let beyond = extents.last().is_some_and(|(_, end)| *end > start);
    if overlap || beyond {
        report.add_finding(FindingCode::ZipOverlap, "entries share bytes");
    }
    if !cut && extents.first().is_some_and(|(first, _)| *first > 4) {
        // Archivers write at most a marker of four bytes there: `PK00` or the marker of split archives.
        report.add_finding(FindingCode::ZipPrefix, "bytes before the first entry");
    }
}

/// Whether a name is absolute, contains `..` between slashes or backslashes, or begins with a drive letter.
fn leaves_folder(name: &[u8]) -> bool {
    let drive = name.get(1) == Some(&b':') && name.first().is_some_and(u8::is_ascii_alphabetic);
    let parent = name.split(|&b| b == b'/' || b == b'\\').any(|segment| segment == b"..");
    drive || parent || has_at(name, 0, b"/") || has_at(name, 0, b"\\")
}

/// Compares the local headers that have been read with the directory.
pub(crate) fn local_headers(directory: &Directory<'_>, source: &Source, report: &mut Report) {
    for entry in &directory.entries {
        let local = source.peek(entry.offset, 30 + to_u64(entry.name.len()));
        if local.len() < 30 {
            continue;
        }
        let name = slice_at(local, 30, entry.name.len());
        if !has_at(local, 0, b"PK\x03\x04") {
            report.add_finding(FindingCode::ZipMismatch, "no local header at the offset in the directory");
        } else if le16(local, 26).map(usize::from) != Some(entry.name.len())
            || (name.len() == entry.name.len() && name != entry.name)
        {
            report.add_finding(FindingCode::ZipMismatch, "local and central names differ");
        } else if le16(local, 8) != Some(entry.method) {
            report.add_finding(FindingCode::ZipMismatch, "local and central methods differ");
        }
    }
}

const ARCHIVE_EXTENSIONS: &[&[u8]] =
    &[b".zip", b".rar", b".7z", b".gz", b".tgz", b".bz2", b".xz", b".zst", b".tar", b".cab", b".iso", b".img"];

/// Extensions of files that run on a double click, a part of the
/// [list that Gmail blocks](https://support.google.com/mail/answer/6590).
const PROGRAM_EXTENSIONS: &[&[u8]] = &[
    b".exe", b".dll", b".scr", b".com", b".bat", b".cmd", b".msi", b".lnk", b".hta", b".vbs", b".vbe", b".wsf",
    b".ps1", b".pif", b".cpl", b".jse", b".chm", b".xll", b".scf", b".elf",
];

/// Searches the entry names for archives and programs.
pub(crate) fn contents(directory: &Directory<'_>, report: &mut Report) {
    let has_extension = |name: &[u8], extensions: &[&[u8]]| {
        extensions.iter().any(|extension| {
            name.len() >= extension.len()
                && slice_at(name, name.len() - extension.len(), extension.len()).eq_ignore_ascii_case(extension)
        })
    };
    if directory.any_name(|name| has_extension(name, PROGRAM_EXTENSIONS)) {
        report.add_finding(FindingCode::ExecutableInside, "an entry has the file name of a program");
    }
    if directory.any_name(|name| has_extension(name, ARCHIVE_EXTENSIONS)) {
        report.add_finding(FindingCode::NestedArchive, "an entry has the file name of an archive");
    }
}

#[cfg(test)]
mod tests;
