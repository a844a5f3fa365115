//! Response bodies and query parameters.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use lambda_http_kit::http::{Code, Problem};
use policy::key::UploadId;
use policy::upload::Record;
use policy::view::Upload;
use serde::Serialize;
use uploads_core::ports::records::Page;

/// The response to `GET /uploads`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListResponse {
    items: Vec<Upload>,
    next_cursor: Option<String>,
}

impl From<&Page> for ListResponse {
    fn from(page: &Page) -> Self {
        let validated = |record: &Record| match record {
            Record::Validated(validated) => Some(Upload::validated(validated)),
            Record::Pending(_) | Record::Deleting(_) | Record::Deleted(_) => None,
        };
        Self {
            items: page.items.iter().filter_map(validated).collect(),
            next_cursor: page.next.map(|id| BASE64_URL_SAFE_NO_PAD.encode(format!("1{id}"))),
        }
    }
}

/// Reads a cursor of [`ListResponse`]: a version digit, and the last id of the page before.
pub(crate) fn read_cursor(cursor: &str) -> Result<UploadId, Problem> {
    let text = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref()
        .and_then(|text| text.strip_prefix('1'))
        .and_then(|id| UploadId::parse(id).ok())
        .ok_or_else(|| Problem::new(Code::InvalidCursor, "the cursor is invalid: send nextCursor unchanged"))
}

/// Uploads in one page. S3 allows 2 KB of metadata for each, so a page stays well below Lambda's limit of 6 MB.
const MAX_PAGE_SIZE: u16 = 1000;
const DEFAULT_PAGE_SIZE: u16 = 100;

pub(crate) fn page_size(limit: Option<&str>) -> Result<u16, Problem> {
    match limit.map(str::parse) {
        None => Ok(DEFAULT_PAGE_SIZE),
        Some(Ok(limit)) if (1..=MAX_PAGE_SIZE).contains(&limit) => Ok(limit),
        Some(_) => {
            let detail = format!("limit must be a whole number from 1 to {MAX_PAGE_SIZE}");
            Err(Problem::new(Code::InvalidParameter, detail))
        }
    }
}

/// The response to `GET /uploads/{id}/content`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContentResponse {
    pub(crate) url: String,
    pub(crate) expires_at: Timestamp,
}

/// The response to `DELETE /uploads/{id}`.
#[derive(Serialize)]
pub(crate) struct DeleteResponse {
    id: String,
    status: &'static str,
}

impl DeleteResponse {
    pub(crate) fn new(id: UploadId) -> Self {
        Self { id: id.to_string(), status: "deleted" }
    }
}
