//! The HTTP client: no redirects, no proxy, public addresses only, an end for every wait.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use uploads_core::ports::webhooks::{Answer, Endpoints, PostError, SignedDelivery};

use crate::address::is_public;

/// How long DNS, TCP and TLS may take together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the endpoint may be silent, before its answer and within it.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(10);

/// How much of an answer is read, so that the connection can be used again. The rest is not fetched.
const MAX_ANSWER: usize = 1024;

/// An HTTP client for webhook endpoints.
pub struct HttpsClient {
    client: Client,
    private_hosts: bool,
}

/// The system's resolver, which returns public addresses only. The check is at connect, because a name may resolve to
/// another address than a moment before.
struct PublicAddresses;

/// No address of a host is public.
#[derive(Debug, thiserror::Error)]
#[error("the host has no public address")]
struct NoPublicAddress;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() { Err(NoPublicAddress.into()) } else { Ok(Box::new(public.into_iter()) as Addrs) }
        })
    }
}

impl HttpsClient {
    /// A client whose deliveries take at most `timeout`.
    ///
    /// # Panics
    /// When the system's root certificates can't be loaded: no delivery could be sent.
    #[must_use]
    pub fn new(timeout: Duration, private_hosts: bool) -> Self {
        // An error means that it is set already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .user_agent("Sluice")
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_TIMEOUT)
            .timeout(timeout);
        if !private_hosts {
            client = client.dns_resolver(Arc::new(PublicAddresses)).https_only(true);
        }
        Self { client: client.build().expect("the system has root certificates"), private_hosts }
    }

    /// Whether the URL names an address that is not public. Addresses are not resolved, so the resolver never sees them.
    fn names_a_private_address(&self, url: &str) -> bool {
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse();
        !self.private_hosts && address.is_ok_and(|address| !is_public(address))
    }
}

impl Endpoints for HttpsClient {
    async fn post(&self, url: &str, delivery: &SignedDelivery<'_>) -> Result<Answer, PostError> {
        if self.names_a_private_address(url) {
            return Err(PostError::NoPublicAddress);
        }
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", delivery.id)
            .header("webhook-timestamp", delivery.timestamp)
            .header("webhook-signature", &delivery.signature)
            .body(delivery.body.to_owned());
        let response = request.send().await.map_err(|error| kind(&error))?;
        let answer =
            Answer { status: response.status().as_u16(), retry_after: retry_after(&response, SystemTime::now()) };
        read_some(response).await;
        Ok(answer)
    }
}

/// Reads the beginning of the answer. The status counts: what happens to the body doesn't matter.
async fn read_some(mut response: Response) {
    let mut read = 0;
    while read < MAX_ANSWER
        && let Ok(Some(chunk)) = response.chunk().await
    {
        read += chunk.len();
    }
}

fn kind(error: &reqwest::Error) -> PostError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NoPublicAddress>() {
            return PostError::NoPublicAddress;
        }
        cause = error.source();
    }
    match () {
        () if error.is_timeout() => PostError::TimedOut,
        () if error.is_connect() => PostError::NotConnected,
        () => PostError::Broken,
    }
}

/// `Retry-After` in seconds or as a date.
fn retry_after(response: &Response, now: SystemTime) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = text.parse().map(Duration::from_secs).ok();
    seconds.or_else(|| httpdate::parse_http_date(text).ok()?.duration_since(now).ok())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const DELIVERY: SignedDelivery<'static> =
        SignedDelivery { id: "evt_a", timestamp: 7, signature: String::new(), body: "{}" };

    /// Starts an endpoint that gives `answer` to every request; an empty one closes the connection, `None` never answers.
    async fn endpoint(answer: Option<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/hooks", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut request = vec![0; 4096];
                    let read = stream.read(&mut request).await.unwrap();
                    assert!(request[..read].starts_with(b"POST /hooks"));
                    match answer {
                        Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap_or_default(),
                        None => std::future::pending().await,
                    }
                });
            }
        });
        url
    }

    async fn post(answer: Option<&str>, private_hosts: bool) -> Result<Answer, PostError> {
        let url = endpoint(answer.map(str::to_owned)).await;
        HttpsClient::new(Duration::from_millis(300), private_hosts).post(&url, &DELIVERY).await
    }

    #[tokio::test]
    async fn answers_are_not_followed_and_read_to_a_kilobyte_only() {
        let endless = format!("HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n{}", "x".repeat(5000));
        for (answer, status, retry_after) in [
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, None),
            ("HTTP/1.1 301 Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n", 301, None),
            ("HTTP/1.1 429 Slow\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n", 429, Some(120)),
            ("HTTP/1.1 503 Down\r\nretry-after: Fri, 07 Nov 1980 00:00:00 GMT\r\ncontent-length: 0\r\n\r\n", 503, None),
            ("HTTP/1.1 503 Down\r\nretry-after: soon\r\ncontent-length: 0\r\n\r\n", 503, None),
            (&endless, 200, None),
        ] {
            let expected = Answer { status, retry_after: retry_after.map(Duration::from_secs) };
            assert_eq!(post(Some(answer), true).await, Ok(expected));
        }
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_mins(2));
        let answer = format!("HTTP/1.1 429 Slow\r\nretry-after: {date}\r\ncontent-length: 0\r\n\r\n");
        let wait = post(Some(&answer), true).await.unwrap().retry_after.unwrap();
        assert!((100..=120).contains(&wait.as_secs()), "{wait:?}");
    }

    #[tokio::test]
    async fn an_endpoint_that_does_not_answer_is_left() {
        assert_eq!(post(None, true).await, Err(PostError::TimedOut));
        assert_eq!(post(Some(""), true).await, Err(PostError::Broken));
        let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let client = HttpsClient::new(Duration::from_secs(5), true);
        let refused = client.post(&format!("http://127.0.0.1:{unused}/"), &DELIVERY).await;
        assert_eq!(refused, Err(PostError::NotConnected));
    }

    #[tokio::test]
    async fn private_addresses_are_refused_at_connect() {
        let client = HttpsClient::new(Duration::from_secs(5), false);
        for url in [
            "https://localhost/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://10.0.0.1:8443/",
        ] {
            assert_eq!(client.post(url, &DELIVERY).await, Err(PostError::NoPublicAddress), "{url}");
        }
        // Not even from a name or a literal with http.
        assert!(post(Some("HTTP/1.1 204 No Content\r\n\r\n"), false).await.is_err());
    }
}
