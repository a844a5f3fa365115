//! Bounds-checked access to byte slices. Offsets and lengths from a file are untrusted, so no function here panics.

use memchr::{memchr2_iter, memmem};

/// `N` bytes at `at`, or `None` if the slice ends before.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// The little-endian 16-bit number at `at`.
pub(crate) fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

/// The little-endian 32-bit number at `at`.
pub(crate) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// The little-endian 64-bit number at `at`.
pub(crate) fn le64(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

/// The big-endian 16-bit number at `at`.
pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// The big-endian 32-bit number at `at`.
pub(crate) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

/// The big-endian 64-bit number at `at`.
pub(crate) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}

/// At most `len` bytes from `at` on; empty after the end.
pub(crate) fn slice_at(bytes: &[u8], at: usize, len: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.get(..len).unwrap_or(rest)
}

/// Whether `needle` is at `at`.
pub(crate) fn has_at(bytes: &[u8], at: usize, needle: &[u8]) -> bool {
    slice_at(bytes, at, needle.len()) == needle
}

/// The offset of the first `needle`.
pub(crate) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    memmem::find(bytes, needle)
}

/// The offset of the last `needle`.
pub(crate) fn rfind(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    memmem::rfind(bytes, needle)
}

/// Whether any of `needles` is in `bytes`.
pub(crate) fn contains_any(bytes: &[u8], needles: &[&[u8]]) -> bool {
    needles.iter().any(|needle| find(bytes, needle).is_some())
}

/// The offset of the first `needle`, ignoring ASCII case. `needle` is in lower case.
pub(crate) fn find_ignore_case(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    memchr2_iter(first, first.to_ascii_uppercase(), bytes)
        .find(|&at| slice_at(bytes, at, needle.len()).eq_ignore_ascii_case(needle))
}

/// A number from a file as an index. Numbers that do not fit become `usize::MAX`, which no slice contains.
pub(crate) fn to_usize(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// A slice length as a file size.
pub(crate) fn to_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
