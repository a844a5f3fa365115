//! What nearly every reader uses.

pub(crate) use crate::finding::FindingCode;
pub(crate) use crate::report::Report;
pub(crate) use crate::sniffed::Confidence;
pub(crate) use crate::source::{MissingRange, Source, WINDOW_BYTES};
