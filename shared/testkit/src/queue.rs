//! A queue, in memory.

use std::sync::{Mutex, PoisonError};

use uploads_core::ports::event_bus::Refused;
use uploads_core::ports::queue::{Inbox, MAX_BATCH, Message, Queue, QueueError};

/// A queue that keeps its messages, and the text whose messages it refuses in a batch.
#[derive(Debug, Default)]
pub struct MemoryQueue(Mutex<Vec<String>>, Mutex<Option<String>>);

impl MemoryQueue {
    /// Refuses messages of a batch that contain `text`; `None` accepts all again.
    pub fn refuse(&self, text: Option<&str>) {
        *self.1.lock().unwrap_or_else(PoisonError::into_inner) = text.map(str::to_owned);
    }

    /// Takes every message out of the queue, oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether it has no message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Every message, oldest first.
    #[must_use]
    pub fn sent(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Queue for MemoryQueue {
    async fn send(&self, body: &str) -> Result<(), QueueError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(body.to_owned());
        Ok(())
    }

    async fn send_batch(&self, bodies: &[String]) -> Result<Vec<Refused>, QueueError> {
        if bodies.is_empty() || bodies.len() > MAX_BATCH {
            return Err(QueueError(format!("{} messages in one call", bodies.len()).into()));
        }
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let refuses = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let mut refused = Vec::new();
        for (place, body) in bodies.iter().enumerate() {
            if refuses.as_ref().is_some_and(|text| body.contains(text)) {
                refused.push(Refused { place, why: "InternalError: refused".to_owned() });
            } else {
                sent.push(body.clone());
            }
        }
        Ok(refused)
    }
}

/// A message is named by its text.
impl Inbox for MemoryQueue {
    async fn receive(&self) -> Result<Vec<Message>, QueueError> {
        let message = |body: String| Message { receipt: body.clone(), body };
        Ok(self.sent().into_iter().take(MAX_BATCH).map(message).collect())
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        let mut messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = messages.iter().position(|body| body == receipt) {
            messages.remove(index);
        }
        Ok(())
    }
}
