//! The ranges that a caller reads.

/// A range of an object to read.
///
/// A range inside a [`Step::Read`](crate::Step::Read) is never empty and always lies inside the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The offset of the first byte, in bytes from the start of the object.
    pub start: u64,
    /// The length in bytes.
    pub len: u64,
}
