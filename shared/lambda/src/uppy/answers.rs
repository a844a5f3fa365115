//! What such a client is told, name by name as Companion tells it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::presigned_upload::PresignedUpload;

/// The answer to `GET params`. Version 6 wants `fields.key` and takes forms only; versions 4 and 5 take PUT as well.
#[derive(Debug, Serialize)]
pub struct Params {
    method: &'static str,
    pub(super) url: String,
    pub(super) fields: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Map<String, Value>>,
    /// Seconds from now.
    expires: u64,
}

impl Params {
    /// A signed grant whose life is `life`.
    #[must_use]
    pub fn new(presigned: PresignedUpload, life: Duration) -> Self {
        let map = |name: &str, value: String| (name.to_owned(), Value::String(value));
        let expires = life.as_secs();
        match presigned {
            PresignedUpload::Put { key, url, headers, .. } => {
                // Scripts may not set the length; browsers send the true one.
                let headers = headers.into_iter().filter(|(name, _)| *name != "content-length");
                let headers = Some(headers.map(|(name, value)| map(name, value)).collect());
                // Nothing to send: that is where versions 4 and 5 find the key that they tell the page.
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

/// The answer to `POST multipart`. What it calls an upload id is our session's: S3's own stays with us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateResponse {
    /// Where the object will lie.
    pub key: String,
    /// The session.
    pub upload_id: String,
    /// The bucket.
    pub bucket: String,
}

/// The answer to `GET multipart/{upload}`: all parts, on one page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PartList {
    /// In ascending order.
    pub parts: Vec<ListedPart>,
}

/// A part as S3 has it. Versions 3 to 5 compare the number strictly, version 2 wants a size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListedPart {
    /// Its number.
    pub part_number: u32,
    /// In quotes, as S3 writes it.
    #[serde(rename = "ETag")]
    pub etag: String,
    /// In bytes.
    pub size: u64,
}

/// The answer to `GET multipart/{upload}/{part}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedPart {
    /// Where to PUT it.
    pub url: String,
    /// Seconds from now. Versions 3 to 5 give up on a request that takes longer.
    pub expires: u64,
}

/// The answer to `GET multipart/{upload}/batch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedBatch {
    /// URLs by number.
    pub presigned_urls: BTreeMap<u32, String>,
}

/// The answer to `DELETE multipart/{upload}`: versions 3 to 5 read it as JSON, so there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AbortResponse {}

/// The answer to `POST multipart/{upload}/complete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompleteResponse {
    /// The object's own address, which answers nobody: content comes from `GET /uploads/{id}/content`.
    pub location: String,
    /// Its key, whose last piece is the upload's id.
    pub key: String,
    /// The bucket.
    pub bucket: String,
}
