//! Reasons for a rejection, besides those that the bytes give.

/// Why an upload was rejected. The bytes themselves give further reasons: the codes of [`content_sniff`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The size differs from the grant.
    SizeMismatch,
    /// The content type in S3 differs from the grant.
    TypeAltered,
    /// S3 holds no checksum, or another one than the grant.
    ChecksumMismatch,
    /// The object has no readable grant, or one for another owner.
    NotGranted,
    /// The object has metadata, tags or headers that no grant writes.
    UnexpectedMetadata,
    /// A malware scanner found a threat.
    ThreatFound,
    /// The class requires a scan and the scanner could not scan the object.
    Unscannable,
    /// The class requires a scan and no result arrived in time.
    NotScanned,
}

impl Reason {
    /// Every reason, in the order of `docs/CONTRACT.md`.
    pub const ALL: [Self; 8] = [
        Self::SizeMismatch,
        Self::TypeAltered,
        Self::ChecksumMismatch,
        Self::NotGranted,
        Self::UnexpectedMetadata,
        Self::ThreatFound,
        Self::Unscannable,
        Self::NotScanned,
    ];

    /// The stable code of `docs/CONTRACT.md`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SizeMismatch => "size-mismatch",
            Self::TypeAltered => "type-altered",
            Self::ChecksumMismatch => "checksum-mismatch",
            Self::NotGranted => "not-granted",
            Self::UnexpectedMetadata => "unexpected-metadata",
            Self::ThreatFound => "threat-found",
            Self::Unscannable => "unscannable",
            Self::NotScanned => "not-scanned",
        }
    }
}
