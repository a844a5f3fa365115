//! What a reader has to say, put down as it goes: when a budget ends its work early, what stands so far is the answer.

use std::borrow::Cow;

use super::{Confidence, Finding, FindingCode};

/// The answer to an object no reader knows.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// A reader's notes on one object.
#[derive(Debug, Clone)]
pub(super) struct Report {
    pub(super) media_type: Cow<'static, str>,
    pub(super) parent: Option<&'static str>,
    pub(super) confidence: Confidence,
    pub(super) findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new() -> Self {
        Self { media_type: Cow::Borrowed(UNKNOWN), parent: None, confidence: Confidence::None, findings: Vec::new() }
    }

    /// Notes the type; a later note replaces an earlier one.
    pub(super) fn is(&mut self, media_type: impl Into<Cow<'static, str>>, confidence: Confidence) {
        self.media_type = media_type.into();
        self.confidence = confidence;
        self.parent = None;
    }

    /// Notes the type together with the weaker one that is also true.
    pub(super) fn is_kind_of(
        &mut self,
        media_type: impl Into<Cow<'static, str>>,
        parent: &'static str,
        confidence: Confidence,
    ) {
        self.is(media_type, confidence);
        self.parent = Some(parent);
    }

    /// Notes a finding, once per code: the first detail is the telling one.
    pub(super) fn find(&mut self, code: FindingCode, detail: impl Into<String>) {
        if !self.has(code) {
            self.findings.push(Finding { code, detail: detail.into() });
        }
    }

    /// Whether a finding of this code has been noted.
    pub(super) fn has(&self, code: FindingCode) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }
}
