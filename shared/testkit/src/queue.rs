//! A queue, in memory.

use std::sync::{Mutex, PoisonError};

use uploads_core::ports::queue::{Queue, QueueError};

/// A queue that keeps its messages.
#[derive(Debug, Default)]
pub struct MemoryQueue(Mutex<Vec<String>>);

impl MemoryQueue {
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
}
