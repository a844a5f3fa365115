//! AWS calls to the emulator as root.
//!
//! The emulator does not verify signatures of its root key, so these have the form of a signature only. Requests of
//! users and functions are signed and verified.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::http::{Answer, send};

/// The emulator's root key: IAM policies do not apply to it.
pub const ROOT: (&str, &str) = ("test", "test");

/// The region of the local stack.
pub const REGION: &str = "eu-central-1";

fn authorization(service: &str) -> String {
    let scope = format!("{}/20260101/{REGION}/{service}/aws4_request", ROOT.0);
    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={:064}", 0)
}

/// A call of a JSON service such as Cognito: `target` is the value of `X-Amz-Target`.
///
/// # Errors
/// When the emulator does not answer, or answers 300 or above.
pub fn json_call(endpoint: &str, service: &str, target: &str, body: &Value) -> Result<Value> {
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
/// When the emulator does not answer, or answers 300 or above.
pub fn form_call(endpoint: &str, service: &str, body: &str) -> Result<String> {
    let headers =
        [("authorization", authorization(service)), ("content-type", "application/x-www-form-urlencoded".to_owned())];
    Ok(call("POST", endpoint, &headers, body.as_bytes())?.text())
}

/// An output of a deployed stack.
pub type Outputs = Box<dyn Fn(&str) -> Option<String>>;

/// Reads the outputs of a deployed stack.
///
/// # Errors
/// When the emulator does not answer, or has no such stack.
pub fn stack_outputs(endpoint: &str, name: &str) -> Result<Outputs> {
    let xml =
        form_call(endpoint, "cloudformation", &format!("Action=DescribeStacks&Version=2010-05-15&StackName={name}"))?;
    Ok(Box::new(move |name| output(&xml, name)))
}

fn output(xml: &str, name: &str) -> Option<String> {
    let outputs = xml.split("<OutputKey>").filter_map(|rest| rest.strip_prefix(name)?.strip_prefix("</OutputKey>"));
    let (_, value) = outputs.into_iter().next()?.split_once("<OutputValue>")?;
    Some(value.split_once("</OutputValue>")?.0.replace("&amp;", "&"))
}

/// A call of a REST service such as API Gateway.
///
/// # Errors
/// When the emulator does not answer, or answers 300 or above.
pub fn rest_call(method: &str, url: &str, service: &str, body: &[u8]) -> Result<Answer> {
    call(
        method,
        url,
        &[("authorization", authorization(service)), ("content-type", "application/json".to_owned())],
        body,
    )
}

fn call(method: &str, url: &str, headers: &[(&str, String)], body: &[u8]) -> Result<Answer> {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = send(method, url, &headers, body)?;
    if answer.status >= 300 {
        bail!("{method} {url} answered {}: {}", answer.status, answer.text());
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_found_by_its_whole_name() {
        let member = |key: &str, value: &str| {
            format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>")
        };
        let xml = member("WebhookQueue12", "twelve") + &member("WebhookQueue1", "http://h/?a&amp;b");
        assert_eq!(output(&xml, "WebhookQueue1").unwrap(), "http://h/?a&b");
        assert_eq!(output(&xml, "WebhookQueue12").unwrap(), "twelve");
        assert_eq!(output(&xml, "WebhookQueue"), None);
    }
}
