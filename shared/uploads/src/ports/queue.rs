//! The port to a queue.

use super::event_bus::Refused;

/// How many messages one call takes
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>, read 2026-11).
pub const MAX_BATCH: usize = 10;

/// Why a queue did not accept a message. The caller can only try again later.
#[derive(Debug, thiserror::Error)]
#[error("the queue is unavailable")]
pub struct QueueError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A queue that messages are sent to.
pub trait Queue: Send + Sync {
    /// Sends one message. It may arrive more than once.
    fn send(&self, body: &str) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Sends at most [`MAX_BATCH`] messages and returns the refused ones, lowest index first. The others may arrive more
    /// than once.
    fn send_batch(&self, bodies: &[String]) -> impl Future<Output = Result<Vec<Refused>, QueueError>> + Send;
}

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names this receive, to delete the message.
    pub receipt: String,
    /// The text.
    pub body: String,
}

/// A queue that messages are received from.
pub trait Inbox: Send + Sync {
    /// At most [`MAX_BATCH`] messages. The queue hides them for a while and then delivers them again.
    fn receive(&self) -> impl Future<Output = Result<Vec<Message>, QueueError>> + Send;

    /// Deletes a received message.
    fn delete(&self, receipt: &str) -> impl Future<Output = Result<(), QueueError>> + Send;
}

impl<Q: Queue> Queue for &Q {
    async fn send(&self, body: &str) -> Result<(), QueueError> {
        (*self).send(body).await
    }

    async fn send_batch(&self, bodies: &[String]) -> Result<Vec<Refused>, QueueError> {
        (*self).send_batch(bodies).await
    }
}
