//! Bodies as callers see them.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::Serialize;
use shared::http::{Code, Problem};
use shared::key::{ObjectKey, UploadId};
use shared::policy::SizeGrant;
use shared::records::Page;
use shared::upload::{Judged, Note, Outcome, Record};
use shared::verdict::Observed;

/// The answer to `GET /uploads/{id}`, and one line of a listing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Upload {
    id: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    declared: Option<Facts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed: Option<Facts>,
    reasons: Vec<WireNote>,
    findings: Vec<WireNote>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    metadata: std::collections::BTreeMap<String, String>,
    bucket: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    judged_at: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    content_type: String,
}

#[derive(Serialize)]
struct WireNote {
    code: String,
    detail: String,
}

impl From<&Note> for WireNote {
    fn from(note: &Note) -> Self {
        Self { code: note.code.clone(), detail: note.detail.clone() }
    }
}

impl Upload {
    /// With its verdict.
    pub(crate) fn judged(judged: &Judged) -> Self {
        let granted = judged.granted.as_ref();
        Self {
            id: judged.key.id().to_string(),
            status: match judged.outcome {
                Outcome::Accepted => "accepted",
                Outcome::Rejected => "rejected",
            },
            class: granted.map(|granted| granted.class.clone()),
            filename: granted.map(|granted| granted.filename.clone()),
            declared: granted.map(|granted| Facts {
                size: granted.size.map(shared::size::ByteSize::bytes),
                content_type: granted.content_type.clone(),
            }),
            observed: Some(Facts { size: Some(judged.size.bytes()), content_type: judged.content_type.clone() }),
            reasons: judged.reasons.iter().map(WireNote::from).collect(),
            findings: judged.findings.iter().map(WireNote::from).collect(),
            checksum: judged.checksum.clone(),
            metadata: granted.map(|granted| granted.metadata.clone()).unwrap_or_default(),
            bucket: judged.bucket.clone(),
            key: judged.key.to_string(),
            version_id: Some(judged.version.clone()),
            created_at: judged.key.id().created_at(),
            judged_at: Some(judged.judged_at),
        }
    }

    /// Arrived, and still being looked at.
    pub(crate) fn validating(key: &ObjectKey, bucket: &str, observed: &Observed) -> Self {
        let grant = observed.grant.as_ref().ok();
        Self {
            id: key.id().to_string(),
            status: "validating",
            class: grant.map(|grant| grant.class.clone()),
            filename: grant.map(|grant| grant.filename.as_str().to_owned()),
            declared: grant.map(|grant| Facts {
                size: match grant.size {
                    SizeGrant::Exactly(size) => Some(size.bytes()),
                    SizeGrant::Between { .. } => None,
                },
                content_type: grant.content_type.to_string(),
            }),
            observed: None,
            reasons: Vec::new(),
            findings: Vec::new(),
            checksum: None,
            metadata: grant.map(|grant| grant.metadata.clone()).unwrap_or_default(),
            bucket: bucket.to_owned(),
            key: key.to_string(),
            version_id: None,
            created_at: key.id().created_at(),
            judged_at: None,
        }
    }
}

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
