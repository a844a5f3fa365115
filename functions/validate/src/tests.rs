//! Golden events and their verdicts and responses.

use std::collections::BTreeSet;

use policy::key::{ObjectKey, UploadId};
use policy::upload::{Outcome, Record};
use serde_json::json;
use testkit::{
    ALICE, BUCKET, FaultInjector, FaultKind, FaultPoint, MemoryObjects, MemoryRecords, PNG, Upload, config, env,
    golden_events, grant, id, key, now, owner,
};

use super::*;

mod concurrency;
mod interruptions;
mod later_versions;
mod multipart_uploads;
mod scans;

/// A bucket, a table and a policy; the default policy if `None`.
#[derive(Default)]
struct Fixture {
    records: MemoryRecords,
    objects: MemoryObjects,
    policy: Option<&'static str>,
}

impl Fixture {
    /// Handles `event` while `faults` affects the ports. `None` if it killed the process.
    async fn handle_under(&self, faults: &FaultInjector, event: Value) -> Option<Result<Value, Retry>> {
        let policy: Vec<_> = self.policy.map(|policy| ("POLICY", policy)).into_iter().collect();
        let deps = Deps {
            config: config(&policy),
            records: faults.of(&self.records),
            objects: faults.of(&self.objects),
            env: env(),
        };
        faults.run(deps.handle(event, in_a_minute())).await
    }

    async fn handle(&self, event: Value) -> Result<Value, Retry> {
        self.handle_under(&FaultInjector::none(), event).await.unwrap()
    }

    /// Uploads `bytes` with a grant for a PNG of `size` bytes, and returns the version.
    fn put(&self, key: &ObjectKey, size: usize, bytes: &[u8]) -> String {
        self.objects.put_granted(key, &grant(key.owner(), size as u64), bytes)
    }

    fn outcome(&self, id: UploadId) -> Option<(Outcome, String)> {
        match self.records.record(id)? {
            Record::Validated(validated) => Some((validated.outcome, validated.version)),
            Record::Pending(_) | Record::Deleting(_) | Record::Deleted(_) => None,
        }
    }

