//! Golden events in, verdicts and batch answers out.

use std::collections::BTreeSet;

use serde_json::json;
use shared::key::{ObjectKey, UploadId};
use shared::testing::{
    ALICE, BUCKET, Interruption, Kind, MemoryObjects, MemoryRecords, Moment, PNG, Upload, ambient, config,
    golden_events, grant, id, key, now, owner,
};
use shared::upload::{Outcome, Record};

use super::*;

mod in_parts;
mod interruptions;
mod newcomers;
mod scans;
mod time;

/// What a bucket and a table hold, and a validator over them.
#[derive(Default)]
struct World {
    records: MemoryRecords,
    objects: MemoryObjects,
    policy: Option<&'static str>,
}

impl World {
    /// Handles `event` under an interruption; `None` when it was killed.
    async fn handle_under(&self, trouble: &Interruption, event: Value) -> Option<Result<Value, Retry>> {
        let policy: Vec<_> = self.policy.map(|policy| ("POLICY", policy)).into_iter().collect();
        let deps = Deps {
            config: config(&policy),
            records: trouble.of(&self.records),
            objects: trouble.of(&self.objects),
            ambient: ambient(),
        };
        trouble.run(handle(&deps, event, in_a_minute())).await
    }

    async fn handle(&self, event: Value) -> Result<Value, Retry> {
        self.handle_under(&Interruption::none(), event).await.unwrap()
    }

    /// Puts what keeps to a grant for a PNG of `size` bytes.
    fn put(&self, key: &ObjectKey, size: usize, bytes: &[u8]) -> String {
        self.objects.put_granted(key, &grant(key.owner(), size as u64), bytes)
    }

    fn outcome(&self, id: UploadId) -> Option<(Outcome, String)> {
        match self.records.record(id)? {
            Record::Judged(judged) => Some((judged.outcome, judged.version)),
            Record::Pending(_) | Record::Deleting(_) | Record::Deleted(_) => None,
        }
    }

    fn reasons(&self, id: UploadId) -> Vec<String> {
        match self.records.record(id) {
            Some(Record::Judged(judged)) => judged.reasons.into_iter().map(|note| note.code).collect(),
            other => panic!("{other:?}"),
        }
    }
}

fn in_a_minute() -> SystemTime {
    SystemTime::now() + Duration::from_mins(1)
}

fn created(key: &ObjectKey, version: &str) -> Value {
    json!({ "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
        "bucket": { "name": BUCKET },
        "object": { "key": key.to_string(), "versionId": version, "sequencer": "0055AED6DCD90281E5" }
    } })
}

fn direct(records: &[Value]) -> Value {
    json!({ "Records": records })
}

fn message(id: &str, body: &Value) -> Value {
    json!({ "eventSource": "aws:sqs", "messageId": id, "body": body.to_string() })
}

fn failures(answer: &Value) -> BTreeSet<&str> {
    let all = answer["batchItemFailures"].as_array().unwrap();
    let failed: BTreeSet<_> = all.iter().map(|item| item["itemIdentifier"].as_str().unwrap()).collect();
    assert_eq!(failed.len(), all.len(), "each message once");
    failed
}

