//! The JSON bodies of requests and answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambda_http_kit::http::{ChecksumBody, Code, CreateFields, PartUrls, Problem, SizeBody};
use policy::UploadRequest;
use policy::checksum::{ChecksumAlgorithm, InvalidChecksum};
use policy::key::OwnerId;
use policy::parts::PartPlan;
use policy::session::Session;
use serde::{Deserialize, Serialize};

/// The body of `POST /uploads/multipart`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object")]
pub(crate) struct CreateBody {
    filename: String,
    content_type: Option<String>,
    size: Option<SizeBody>,
    class: Option<String>,
    checksum: Option<ChecksumBody>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    part_checksum: Option<String>,
}

impl CreateBody {
    pub(crate) fn into_upload_request(
        self,
        owner: OwnerId,
    ) -> Result<(UploadRequest, Option<ChecksumAlgorithm>), Problem> {
        let Self { filename, content_type, size, class, checksum, metadata, part_checksum } = self;
        let unknown_algorithm = || Problem::new(Code::InvalidChecksum, InvalidChecksum::Algorithm.to_string());
        let part_checksum =
            part_checksum.map(|name| ChecksumAlgorithm::from_name(&name).ok_or_else(unknown_algorithm)).transpose()?;
        let upload =
            CreateFields { filename, content_type, size, class, checksum, metadata }.into_upload_request(owner)?;
        Ok((upload, part_checksum))
    }
}

/// The answer to `POST /uploads/multipart`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateResponse {
    /// The same id as `session_id`: the upload keeps it after completion.
    id: String,
    session_id: String,
    /// Bytes.
    part_size: u64,
    /// Absent without a declared size.
    #[serde(skip_serializing_if = "Option::is_none")]
    part_count: Option<u32>,
    expires_at: Timestamp,
    /// The granted type.
    content_type: String,
    #[serde(flatten)]
    page: PartUrls,
}

impl CreateResponse {
    pub(crate) fn new(session: &Session, page: PartUrls) -> Self {
        let id = session.key.id().to_string();
        Self {
            session_id: id.clone(),
            id,
            part_size: session.plan.part_size().bytes(),
            part_count: match session.plan {
                PartPlan::Sized { count, .. } => Some(count),
                PartPlan::Unsized { .. } => None,
            },
            expires_at: session.deadline,
            content_type: session.grant.content_type.to_string(),
            page,
        }
    }
}
