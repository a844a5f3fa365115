//! The table's stream in, announcements on the bus out.
//!
//! (`lib.rs` is what cargo-lambda's template calls `event_handler.rs`.)
//!
//! - **Events**: the table's stream, with both images (partial batch answers); items of uploads only, by filter
//! - **Environment**: `BUCKET`, `EVENT_BUS`
//! - **IAM**: `events:PutEvents` on that bus; for Lambda, which reads the stream in its name,
//!   `dynamodb:DescribeStream`, `GetRecords`, `GetShardIterator` and `ListStreams`, and `sqs:SendMessage` for what
//!   it gives up
//!
//! A change is announced at least once, always under the same event id. Killed anywhere, the stream sends the batch
//! again. A stream goes on only behind its oldest failure, so nothing is put once something was refused.

use std::time::{Duration, SystemTime};

use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use shared::announcement::Announcement;
use shared::bus::{Bus, BusError, Event, MOST};
use shared::records::{RecordsError, stream};

/// What announcing needs.
pub struct Deps<B> {
    /// Where the objects lie.
    pub bucket: String,
    /// Where it is announced.
    pub bus: B,
}

/// What is left of an invocation's time for answering.
const MARGIN: Duration = Duration::from_secs(2);

/// Why the first record of a batch must come again; for a later one there is the partial answer.
#[derive(Debug, thiserror::Error)]
pub enum Retry {
    /// Not an event of a stream.
    #[error("not an event of a table's stream")]
    Unreadable,
    /// The item can't be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The bus did not answer.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The bus did not take an event.
    #[error("the bus refused an event: {0}")]
    Refused(String),
    /// There was no time left.
    #[error("the invocation ran out of time")]
    Deadline,
}

/// What Lambda reports as the kind of failure.
impl From<Retry> for Diagnostic {
    fn from(retry: Retry) -> Self {
        let error_type = match &retry {
            Retry::Unreadable => "UnreadableEvent",
            Retry::Records(_) => "UnreadableItem",
            Retry::Bus(_) => "BusUnavailable",
            Retry::Refused(_) => "EventRefused",
            Retry::Deadline => "OutOfTime",
        };
        Self { error_type: error_type.to_owned(), error_message: retry.to_string() }
    }
}

/// An event with its record's place in the batch.
type Placed = (usize, Event, String);

/// Announces every change in `event`. The answer names the first record that must come again; all behind it do too.
///
/// # Errors
/// [`Retry`] where that is the very first: then a whole batch has failed, and Lambda may cut it in two.
pub async fn handle<B: Bus>(deps: &Deps<B>, event: Value, deadline: SystemTime) -> Result<Value, Retry> {
    let records = event["Records"].as_array().ok_or(Retry::Unreadable)?;
    let (events, unreadable) = read(deps, records);
    let until = deadline.checked_sub(MARGIN).unwrap_or(deadline);
    match put_all(deps, &events, until).await.or(unreadable) {
        None => Ok(json!({ "batchItemFailures": [] })),
        Some((place, retry)) => {
            let cause = std::error::Error::source(&retry).map(ToString::to_string).unwrap_or_default();
            let number = &records[place]["dynamodb"]["SequenceNumber"];
            tracing::error!(%number, error = %retry, cause, "must come again, with all behind it");
            if place == 0 {
                return Err(retry);
            }
            Ok(json!({ "batchItemFailures": [{ "itemIdentifier": number }] }))
        }
    }
}

/// What there is to announce, up to the first record that can't be read.
fn read<B>(deps: &Deps<B>, records: &[Value]) -> (Vec<Placed>, Option<(usize, Retry)>) {
    let mut events = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let change = match stream::change(record) {
            Ok(Some(change)) => change,
            Ok(None) => continue,
            Err(error) => return (events, Some((place, error.into()))),
        };
        let Some(announcement) = Announcement::of(change.old.as_ref(), change.new) else { continue };
        match Event::new(&announcement, &deps.bucket) {
            Ok(event) => events.push((place, event, announcement.event_id())),
            Err(error) => return (events, Some((place, error.into()))),
        }
    }
    (events, None)
}

/// Puts `events` call by call until one of them is refused, and says which.
async fn put_all<B: Bus>(deps: &Deps<B>, events: &[Placed], until: SystemTime) -> Option<(usize, Retry)> {
    for batch in events.chunks(MOST) {
        let first = batch.first().map_or(0, |(place, ..)| *place);
        let left = until.duration_since(SystemTime::now()).unwrap_or_default();
        if left.is_zero() {
            return Some((first, Retry::Deadline));
        }
        let put: Vec<Event> = batch.iter().map(|(_, event, _)| event.clone()).collect();
        let refused = match tokio::time::timeout(left, deps.bus.put(&put)).await {
            Err(_) => return Some((first, Retry::Deadline)),
            Ok(Err(error)) => return Some((first, error.into())),
            Ok(Ok(refused)) => refused,
        };
        for (place, (_, _, event_id)) in batch.iter().enumerate() {
            if !refused.iter().any(|refused| refused.place == place) {
                tracing::info!(event = event_id, "announced");
            }
        }
        if let Some(refused) = refused.into_iter().min_by_key(|refused| refused.place) {
            return Some((batch.get(refused.place).map_or(first, |(place, ..)| *place), Retry::Refused(refused.why)));
        }
    }
    None
}

#[cfg(test)]
mod tests;