#[tokio::test]
async fn every_golden_event_has_its_answer() {
    let message = |n: u8| format!("{n:08}-aaaa-4bbb-8ccc-dddddddddddd");
    let [first, third, fourth, fifth] = [1, 3, 4, 5].map(message);
    // Which messages come again, and which of the three uploads are judged.
    let expected: [(&str, &[&str], &[u16]); 28] = [
        ("direct-2.0", &[], &[1]),
        ("direct-2.1", &[], &[1]),
        ("direct-2.4", &[], &[1, 2]),
        ("direct-2.6", &[], &[1]),
        ("direct-annotation", &[], &[]),
        ("direct-eventbridge", &[], &[1]),
        ("direct-eventbridge-deleted", &[], &[]),
        ("direct-eventbridge-other-source", &[], &[]),
        ("direct-foreign-key", &[], &[]),
        ("direct-no-version", &[], &[1]),
        ("direct-other-bucket", &[], &[]),
        ("direct-other-service", &[], &[]),
        ("direct-removed", &[], &[]),
        ("direct-scan-clean", &[], &[]),
        ("direct-scan-tag-failed", &[], &[]),
        ("direct-scan-unsupported", &[], &[]),
        ("direct-sns", &[], &[1]),
        ("direct-test-event", &[], &[]),
        ("sqs-dead-letter", &[], &[1]),
        ("sqs-eventbridge", &[], &[1, 2]),
        ("sqs-mixed", &[], &[2, 3]),
        ("sqs-one", &[], &[1]),
        ("sqs-poison", &[&first, &third], &[1]),
        ("sqs-poison-kinds", &[&first, &third, &fourth, &fifth], &[2, 3]),
        ("sqs-scan-threat", &[], &[]),
        ("sqs-several", &[], &[1, 2, 3]),
        ("sqs-sns", &[], &[1, 2]),
        ("sqs-test-event", &[], &[]),
    ];
    let events = golden_events("validate");
    let (files, known): (BTreeSet<&str>, BTreeSet<&str>) =
        (events.keys().map(String::as_str).collect(), expected.iter().map(|(name, ..)| *name).collect());
    assert_eq!(files, known, "every file is used, and every use has its file");
    for (name, failed, judged) in expected {
        let world = World::default();
        for n in 1..=3 {
            assert_eq!(world.put(&key(ALICE, id(n)), PNG.len(), PNG), format!("version-{n}"));
        }
        let answer = world.handle(events[name].clone()).await.unwrap();
        if name.starts_with("sqs") {
            assert_eq!(failures(&answer), failed.iter().copied().collect(), "{name}");
        } else {
            assert_eq!(answer, Value::Null, "{name}");
        }
        let seen: Vec<UploadId> = world.records.stored().iter().map(|record| record.key().id()).collect();
        assert_eq!(seen, judged.iter().map(|n| id(*n)).collect::<Vec<_>>(), "{name}");
        // Where nothing lies it is answered just the same: there is nothing to judge.
        let empty = World::default();
        empty.handle(events[name].clone()).await.unwrap();
        assert!(empty.records.is_empty());
    }
}

#[tokio::test]
async fn what_keeps_to_its_grant_is_accepted_with_everything_that_was_seen() {
    let world = World::default();
    let key = key(ALICE, id(1));
    let version = world.put(&key, PNG.len(), PNG);
    world.handle(direct(&[created(&key, &version)])).await.unwrap();
    let Some(Record::Judged(judged)) = world.records.record(id(1)) else { panic!("no verdict") };
    assert_eq!(
        (judged.outcome, judged.version.as_str(), judged.bucket.as_str()),
        (Outcome::Accepted, &*version, BUCKET)
    );
    assert_eq!((judged.size.bytes(), judged.content_type.as_str()), (PNG.len() as u64, "image/png"));
    assert_eq!(judged.judged_at, now());
    assert_eq!(judged.sequencer.as_deref(), Some("0055aed6dcd90281e500000000000000"));
    let granted = judged.granted.unwrap();
    assert_eq!((granted.filename.as_str(), granted.class.as_str()), ("photo.png", "default"));
    assert_eq!(world.objects.kept(&key), [version]);
}

#[tokio::test]
async fn what_does_not_is_rejected_and_gone() {
    let mut strayed = Upload::granted(&grant(&owner(ALICE), PNG.len() as u64), PNG);
    strayed.metadata.insert("other".to_owned(), "x".to_owned());
    let other_type = Upload { content_type: "text/html".to_owned(), ..Upload::granted(&grant(&owner(ALICE), 72), PNG) };
    let granted = |size: u64, bytes: &[u8]| Upload::granted(&grant(&owner(ALICE), size), bytes);
    let others = grant(&owner("somebody"), PNG.len() as u64);
    let html = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>";
    for (upload, reason) in [
        (granted(PNG.len() as u64 + 1, PNG), "size-mismatch"),
        (granted(PNG.len() as u64 - 1, PNG), "size-mismatch"),
        (granted(0, b""), "empty"),
        (granted(html.len() as u64, html), "content-mismatch"),
        (granted(8, b"MZ\x90\0\x03\0\0\0"), "content-mismatch"),
        (granted(40, &PNG[..40]), "truncated"),
        (Upload::foreign(PNG), "not-granted"),
        (Upload::granted(&others, PNG), "not-granted"),
        (strayed, "stray-metadata"),
        (other_type, "type-altered"),
    ] {
        let world = World::default();
        let key = key(ALICE, id(1));
        let version = world.objects.put(&key, upload);
        world.handle(direct(&[created(&key, &version)])).await.unwrap();
        assert_eq!(world.outcome(id(1)), Some((Outcome::Rejected, version)), "{reason}");
        assert!(world.reasons(id(1)).contains(&reason.to_owned()), "{reason}: {:?}", world.reasons(id(1)));
        assert!(world.objects.is_empty(), "{reason}");
    }
}

