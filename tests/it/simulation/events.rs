//! The stream and what it leads to: the forwarder, lost batches, and the notifier.

use aws_adapters::dynamodb::stream;
use lambda_http_kit::EventHandler;
use policy::upload::{Record, ValidatedUpload};
use serde_json::json;
use testkit::MemoryQueue;
use uploads_core::ports::queue::Queue;
use uploads_core::ports::records::RecordChange;

use super::system::{MAX_RECEIVES, Message, System, has_failed, in_an_hour};

/// With which probability a batch of the stream fails until Lambda gives up on it.
const LOST_BATCHES_PERMILLE: usize = 20;

/// The event id of a verdict.
pub(super) fn verdict_event(validated: &ValidatedUpload) -> String {
    format!("{}:{}:{}", validated.key.id(), validated.version, validated.outcome.as_str())
}

impl<'a> System<'a> {
    /// Invokes the forwarder with the next records of the stream, if there are any.
    pub(super) async fn forward(&'a self) {
        let forwarded = self.state.borrow().forwarded;
        let changes = self.stores.records.changes_at(forwarded, 1 + self.random.below(30));
        if changes.is_empty() {
            return;
        }
        // One batch of a run: everything of its hour is announced again.
        let may_be_lost = self.kills.get() && !self.state.borrow().lost_batch;
        if may_be_lost && self.random.permille(LOST_BATCHES_PERMILLE) {
            self.lose(&changes).await;
            let mut state = self.state.borrow_mut();
            (state.forwarded, state.lost_batch) = (forwarded + changes.len(), true);
            return;
        }
        let record = |(n, change): (usize, &RecordChange)| stream::record(change, forwarded + n);
        let event = json!({ "Records": changes.iter().enumerate().map(record).collect::<Vec<_>>() });
        let answer = self.run_or_kill(self.functions.forward.handle(event, in_an_hour())).await;
        let Some(Ok(answer)) = answer else { return };
        let failed = answer["batchItemFailures"][0]["itemIdentifier"].as_str();
        let next = failed.map_or(forwarded + changes.len(), |number| number.parse().unwrap());
        self.state.borrow_mut().forwarded = next;
    }

    /// Lambda gives up on a batch of the stream and sends a message with its times.
    async fn lose(&self, changes: &[RecordChange]) {
        let time = |change: &RecordChange| match &change.new {
            Record::Validated(validated) => Some(validated.judged_at),
            Record::Pending(_) => None,
            Record::Deleting(_) | Record::Deleted(_) => change.deleted_at,
        };
        let (first, last) = (changes.iter().filter_map(time).min(), changes.iter().filter_map(time).max());
        let verdict = |change: &RecordChange| match &change.new {
            Record::Validated(validated) => Some(verdict_event(validated)),
            Record::Pending(_) | Record::Deleting(_) | Record::Deleted(_) => None,
        };
        self.lost_verdicts.borrow_mut().extend(changes.iter().filter_map(verdict));
        if let (Some(first), Some(last)) = (first, last) {
            let info = json!({ "approximateArrivalOfFirstRecord": first, "approximateArrivalOfLastRecord": last });
            let message = json!({ "timestamp": last, "DDBStreamBatchInfo": info });
            self.stores.lost_announcements.send(&message.to_string()).await.unwrap();
        }
    }

    /// Invokes the notifier with a random batch of deliveries, if there are any.
    pub(super) async fn notify(&'a self) {
        let batch = self.receive_deliveries();
        if batch.is_empty() {
            return;
        }
        let message = |(n, message): (usize, &Message)| {
            json!({
                "messageId": n.to_string(), "receiptHandle": n.to_string(), "body": message.body,
                "attributes": { "ApproximateReceiveCount": message.receives.to_string() },
            })
        };
        let event = json!({ "Records": batch.iter().enumerate().map(message).collect::<Vec<_>>() });
        let answer = self.run_or_kill(self.functions.notify.handle(event, in_an_hour())).await;
        let mut state = self.state.borrow_mut();
        state.in_flight -= batch.len();
        for (n, message) in batch.into_iter().enumerate() {
            match (has_failed(answer.as_ref(), n), message.receives >= MAX_RECEIVES) {
                (false, _) => {}
                (true, false) => state.webhooks.push(message),
                (true, true) => state.webhook_dlq.push(message),
            }
        }
    }

    /// Takes up to ten random deliveries from the queues.
    fn receive_deliveries(&self) -> Vec<Message> {
        let mut state = self.state.borrow_mut();
        let new = self.stores.webhooks.iter().flat_map(MemoryQueue::take);
        state.webhooks.extend(new.map(|body| Message { body, receives: 0 }));
        let size = (1 + self.random.below(10)).min(state.webhooks.len());
        let mut take = || {
            let n = self.random.below(state.webhooks.len());
            let message = state.webhooks.swap_remove(n);
            Message { receives: message.receives + 1, ..message }
        };
        let batch: Vec<Message> = (0..size).map(|_| take()).collect();
        state.in_flight += batch.len();
        batch
    }
}
