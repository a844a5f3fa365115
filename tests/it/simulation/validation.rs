//! Events of new versions in the queue, and the validator.

use lambda_http_kit::EventHandler;
use policy::key::ObjectKey;
use serde_json::{Value, json};
use testkit::BUCKET;

use super::end_state::OwnerAction;
use super::system::{LOST_PERMILLE, MAX_RECEIVES, Message, System, has_failed, in_an_hour};

impl<'a> System<'a> {
    /// Sends the events of all new versions to the queue.
    pub(super) fn deliver(&self) {
        let mut state = self.state.borrow_mut();
        for (key, version) in self.stores.objects.arrivals_from(state.delivered) {
            state.delivered += 1;
            self.uploads.borrow_mut().entry(key.id()).or_insert_with(|| (key.clone(), OwnerAction::Kept));
            let mut facts = self.facts.borrow_mut();
            let facts = facts.entry(version.clone()).or_insert_with(|| self.multipart_facts.borrow()[&key.id()]);
            let mut random_deliveries = || {
                let lost = self.random.permille(LOST_PERMILLE);
                state.lost_events += usize::from(lost);
                if lost { 0 } else { 1 + self.random.below(5) }
            };
            let (events, scans) = (random_deliveries(), random_deliveries());
            for _ in 0..events {
                let body = self.created_event(&key, &version).to_string();
                state.queue.push(Message { body, receives: 0 });
            }
            let Some(scan) = facts.scan else { continue };
            if scans == 0 {
                // Without a scan result the upload is never accepted.
                facts.scan = Some("LOST");
            }
            for _ in 0..scans {
                state.queue.push(Message { body: scan_event(&key, &version, scan).to_string(), receives: 0 });
            }
        }
    }

    /// The event notification of a version, in a random wrapping.
    fn created_event(&self, key: &ObjectKey, version: &str) -> Value {
        let direct = json!({ "Records": [{ "eventVersion": "2.6", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
            "bucket": { "name": BUCKET },
            "object": { "key": key.to_string().replace('~', "%7E"), "versionId": version, "sequencer": "0055AED6DCD90281E5" },
        } }] });
        match self.random.below(3) {
            0 => direct,
            1 => json!({ "Type": "Notification", "Message": direct.to_string() }),
            _ => json!({ "source": "aws.s3", "detail-type": "Object Created", "detail": {
                "bucket": { "name": BUCKET },
                "object": { "key": key.to_string(), "version-id": version },
            } }),
        }
    }

    /// Invokes the validator with a random batch of messages, if there are any.
    pub(super) async fn validate(&'a self) {
        let Some(batch) = self.receive() else { return };
        let message = |(n, message): (usize, &Message)| json!({ "eventSource": "aws:sqs", "messageId": n.to_string(), "body": message.body });
        let event = json!({ "Records": batch.iter().enumerate().map(message).collect::<Vec<_>>() });
        let answer = self.run_or_kill(self.functions.validate.handle(event, in_an_hour())).await;
        let mut state = self.state.borrow_mut();
        state.in_flight -= batch.len();
        for (n, message) in batch.into_iter().enumerate() {
            match (has_failed(answer.as_ref(), n), message.receives >= MAX_RECEIVES) {
                (false, _) => {}
                (true, false) => state.queue.push(message),
                (true, true) => state.dlq.push(message),
            }
        }
    }

    /// Takes one to ten random messages from the queue.
    fn receive(&self) -> Option<Vec<Message>> {
        let mut state = self.state.borrow_mut();
        let size = (1 + self.random.below(10)).min(state.queue.len());
        let batch: Vec<Message> = (0..size)
            .map(|_| {
                let n = self.random.below(state.queue.len());
                let mut message = state.queue.swap_remove(n);
                message.receives += 1;
                message
            })
            .collect();
        state.in_flight += batch.len();
        (!batch.is_empty()).then_some(batch)
    }
}

fn scan_event(key: &ObjectKey, version: &str, status: &str) -> Value {
    json!({ "source": "aws.guardduty", "detail-type": "GuardDuty Malware Protection Object Scan Result", "detail": {
        "s3ObjectDetails": { "bucketName": BUCKET, "objectKey": key.to_string(), "versionId": version },
        "scanResultDetails": { "scanResultStatus": status },
    } })
}