#[tokio::test]
async fn a_version_that_is_gone_leaves_no_trace() {
    let world = World::default();
    let key = key(ALICE, id(1));
    let version = world.put(&key, PNG.len(), PNG);
    world.objects.delete_version(&key, &version).await.unwrap();
    world.handle(direct(&[created(&key, &version)])).await.unwrap();
    let marker = world.objects.hide(&key);
    world.handle(direct(&[created(&key, &marker)])).await.unwrap();
    assert!(world.records.is_empty());
}

#[tokio::test]
async fn an_event_is_about_its_own_version_and_without_one_about_the_newest() {
    let world = World::default();
    let (pinned, open, gone) = (key(ALICE, id(1)), key(ALICE, id(2)), key(ALICE, id(3)));
    let first = world.put(&pinned, PNG.len(), PNG);
    world.put(&pinned, PNG.len(), b"newer, and no picture");
    world.handle(direct(&[created(&pinned, &first)])).await.unwrap();
    assert_eq!(world.outcome(id(1)), Some((Outcome::Accepted, first)));
    world.put(&open, PNG.len(), b"text");
    let newest = world.put(&open, PNG.len(), PNG);
    world.handle(direct(&[created(&open, "")])).await.unwrap();
    assert_eq!(world.outcome(id(2)), Some((Outcome::Accepted, newest)));
    let replaced = world.put(&gone, PNG.len(), PNG);
    world.objects.delete_version(&gone, &replaced).await.unwrap();
    let newer = world.put(&gone, PNG.len(), PNG);
    world.handle(direct(&[created(&gone, &replaced)])).await.unwrap();
    assert_eq!((world.outcome(id(3)), world.objects.kept(&gone)), (None, vec![newer]));
}

#[tokio::test]
async fn a_key_that_eventbridge_encodes_all_the_same_is_ours() {
    for kind in ["direct-eventbridge", "direct-scan-clean"] {
        let text = golden_events("validate")[kind].to_string();
        let encoded: Value = serde_json::from_str(&text.replace('~', "%7E")).unwrap();
        assert_ne!(encoded, golden_events("validate")[kind]);
        let wire::Event::Direct(contents) = wire::Event::read(&encoded) else { panic!("no batch") };
        assert_eq!((contents.news[0].key(), contents.ignored.len()), (&key(ALICE, id(1)), 0), "{kind}");
    }
}

#[tokio::test]
async fn a_thousand_events_of_one_invocation_are_all_judged() {
    let world = World::default();
    let records: Vec<Value> = (0..1000)
        .map(|n| {
            let key = key(ALICE, id(n));
            created(&key, &world.put(&key, PNG.len(), PNG))
        })
        .collect();
    let batch: Vec<Value> =
        records.chunks(100).enumerate().map(|(n, part)| message(&n.to_string(), &direct(part))).collect();
    let answer = world.handle(direct(&batch)).await.unwrap();
    assert!(failures(&answer).is_empty());
    world.handle(direct(&records)).await.unwrap();
    assert_eq!(world.records.stored().len(), 1000);
    assert!((0..1000).all(|n| world.outcome(id(n)).is_some_and(|(outcome, _)| outcome == Outcome::Accepted)));
}

#[tokio::test]
async fn only_the_messages_that_failed_come_again() {
    let world = World::default();
    let good = key(ALICE, id(1));
    let version = world.put(&good, PNG.len(), PNG);
    let batch = direct(&[
        message("poison", &json!("text")),
        message("good", &direct(&[created(&good, &version)])),
        message("nested", &direct(&[message("inner", &direct(&[]))])),
        message("unknown", &direct(&[json!({ "eventSource": "shop:sale" })])),
        message("other", &direct(&[json!({ "eventSource": "aws:kinesis" })])),
        message("nothing", &direct(&[])),
    ]);
    let answer = world.handle(batch).await.unwrap();
    assert_eq!(failures(&answer), BTreeSet::from(["nested", "poison", "unknown"]));
    assert!(world.outcome(id(1)).is_some());
}

#[tokio::test]
async fn what_is_no_event_at_all_is_an_error_one_can_name() {
    for event in
        [json!({}), json!(null), json!([]), json!({ "Records": "x" }), direct(&[json!({ "eventSource": "x" })])]
    {
        let retry = World::default().handle(event.clone()).await.unwrap_err();
        assert!(matches!(retry, Retry::Unreadable(_)), "{event}: {retry}");
        assert_eq!(Diagnostic::from(retry).error_type, "UnreadableEvent");
    }
}
