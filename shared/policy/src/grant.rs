//! Grants, and their encoding in one metadata field. The field is signed, so the client can't change it.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::checksum::Checksum;
use crate::filename::FileName;
use crate::key::OwnerId;
use crate::s3_limits::MAX_USER_METADATA_BYTES;
use crate::size::ByteSize;
use content_sniff::MediaType;

/// The sizes that a grant allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeGrant {
    /// This size only.
    Exactly(ByteSize),
    /// Any size from `min` to `max`, inclusive.
    Between {
        /// The smallest size.
        min: ByteSize,
        /// The largest size.
        max: ByteSize,
    },
}

impl SizeGrant {
    /// Whether the grant allows an object of `size`.
    #[must_use]
    pub fn allows(self, size: ByteSize) -> bool {
        match self {
            Self::Exactly(exact) => size == exact,
            Self::Between { min, max } => (min..=max).contains(&size),
        }
    }
}

/// What the policy granted: the facts that the validator needs. The object carries them as signed metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The owner of the upload.
    pub owner: OwnerId,
    /// The class whose rules applied.
    pub class: String,
    /// The name on the user's device.
    pub filename: FileName,
    /// The granted type. S3 refuses another `Content-Type`.
    pub content_type: MediaType,
    /// The type that the client declared; `None` if it declared none.
    pub declared_type: Option<MediaType>,
    /// The sizes that S3 accepts.
    pub size: SizeGrant,
    /// The checksum that S3 verifies.
    pub checksum: Option<Checksum>,
    /// The caller's own metadata, by name.
    pub metadata: BTreeMap<String, String>,
    /// The hash of the policy that granted it.
    pub policy_hash: String,
}

impl Grant {
    /// The grant of a deleted upload: without file name, metadata and checksum.
    #[must_use]
    pub fn redacted(&self) -> Self {
        Self { filename: FileName::redacted(), checksum: None, metadata: BTreeMap::new(), ..self.clone() }
    }
}

/// The metadata name of an encoded grant, without S3's `x-amz-meta-` prefix.
pub const METADATA_NAME: &str = "sluice";

/// The header of an encoded grant.
pub const METADATA_HEADER: &str = "x-amz-meta-sluice";

/// The metadata name of the generation of the multipart session that created an object.
pub const GENERATION_NAME: &str = "sluice-generation";

/// A generation in S3's metadata: its name and at most ten digits.
const GENERATION_BYTES: usize = GENERATION_NAME.len() + 10;

/// The grant does not fit into S3's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("file name and metadata need {bytes} bytes with the grant, and S3 stores at most {limit}: shorten them")]
pub struct GrantTooLarge {
    /// The size of names and values in bytes.
    pub bytes: usize,
    /// S3's limit in bytes.
    pub limit: usize,
}

/// The metadata value is not an encoded grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a grant")]
pub struct InvalidGrant;

/// Version 1 of the encoding. The names are short because S3 stores at most 2 KB of metadata.
#[derive(Serialize, Deserialize)]
struct EncodedGrant {
    v: u8,
    o: String,
    c: String,
    n: String,
    t: String,
    /// What the client declared, if that is not `t`; empty if it declared nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<String>,
    s: [u64; 2],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<[String; 2]>,
    p: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    m: BTreeMap<String, String>,
}

impl Grant {
    /// The metadata value: base64url of JSON. It is ASCII for any file name.
    ///
    /// # Errors
    /// [`GrantTooLarge`] if file name and metadata exceed S3's limit.
    pub fn encode(&self) -> Result<String, GrantTooLarge> {
        self.encode_with(0)
    }

    /// The metadata value for a multipart upload, whose objects have the generation in their metadata too.
    ///
    /// # Errors
    /// [`GrantTooLarge`] if file name and metadata exceed S3's limit.
    pub fn encode_for_multipart(&self) -> Result<String, GrantTooLarge> {
        self.encode_with(GENERATION_BYTES)
    }

