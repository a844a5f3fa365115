//! The decision about a request for a multipart upload.

use std::time::Duration;

use crate::checksum::{Checksum, ChecksumAlgorithm, check_multipart_checksums};
use crate::grant::{Grant, SizeGrant};
use crate::parts::PartPlan;
use crate::policy::{Class, Policy, Refusal, Requirement, Rule};
use crate::request::UploadRequest;
use crate::s3_limits::StoreLimits;
use crate::session::SessionTerms;
use crate::size::ByteSize;

/// A grant for a multipart upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedMultipart {
    /// The grant.
    pub grant: Grant,
    /// Number and size of the parts.
    pub plan: PartPlan,
    /// The terms of the session.
    pub terms: SessionTerms,
    /// How many sessions without a declared size the owner may have open; `None` for a session with a declared size.
    pub unsized_sessions: Option<u32>,
}

/// The longest life of a session without a declared size. Its use does not extend it.
const MAX_UNSIZED_SESSION_LIFE: Duration = Duration::from_hours(48);

impl Policy {
    /// Decides about a file that the client sends in parts.
    ///
    /// # Errors
    /// The first [`Refusal`] that applies, the most general one first.
    pub fn review_multipart(
        &self,
        request: UploadRequest,
        part_checksum: Option<ChecksumAlgorithm>,
    ) -> Result<ReviewedMultipart, Refusal> {
        let (class, rule, content_type) = self.admit(&request)?;
        let (size, plan) = plan(class, rule, self.store, request.size)?;
        let object_checksum = request.checksum.as_ref().map(Checksum::algorithm);
        if class.checksum == Requirement::Required && object_checksum.is_none() && part_checksum.is_none() {
            return Err(Refusal::ChecksumRequired);
        }
        check_multipart_checksums(object_checksum, part_checksum)
            .map_err(|problem| Refusal::ChecksumTypeUnsupported { problem })?;
        let session_life = match plan {
            PartPlan::Sized { .. } => class.session_life,
            PartPlan::Unsized { .. } => class.session_life.min(MAX_UNSIZED_SESSION_LIFE),
        };
        Ok(ReviewedMultipart {
            grant: self.grant(request, content_type, size),
            plan,
            terms: SessionTerms { url_life: class.url_life, session_life, part_checksum },
            unsized_sessions: matches!(plan, PartPlan::Unsized { .. }).then_some(class.unsized_sessions),
        })
    }
}

/// The sizes that the object may have, and the plan of its parts.
fn plan(
    class: &Class,
    rule: &Rule,
    store: StoreLimits,
    size: Option<ByteSize>,
) -> Result<(SizeGrant, PartPlan), Refusal> {
    let max = rule.max.min(store.object);
    match size {
        Some(size) if size < rule.min => Err(Refusal::TooSmall { size, min: rule.min }),
        Some(size) if size > max => Err(Refusal::TooLarge { size, max }),
        Some(size) => match PartPlan::sized(size, class.part_size, store) {
            Ok(plan) => Ok((SizeGrant::Exactly(size), plan)),
            Err(_) => Err(Refusal::TooLarge { size, max: store.max_multipart_size() }),
        },
        None => {
            let limit = max.min(store.max_multipart_size());
            let plan = PartPlan::unsized_up_to(limit, class.part_size, store);
            Ok((SizeGrant::Between { min: rule.min, max: limit }, plan))
        }
    }
}

#[cfg(test)]
mod tests;
