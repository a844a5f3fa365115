//! Announcements that the stream may have lost.
//!
//! Lambda gives up on a batch of the stream that failed for six hours, and sends a message with the batch's times to a
//! queue. The records themselves are not in it, and the stream keeps them for 24 hours only. So every upload whose
//! verdict or deletion is of that time is put into the stream again. Its event has the same id as before.

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uploads_core::ports::queue::{Message, QueueError};
use uploads_core::ports::records::RecordsError;

use crate::deadline::Deadline;
use crate::deps::{Bucket, Deps, MAX_CONCURRENCY, Messages, Table};
use crate::report::{Metric, Report};

/// How long before it is written a verdict may have its time: the validator's longest time-out, and some more.
const BEFORE: SignedDuration = SignedDuration::from_hours(1);

/// How far the clocks of the validator and of the stream may differ.
const AFTER: SignedDuration = SignedDuration::from_mins(1);

/// The age of a batch from which older records may have left the stream without a message. It keeps them for 24 hours
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>, read 2026-11).
const NEARLY_TRIMMED: SignedDuration = SignedDuration::from_hours(20);

/// How far to look back then.
const LONG_BEFORE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The times of the changes to announce again, and how far the search has come. Also the message that a run leaves for
/// the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Search {
    from: Timestamp,
    until: Timestamp,
    /// Where the next page of the table begins.
    next: Option<String>,
}

/// Lambda's message about a batch
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>, read 2026-11).
#[derive(Deserialize)]
struct LostBatch {
    timestamp: Timestamp,
    #[serde(rename = "DDBStreamBatchInfo")]
    info: BatchInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchInfo {
    approximate_arrival_of_first_record: Timestamp,
    approximate_arrival_of_last_record: Timestamp,
}

impl Search {
    /// Reads a message of Lambda, or one that an earlier run left.
    fn parse(body: &str) -> Option<Self> {
        if let Ok(search) = serde_json::from_str(body) {
            return Some(search);
        }
        let LostBatch { timestamp, info } = serde_json::from_str(body).ok()?;
        let (first, last) = (info.approximate_arrival_of_first_record, info.approximate_arrival_of_last_record);
        let before = if timestamp.duration_since(first) < NEARLY_TRIMMED { BEFORE } else { LONG_BEFORE };
        Some(Self { from: first.saturating_sub(before).ok()?, until: last.saturating_add(AFTER).ok()?, next: None })
    }
}

/// Why a search stopped.
#[derive(Debug, thiserror::Error)]
enum SearchError {
    #[error(transparent)]
    Records(#[from] RecordsError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("the message can't be read")]
    Unreadable,
}

impl<R: Table, O: Bucket, Q: Messages> Deps<R, O, Q> {
    /// Has everything announced again that the messages of the queue name, until the deadline.
    pub(crate) async fn repeat_lost_announcements(&self, deadline: &Deadline<'_>) -> Report {
        let Some(queue) = &self.lost_announcements else { return Report::default() };
        let mut report = Report::default();
        while !deadline.has_passed() {
            let messages = match queue.receive().await {
                Ok(messages) if messages.is_empty() => break,
                Ok(messages) => messages,
                Err(error) => return report + Report::failure(&error, "receive lost announcements"),
            };
            for message in messages {
                match self.repeat(queue, &message, deadline).await {
                    Ok(repeated) => report += Report::of(Metric::AnnouncementsRepeated, repeated),
                    // The message comes again, in a later run.
                    Err(error) => return report + Report::failure(&error, "announce again"),
                }
            }
        }
        report
    }

    /// Has everything announced again that a message names, and deletes the message. If the time ends before, a message
    /// with the rest takes its place.
    async fn repeat(&self, queue: &Q, message: &Message, deadline: &Deadline<'_>) -> Result<u64, SearchError> {
        let mut search = Search::parse(&message.body).ok_or(SearchError::Unreadable)?;
        let mut repeated = 0_u64;
        loop {
            if deadline.has_passed() {
                let rest = serde_json::to_string(&search).map_err(|error| QueueError(error.into()))?;
                queue.send(&rest).await?;
                break;
            }
            let page = self.records.announced_between(search.from, search.until, search.next.as_deref()).await?;
            let now = (self.env.now)();
            let writes = stream::iter(&page.ids).map(|id| self.records.announce_again(*id, now));
            let mut writes = writes.buffer_unordered(MAX_CONCURRENCY);
            while let Some(written) = writes.next().await {
                written?;
                repeated = repeated.saturating_add(1);
            }
            search.next = page.next;
            if search.next.is_none() {
                break;
            }
        }
        queue.delete(&message.receipt).await?;
        Ok(repeated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_times_to_search() {
        let lost = |timestamp: &str| {
            format!(
                r#"{{"requestContext": {{"condition": "RetryAttemptsExhausted"}}, "version": "1.0", "timestamp": "{timestamp}",
                "DDBStreamBatchInfo": {{"shardId": "shard", "batchSize": 2,
                "approximateArrivalOfFirstRecord": "2026-11-27T10:00:00Z",
                "approximateArrivalOfLastRecord": "2026-11-27T10:05:00Z"}}}}"#
            )
        };
        for (timestamp, from) in [
            ("2026-11-27T16:00:00Z", "2026-11-27T09:00:00Z"),
            ("2026-11-28T05:59:59Z", "2026-11-27T09:00:00Z"),
            ("2026-11-28T06:00:00Z", "2026-11-20T10:00:00Z"),
        ] {
            let search = Search::parse(&lost(timestamp)).unwrap();
            assert_eq!((search.from, search.until), (from.parse().unwrap(), "2026-11-27T10:06:00Z".parse().unwrap()));
            assert_eq!(Search::parse(&serde_json::to_string(&search).unwrap()), Some(search));
        }
        for other in ["", "{}", "[]", r#"{"from": "2026-11-27T10:00:00Z"}"#] {
            assert_eq!(Search::parse(other), None);
        }
    }
}
