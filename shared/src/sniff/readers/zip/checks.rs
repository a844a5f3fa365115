//! Tricks a directory shows: whatever makes two programs unpack two different things, or more than anybody wants.

use super::directory::{Directory, End};
use crate::sniff::FindingCode;
use crate::sniff::bytes::{has, le16, part, size};
use crate::sniff::readers::extras::after_end;
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};

/// `GuardDuty` scans no more than 10,000 files and 100 GB of one archive (AWS quotas page, as of 2026). More is large,
/// and honest: albums and backups are.
const MOST_ENTRIES: u64 = 10_000;
const MOST_UNPACKED: u64 = 100 * 1000 * 1000 * 1000;

/// Deflate's limit is 1,032 to 1 (zlib's technical notes); honest archives of any size stay far below a fifth of it.
const MOST_RATIO: u64 = 200;
const RATIO_FROM: u64 = 4 * 1024 * 1024;

/// The end record itself.
pub(super) fn end(end: &End, source: &Source, report: &mut Report) -> Result<(), Need> {
    if end.twice {
        report.find(FindingCode::ZipTwoEnds, "an end record in the comment of another");
    }
    if end.rest > 0 {
        let rest = source.tail(end.rest.min(WINDOW))?;
        after_end(report, rest);
    }
    if end.shift(source.size()) > 0 {
        let first = source.peek(0, 4);
        if has(first, 0, b"PK") {
            report.find(FindingCode::ZipTwoEnds, "another archive in front");
        } else {
            report.find(FindingCode::ZipPrefix, "bytes in front of the archive");
        }
    }
    if end.ahead(source.size()) {
        report.find(FindingCode::Truncated, "the directory starts later than it can");
    }
    Ok(())
}

/// Names, places and sizes.
pub(super) fn entries(directory: &Directory<'_>, start: u64, count: u64, cut: bool, report: &mut Report) {
    if count > MOST_ENTRIES {
        report.find(FindingCode::LargeContents, format!("{count} entries"));
    }
    let mut names: Vec<&[u8]> = Vec::with_capacity(directory.entries.len());
    let mut places: Vec<(u64, u64)> = Vec::with_capacity(directory.entries.len());
    let (mut packed, mut unpacked) = (0u64, 0u64);
    for entry in &directory.entries {
        packed = packed.saturating_add(entry.packed);
        unpacked = unpacked.saturating_add(entry.unpacked);
        names.push(entry.name);
        places.push((
            entry.offset,
            entry.offset.saturating_add(30).saturating_add(size(entry.name.len())).saturating_add(entry.packed),
        ));
        if leaves(entry.name) {
            report.find(FindingCode::ZipTraversal, "a name leaves its folder");
        }
        if entry.name.contains(&0) {
            report.find(FindingCode::ZipTraversal, "a zero byte in a name");
        }
        if entry.mode & 0xf000 == 0xa000 {
            report.find(FindingCode::ZipSymlink, "a symbolic link");
        }
        if entry.encrypted() {
            report.find(FindingCode::Encrypted, "an entry has a password");
        }
    }
    if unpacked > RATIO_FROM && unpacked / packed.max(1) > MOST_RATIO {
        report.find(FindingCode::BombSize, format!("{packed} bytes unpack to {unpacked}"));
    } else if unpacked > MOST_UNPACKED {
        report.find(FindingCode::LargeContents, format!("{unpacked} bytes unpacked"));
    }
    names.sort_unstable();
    if names.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        report.find(FindingCode::ZipDuplicate, "a name twice");
    }
    places.sort_unstable();
    let overlap = places.windows(2).any(|pair| matches!(pair, [(_, end), (next, _)] if end > next));
    let beyond = places.last().is_some_and(|(_, end)| *end > start);
    if overlap || beyond {
        report.find(FindingCode::ZipOverlap, "entries share bytes");
    }
    if !cut && places.first().is_some_and(|(first, _)| *first > 4) {
        // `PK00` or a split mark of four bytes is the only thing an archiver puts there.
        report.find(FindingCode::ZipPrefix, "bytes before the first entry");
    }
}

