//! Upload ids, owners and object keys.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::hash::{hex_sha256, sha256};

/// The id of one upload.
///
/// - A `UUIDv7` (RFC 9562): 48 bits of Unix time in milliseconds, then random bits.
/// - Written in lower case with hyphens. No other form is accepted, so one id has one key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(Uuid);

/// The text is not an upload id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an upload id")]
pub struct InvalidUploadId;

impl UploadId {
    /// An id with the time `now` and ten random bytes. A time before 1970 gives the time 1970.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Parses an id.
    ///
    /// # Errors
    /// [`InvalidUploadId`] unless the text is a lower-case hyphenated `UUIDv7` with a time that [`Timestamp`] supports.
    pub fn parse(text: &str) -> Result<Self, InvalidUploadId> {
        let id = Self(Uuid::try_parse(text).map_err(|_| InvalidUploadId)?);
        let is_canonical = id.0.get_version_num() == 7 && id.to_string() == text;
        let is_dated = Timestamp::from_millisecond(id.millis()).is_ok();
        if is_canonical && is_dated { Ok(id) } else { Err(InvalidUploadId) }
    }

    /// The id of the `n`-th upload of a batch that has this id, from 0. It has the same time, and is a different id for
    /// each `n`.
    #[must_use]
    pub fn nth(self, n: u32) -> Self {
        let hash = sha256(&[self.0.as_bytes(), &n.to_be_bytes()]);
        let random: [u8; 10] = std::array::from_fn(|i| hash[i]);
        Self::new(self.created_at(), random)
    }

    /// When the upload was created, in milliseconds.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "`new` and `parse` accept only supported times")]
    pub fn created_at(self) -> Timestamp {
        Timestamp::from_millisecond(self.millis()).expect("`new` and `parse` accept only supported times")
    }

    fn millis(self) -> i64 {
        let bytes = self.0.as_bytes();
        bytes[..6].iter().fold(0, |millis, byte| millis << 8 | i64::from(*byte))
    }

    /// The last random byte. It spreads keys over prefixes and due work over shards.
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

/// The owner of uploads, as one segment of an object key.
///
/// - Derived from issuer *and* subject, so that one identity provider can't act for the users of another.
/// - A subject of at most 64 letters, digits, `-` and `_` stays readable. Any other is hashed.
/// - 1 to 81 characters of `[A-Za-z0-9_~-]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(String);

/// The text is not an owner segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an owner id")]
pub struct InvalidOwner;

/// A longer subject is hashed.
const MAX_READABLE_SUBJECT_CHARS: usize = 64;
/// How many hex digits of a SHA-256 follow a readable subject.
const ISSUER_HASH_DIGITS: usize = 16;
/// How many hex digits of a SHA-256 replace issuer and any other subject.
const CLAIMS_HASH_DIGITS: usize = 40;
const MAX_OWNER_CHARS: usize = MAX_READABLE_SUBJECT_CHARS + "~".len() + ISSUER_HASH_DIGITS;

impl OwnerId {
    /// The owner for the claims `iss` and `sub` (or another owner claim) of a token.
    ///
    /// # Errors
    /// [`InvalidOwner`] if the subject is empty: all users without a subject would share their uploads.
    pub fn from_claims(issuer: &str, subject: &str) -> Result<Self, InvalidOwner> {
        if subject.is_empty() {
            return Err(InvalidOwner);
        }
        let is_readable = subject.len() <= MAX_READABLE_SUBJECT_CHARS
            && subject.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        Ok(Self(if is_readable {
            format!("{subject}~{}", &hex_sha256(&[issuer.as_bytes()])[..ISSUER_HASH_DIGITS])
        } else {
            // The NUL separates ("a", "bc") from ("ab", "c"). An issuer URL can't contain one.
            let hash = hex_sha256(&[issuer.as_bytes(), b"\0", subject.as_bytes()]);
            format!("h~{}", &hash[..CLAIMS_HASH_DIGITS])
        }))
    }

    /// The single owner of an open deployment. An owner from claims contains a `~`, so it is never equal to this one.
    #[must_use]
    pub fn open() -> Self {
        Self("open".to_owned())
    }

    /// Parses an owner from a key or a record.
    ///
    /// # Errors
    /// [`InvalidOwner`] for a text that is empty, too long, or has other characters.
    pub fn parse(text: &str) -> Result<Self, InvalidOwner> {
        let is_safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'~');
        if text.is_empty() || text.len() > MAX_OWNER_CHARS || !text.bytes().all(is_safe) {
            return Err(InvalidOwner);
        }
        Ok(Self(text.to_owned()))
    }

    /// The segment of the key.
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

/// The number of prefixes over which the objects of a day are spread. S3 accepts at least 3,500 writes per second and
/// prefix (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>, read 2026-11), so 56,000
/// in all before it has to split a prefix. The reconciler lists every prefix of today in each run, also when idle:
/// see decision 0027.
pub const KEY_SHARDS: u8 = 16;

/// The object key of an upload: `1/{h}/{yyyy-mm-dd}/{owner}/{id}`.
///
/// - `1` is the version of this layout.
/// - `h` is the id's last hex digit. It spreads objects over [`KEY_SHARDS`] prefixes.
/// - The day is that of the id, in UTC. Owner and id alone give the key, and one day can be listed.
/// - It contains no text that the user chose, except a readable subject in the owner segment.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    owner: OwnerId,
    id: UploadId,
}

/// The key is not of this layout: another application wrote the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the object key of an upload")]
pub struct ForeignKey;

impl ObjectKey {
    /// The key of `owner`'s upload `id`.
    #[must_use]
    pub fn new(owner: OwnerId, id: UploadId) -> Self {
        Self { owner, id }
    }

    /// The prefix of all keys with an id of `day` (UTC) in one of the [`KEY_SHARDS`].
    #[must_use]
    pub fn day_prefix(shard: u8, day: Date) -> String {
        format!("1/{shard:x}/{day}/")
    }

    /// Parses a key as S3's API returns it.
    ///
    /// # Errors
    /// [`ForeignKey`] for a key that [`ObjectKey::new`] does not produce.
    pub fn parse(text: &str) -> Result<Self, ForeignKey> {
        let mut segments = text.rsplitn(3, '/');
        let id = segments.next().and_then(|id| UploadId::parse(id).ok());
        let owner = segments.next().and_then(|owner| OwnerId::parse(owner).ok());
        let (Some(id), Some(owner)) = (id, owner) else { return Err(ForeignKey) };
        let key = Self { owner, id };
        if key.to_string() == text { Ok(key) } else { Err(ForeignKey) }
    }

    /// Parses a key from an S3 event notification, in which keys are form-encoded: `+` is a space
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>, read 2026-11).
    ///
    /// `EventBridge` does not encode keys: use [`ObjectKey::parse`] for its events.
    ///
    /// # Errors
    /// [`ForeignKey`] as [`ObjectKey::parse`].
    pub fn from_event(encoded: &str) -> Result<Self, ForeignKey> {
        let spaced = encoded.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| ForeignKey)?;
        Self::parse(&decoded)
    }

    /// The owner of the upload.
    #[must_use]
    pub fn owner(&self) -> &OwnerId {
        &self.owner
    }

    /// The id of the upload.
    #[must_use]
    pub fn id(&self) -> UploadId {
        self.id
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.id.created_at().to_zoned(TimeZone::UTC).date();
        write!(f, "{}{}/{}", Self::day_prefix(self.id.last_byte() % KEY_SHARDS, day), self.owner.0, self.id)
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectKey({self})")
    }
}

#[cfg(test)]
mod tests;
