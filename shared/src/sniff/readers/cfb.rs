//! Compound files (OLE): old Office, Outlook messages, installers, encrypted new Office. The type is in the names of the
//! directory, which can lie anywhere: the header says where, and each step follows the allocation table.
//!
//! Structure after [MS-CFB] 2.1 to 2.6 (Microsoft).

use crate::sniff::bytes::{array, has, le16, le32, part};
use crate::sniff::report::Report;
use crate::sniff::source::{Need, Source, WINDOW};
use crate::sniff::{Confidence, FindingCode};

/// The most directory sectors followed: 2,048 entries of 512-byte sectors. Larger directories belong to installers.
const MOST_SECTORS: usize = 512;

/// Sector numbers from here on are marks, not sectors.
const SPECIAL: u32 = 0xffff_fffa;

pub(super) fn test(head: &[u8]) -> bool {
    has(head, 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    report.is("application/x-cfb", Confidence::Signature);
    let shift = le16(head, 30).unwrap_or(0);
    let (Some(start), 9 | 12) = (le32(head, 48), shift) else {
        report.find(FindingCode::Stub, "no directory");
        return Ok(());
    };
    let file = File { source, head, sector: 1u64 << shift };
    let mut entries = Vec::new();
    let complete = file.directory(start, &mut entries, report)?;
    if entries.first().is_none_or(|entry| entry.kind != ROOT) {
        report.find(FindingCode::Malformed, "no root entry");
        return Ok(());
    }
    judge(&entries, complete, report);
    if complete {
        // All names are known, and so is that none of them is of a known program.
        report.confidence = Confidence::Structural;
    } else {
        report.find(FindingCode::UnscannableMiddle, "directory read in part");
    }
    encryption(&file, &entries, report);
    if super::extras::zip_end(source.tail(22 + 64).unwrap_or_default()) {
        report.find(FindingCode::Polyglot, "ZIP directory at the end");
    }
    Ok(())
}

struct File<'a> {
    source: &'a Source,
    head: &'a [u8],
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
    class: [u8; 16],
    start: u32,
    len: u32,
}

impl File<'_> {
    fn at(&self, sector: u32) -> u64 {
        (u64::from(sector) + 1).saturating_mul(self.sector)
    }

    /// Reads the directory's sectors in order; whether all were.
    fn directory(&self, start: u32, entries: &mut Vec<Entry>, report: &mut Report) -> Result<bool, Need> {
        let mut sector = start;
        let mut seen = Vec::new();
        for _ in 0..MOST_SECTORS {
            if sector >= SPECIAL {
                return Ok(true);
            }
            if seen.contains(&sector) {
                report.find(FindingCode::Malformed, "the directory loops");
                return Ok(true);
            }
            seen.push(sector);
            let at = self.at(sector);
            if at >= self.source.size() {
                report.find(FindingCode::Truncated, "directory past the end");
                return Ok(false);
            }
            // The first sector is what the type hangs on; later ones add to it and may be let go.
            let bytes = if entries.is_empty() {
                self.source.get(at, self.sector)?
            } else {
                match self.source.spare(at, self.sector)? {
                    Some(bytes) => bytes,
                    None => return Ok(false),
                }
            };
            entries.extend(bytes.chunks_exact(128).filter_map(entry));
            sector = match self.next(sector)? {
                Some(next) => next,
                None => return Ok(false),
            };
        }
        Ok(false)
    }

    /// What the allocation table says comes after a sector.
    fn next(&self, sector: u32) -> Result<Option<u32>, Need> {
        let per_table = u32::try_from(self.sector / 4).unwrap_or(128);
        let (table, slot) = (sector / per_table, sector % per_table);
        // 109 tables are listed in the header: 6.8 MiB of file at 512-byte sectors. Later ones hang on a chain of their
        // own, which is not worth its reads.
        if table >= 109 {
            return Ok(None);
        }
        let Some(place) = le32(self.head, 76 + 4 * crate::sniff::bytes::index(table.into())) else { return Ok(None) };
        if place >= SPECIAL {
            return Ok(None);
        }
        let at = self.at(place).saturating_add(u64::from(slot) * 4);
        Ok(self.source.spare(at, 4)?.and_then(|bytes| le32(bytes, 0)))
    }
}

