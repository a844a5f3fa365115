//! Every rule about what may be uploaded.
//!
//! [`Policy::review`] is the whole decision: a request goes in, a [`Grant`] or a [`Refusal`] comes out. The JSON
//! form and its faults live in [`document`].

mod afterwards;
mod multipart;
mod refusal;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::checksum::Checksum;
use crate::content_rules::{Action, ContentRules};
use crate::filename::FileName;
use crate::grant::{Grant, SizeGrant};
use crate::hash::hex_sha256;
use crate::name_problems::name_problems;
use crate::request::{Transport, UploadRequest};
use crate::s3_limits::StoreLimits;
use crate::size::ByteSize;
use crate::type_pattern::MediaPattern;
use content_sniff::MediaType;
pub use multipart::{ReviewedMultipart, SessionTerms, fits};
pub use refusal::Refusal;

/// The name of the class that applies when the caller names none.
pub const DEFAULT_CLASS: &str = "default";

/// Named classes of uploads and the store's own limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The classes by name.
    pub classes: BTreeMap<String, Class>,
    /// What the store allows, whatever a class says.
    pub store: StoreLimits,
    /// Sixteen hex digits that name this edition of the policy in grants and records.
    pub hash: String,
}

/// How many sessions without a declared size can be counted for one owner: the count's items in the table stay well
/// below the end of an item (`records::session_item`).
pub const MAX_UNSIZED_SESSIONS: u32 = 320_000;

/// What one kind of upload may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// The first rule whose types match decides.
    pub rules: Vec<Rule>,
    /// The largest body of one request; above it only multipart will do.
    pub single_request_max: ByteSize,
    /// From here on the answer recommends multipart.
    pub multipart_from: ByteSize,
    /// The smallest part of a multipart upload; parts grow only where the store's count of them asks for it.
    pub part_size: ByteSize,
    /// How long a multipart session lives without being used.
    pub session_life: Duration,
    /// How many sessions without a declared size one owner may have open.
    pub unsized_sessions: u32,
    /// How long a URL lives.
    pub url_life: Duration,
    /// Whether a grant needs a checksum.
    pub checksum: Requirement,
    /// Whether a malware scan must find nothing before an upload is accepted.
    pub scan: Scan,
    /// What becomes of a rejected version.
    pub on_rejection: OnRejection,
    /// Which metadata names a caller may set.
    pub metadata: AllowedMetadata,
    /// Types that may be served for display in a browser.
    pub inline: Vec<MediaPattern>,
    /// What to make of what the bytes turn out to hold.
    pub content: ContentRules,
}

/// Types with what else holds for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The types this rule is about.
    pub types: Vec<MediaPattern>,
    /// Extensions in lower case without the dot; none listed means any.
    pub extensions: Vec<String>,
    /// The smallest size.
    pub min: ByteSize,
    /// The largest size.
    pub max: ByteSize,
}

/// Whether something must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// It may be left out.
    Optional,
    /// It must be given.
    Required,
}

/// Whether a malware scanner has a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// Nobody waits for one, and nobody heeds one.
    Off,
    /// Without a clean one nothing is accepted.
    Required,
}

/// What becomes of a version that was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRejection {
    /// It is deleted once the verdict is written.
    Delete,
    /// It stays for inspection; nothing ever serves it.
    Keep,
}

/// Which metadata names a caller may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedMetadata {
    /// Any name.
    Any,
    /// These names only.
    Names(Vec<String>),
}

/// A grant and the advice that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedUpload {
    /// What was granted.
    pub grant: Grant,
    /// How long its URL lives.
    pub url_life: Duration,
    /// Whether multipart would serve this file better.
    pub multipart_recommended: bool,
}

impl Policy {
    /// Decides about a request that one request will fulfil.
    ///
    /// # Errors
    /// The first [`Refusal`] that applies, most general first.
    pub fn review(&self, request: UploadRequest, transport: Transport) -> Result<ReviewedUpload, Refusal> {
        let (class, rule) = self.admit(&request)?;
        let size = class.size_grant(rule, self.store, request.size, transport)?;
        if class.checksum == Requirement::Required && request.checksum.is_none() {
            return Err(Refusal::ChecksumRequired { class: request.class_name().to_owned() });
        }
        Ok(ReviewedUpload {
            url_life: class.url_life,
            multipart_recommended: request.size.is_some_and(|size| size >= class.multipart_from),
            grant: self.grant(request, size),
        })
    }

