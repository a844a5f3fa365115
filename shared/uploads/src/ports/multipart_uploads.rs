//! The port to uploads in parts.

use jiff::Timestamp;

use super::objects::ObjectsError;
use policy::checksum::{Checksum, ChecksumAlgorithm};
use policy::key::ObjectKey;
use policy::parts::{ETag, Part, PartNumber};
use policy::session::Completed;
use policy::size::ByteSize;

/// What an upload in parts is begun with; S3 fixes it there and then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateMultipartUpload {
    /// The object's content type.
    pub content_type: String,
    /// The grant, as it travels with the object.
    pub encoded_grant: String,
    /// Which of its session's uploads this is.
    pub generation: u32,
    /// The checksum that parts carry, and whether it also covers the whole.
    pub checksum: Option<PartChecksums>,
}

/// The checksums of an upload's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartChecksums {
    /// Of which kind.
    pub algorithm: ChecksumAlgorithm,
    /// Whether S3 makes one of the whole from them; else it makes one of the checksums.
    pub whole: bool,
}

/// One page of what S3 has of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartsPage {
    /// The parts, ascending.
    pub parts: Vec<Part>,
    /// After which the next page begins, if there is one.
    pub next: Option<PartNumber>,
}

/// What an object is put together from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteMultipartUpload {
    /// Every part, ascending; with its checksum where parts carry them.
    pub parts: Vec<(PartNumber, ETag, Option<String>)>,
    /// Of which kind the parts' checksums are.
    pub part_checksum: Option<ChecksumAlgorithm>,
    /// What it must add up to.
    pub size: ByteSize,
    /// A checksum of the whole that S3 must find.
    pub checksum: Option<Checksum>,
}

/// Why there is no object.
#[derive(Debug, thiserror::Error)]
pub enum CompleteError {
    /// S3 knows no such upload: aborted, swept, or complete already.
    #[error("S3 has no such upload")]
    NoSuchUpload,
    /// Something lies at the key already.
    #[error("something lies at the key")]
    Exists,
    /// Another write to the key came in between.
    #[error("another write came in between")]
    Conflict,
    /// A part is missing, or other than listed.
    #[error("a part is missing or other than listed")]
    InvalidPart,
    /// A part other than the last is below the store's minimum.
    #[error("a part is too small")]
    PartTooSmall,
    /// The size or the checksum of the whole is another.
    #[error("S3 refused the whole: {0}")]
    ObjectMismatch(String),
    /// Whether there is an object is not known.
    #[error("S3 did not answer clearly")]
    Unclear(#[source] ObjectsError),
}

/// An upload that S3 has under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InProgressUpload {
    /// Its key, of whatever layout.
    pub key: String,
    /// S3's own upload id.
    pub upload: String,
    /// When it was begun.
    pub begun_at: Timestamp,
}

/// One page of what S3 has under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InProgressPage {
    /// The uploads, by key.
    pub uploads: Vec<InProgressUpload>,
    /// After which key and upload the next page begins, if there is one.
    pub next: Option<(String, String)>,
}

/// The bucket, as far as uploads in parts need it.
pub trait MultipartUploads: Send + Sync {
    /// Begins an upload; gives S3's own id.
    fn create_upload(
        &self,
        key: &ObjectKey,
        create_request: &CreateMultipartUpload,
    ) -> impl Future<Output = Result<String, ObjectsError>> + Send;

    /// A page of what has arrived; `None` when S3 knows no such upload.
    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &str,
        after: Option<PartNumber>,
    ) -> impl Future<Output = Result<Option<PartsPage>, ObjectsError>> + Send;

    /// Puts the object together, unless something lies at its key. Asks S3 once, and waits for as long as it takes.
    fn complete_upload(
        &self,
        key: &ObjectKey,
        upload: &str,
        complete_request: &CompleteMultipartUpload,
    ) -> impl Future<Output = Result<Completed, CompleteError>> + Send;

    /// Gives an upload up; fine when S3 knows no such upload.
    fn abort_upload(&self, key: &ObjectKey, upload: &str) -> impl Future<Output = Result<(), ObjectsError>> + Send;

    /// A page of all that is under way below `prefix`.
    fn list_in_progress(
        &self,
        prefix: &str,
        after: Option<(String, String)>,
    ) -> impl Future<Output = Result<InProgressPage, ObjectsError>> + Send;
}
