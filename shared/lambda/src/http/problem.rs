//! Everything that can go wrong for a caller, on one screen (RFC 9457).

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;

use policy::Refusal;
use policy::grant::GrantTooLarge;
use policy::parts::PartsProblem;
use uploads_core::multipart::{BackendError, SessionProblem};
use uploads_core::ports::objects::ObjectsError;
use uploads_core::ports::queue::QueueError;
use uploads_core::ports::records::RecordsError;

/// How many characters a sentence for the caller has at most. Ours have less than half of it.
const MAX_DETAIL_CHARS: usize = 600;

/// A refusal on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    detail: String,
}

macro_rules! codes {
    ($($variant:ident $code:literal $status:ident $title:literal,)*) => {
        /// A stable code; `docs/CONTRACT.md` lists them all.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the documents.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code as callers see it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// What it means, in a few words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    InvalidJson "invalid-json" BAD_REQUEST "The body is not JSON",
    InvalidBody "invalid-body" BAD_REQUEST "A field is missing, unknown or of the wrong kind",
    InvalidSize "invalid-size" BAD_REQUEST "The size is not a whole number of bytes",
    InvalidFilename "invalid-filename" BAD_REQUEST "The file name can't be used",
    InvalidContentType "invalid-content-type" BAD_REQUEST "The content type is not a media type",
    InvalidChecksum "invalid-checksum" BAD_REQUEST "The checksum is not one",
    InvalidIdempotencyKey "invalid-idempotency-key" BAD_REQUEST "The idempotency key is empty",
    InvalidCursor "invalid-cursor" BAD_REQUEST "The cursor is not one of ours",
    InvalidParameter "invalid-parameter" BAD_REQUEST "A query parameter has a value it can't have",
    MetadataTooLarge "metadata-too-large" BAD_REQUEST "File name and metadata are more than the store holds",
    Unauthenticated "unauthenticated" UNAUTHORIZED "Nobody is calling",
    OpenMode "open-mode" FORBIDDEN "Not possible in an open deployment",
    NoSuchRoute "no-such-route" NOT_FOUND "There is no such route",
    NotFound "not-found" NOT_FOUND "There is no such upload",
    NotReceived "not-received" NOT_FOUND "Nothing has arrived for this id",
    Deleted "deleted" NOT_FOUND "The upload was deleted",
    SessionNotFound "session-not-found" NOT_FOUND "There is no such session",
    SessionClosed "session-closed" GONE "The session was given up or has expired",
    SessionCompleting "session-completing" CONFLICT "The upload is being completed",
    SessionCompleted "session-completed" CONFLICT "The upload is complete",
    PartsMissing "parts-missing" CONFLICT "Parts are missing",
    PartsChanged "parts-changed" CONFLICT "Parts were sent again since they were listed",
    PartsOfWrongSize "parts-of-wrong-size" CONFLICT "Parts have another size than planned",
    PartsTooSmall "parts-too-small" CONFLICT "Parts are below the store's minimum",
    UploadRestarted "upload-restarted" CONFLICT "The upload was begun anew",
    KeyTaken "key-taken" CONFLICT "Something else lies at the key",
    StillValidating "still-validating" CONFLICT "The upload is still being checked",
    NotAccepted "not-accepted" CONFLICT "The upload was rejected",
    InvalidPart "invalid-part" UNPROCESSABLE_ENTITY "A part is listed or numbered as none can be",
    ObjectMismatch "object-mismatch" UNPROCESSABLE_ENTITY "S3 found another size or checksum",
    UnknownClass "unknown-class" UNPROCESSABLE_ENTITY "There is no such class",
    TypeNotAllowed "type-not-allowed" UNPROCESSABLE_ENTITY "The type is not allowed",
    ExtensionNotAllowed "extension-not-allowed" UNPROCESSABLE_ENTITY "The extension does not fit the type",
    NameNotAllowed "name-not-allowed" UNPROCESSABLE_ENTITY "The file name is not allowed",
    SizeRequired "size-required" UNPROCESSABLE_ENTITY "The size is needed",
    TooSmall "too-small" UNPROCESSABLE_ENTITY "The file is too small",
    TooLarge "too-large" UNPROCESSABLE_ENTITY "The file is too large",
    UseMultipart "use-multipart" UNPROCESSABLE_ENTITY "The file is too large for one request",
    ChecksumRequired "checksum-required" UNPROCESSABLE_ENTITY "A checksum is needed",
    ChecksumTypeUnsupported "checksum-type-unsupported" UNPROCESSABLE_ENTITY "The checksum does not fit an upload in parts",
    MetadataNotAllowed "metadata-not-allowed" UNPROCESSABLE_ENTITY "The metadata is not allowed",
    InlineNotAllowed "inline-not-allowed" UNPROCESSABLE_ENTITY "This upload is served as a download only",
    IdempotencyKeyReused "idempotency-key-reused" UNPROCESSABLE_ENTITY "The idempotency key was used with another body",
    TooManySessions "too-many-sessions" TOO_MANY_REQUESTS "Too many uploads without a size are open",
    Unavailable "unavailable" SERVICE_UNAVAILABLE "Try again shortly",
}

#[derive(Serialize)]
struct Wire<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    /// What Uppy up to version 5 shows.
    message: &'a str,
    /// What Companion's clients look for.
    error: &'a str,
}

