//! Problems: error responses with a stable code (RFC 9457).

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::response::respond;
use policy::grant::GrantTooLarge;
use policy::parts::PartsProblem;
use policy::size::ByteSize;
use policy::{Actual, Facts, Refusal, words};
use uploads_core::multipart::{BackendError, SessionProblem};
use uploads_core::ports::objects::ObjectsError;
use uploads_core::ports::queue::QueueError;
use uploads_core::ports::records::RecordsError;

/// The longest text in a problem, in characters. It may quote a value from the request, which can have megabytes.
const MAX_TEXT_CHARS: usize = 600;

/// An error response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    detail: String,
    evidence: Option<String>,
    facts: Facts,
}

macro_rules! codes {
    ($($variant:ident $code:literal $status:ident $title:literal,)*) => {
        /// A stable code of `docs/CONTRACT.md`, which lists all of them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code in a response.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// The title of RFC 9457: a short summary of the code.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    InvalidJson "invalid-json" BAD_REQUEST "Request body is not valid JSON",
    InvalidBody "invalid-body" BAD_REQUEST "Missing, unknown or invalid field",
    InvalidSize "invalid-size" BAD_REQUEST "Invalid size",
    InvalidFilename "invalid-filename" BAD_REQUEST "Invalid file name",
    InvalidContentType "invalid-content-type" BAD_REQUEST "Invalid content type",
    InvalidChecksum "invalid-checksum" BAD_REQUEST "Invalid checksum",
    InvalidIdempotencyKey "invalid-idempotency-key" BAD_REQUEST "Empty idempotency key",
    InvalidCursor "invalid-cursor" BAD_REQUEST "Invalid cursor",
    InvalidParameter "invalid-parameter" BAD_REQUEST "Invalid parameter",
    MetadataTooLarge "metadata-too-large" BAD_REQUEST "File name and metadata too large",
    Unauthenticated "unauthenticated" UNAUTHORIZED "Authentication required",
    OpenMode "open-mode" FORBIDDEN "Not available in an open deployment",
    NoSuchRoute "no-such-route" NOT_FOUND "Route not found",
    NotFound "not-found" NOT_FOUND "Upload not found",
    NotReceived "not-received" NOT_FOUND "Upload not received",
    Deleted "deleted" NOT_FOUND "Upload deleted",
    SessionNotFound "session-not-found" NOT_FOUND "Session not found",
    SessionClosed "session-closed" GONE "Session aborted or expired",
    SessionCompleting "session-completing" CONFLICT "Completion in progress",
    SessionCompleted "session-completed" CONFLICT "Upload already complete",
    PartsMissing "parts-missing" CONFLICT "Parts missing",
    PartsChanged "parts-changed" CONFLICT "Parts changed",
    PartsOfWrongSize "parts-of-wrong-size" CONFLICT "Part sizes differ from the plan",
    PartsTooSmall "parts-too-small" CONFLICT "Parts below the minimum size",
    UploadRestarted "upload-restarted" CONFLICT "Multipart upload recreated",
    KeyTaken "key-taken" CONFLICT "Object key in use",
    StillValidating "still-validating" CONFLICT "Validation in progress",
    NotAccepted "not-accepted" CONFLICT "Upload rejected",
    InvalidPart "invalid-part" UNPROCESSABLE_ENTITY "Invalid part number or part list",
    ObjectMismatch "object-mismatch" UNPROCESSABLE_ENTITY "Object size or checksum mismatch",
    UnknownClass "unknown-class" UNPROCESSABLE_ENTITY "Unknown class",
    TypeRequired "type-required" UNPROCESSABLE_ENTITY "Content type required",
    TypeNotAllowed "type-not-allowed" UNPROCESSABLE_ENTITY "Content type not allowed",
    ExtensionNotAllowed "extension-not-allowed" UNPROCESSABLE_ENTITY "File extension not allowed",
    NameNotAllowed "name-not-allowed" UNPROCESSABLE_ENTITY "File name not allowed",
    SizeRequired "size-required" UNPROCESSABLE_ENTITY "Size required",
    TooSmall "too-small" UNPROCESSABLE_ENTITY "File too small",
    TooLarge "too-large" UNPROCESSABLE_ENTITY "File too large",
    UseMultipart "use-multipart" UNPROCESSABLE_ENTITY "Multipart upload required",
    ChecksumRequired "checksum-required" UNPROCESSABLE_ENTITY "Checksum required",
    ChecksumTypeUnsupported "checksum-type-unsupported" UNPROCESSABLE_ENTITY "Checksum type not supported",
    MetadataNotAllowed "metadata-not-allowed" UNPROCESSABLE_ENTITY "Metadata name not allowed",
    InlineNotAllowed "inline-not-allowed" UNPROCESSABLE_ENTITY "Inline display not allowed",
    IdempotencyKeyReused "idempotency-key-reused" UNPROCESSABLE_ENTITY "Idempotency key reused",
    TooManySessions "too-many-sessions" TOO_MANY_REQUESTS "Too many open uploads without a declared size",
    Unavailable "unavailable" SERVICE_UNAVAILABLE "Service temporarily unavailable",
}

#[derive(Serialize)]
struct ProblemBody<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    /// Uppy up to version 5 displays this field.
    message: &'a str,
    /// Clients of Companion read this field.
    error: &'a str,
    /// What exactly is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<&'a str>,
    /// The limit that was missed, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    /// The value that missed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<Value>,
    /// What would have been allowed.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    allowed: &'a [String],
}

