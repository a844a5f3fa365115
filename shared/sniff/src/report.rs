//! The output of a reader. A reader updates it step by step, so the state is a valid result when the budget ends early.

use std::borrow::Cow;

use crate::finding::{Finding, FindingCode};
use crate::sniffed::{Confidence, UNKNOWN};
use crate::source::MissingRange;

/// The media type and findings so far.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) media_type: Cow<'static, str>,
    pub(crate) parent: Option<&'static str>,
    pub(crate) confidence: Confidence,
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { media_type: Cow::Borrowed(UNKNOWN), parent: None, confidence: Confidence::None, findings: Vec::new() }
    }

    /// Sets the type and removes the parent. A later call replaces an earlier one.
    pub(crate) fn set_type(&mut self, media_type: impl Into<Cow<'static, str>>, confidence: Confidence) {
        self.media_type = media_type.into();
        self.confidence = confidence;
        self.parent = None;
    }

    /// Sets the type and a more general type that is also correct.
    pub(crate) fn set_type_with_parent(
        &mut self,
        media_type: impl Into<Cow<'static, str>>,
        parent: &'static str,
        confidence: Confidence,
    ) {
        self.set_type(media_type, confidence);
        self.parent = Some(parent);
    }

    /// Adds a finding unless its code is present already.
    pub(crate) fn add_finding(&mut self, code: FindingCode, detail: impl Into<String>) {
        if !self.has_finding(code) {
            self.findings.push(Finding { code, detail: detail.into() });
        }
    }

    /// Adds a finding after which a reader ends, and returns its empty result: `()`, `None` or `false`.
    #[expect(clippy::unnecessary_wraps, reason = "readers return the result as their own")]
    pub(crate) fn end_with<T: Default>(&mut self, code: FindingCode, detail: &str) -> Result<T, MissingRange> {
        self.add_finding(code, detail);
        Ok(T::default())
    }

    /// Whether a signature is all the evidence, and no finding says so. Texts have no structure to check.
    pub(crate) fn is_signature_only(&self) -> bool {
        const TELLING: &[FindingCode] = &[
            FindingCode::Stub,
            FindingCode::Malformed,
            FindingCode::Truncated,
            FindingCode::Executable,
            FindingCode::UnscannableMiddle,
            FindingCode::BudgetSpent,
        ];
        self.confidence == Confidence::Signature
            && self.parent != Some("text/plain")
            && !TELLING.iter().any(|code| self.has_finding(*code))
    }

    pub(crate) fn has_finding(&self, code: FindingCode) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }
}