fn entry(bytes: &[u8]) -> Option<Entry> {
    let chars = usize::from(le16(bytes, 64)?.min(64)) / 2;
    let units = part(bytes, 0, chars.saturating_sub(1) * 2)
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

/// The entries directly under the root. Embedded documents bring the same names in storages of their own, so a flat
/// search would take a presentation with a table in it for a workbook.
fn top(entries: &[Entry]) -> Vec<&Entry> {
    let mut found = Vec::new();
    let mut open: Vec<u32> = entries.first().map(|root| root.child).into_iter().collect();
    let mut seen = vec![false; entries.len()];
    while let Some(id) = open.pop() {
        let at = crate::sniff::bytes::index(id.into());
        let (Some(entry), Some(mark)) = (entries.get(at), seen.get_mut(at)) else { continue };
        if std::mem::replace(mark, true) {
            continue;
        }
        found.push(entry);
        open.extend([entry.left, entry.right]);
    }
    found
}

/// Root class identifiers, as they lie in the file.
const CLASSES: &[([u8; 4], &str)] = &[
    ([0x84, 0x10, 0x0c, 0x00], "application/x-msi"),
    ([0x86, 0x10, 0x0c, 0x00], "application/x-msi"),
    ([0x82, 0x10, 0x0c, 0x00], "application/x-msi"),
    ([0x01, 0x12, 0x02, 0x00], "application/x-mspublisher"),
    ([0x3a, 0x8f, 0xb7, 0x74], "application/vnd.ms-project"),
    ([0x0b, 0x0d, 0x02, 0x00], "application/vnd.ms-outlook"),
];

/// Names that decide, the surest first.
const NAMES: &[(&str, &str)] = &[
    ("EncryptedPackage", "application/encrypted-ooxml"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("PP40", "application/vnd.ms-powerpoint"),
    ("PP97_DUALSTORAGE", "application/vnd.ms-powerpoint"),
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("VisioDocument", "application/vnd.visio"),
    ("Quill", "application/x-mspublisher"),
    ("HwpSummaryInformation", "application/x-hwp"),
    ("\u{5}HwpSummaryInformation", "application/x-hwp"),
    ("TBkndTask", "application/vnd.ms-project"),
    ("MatOST", "application/vnd.ms-works"),
    ("SPELLING", "application/vnd.ms-works"),
];

fn judge(entries: &[Entry], complete: bool, report: &mut Report) {
    let top = top(entries);
    // Names are equal in any case ([MS-CFB] 2.6.4), and some programs write them all in capitals.
    let known =
        |entry: &Entry| NAMES.iter().find(|(name, _)| entry.name.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind);
    let listed = NAMES
        .iter()
        .find(|(name, _)| top.iter().any(|entry| entry.name.eq_ignore_ascii_case(name)))
        .map(|(_, kind)| *kind);
    // With a part of the tree missing, order is the next best witness: programs write their own stream first.
    let named = listed.or_else(|| if complete { None } else { entries.iter().find_map(known) });
    let class = entries.first().and_then(|root| {
        let id = root.class;
        let ole = part(&id, 4, 12) == b"\0\0\0\0\xc0\0\0\0\0\0\0\x46" || part(&id, 0, 4) == [0x3a, 0x8f, 0xb7, 0x74];
        CLASSES.iter().find(|(start, _)| ole && part(&id, 0, 4) == start).map(|(_, kind)| *kind)
    });
    let project = top.iter().any(|entry| {
        entry.name.trim_start() == "114" || entry.name == "Props9" || entry.name == "Props12" || entry.name == "Props14"
    });
    // Streams of an installer have names coded into private characters; `!` + table names give U+4840 first.
    let installer = top.iter().filter(|entry| entry.name.starts_with('\u{4840}')).count() > 3;
    let kind = match () {
        () if named == Some("application/encrypted-ooxml") => named,
        () if class.is_some() && class != Some("application/vnd.ms-outlook") => class,
        () if named.is_some() => named,
        () if project => Some("application/vnd.ms-project"),
        () if installer => Some("application/x-msi"),
        () => class,
    };
    if let Some(kind) = kind {
        report.is_kind_of(kind, "application/x-cfb", Confidence::Structural);
        if kind == "application/x-msi" {
            report.find(FindingCode::Executable, "an installer");
        }
        if kind == "application/encrypted-ooxml" {
            report.find(FindingCode::Encrypted, "encrypted Office package");
        }
    }
    let storage =
        |names: &[&str]| entries.iter().any(|entry| entry.kind == STORAGE && names.contains(&entry.name.as_str()));
    if storage(&["Macros", "_VBA_PROJECT_CUR", "VBA", "_VBA_PROJECT"])
        || entries.iter().any(|entry| entry.name == "_VBA_PROJECT")
    {
        report.find(FindingCode::Macros, "VBA storage");
    }
    if entries.iter().any(|entry| entry.name == "\u{1}Ole10Native" || entry.name == "Package") {
        report.find(FindingCode::EmbeddedObject, "packaged object");
    }
}

/// Word says in its first block whether it is encrypted, Excel in a record near the start; looked at where it's been
/// read anyway.
fn encryption(file: &File<'_>, entries: &[Entry], report: &mut Report) {
    let stream = |names: &[&str]| {
        let entry = entries.iter().find(|entry| entry.kind == STREAM && names.contains(&entry.name.as_str()))?;
        // Streams below 4,096 bytes live in the mini stream, elsewhere.
        (entry.len >= 4096).then(|| file.source.peek(file.at(entry.start), 512))
    };
    let word = stream(&["WordDocument"]).and_then(|block| le16(block, 10)).is_some_and(|flags| flags & 0x0100 != 0);
    // Record 0x2f (FILEPASS) directly after the first (BOF).
    let excel = stream(&["Workbook", "Book"]).is_some_and(|block| {
        let bof = usize::from(le16(block, 2).unwrap_or(0));
        has(block, 4 + bof, b"\x2f\0")
    });
    if word || excel {
        report.find(FindingCode::Encrypted, "document password");
    }
}
