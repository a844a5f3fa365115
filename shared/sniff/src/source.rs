//! The bytes of an object that have been read, the budget, and the next range to read.

use crate::byte_range::ByteRange;
use crate::bytes::{slice_at, to_u64, to_usize};

/// The length of the first read and the minimum length of later reads, in bytes.
///
/// Readers follow the structure of a format, so other lengths recognise about the same number of types. 16 KiB also
/// cover an attack that puts 9 kB of white space before HTML. Object stores charge a GET per request, not per byte.
pub(crate) const WINDOW_BYTES: u64 = 16 * 1024;

/// If at most this many bytes are unread, the next read fetches all of them, which saves later reads.
const READ_REST_BYTES: u64 = 48 * 1024;

/// The budget for optional reads, see [`Source::get_within_target`].
const TARGET_BUDGET: Budget = Budget { reads: 4, bytes: 160 * 1024 };

/// The hard limit per object.
const MAX_BUDGET: Budget = Budget { reads: 8, bytes: 512 * 1024 };

struct Budget {
    reads: u32,
    bytes: u64,
}

/// A range that a reader needs and that has not been read.
///
/// Readers return it as an error with `?` and run again from their start once the bytes are available. Readers are pure
/// and cheap, so a second run is simpler and safer than a state machine per reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MissingRange {
    start: u64,
    len: u64,
}

/// The parts of an object that have been read, with its size and its claimed type.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    size: u64,
    claim: Option<String>,
    pieces: Vec<Piece>,
    reads: u32,
    bytes: u64,
}

#[derive(Debug, Clone)]
struct Piece {
    start: u64,
    bytes: Vec<u8>,
}

impl MissingRange {
    /// The same range in an object that has `offset` bytes before this one.
    pub(crate) fn moved_by(self, offset: u64) -> Self {
        Self { start: self.start.saturating_add(offset), len: self.len }
    }
}

impl Source {
    /// The object without its first `offset` bytes, as far as it has been read.
    pub(crate) fn after(&self, offset: u64) -> Self {
        let rest = |piece: &Piece| Piece {
            start: piece.start.saturating_sub(offset),
            bytes: slice_at(&piece.bytes, to_usize(offset.saturating_sub(piece.start)), usize::MAX).to_vec(),
        };
        Self {
            size: self.size.saturating_sub(offset),
            claim: self.claim.clone(),
            pieces: self.pieces.iter().map(rest).collect(),
            ..*self
        }
    }

    pub(crate) fn new(size: u64, claim: Option<String>) -> Self {
        Self { size, claim, pieces: Vec::new(), reads: 0, bytes: 0 }
    }

    /// The size of the object in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The essence (`type/subtype`) of the claimed type.
    pub(crate) fn claim(&self) -> Option<&str> {
        self.claim.as_deref()
    }

    pub(crate) fn reads(&self) -> u32 {
        self.reads
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes
    }

    /// The contiguous bytes from offset 0 that have been read.
    pub(crate) fn head(&self) -> &[u8] {
        self.pieces.iter().find(|piece| piece.start == 0).map_or(&[], |piece| &piece.bytes)
    }

    /// The last `len` bytes, or the whole object if it is shorter.
    pub(crate) fn tail(&self, len: u64) -> Result<&[u8], MissingRange> {
        let len = len.min(self.size);
        self.get(self.size.saturating_sub(len), len)
    }

    /// `len` bytes at `start`; fewer at the end of the object, none after it.
    ///
    /// # Errors
    /// [`MissingRange`] if they have not been read.
    pub(crate) fn get(&self, start: u64, len: u64) -> Result<&[u8], MissingRange> {
        let len = len.min(self.size.saturating_sub(start));
        let found = self.peek(start, len);
        if to_u64(found.len()) == len { Ok(found) } else { Err(MissingRange { start, len }) }
    }

    /// At most `len` bytes at `start`, as far as they have been read. Never requests a read.
    pub(crate) fn peek(&self, start: u64, len: u64) -> &[u8] {
        self.pieces
            .iter()
            .find_map(|piece| {
                let at = to_usize(start.checked_sub(piece.start)?);
                (at < piece.bytes.len()).then(|| slice_at(&piece.bytes, at, to_usize(len)))
            })
            .unwrap_or_default()
    }

    /// Like [`Source::get`], but `None` if the read would exceed [`TARGET_BUDGET`].
    pub(crate) fn get_within_target(&self, start: u64, len: u64) -> Result<Option<&[u8]>, MissingRange> {
        match self.get(start, len) {
            Ok(found) => Ok(Some(found)),
            Err(missing) => {
                let range = self.widen(missing);
                let within =
                    self.reads < TARGET_BUDGET.reads && self.bytes.saturating_add(range.len) <= TARGET_BUDGET.bytes;
                if within { Err(missing) } else { Ok(None) }
            }
        }
    }

    /// Whether `head` is the whole object.
    pub(crate) fn is_fully_read(&self) -> bool {
        to_u64(self.head().len()) >= self.size
    }

    /// The contiguous regions read so far, with their offsets, in order.
    pub(crate) fn windows(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.pieces.iter().map(|piece| (piece.start, piece.bytes.as_slice()))
    }

    /// The read that provides `missing`, or `None` if it would exceed [`MAX_BUDGET`].
    pub(crate) fn next_read(&self, missing: MissingRange) -> Option<ByteRange> {
        let range = self.widen(missing);
        let within = self.reads < MAX_BUDGET.reads && self.bytes.checked_add(range.len)? <= MAX_BUDGET.bytes;
        (within && range.len > 0).then_some(range)
    }

    /// Skips bytes that have been read and extends the range to the minimum read length.
    fn widen(&self, missing: MissingRange) -> ByteRange {
        let end = missing.start.saturating_add(missing.len).min(self.size);
        let known = to_u64(self.peek(missing.start, missing.len).len());
        let start = missing.start.saturating_add(known).min(end);
        let head = to_u64(self.head().len());
        let rest = self.size.saturating_sub(head);
        if rest <= READ_REST_BYTES {
            return ByteRange { start: head, len: rest };
        }
        let wanted = end.saturating_sub(start).max(WINDOW_BYTES);
        if self.size.saturating_sub(start) < wanted {
            let start = self.size.saturating_sub(wanted).max(head).min(start);
            return ByteRange { start, len: self.size.saturating_sub(start) };
        }
        ByteRange { start, len: wanted }
    }

    /// Adds the bytes of a read. Adjacent pieces are merged, so that a range can span several reads.
    pub(crate) fn store(&mut self, start: u64, bytes: &[u8]) {
        self.reads = self.reads.saturating_add(1);
        self.bytes = self.bytes.saturating_add(to_u64(bytes.len()));
        self.pieces.push(Piece { start, bytes: bytes.to_vec() });
        self.pieces.sort_by_key(|piece| piece.start);
        let mut merged: Vec<Piece> = Vec::with_capacity(self.pieces.len());
        for piece in self.pieces.drain(..) {
            if let Some(last) = merged.last_mut() {
                let end = last.start.saturating_add(to_u64(last.bytes.len()));
                if piece.start <= end {
                    let overlap = to_usize(end.saturating_sub(piece.start));
                    last.bytes.extend_from_slice(piece.bytes.get(overlap..).unwrap_or_default());
                    continue;
                }
            }
            merged.push(piece);
        }
        self.pieces = merged;
    }
}