impl Problem {
    /// A problem with a sentence for the caller.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: cut(detail.into()) }
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// Its sentence for the caller.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The answer.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        self.called("application/problem+json")
    }

    /// The same answer under JSON's plain name, for clients that look for that.
    #[must_use]
    pub fn into_plain_response(self) -> Response<Body> {
        self.called("application/json")
    }

    fn called(self, content_type: &'static str) -> Response<Body> {
        let status = self.code.status();
        let wire = Wire {
            r#type: format!("urn:sluice:{}", self.code.as_str()),
            title: self.code.title(),
            status: status.as_u16(),
            code: self.code.as_str(),
            detail: &self.detail,
            message: &self.detail,
            error: self.code.as_str(),
        };
        let mut response = super::respond(status, content_type, &wire);
        if self.code == Code::Unavailable {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// What callers sent comes back in sentences about it, but not in full: an answer has to fit into what Lambda takes.
fn cut(mut sentence: String) -> String {
    if let Some((end, _)) = sentence.char_indices().nth(MAX_DETAIL_CHARS) {
        sentence.truncate(end);
        sentence.push('…');
    }
    sentence
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::UnknownClass { .. } => Code::UnknownClass,
            Refusal::TypeNotAllowed { .. } => Code::TypeNotAllowed,
            Refusal::ExtensionNotAllowed { .. } => Code::ExtensionNotAllowed,
            Refusal::NameNotAllowed { .. } => Code::NameNotAllowed,
            Refusal::SizeRequired => Code::SizeRequired,
            Refusal::TooSmall { .. } => Code::TooSmall,
            Refusal::TooLarge { .. } => Code::TooLarge,
            Refusal::UseMultipart { .. } => Code::UseMultipart,
            Refusal::ChecksumRequired { .. } => Code::ChecksumRequired,
            Refusal::ChecksumTypeUnsupported { .. } => Code::ChecksumTypeUnsupported,
            Refusal::MetadataNotAllowed { .. } => Code::MetadataNotAllowed,
        };
        Self::new(code, refusal.to_string())
    }
}

impl From<GrantTooLarge> for Problem {
    fn from(too_large: GrantTooLarge) -> Self {
        Self::new(Code::MetadataTooLarge, too_large.to_string())
    }
}

/// The caller learns that it wasn't their fault; the log learns why.
fn unavailable(error: &dyn std::error::Error, what: &str) -> Problem {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    tracing::error!(error = %error, cause, "{what} did not answer");
    Problem::new(Code::Unavailable, "a service behind this one did not answer: try again in a second")
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
            SessionProblem::Parts(PartsProblem::Order(_) | PartsProblem::Beyond { .. }) => Code::InvalidPart,
            SessionProblem::Parts(PartsProblem::Missing(_) | PartsProblem::Short { .. }) => Code::PartsMissing,
            SessionProblem::Parts(PartsProblem::NoChecksum(_)) => Code::InvalidChecksum,
            SessionProblem::ChecksumTypeUnsupported { .. } => Code::ChecksumTypeUnsupported,
            SessionProblem::Parts(PartsProblem::WrongSize(_)) => Code::PartsOfWrongSize,
            SessionProblem::Parts(PartsProblem::TooSmall { .. }) => Code::PartsTooSmall,
            SessionProblem::Parts(PartsProblem::TooLarge { .. }) => Code::TooLarge,
            SessionProblem::Parts(PartsProblem::Changed(_) | PartsProblem::Replaced) => Code::PartsChanged,
            SessionProblem::TooMany { .. } => Code::TooManySessions,
            SessionProblem::Restarted => Code::UploadRestarted,
            SessionProblem::KeyTaken => Code::KeyTaken,
            SessionProblem::ObjectMismatch(_) => Code::ObjectMismatch,
            SessionProblem::Backend(_) => Code::Unavailable,
        };
        match problem {
            SessionProblem::Backend(BackendError::Records(error)) => error.into(),
            SessionProblem::Backend(BackendError::Objects(error)) => error.into(),
            SessionProblem::Backend(BackendError::Queue(error)) => error.into(),
            told => Self::new(code, told.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
