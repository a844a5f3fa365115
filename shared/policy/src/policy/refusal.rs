//! Why a request is not granted.

use crate::size::ByteSize;
use content_sniff::MediaType;

/// Why a request was not granted. Each variant is one stable code of `docs/CONTRACT.md`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No class of that name.
    #[error("there is no class {class:?}")]
    UnknownClass {
        /// The name asked for.
        class: String,
    },
    /// No rule of the class matches the declared type.
    #[error("{content_type} is not allowed in class {class:?}")]
    TypeNotAllowed {
        /// The declared type.
        content_type: MediaType,
        /// The class.
        class: String,
    },
    /// The rule for the type lists other extensions.
    #[error("the extension does not fit {content_type}; allowed are {}", allowed.join(", "))]
    ExtensionNotAllowed {
        /// The declared type.
        content_type: MediaType,
        /// What would be allowed.
        allowed: Vec<String>,
    },
    /// A name that deceives, or that the class finds too unusual.
    #[error("class {class:?} does not take this file name: {problem}")]
    NameNotAllowed {
        /// The class.
        class: String,
        /// What is wrong with the name, as a code.
        problem: &'static str,
    },
    /// A PUT needs its length.
    #[error("a size in bytes is needed; a client that can't know it asks with \"method\": \"POST\"")]
    SizeRequired,
    /// Below the rule's minimum.
    #[error("{size} is below the minimum of {min} for this type")]
    TooSmall {
        /// The size asked for.
        size: ByteSize,
        /// The limit.
        min: ByteSize,
    },
    /// Above the rule's maximum.
    #[error("{size} is above the maximum of {max} for this type")]
    TooLarge {
        /// The size asked for.
        size: ByteSize,
        /// The limit.
        max: ByteSize,
    },
    /// Allowed, but not in one request.
    #[error("{size} is above the {max} that one request may carry: use multipart")]
    UseMultipart {
        /// The size asked for.
        size: ByteSize,
        /// The limit.
        max: ByteSize,
    },
    /// The class asks for a checksum.
    #[error("class {class:?} needs a checksum")]
    ChecksumRequired {
        /// The class.
        class: String,
    },
    /// A checksum that the store can't verify for an object in parts.
    #[error("{problem}")]
    ChecksumTypeUnsupported {
        /// What is wrong with it, and what would do.
        problem: &'static str,
    },
    /// A metadata name that the class does not list.
    #[error("class {class:?} takes no metadata named {name:?}")]
    MetadataNotAllowed {
        /// The class.
        class: String,
        /// The name.
        name: String,
    },
}

impl Refusal {
    /// Whether the same file under another content type might be granted.
    #[must_use]
    pub fn hinges_on_type(&self) -> bool {
        match self {
            Self::TypeNotAllowed { .. }
            | Self::ExtensionNotAllowed { .. }
            | Self::TooSmall { .. }
            | Self::TooLarge { .. }
            | Self::UseMultipart { .. } => true,
            Self::UnknownClass { .. }
            | Self::NameNotAllowed { .. }
            | Self::SizeRequired
            | Self::ChecksumRequired { .. }
            | Self::ChecksumTypeUnsupported { .. }
            | Self::MetadataNotAllowed { .. } => false,
        }
    }
}
