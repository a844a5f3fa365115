//! Every rule about what may be uploaded.
//!
//! [`Policy::review`] is the whole decision: a wish goes in, a [`Grant`] or a [`Refusal`] comes out. The JSON
//! form and its faults live in [`document`].

mod afterwards;
pub mod document;
mod parts;
mod refusal;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::checksum::Checksum;
use crate::filename::FileName;
use crate::key::{OwnerId, hex_sha256};
use crate::media::{MediaPattern, MediaType};
use crate::s3_limits::StoreLimits;
use crate::size::ByteSize;
use crate::sniff::{Action, ContentRules, name_problems};
pub use parts::{PartsReview, Terms, fits};
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
pub const MOST_UNSIZED_SESSIONS: u32 = 320_000;

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

/// What a caller would like to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Whose it will be.
    pub owner: OwnerId,
    /// What the user calls it.
    pub filename: FileName,
    /// What the user says it is.
    pub content_type: MediaType,
    /// Its size, if the client knows it.
    pub size: Option<ByteSize>,
    /// The class asked for.
    pub class: Option<String>,
    /// A checksum to bind the grant to.
    pub checksum: Option<Checksum>,
    /// The caller's own facts about it.
    pub metadata: BTreeMap<String, String>,
}

impl Wish {
    fn class_name(&self) -> &str {
        self.class.as_deref().unwrap_or(DEFAULT_CLASS)
    }
}

/// How the bytes of one request will travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// One PUT, its length known and signed.
    Put,
    /// One form POST, its length within a signed range.
    Post,
}

/// The sizes that a grant lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeGrant {
    /// Exactly this many bytes.
    Exactly(ByteSize),
    /// Anything from `min` to `max`, both included.
    Between {
        /// The smallest size.
        min: ByteSize,
        /// The largest size.
        max: ByteSize,
    },
}

impl SizeGrant {
    /// Whether an object of `size` keeps to the grant.
    #[must_use]
    pub fn allows(self, size: ByteSize) -> bool {
        match self {
            Self::Exactly(exact) => size == exact,
            Self::Between { min, max } => (min..=max).contains(&size),
        }
    }
}

/// What was granted: all that the validator must know later. It travels inside the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whose it will be.
    pub owner: OwnerId,
    /// The class whose rules applied.
    pub class: String,
    /// What the user calls it.
    pub filename: FileName,
    /// The content type that the store will insist on.
    pub content_type: MediaType,
    /// The sizes that the store will let through.
    pub size: SizeGrant,
    /// The checksum that the store will verify.
    pub checksum: Option<Checksum>,
    /// The caller's own facts.
    pub metadata: BTreeMap<String, String>,
    /// The edition of the policy that granted it.
    pub policy_hash: String,
}

impl Grant {
    /// The same without anything that the user typed, and without what tells of the content.
    #[must_use]
    pub fn forgotten(&self) -> Self {
        Self { filename: FileName::forgotten(), checksum: None, metadata: BTreeMap::new(), ..self.clone() }
    }
}

/// A grant and the advice that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// What was granted.
    pub grant: Grant,
    /// How long its URL lives.
    pub url_life: Duration,
    /// Whether multipart would serve this file better.
    pub multipart_recommended: bool,
}

impl Policy {
    /// Decides about a wish that one request will fulfil.
    ///
    /// # Errors
    /// The first [`Refusal`] that applies, most general first.
    pub fn review(&self, wish: Wish, transport: Transport) -> Result<Reviewed, Refusal> {
        let (class, rule) = self.admit(&wish)?;
        let size = class.size_grant(rule, self.store, wish.size, transport)?;
        if class.checksum == Requirement::Required && wish.checksum.is_none() {
            return Err(Refusal::ChecksumRequired { class: wish.class_name().to_owned() });
        }
        Ok(Reviewed {
            url_life: class.url_life,
            multipart_recommended: wish.size.is_some_and(|size| size >= class.multipart_from),
            grant: self.grant(wish, size),
        })
    }

    /// The class and the rule that a wish falls under, whatever its size.
    fn admit(&self, wish: &Wish) -> Result<(&Class, &Rule), Refusal> {
        let name = wish.class_name();
        let Some(class) = self.classes.get(name) else {
            return Err(Refusal::UnknownClass { class: name.to_owned() });
        };
        let content_type = &wish.content_type;
        let Some(rule) = class.rule_for(content_type) else {
            return Err(Refusal::TypeNotAllowed { content_type: content_type.clone(), class: name.to_owned() });
        };
        if !rule.takes_extension(&wish.filename) {
            let allowed = rule.extensions.clone();
            return Err(Refusal::ExtensionNotAllowed { content_type: content_type.clone(), allowed });
        }
        if let Some(problem) = class.refuses_name(&wish.filename) {
            return Err(Refusal::NameNotAllowed { class: name.to_owned(), problem });
        }
        if let Some(refused) = wish.metadata.keys().find(|key| !class.metadata.allows(key)) {
            return Err(Refusal::MetadataNotAllowed { class: name.to_owned(), name: refused.clone() });
        }
        Ok((class, rule))
    }

    fn grant(&self, wish: Wish, size: SizeGrant) -> Grant {
        Grant {
            class: wish.class_name().to_owned(),
            owner: wish.owner,
            filename: wish.filename,
            content_type: wish.content_type,
            size,
            checksum: wish.checksum,
            metadata: wish.metadata,
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
        refused.map(crate::sniff::NameProblem::as_str)
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
