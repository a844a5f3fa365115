//! The result of sniffing an object.

use std::borrow::Cow;

use crate::finding::Finding;

/// The media type of an object that no reader recognises.
pub(crate) const UNKNOWN: &str = "application/octet-stream";

/// The evidence for a media type, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// No reader recognises the object.
    None,
    /// The content resembles the type. Text formats have no stronger evidence.
    Heuristic,
    /// The signature (magic number) of the format matches.
    Signature,
    /// The signature matches and the structure after it is consistent.
    Structural,
}

/// The result of sniffing an object: its media type, its findings and what the sniffing cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sniffed {
    /// The media type; `application/octet-stream` if no reader recognises the object.
    pub media_type: Cow<'static, str>,
    /// A more general type that is also correct, such as `application/zip` for a Word document.
    pub parent: Option<&'static str>,
    /// The evidence for `media_type`.
    pub confidence: Confidence,
    /// Properties and defects of the object, each code at most once.
    pub findings: Vec<Finding>,
    /// The number of ranges read.
    pub reads: u32,
    /// The number of bytes read.
    pub bytes: u64,
}
