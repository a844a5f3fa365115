//! The message about one change for one webhook endpoint.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::announcement::{Announcement, EventKind};
use crate::view::EventDetail;

/// A body and the id under which it is delivered. `forward` writes it to the endpoint's queue, `notify` delivers it.
///
/// The body is text and not JSON in JSON, so that every attempt sends the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The number of the parameter `WebhookUrl1` to `WebhookUrl3` with its address.
    pub endpoint: usize,
    /// The `webhook-id`, equal in every attempt and in every repetition of the event.
    pub id: String,
    /// The body to post.
    pub body: String,
}

/// The body, as Standard Webhooks recommends it
/// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, read 2026-11).
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: &'a EventDetail,
}

impl Delivery {
    /// The delivery of an announcement about an object in `bucket`.
    ///
    /// # Errors
    /// When the record can't be serialised.
    pub fn new(announcement: &Announcement, bucket: &str, endpoint: usize) -> Result<Self, serde_json::Error> {
        let r#type = match announcement.kind {
            EventKind::Accepted => "upload.accepted",
            EventKind::Rejected => "upload.rejected",
            EventKind::Deleted => "upload.deleted",
        };
        let data = EventDetail::new(announcement, bucket);
        let body = serde_json::to_string(&Body { r#type, timestamp: announcement.at(), data: &data })?;
        Ok(Self { endpoint, id: announcement.webhook_id(), body })
    }

    /// The same for another endpoint.
    #[must_use]
    pub fn to_endpoint(&self, endpoint: usize) -> Self {
        Self { endpoint, ..self.clone() }
    }
}
