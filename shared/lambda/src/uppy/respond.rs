//! Responses in JSON, or in XML for an S3 client.

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;

use super::xml::{ToXml, element};
use crate::http::{Problem, json};

/// The response to a request on one of Uppy's routes, in XML or in JSON.
#[must_use]
pub fn respond(xml: bool, outcome: Result<impl ToXml + Serialize, Problem>) -> Response<Body> {
    match (outcome, xml) {
        (Ok(body), false) => json(StatusCode::OK, &body),
        (Ok(body), true) => xml_response(StatusCode::OK, body.xml()),
        (Err(problem), false) => problem.into_plain_response(),
        // Uppy displays the code of such an error only.
        (Err(problem), true) => {
            let members = [("Code", problem.code().as_str()), ("Message", problem.detail())];
            xml_response(problem.code().status(), element("Error", &members))
        }
    }
}

/// The error response for a request to `path`: `application/json` on Uppy's routes, as Companion sends errors, and
/// `application/problem+json` otherwise.
#[must_use]
pub fn error_response(path: &str, problem: Problem) -> Response<Body> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty()).take(2);
    if segments.any(|segment| segment == "s3") { problem.into_plain_response() } else { problem.into_response() }
}

fn xml_response(status: StatusCode, xml: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(xml));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // Without a charset, because Uppy compares the whole value.
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
