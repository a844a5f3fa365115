//! Queues, in SQS. The only file that makes its calls.

use super::{Queue, QueueError};
use crate::clients::{Clients, describe};

/// One queue.
pub struct SqsQueue {
    clients: Clients,
    url: String,
}

impl SqsQueue {
    /// The queue at `url`.
    #[must_use]
    pub fn new(clients: Clients, url: &str) -> Self {
        Self { clients, url: url.to_owned() }
    }
}

impl Queue for SqsQueue {
    async fn send(&self, body: &str) -> Result<(), QueueError> {
        let sent = self.clients.sqs().await.send_message().queue_url(&self.url).message_body(body).send().await;
        sent.map(|_| ()).map_err(|error| QueueError(describe(&error).into()))
    }
}
