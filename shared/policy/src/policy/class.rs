//! A class of uploads: its rules and limits.

use std::time::Duration;

use content_sniff::MediaType;

use crate::content_rules::{Action, ContentRules};
use crate::filename::FileName;
use crate::name_problems::{NameProblem, name_problems, says_anything};
use crate::size::ByteSize;
use crate::type_pattern::MediaPattern;

/// The highest limit for an owner's open sessions without a declared size. The table lists their ids in 64 items of at
/// most 5,000 ids, because an item holds at most 400 KB
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>, read 2026-11).
pub const MAX_UNSIZED_SESSIONS: u32 = 320_000;

/// The rules and limits of one class of uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// The first rule that matches the declared type applies.
    pub rules: Vec<Rule>,
    /// The largest body of one request. A larger file needs a multipart upload.
    pub single_request_max: ByteSize,
    /// From this size on, the response recommends a multipart upload.
    pub multipart_from: ByteSize,
    /// The smallest part of a multipart upload. Parts are larger only if the object would need too many otherwise.
    pub part_size: ByteSize,
    /// How long a multipart session lives after its last use.
    pub session_life: Duration,
    /// How many sessions without a declared size one owner may have open.
    pub unsized_sessions: u32,
    /// How long a presigned URL lives.
    pub url_life: Duration,
    /// Whether a request must declare a checksum.
    pub checksum: Requirement,
    /// Whether a malware scan must find nothing before an upload is accepted.
    pub scan: Scan,
    /// Whether Sluice deletes a rejected version.
    pub on_rejection: OnRejection,
    /// Which metadata names a request may set.
    pub metadata: AllowedMetadata,
    /// Types that may be served for display in a browser.
    pub inline: Vec<MediaPattern>,
    /// How the declared type is taken.
    pub declared: DeclaredType,
    /// What to do about each finding in the content.
    pub content: ContentRules,
}

/// An allow rule: media types, extensions, size limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The types to which the rule applies.
    pub types: Vec<MediaPattern>,
    /// Extensions in lower case without the dot; empty allows every extension.
    pub extensions: Vec<String>,
    /// The smallest size, inclusive.
    pub min: ByteSize,
    /// The largest size, inclusive.
    pub max: ByteSize,
}

/// Whether a request must have a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// The request may omit it.
    Optional,
    /// The policy refuses a request without it.
    Required,
}

/// How a class takes the type that a client declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredType {
    /// As a hint. The extension may resolve it, and content of another type is accepted if the class allows that type and
    /// it is no more dangerous.
    Hint,
    /// As a statement. It must be allowed, and the content must agree with it.
    Exact,
}

/// Whether a class requires a malware scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// Scan results are ignored.
    Off,
    /// An upload is accepted only after a scan that found nothing.
    Required,
}

/// Whether Sluice deletes a rejected version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRejection {
    /// The validator deletes it after it has written the verdict.
    Delete,
    /// It stays in the bucket for inspection and is never served.
    Keep,
}

/// Which metadata names a request may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedMetadata {
    /// Any name.
    Any,
    /// These names only.
    Names(Vec<String>),
}

impl Class {
    /// The rule for a declared type.
    #[must_use]
    pub fn rule_for(&self, declared: &MediaType) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.types.iter().any(|pattern| pattern.matches(declared)))
    }

    /// The rule that an object of type `found` satisfies, with its size and the extension of its name.
    pub(crate) fn accepts_as(&self, found: &MediaType, size: ByteSize, extension: Option<&str>) -> bool {
        self.rule_for(found)
            .is_some_and(|rule| (rule.min..=rule.max).contains(&size) && rule.allows_extension(extension))
    }

    /// The extensions that the rules list, each once: first the first one of each rule, then the second ones, and so on.
    /// A sentence can then show the start of the list.
    pub(super) fn extensions(&self) -> Vec<String> {
        let longest = self.rules.iter().map(|rule| rule.extensions.len()).max().unwrap_or_default();
        let mut extensions: Vec<String> = Vec::new();
        for extension in (0..longest).flat_map(|n| self.rules.iter().filter_map(move |rule| rule.extensions.get(n))) {
            if !extensions.contains(extension) {
                extensions.push(extension.clone());
            }
        }
        extensions
    }

    /// Whether the class lists the type as safe for display in a browser.
    #[must_use]
    pub fn serves_inline(&self, content_type: &MediaType) -> bool {
        self.inline.iter().any(|pattern| pattern.matches(content_type))
    }

    /// The first problem of a file name that a rule of the class rejects.
    pub(super) fn rejected_name_problem(&self, name: &FileName) -> Option<NameProblem> {
        name_problems(name.as_str()).into_iter().find(|problem| {
            let action = if problem.is_misleading() { self.content.misleading_name } else { self.content.unusual_name };
            action == Action::Reject
        })
    }
}

impl Rule {
    /// Whether the rule allows files with this extension, in lower case without the dot. A name without an extension says
    /// nothing about its type, and neither does an extension that no program knows (`Report 2026.11`): they contradict no
    /// rule.
    pub(crate) fn allows_extension(&self, extension: Option<&str>) -> bool {
        self.extensions.is_empty()
            || extension.is_none_or(|extension| {
                self.extensions.iter().any(|listed| listed == extension) || !says_anything(extension)
            })
    }

    /// Whether the rule lists this extension.
    pub(super) fn lists_extension(&self, extension: Option<&str>) -> bool {
        self.extensions.is_empty() || self.extensions.iter().any(|listed| Some(&**listed) == extension)
    }
}

impl AllowedMetadata {
    /// The names, or `*` for any.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Any => vec!["*".to_owned()],
            Self::Names(names) => names.clone(),
        }
    }

    /// Whether a request may set metadata of this name.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Names(names) => names.iter().any(|allowed| allowed == name),
        }
    }
}
