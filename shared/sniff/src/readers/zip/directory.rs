//! The end of central directory record and the central directory
//! ([APPNOTE 6.3.10](https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), PKWARE, 2022, sections 4.3.12 to
//! 4.3.16).

use memchr::memmem;

use crate::bytes::{has_at, le16, le32, le64, slice_at, to_u64};
use crate::source::{MissingRange, Source};

/// The end of central directory record.
#[derive(Debug, Clone)]
pub(crate) struct EndRecord {
    /// The offset of the record.
    offset: u64,
    /// The declared number of entries.
    pub(crate) count: u64,
    /// The length of the directory in bytes.
    len: u64,
    /// The declared offset of the directory.
    start: u64,
    /// The offset of the first record after the directory: this one, or a ZIP64 record before it.
    limit: u64,
    /// The number of bytes after the comment.
    pub(crate) trailing: u64,
    /// Whether a second record also ends where the object ends.
    pub(crate) ambiguous: bool,
}

/// The length of the record without its comment.
const RECORD_BYTES: usize = 22;

impl EndRecord {
    /// Searches `tail`, the last bytes of an object of `object_size` bytes.
    ///
    /// The last record whose comment ends where the object ends is the right one. If there is none, the result is the
    /// last record, followed by trailing bytes.
    pub(crate) fn find(tail: &[u8], object_size: u64) -> Option<Self> {
        let base = object_size.checked_sub(to_u64(tail.len()))?;
        let mut exact: Option<Self> = None;
        let mut loose: Option<Self> = None;
        for at in memmem::rfind_iter(tail, b"PK\x05\x06") {
            let Some(found) = Self::parse(tail, at, base) else { continue };
            match &mut exact {
                // An end record inside the comment of an earlier one: programs that search forwards and backwards
                // disagree.
                Some(last) if found.trailing == 0 => last.ambiguous = true,
                None if found.trailing == 0 => exact = Some(found),
                _ if loose.is_none() => loose = Some(found),
                _ => {}
            }
        }
        exact.or(loose)
    }

    fn parse(tail: &[u8], at: usize, base: u64) -> Option<Self> {
        let end = at + RECORD_BYTES + usize::from(le16(tail, at + 20)?);
        let trailing = tail.len().checked_sub(end)?;
        let offset = base + to_u64(at);
        Some(Self {
            offset,
            count: le16(tail, at + 10)?.into(),
            len: le32(tail, at + 12)?.into(),
            start: le32(tail, at + 16)?.into(),
            limit: offset,
            trailing: to_u64(trailing),
            ambiguous: false,
        })
    }

    /// Takes the values of the ZIP64 record if a field of this record has its maximum value.
    pub(crate) fn with_zip64(mut self, source: &Source) -> Result<Self, MissingRange> {
        let overflowed = self.count == 0xffff || self.len == 0xffff_ffff || self.start == 0xffff_ffff;
        let Some(locator_at) = self.offset.checked_sub(20).filter(|_| overflowed) else { return Ok(self) };
        let locator = source.get(locator_at, 20)?;
        let Some(at) = le64(locator, 8).filter(|_| has_at(locator, 0, b"PK\x06\x07")) else { return Ok(self) };
        let record = source.get(at, 56)?;
        if let (true, Some(count), Some(len), Some(start)) =
            (has_at(record, 0, b"PK\x06\x06"), le64(record, 32), le64(record, 40), le64(record, 48))
        {
            (self.count, self.len, self.start, self.limit) = (count, len, start, at);
        }
        Ok(self)
    }

    /// Offset and length of the directory. It is directly before the end record, whatever offset is declared.
    pub(crate) fn directory(&self, object_size: u64) -> Option<(u64, u64)> {
        let start = self.limit.checked_sub(self.len)?;
        (start < object_size || self.len == 0).then_some((start, self.len))
    }

    /// The number of bytes before the archive that its offsets do not count, as in a self-extracting archive.
    pub(crate) fn shift(&self, object_size: u64) -> u64 {
        self.directory(object_size).map_or(0, |(start, _)| start.saturating_sub(self.start))
    }

    /// Whether the declared offset is after the start of the directory.
    pub(crate) fn starts_too_late(&self, object_size: u64) -> bool {
        self.directory(object_size).is_some_and(|(start, _)| start < self.start)
    }
}

/// One entry of the directory.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) flags: u16,
    /// The compression method: 0 is stored, 8 is deflate.
    pub(crate) method: u16,
    /// The compressed size in bytes.
    pub(crate) packed: u64,
    /// The declared unpacked size in bytes.
    pub(crate) unpacked: u64,
    /// The offset of the local header.
    pub(crate) offset: u64,
    /// The Unix mode; 0 if the archiver did not run on Unix.
    pub(crate) mode: u16,
}

impl Entry<'_> {
    pub(crate) fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }
}

/// The entries that were read.
pub(crate) struct Directory<'a> {
    pub(crate) entries: Vec<Entry<'a>>,
}

impl<'a> Directory<'a> {
    pub(crate) fn parse(bytes: &'a [u8], shift: u64) -> Self {
        let mut entries = Vec::new();
        let mut at = 0usize;
        while let Some((entry, next)) = Self::entry(bytes, at, shift) {
            entries.push(entry);
            at = next;
        }
        Self { entries }
    }

    fn entry(bytes: &'a [u8], at: usize, shift: u64) -> Option<(Entry<'a>, usize)> {
        if !has_at(bytes, at, b"PK\x01\x02") {
            return None;
        }
        let (name, extra, comment) = (le16(bytes, at + 28)?, le16(bytes, at + 30)?, le16(bytes, at + 32)?);
        let (name, extra, comment) = (usize::from(name), usize::from(extra), usize::from(comment));
        let unix = bytes.get(at + 5) == Some(&3);
        let mut entry = Entry {
            name: bytes.get(at + 46..at + 46 + name)?,
            flags: le16(bytes, at + 8)?,
            method: le16(bytes, at + 10)?,
            packed: le32(bytes, at + 20)?.into(),
            unpacked: le32(bytes, at + 24)?.into(),
            offset: le32(bytes, at + 42)?.into(),
            mode: if unix { le16(bytes, at + 40)? } else { 0 },
        };
        entry.apply_zip64(slice_at(bytes, at + 46 + name, extra));
        entry.offset = entry.offset.saturating_add(shift);
        Some((entry, at + 46 + name + extra + comment))
    }

    /// The first entry with this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.name == name.as_bytes())
    }

    /// Whether `predicate` holds for any entry name.
    pub(crate) fn any_name(&self, predicate: impl Fn(&[u8]) -> bool) -> bool {
        self.entries.iter().any(|entry| predicate(entry.name))
    }
}

impl Entry<'_> {
    /// Takes 64-bit values from the ZIP64 extra field, which contains only the fields that overflowed (APPNOTE, 4.5.3).
    fn apply_zip64(&mut self, extra: &[u8]) {
        let mut at = 0;
        while let Some((id, len)) = le16(extra, at).zip(le16(extra, at + 2)) {
            if id == 1 {
                let mut field = at + 4;
                for number in [&mut self.unpacked, &mut self.packed, &mut self.offset] {
                    if *number == 0xffff_ffff {
                        let Some(wide) = le64(extra, field) else { return };
                        *number = wide;
                        field += 8;
                    }
                }
                return;
            }
            at += 4 + usize::from(len);
        }
    }
}
