//! What may be uploaded in parts, and on which terms.

use std::time::Duration;

use crate::checksum::ChecksumAlgorithm;
use crate::parts::PartPlan;
use crate::s3_limits::StoreLimits;
use crate::size::ByteSize;
use crate::{Class, Grant, Policy, Refusal, Requirement, Rule, SizeGrant, UploadRequest};

/// A grant in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedMultipart {
    /// What was granted.
    pub grant: Grant,
    /// How it is cut.
    pub plan: PartPlan,
    /// What holds while it is under way.
    pub terms: SessionTerms,
    /// How many sessions without a declared size the owner may have open, where this is one of them.
    pub unsized_sessions: Option<u32>,
}

/// What holds for a multipart session, whatever becomes of the policy meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTerms {
    /// How long each part's URL lives.
    pub url_life: Duration,
    /// How long the session lives without being used.
    pub session_life: Duration,
    /// The checksum that every part's URL is bound to.
    pub part_checksum: Option<ChecksumAlgorithm>,
}

/// The longest life of a session whose size nobody declared, used or not.
const UNSIZED_LIFE: Duration = Duration::from_hours(48);

impl Policy {
    /// Decides about a request that parts will fulfil.
    ///
    /// # Errors
    /// The first [`Refusal`] that applies, most general first.
    pub fn review_multipart(
        &self,
        request: UploadRequest,
        part_checksum: Option<ChecksumAlgorithm>,
    ) -> Result<ReviewedMultipart, Refusal> {
        let (class, rule) = self.admit(&request)?;
        let (size, plan) = class.cut(rule, self.store, request.size)?;
        let whole = request.checksum.as_ref().map(super::Checksum::algorithm);
        if class.checksum == Requirement::Required && whole.is_none() && part_checksum.is_none() {
            return Err(Refusal::ChecksumRequired { class: request.class_name().to_owned() });
        }
        fits(whole, part_checksum).map_err(|problem| Refusal::ChecksumTypeUnsupported { problem })?;
        let life = match plan {
            PartPlan::Sized { .. } => class.session_life,
            PartPlan::Unsized { .. } => class.session_life.min(UNSIZED_LIFE),
        };
        Ok(ReviewedMultipart {
            grant: self.grant(request, size),
            plan,
            terms: SessionTerms { url_life: class.url_life, session_life: life, part_checksum },
            unsized_sessions: matches!(plan, PartPlan::Unsized { .. }).then_some(class.unsized_sessions),
        })
    }
}

impl Class {
    /// How an object of this size, or of one that nobody knows yet, is cut.
    fn cut(&self, rule: &Rule, store: StoreLimits, size: Option<ByteSize>) -> Result<(SizeGrant, PartPlan), Refusal> {
        let max = rule.max.min(store.object);
        match size {
            Some(size) if size < rule.min => Err(Refusal::TooSmall { size, min: rule.min }),
            Some(size) if size > max => Err(Refusal::TooLarge { size, max }),
            Some(size) => match PartPlan::sized(size, self.part_size, store) {
                Ok(plan) => Ok((SizeGrant::Exactly(size), plan)),
                Err(_) => Err(Refusal::TooLarge { size, max: store.most_in_parts() }),
            },
            None => {
                let limit = max.min(store.most_in_parts());
                let plan = PartPlan::unsized_up_to(limit, self.part_size, store);
                Ok((SizeGrant::Between { min: rule.min, max: limit }, plan))
            }
        }
    }
}

/// Which checksums S3 can verify for an object in parts: CRC-64/NVME always covers the whole, CRC-32 and CRC-32C do
/// where the parts carry them too, and a SHA of the whole can't be made from those of its parts
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>, read 2026-11).
///
/// # Errors
/// Why not, and what would do.
pub fn fits(whole: Option<ChecksumAlgorithm>, parts: Option<ChecksumAlgorithm>) -> Result<(), &'static str> {
    let problem = match (whole, parts) {
        (None, _) | (Some(ChecksumAlgorithm::Crc64Nvme), None) => return Ok(()),
        (Some(ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256), _) => {
            "S3 can't verify a SHA of an object in parts: use crc64nvme for the whole, or a checksum for each part"
        }
        (Some(whole), Some(parts)) if whole == parts => return Ok(()),
        (Some(_), Some(_)) => "the whole and its parts need the same checksum algorithm",
        (Some(ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c), None) => {
            "with this algorithm the parts must carry checksums too: ask for them with partChecksum, or use crc64nvme"
        }
    };
    Err(problem)
}
