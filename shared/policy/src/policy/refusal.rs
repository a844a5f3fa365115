//! Why a request gets no grant.

use std::fmt;

use content_sniff::MediaType;

use crate::size::ByteSize;
use crate::words;

/// Why a request gets no grant. Each variant has one stable code in `docs/CONTRACT.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The policy has no class of this name.
    UnknownClass {
        /// The requested class.
        class: String,
    },
    /// The client declared no type, and the extension gives none that the class allows.
    TypeRequired {
        /// The extensions that the class lists.
        allowed: Vec<String>,
    },
    /// No rule of the class matches the declared type.
    TypeNotAllowed {
        /// The declared type, or that of the extension.
        content_type: MediaType,
        /// The extensions that the class lists.
        allowed: Vec<String>,
    },
    /// The rule for the type does not list the file's extension.
    ExtensionNotAllowed {
        /// The extension of the file, in lower case without the dot; empty if it has none.
        extension: String,
        /// The extensions that the rule lists.
        allowed: Vec<String>,
    },
    /// A misleading name, or one that is too unusual for the class.
    NameNotAllowed {
        /// A code of [`crate::name_problems::NameProblem`].
        problem: &'static str,
    },
    /// A PUT without a size.
    SizeRequired,
    /// Below the rule's minimum.
    TooSmall {
        /// The declared size.
        size: ByteSize,
        /// The minimum.
        min: ByteSize,
    },
    /// Above the rule's maximum.
    TooLarge {
        /// The declared size.
        size: ByteSize,
        /// The maximum.
        max: ByteSize,
    },
    /// Allowed, but not in one request.
    UseMultipart {
        /// The declared size.
        size: ByteSize,
        /// The maximum of one request.
        max: ByteSize,
    },
    /// The class requires a checksum.
    ChecksumRequired,
    /// A checksum that S3 can't verify for a multipart upload.
    ChecksumTypeUnsupported {
        /// The reason and an alternative.
        problem: &'static str,
    },
    /// The class does not list this metadata name.
    MetadataNotAllowed {
        /// The name.
        name: String,
        /// The names that the class lists.
        allowed: Vec<String>,
    },
}

/// The values of a refusal for a program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The limit that was missed, in bytes.
    pub limit: Option<u64>,
    /// The value that missed it: bytes as a number, anything else as a text.
    pub actual: Option<Actual>,
    /// What would have been allowed.
    pub allowed: Vec<String>,
}

/// A value in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actual {
    /// A size in bytes.
    Bytes(u64),
    /// Any other value.
    Text(String),
}

impl Refusal {
    /// The stable code of `docs/CONTRACT.md`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownClass { .. } => "unknown-class",
            Self::TypeRequired { .. } => "type-required",
            Self::TypeNotAllowed { .. } => "type-not-allowed",
            Self::ExtensionNotAllowed { .. } => "extension-not-allowed",
            Self::NameNotAllowed { .. } => "name-not-allowed",
            Self::SizeRequired => "size-required",
            Self::TooSmall { .. } => "too-small",
            Self::TooLarge { .. } => "too-large",
            Self::UseMultipart { .. } => "use-multipart",
            Self::ChecksumRequired => "checksum-required",
            Self::ChecksumTypeUnsupported { .. } => "checksum-type-unsupported",
            Self::MetadataNotAllowed { .. } => "metadata-not-allowed",
        }
    }

    /// The values for a program.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let text = |text: &str| Some(Actual::Text(text.to_owned()));
        match self {
            Self::UnknownClass { class } => Facts { actual: text(class), ..Facts::default() },
            Self::TypeRequired { allowed } => Facts { allowed: allowed.clone(), ..Facts::default() },
            Self::TypeNotAllowed { content_type, allowed } => {
                Facts { actual: text(content_type.as_str()), allowed: allowed.clone(), ..Facts::default() }
            }
            Self::ExtensionNotAllowed { extension, allowed } => {
                Facts { actual: text(extension), allowed: allowed.clone(), ..Facts::default() }
            }
            Self::NameNotAllowed { problem } => Facts { actual: text(problem), ..Facts::default() },
            Self::TooSmall { size, min: limit }
            | Self::TooLarge { size, max: limit }
            | Self::UseMultipart { size, max: limit } => {
                Facts { limit: Some(limit.bytes()), actual: Some(Actual::Bytes(size.bytes())), ..Facts::default() }
            }
            Self::MetadataNotAllowed { name, allowed } => {
                Facts { actual: text(name), allowed: allowed.clone(), ..Facts::default() }
            }
            Self::SizeRequired | Self::ChecksumRequired | Self::ChecksumTypeUnsupported { .. } => Facts::default(),
        }
    }

    /// Whether the policy might grant the same file under another content type.
    #[must_use]
    pub fn depends_on_type(&self) -> bool {
        match self {
            Self::TypeRequired { .. }
            | Self::TypeNotAllowed { .. }
            | Self::ExtensionNotAllowed { .. }
            | Self::TooSmall { .. }
            | Self::TooLarge { .. }
            | Self::UseMultipart { .. } => true,
            Self::UnknownClass { .. }
            | Self::NameNotAllowed { .. }
            | Self::SizeRequired
            | Self::ChecksumRequired
            | Self::ChecksumTypeUnsupported { .. }
            | Self::MetadataNotAllowed { .. } => false,
        }
    }
}

/// The sentence for the person who chose the file.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { limit, actual, allowed } = self.facts();
        let code = match self {
            Self::TooSmall { size, .. } if *size == ByteSize::ZERO => "empty-file",
            Self::ExtensionNotAllowed { extension, .. } if extension.is_empty() => "extension-missing",
            Self::TypeRequired { allowed } if allowed.is_empty() => "type-missing",
            Self::TypeNotAllowed { allowed, .. } if allowed.is_empty() => "type-refused",
            _ => self.code(),
        };
        let reason = match self {
            Self::NameNotAllowed { problem } => words::name_problem(problem).unwrap_or(problem),
            _ => "",
        };
        let (actual, limit) = match (actual, limit.map(ByteSize::from_bytes)) {
            (Some(Actual::Bytes(bytes)), Some(limit)) => in_different_words(ByteSize::from_bytes(bytes), limit),
            (Some(Actual::Text(text)), _) => (text, String::new()),
            (Some(Actual::Bytes(_)) | None, _) => (String::new(), String::new()),
        };
        let values =
            [("actual", &*actual), ("limit", &*limit), ("allowed", &*words::list(&allowed)), ("reason", reason)];
        f.write_str(&words::problem(code, &values).unwrap_or_else(|| code.to_owned()))
    }
}

impl std::error::Error for Refusal {}

/// Two sizes for people. If rounding makes them equal, both are exact.
fn in_different_words(size: ByteSize, limit: ByteSize) -> (String, String) {
    let rounded = (size.rounded(), limit.rounded());
    if rounded.0 == rounded.1 {
        (format!("{} bytes", size.bytes()), format!("{} bytes", limit.bytes()))
    } else {
        rounded
    }
}
