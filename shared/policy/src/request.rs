//! What a caller asks to upload.

use std::collections::BTreeMap;

use content_sniff::MediaType;

use crate::DEFAULT_CLASS;
use crate::checksum::Checksum;
use crate::filename::FileName;
use crate::key::OwnerId;
use crate::size::ByteSize;

/// What a caller would like to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRequest {
    /// Whose it will be.
    pub owner: OwnerId,
    /// What the user calls it.
    pub filename: FileName,
    /// What the user says it is.
    pub content_type: MediaType,
    /// Its size, if the client knows it.
    pub size: Option<ByteSize>,
    /// The class asked for.
    pub class: Option<String>,
    /// A checksum to bind the grant to.
    pub checksum: Option<Checksum>,
    /// The caller's own facts about it.
    pub metadata: BTreeMap<String, String>,
}

impl UploadRequest {
    pub(crate) fn class_name(&self) -> &str {
        self.class.as_deref().unwrap_or(DEFAULT_CLASS)
    }
}

/// How the bytes of one request will travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// One PUT, its length known and signed.
    Put,
    /// One form POST, its length within a signed range.
    Post,
}
