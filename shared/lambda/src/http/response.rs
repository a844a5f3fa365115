//! JSON responses.

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;

/// A response with a JSON body and `cache-control: no-store`.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    respond(status, "application/json", body)
}

pub(super) fn respond(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Response<Body> {
    let json = serde_json::to_string(body).expect("response bodies have string keys only, so they serialise");
    respond_text(status, content_type, json)
}

/// As [`json`], for a body that is serialised already.
pub(super) fn json_text(status: StatusCode, body: String) -> Response<Body> {
    respond_text(status, "application/json", body)
}

fn respond_text(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