    fn reasons(&self, id: UploadId) -> Vec<String> {
        match self.records.record(id) {
            Some(Record::Validated(validated)) => validated.reasons.into_iter().map(|note| note.code).collect(),
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
    let items = answer["batchItemFailures"].as_array().unwrap();
    let failed: BTreeSet<_> = items.iter().map(|item| item["itemIdentifier"].as_str().unwrap()).collect();
    assert_eq!(failed.len(), items.len(), "each message once");
    failed
}

#[tokio::test]
async fn golden_events_have_the_expected_verdicts_and_responses() {
    let message = |n: u8| format!("{n:08}-aaaa-4bbb-8ccc-dddddddddddd");
    let [first, third, fourth, fifth] = [1, 3, 4, 5].map(message);
    // Name, failed messages, and which of the three uploads get a verdict.
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
    assert_eq!(files, known);
    for (name, failed, validated) in expected {
        let fixture = Fixture::default();
        for n in 1..=3 {
            assert_eq!(fixture.put(&key(ALICE, id(n)), PNG.len(), PNG), format!("version-{n}"));
        }
        let answer = fixture.handle(events[name].clone()).await.unwrap();
        if name.starts_with("sqs") {
            assert_eq!(failures(&answer), failed.iter().copied().collect(), "{name}");
        } else {
            assert_eq!(answer, Value::Null, "{name}");
        }
        let stored: Vec<UploadId> = fixture.records.stored().iter().map(|record| record.key().id()).collect();
        assert_eq!(stored, validated.iter().map(|n| id(*n)).collect::<Vec<_>>(), "{name}");
        // An event about an object that does not exist succeeds without effect.
        let empty = Fixture::default();
        empty.handle(events[name].clone()).await.unwrap();
        assert!(empty.records.is_empty());
    }
}

#[tokio::test]
async fn an_object_that_matches_its_grant_is_accepted_with_all_observed_values() {
    let fixture = Fixture::default();
    let key = key(ALICE, id(1));
    let version = fixture.put(&key, PNG.len(), PNG);
    fixture.handle(direct(&[created(&key, &version)])).await.unwrap();
    let Some(Record::Validated(validated)) = fixture.records.record(id(1)) else { panic!("no verdict") };
    assert_eq!(
        (validated.outcome, validated.version.as_str(), validated.bucket.as_str()),
        (Outcome::Accepted, &*version, BUCKET)
    );
    assert_eq!((validated.size.bytes(), validated.content_type.as_str()), (PNG.len() as u64, "image/png"));
    assert_eq!(validated.judged_at, now());
    assert_eq!(validated.sequencer.as_deref(), Some("0055aed6dcd90281e500000000000000"));
    let granted = validated.granted.unwrap();
    assert_eq!((granted.filename.as_str(), granted.class.as_str()), ("photo.png", "default"));
    assert_eq!(fixture.objects.kept(&key), [version]);
}

#[tokio::test]
async fn an_object_that_does_not_match_its_grant_is_rejected_and_deleted() {
    let mut extra_metadata = Upload::granted(&grant(&owner(ALICE), PNG.len() as u64), PNG);
    extra_metadata.metadata.insert("other".to_owned(), "x".to_owned());
    let other_type = Upload { content_type: "text/html".to_owned(), ..Upload::granted(&grant(&owner(ALICE), 72), PNG) };
    let granted = |size: u64, bytes: &[u8]| Upload::granted(&grant(&owner(ALICE), size), bytes);
    let other_owner = grant(&owner("another-owner"), PNG.len() as u64);
    let html = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>";
    for (upload, reason) in [
        (granted(PNG.len() as u64 + 1, PNG), "size-mismatch"),
        (granted(PNG.len() as u64 - 1, PNG), "size-mismatch"),
        (granted(0, b""), "empty"),
        (granted(html.len() as u64, html), "content-mismatch"),
        (granted(8, b"MZ\x90\0\x03\0\0\0"), "content-mismatch"),
        (granted(40, &PNG[..40]), "truncated"),
        (Upload::foreign(PNG), "not-granted"),
        (Upload::granted(&other_owner, PNG), "not-granted"),
        (extra_metadata, "unexpected-metadata"),
        (other_type, "type-altered"),
    ] {
        let fixture = Fixture::default();
        let key = key(ALICE, id(1));
        let version = fixture.objects.put(&key, upload);
        fixture.handle(direct(&[created(&key, &version)])).await.unwrap();
        assert_eq!(fixture.outcome(id(1)), Some((Outcome::Rejected, version)), "{reason}");
        assert!(fixture.reasons(id(1)).contains(&reason.to_owned()), "{reason}: {:?}", fixture.reasons(id(1)));
        assert!(fixture.objects.is_empty(), "{reason}");
    }
}

#[tokio::test]
async fn an_event_about_a_deleted_version_writes_nothing() {
    let fixture = Fixture::default();
    let key = key(ALICE, id(1));
    let version = fixture.put(&key, PNG.len(), PNG);
    fixture.objects.delete_version(&key, &version).await.unwrap();
    fixture.handle(direct(&[created(&key, &version)])).await.unwrap();
    let marker = fixture.objects.hide(&key);
    fixture.handle(direct(&[created(&key, &marker)])).await.unwrap();
    assert!(fixture.records.is_empty());
}

#[tokio::test]
async fn an_event_validates_its_own_version_or_the_current_one_if_it_names_none() {
    let fixture = Fixture::default();
    let (with_version, without_version, deleted) = (key(ALICE, id(1)), key(ALICE, id(2)), key(ALICE, id(3)));
    let first = fixture.put(&with_version, PNG.len(), PNG);
    fixture.put(&with_version, PNG.len(), b"newer, and not a picture");
    fixture.handle(direct(&[created(&with_version, &first)])).await.unwrap();
    assert_eq!(fixture.outcome(id(1)), Some((Outcome::Accepted, first)));
    fixture.put(&without_version, PNG.len(), b"text");
    let newest = fixture.put(&without_version, PNG.len(), PNG);
    fixture.handle(direct(&[created(&without_version, "")])).await.unwrap();
    assert_eq!(fixture.outcome(id(2)), Some((Outcome::Accepted, newest)));
    let replaced = fixture.put(&deleted, PNG.len(), PNG);
    fixture.objects.delete_version(&deleted, &replaced).await.unwrap();
    let newer = fixture.put(&deleted, PNG.len(), PNG);
    fixture.handle(direct(&[created(&deleted, &replaced)])).await.unwrap();
    assert_eq!((fixture.outcome(id(3)), fixture.objects.kept(&deleted)), (None, vec![newer]));
}

#[tokio::test]
async fn an_encoded_key_from_eventbridge_is_decoded() {
    for kind in ["direct-eventbridge", "direct-scan-clean"] {
        let text = golden_events("validate")[kind].to_string();
        let encoded: Value = serde_json::from_str(&text.replace('~', "%7E")).unwrap();
        assert_ne!(encoded, golden_events("validate")[kind]);
        let Event::Direct(contents) = Event::parse(&encoded) else { panic!("a queue batch") };
        assert_eq!((contents.events[0].key(), contents.ignored.len()), (&key(ALICE, id(1)), 0), "{kind}");
    }
}

#[tokio::test]
async fn a_thousand_events_of_one_invocation_are_all_validated() {
    let fixture = Fixture::default();
    let records: Vec<Value> = (0..1000)
        .map(|n| {
            let key = key(ALICE, id(n));
            created(&key, &fixture.put(&key, PNG.len(), PNG))
        })
        .collect();
    let batch: Vec<Value> =
        records.chunks(100).enumerate().map(|(n, part)| message(&n.to_string(), &direct(part))).collect();
    let answer = fixture.handle(direct(&batch)).await.unwrap();
    assert!(failures(&answer).is_empty());
    fixture.handle(direct(&records)).await.unwrap();
    assert_eq!(fixture.records.stored().len(), 1000);
    assert!((0..1000).all(|n| fixture.outcome(id(n)).is_some_and(|(outcome, _)| outcome == Outcome::Accepted)));
}

#[tokio::test]
async fn only_failed_messages_are_delivered_again() {
    let fixture = Fixture::default();
    let good = key(ALICE, id(1));
    let version = fixture.put(&good, PNG.len(), PNG);
    let batch = direct(&[
        message("poison", &json!("text")),
        message("good", &direct(&[created(&good, &version)])),
        message("nested", &direct(&[message("inner", &direct(&[]))])),
        message("unknown", &direct(&[json!({ "eventSource": "shop:sale" })])),
        message("other", &direct(&[json!({ "eventSource": "aws:kinesis" })])),
        message("nothing", &direct(&[])),
    ]);
    let answer = fixture.handle(batch).await.unwrap();
    assert_eq!(failures(&answer), BTreeSet::from(["nested", "poison", "unknown"]));
    assert!(fixture.outcome(id(1)).is_some());
}

#[tokio::test]
async fn an_unknown_payload_is_an_unreadable_event() {
    for event in
        [json!({}), json!(null), json!([]), json!({ "Records": "x" }), direct(&[json!({ "eventSource": "x" })])]
    {
        let retry = Fixture::default().handle(event.clone()).await.unwrap_err();
        assert!(matches!(retry, Retry::Unreadable(_)), "{event}: {retry}");
        assert_eq!(Diagnostic::from(retry).error_type, "UnreadableEvent");
    }
}
