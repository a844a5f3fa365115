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
//! What can't be read is not waited for: it is told to people instead.

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
    /// And where the bucket lies.
    pub region: String,
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

/// A record that this version can't make an event of.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Item(#[from] RecordsError),
    #[error(transparent)]
    Event(#[from] BusError),
}

/// What Lambda reports as the kind of failure.
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

/// An event with its record's place in the batch.
type Placed = (usize, Event, String);

/// Announces every change in `event`. The answer names the first record that must come again; all behind it do too.
///
/// # Errors
/// [`Retry`] where that is the very first: then a whole batch has failed, and Lambda may cut it in two.
pub async fn handle<B: Bus>(deps: &Deps<B>, event: Value, deadline: SystemTime) -> Result<Value, Retry> {
    let records = event["Records"].as_array().ok_or(Retry::Unreadable)?;
    let events = read(deps, records);
    let until = deadline.checked_sub(MARGIN).unwrap_or(deadline);
    match put_all(deps, &events, until).await {
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

/// What there is to announce. A record that can't be read never will be by this version, and a stream goes on only
/// behind its oldest failure: it is left out, and the template's alarm counts the line. `republish` announces it once
/// somebody deployed a version that can read it.
fn read<B>(deps: &Deps<B>, records: &[Value]) -> Vec<Placed> {
    let read = |(place, record): (usize, &Value)| match announce(deps, record) {
        Ok(event) => event.map(|(event, id)| (place, event, id)),
        Err(unreadable) => {
            let item = &record["dynamodb"]["Keys"]["pk"]["S"];
            tracing::error!(%unreadable, %item, "left out: a record that nobody can read");
            None
        }
    };
    records.iter().enumerate().filter_map(read).collect()
}

/// The event of a record with its id; `None` for a change that is nobody's business.
fn announce<B>(deps: &Deps<B>, record: &Value) -> Result<Option<(Event, String)>, Unreadable> {
    let Some(change) = stream::change(record)? else { return Ok(None) };
    let Some(announcement) = Announcement::of(change.old.as_ref(), change.new) else { return Ok(None) };
    Ok(Some((Event::new(&announcement, &deps.bucket, &deps.region)?, announcement.event_id())))
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
