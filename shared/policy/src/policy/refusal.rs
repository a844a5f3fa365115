//! Why a request gets no grant.

use content_sniff::MediaType;

use crate::size::ByteSize;

/// Why a request gets no grant. Each variant has one stable code in `docs/CONTRACT.md`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The policy has no class of this name.
    #[error("there is no class {class:?}")]
    UnknownClass {
        /// The requested class.
        class: String,
    },
    /// The client declared no type, and the extension gives none that the class allows.
    #[error("this kind of file is not allowed in class {class:?}: `contentType` is missing, and so is an extension that the class lists")]
    TypeRequired {
        /// The class.
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
    /// The rule for the type does not list the file's extension.
    #[error("the file extension is not allowed for {content_type}: use {}", allowed.join(", "))]
    ExtensionNotAllowed {
        /// The declared type.
        content_type: MediaType,
        /// The extensions that the rule lists.
        allowed: Vec<String>,
    },
    /// A misleading name, or one that is too unusual for the class.
    #[error("class {class:?} does not allow this file name ({problem}): rename the file")]
    NameNotAllowed {
        /// The class.
        class: String,
        /// A code of [`crate::name_problems::NameProblem`].
        problem: &'static str,
    },
    /// A PUT without a size.
    #[error("`size` is required for a PUT: send it, or send \"method\": \"POST\"")]
    SizeRequired,
    /// Below the rule's minimum.
    #[error("{size} is below the minimum of {min} for this type")]
    TooSmall {
        /// The declared size.
        size: ByteSize,
        /// The minimum.
        min: ByteSize,
    },
    /// Above the rule's maximum.
    #[error("{size} is above the maximum of {max} for this type")]
    TooLarge {
        /// The declared size.
        size: ByteSize,
        /// The maximum.
        max: ByteSize,
    },
    /// Allowed, but not in one request.
    #[error("{size} is above the maximum of {max} for one request: use a multipart upload")]
    UseMultipart {
        /// The declared size.
        size: ByteSize,
        /// The maximum of one request.
        max: ByteSize,
    },
    /// The class requires a checksum.
    #[error("class {class:?} requires a checksum")]
    ChecksumRequired {
        /// The class.
        class: String,
    },
    /// A checksum that S3 can't verify for a multipart upload.
    #[error("{problem}")]
    ChecksumTypeUnsupported {
        /// The reason and an alternative.
        problem: &'static str,
    },
    /// The class does not list this metadata name.
    #[error("class {class:?} does not allow metadata named {name:?}")]
    MetadataNotAllowed {
        /// The class.
        class: String,
        /// The name.
        name: String,
    },
}

impl Refusal {
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
            | Self::ChecksumRequired { .. }
            | Self::ChecksumTypeUnsupported { .. }
            | Self::MetadataNotAllowed { .. } => false,
        }
    }
}
