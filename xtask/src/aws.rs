//! The few AWS calls that set the local stack up, spelled out. The emulator takes its root key's word for it, so
//! these carry the shape of a signature only; requests of users and functions are truly signed and verified.

use serde_json::Value;

use crate::Outcome;
use crate::http::{Answer, send};

/// The emulator's root key, which its policies don't apply to.
pub const ROOT: (&str, &str) = ("test", "test");

/// The region that the local stack pretends to be in.
pub const REGION: &str = "eu-central-1";

fn authorization(service: &str) -> String {
    let scope = format!("{}/20260101/{REGION}/{service}/aws4_request", ROOT.0);
    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={:064}", 0)
}

/// A call of a JSON service such as Cognito: `target` is the value of `X-Amz-Target`.
///
/// # Errors
/// When there is no answer, or a refusal.
pub fn json_call(endpoint: &str, service: &str, target: &str, body: &Value) -> Outcome<Value> {
    let headers = [
        ("authorization", authorization(service)),
        ("x-amz-target", target.to_owned()),
        ("content-type", "application/x-amz-json-1.1".to_owned()),
    ];
    let answer = call("POST", endpoint, &headers, body.to_string().as_bytes())?;
    Ok(answer.json())
}

/// A call of a service with a form body such as `CloudFormation`; the answer is XML.
///
/// # Errors
/// When there is no answer, or a refusal.
pub fn form_call(endpoint: &str, service: &str, body: &str) -> Outcome<String> {
    let headers =
        [("authorization", authorization(service)), ("content-type", "application/x-www-form-urlencoded".to_owned())];
    Ok(call("POST", endpoint, &headers, body.as_bytes())?.text())
}

/// A call of a REST service such as API Gateway.
///
/// # Errors
/// When there is no answer, or a refusal.
pub fn rest_call(method: &str, url: &str, service: &str, body: &[u8]) -> Outcome<Answer> {
    call(
        method,
        url,
        &[("authorization", authorization(service)), ("content-type", "application/json".to_owned())],
        body,
    )
}

fn call(method: &str, url: &str, headers: &[(&str, String)], body: &[u8]) -> Outcome<Answer> {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = send(method, url, &headers, body)?;
    if answer.status >= 300 {
        return Err(format!("{method} {url} was answered {}: {}", answer.status, answer.text()));
    }
    Ok(answer)
}
