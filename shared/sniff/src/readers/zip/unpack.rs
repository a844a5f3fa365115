//! The contents of single entries.

use super::directory::Entry;
use crate::bytes::{has_at, le16, slice_at, to_u64, to_usize};
use crate::readers::inflate::inflate;
use crate::source::{MissingRange, Source};

/// The maximum number of compressed bytes read per entry. Lists of types and relations are text and compress well.
const MAX_PACKED_BYTES: u64 = 64 * 1024;

/// Whether the reader can do without an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Importance {
    /// Read even if that exceeds the target budget.
    Required,
    /// Skip if the read would exceed the target budget.
    Optional,
}

/// The first `max_bytes` bytes of an entry.
///
/// `None` if the entry is encrypted, uses a method other than stored or deflate, has no local header, or is optional
/// and too expensive.
pub(crate) fn unpack(
    source: &Source,
    entry: &Entry<'_>,
    max_bytes: usize,
    importance: Importance,
) -> Result<Option<Vec<u8>>, MissingRange> {
    if entry.is_encrypted() || !matches!(entry.method, 0 | 8) {
        return Ok(None);
    }
    // The extra field of the local header is often longer than the one in the directory; 512 bytes are room for it.
    let span = 30 + to_u64(entry.name.len()) + 512 + entry.packed.min(MAX_PACKED_BYTES);
    let found = match importance {
        Importance::Required => Some(source.get(entry.offset, span)?),
        Importance::Optional => source.get_within_target(entry.offset, span)?,
    };
    let bytes = found.unwrap_or_default();
    let Some((name, extra)) = le16(bytes, 26).zip(le16(bytes, 28)) else { return Ok(None) };
    if !has_at(bytes, 0, b"PK\x03\x04") {
        return Ok(None);
    }
    let data = slice_at(bytes, 30 + usize::from(name) + usize::from(extra), to_usize(entry.packed));
    Ok(Some(if entry.method == 0 { slice_at(data, 0, max_bytes).to_vec() } else { inflate(data, max_bytes) }))
}

/// The first `max_bytes` bytes of an entry, from at most 4 KiB of compressed bytes.
pub(crate) fn preview(source: &Source, entry: &Entry<'_>, max_bytes: usize) -> Result<Option<Vec<u8>>, MissingRange> {
    let short = Entry { packed: entry.packed.min(4096), ..entry.clone() };
    unpack(source, &short, max_bytes, Importance::Optional)
}
