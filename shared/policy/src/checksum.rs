//! Checksums that S3 itself can verify.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};

/// The algorithms a grant can bind. S3 knows more (MD5, SHA-512, xxHash since 2026-04); these five have a
/// header that every SDK and browser library of today can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChecksumAlgorithm {
    /// CRC-32 (ISO-HDLC)
    Crc32,
    /// CRC-32C (Castagnoli)
    Crc32c,
    /// CRC-64/NVME, what S3 computes when the client sends nothing
    Crc64Nvme,
    /// SHA-1
    Sha1,
    /// SHA-256
    Sha256,
}

impl ChecksumAlgorithm {
    /// Every algorithm, in the order of the documents.
    pub const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// The name callers use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "crc32",
            Self::Crc32c => "crc32c",
            Self::Crc64Nvme => "crc64nvme",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// The algorithm of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name))
    }

    /// The header (and POST field) that carries the value to S3.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// Whether S3 knows it for an object in parts only as one of the whole
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>, read 2026-11).
    #[must_use]
    pub fn always_whole(self) -> bool {
        match self {
            Self::Crc64Nvme => true,
            Self::Crc32 | Self::Crc32c | Self::Sha1 | Self::Sha256 => false,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// One checksum: an algorithm and its value, base64 of exactly as many bytes as the algorithm gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    algorithm: ChecksumAlgorithm,
    value: String,
}

/// A pair that is no checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChecksum {
    /// The name is not one of [`ChecksumAlgorithm::ALL`].
    #[error("unknown algorithm: use crc32, crc32c, crc64nvme, sha1 or sha256")]
    Algorithm,
    /// The value is not base64 of that many bytes.
    #[error("the value must be base64 of {0} bytes")]
    Value(usize),
}

impl Checksum {
    /// Reads an algorithm's name and a base64 value.
    ///
    /// # Errors
    /// [`InvalidChecksum`] for an unknown algorithm or a value of another length.
    pub fn parse(algorithm: &str, value: &str) -> Result<Self, InvalidChecksum> {
        let algorithm = ChecksumAlgorithm::named(algorithm).ok_or(InvalidChecksum::Algorithm)?;
        match BASE64_STANDARD.decode(value) {
            Ok(bytes) if bytes.len() == algorithm.bytes() => Ok(Self { algorithm, value: value.to_owned() }),
            Ok(_) | Err(_) => Err(InvalidChecksum::Value(algorithm.bytes())),
        }
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> ChecksumAlgorithm {
        self.algorithm
    }

    /// The value as S3's header wants it.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_must_fit_the_algorithm() {
        for algorithm in ChecksumAlgorithm::ALL {
            let check = |length| Checksum::parse(algorithm.name(), &BASE64_STANDARD.encode(vec![7; length]));
            assert!(check(algorithm.bytes()).is_ok());
            assert_eq!(check(algorithm.bytes() - 1), Err(InvalidChecksum::Value(algorithm.bytes())));
            assert_eq!(check(algorithm.bytes() + 1), Err(InvalidChecksum::Value(algorithm.bytes())));
        }
        assert_eq!(Checksum::parse("md5", ""), Err(InvalidChecksum::Algorithm));
        assert_eq!(Checksum::parse("crc32", "not base64"), Err(InvalidChecksum::Value(4)));
    }
}
