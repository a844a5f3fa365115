//! A grant as it travels with the object: one signed metadata field that the client can't change.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::checksum::Checksum;
use crate::filename::FileName;
use crate::key::OwnerId;
use crate::s3_limits::USER_METADATA;
use crate::size::ByteSize;
use content_sniff::MediaType;

/// The sizes that a grant lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeGrant {
    /// Exactly this many bytes.
    Exactly(ByteSize),
    /// Anything from `min` to `max`, both included.
    Between {
        /// The smallest size.
        min: ByteSize,
        /// The largest size.
        max: ByteSize,
    },
}

impl SizeGrant {
    /// Whether an object of `size` keeps to the grant.
    #[must_use]
    pub fn allows(self, size: ByteSize) -> bool {
        match self {
            Self::Exactly(exact) => size == exact,
            Self::Between { min, max } => (min..=max).contains(&size),
        }
    }
}

/// What was granted: all that the validator must know later. It travels inside the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whose it will be.
    pub owner: OwnerId,
    /// The class whose rules applied.
    pub class: String,
    /// What the user calls it.
    pub filename: FileName,
    /// The content type that the store will insist on.
    pub content_type: MediaType,
    /// The sizes that the store will let through.
    pub size: SizeGrant,
    /// The checksum that the store will verify.
    pub checksum: Option<Checksum>,
    /// The caller's own facts.
    pub metadata: BTreeMap<String, String>,
    /// The edition of the policy that granted it.
    pub policy_hash: String,
}

impl Grant {
    /// The same without anything that the user typed, and without what tells of the content.
    #[must_use]
    pub fn redacted(&self) -> Self {
        Self { filename: FileName::redacted(), checksum: None, metadata: BTreeMap::new(), ..self.clone() }
    }
}

/// The one metadata name that grants write, without S3's `x-amz-meta-` prefix.
pub const METADATA_NAME: &str = "sluice";

/// The header that carries it.
pub const METADATA_HEADER: &str = "x-amz-meta-sluice";

/// The metadata name that tells which upload of a multipart session made an object.
pub const GENERATION_NAME: &str = "sluice-generation";

/// What a generation takes of the store's room for metadata: its name and ten digits.
const GENERATION_BYTES: usize = GENERATION_NAME.len() + 10;

/// A grant that does not fit into S3's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("file name and metadata take {bytes} bytes with the grant's own facts; the store holds {limit}")]
pub struct GrantTooLarge {
    /// What would have to be stored.
    pub bytes: usize,
    /// What S3 stores.
    pub limit: usize,
}

/// A metadata field that no grant of ours wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a grant")]
pub struct InvalidGrant;

/// Schema version 1. Short names, because each byte counts against S3's 2 KB.
#[derive(Serialize, Deserialize)]
struct Wire {
    v: u8,
    o: String,
    c: String,
    n: String,
    t: String,
    s: [u64; 2],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<[String; 2]>,
    p: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    m: BTreeMap<String, String>,
}

impl Grant {
    /// The metadata value: base64url of JSON, so any file name is safe in a header.
    ///
    /// # Errors
    /// [`GrantTooLarge`] when name and metadata don't fit into what S3 stores.
    pub fn encode(&self) -> Result<String, GrantTooLarge> {
        self.encode_beside(0)
    }

    /// The same, where the generation of a multipart upload lies beside it.
    ///
    /// # Errors
    /// [`GrantTooLarge`] when name and metadata don't fit into what S3 stores.
    pub fn encode_for_parts(&self) -> Result<String, GrantTooLarge> {
        self.encode_beside(GENERATION_BYTES)
    }

