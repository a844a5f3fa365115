//! JSON request bodies.

use lambda_http::Request;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::problem::{Code, Problem};

/// Parses the request body.
///
/// # Errors
/// 400 with the first error and its position.
pub fn parse_body<T: DeserializeOwned>(request: &Request) -> Result<T, Problem> {
    let bytes: &[u8] = request.body();
    // serde accepts an array with the fields in order. The contract does not.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::new(Code::InvalidBody, "the request body is an array: send an object"));
    }
    // serde reports some fields of a wrong type as syntax errors, so the body is checked again without a type.
    serde_json::from_slice(bytes).map_err(|e| match serde_json::from_slice::<IgnoredAny>(bytes) {
        Ok(_) => Problem::new(Code::InvalidBody, format!("a field is missing, unknown or invalid: {e}")),
        Err(_) => Problem::new(Code::InvalidJson, format!("the request body is not valid JSON: {e}")),
    })
}
