//! The walk through the bucket: which objects and uploads it changes, and where it continues.

use policy::upload::{Outcome, Pending, ValidatedUpload};
use testkit::validated;

use super::*;

/// After the first check of everything that was stored at [`now`].
fn in_20_minutes() -> Timestamp {
    after_minutes(20)
}

/// Key and version of every event that was sent to the validator.
pub(super) fn requeued(fixture: &Fixture) -> BTreeSet<(String, String)> {
    let read = |text: &String| {
        let event: Value = serde_json::from_str(text).unwrap();
        let object = &event["Records"][0]["s3"]["object"];
        assert_eq!(event["Records"][0]["s3"]["bucket"]["name"], testkit::BUCKET);
        (object["key"].as_str().unwrap().to_owned(), object["versionId"].as_str().unwrap().to_owned())
    };
    fixture.events.sent().iter().map(read).collect()
}

/// The key of an upload that was created at `time`.
pub(super) fn key_created_at(n: u16, time: Timestamp) -> ObjectKey {
    let [high, low] = n.to_be_bytes();
    key(ALICE, policy::key::UploadId::new(time, [0, 0, 0, 0, 0, 0, 0, 0, high, low]))
}

#[tokio::test]
async fn only_objects_without_a_verdict_are_requeued() {
    let fixture = Fixture::default();
    let mut expected = BTreeSet::new();
    for n in 0..40 {
        let key = key(ALICE, id(n));
        let mut versions = vec![fixture.put_object(&key)];
        match n % 4 {
            // The validator deletes what was stored after the tombstone.
            0 => fixture.records.store(Record::Deleted(key.clone())),
            1 => {
                let verdict = validated(&key, &versions.remove(0), Outcome::Accepted);
                fixture.records.put_verdict(&verdict).await.unwrap();
            }
            2 => {}
            // Both versions, but not the delete marker.
            _ => {
                versions.push(fixture.put_object(&key));
                fixture.objects.hide(&key);
            }
        }
        expected.extend(versions.into_iter().map(|version| (key.to_string(), version)));
    }
    assert_eq!(counts(&fixture.run(now).await), [], "before the first check");
    let report = fixture.run(in_20_minutes).await;
    assert_eq!(requeued(&fixture), expected);
    let bytes = expected.len() as u64 * PNG.len() as u64;
    let all = [(Metric::ObjectsRequeued, expected.len() as u64), (Metric::BytesRequeued, bytes)];
    assert_eq!(counts(&report), all);
    assert_eq!(counts(&fixture.run(in_20_minutes).await), [], "a second run");
    assert_eq!(counts(&fixture.run(|| after_minutes(61)).await), all, "the second check");
    assert_eq!(counts(&fixture.run(|| later(now(), days(10))).await), [], "outside the window");
}

#[tokio::test]
async fn versions_that_the_record_does_not_keep_are_requeued() {
    const POLICY: &str = r#"{"version": 1, "classes": {
        "default": {"allow": [{"types": ["*/*"]}]}, "keeping": {"allow": [{"types": ["*/*"]}], "onRejection": "keep"}
    }}"#;
    let fixture = Fixture { policy: Some(POLICY), ..Fixture::default() };
    let mut expected = BTreeSet::new();
    // The last number says how many of the two versions are requeued, the newest first.
    let verdicts: [(Outcome, &str, usize); 5] = [
        (Outcome::Accepted, "default", 1),
        (Outcome::Rejected, "default", 2),
        (Outcome::Rejected, "keeping", 1),
        (Outcome::Rejected, "unknown", 1),
        (Outcome::Accepted, "unknown", 1),
    ];
    for (n, (outcome, class, deletable)) in (0..).zip(verdicts) {
        for is_pending in [false, true] {
            let key = key(ALICE, id(2 * n + u16::from(is_pending)));
            let versions = [fixture.put_object(&key), fixture.put_object(&key)];
            let mut verdict = validated(&key, &versions[0], outcome);
            class.clone_into(&mut verdict.granted.as_mut().unwrap().class);
            // A pending verdict keeps its version, as an accepted one does.
            let (record, deletable) = if is_pending {
                let verdict = ValidatedUpload { judged_at: in_20_minutes(), ..verdict };
                (Record::Pending(Pending::Content(Box::new(verdict))), 1)
            } else {
                (Record::Validated(Box::new(verdict)), deletable)
            };
            fixture.records.store(record);
            expected.extend(versions.into_iter().rev().take(deletable).map(|version| (key.to_string(), version)));
        }
    }
    fixture.run(in_20_minutes).await;
    assert_eq!(requeued(&fixture), expected);
}

