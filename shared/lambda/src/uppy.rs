//! What Uppy and other clients of Companion's S3 routes say, read as tolerantly as they are careless.
//!
//! Nothing else in this repository knows how those clients spell things: functions turn what is read here into the
//! same wishes and sessions that the native routes use.

mod answers;
mod completed;
mod file;
mod sign;
mod xml;

use lambda_http::{Body, Response};

use crate::http::Problem;

pub use answers::{
    AbortResponse, CompleteResponse, CreateResponse, ListedPart, Params, PartList, SignedBatch, SignedPart,
};
pub use completed::named_parts;
pub use file::{Created, UppyFile};
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
