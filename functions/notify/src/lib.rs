//! Delivers verdicts and deletions to webhook endpoints, by the Standard Webhooks convention.
//!
//! (`lib.rs` is what cargo-lambda's template calls `event_handler.rs`.)
//!
//! - **Events**: SQS batches of deliveries that `forward` wrote, from one queue per endpoint, with partial batch
//!   responses
//! - **Environment**: `WEBHOOK_URLS`, `WEBHOOK_SECRETS`, `WEBHOOK_QUEUES`, `WEBHOOK_RETRY_WAITS`, `WEBHOOK_ATTEMPTS`,
//!   `WEBHOOK_TIMEOUT`, `WEBHOOK_PRIVATE_HOSTS`
//! - **IAM**: `secretsmanager:GetSecretValue` on the endpoints' secrets; on their queues `sqs:ChangeMessageVisibility`
//!   to wait before another attempt, and for Lambda's event source mapping `sqs:ReceiveMessage`, `sqs:DeleteMessage`
//!   and `sqs:GetQueueAttributes`
//!
//! Each endpoint has its own queue and its own concurrency, so a slow or dead one delays no other. A failed delivery
//! stays in its queue, hidden until the next attempt; after the last attempt SQS moves it to the dead-letter queue.
//! Delivery is at least once and in no order: if the process is killed after the endpoint answered, the same delivery
//! comes again with the same `webhook-id`.

mod address;
mod client;
mod config;
mod message;
mod retry;
mod secret;
mod secret_cache;

use std::error::Error;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use lambda_http_kit::EventHandler;
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use uploads_core::env::Env;
use uploads_core::ports::webhooks::{Answer, Endpoints, PostError, Received, SecretStore, SignedDelivery};

use message::Message;
use secret_cache::{SecretCache, Unusable};

pub use client::HttpsClient;
pub use config::{Config, Endpoint};

/// What the function works with.
pub struct Deps<E, S, M> {
    config: Config,
    endpoints: E,
    secrets: SecretCache<S>,
    /// The queue of each endpoint.
    queues: Vec<M>,
    env: Env,
}

/// The part of an invocation's time that is reserved for hiding messages and for the response.
const DEADLINE_MARGIN: Duration = Duration::from_secs(3);

/// The payload is not an SQS batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event of a queue")]
pub struct Unreadable;

/// The kind of error that Lambda reports.
impl From<Unreadable> for Diagnostic {
    fn from(error: Unreadable) -> Self {
        Self { error_type: "UnreadableEvent".to_owned(), error_message: error.to_string() }
    }
}

/// Why a delivery must be attempted again.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the secret can't be used")]
    Secret(#[from] Unusable),
    #[error(transparent)]
    NoAnswer(#[from] PostError),
    #[error("the endpoint answered {}", .0.status)]
    Refused(Answer),
    #[error("the invocation ran out of time")]
    Deadline,
}

impl<E: Endpoints, S: SecretStore, M: Received> EventHandler for Deps<E, S, M> {
    type Retry = Unreadable;

    /// Attempts all deliveries of a batch at the same time. The response names those to keep in the queue.
    async fn handle(&self, event: Value, deadline: SystemTime) -> Result<Value, Unreadable> {
        let records = event["Records"].as_array().ok_or(Unreadable)?;
        let stop_at = deadline.checked_sub(DEADLINE_MARGIN).unwrap_or(deadline);
        let failed = join_all(records.iter().map(|record| self.process(record, stop_at))).await;
        let failures: Vec<Value> = failed.into_iter().flatten().map(|id| json!({ "itemIdentifier": id })).collect();
        Ok(json!({ "batchItemFailures": failures }))
    }
}

impl<E: Endpoints, S: SecretStore, M: Received> Deps<E, S, M> {
    /// A function with the given ports. `queues` are those of `config.endpoints`, in order.
    pub fn new(config: Config, endpoints: E, secrets: S, queues: Vec<M>, env: Env) -> Self {
        Self { config, endpoints, secrets: SecretCache::new(secrets), queues, env }
    }

    /// Attempts the delivery of one message. Returns the message's id if it must stay in the queue.
    async fn process(&self, record: &Value, stop_at: SystemTime) -> Option<String> {
        let message = match Message::read(record) {
            Ok(message) => message,
            Err(message_id) => {
                // Its attempts go on without a wait of ours and end in the dead-letter queue.
                tracing::error!(message = message_id, "a message can't be read");
                return Some(message_id);
            }
        };
        let Message { id, receipt, attempt, delivery } = message;
        let place = delivery.endpoint.checked_sub(1);
        let (Some(endpoint), Some(queue)) =
            (place.and_then(|place| self.config.endpoints.get(place)), place.and_then(|place| self.queues.get(place)))
        else {
            tracing::error!(event = delivery.id, endpoint = delivery.endpoint, "the endpoint does not exist");
            return Some(id);
        };
        let remaining = stop_at.duration_since(SystemTime::now()).unwrap_or_default();
        let attempt_now = self.attempt(endpoint, &delivery.id, &delivery.body);
        // A time-out of zero would still poll the attempt once.
        let attempted = if remaining.is_zero() {
            Err(Failure::Deadline)
        } else {
            tokio::time::timeout(remaining, attempt_now).await.unwrap_or(Err(Failure::Deadline))
        };
        let failure = match attempted {
            Ok(()) => {
                tracing::info!(event = delivery.id, endpoint = delivery.endpoint, attempt, "delivered");
                return None;
            }
            Err(failure) => failure,
        };
        let retry_after = match &failure {
            Failure::Refused(answer) => answer.retry_after,
            Failure::Secret(_) | Failure::NoAnswer(_) | Failure::Deadline => None,
        };
        let wait = self.config.waits.after(attempt, retry_after, &delivery.id);
        let cause = first_cause(&failure);
        // A metric filter of the template counts the lines with `undelivered`.
        tracing::warn!(
            event = delivery.id,
            endpoint = delivery.endpoint,
            attempt,
            undelivered = %failure,
            cause,
            wait = wait.as_secs(),
            "not delivered"
        );
        if let Err(error) = queue.hide(&receipt, wait).await {
            // The message comes back after the queue's visibility time-out.
            let cause = first_cause(&error);
            tracing::error!(event = delivery.id, %error, cause, "the wait could not be set");
        }
        Some(id)
    }

    /// Signs a delivery and posts it. Each attempt has its own time, because receivers refuse one of five minutes ago.
    async fn attempt(&self, endpoint: &Endpoint, id: &str, body: &str) -> Result<(), Failure> {
        let now = (self.env.now)();
        let signature = self.secrets.get(&endpoint.secret, now).await?.sign(id, now, body);
        let delivery = SignedDelivery { id, timestamp: now.as_second(), signature, body };
        let answer = self.endpoints.post(&endpoint.url, &delivery).await?;
        if (200..300).contains(&answer.status) { Ok(()) } else { Err(Failure::Refused(answer)) }
    }
}

/// The error at the end of the chain behind `error`; empty if there is none.
fn first_cause(error: &dyn Error) -> String {
    std::iter::successors(error.source(), |cause| (*cause).source()).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests;
