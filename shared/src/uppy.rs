//! What Uppy and other clients of Companion's S3 routes say, read as tolerantly as they are careless.
//!
//! Nothing else in this repository knows how those clients spell things: functions turn what is read here into the
//! same wishes and sessions that the native routes use.

mod answers;
mod asked;
mod completed;
mod sign;
mod xml;

use std::borrow::Cow;

use lambda_http::{Body, Response};
use percent_encoding::percent_decode_str;

use crate::http::Problem;

pub use answers::{Finished, GivenUp, Listed, ListedPart, Opened, Params, SignedBatch, SignedPart};
pub use asked::{Asked, Created};
pub use completed::named_parts;
pub use sign::{Ours, SignBody, Signed, ToSign};
pub use xml::{Form, answer, wants_xml};

/// A request of such a client: what it wants, and below which prefix it found us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The class, where the prefix names one: `/{class}/s3/…`.
    pub class: Option<String>,
    /// What is asked for.
    pub operation: Operation,
}

/// What such a client can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// `GET params`: one upload in one request.
    Params,
    /// `POST multipart`: a new upload in parts.
    Create,
    /// `GET multipart/{upload}`: what has arrived of it.
    List(String),
    /// `GET multipart/{upload}/{part}`: the right to send one part. The number is as it was sent.
    SignPart(String, String),
    /// `GET multipart/{upload}/batch`: the same for several.
    SignBatch(String),
    /// `POST multipart/{upload}/complete`: all parts are there.
    Complete(String),
    /// `DELETE multipart/{upload}`: give up.
    Abort(String),
    /// `POST sign`: any of these, for a client that speaks S3 by itself.
    Sign,
}

impl Route {
    /// Reads method and path; `None` for what is no route of such a client.
    ///
    /// Doubled slashes count as one: version 6 joins its base and `/s3/…` as they are.
    #[must_use]
    pub fn parse(method: &str, path: &str) -> Option<Self> {
        let segments: Vec<Cow<'_, str>> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
            .collect();
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        // A prefix names a class. Another kind of prefix, such as a ticket, would be told apart here.
        let (class, rest) = match segments.as_slice() {
            ["s3", rest @ ..] => (None, rest),
            [class, "s3", rest @ ..] => (Some((*class).to_owned()), rest),
            _ => return None,
        };
        Some(Self { class, operation: Operation::parse(method, rest)? })
    }
}

impl Operation {
    fn parse(method: &str, rest: &[&str]) -> Option<Self> {
        let own = |text: &str| text.to_owned();
        match (method, rest) {
            ("GET", ["params"]) => Some(Self::Params),
            ("POST", ["sign"]) => Some(Self::Sign),
            ("POST", ["multipart"]) => Some(Self::Create),
            ("GET", ["multipart", upload]) => Some(Self::List(own(upload))),
            // Before parts: a batch is no number.
            ("GET", ["multipart", upload, "batch"]) => Some(Self::SignBatch(own(upload))),
            ("GET", ["multipart", upload, part]) => Some(Self::SignPart(own(upload), own(part))),
            ("POST", ["multipart", upload, "complete"]) => Some(Self::Complete(own(upload))),
            ("DELETE", ["multipart", upload]) => Some(Self::Abort(own(upload))),
            _ => None,
        }
    }
}

/// A refusal for whoever asked at `path`: Companion's answers are all `application/json`, the refusals too.
#[must_use]
pub fn refused(path: &str, problem: Problem) -> Response<Body> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty()).take(2);
    if segments.any(|segment| segment == "s3") { problem.into_plain_response() } else { problem.into_response() }
}

/// The pairs of a query, in which both `+` and `%20` are a space.
#[must_use]
pub fn query(raw: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(raw.as_bytes()).into_owned().collect()
}

#[cfg(test)]
mod tests;