impl Problem {
    /// A problem with the catalogue's sentence for its code. `evidence` says to the maker of the client what exactly is
    /// wrong; it is cut after 600 characters.
    #[must_use]
    pub fn new(code: Code, evidence: impl Into<String>) -> Self {
        let detail = words::problem(code.as_str(), &[]).unwrap_or_else(|| code.title().to_owned());
        Self { code, detail, evidence: Some(shorten(evidence.into())), facts: Facts::default() }
    }

    /// The problem `too-large` for a file whose size is unknown, except that it is above `limit`.
    #[must_use]
    pub fn above(limit: ByteSize) -> Self {
        let sentence = words::problem("above-limit", &[("limit", &limit.rounded())]);
        let facts = Facts { limit: Some(limit.bytes()), ..Facts::default() };
        let detail = sentence.unwrap_or_else(|| Code::TooLarge.title().to_owned());
        Self { code: Code::TooLarge, detail, evidence: None, facts }
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// Its sentence for the person who chose the file.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The response, with the type `application/problem+json`.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        self.respond_as("application/problem+json")
    }

    /// The response with the type `application/json`, as Companion sends it.
    #[must_use]
    pub fn into_plain_response(self) -> Response<Body> {
        self.respond_as("application/json")
    }

    /// The problem as a value in the response to a batch.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "a problem has string keys, so it serialises")]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self.body()).expect("a problem has string keys, so it serialises")
    }

    fn body(&self) -> ProblemBody<'_> {
        let status = self.code.status();
        ProblemBody {
            r#type: format!("urn:sluice:{}", self.code.as_str()),
            title: self.code.title(),
            status: status.as_u16(),
            code: self.code.as_str(),
            detail: &self.detail,
            message: &self.detail,
            error: self.code.as_str(),
            evidence: self.evidence.as_deref(),
            limit: self.facts.limit,
            actual: self.facts.actual.as_ref().map(|actual| match actual {
                Actual::Bytes(bytes) => json!(bytes),
                Actual::Text(text) => json!(shorten(text.clone())),
            }),
            allowed: &self.facts.allowed,
        }
    }

    fn respond_as(self, content_type: &'static str) -> Response<Body> {
        let mut response = respond(self.code.status(), content_type, &self.body());
        if self.code == Code::Unavailable {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Cuts a text after [`MAX_TEXT_CHARS`].
fn shorten(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::UnknownClass { .. } => Code::UnknownClass,
            Refusal::TypeRequired { .. } => Code::TypeRequired,
            Refusal::TypeNotAllowed { .. } => Code::TypeNotAllowed,
            Refusal::ExtensionNotAllowed { .. } => Code::ExtensionNotAllowed,
            Refusal::NameNotAllowed { .. } => Code::NameNotAllowed,
            Refusal::SizeRequired => Code::SizeRequired,
            Refusal::TooSmall { .. } => Code::TooSmall,
            Refusal::TooLarge { .. } => Code::TooLarge,
            Refusal::UseMultipart { .. } => Code::UseMultipart,
            Refusal::ChecksumRequired => Code::ChecksumRequired,
            Refusal::ChecksumTypeUnsupported { .. } => Code::ChecksumTypeUnsupported,
            Refusal::MetadataNotAllowed { .. } => Code::MetadataNotAllowed,
        };
        let evidence = match refusal {
            Refusal::ChecksumTypeUnsupported { problem } => Some(problem.to_owned()),
            _ => None,
        };
        Self { code, detail: shorten(refusal.to_string()), evidence, facts: refusal.facts() }
    }
}

