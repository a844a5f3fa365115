//! Queues on SQS.

use crate::clients::{Clients, describe};
use uploads_core::ports::queue::{Queue, QueueError};

/// A queue.
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
