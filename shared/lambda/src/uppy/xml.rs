//! The same answers in S3's XML, for a client that believes to speak S3.

use std::fmt::Write;

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;

use super::answers::{AbortResponse, CompleteResponse, CreateResponse, PartList};
use crate::http::{Problem, json};

/// An answer that S3 has a form for as well.
pub trait Form {
    /// That form.
    fn xml(&self) -> String;
}

impl Form for CreateResponse {
    fn xml(&self) -> String {
        let Self { key, upload_id, bucket } = self;
        let inside = [("Bucket", bucket), ("Key", key), ("UploadId", upload_id)];
        element("InitiateMultipartUploadResult", &inside.map(|(name, text)| (name, text.as_str())))
    }
}

impl Form for PartList {
    fn xml(&self) -> String {
        let mut xml = String::from("<ListPartsResult><IsTruncated>false</IsTruncated>");
        for part in &self.parts {
            let (number, size) = (part.part_number.to_string(), part.size.to_string());
            xml += &element("Part", &[("PartNumber", &number), ("ETag", &part.etag), ("Size", &size)]);
        }
        xml + "</ListPartsResult>"
    }
}

impl Form for CompleteResponse {
    fn xml(&self) -> String {
        let Self { location, key, bucket } = self;
        element("CompleteMultipartUploadResult", &[("Location", location), ("Bucket", bucket), ("Key", key)])
    }
}

impl Form for AbortResponse {
    fn xml(&self) -> String {
        String::new()
    }
}

/// Whether a query asks for XML.
#[must_use]
pub fn wants_xml(pairs: &[(String, String)]) -> bool {
    pairs.iter().any(|(name, _)| name == "xml")
}

/// An answer in the form that was asked for.
#[must_use]
pub fn answer(xml: bool, outcome: Result<impl Form + Serialize, Problem>) -> Response<Body> {
    match (outcome, xml) {
        (Ok(body), false) => json(StatusCode::OK, &body),
        (Ok(body), true) => respond(StatusCode::OK, body.xml()),
        (Err(problem), false) => problem.into_plain_response(),
        // Uppy shows the code of such an error and nothing else of it.
        (Err(problem), true) => {
            let inside = [("Code", problem.code().as_str()), ("Message", problem.detail())];
            respond(problem.code().status(), element("Error", &inside))
        }
    }
}

fn respond(status: StatusCode, xml: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(xml));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // Exactly so: Uppy compares the whole value.
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn element(name: &str, inside: &[(&str, &str)]) -> String {
    let mut xml = format!("<{name}>");
    for (name, text) in inside {
        // Writing to a string does not fail.
        let _ = write!(xml, "<{name}>{}</{name}>", escaped(text));
    }
    xml + &format!("</{name}>")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
