//! The ports of webhook deliveries: endpoints, their secrets, and the messages that wait for another attempt.

use std::time::Duration;

use super::queue::QueueError;

/// A signed delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDelivery<'a> {
    /// The header `webhook-id`.
    pub id: &'a str,
    /// The header `webhook-timestamp`: the time of this attempt, in seconds since 1970.
    pub timestamp: i64,
    /// The header `webhook-signature`: one signature per secret, with spaces between them.
    pub signature: String,
    /// The body.
    pub body: &'a str,
}

/// What an endpoint answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// How long the endpoint asks to wait (`Retry-After`).
    pub retry_after: Option<Duration>,
}

/// Why an endpoint did not answer. It may have processed the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The host's address is not public, or the host has no address.
    #[error("the host has no public address")]
    NoPublicAddress,
    /// No connection, or no TLS session.
    #[error("could not connect")]
    NotConnected,
    /// The connection broke before the answer.
    #[error("the connection broke")]
    Broken,
    /// The time was over.
    #[error("timed out")]
    TimedOut,
}

/// The webhook endpoints.
pub trait Endpoints: Send + Sync {
    /// Posts `delivery` to `url`. Follows no redirect.
    fn post(&self, url: &str, delivery: &SignedDelivery<'_>) -> impl Future<Output = Result<Answer, PostError>> + Send;
}

impl<E: Endpoints> Endpoints for &E {
    async fn post(&self, url: &str, delivery: &SignedDelivery<'_>) -> Result<Answer, PostError> {
        (*self).post(url, delivery).await
    }
}

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the secret could not be read")]
pub struct SecretError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The store of secrets.
pub trait SecretStore: Send + Sync {
    /// The current value of a secret.
    fn value(&self, id: &str) -> impl Future<Output = Result<String, SecretError>> + Send;
}

/// The messages that were received from a queue and not deleted yet.
pub trait Received: Send + Sync {
    /// The queue delivers the message again after `wait`, from now.
    fn hide(&self, receipt: &str, wait: Duration) -> impl Future<Output = Result<(), QueueError>> + Send;
}
