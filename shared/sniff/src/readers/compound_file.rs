//! Compound files (OLE): Office before 2007, Outlook messages, installers, and encrypted Office Open XML.
//!
//! The names in the directory decide the type. The header has the offset of the directory, and the allocation table
//! links its sectors ([MS-CFB](https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb), sections 2.1 to 2.6).

use super::second_file::has_zip_end_record;
use crate::bytes::{array, has_at, le16, le32, slice_at, to_usize};
use crate::data::{Table, bytes_table};
use crate::readers::prelude::*;

/// The maximum number of directory sectors read: 2,048 entries with 512-byte sectors. Only installers have more.
const MAX_SECTORS: usize = 512;

/// Sector numbers from here on are markers such as the end of a chain.
const FIRST_MARKER: u32 = 0xffff_fffa;

pub(crate) fn recognises(head: &[u8]) -> bool {
    has_at(head, 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    report.set_type("application/x-cfb", Confidence::Signature);
    let shift = le16(head, 30).unwrap_or(0);
    let (Some(start), 9 | 12) = (le32(head, 48), shift) else {
        return report.end_with(FindingCode::Stub, "no directory");
    };
    let file = File { source, head, sector: 1u64 << shift };
    let mut entries = Vec::new();
    let complete = file.directory(start, &mut entries, report)?;
    if entries.first().is_none_or(|entry| entry.kind != ROOT) {
        return report.end_with(FindingCode::Malformed, "no root entry");
    }
    identify(&entries, complete, report);
    if complete {
        report.confidence = Confidence::Structural;
    } else {
        report.add_finding(FindingCode::UnscannableMiddle, "the directory was not read completely");
    }
    check_encryption(&file, &entries, report);
    if has_zip_end_record(source.tail(22 + 64).unwrap_or_default()) {
        report.add_finding(FindingCode::Polyglot, "ZIP directory at the end");
    }
    Ok(())
}

struct File<'a> {
    source: &'a Source,
    head: &'a [u8],
    /// The sector size in bytes: 512 or 4,096.
    sector: u64,
}

const STORAGE: u8 = 1;
const STREAM: u8 = 2;
const ROOT: u8 = 5;

struct Entry {
    name: String,
    kind: u8,
    left: u32,
    right: u32,
    child: u32,
    /// The class identifier (a GUID), as stored.
    class: [u8; 16],
    start: u32,
    len: u32,
}

impl File<'_> {
    fn offset(&self, sector: u32) -> u64 {
        (u64::from(sector) + 1).saturating_mul(self.sector)
    }

    /// Reads the directory sectors in order. `true` if all were read.
    fn directory(&self, start: u32, entries: &mut Vec<Entry>, report: &mut Report) -> Result<bool, MissingRange> {
        let mut sector = start;
        let mut seen = Vec::new();
        for _ in 0..MAX_SECTORS {
            if sector >= FIRST_MARKER {
                return Ok(true);
            }
            if seen.contains(&sector) {
                report.add_finding(FindingCode::Malformed, "the directory chain has a loop");
                return Ok(true);
            }
            seen.push(sector);
            let at = self.offset(sector);
            if at >= self.source.size() {
                return report.end_with(FindingCode::Truncated, "the directory continues after the end of the object");
            }
            // The type depends on the first sector, so that read is required. Later sectors are optional.
            let bytes = if entries.is_empty() {
                self.source.get(at, self.sector)?
            } else {
                match self.source.get_within_target(at, self.sector)? {
                    Some(bytes) => bytes,
                    None => return Ok(false),
                }
            };
            entries.extend(bytes.chunks_exact(128).filter_map(parse_entry));
            sector = match self.next(sector)? {
                Some(next) => next,
                None => return Ok(false),
            };
        }
        Ok(false)
    }

    /// The next sector in the allocation table; `None` if the table was not read.
    fn next(&self, sector: u32) -> Result<Option<u32>, MissingRange> {
        let per_table = u32::try_from(self.sector / 4).unwrap_or(128);
        let (table, slot) = (sector / per_table, sector % per_table);
        // The header lists 109 tables, enough for 6.8 MiB with 512-byte sectors. Further tables would cost more reads.
        if table >= 109 {
            return Ok(None);
        }
        let Some(place) = le32(self.head, 76 + 4 * to_usize(table.into())) else { return Ok(None) };
        if place >= FIRST_MARKER {
            return Ok(None);
        }
        let at = self.offset(place).saturating_add(u64::from(slot) * 4);
        Ok(self.source.get_within_target(at, 4)?.and_then(|bytes| le32(bytes, 0)))
    }
}

fn parse_entry(bytes: &[u8]) -> Option<Entry> {
    let chars = usize::from(le16(bytes, 64)?.min(64)) / 2;
    let units = slice_at(bytes, 0, chars.saturating_sub(1) * 2)
        .chunks_exact(2)
        .filter_map(|pair| array(pair, 0).map(u16::from_le_bytes));
    Some(Entry {
        name: char::decode_utf16(units).map(|c| c.unwrap_or('?')).collect(),
        kind: *bytes.get(66)?,
        left: le32(bytes, 68)?,
        right: le32(bytes, 72)?,
        child: le32(bytes, 76)?,
        class: array(bytes, 80)?,
        start: le32(bytes, 116)?,
        len: le32(bytes, 120)?,
    })
}