impl From<GrantTooLarge> for Problem {
    fn from(too_large: GrantTooLarge) -> Self {
        Self::new(Code::MetadataTooLarge, too_large.to_string())
    }
}

/// A problem for the caller without the cause, which goes to the log.
fn unavailable(error: &dyn std::error::Error, service: &str) -> Problem {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    tracing::error!(error = %error, cause, "{service} did not answer");
    Problem::new(Code::Unavailable, "a backend service did not answer: retry in a second")
}

impl From<RecordsError> for Problem {
    fn from(error: RecordsError) -> Self {
        unavailable(&error, "the table")
    }
}

impl From<ObjectsError> for Problem {
    fn from(error: ObjectsError) -> Self {
        unavailable(&error, "the bucket")
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        unavailable(&error, "the queue")
    }
}

impl From<SessionProblem> for Problem {
    fn from(problem: SessionProblem) -> Self {
        let code = match &problem {
            SessionProblem::NotFound => Code::SessionNotFound,
            SessionProblem::Closed => Code::SessionClosed,
            SessionProblem::Completing => Code::SessionCompleting,
            SessionProblem::Completed => Code::SessionCompleted,
            SessionProblem::Parts(PartsProblem::Order(_) | PartsProblem::AboveLast { .. }) => Code::InvalidPart,
            SessionProblem::Parts(PartsProblem::Missing(_) | PartsProblem::Short { .. }) => Code::PartsMissing,
            SessionProblem::Parts(PartsProblem::InvalidChecksum(_)) => Code::InvalidChecksum,
            SessionProblem::ChecksumTypeUnsupported { .. } => Code::ChecksumTypeUnsupported,
            SessionProblem::Parts(PartsProblem::WrongSize(_)) => Code::PartsOfWrongSize,
            SessionProblem::Parts(PartsProblem::TooSmall { .. }) => Code::PartsTooSmall,
            SessionProblem::Parts(PartsProblem::TooLarge { .. }) => Code::TooLarge,
            SessionProblem::Parts(PartsProblem::Changed(_) | PartsProblem::Replaced) => Code::PartsChanged,
            SessionProblem::TooMany { .. } => Code::TooManySessions,
            SessionProblem::Recreated => Code::UploadRestarted,
            SessionProblem::KeyTaken => Code::KeyTaken,
            SessionProblem::ObjectMismatch(_) => Code::ObjectMismatch,
            SessionProblem::Backend(_) => Code::Unavailable,
        };
        match problem {
            SessionProblem::Parts(PartsProblem::TooLarge { sum: size, limit: max }) => {
                Refusal::TooLarge { size, max }.into()
            }
            SessionProblem::Backend(BackendError::Records(error)) => error.into(),
            SessionProblem::Backend(BackendError::Objects(error)) => error.into(),
            SessionProblem::Backend(BackendError::Queue(error)) => error.into(),
            other => Self::new(code, other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
