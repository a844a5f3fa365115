//! Request and response bodies.

use lambda_http_kit::http::{ChecksumBody, Code, Problem};
use policy::key::ObjectKey;
use policy::parts::{ETag, PartNumber, PartPlan};
use policy::session::{Session, State};
use serde::{Deserialize, Serialize};
use uploads_core::multipart::{ListedPart, RequestedParts};

/// The body of `POST …/complete`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct CompleteBody {
    parts: Option<Vec<PartBody>>,
    checksum: Option<ChecksumBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object")]
struct PartBody {
    part_number: u32,
    etag: String,
    checksum: Option<String>,
}

impl CompleteBody {
    pub(crate) fn into_requested_parts(self) -> Result<RequestedParts, Problem> {
        let parts = self.parts.map(|parts| parts.into_iter().map(PartBody::into_listed_part).collect());
        let checksum = self.checksum.map(|checksum| checksum.read()).transpose()?;
        Ok(RequestedParts { parts: parts.transpose()?, checksum })
    }
}

impl PartBody {
    fn into_listed_part(self) -> Result<ListedPart, Problem> {
        let Self { part_number, etag, checksum } = self;
        let invalid = |detail: String| Problem::new(Code::InvalidPart, detail);
        let etag =
            ETag::parse(&etag).map_err(|_| invalid(format!("part {part_number}: `etag` is not an entity tag")))?;
        let number = PartNumber::new(part_number).ok_or_else(|| invalid("part numbers start at 1".to_owned()))?;
        Ok((number, etag, checksum))
    }
}

/// The response to a completion.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CompleteResponse<'a> {
    id: String,
    session_id: String,
    /// Always `validating`: the validator writes the verdict later.
    status: &'static str,
    bucket: &'a str,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

impl<'a> CompleteResponse<'a> {
    pub(crate) fn new(session: &Session, bucket: &'a str) -> Self {
        let id = session.key.id().to_string();
        let result = match &session.state {
            State::Completed(result) => Some(result),
            State::Opening | State::Open { .. } | State::Completing(_) | State::Aborted(_) | State::Expired(_) => None,
        };
        Self {
            session_id: id.clone(),
            id,
            status: "validating",
            bucket,
            key: session.key.to_string(),
            version_id: result.map(|result| result.version.clone()).filter(|version| !version.is_empty()),
            etag: result.map(|result| result.etag.to_string()),
            size: match session.plan {
                PartPlan::Sized { size, .. } => Some(size.bytes()),
                PartPlan::Unsized { .. } => None,
            },
        }
    }
}

/// The response to an abort, and to a completion that takes longer than a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionStatus {
    id: String,
    session_id: String,
    status: &'static str,
}

impl SessionStatus {
    pub(crate) fn new(key: &ObjectKey, status: &'static str) -> Self {
        let id = key.id().to_string();
        Self { session_id: id.clone(), id, status }
    }
}
