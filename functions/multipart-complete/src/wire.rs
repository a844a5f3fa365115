//! Bodies as callers see them.

use serde::{Deserialize, Serialize};
use shared::http::{Code, Problem, WantedChecksum};
use shared::key::ObjectKey;
use shared::multipart::{self, Listed};
use shared::parts::{ETag, PartNumber, PartPlan};
use shared::session::{Session, State};

/// The body of `POST …/complete`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct Wanted {
    parts: Option<Vec<WantedPart>>,
    checksum: Option<WantedChecksum>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object")]
struct WantedPart {
    part_number: u32,
    etag: String,
    checksum: Option<String>,
}

impl Wanted {
    pub(crate) fn into_parts(self) -> Result<multipart::Wanted, Problem> {
        let parts = self.parts.map(|parts| parts.into_iter().map(WantedPart::read).collect::<Result<_, _>>());
        let checksum = self.checksum.map(|checksum| checksum.read()).transpose()?;
        Ok(multipart::Wanted { parts: parts.transpose()?, checksum })
    }
}

impl WantedPart {
    fn read(self) -> Result<Listed, Problem> {
        let number = self.part_number;
        let zero = || Problem::new(Code::InvalidPart, "parts are numbered from 1");
        let etag = ETag::parse(&self.etag)
            .map_err(|_| Problem::new(Code::InvalidPart, format!("part {number} has an etag that is none")))?;
        Ok((PartNumber::new(number).ok_or_else(zero)?, etag, self.checksum))
    }
}

/// The answer of a completion.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Completed<'a> {
    id: String,
    session_id: String,
    /// Complete is not checked: the verdict is the validator's.
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

impl<'a> Completed<'a> {
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

/// Where a session stands, in one word.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing {
    id: String,
    session_id: String,
    status: &'static str,
}

impl Standing {
    pub(crate) fn new(key: &ObjectKey, status: &'static str) -> Self {
        let id = key.id().to_string();
        Self { session_id: id.clone(), id, status }
    }
}
