//! Verdicts and deletions are published on the event bus.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use serde_json::{Value, json};

use crate::api::alice;
use crate::aws::{body_of, delete_item, delete_message, dynamodb, log_lines, receive, subscribe};
use crate::support::{asset, stack, wait_for};

/// A consumer of the bus: a rule and its queue. All tests share one, since SQS delivers each message to one reader.
struct Consumer {
    queue: String,
    received: Mutex<BTreeMap<String, Vec<Value>>>,
}

fn consumer() -> &'static Consumer {
    static CONSUMER: OnceLock<Consumer> = OnceLock::new();
    CONSUMER.get_or_init(|| {
        let name = format!("consumer-{}", std::process::id());
        let queue = subscribe(&name, &json!({ "source": ["sluice"], "detail": { "bucket": [stack().bucket] } }));
        Consumer { queue, received: Mutex::default() }
    })
}

impl Consumer {
    /// All events of an upload so far.
    fn events(&self, id: &str) -> Vec<Value> {
        let mut received = self.received.lock().unwrap();
        for message in receive(&self.queue) {
            let event: Value = serde_json::from_str(body_of(&message)).unwrap();
            received.entry(event["detail"]["id"].as_str().unwrap().to_owned()).or_default().push(event);
            delete_message(&self.queue, &message);
        }
        received.get(id).cloned().unwrap_or_default()
    }

    /// Waits for the event with this status.
    fn event(&self, id: &str, status: &str) -> Value {
        wait_for(status, || self.events(id).into_iter().find(|event| event["detail"]["status"] == status))
    }
}

#[test]
fn verdicts_and_deletions_are_published() {
    let consumer = consumer();
    for (name, file, status, detail_type) in [
        ("lock.png", "lock.png", "accepted", "Upload Accepted"),
        ("program.png", "program.exe", "rejected", "Upload Rejected"),
    ] {
        let grant = alice().upload(name, "image/png", &asset(file));
        let record = alice().verdict(grant.id());
        let event = consumer.event(grant.id(), status);
        assert_eq!((&event["detail-type"], &event["source"]), (&json!(detail_type), &json!("sluice")));
        let mut detail = event["detail"].clone();
        let event_id = detail.as_object_mut().unwrap().remove("eventId").unwrap();
        assert_eq!(detail, record, "the event has the fields of the owner's record");
        let version = record["versionId"].as_str().unwrap();
        assert_eq!(event_id, format!("{}:{version}:{status}", grant.id()));
        assert_eq!(alice().delete(grant.id()).status, 200);
        let deleted = consumer.event(grant.id(), "deleted");
        assert_eq!(deleted["detail"]["eventId"], format!("{}::deleted", grant.id()));
        assert_eq!(deleted["detail"].get("filename"), None);
    }
}

#[test]
fn republished_events_have_the_same_detail() {
    let consumer = consumer();
    let (kept, deleted) = (
        alice().upload("lock.png", "image/png", &asset("lock.png")),
        alice().upload("lock.png", "image/png", &asset("lock.png")),
    );
    alice().verdict(kept.id());
    alice().verdict(deleted.id());
    assert_eq!(alice().delete(deleted.id()).status, 200);
    let verdict = consumer.event(kept.id(), "accepted");
    let deletion = consumer.event(deleted.id(), "deleted");
    let before = consumer.events(kept.id()).len();
    sluice::republish::republish("1h", "local", sluice::progress::Progress::Stdout).unwrap();
    let repeated = wait_for("the verdict again", || {
        let events = consumer.events(kept.id());
        (events.len() > before).then(|| events.last().unwrap().clone())
    });
    assert_eq!(repeated["detail"], verdict["detail"]);
    let repeated = wait_for("the deletion again", || {
        let events = consumer.events(deleted.id());
        (events.iter().filter(|event| event["detail"]["status"] == "deleted").count() > 1)
            .then(|| events.last().unwrap().clone())
    });
    assert_eq!(repeated["detail"], deletion["detail"]);
}

#[test]
fn an_unreadable_record_does_not_block_the_stream() {
    let id = testkit::fresh_id();
    let pk = format!("upload#{id}");
    let item = json!({ "pk": { "S": pk }, "schema": { "N": "2" }, "state": { "S": "accepted" } });
    dynamodb("PutItem", &json!({ "TableName": stack().table, "Item": item }));
    let next = alice().upload("lock.png", "image/png", &asset("lock.png"));
    consumer().event(next.id(), "accepted");
    // A metric filter of the template counts the lines with this field.
    let line = wait_for("the record in the log", || {
        log_lines("sluice-local", "forward", &["unreadable", &id.to_string()]).pop()
    });
    assert!(line["unreadable"].is_string(), "{line}");
    delete_item(&stack().table, &pk);
}
