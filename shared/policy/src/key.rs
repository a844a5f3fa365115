//! Who owns an object and where it lies.

use std::fmt;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::hash::hex_sha256;

/// The id of one upload.
///
/// - A `UUIDv7`: its first 48 bits are the milliseconds of its making, the rest is random.
/// - Written in lower case with hyphens, and accepted in no other form, so that one id has one key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(Uuid);

/// A text that is no upload id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an upload id")]
pub struct InvalidUploadId;

impl UploadId {
    /// An id made at `now` from ten random bytes.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        // A clock before 1970 would be a fault of the machine; such an id is merely dated 1970.
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Reads an id.
    ///
    /// # Errors
    /// [`InvalidUploadId`] for anything but a lower-case hyphenated `UUIDv7`.
    pub fn parse(text: &str) -> Result<Self, InvalidUploadId> {
        let id = Self(Uuid::try_parse(text).map_err(|_| InvalidUploadId)?);
        let canonical = id.0.get_version_num() == 7 && id.to_string() == text;
        let dated = Timestamp::from_millisecond(id.millis()).is_ok();
        if canonical && dated { Ok(id) } else { Err(InvalidUploadId) }
    }

    /// When the id was made, to the millisecond.
    #[must_use]
    pub fn created_at(self) -> Timestamp {
        // `new` and `parse` let nothing in that a timestamp can't hold.
        Timestamp::from_millisecond(self.millis()).unwrap_or_default()
    }

    fn millis(self) -> i64 {
        let bytes = self.0.as_bytes();
        bytes[..6].iter().fold(0, |millis, byte| millis << 8 | i64::from(*byte))
    }

    /// The last of its random bytes: spreads keys over prefixes, and due work over shards.
    #[must_use]
    pub fn last_byte(self) -> u8 {
        self.0.as_bytes()[15]
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UploadId({self})")
    }
}

/// Whose objects these are: one safe segment of a key.
///
/// - Derived from issuer *and* subject, so that two identity providers can't speak for each other's users.
/// - A short subject of letters, digits, `-` and `_` stays readable; any other is hashed.
/// - Never empty, never longer than 81 characters, only `[A-Za-z0-9_~-]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(String);

/// A text that is no owner segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an owner")]
pub struct InvalidOwner;

const READABLE_SUBJECT: usize = 64;
const MAX_OWNER: usize = READABLE_SUBJECT + 1 + 16;

impl OwnerId {
    /// The owner that an identity provider's `issuer` calls `subject`.
    ///
    /// # Errors
    /// [`InvalidOwner`] when the subject is empty: everybody without one would share a folder.
    pub fn from_claims(issuer: &str, subject: &str) -> Result<Self, InvalidOwner> {
        if subject.is_empty() {
            return Err(InvalidOwner);
        }
        let readable = subject.len() <= READABLE_SUBJECT
            && subject.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        Ok(Self(if readable {
            format!("{subject}~{}", &hex_sha256(&[issuer.as_bytes()])[..16])
        } else {
            // The NUL keeps ("a", "bc") and ("ab", "c") apart; no issuer URL contains one.
            let hash = hex_sha256(&[issuer.as_bytes(), b"\0", subject.as_bytes()]);
            format!("h~{}", &hash[..40])
        }))
    }

    /// The one owner of a deployment in open mode. No claims can produce it: theirs contain a `~`.
    #[must_use]
    pub fn open() -> Self {
        Self("open".to_owned())
    }

    /// Reads an owner back from a key or a record.
    ///
    /// # Errors
    /// [`InvalidOwner`] for a segment that no constructor here makes.
    pub fn parse(text: &str) -> Result<Self, InvalidOwner> {
        let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'~');
        if text.is_empty() || text.len() > MAX_OWNER || !text.bytes().all(safe) {
            return Err(InvalidOwner);
        }
        Ok(Self(text.to_owned()))
    }

    /// The segment as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnerId({})", self.0)
    }
}

/// Where an upload lies in the bucket: `1/{hh}/{yyyy-mm-dd}/{owner}/{id}`.
///
/// - `1` is the layout's version.
/// - `hh` is the id's last byte in hex: 256 prefixes that S3 can split, spread by randomness.
/// - The day is the id's own, so owner and id alone give the key, and one day can be listed.
/// - Never holds anything the user typed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    owner: OwnerId,
    id: UploadId,
}

/// A key that is not of our layout: somebody else's object, to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key of this layout")]
pub struct ForeignKey;

impl ObjectKey {
    /// The only place of `owner`'s upload `id`.
    #[must_use]
    pub fn new(owner: OwnerId, id: UploadId) -> Self {
        Self { owner, id }
    }

    /// Reads a key as S3's API spells it.
    ///
    /// # Errors
    /// [`ForeignKey`] for a key that [`ObjectKey::new`] can't have made.
    pub fn parse(text: &str) -> Result<Self, ForeignKey> {
        let mut segments = text.rsplitn(3, '/');
        let id = segments.next().and_then(|id| UploadId::parse(id).ok());
        let owner = segments.next().and_then(|owner| OwnerId::parse(owner).ok());
        let (Some(id), Some(owner)) = (id, owner) else { return Err(ForeignKey) };
        let key = Self { owner, id };
        if key.to_string() == text { Ok(key) } else { Err(ForeignKey) }
    }

    /// Reads a key as an S3 event notification spells it: form-encoded, so `+` is a space.
    ///
    /// `EventBridge` sends keys as they are: there [`ObjectKey::parse`] is right.
    ///
    /// # Errors
    /// [`ForeignKey`] as [`ObjectKey::parse`].
    pub fn from_event(encoded: &str) -> Result<Self, ForeignKey> {
        let spaced = encoded.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| ForeignKey)?;
        Self::parse(&decoded)
    }

    /// Whose object it is.
    #[must_use]
    pub fn owner(&self) -> &OwnerId {
        &self.owner
    }

    /// Which upload it is.
    #[must_use]
    pub fn id(&self) -> UploadId {
        self.id
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.id.created_at().to_string();
        // An RFC 3339 timestamp starts with its ten characters of date.
        let day = day.get(..10).unwrap_or(&day);
        write!(f, "1/{:02x}/{day}/{}/{}", self.id.last_byte(), self.owner.0, self.id)
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectKey({self})")
    }
}

#[cfg(test)]
mod tests;
