//! One object version as S3 reports it.

use crate::grant::{Grant, InvalidGrant};
use crate::parts::ETag;
use crate::size::ByteSize;

/// The result of a HEAD of one object version
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedObject {
    /// The version id; empty in an unversioned bucket.
    pub version: String,
    /// `Content-Length`.
    pub size: ByteSize,
    /// The entity tag; `None` if S3 sent none that is valid.
    pub etag: Option<ETag>,
    /// The generation of the multipart session that created the object; `None` for a single request.
    pub generation: Option<u32>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// The grant in the object's metadata.
    pub grant: Result<Grant, InvalidGrant>,
    /// The checksums that S3 stored, as `algorithm:base64`, at most one per algorithm.
    pub checksums: Vec<String>,
    /// Names of headers, metadata and tags that no grant writes.
    pub unexpected_metadata: Vec<String>,
}
