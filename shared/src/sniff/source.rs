//! What of an object has been read so far, and how a reader asks for more.

use super::ByteRange;
use super::bytes::{index, part, size};

/// The first read, and the least a later one brings. Readers follow the structure, so that less or more of a head
/// knows hardly more types (`cargo xtask bench sniff` with another number here tells); 16 KiB see past the 9 kB of
/// blanks that one of the attacks puts in front of HTML. A GET costs the same for one byte as for these.
pub(super) const WINDOW: u64 = 16 * 1024;

/// When no more than this is unread, one read fetches all of it: one GET instead of two or three.
const SWEEP: u64 = 48 * 1024;

/// What a reader may ask for without having to.
const TARGET: Budget = Budget { reads: 4, bytes: 160 * 1024 };

/// What no reader ever passes.
const LIMIT: Budget = Budget { reads: 8, bytes: 512 * 1024 };

struct Budget {
    reads: u32,
    bytes: u64,
}

/// A reader cannot go on without this range. Returned as an error, so that `?` is how a reader asks: it is run again
/// from its start when the bytes are there. Readers are pure and cheap, so running one twice costs less than a
/// hand-written state machine in each would cost in mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    start: u64,
    len: u64,
}

/// An object as far as it has been read, with what it is said to be.
#[derive(Debug, Clone)]
pub(super) struct Source {
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

impl Source {
    pub(super) fn new(size: u64, claim: Option<String>) -> Self {
        Self { size, claim, pieces: Vec::new(), reads: 0, bytes: 0 }
    }

    /// The whole object's size.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The declared type's essence, if one was declared.
    pub(super) fn claim(&self) -> Option<&str> {
        self.claim.as_deref()
    }

    pub(super) fn reads(&self) -> u32 {
        self.reads
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The bytes from 0 on that have been read.
    pub(super) fn head(&self) -> &[u8] {
        self.pieces.iter().find(|piece| piece.start == 0).map_or(&[], |piece| &piece.bytes)
    }

    /// The last `len` bytes.
    pub(super) fn tail(&self, len: u64) -> Result<&[u8], Need> {
        let len = len.min(self.size);
        self.get(self.size.saturating_sub(len), len)
    }

    /// `len` bytes at `start`, fewer where the object ends, none past it.
    pub(super) fn get(&self, start: u64, len: u64) -> Result<&[u8], Need> {
        let len = len.min(self.size.saturating_sub(start));
        let found = self.peek(start, len);
        if size(found.len()) == len { Ok(found) } else { Err(Need { start, len }) }
    }

    /// What has been read at `start`, at most `len` bytes; never asks.
    pub(super) fn peek(&self, start: u64, len: u64) -> &[u8] {
        self.pieces
            .iter()
            .find_map(|piece| {
                let at = index(start.checked_sub(piece.start)?);
                (at < piece.bytes.len()).then(|| part(&piece.bytes, at, index(len)))
            })
            .unwrap_or_default()
    }

    /// As [`Source::get`], but `None` where that would pass the budget a healthy object stays in.
    pub(super) fn spare(&self, start: u64, len: u64) -> Result<Option<&[u8]>, Need> {
        match self.get(start, len) {
            Ok(found) => Ok(Some(found)),
            Err(need) => {
                let range = self.widen(need);
                let within = self.reads < TARGET.reads && self.bytes.saturating_add(range.len) <= TARGET.bytes;
                if within { Err(need) } else { Ok(None) }
            }
        }
    }

    /// Whether every byte has been read.
    pub(super) fn whole(&self) -> bool {
        size(self.head().len()) >= self.size
    }

    /// All windows read so far, in order.
    pub(super) fn windows(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.pieces.iter().map(|piece| (piece.start, piece.bytes.as_slice()))
    }

    /// The read that answers `need`, or `None` past the hard limit.
    pub(super) fn plan(&self, need: Need) -> Option<ByteRange> {
        let range = self.widen(need);
        let within = self.reads < LIMIT.reads && self.bytes.checked_add(range.len)? <= LIMIT.bytes;
        (within && range.len > 0).then_some(range)
    }

    /// Skips what is there already and rounds up to what costs no more.
    fn widen(&self, need: Need) -> ByteRange {
        let end = need.start.saturating_add(need.len).min(self.size);
        let known = size(self.peek(need.start, need.len).len());
        let start = need.start.saturating_add(known).min(end);
        let head = size(self.head().len());
        let rest = self.size.saturating_sub(head);
        if rest <= SWEEP {
            return ByteRange { start: head, len: rest };
        }
        let wanted = end.saturating_sub(start).max(WINDOW);
        if self.size.saturating_sub(start) < wanted {
            let start = self.size.saturating_sub(wanted).max(head).min(start);
            return ByteRange { start, len: self.size.saturating_sub(start) };
        }
        ByteRange { start, len: wanted }
    }

    /// Takes in the bytes of a read; adjacent pieces become one, so that a range may lie across them.
    pub(super) fn store(&mut self, start: u64, bytes: &[u8]) {
        self.reads = self.reads.saturating_add(1);
        self.bytes = self.bytes.saturating_add(size(bytes.len()));
        self.pieces.push(Piece { start, bytes: bytes.to_vec() });
        self.pieces.sort_by_key(|piece| piece.start);
        let mut merged: Vec<Piece> = Vec::with_capacity(self.pieces.len());
        for piece in self.pieces.drain(..) {
            if let Some(last) = merged.last_mut() {
                let end = last.start.saturating_add(size(last.bytes.len()));
                if piece.start <= end {
                    let overlap = index(end.saturating_sub(piece.start));
                    last.bytes.extend_from_slice(piece.bytes.get(overlap..).unwrap_or_default());
                    continue;
                }
            }
            merged.push(piece);
        }
        self.pieces = merged;
    }
}
