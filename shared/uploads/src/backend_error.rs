//! A service behind the function did not answer.

use crate::ports::objects::ObjectsError;
use crate::ports::queue::QueueError;
use crate::ports::records::RecordsError;

/// Which service did not answer. A caller can only try again later.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The table.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The bucket.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
}