    /// The class and the rule that a request falls under, whatever its size.
    fn admit(&self, request: &UploadRequest) -> Result<(&Class, &Rule), Refusal> {
        let name = request.class_name();
        let Some(class) = self.classes.get(name) else {
            return Err(Refusal::UnknownClass { class: name.to_owned() });
        };
        let content_type = &request.content_type;
        let Some(rule) = class.rule_for(content_type) else {
            return Err(Refusal::TypeNotAllowed { content_type: content_type.clone(), class: name.to_owned() });
        };
        if !rule.takes_extension(&request.filename) {
            let allowed = rule.extensions.clone();
            return Err(Refusal::ExtensionNotAllowed { content_type: content_type.clone(), allowed });
        }
        if let Some(problem) = class.refuses_name(&request.filename) {
            return Err(Refusal::NameNotAllowed { class: name.to_owned(), problem });
        }
        if let Some(refused) = request.metadata.keys().find(|key| !class.metadata.allows(key)) {
            return Err(Refusal::MetadataNotAllowed { class: name.to_owned(), name: refused.clone() });
        }
        Ok((class, rule))
    }

    fn grant(&self, request: UploadRequest, size: SizeGrant) -> Grant {
        Grant {
            class: request.class_name().to_owned(),
            owner: request.owner,
            filename: request.filename,
            content_type: request.content_type,
            size,
            checksum: request.checksum,
            metadata: request.metadata,
            policy_hash: self.hash.clone(),
        }
    }

    /// The name of a policy written as `document`.
    #[must_use]
    pub fn hash_of(document: &str) -> String {
        hex_sha256(&[document.as_bytes()])[..16].to_owned()
    }
}

impl Class {
    /// The rule that decides about `declared`.
    #[must_use]
    pub fn rule_for(&self, declared: &MediaType) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.types.iter().any(|pattern| pattern.matches(declared)))
    }

    /// Whether a browser may be told to display this type.
    #[must_use]
    pub fn serves_inline(&self, content_type: &MediaType) -> bool {
        self.inline.iter().any(|pattern| pattern.matches(content_type))
    }

    /// What a class that rejects misleading or unusual names finds wrong with one.
    fn refuses_name(&self, name: &FileName) -> Option<&'static str> {
        let refused = name_problems(name.as_str()).into_iter().find(|problem| {
            let rule = if problem.deceives() { self.content.misleading_name } else { self.content.unusual_name };
            rule == Action::Reject
        });
        refused.map(crate::name_problems::NameProblem::as_str)
    }

    /// What one request may carry.
    fn size_grant(
        &self,
        rule: &Rule,
        store: StoreLimits,
        size: Option<ByteSize>,
        transport: Transport,
    ) -> Result<SizeGrant, Refusal> {
        let max = rule.max.min(store.object);
        let single = self.single_request_max.min(store.single_request);
        match (size, transport) {
            (Some(size), _) if size < rule.min => Err(Refusal::TooSmall { size, min: rule.min }),
            (Some(size), _) if size > max => Err(Refusal::TooLarge { size, max }),
            (Some(size), _) if size > single => Err(Refusal::UseMultipart { size, max: single }),
            (Some(size), _) => Ok(SizeGrant::Exactly(size)),
            (None, Transport::Put) => Err(Refusal::SizeRequired),
            // A form that no file could keep to.
            (None, Transport::Post) if rule.min > single => Err(Refusal::UseMultipart { size: rule.min, max: single }),
            (None, Transport::Post) => Ok(SizeGrant::Between { min: rule.min, max: max.min(single) }),
        }
    }
}

impl Rule {
    fn takes_extension(&self, name: &FileName) -> bool {
        self.extensions.is_empty() || name.extension().is_some_and(|extension| self.extensions.contains(&extension))
    }
}

impl AllowedMetadata {
    /// Whether a caller may set metadata of this name.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Names(names) => names.iter().any(|allowed| allowed == name),
        }
    }
}

#[cfg(test)]
mod tests;