#[tokio::test]
async fn among_a_thousand_sessions_only_twenty_stale_items_are_changed() {
    const LATER: Clock = || later(in_eight_days(), SignedDuration::from_mins(30));
    let fixture = Fixture::default();
    for n in 0..1000 {
        let session = fixture.open_session(&key(ALICE, id(n))).await;
        let deadline = later(in_eight_days(), days(6));
        fixture.records.store_session(Session { deadline, ..session });
    }
    let active = fixture.records.sessions();
    let active_uploads: BTreeSet<String> = fixture.objects.pending().into_iter().collect();
    let counter = FaultInjector::none();
    let report = fixture.run_interrupted(&counter, in_eight_days).await.unwrap();
    assert_eq!((counts(&report), report.value(Metric::UploadsInProgress)), (vec![], 1000));
    // One query for due items, no lost announcements, the checkpoint read and saved, and one page of uploads with its
    // sessions.
    let usual_calls = 1 + 1 + 2 + 2;
    // The first walk lists 16 prefixes for each day, the next ones those of today.
    assert_eq!(counter.calls(), usual_calls + 16 * 9);
    let idle_calls = usual_calls + 16;

    for n in 1000..1010 {
        fixture.open_session(&key(ALICE, id(n))).await;
        fixture.put_object(&key_created_at(n, later(in_eight_days(), SignedDuration::from_mins(10))));
    }
    let counter = FaultInjector::none();
    let report = fixture.run_interrupted(&counter, LATER).await.unwrap();
    let expected = [
        (Metric::SessionsExpired, 10),
        (Metric::BytesFreed, 10 * PART_SIZE),
        (Metric::ObjectsRequeued, 10),
        (Metric::BytesRequeued, 10 * PNG.len() as u64),
    ];
    assert_eq!(counts(&report), expected);
    // A session takes 6 calls: read it, list its parts, expire it, abort its upload, list its parts, mark it as cleaned
    // up.
    // An object takes 2: read its record, send its event.
    assert_eq!(counter.calls() - idle_calls, 10 * 6 + 10 * 2);
    let unchanged: Vec<Session> = fixture.records.sessions().into_iter().filter(|s| active.contains(s)).collect();
    assert_eq!(unchanged, active);
    assert_eq!(fixture.objects.pending().into_iter().collect::<BTreeSet<_>>(), active_uploads);
    assert_eq!(requeued(&fixture).len(), 10);
    let counter = FaultInjector::none();
    assert_eq!(counts(&fixture.run_interrupted(&counter, LATER).await.unwrap()), []);
    assert_eq!(counter.calls(), usual_calls, "a second run at the same time");
}

#[tokio::test]
async fn a_walk_continues_where_the_last_run_ran_out_of_time() {
    let fixture = Fixture::default();
    for n in 0..20 {
        fixture.put_object(&key(ALICE, id(n)));
    }
    for n in 0..1500 {
        fixture.orphan(&key(ALICE, id(1000 + n))).await;
    }
    let (mut runs, mut sum, mut calls) = (0, Report::default(), 0);
    loop {
        let steps = AtomicUsize::new(50);
        let has_time = || steps.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        let counter = FaultInjector::none();
        let report = fixture.run_while(&counter, || later(now(), days(2)), &has_time).await.unwrap();
        runs += 1;
        calls += counter.calls();
        sum += report.clone();
        if report.value(Metric::ListingsLeft) == 0 {
            break;
        }
        assert!(runs < 20, "the walk does not end");
    }
    assert!(runs > 3, "{runs}");
    assert_eq!((sum.value(Metric::UploadsAborted), sum.value(Metric::ObjectsRequeued)), (1500, 20));
    assert_eq!(fixture.objects.pending(), Vec::<String>::new());
    assert!(calls < 2000 + 16 * 9 + 1500 * 4, "a page was read twice: {calls} calls");
}

#[tokio::test]
async fn a_run_without_time_makes_no_call() {
    let (fixture, counter) = (Fixture::default(), FaultInjector::none());
    fixture.open_session(&key(ALICE, id(1))).await;
    let report = fixture.run_while(&counter, in_eight_days, &|| false).await.unwrap();
    assert_eq!((counts(&report), counter.calls()), (vec![], 0));
    for deadline in [SystemTime::UNIX_EPOCH, SystemTime::now(), SystemTime::now() + DEADLINE_MARGIN] {
        fixture.deps(&counter, now).handle(Value::Null, deadline).await.unwrap();
        assert_eq!(counter.calls(), 0);
    }
}

#[tokio::test]
async fn a_checkpoint_of_another_format_starts_a_new_walk() {
    let fixture = Fixture::default();
    fixture.put_object(&key(ALICE, id(1)));
    let unknown = Checkpoint { revision: 1, text: "{\"version\":2}".to_owned() };
    assert!(fixture.records.save_checkpoint(&unknown).await.unwrap());
    assert_eq!(fixture.run(in_20_minutes).await.value(Metric::ObjectsRequeued), 1);
    assert_eq!(fixture.records.checkpoint().await.unwrap().unwrap().revision, 2);
}
