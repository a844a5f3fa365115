//! What callers say about a file, on whichever route.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Code, Problem};
use content_sniff::MediaType;
use policy::UploadRequest;
use policy::checksum::Checksum;
use policy::filename::FileName;
use policy::key::OwnerId;
use policy::size::ByteSize;

/// The facts about a file as JSON carries them; each route's own body has a field for each.
#[derive(Debug)]
pub struct CreateFields {
    /// What the user calls it.
    pub filename: String,
    /// What the user says it is.
    pub content_type: String,
    /// Its size.
    pub size: Option<SizeBody>,
    /// The class asked for.
    pub class: Option<String>,
    /// A checksum of the whole.
    pub checksum: Option<ChecksumBody>,
    /// The caller's own facts.
    pub metadata: BTreeMap<String, String>,
}

/// A size as JSON carries it: any number, however it is written.
#[derive(Debug, Clone, Deserialize)]
pub struct SizeBody(Box<RawValue>);

impl SizeBody {
    /// Reads it. A fraction, a sign or more than 64 bits are no size, however close they may be to one.
    ///
    /// # Errors
    /// 400 with what is wrong.
    pub fn read(&self) -> Result<ByteSize, Problem> {
        let text = self.0.get();
        if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Err(Problem::new(Code::InvalidBody, format!("size must be a number, not {text}")));
        }
        let none = |_| Problem::new(Code::InvalidSize, format!("size must be a whole number of bytes, not {text}"));
        text.parse().map(ByteSize::from_bytes).map_err(none)
    }
}

/// A checksum as JSON carries it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct ChecksumBody {
    algorithm: String,
    value: String,
}

impl ChecksumBody {
    /// Reads it.
    ///
    /// # Errors
    /// 400 with what is wrong.
    pub fn read(&self) -> Result<Checksum, Problem> {
        Checksum::parse(&self.algorithm, &self.value).map_err(|e| Problem::new(Code::InvalidChecksum, e.to_string()))
    }
}

impl CreateFields {
    /// What `owner` would like to upload.
    ///
    /// # Errors
    /// 400 with the first thing that is wrong.
    pub fn into_upload_request(self, owner: OwnerId) -> Result<UploadRequest, Problem> {
        let bad = |code, e: &dyn std::fmt::Display| Problem::new(code, e.to_string());
        Ok(UploadRequest {
            owner,
            filename: FileName::parse(&self.filename).map_err(|e| bad(Code::InvalidFilename, &e))?,
            content_type: MediaType::parse(&self.content_type).map_err(|e| bad(Code::InvalidContentType, &e))?,
            size: self.size.map(|size| size.read()).transpose()?,
            class: self.class,
            checksum: self.checksum.map(|sum| sum.read()).transpose()?,
            metadata: self.metadata,
        })
    }
}