/// The entries directly under the root. Embedded documents have the same names in storages of their own, so the other
/// entries do not decide.
fn root_entries(entries: &[Entry]) -> Vec<&Entry> {
    let mut found = Vec::new();
    let mut open: Vec<u32> = entries.first().map(|root| root.child).into_iter().collect();
    let mut seen = vec![false; entries.len()];
    while let Some(id) = open.pop() {
        let at = to_usize(id.into());
        let (Some(entry), Some(mark)) = (entries.get(at), seen.get_mut(at)) else { continue };
        if std::mem::replace(mark, true) {
            continue;
        }
        found.push(entry);
        open.extend([entry.left, entry.right]);
    }
    found
}

/// The first four bytes of root class identifiers, as stored.
static CLASSES: Table<(Vec<u8>, &str)> =
    Table::new(|| bytes_table(include_str!("../../data/compound-file-classes.tsv")));

/// Types whose class identifier is better evidence than the streams, which they share with other types.
const FIRST_CLASSES: &[&str] = &["application/x-msi", "application/x-mspublisher", "application/vnd.ms-project"];

/// Names of streams and storages that decide the type, the strongest evidence first.
static NAMES: Table<(Vec<u8>, &str)> = Table::new(|| bytes_table(include_str!("../../data/compound-file-names.tsv")));

fn identify(entries: &[Entry], complete: bool, report: &mut Report) {
    let top = root_entries(entries);
    // Names are compared without case ([MS-CFB], section 2.6.4); some programs write capitals only.
    let is_named = |entry: &Entry, name: &[u8]| entry.name.as_bytes().eq_ignore_ascii_case(name);
    let known = |entry: &Entry| NAMES.iter().find(|(name, _)| is_named(entry, name)).map(|(_, kind)| *kind);
    let listed = NAMES.iter().find(|(name, _)| top.iter().any(|entry| is_named(entry, name))).map(|(_, kind)| *kind);
    // If the tree is incomplete, the first known name decides, because programs write their own stream first.
    let named = listed.or_else(|| if complete { None } else { entries.iter().find_map(known) });
    let class = entries.first().and_then(|root| {
        let id = root.class;
        let ole =
            slice_at(&id, 4, 12) == b"\0\0\0\0\xc0\0\0\0\0\0\0\x46" || slice_at(&id, 0, 4) == [0x3a, 0x8f, 0xb7, 0x74];
        CLASSES.iter().find(|(start, _)| ole && slice_at(&id, 0, 4) == start).map(|(_, kind)| *kind)
    });
    let project = top.iter().any(|entry| {
        entry.name.trim_start() == "114" || entry.name == "Props9" || entry.name == "Props12" || entry.name == "Props14"
    });
    // Installers encode stream names in CJK characters. Names of tables begin with U+4840.
    let installer = top.iter().filter(|entry| entry.name.starts_with('\u{4840}')).count() > 3;
    let kind = match () {
        () if named == Some("application/encrypted-ooxml") => named,
        () if class.is_some_and(|class| FIRST_CLASSES.contains(&class)) => class,
        () if named.is_some() => named,
        () if project => Some("application/vnd.ms-project"),
        () if installer => Some("application/x-msi"),
        () => class,
    };
    if let Some(kind) = kind {
        report.set_type_with_parent(kind, "application/x-cfb", Confidence::Structural);
        if kind == "application/x-msi" {
            report.add_finding(FindingCode::Executable, "Windows installer package");
        }
        if kind == "application/encrypted-ooxml" {
            report.add_finding(FindingCode::Encrypted, "encrypted Office package");
        }
    }
    let storage =
        |names: &[&str]| entries.iter().any(|entry| entry.kind == STORAGE && names.contains(&entry.name.as_str()));
    if storage(&["Macros", "_VBA_PROJECT_CUR", "VBA", "_VBA_PROJECT"])
        || entries.iter().any(|entry| entry.name == "_VBA_PROJECT")
    {
        report.add_finding(FindingCode::Macros, "VBA storage");
    }
    if entries.iter().any(|entry| entry.name == "\u{1}Ole10Native" || entry.name == "Package") {
        report.add_finding(FindingCode::EmbeddedObject, "packaged object");
    }
}

/// Word has an encryption flag in its first block, Excel a record near the start. Both are checked only if they have
/// been read already.
fn check_encryption(file: &File<'_>, entries: &[Entry], report: &mut Report) {
    let stream = |names: &[&str]| {
        let entry = entries.iter().find(|entry| entry.kind == STREAM && names.contains(&entry.name.as_str()))?;
        // Shorter streams are in the mini stream, at another offset.
        (entry.len >= 4096).then(|| file.source.peek(file.offset(entry.start), 512))
    };
    let word = stream(&["WordDocument"]).and_then(|block| le16(block, 10)).is_some_and(|flags| flags & 0x0100 != 0);
    // The record FILEPASS (0x2f) directly after the first record, BOF ([MS-XLS], section 2.4.117).
    let excel = stream(&["Workbook", "Book"]).is_some_and(|block| {
        let bof = usize::from(le16(block, 2).unwrap_or(0));
        has_at(block, 4 + bof, b"\x2f\0")
    });
    if word || excel {
        report.add_finding(FindingCode::Encrypted, "the document has a password");
    }
}
