//! A request to upload a file, as values that were parsed already.

use std::collections::BTreeMap;

use content_sniff::MediaType;

use crate::checksum::Checksum;
use crate::filename::FileName;
use crate::key::OwnerId;
use crate::size::ByteSize;

/// The class of a request that names none.
pub const DEFAULT_CLASS: &str = "default";

/// A request to upload one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRequest {
    /// The caller, who will own the upload.
    pub owner: OwnerId,
    /// The name on the user's device.
    pub filename: FileName,
    /// The declared type, if the client sent one: a hint, unless the class takes it exactly.
    pub declared_type: Option<MediaType>,
    /// `None` if the client does not know the size before it uploads.
    pub size: Option<ByteSize>,
    /// `None` means [`DEFAULT_CLASS`].
    pub class: Option<String>,
    /// A checksum of the whole object, which S3 verifies.
    pub checksum: Option<Checksum>,
    /// The caller's own metadata, by name.
    pub metadata: BTreeMap<String, String>,
}

impl UploadRequest {
    pub(crate) fn class_name(&self) -> &str {
        self.class.as_deref().unwrap_or(DEFAULT_CLASS)
    }
}

/// How a client sends a file that needs one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A PUT with a signed `content-length`.
    Put,
    /// A form POST with a signed range of sizes.
    Post,
}
