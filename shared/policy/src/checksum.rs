//! Checksums that S3 verifies.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};

/// The algorithms that a grant supports. S3 supports more (MD5, SHA-512, xxHash since 2026-04), but current SDKs and
/// browser libraries send the headers of these five only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChecksumAlgorithm {
    /// CRC-32 (ISO-HDLC)
    Crc32,
    /// CRC-32C (Castagnoli)
    Crc32c,
    /// CRC-64/NVME, which S3 computes if the client sends no checksum
    Crc64Nvme,
    /// SHA-1
    Sha1,
    /// SHA-256
    Sha256,
}

impl ChecksumAlgorithm {
    /// Every algorithm, in the order of `docs/CONTRACT.md`.
    pub const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// The name in requests and responses.
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

    /// The algorithm of this name, in upper or lower case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// The header and form field in which a client sends the value to S3.
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

    /// Whether S3 can compute the checksum of a whole multipart object from those of its parts, so that an upload can begin
    /// with the type `FULL_OBJECT`. An upload that began as `COMPOSITE` refuses a checksum of the whole object
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>, read 2026-11).
    #[must_use]
    pub fn covers_full_object(self) -> bool {
        match self {
            Self::Crc32 | Self::Crc32c | Self::Crc64Nvme => true,
            Self::Sha1 | Self::Sha256 => false,
        }
    }

    fn length_bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// An algorithm and a value of the right length, in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    algorithm: ChecksumAlgorithm,
    value: String,
}

/// Why a pair of algorithm and value is not a checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChecksum {
    /// The algorithm is not one of [`ChecksumAlgorithm::ALL`].
    #[error("unknown checksum algorithm: use crc32, crc32c, crc64nvme, sha1 or sha256")]
    Algorithm,
    /// The value is not base64 of this number of bytes.
    #[error("the checksum value must be base64 of {0} bytes")]
    Value(usize),
}

impl Checksum {
    /// Parses an algorithm's name and a base64 value.
    ///
    /// # Errors
    /// [`InvalidChecksum`] for an unknown algorithm or a value of another length.
    pub fn parse(algorithm: &str, value: &str) -> Result<Self, InvalidChecksum> {
        let algorithm = ChecksumAlgorithm::from_name(algorithm).ok_or(InvalidChecksum::Algorithm)?;
        match BASE64_STANDARD.decode(value) {
            Ok(bytes) if bytes.len() == algorithm.length_bytes() => Ok(Self { algorithm, value: value.to_owned() }),
            Ok(_) | Err(_) => Err(InvalidChecksum::Value(algorithm.length_bytes())),
        }
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> ChecksumAlgorithm {
        self.algorithm
    }

    /// The value in base64, as S3's header contains it.
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

/// Whether S3 can verify these checksums of a multipart upload: one of the whole object, and one of each part.
///
/// - CRC-64/NVME always covers the whole object.
/// - CRC-32 and CRC-32C cover the whole object if the parts have checksums of the same algorithm.
/// - SHA-1 and SHA-256 cover parts only: S3 can't compute the hash of the whole object from those of its parts.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>, read 2026-11.
///
/// # Errors
/// The reason and an alternative.
pub fn check_multipart_checksums(
    object: Option<ChecksumAlgorithm>,
    parts: Option<ChecksumAlgorithm>,
) -> Result<(), &'static str> {
    use ChecksumAlgorithm::{Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
    match (object, parts) {
        (None, _) | (Some(Crc64Nvme), None) => Ok(()),
        (Some(Sha1 | Sha256), _) => Err("S3 can't verify a SHA checksum of a whole multipart upload: \
             use crc64nvme, or set `partChecksum` for a checksum of each part"),
        (Some(object), Some(parts)) if object == parts => Ok(()),
        (Some(_), Some(_)) => Err("`checksum` and `partChecksum` must have the same algorithm"),
        (Some(Crc32 | Crc32c), None) => {
            Err("this algorithm requires checksums of the parts too: set `partChecksum`, or use crc64nvme")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_checks_algorithm_and_length() {
        for algorithm in ChecksumAlgorithm::ALL {
            let check = |length| Checksum::parse(algorithm.name(), &BASE64_STANDARD.encode(vec![7; length]));
            assert!(check(algorithm.length_bytes()).is_ok());
            assert_eq!(check(algorithm.length_bytes() - 1), Err(InvalidChecksum::Value(algorithm.length_bytes())));
            assert_eq!(check(algorithm.length_bytes() + 1), Err(InvalidChecksum::Value(algorithm.length_bytes())));
        }
        assert_eq!(Checksum::parse("md5", ""), Err(InvalidChecksum::Algorithm));
        assert_eq!(Checksum::parse("crc32", "not base64"), Err(InvalidChecksum::Value(4)));
    }
}
