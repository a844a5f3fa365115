//! Verdicts and deletions arrive on the bus.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use local_stack::aws::json_call;
use serde_json::{Value, json};

use crate::world::{alice, asset, eventually, listen, logged, sqs, stack};

/// A consumer: a rule on the bus that leads to a queue of its own. One for all tests, for a queue gives each of its
/// messages to one reader only.
struct Consumer {
    queue: String,
    heard: Mutex<BTreeMap<String, Vec<Value>>>,
}

fn consumer() -> &'static Consumer {
    static CONSUMER: OnceLock<Consumer> = OnceLock::new();
    CONSUMER.get_or_init(|| {
        let name = format!("consumer-{}", std::process::id());
        let queue = listen(&name, &json!({ "source": ["sluice"], "detail": { "bucket": [stack().bucket] } }));
        Consumer { queue, heard: Mutex::default() }
    })
}

impl Consumer {
    /// All that was heard of an upload so far.
    fn heard(&self, id: &str) -> Vec<Value> {
        let mut heard = self.heard.lock().unwrap();
        let wanted = json!({ "QueueUrl": self.queue, "MaxNumberOfMessages": 10 });
        for message in sqs("ReceiveMessage", &wanted)["Messages"].as_array().into_iter().flatten() {
            let event: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
            heard.entry(event["detail"]["id"].as_str().unwrap().to_owned()).or_default().push(event);
            sqs("DeleteMessage", &json!({ "QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"] }));
        }
        heard.get(id).cloned().unwrap_or_default()
    }

    fn event(&self, id: &str, status: &str) -> Value {
        eventually(status, || self.heard(id).into_iter().find(|event| event["detail"]["status"] == status))
    }
}

#[test]
fn verdicts_and_deletions_arrive_on_the_bus_as_their_owner_sees_them() {
    let consumer = consumer();
    for (name, file, status, kind) in [
        ("lock.png", "lock.png", "accepted", "Upload Accepted"),
        ("program.png", "program.exe", "rejected", "Upload Rejected"),
    ] {
        let grant = alice().upload(name, "image/png", &asset(file));
        let record = alice().verdict(grant.id());
        let event = consumer.event(grant.id(), status);
        assert_eq!((&event["detail-type"], &event["source"]), (&json!(kind), &json!("sluice")));
        let mut detail = event["detail"].clone();
        let event_id = detail.as_object_mut().unwrap().remove("eventId").unwrap();
        assert_eq!(detail, record, "what the owner sees is what others are told");
        let version = record["versionId"].as_str().unwrap();
        assert_eq!(event_id, format!("{}:{version}:{status}", grant.id()));
        assert_eq!(alice().delete(grant.id()).status, 200);
        let gone = consumer.event(grant.id(), "deleted");
        assert_eq!(gone["detail"]["eventId"], format!("{}::deleted", grant.id()));
        assert_eq!(gone["detail"].get("filename"), None);
    }
}

#[test]
fn what_was_told_is_told_again_under_the_same_id() {
    let consumer = consumer();
    let (kept, gone) = (
        alice().upload("lock.png", "image/png", &asset("lock.png")),
        alice().upload("lock.png", "image/png", &asset("lock.png")),
    );
    alice().verdict(kept.id());
    alice().verdict(gone.id());
    assert_eq!(alice().delete(gone.id()).status, 200);
    let first = consumer.event(kept.id(), "accepted");
    let deleted = consumer.event(gone.id(), "deleted");
    let before = consumer.heard(kept.id()).len();
    sluice::republish::republish("1h", "local", sluice::progress::Progress::Stdout).unwrap();
    let again = eventually("the verdict again", || {
        let heard = consumer.heard(kept.id());
        (heard.len() > before).then(|| heard.last().unwrap().clone())
    });
    assert_eq!(again["detail"], first["detail"]);
    let again = eventually("the deletion again", || {
        let heard = consumer.heard(gone.id());
        (heard.iter().filter(|event| event["detail"]["status"] == "deleted").count() > 1)
            .then(|| heard.last().unwrap().clone())
    });
    assert_eq!(again["detail"], deleted["detail"]);
}

#[test]
fn a_record_that_nobody_can_read_holds_up_nobody() {
    let id = testkit::fresh_id();
    let pk = json!({ "S": format!("upload#{id}") });
    let table = |action: &str, body: Value| {
        json_call(&stack().endpoint, "dynamodb", &format!("DynamoDB_20120810.{action}"), &body).unwrap()
    };
    let item = json!({ "pk": pk, "schema": { "N": "2" }, "state": { "S": "accepted" } });
    table("PutItem", json!({ "TableName": stack().table, "Item": item }));
    let next = alice().upload("lock.png", "image/png", &asset("lock.png"));
    consumer().event(next.id(), "accepted");
    // The template counts lines with this field.
    let line = eventually("the record in the log", || {
        logged("sluice-local", "forward", &["unreadable", &id.to_string()]).pop()
    });
    assert!(line["unreadable"].is_string(), "{line}");
    table("DeleteItem", json!({ "TableName": stack().table, "Key": { "pk": pk } }));
}
