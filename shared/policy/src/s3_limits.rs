//! Limits of S3, with their sources. A policy can override [`StoreLimits`] for another store.

use std::time::Duration;

use crate::size::ByteSize;

/// Limits of the object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreLimits {
    /// The largest object. On S3 10,000 parts of 5 GiB, "48.8 TiB"
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>, read 2026-11).
    pub object: ByteSize,
    /// The largest body of one PUT or POST. On S3 5 GiB, which its pages call "5 GB" (same page).
    pub single_request: ByteSize,
    /// The smallest part, except for the last one. On S3 5 MiB (same page).
    pub part_min: ByteSize,
    /// The largest part. On S3 5 GiB (same page).
    pub part_max: ByteSize,
    /// The largest number of parts. On S3 10,000 (same page).
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

    /// The size of an object with the largest number of the largest parts.
    #[must_use]
    pub const fn max_multipart_size(self) -> ByteSize {
        ByteSize::from_bytes(self.part_max.bytes().saturating_mul(self.parts as u64))
    }
}

/// All user metadata of one object together: values, and names without their `x-amz-meta-` prefix
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>, read 2026-11).
pub const MAX_USER_METADATA_BYTES: usize = 2048;

/// The longest life of a presigned URL: seven days
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>, read 2026-11).
pub const MAX_URL_LIFE: Duration = Duration::from_hours(7 * 24);
