//! Queues on SQS.

use std::time::Duration;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use crate::clients::{Clients, describe};
use uploads_core::ports::event_bus::Refused;
use uploads_core::ports::queue::{Inbox, MAX_BATCH, Message, Queue, QueueError};
use uploads_core::ports::webhooks::Received;

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

    async fn send_batch(&self, bodies: &[String]) -> Result<Vec<Refused>, QueueError> {
        let entry = |(place, body): (usize, &String)| {
            let entry = SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(body);
            entry.build().map_err(|error| QueueError(error.into()))
        };
        let entries = bodies.iter().enumerate().map(entry).collect::<Result<_, _>>()?;
        let send = self.clients.sqs().await.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let answer = send.send().await.map_err(|error| QueueError(describe(&error).into()))?;
        let refused = answer.failed.into_iter().map(|failed| {
            let place =
                failed.id.parse().map_err(|_| QueueError(format!("no message has the id {}", failed.id).into()))?;
            Ok(Refused { place, why: format!("{}: {}", failed.code, failed.message.unwrap_or_default()) })
        });
        let mut refused = refused.collect::<Result<Vec<_>, QueueError>>()?;
        refused.sort_by_key(|refused| refused.place);
        Ok(refused)
    }
}

impl Inbox for SqsQueue {
    async fn receive(&self) -> Result<Vec<Message>, QueueError> {
        let most = i32::try_from(MAX_BATCH).unwrap_or(i32::MAX);
        let receive = self.clients.sqs().await.receive_message().queue_url(&self.url).max_number_of_messages(most);
        let answer = receive.send().await.map_err(|error| QueueError(describe(&error).into()))?;
        let message = |message: aws_sdk_sqs::types::Message| Message {
            receipt: message.receipt_handle.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
        };
        Ok(answer.messages.unwrap_or_default().into_iter().map(message).collect())
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        let delete = self.clients.sqs().await.delete_message().queue_url(&self.url).receipt_handle(receipt);
        delete.send().await.map(|_| ()).map_err(|error| QueueError(describe(&error).into()))
    }
}

impl Received for SqsQueue {
    async fn hide(&self, receipt: &str, wait: Duration) -> Result<(), QueueError> {
        let seconds = i32::try_from(wait.as_secs()).unwrap_or(i32::MAX);
        let change = self.clients.sqs().await.change_message_visibility();
        let change = change.queue_url(&self.url).receipt_handle(receipt).visibility_timeout(seconds);
        change.send().await.map(|_| ()).map_err(|error| QueueError(describe(&error).into()))
    }
}
