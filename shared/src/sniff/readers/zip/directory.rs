//! The end record and the central directory (APPNOTE 6.3.10, PKWARE, 2022, sections 4.3.12 to 4.3.16).

use memchr::memmem;

use crate::sniff::bytes::{has, le16, le32, le64, part, size};
use crate::sniff::source::{Need, Source};

/// The end of central directory record.
#[derive(Debug, Clone)]
pub(super) struct End {
    /// Where the record stands.
    at: u64,
    /// How many entries it counts.
    pub(super) count: u64,
    /// The directory's length.
    len: u64,
    /// Where the directory is said to start.
    start: u64,
    /// Where the bytes that follow the directory begin: this record, or a ZIP64 one before it.
    limit: u64,
    /// Bytes after the comment.
    pub(super) rest: u64,
    /// Whether a second record would do as well.
    pub(super) twice: bool,
}

const RECORD: usize = 22;

impl End {
    /// Searches the object's last bytes. A record whose comment ends where the object ends is the right one; without
    /// such, the last is taken and what follows it counted.
    pub(super) fn find(tail: &[u8], object: u64) -> Option<Self> {
        let base = object.checked_sub(size(tail.len()))?;
        let mut exact: Option<Self> = None;
        let mut loose: Option<Self> = None;
        for at in memmem::rfind_iter(tail, b"PK\x05\x06") {
            let Some(found) = Self::parse(tail, at, base) else { continue };
            match &mut exact {
                // An end record inside the comment of an earlier one: readers that search from the front and from the
                // back disagree.
                Some(last) if found.rest == 0 => last.twice = true,
                None if found.rest == 0 => exact = Some(found),
                _ if loose.is_none() => loose = Some(found),
                _ => {}
            }
        }
        exact.or(loose)
    }

    fn parse(tail: &[u8], at: usize, base: u64) -> Option<Self> {
        let end = at + RECORD + usize::from(le16(tail, at + 20)?);
        let rest = tail.len().checked_sub(end)?;
        let place = base + size(at);
        Some(Self {
            at: place,
            count: le16(tail, at + 10)?.into(),
            len: le32(tail, at + 12)?.into(),
            start: le32(tail, at + 16)?.into(),
            limit: place,
            rest: size(rest),
            twice: false,
        })
    }

    /// Takes the numbers of the ZIP64 record where this one is full.
    pub(super) fn with_zip64(mut self, source: &Source) -> Result<Self, Need> {
        let full = self.count == 0xffff || self.len == 0xffff_ffff || self.start == 0xffff_ffff;
        let Some(locator_at) = self.at.checked_sub(20).filter(|_| full) else { return Ok(self) };
        let locator = source.get(locator_at, 20)?;
        let Some(at) = le64(locator, 8).filter(|_| has(locator, 0, b"PK\x06\x07")) else { return Ok(self) };
        let record = source.get(at, 56)?;
        if let (true, Some(count), Some(len), Some(start)) =
            (has(record, 0, b"PK\x06\x06"), le64(record, 32), le64(record, 40), le64(record, 48))
        {
            (self.count, self.len, self.start, self.limit) = (count, len, start, at);
        }
        Ok(self)
    }

    /// Where the directory really is: directly before the end, wherever it is said to start.
    pub(super) fn place(&self, object: u64) -> Option<(u64, u64)> {
        let start = self.limit.checked_sub(self.len)?;
        (start < object || self.len == 0).then_some((start, self.len))
    }

    /// How much further back everything lies than it says: bytes put in front, as in a self-extracting archive.
    pub(super) fn shift(&self, object: u64) -> u64 {
        self.place(object).map_or(0, |(start, _)| start.saturating_sub(self.start))
    }

    /// Whether the directory is said to start later than it can.
    pub(super) fn ahead(&self, object: u64) -> bool {
        self.place(object).is_some_and(|(start, _)| start < self.start)
    }
}

/// One file in the directory.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a [u8],
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) packed: u64,
    pub(super) unpacked: u64,
    /// Where its local header is.
    pub(super) offset: u64,
    /// Unix mode, where the maker was Unix.
    pub(super) mode: u16,
}

impl Entry<'_> {
    pub(super) fn encrypted(&self) -> bool {
        self.flags & 1 != 0
    }
}

/// The entries, as many as were read.
pub(super) struct Directory<'a> {
    pub(super) entries: Vec<Entry<'a>>,
}

impl<'a> Directory<'a> {
    pub(super) fn parse(bytes: &'a [u8], shift: u64) -> Self {
        let mut entries = Vec::new();
        let mut at = 0usize;
        while let Some((entry, next)) = Self::entry(bytes, at, shift) {
            entries.push(entry);
            at = next;
        }
        Self { entries }
    }

    fn entry(bytes: &'a [u8], at: usize, shift: u64) -> Option<(Entry<'a>, usize)> {
        if !has(bytes, at, b"PK\x01\x02") {
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
        entry.widen(part(bytes, at + 46 + name, extra));
        entry.offset = entry.offset.saturating_add(shift);
        Some((entry, at + 46 + name + extra + comment))
    }

    /// An entry by its exact name.
    pub(super) fn named(&self, name: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.name == name.as_bytes())
    }

    /// Whether any name ends so, in any case.
    pub(super) fn any(&self, test: impl Fn(&[u8]) -> bool) -> bool {
        self.entries.iter().any(|entry| test(entry.name))
    }
}

impl Entry<'_> {
    /// The ZIP64 extra field holds, in this order, only those numbers that did not fit.
    fn widen(&mut self, extra: &[u8]) {
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
