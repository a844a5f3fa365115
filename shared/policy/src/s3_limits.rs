//! S3's own limits, in one place, with where they come from. A policy can override them for another store.

use crate::size::ByteSize;

/// What the store itself allows. Sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreLimits {
    /// The largest object: 10,000 parts of 5 GiB, "48.8 TiB"
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>, read 2026-11).
    pub object: ByteSize,
    /// The largest body of one PUT or POST: 5 GiB, which S3's pages call "5 GB" (same page).
    pub single_request: ByteSize,
    /// The smallest part but for the last: 5 MiB (same page).
    pub part_min: ByteSize,
    /// The largest part: 5 GiB (same page).
    pub part_max: ByteSize,
    /// How many parts make an object at most: 10,000 (same page).
    pub parts: u32,
}

impl StoreLimits {
    /// Amazon S3, November 2026.
    pub const S3: Self = Self {
        object: ByteSize::from_bytes(10_000 * (5 << 30)),
        single_request: ByteSize::from_bytes(5 << 30),
        part_min: ByteSize::from_bytes(5 << 20),
        part_max: ByteSize::from_bytes(5 << 30),
        parts: 10_000,
    };

    /// What the largest parts in the largest number hold.
    #[must_use]
    pub const fn most_in_parts(self) -> ByteSize {
        ByteSize::from_bytes(self.part_max.bytes().saturating_mul(self.parts as u64))
    }
}

/// All user metadata of one object together, names without their `x-amz-meta-` prefix, in bytes
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>, read 2026-11).
pub const USER_METADATA: usize = 2048;

/// The longest life of a presigned URL, in seconds: seven days (query authentication, read 2026-11).
pub const MAX_URL_LIFE: u64 = 604_800;
