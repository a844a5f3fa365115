//! The fields of a request to create an upload, which several routes share.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::problem::{Code, Problem};
use content_sniff::MediaType;
use policy::UploadRequest;
use policy::checksum::Checksum;
use policy::filename::FileName;
use policy::key::OwnerId;
use policy::size::ByteSize;

/// The fields of a request to create an upload, as parsed from JSON.
#[derive(Debug)]
pub struct CreateFields {
    /// The name on the user's device.
    pub filename: String,
    /// The declared media type. Clients send an empty text for a type that they do not know.
    pub content_type: Option<String>,
    /// The declared size in bytes.
    pub size: Option<SizeBody>,
    /// The class; `None` for the default class.
    pub class: Option<String>,
    /// A checksum of the whole object.
    pub checksum: Option<ChecksumBody>,
    /// The caller's own metadata, by name.
    pub metadata: BTreeMap<String, String>,
}

/// A size in a request body: any JSON value, unparsed.
#[derive(Debug, Clone, Deserialize)]
pub struct SizeBody(Box<RawValue>);

impl SizeBody {
    /// The size in bytes.
    ///
    /// # Errors
    /// 400 for another type than a number, a fraction, an exponent, a sign, or more than 64 bits.
    pub fn read(&self) -> Result<ByteSize, Problem> {
        let text = self.0.get();
        if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Err(Problem::new(Code::InvalidBody, format!("`size` must be a number, not {text}")));
        }
        let invalid =
            |_| Problem::new(Code::InvalidSize, format!("`size` must be a whole number of bytes, not {text}"));
        text.parse().map(ByteSize::from_bytes).map_err(invalid)
    }
}

/// A checksum in a request body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct ChecksumBody {
    algorithm: String,
    value: String,
}

impl ChecksumBody {
    /// The checksum.
    ///
    /// # Errors
    /// 400 for an unknown algorithm or an invalid value.
    pub fn read(&self) -> Result<Checksum, Problem> {
        Checksum::parse(&self.algorithm, &self.value).map_err(|e| Problem::new(Code::InvalidChecksum, e.to_string()))
    }
}

impl CreateFields {
    /// The request, with `owner` as the upload's owner.
    ///
    /// # Errors
    /// 400 with the first invalid field.
    pub fn into_upload_request(self, owner: OwnerId) -> Result<UploadRequest, Problem> {
        let invalid = |code, e: &dyn std::fmt::Display| Problem::new(code, e.to_string());
        Ok(UploadRequest {
            owner,
            filename: FileName::parse(&self.filename).map_err(|e| invalid(Code::InvalidFilename, &e))?,
            declared_type: (self.content_type.as_deref())
                .filter(|text| !text.is_empty())
                .map(|text| MediaType::parse(text).map_err(|e| invalid(Code::InvalidContentType, &e)))
                .transpose()?,
            size: self.size.map(|size| size.read()).transpose()?,
            class: self.class,
            checksum: self.checksum.map(|checksum| checksum.read()).transpose()?,
            metadata: self.metadata,
        })
    }
}
