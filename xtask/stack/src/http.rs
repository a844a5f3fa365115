//! A small HTTP client for the local stack and for stacks on AWS.

mod form;

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use ureq::http::{Request, Response};
use ureq::{Agent, Proxy};

pub use form::form;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers; names are in lower case.
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

    /// The body as JSON; null when it is not JSON.
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

/// Sends one request and returns the answer, whatever its status.
///
/// # Errors
/// When there is no answer within a minute.
pub fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
    exchange(method, url, headers, body).with_context(|| {
        let step = if is_local(url) { " (`cargo xtask up` starts the local stack)" } else { "" };
        format!("{method} {} did not answer{step}", without_query(url))
    })
}

fn exchange(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
    let agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(Duration::from_mins(1)))
        .proxy(if is_local(url) { None } else { Proxy::try_from_env() });
    #[cfg(feature = "tls")]
    let agent = agent.tls_config(tls::config(url));
    let agent = agent.build().new_agent();
    let mut request = Request::builder().method(method).uri(url);
    // The client adds `content-length` itself; a given one would be sent twice.
    for (name, value) in headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-length")) {
        request = request.header(*name, *value);
    }
    if body.is_empty() && !matches!(method, "PUT" | "POST" | "PATCH") {
        read(agent.run(request.body(())?)?)
    } else {
        read(agent.run(request.body(body)?)?)
    }
}

fn read(mut answer: Response<ureq::Body>) -> Result<Answer> {
    let headers = answer.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body = answer.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
    Ok(Answer { status: answer.status().as_u16(), headers, body })
}

#[cfg(feature = "tls")]
mod tls {
    use std::sync::OnceLock;

    use ureq::tls::{Certificate, RootCerts, TlsConfig};

    /// The certificates that this machine trusts, or Mozilla's list where it has none.
    pub(super) fn config(url: &str) -> TlsConfig {
        static ROOTS: OnceLock<RootCerts> = OnceLock::new();
        let load = || {
            let found = rustls_native_certs::load_native_certs().certs;
            let found: Vec<_> = found.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
            if found.is_empty() { RootCerts::WebPki } else { RootCerts::from(found) }
        };
        let roots = if url.starts_with("https:") { ROOTS.get_or_init(load).clone() } else { RootCerts::WebPki };
        TlsConfig::builder().root_certs(roots).build()
    }
}

/// Whether an address is on this machine.
#[must_use]
pub fn is_local(url: &str) -> bool {
    let authority = url.split("://").nth(1).unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
    let name = authority.split(':').next().unwrap_or_default();
    name == "127.0.0.1" || name == "localhost" || name.ends_with(".localhost")
}

/// The query of a presigned URL holds a signature: it belongs in no message.
fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}