/// Absolute, climbing, with a drive, or with backslashes that climb on Windows.
fn leaves(name: &[u8]) -> bool {
    let drive = name.get(1) == Some(&b':') && name.first().is_some_and(u8::is_ascii_alphabetic);
    let climbs = name.split(|&b| b == b'/' || b == b'\\').any(|step| step == b"..");
    drive || climbs || has(name, 0, b"/") || has(name, 0, b"\\")
}

/// Local headers that lie in a window must say the same as the directory.
pub(super) fn local_headers(directory: &Directory<'_>, source: &Source, report: &mut Report) {
    for entry in &directory.entries {
        let local = source.peek(entry.offset, 30 + size(entry.name.len()));
        if local.len() < 30 {
            continue;
        }
        let name = part(local, 30, entry.name.len());
        if !has(local, 0, b"PK\x03\x04") {
            report.find(FindingCode::ZipMismatch, "no local header where the directory points");
        } else if le16(local, 26).map(usize::from) != Some(entry.name.len())
            || (name.len() == entry.name.len() && name != entry.name)
        {
            report.find(FindingCode::ZipMismatch, "local and central names differ");
        } else if le16(local, 8) != Some(entry.method) {
            report.find(FindingCode::ZipMismatch, "local and central methods differ");
        }
    }
}

const ARCHIVES: &[&[u8]] =
    &[b".zip", b".rar", b".7z", b".gz", b".tgz", b".bz2", b".xz", b".zst", b".tar", b".cab", b".iso", b".img"];

/// After Gmail's list of blocked attachments, in part: what runs on a double click.
const PROGRAMS: &[&[u8]] = &[
    b".exe", b".dll", b".scr", b".com", b".bat", b".cmd", b".msi", b".lnk", b".hta", b".vbs", b".vbe", b".wsf",
    b".ps1", b".pif", b".cpl", b".jse", b".chm", b".xll", b".scf", b".elf",
];

/// Names of what is inside.
pub(super) fn contents(directory: &Directory<'_>, report: &mut Report) {
    let ends = |name: &[u8], ends: &[&[u8]]| {
        ends.iter().any(|end| {
            name.len() >= end.len() && part(name, name.len() - end.len(), end.len()).eq_ignore_ascii_case(end)
        })
    };
    if directory.any(|name| ends(name, PROGRAMS)) {
        report.find(FindingCode::ExecutableInside, "a program's name in the archive");
    }
    if directory.any(|name| ends(name, ARCHIVES)) {
        report.find(FindingCode::NestedArchive, "an archive's name in the archive");
    }
}

#[cfg(test)]
mod tests {
    use super::super::directory::Entry;
    use super::*;

    #[test]
    fn unpacking_to_much_is_large_and_to_much_of_little_is_a_bomb() {
        for (packed, unpacked, expected) in [
            (1_000_000_000, 100_000_000_000, None),
            (1_000_000_000, 100_000_000_001, Some(FindingCode::LargeContents)),
            (1_000_000_000_000_000, u64::MAX, Some(FindingCode::BombSize)),
            (1_000_000_000_000_000, 200_000_000_000_000_000, Some(FindingCode::LargeContents)),
            (1_000_000, 201_000_000, Some(FindingCode::BombSize)),
            (0, 4 * 1024 * 1024, None),
        ] {
            let entry = Entry { name: b"a", flags: 0, method: 8, packed, unpacked, offset: 0, mode: 0 };
            let mut report = Report::new();
            entries(&Directory { entries: vec![entry] }, u64::MAX, 1, false, &mut report);
            assert_eq!(report.findings.first().map(|finding| finding.code), expected, "{packed} to {unpacked}");
        }
    }
}