    fn encode_beside(&self, other: usize) -> Result<String, GrantTooLarge> {
        let (min, max) = match self.size {
            SizeGrant::Exactly(size) => (size, size),
            SizeGrant::Between { min, max } => (min, max),
        };
        let wire = Wire {
            v: 1,
            o: self.owner.as_str().to_owned(),
            c: self.class.clone(),
            n: self.filename.as_str().to_owned(),
            t: self.content_type.as_str().to_owned(),
            s: [min.bytes(), max.bytes()],
            k: self.checksum.as_ref().map(|sum| [sum.algorithm().name().to_owned(), sum.value().to_owned()]),
            p: self.policy_hash.clone(),
            m: self.metadata.clone(),
        };
        // Strings, numbers and a map with string keys always serialise.
        let value = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&wire).unwrap_or_default());
        let bytes = METADATA_NAME.len() + value.len() + other;
        if bytes > USER_METADATA {
            return Err(GrantTooLarge { bytes, limit: USER_METADATA });
        }
        Ok(value)
    }

    /// Reads a metadata value back.
    ///
    /// # Errors
    /// [`InvalidGrant`] for anything that [`Grant::encode`] can't have written.
    pub fn decode(value: &str) -> Result<Self, InvalidGrant> {
        let json = BASE64_URL_SAFE_NO_PAD.decode(value).map_err(|_| InvalidGrant)?;
        let wire: Wire = serde_json::from_slice(&json).map_err(|_| InvalidGrant)?;
        if wire.v != 1 {
            return Err(InvalidGrant);
        }
        let [min, max] = wire.s.map(ByteSize::from_bytes);
        Ok(Self {
            owner: OwnerId::parse(&wire.o).map_err(|_| InvalidGrant)?,
            class: wire.c,
            filename: FileName::parse(&wire.n).map_err(|_| InvalidGrant)?,
            content_type: MediaType::parse(&wire.t).map_err(|_| InvalidGrant)?,
            size: if min == max { SizeGrant::Exactly(min) } else { SizeGrant::Between { min, max } },
            checksum: match wire.k {
                None => None,
                Some([algorithm, value]) => Some(Checksum::parse(&algorithm, &value).map_err(|_| InvalidGrant)?),
            },
            metadata: wire.m,
            policy_hash: wire.p,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn grant() -> Grant {
        Grant {
            owner: OwnerId::open(),
            class: "default".to_owned(),
            filename: FileName::parse("photo 😀 \"x\".png").unwrap(),
            content_type: MediaType::parse("image/png").unwrap(),
            size: SizeGrant::Exactly(ByteSize::from_bytes(68)),
            checksum: Some(Checksum::parse("crc32", "AAAAAA==").unwrap()),
            metadata: BTreeMap::from([("album".to_owned(), "Süd".to_owned())]),
            policy_hash: "0123456789abcdef".to_owned(),
        }
    }

    #[test]
    fn what_goes_in_comes_out() {
        let ranged = SizeGrant::Between { min: ByteSize::from_bytes(1), max: ByteSize::from_bytes(u64::MAX) };
        for grant in [grant(), Grant { size: ranged, checksum: None, metadata: BTreeMap::new(), ..grant() }] {
            let value = grant.encode().unwrap();
            assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            assert_eq!(Grant::decode(&value), Ok(grant));
        }
    }

    #[test]
    fn the_store_takes_two_kilobytes_and_not_one_more() {
        let sized =
            |length: usize| Grant { metadata: BTreeMap::from([("x".to_owned(), "y".repeat(length))]), ..grant() };
        let longest = (0..3000).take_while(|length| sized(*length).encode().is_ok()).last().unwrap();
        let bytes = METADATA_NAME.len() + sized(longest).encode().unwrap().len();
        assert!(bytes <= USER_METADATA && bytes > USER_METADATA - 3, "{bytes}");
        let over = sized(longest + 1).encode().unwrap_err();
        assert!(over.bytes > USER_METADATA && over.limit == USER_METADATA);
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in ".*", json in "\\{.*\\}") {
            let _ = Grant::decode(&value);
            let _ = Grant::decode(&BASE64_URL_SAFE_NO_PAD.encode(json));
        }
    }
}
