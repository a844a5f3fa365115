//! The port to multipart uploads.

use jiff::Timestamp;

use super::objects::ObjectsError;
use policy::checksum::{Checksum, ChecksumAlgorithm};
use policy::key::ObjectKey;
use policy::parts::{ETag, Part, PartNumber};
use policy::session::Completed;
use policy::size::ByteSize;

/// What a multipart upload is created with; it can't be changed later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateMultipartUpload {
    /// The object's content type.
    pub content_type: String,
    /// The encoded grant, stored as metadata.
    pub encoded_grant: String,
    /// The generation of the session's upload, counted from 1.
    pub generation: u32,
    /// The checksum of the parts, and whether it also covers the object.
    pub checksum: Option<PartChecksums>,
}

/// The checksums of an upload's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartChecksums {
    /// The algorithm.
    pub algorithm: ChecksumAlgorithm,
    /// Whether S3 computes a checksum of the full object; otherwise a composite one.
    pub whole: bool,
}

/// One page of stored parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartsPage {
    /// The parts in ascending order.
    pub parts: Vec<Part>,
    /// The part after which the next page begins, if there is one.
    pub next: Option<PartNumber>,
}

/// What a multipart upload is completed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteMultipartUpload {
    /// Every part in ascending order, with its checksum if parts have them.
    pub parts: Vec<(PartNumber, ETag, Option<String>)>,
    /// The algorithm of the parts' checksums.
    pub part_checksum: Option<ChecksumAlgorithm>,
    /// The object's size in bytes.
    pub size: ByteSize,
    /// A checksum of the object that S3 must verify.
    pub checksum: Option<Checksum>,
}

/// Why a completion failed.
#[derive(Debug, thiserror::Error)]
pub enum CompleteError {
    /// S3 has no such upload: aborted, cleaned up, or already complete.
    #[error("S3 has no such upload")]
    NoSuchUpload,
    /// An object exists at the key.
    #[error("something lies at the key")]
    Exists,
    /// Another write to the key happened at the same time.
    #[error("another write came in between")]
    Conflict,
    /// A part is missing, or differs from the list.
    #[error("a part is missing or other than listed")]
    InvalidPart,
    /// A part other than the last is below the store's minimum.
    #[error("a part is too small")]
    PartTooSmall,
    /// Size or checksum of the object differ.
    #[error("S3 refused the whole: {0}")]
    ObjectMismatch(String),
    /// It is unknown whether the object exists.
    #[error("S3 did not answer clearly")]
    Unclear(#[source] ObjectsError),
}

/// A multipart upload that is in progress in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InProgressUpload {
    /// Its key, in any layout.
    pub key: String,
    /// S3's own upload id.
    pub upload: String,
    /// When it was created.
    pub begun_at: Timestamp,
}

/// One page of multipart uploads in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InProgressPage {
    /// The uploads, by key.
    pub uploads: Vec<InProgressUpload>,
    /// The key and upload id after which the next page begins, if there is one.
    pub next: Option<(String, String)>,
}

/// Multipart uploads in the bucket.
pub trait MultipartUploads: Send + Sync {
    /// Creates a multipart upload and returns its upload id.
    fn create_upload(
        &self,
        key: &ObjectKey,
        create_request: &CreateMultipartUpload,
    ) -> impl Future<Output = Result<String, ObjectsError>> + Send;

    /// A page of stored parts; `None` when S3 has no such upload.
    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &str,
        after: Option<PartNumber>,
    ) -> impl Future<Output = Result<Option<PartsPage>, ObjectsError>> + Send;

    /// Completes the upload, unless an object exists at its key. Calls S3 once, without a time-out.
    fn complete_upload(
        &self,
        key: &ObjectKey,
        upload: &str,
        complete_request: &CompleteMultipartUpload,
    ) -> impl Future<Output = Result<Completed, CompleteError>> + Send;

    /// Aborts an upload; succeeds when S3 has no such upload.
    fn abort_upload(&self, key: &ObjectKey, upload: &str) -> impl Future<Output = Result<(), ObjectsError>> + Send;

    /// A page of all multipart uploads in progress below `prefix`.
    fn list_in_progress(
        &self,
        prefix: &str,
        after: Option<(String, String)>,
    ) -> impl Future<Output = Result<InProgressPage, ObjectsError>> + Send;
}
