//! Companion's responses, with its field names.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::presigned_upload::PresignedUpload;

/// The response to `GET params`. Uppy 6 requires `fields.key` and supports forms only. Uppy 4 and 5 also support PUT.
#[derive(Debug, Serialize)]
pub struct Params {
    method: &'static str,
    pub(super) url: String,
    pub(super) fields: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Map<String, Value>>,
    /// The life of the URL in seconds.
    expires: u64,
}

impl Params {
    /// The response with a presigned upload that lives for `life`.
    #[must_use]
    pub fn new(presigned: PresignedUpload, life: Duration) -> Self {
        let map = |name: &str, value: String| (name.to_owned(), Value::String(value));
        let expires = life.as_secs();
        match presigned {
            PresignedUpload::Put { key, url, headers, .. } => {
                // Scripts can't set this header. Browsers send the true length.
                let headers = headers.into_iter().filter(|(name, _)| *name != "content-length");
                let headers = Some(headers.map(|(name, value)| map(name, value)).collect());
                // The client sends no fields with a PUT. Uppy 4 and 5 read the key from them.
                let fields = Map::from_iter([map("key", key)]);
                Self { method: "PUT", url, fields, headers, expires }
            }
            PresignedUpload::Post { form, .. } => {
                let fields = form.fields.into_iter().map(|(name, value)| map(&name, value)).collect();
                Self { method: "POST", url: form.url, fields, headers: None, expires }
            }
        }
    }
}

/// The response to `POST multipart`. Its upload id is the session id. S3's upload id stays on the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateResponse {
    /// The object key.
    pub key: String,
    /// The session id.
    pub upload_id: String,
    /// The bucket's name.
    pub bucket: String,
}

/// The response to `GET multipart/{uploadId}`: all stored parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PartList {
    /// In ascending order.
    pub parts: Vec<ListedPart>,
}

/// A stored part. Uppy 3 to 5 require the number as a JSON number, and Uppy 2 requires a size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListedPart {
    /// The part number.
    pub part_number: u32,
    /// The entity tag in quotes, as S3 writes it.
    #[serde(rename = "ETag")]
    pub etag: String,
    /// The size in bytes.
    pub size: u64,
}

/// The response to `GET multipart/{uploadId}/{partNumber}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedPart {
    /// The presigned URL.
    pub url: String,
    /// The life of the URL in seconds. Uppy 3 to 5 abort a request that takes longer.
    pub expires: u64,
}

/// The response to `GET multipart/{uploadId}/batch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedBatch {
    /// Presigned URLs by part number.
    pub presigned_urls: BTreeMap<u32, String>,
}

/// The response to `DELETE multipart/{uploadId}`: an empty object, because Uppy 3 to 5 parse the body as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AbortResponse {}

/// The response to `POST multipart/{uploadId}/complete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompleteResponse {
    /// The object's URL. S3 refuses requests to it, because they are not signed: use `GET /uploads/{id}/content`.
    pub location: String,
    /// The object key. Its last segment is the upload id.
    pub key: String,
    /// The bucket's name.
    pub bucket: String,
}
