//! The decision about a request for one upload: [`Policy::review`] gives a [`Grant`] or a [`Refusal`].

pub(crate) mod class;
mod refusal;

use std::collections::BTreeMap;
use std::time::Duration;

use content_sniff::MediaType;

use crate::declared_type::resolve;
use crate::grant::{Grant, SizeGrant};
use crate::hash::hex_sha256;
use crate::request::{Transport, UploadRequest};
use crate::s3_limits::StoreLimits;
use crate::size::ByteSize;

pub use class::{AllowedMetadata, Class, DeclaredType, MAX_UNSIZED_SESSIONS, OnRejection, Requirement, Rule, Scan};
pub use refusal::{Actual, Facts, Refusal};

/// How many hex digits of its SHA-256 identify a policy.
const HASH_DIGITS: usize = 16;

/// The upload policy of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The classes by name.
    pub classes: BTreeMap<String, Class>,
    /// Limits of the store, which apply to every class.
    pub store: StoreLimits,
    /// Sixteen hex digits that identify the text of this policy in grants and records.
    pub hash: String,
}

/// A grant for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedUpload {
    /// The grant.
    pub grant: Grant,
    /// How long its URL lives.
    pub url_life: Duration,
    /// Whether the size reaches the class's threshold for a multipart upload.
    pub multipart_recommended: bool,
}

impl Policy {
    /// The longest life of a presigned URL in any class.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "a policy has at least one class")]
    pub fn longest_url_life(&self) -> Duration {
        self.classes.values().map(|class| class.url_life).max().expect("a policy has at least one class")
    }

    /// Decides about a file that the client sends in one request.
    ///
    /// # Errors
    /// The first [`Refusal`] that applies, the most general one first.
    pub fn review(&self, request: UploadRequest, transport: Transport) -> Result<ReviewedUpload, Refusal> {
        let (class, rule, content_type) = self.admit(&request)?;
        let size = single_request_size(class, rule, self.store, request.size, transport)?;
        if class.checksum == Requirement::Required && request.checksum.is_none() {
            return Err(Refusal::ChecksumRequired);
        }
        Ok(ReviewedUpload {
            url_life: class.url_life,
            multipart_recommended: request.size.is_some_and(|size| size >= class.multipart_from),
            grant: self.grant(request, content_type, size),
        })
    }

    /// The class, the rule and the type that apply to a request. Checks everything except size and checksum.
    pub(crate) fn admit(&self, request: &UploadRequest) -> Result<(&Class, &Rule, MediaType), Refusal> {
        let name = request.class_name();
        let Some(class) = self.classes.get(name) else {
            return Err(Refusal::UnknownClass { class: name.to_owned() });
        };
        let extension = request.filename.extension();
        let Some(content_type) = resolve(class, request.declared_type.as_ref(), extension.as_deref()) else {
            return Err(Refusal::TypeRequired { allowed: class.extensions() });
        };
        let Some(rule) = class.rule_for(&content_type) else {
            return Err(Refusal::TypeNotAllowed { content_type, allowed: class.extensions() });
        };
        let is_allowed = match class.declared {
            DeclaredType::Hint => rule.allows_extension(extension.as_deref()),
            DeclaredType::Exact => rule.lists_extension(extension.as_deref()),
        };
        if !is_allowed {
            let extension = extension.unwrap_or_default();
            return Err(Refusal::ExtensionNotAllowed { extension, allowed: rule.extensions.clone() });
        }
        if let Some(problem) = class.rejected_name_problem(&request.filename) {
            return Err(Refusal::NameNotAllowed { problem: problem.as_str() });
        }
        if let Some(unlisted) = request.metadata.keys().find(|key| !class.metadata.allows(key)) {
            return Err(Refusal::MetadataNotAllowed { name: unlisted.clone(), allowed: class.metadata.names() });
        }
        Ok((class, rule, content_type))
    }

    pub(crate) fn grant(&self, request: UploadRequest, content_type: MediaType, size: SizeGrant) -> Grant {
        Grant {
            class: request.class_name().to_owned(),
            owner: request.owner,
            filename: request.filename,
            content_type,
            declared_type: request.declared_type,
            size,
            checksum: request.checksum,
            metadata: request.metadata,
            policy_hash: self.hash.clone(),
        }
    }

    /// The [`Policy::hash`] of a policy with this text.
    #[must_use]
    pub fn hash_of(document: &str) -> String {
        hex_sha256(&[document.as_bytes()])[..HASH_DIGITS].to_owned()
    }
}

/// The sizes that one request may have.
fn single_request_size(
    class: &Class,
    rule: &Rule,
    store: StoreLimits,
    size: Option<ByteSize>,
    transport: Transport,
) -> Result<SizeGrant, Refusal> {
    let max = rule.max.min(store.object);
    let single = class.single_request_max.min(store.single_request);
    match (size, transport) {
        (Some(size), _) if size < rule.min => Err(Refusal::TooSmall { size, min: rule.min }),
        (Some(size), _) if size > max => Err(Refusal::TooLarge { size, max }),
        (Some(size), _) if size > single => Err(Refusal::UseMultipart { size, max: single }),
        (Some(size), _) => Ok(SizeGrant::Exactly(size)),
        (None, Transport::Put) => Err(Refusal::SizeRequired),
        // The range would be empty.
        (None, Transport::Post) if rule.min > single => Err(Refusal::UseMultipart { size: rule.min, max: single }),
        (None, Transport::Post) => Ok(SizeGrant::Between { min: rule.min, max: max.min(single) }),
    }
}

#[cfg(test)]
pub(crate) mod tests;
