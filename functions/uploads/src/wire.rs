//! Bodies as callers see them.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::Serialize;
use shared::http::{Code, Problem};
use shared::key::UploadId;
use shared::records::Page;
use shared::upload::Record;
use shared::view::Upload;

/// The answer to `GET /uploads`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listing {
    items: Vec<Upload>,
    next_cursor: Option<String>,
}

impl From<&Page> for Listing {
    fn from(page: &Page) -> Self {
        let judged = |record: &Record| match record {
            Record::Judged(judged) => Some(Upload::judged(judged)),
            Record::Pending(_) | Record::Deleting(_) | Record::Deleted(_) => None,
        };
        Self {
            items: page.items.iter().filter_map(judged).collect(),
            next_cursor: page.next.map(|id| BASE64_URL_SAFE_NO_PAD.encode(format!("1{id}"))),
        }
    }
}

/// Reads a cursor of [`Listing`]: a version digit and the id that the page before ended with.
pub(crate) fn read_cursor(cursor: &str) -> Result<UploadId, Problem> {
    let text = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref()
        .and_then(|text| text.strip_prefix('1'))
        .and_then(|id| UploadId::parse(id).ok())
        .ok_or_else(|| Problem::new(Code::InvalidCursor, "pass nextCursor on as it came"))
}

/// How many uploads a page holds: what a Lambda answer of 6 MB takes at S3's 2 KB of metadata each, with room.
const LONGEST_PAGE: u16 = 1000;
const USUAL_PAGE: u16 = 100;

pub(crate) fn page_size(limit: Option<&str>) -> Result<u16, Problem> {
    match limit.map(str::parse) {
        None => Ok(USUAL_PAGE),
        Some(Ok(limit)) if (1..=LONGEST_PAGE).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::new(Code::InvalidParameter, format!("limit is a number from 1 to {LONGEST_PAGE}"))),
    }
}

/// The answer to `GET /uploads/{id}/content`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Content {
    pub(crate) url: String,
    pub(crate) expires_at: Timestamp,
}

/// The answer to `DELETE /uploads/{id}`.
#[derive(Serialize)]
pub(crate) struct Deleted {
    id: String,
    status: &'static str,
}

impl Deleted {
    pub(crate) fn new(id: UploadId) -> Self {
        Self { id: id.to_string(), status: "deleted" }
    }
}
