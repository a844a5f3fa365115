//! Bodies as callers see them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::checksum::{ChecksumAlgorithm, NotAChecksum};
use shared::http::{Code, Facts, PartUrls, Problem, WantedChecksum, WantedSize};
use shared::key::OwnerId;
use shared::parts::PartPlan;
use shared::policy::Wish;
use shared::session::Session;

/// The body of `POST /uploads/multipart`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object")]
pub(crate) struct Wanted {
    filename: String,
    content_type: String,
    size: Option<WantedSize>,
    class: Option<String>,
    checksum: Option<WantedChecksum>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    part_checksum: Option<String>,
}

impl Wanted {
    pub(crate) fn into_wish(self, owner: OwnerId) -> Result<(Wish, Option<ChecksumAlgorithm>), Problem> {
        let Self { filename, content_type, size, class, checksum, metadata, part_checksum } = self;
        let unknown = || Problem::new(Code::InvalidChecksum, NotAChecksum::Algorithm.to_string());
        let part_checksum =
            part_checksum.map(|name| ChecksumAlgorithm::named(&name).ok_or_else(unknown)).transpose()?;
        let wish = Facts { filename, content_type, size, class, checksum, metadata }.into_wish(owner)?;
        Ok((wish, part_checksum))
    }
}

/// The answer to `POST /uploads/multipart`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Begun {
    id: String,
    session_id: String,
    part_size: u64,
    /// Missing where nobody declared a size.
    #[serde(skip_serializing_if = "Option::is_none")]
    part_count: Option<u32>,
    expires_at: Timestamp,
    #[serde(flatten)]
    page: PartUrls,
}

impl Begun {
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
            page,
        }
    }
}
