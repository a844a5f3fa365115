//! The bus: the port to a team's other systems.

use policy::announcement::{Announcement, EventKind};
use policy::view::EventDetail;

/// Who speaks. Rules of consumers match on it.
pub const SOURCE: &str = "sluice";

/// How many events one call takes: what `PutEvents` does
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>, read 2026-11).
pub const MAX_BATCH: usize = 10;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened, in two words.
    pub detail_type: &'static str,
    /// The ARN of the object.
    pub resource: String,
    /// Everything else, as JSON.
    pub detail: String,
}

impl Event {
    /// The event of an announcement about an object in `bucket`, which lies in `region`.
    ///
    /// # Errors
    /// [`BusError`] should a record be beyond JSON, which none is.
    pub fn new(announcement: &Announcement, bucket: &str, region: &str) -> Result<Self, BusError> {
        let detail = serde_json::to_string(&EventDetail::new(announcement, bucket)).map_err(|e| BusError(e.into()))?;
        Ok(Self {
            detail_type: match announcement.kind {
                EventKind::Accepted => "Upload Accepted",
                EventKind::Rejected => "Upload Rejected",
                EventKind::Deleted => "Upload Deleted",
            },
            resource: format!("arn:{}:s3:::{bucket}/{}", partition(region), announcement.record.key()),
            detail,
        })
    }
}

/// The first kind of every ARN in a region
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>, read 2026-11).
fn partition(region: &str) -> &'static str {
    match region.split_once('-') {
        Some(("cn", _)) => "aws-cn",
        Some(("us", rest)) if rest.starts_with("gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// An event that the bus did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its place among those that were put, from 0.
    pub place: usize,
    /// Why, in the bus's words.
    pub why: String,
}

/// The bus did not answer: nobody knows what it took.
#[derive(Debug, thiserror::Error)]
#[error("the bus is unavailable")]
pub struct BusError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The bus, as far as announcements need it.
pub trait Bus: Send + Sync {
    /// Puts at most [`MAX_BATCH`] events, and says which of them were not taken, lowest place first.
    fn put(&self, events: &[Event]) -> impl Future<Output = Result<Vec<Refused>, BusError>> + Send;
}
