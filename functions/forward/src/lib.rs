//! Forwards changes of uploads: receives the table's stream, puts events on a bus and into the queues of webhooks.
//!
//! (`lib.rs` is what cargo-lambda's template calls `event_handler.rs`.)
//!
//! - **Events**: the table's stream with old and new images and partial batch responses; an event filter passes items
//!   of uploads only
//! - **Environment**: `BUCKET`, `EVENT_BUS`, `WEBHOOK_QUEUES`
//! - **IAM**: `events:PutEvents` on the bus; `sqs:SendMessage` on the queues of webhooks; for Lambda's event source
//!   mapping `dynamodb:DescribeStream`, `GetRecords`, `GetShardIterator` and `ListStreams`, and `sqs:SendMessage` for
//!   batches that failed too often
//!
//! Only two functions may read a shard of the stream, so this one feeds the bus and all queues.
//!
//! Delivery is at least once, and a repeated event has the same id. If the process is killed, the stream delivers the
//! batch again. A stream continues only after its oldest failed record, so a target gets nothing after an event that it
//! refused. The other targets get the whole batch: a bus that fails does not delay webhooks.
//! A record that can't be read is logged and skipped.

use std::time::{Duration, SystemTime};

use lambda_http_kit::EventHandler;
use lambda_http_kit::config::ForwardConfig;
use lambda_runtime::Diagnostic;
use policy::announcement::Announcement;
use policy::webhook::Delivery;
use serde_json::{Value, json};
use uploads_core::ports::event_bus::{self, Bus, BusError, Event, Refused};
use uploads_core::ports::queue::{self, Queue, QueueError};
use uploads_core::ports::records::{RecordChange, RecordsError};

/// What the function works with.
pub struct Deps<B, Q> {
    /// The bucket and its region, which events contain.
    pub config: ForwardConfig,
    /// Parses one record of the stream. `None` for an item that is not an upload's.
    pub read_change: fn(&Value) -> Result<Option<RecordChange>, RecordsError>,
    /// The event bus, if there is one.
    pub bus: Option<B>,
    /// The queue of each webhook endpoint.
    pub webhooks: Vec<Q>,
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
    /// A webhook's queue did not answer, or refused the request.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The bus or a queue refused an event.
    #[error("an event was refused: {0}")]
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
    #[error("the record can't be serialised")]
    Delivery(#[from] serde_json::Error),
}

/// The kind of error that Lambda reports.
impl From<Retry> for Diagnostic {
    fn from(retry: Retry) -> Self {
        let error_type = match &retry {
            Retry::Unreadable => "UnreadableEvent",
            Retry::Bus(_) => "BusUnavailable",
            Retry::Queue(_) => "QueueUnavailable",
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
    /// For the first endpoint.
    delivery: Delivery,
    event_id: String,
}

/// The first record of a batch that must be delivered again.
struct Failure {
    index: usize,
    retry: Retry,
}

impl<B: Bus, Q: Queue> EventHandler for Deps<B, Q> {
    type Retry = Retry;

    /// The response names the first record to deliver again; the stream then delivers all later ones too. An error if
    /// that is the first record of the batch: Lambda may then split the batch.
    async fn handle(&self, event: Value, deadline: SystemTime) -> Result<Value, Retry> {
        let records = event["Records"].as_array().ok_or(Retry::Unreadable)?;
        let stop_at = deadline.checked_sub(DEADLINE_MARGIN).unwrap_or(deadline);
        let failures = self.forward(&self.events(records), stop_at).await;
        let Some(Failure { index, retry }) = failures.into_iter().min_by_key(|failure| failure.index) else {
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

impl<B: Bus, Q: Queue> Deps<B, Q> {
    /// The events of all readable records.
    ///
    /// This version can't read an unreadable record at a retry either, and a retry would block the stream. So it is
    /// skipped. An alarm of the template counts the log line, and an operator runs `republish` after a fix is deployed.
    fn events(&self, records: &[Value]) -> Vec<RecordEvent> {
        let event = |(index, record): (usize, &Value)| match self.event(index, record) {
            Ok(event) => event,
            Err(unreadable) => {
                let item = &record["dynamodb"]["Keys"]["pk"]["S"];
                tracing::error!(%unreadable, %item, "skipped an unreadable record");
                None
            }
        };
        records.iter().enumerate().filter_map(event).collect()
    }

    /// The event of a record. `None` for a change that consumers don't see.
    fn event(&self, index: usize, record: &Value) -> Result<Option<RecordEvent>, Unreadable> {
        let Some(RecordChange { old, new, deleted_at }) = (self.read_change)(record)? else { return Ok(None) };
        let Some(announcement) = Announcement::of(old.as_ref(), new, deleted_at) else { return Ok(None) };
        let event = Event::new(&announcement, &self.config.bucket, &self.config.partition)?;
        let delivery = Delivery::new(&announcement, &self.config.bucket, 1)?;
        Ok(Some(RecordEvent { index, event, delivery, event_id: announcement.event_id() }))
    }

    /// Puts `events` on the bus and into every queue, and returns the first failure of each.
    async fn forward(&self, events: &[RecordEvent], stop_at: SystemTime) -> Vec<Failure> {
        let mut failures = Vec::new();
        if let Some(bus) = &self.bus {
            let put = async |batch: &[RecordEvent]| {
                let events: Vec<Event> = batch.iter().map(|event| event.event.clone()).collect();
                Ok(bus.put(&events).await?)
            };
            failures.extend(in_batches(events, event_bus::MAX_BATCH, stop_at, put).await);
        }
        for (endpoint, queue) in (1..).zip(&self.webhooks) {
            let send = async |batch: &[RecordEvent]| {
                let deliveries = batch.iter().map(|event| event.delivery.to_endpoint(endpoint));
                let bodies =
                    deliveries.map(|delivery| serde_json::to_string(&delivery).map_err(|e| QueueError(e.into())));
                Ok(queue.send_batch(&bodies.collect::<Result<Vec<_>, _>>()?).await?)
            };
            failures.extend(in_batches(events, queue::MAX_BATCH, stop_at, send).await);
        }
        let first_failure = failures.iter().map(|failure| failure.index).min();
        for event in events.iter().take_while(|event| first_failure.is_none_or(|failed| event.index < failed)) {
            tracing::info!(event = event.event_id, "announced");
        }
        failures
    }
}

/// Sends `events` in calls of up to `size`, and stops at the first failure.
async fn in_batches(
    events: &[RecordEvent],
    size: usize,
    stop_at: SystemTime,
    send: impl AsyncFn(&[RecordEvent]) -> Result<Vec<Refused>, Retry>,
) -> Option<Failure> {
    for batch in events.chunks(size) {
        let first = batch.first().expect("a chunk is not empty").index;
        let remaining = stop_at.duration_since(SystemTime::now()).unwrap_or_default();
        // A time-out of zero would still poll the call once.
        if remaining.is_zero() {
            return Some(Failure { index: first, retry: Retry::Deadline });
        }
        let sent = tokio::time::timeout(remaining, send(batch)).await.unwrap_or(Err(Retry::Deadline));
        match sent.map(|refused| refused.into_iter().min_by_key(|refused| refused.place)) {
            Ok(None) => {}
            Ok(Some(refused)) => {
                let event = batch.get(refused.place).expect("a refused event is one of this call");
                return Some(Failure { index: event.index, retry: Retry::Refused(refused.why) });
            }
            Err(retry) => return Some(Failure { index: first, retry }),
        }
    }
    None
}

#[cfg(test)]
mod tests;
