//! The port to the event bus.

use policy::announcement::{Announcement, EventKind};
use policy::view::EventDetail;

/// The events' source. Consumers' rules match on it.
pub const SOURCE: &str = "sluice";

/// How many events one call takes
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>, read 2026-11).
pub const MAX_BATCH: usize = 10;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The detail type.
    pub detail_type: &'static str,
    /// The ARN of the object.
    pub resource: String,
    /// The detail, as JSON.
    pub detail: String,
}

impl Event {
    /// The event of an announcement about an object in `bucket`, whose ARN is in `partition`.
    ///
    /// # Errors
    /// [`BusError`] when the record can't be serialised.
    pub fn new(announcement: &Announcement, bucket: &str, partition: &str) -> Result<Self, BusError> {
        let detail = serde_json::to_string(&EventDetail::new(announcement, bucket)).map_err(|e| BusError(e.into()))?;
        Ok(Self {
            detail_type: match announcement.kind {
                EventKind::Accepted => "Upload Accepted",
                EventKind::Rejected => "Upload Rejected",
                EventKind::Deleted => "Upload Deleted",
            },
            resource: format!("arn:{partition}:s3:::{bucket}/{}", announcement.record.key()),
            detail,
        })
    }
}

/// An event that the bus refused, or a message that a queue refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its index in the call, from 0.
    pub place: usize,
    /// The service's code and message.
    pub why: String,
}

/// The bus did not answer: it is unknown which events it accepted.
#[derive(Debug, thiserror::Error)]
#[error("the bus is unavailable")]
pub struct BusError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The event bus.
pub trait Bus: Send + Sync {
    /// Puts at most [`MAX_BATCH`] events and returns the refused ones, lowest index first.
    fn put(&self, events: &[Event]) -> impl Future<Output = Result<Vec<Refused>, BusError>> + Send;
}
