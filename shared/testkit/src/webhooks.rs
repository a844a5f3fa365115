//! Webhook endpoints and their secrets, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uploads_core::ports::queue::QueueError;
use uploads_core::ports::webhooks::{Answer, Endpoints, PostError, Received, SecretError, SecretStore, SignedDelivery};

/// A delivery that an endpoint received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where it was posted.
    pub url: String,
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: String,
}

/// Endpoints that answer 204, or what a test chose.
#[derive(Debug, Default)]
pub struct MemoryEndpoints {
    received: Mutex<Vec<Delivered>>,
    answers: Mutex<BTreeMap<String, Result<Answer, PostError>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryEndpoints {
    /// From now on the endpoint at `url` answers this.
    pub fn answer(&self, url: &str, answer: Result<Answer, PostError>) {
        lock(&self.answers).insert(url.to_owned(), answer);
    }

    /// Every delivery, in order, whatever was answered.
    #[must_use]
    pub fn received(&self) -> Vec<Delivered> {
        lock(&self.received).clone()
    }
}

impl Endpoints for MemoryEndpoints {
    async fn post(&self, url: &str, delivery: &SignedDelivery<'_>) -> Result<Answer, PostError> {
        let SignedDelivery { id, timestamp, signature, body } = delivery;
        lock(&self.received).push(Delivered {
            url: url.to_owned(),
            id: (*id).to_owned(),
            timestamp: *timestamp,
            signature: signature.clone(),
            body: (*body).to_owned(),
        });
        lock(&self.answers).get(url).copied().unwrap_or(Ok(Answer { status: 204, retry_after: None }))
    }
}

/// One secret under every id.
#[derive(Debug)]
pub struct MemorySecrets {
    value: Mutex<String>,
    reads: Mutex<usize>,
}

impl MemorySecrets {
    /// Secrets with this value.
    #[must_use]
    pub fn new(value: &str) -> Self {
        Self { value: Mutex::new(value.to_owned()), reads: Mutex::default() }
    }

    /// Replaces the value.
    pub fn set(&self, value: &str) {
        value.clone_into(&mut lock(&self.value));
    }

    /// How often the value was read.
    #[must_use]
    pub fn reads(&self) -> usize {
        *lock(&self.reads)
    }
}

impl SecretStore for MemorySecrets {
    async fn value(&self, _id: &str) -> Result<String, SecretError> {
        *lock(&self.reads) += 1;
        Ok(lock(&self.value).clone())
    }
}

/// The waits of messages, by receipt.
#[derive(Debug, Default)]
pub struct MemoryWaits(Mutex<BTreeMap<String, Duration>>);

impl MemoryWaits {
    /// The last wait of a message.
    #[must_use]
    pub fn of(&self, receipt: &str) -> Option<Duration> {
        lock(&self.0).get(receipt).copied()
    }
}

impl Received for MemoryWaits {
    async fn hide(&self, receipt: &str, wait: Duration) -> Result<(), QueueError> {
        lock(&self.0).insert(receipt.to_owned(), wait);
        Ok(())
    }
}
