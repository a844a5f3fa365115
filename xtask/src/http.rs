//! A small HTTP client, for the local stack and for deployed ones.

mod form;

use std::time::Duration;

use serde_json::Value;
use ureq::http::{Request, Response};
use ureq::{Agent, Proxy};

pub use form::form;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Header names in lower case with their values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null where it isn't.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Sends one request. Any status is an answer.
///
/// Names below `.localhost` are this machine (RFC 6761), whatever the resolver thinks.
///
/// # Errors
/// When there is no answer within a minute.
pub fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, String> {
    let (address, host) = resolve(url);
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(Duration::from_mins(1)))
        // No proxy stands between this machine and itself.
        .proxy(if is_here(&address) { None } else { Proxy::try_from_env() })
        .build()
        .into();
    let mut request = Request::builder().method(method).uri(address);
    if let Some(host) = host {
        request = request.header("host", host);
    }
    // The client computes the length itself, and would send a given one twice.
    for (name, value) in headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-length")) {
        request = request.header(*name, *value);
    }
    let failed = |e: &dyn std::fmt::Display| format!("{method} {} did not answer: {e}", without_query(url));
    let answer = if body.is_empty() && !matches!(method, "PUT" | "POST" | "PATCH") {
        agent.run(request.body(()).map_err(|e| failed(&e))?)
    } else {
        agent.run(request.body(body).map_err(|e| failed(&e))?)
    };
    read(answer.map_err(|e| failed(&e))?).map_err(|e| failed(&e))
}

fn read(mut answer: Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let headers = answer.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body = answer.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
    Ok(Answer { status: answer.status().as_u16(), headers, body })
}

/// The URL to connect to, and the host to ask for where they differ.
fn resolve(url: &str) -> (String, Option<String>) {
    let unchanged = (url.to_owned(), None);
    let Some((scheme, rest)) = url.split_once("://") else { return unchanged };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (name, port) = authority.split_once(':').unwrap_or((authority, "80"));
    if name.ends_with(".localhost") {
        (format!("{scheme}://127.0.0.1:{port}{path}"), Some(authority.to_owned()))
    } else {
        unchanged
    }
}

/// Whether an address is on this machine.
#[must_use]
pub fn is_here(url: &str) -> bool {
    let authority = url.split("://").nth(1).unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
    let name = authority.split(':').next().unwrap_or_default();
    name == "127.0.0.1" || name == "localhost" || name.ends_with(".localhost")
}

/// Presigned URLs carry credentials in their query: they belong in no message.
fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}
