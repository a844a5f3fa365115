//! Forwards changes of uploads: receives the table's stream, puts events on a bus.
//!
//! (`lib.rs` is what cargo-lambda's template calls `event_handler.rs`.)
//!
//! - **Events**: the table's stream with old and new images and partial batch responses; an event filter passes items
//!   of uploads only
//! - **Environment**: `BUCKET`, `EVENT_BUS`
//! - **IAM**: `events:PutEvents` on the bus; for Lambda's event source mapping `dynamodb:DescribeStream`,
//!   `GetRecords`, `GetShardIterator` and `ListStreams`, and `sqs:SendMessage` for batches that failed too often
//!
//! Delivery is at least once, and a repeated event has the same id. If the process is killed, the stream delivers the
//! batch again. A stream continues only after its oldest failed record, so nothing is put after a refused event.
//! A record that can't be read is logged and skipped.

use std::time::{Duration, SystemTime};

use lambda_http_kit::EventHandler;
use lambda_http_kit::config::ForwardConfig;
use lambda_runtime::Diagnostic;
use policy::announcement::Announcement;
use serde_json::{Value, json};
use uploads_core::ports::event_bus::{Bus, BusError, Event, MAX_BATCH};
use uploads_core::ports::records::{RecordChange, RecordsError};

/// What the function works with.
pub struct Deps<B> {
    /// The bucket and its region, which events contain.
    pub config: ForwardConfig,
    /// Parses one record of the stream. `None` for an item that is not an upload's.
    pub read_change: fn(&Value) -> Result<Option<RecordChange>, RecordsError>,
    /// The event bus.
    pub bus: B,
}

/// The part of an invocation's time that is reserved for the response.
const DEADLINE_MARGIN: Duration = Duration::from_secs(2);

/// Why a record must be delivered again, and all records after it.
#[derive(Debug, thiserror::Error)]
pub enum Retry {
    /// The payload is not a stream event.
    #[error("not an event of a table's stream")]
    Unreadable,
    /// The bus did not answer, or refused the request.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The bus refused an event.
    #[error("the bus refused an event: {0}")]
    Refused(String),
    /// The invocation's time was over.
    #[error("the invocation ran out of time")]
    Deadline,
}

/// Why a record can't become an event.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Item(#[from] RecordsError),
    #[error(transparent)]
    Event(#[from] BusError),
}

/// The kind of error that Lambda reports.
impl From<Retry> for Diagnostic {
    fn from(retry: Retry) -> Self {
        let error_type = match &retry {
            Retry::Unreadable => "UnreadableEvent",
            Retry::Bus(_) => "BusUnavailable",
            Retry::Refused(_) => "EventRefused",
            Retry::Deadline => "OutOfTime",
        };
        Self { error_type: error_type.to_owned(), error_message: retry.to_string() }
    }
}

/// An event made from a record of the batch.
struct RecordEvent {
    /// The record's index in the batch.
    index: usize,
    event: Event,
    event_id: String,
}

/// The first record of a batch that must be delivered again.
struct Failure {
    index: usize,
    retry: Retry,
}

impl<B: Bus> EventHandler for Deps<B> {
    type Retry = Retry;

    /// The response names the first record to deliver again; the stream then delivers all later ones too. An error if
    /// that is the first record of the batch: Lambda may then split the batch.
    async fn handle(&self, event: Value, deadline: SystemTime) -> Result<Value, Retry> {
        let records = event["Records"].as_array().ok_or(Retry::Unreadable)?;
        let stop_at = deadline.checked_sub(DEADLINE_MARGIN).unwrap_or(deadline);
        let Some(Failure { index, retry }) = self.put_all(&self.events(records), stop_at).await else {
            return Ok(json!({ "batchItemFailures": [] }));
        };
        let cause = std::error::Error::source(&retry).map(ToString::to_string).unwrap_or_default();
        let number = &records[index]["dynamodb"]["SequenceNumber"];
        tracing::error!(%number, error = %retry, cause, "record failed: it and all later ones must be delivered again");
        if index == 0 {
            return Err(retry);
        }
        Ok(json!({ "batchItemFailures": [{ "itemIdentifier": number }] }))
    }
}

impl<B: Bus> Deps<B> {
    /// The events of all readable records.
    ///
    /// This version can't read an unreadable record at a retry either, and a retry would block the stream. So it is
    /// skipped. An alarm of the template counts the log line, and an operator runs `republish` after a fix is deployed.
    fn events(&self, records: &[Value]) -> Vec<RecordEvent> {
        let event = |(index, record): (usize, &Value)| match self.event(record) {
            Ok(event) => event.map(|(event, event_id)| RecordEvent { index, event, event_id }),
            Err(unreadable) => {
                let item = &record["dynamodb"]["Keys"]["pk"]["S"];
                tracing::error!(%unreadable, %item, "skipped an unreadable record");
                None
            }
        };
        records.iter().enumerate().filter_map(event).collect()
    }

    /// The event of a record, and its id. `None` for a change that consumers don't see.
    fn event(&self, record: &Value) -> Result<Option<(Event, String)>, Unreadable> {
        let Some(change) = (self.read_change)(record)? else { return Ok(None) };
        let Some(announcement) = Announcement::of(change.old.as_ref(), change.new) else { return Ok(None) };
        let event = Event::new(&announcement, &self.config.bucket, &self.config.partition)?;
        Ok(Some((event, announcement.event_id())))
    }

    /// Puts `events` in calls of up to [`MAX_BATCH`], and stops at the first failure.
    async fn put_all(&self, events: &[RecordEvent], stop_at: SystemTime) -> Option<Failure> {
        for batch in events.chunks(MAX_BATCH) {
            if let Err(failure) = self.put(batch, stop_at).await {
                return Some(failure);
            }
        }
        None
    }

    async fn put(&self, batch: &[RecordEvent], stop_at: SystemTime) -> Result<(), Failure> {
        let first = batch.first().expect("a chunk is not empty").index;
        let all_failed = |retry: Retry| Failure { index: first, retry };
        let remaining = stop_at.duration_since(SystemTime::now()).unwrap_or_default();
        // A time-out of zero would still poll the call once.
        if remaining.is_zero() {
            return Err(all_failed(Retry::Deadline));
        }
        let events: Vec<Event> = batch.iter().map(|event| event.event.clone()).collect();
        let put = tokio::time::timeout(remaining, self.bus.put(&events)).await;
        let refused = put.map_err(|_| all_failed(Retry::Deadline))?.map_err(|error| all_failed(error.into()))?;
        for (n, event) in batch.iter().enumerate() {
            if !refused.iter().any(|refused| refused.place == n) {
                tracing::info!(event = event.event_id, "announced");
            }
        }
        match refused.into_iter().min_by_key(|refused| refused.place) {
            None => Ok(()),
            Some(refused) => {
                let event = batch.get(refused.place).expect("the bus refuses events of this call");
                Err(Failure { index: event.index, retry: Retry::Refused(refused.why) })
            }
        }
    }
}

#[cfg(test)]
mod tests;
