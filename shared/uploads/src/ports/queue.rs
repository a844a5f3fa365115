//! The port to a queue.

/// Why a queue did not accept a message. The caller can only try again later.
#[derive(Debug, thiserror::Error)]
#[error("the queue is unavailable")]
pub struct QueueError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A queue that messages are sent to.
pub trait Queue: Send + Sync {
    /// Sends one message. It may arrive more than once.
    fn send(&self, body: &str) -> impl Future<Output = Result<(), QueueError>> + Send;
}

impl<Q: Queue> Queue for &Q {
    async fn send(&self, body: &str) -> Result<(), QueueError> {
        (*self).send(body).await
    }
}