    fn encode_with(&self, other_metadata_bytes: usize) -> Result<String, GrantTooLarge> {
        let (min, max) = match self.size {
            SizeGrant::Exactly(size) => (size, size),
            SizeGrant::Between { min, max } => (min, max),
        };
        let encoded = EncodedGrant {
            v: 1,
            o: self.owner.as_str().to_owned(),
            c: self.class.clone(),
            n: self.filename.as_str().to_owned(),
            t: self.content_type.as_str().to_owned(),
            d: (self.declared_type.as_ref() != Some(&self.content_type))
                .then(|| self.declared_type.as_ref().map_or_else(String::new, ToString::to_string)),
            s: [min.bytes(), max.bytes()],
            k: self.checksum.as_ref().map(|sum| [sum.algorithm().name().to_owned(), sum.value().to_owned()]),
            p: self.policy_hash.clone(),
            m: self.metadata.clone(),
        };
        let json = serde_json::to_vec(&encoded).expect("strings, numbers and a map with string keys serialise");
        let value = BASE64_URL_SAFE_NO_PAD.encode(json);
        let bytes = METADATA_NAME.len() + value.len() + other_metadata_bytes;
        if bytes > MAX_USER_METADATA_BYTES {
            return Err(GrantTooLarge { bytes, limit: MAX_USER_METADATA_BYTES });
        }
        Ok(value)
    }

    /// Decodes a metadata value.
    ///
    /// # Errors
    /// [`InvalidGrant`] for a value that [`Grant::encode`] does not produce.
    pub fn decode(value: &str) -> Result<Self, InvalidGrant> {
        let json = BASE64_URL_SAFE_NO_PAD.decode(value).map_err(|_| InvalidGrant)?;
        let encoded: EncodedGrant = serde_json::from_slice(&json).map_err(|_| InvalidGrant)?;
        if encoded.v != 1 {
            return Err(InvalidGrant);
        }
        let [min, max] = encoded.s.map(ByteSize::from_bytes);
        let content_type = MediaType::parse(&encoded.t).map_err(|_| InvalidGrant)?;
        let declared_type = match encoded.d.as_deref() {
            None => Some(content_type.clone()),
            Some("") => None,
            Some(declared) => Some(MediaType::parse(declared).map_err(|_| InvalidGrant)?),
        };
        Ok(Self {
            owner: OwnerId::parse(&encoded.o).map_err(|_| InvalidGrant)?,
            class: encoded.c,
            filename: FileName::parse(&encoded.n).map_err(|_| InvalidGrant)?,
            content_type,
            declared_type,
            size: if min == max { SizeGrant::Exactly(min) } else { SizeGrant::Between { min, max } },
            checksum: match encoded.k {
                None => None,
                Some([algorithm, value]) => Some(Checksum::parse(&algorithm, &value).map_err(|_| InvalidGrant)?),
            },
            metadata: encoded.m,
            policy_hash: encoded.p,
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
            declared_type: Some(MediaType::parse("image/png").unwrap()),
            size: SizeGrant::Exactly(ByteSize::from_bytes(68)),
            checksum: Some(Checksum::parse("crc32", "AAAAAA==").unwrap()),
            metadata: BTreeMap::from([("album".to_owned(), "Süd".to_owned())]),
            policy_hash: "0123456789abcdef".to_owned(),
        }
    }

    #[test]
    fn an_encoded_grant_decodes_to_the_same_grant() {
        let ranged = SizeGrant::Between { min: ByteSize::from_bytes(1), max: ByteSize::from_bytes(u64::MAX) };
        let other = Some(MediaType::parse("application/vnd.ms-excel").unwrap());
        for grant in [
            grant(),
            Grant { size: ranged, checksum: None, metadata: BTreeMap::new(), ..grant() },
            Grant { declared_type: None, ..grant() },
            Grant { declared_type: other, ..grant() },
        ] {
            let value = grant.encode().unwrap();
            assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            assert_eq!(Grant::decode(&value), Ok(grant));
        }
    }

    #[test]
    fn a_grant_above_the_metadata_limit_is_refused() {
        let sized =
            |length: usize| Grant { metadata: BTreeMap::from([("x".to_owned(), "y".repeat(length))]), ..grant() };
        let longest = (0..3000).take_while(|length| sized(*length).encode().is_ok()).last().unwrap();
        let bytes = METADATA_NAME.len() + sized(longest).encode().unwrap().len();
        assert!(bytes <= MAX_USER_METADATA_BYTES && bytes > MAX_USER_METADATA_BYTES - 3, "{bytes}");
        let over = sized(longest + 1).encode().unwrap_err();
        assert!(over.bytes > MAX_USER_METADATA_BYTES && over.limit == MAX_USER_METADATA_BYTES);
    }

    proptest! {
        #[test]
        fn decoding_never_panics(value in ".*", json in "\\{.*\\}") {
            let _ = Grant::decode(&value);
            let _ = Grant::decode(&BASE64_URL_SAFE_NO_PAD.encode(json));
        }
    }
}
