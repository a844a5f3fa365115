//! The walk through the bucket: what it touches, and where it goes on.

use super::*;

/// A quarter of an hour after everything.
fn soon() -> Timestamp {
    later(now(), SignedDuration::from_mins(20))
}

pub(super) fn sent(world: &World) -> BTreeSet<(String, String)> {
    let all = world.events.sent();
    let read = |text: &String| {
        let event: Value = serde_json::from_str(text).unwrap();
        let object = &event["Records"][0]["s3"]["object"];
        assert_eq!(event["Records"][0]["s3"]["bucket"]["name"], "sluice-example");
        (object["key"].as_str().unwrap().to_owned(), object["versionId"].as_str().unwrap().to_owned())
    };
    all.iter().map(read).collect()
}

#[tokio::test]
async fn objects_without_a_verdict_are_sent_again_and_no_others() {
    let world = World::default();
    let mut expected = BTreeSet::new();
    for n in 0..40 {
        let key = key(ALICE, id(n));
        let version = world.objects.put_granted(&key, &grant(key.owner(), PNG.len() as u64), PNG);
        match n % 4 {
            // Whatever comes under a tombstone must go.
            0 => {
                world.records.store(Record::Deleted(key.clone()));
                expected.insert((key.to_string(), version));
            }
            1 => drop(
                world
                    .records
                    .judge(&shared::testing::contract::judged(&key, &version, shared::upload::Outcome::Accepted))
                    .await,
            ),
            2 => drop(expected.insert((key.to_string(), version))),
            _ => {
                // Both versions, and no marker.
                let second = world.objects.put_granted(&key, &grant(key.owner(), PNG.len() as u64), PNG);
                world.objects.hide(&key);
                expected.extend([(key.to_string(), version), (key.to_string(), second)]);
            }
        }
    }
    assert_eq!(figures(&world.run(now).await), [], "their verdicts may be on their way");
    let report = world.run(soon).await;
    assert_eq!(sent(&world), expected);
    let bytes = expected.len() as u64 * PNG.len() as u64;
    let requeued = [(Count::ObjectsRequeued, expected.len() as u64), (Count::BytesRequeued, bytes)];
    assert_eq!(figures(&report), requeued);
    assert_eq!(figures(&world.run(soon).await), [], "not at every run");
    let report = world.run(|| later(an_hour_later(), SignedDuration::from_mins(1))).await;
    assert_eq!(figures(&report), requeued, "but again after a while");
    assert_eq!(figures(&world.run(|| later(now(), days(10))).await), [], "and never outside the window");
}

#[tokio::test]
async fn what_lies_beside_a_verdict_is_sent_again_too() {
    const KEEPS: &str = r#"{"version": 1, "classes": {
        "default": {"allow": [{"types": ["*/*"]}]}, "keeping": {"allow": [{"types": ["*/*"]}], "onRejection": "keep"}
    }}"#;
    use shared::upload::{Judged, Outcome, Pending};
    let world = World::default();
    let mut expected = BTreeSet::new();
    let stands: [(Outcome, &str, usize); 5] = [
        (Outcome::Accepted, "default", 1),
        (Outcome::Rejected, "default", 2),
        (Outcome::Rejected, "keeping", 1),
        (Outcome::Rejected, "gone", 1),
        (Outcome::Accepted, "gone", 1),
    ];
    for (n, (outcome, class, strays)) in (0..).zip(stands) {
        for pending in [false, true] {
            let key = key(ALICE, id(2 * n + u16::from(pending)));
            let granted = grant(key.owner(), PNG.len() as u64);
            let versions = [0, 1].map(|_| world.objects.put_granted(&key, &granted, PNG));
            let verdict = shared::testing::contract::judged(&key, &versions[0], outcome);
            let mut granted = verdict.granted.clone().unwrap();
            granted.class = class.to_owned();
            let verdict = Judged { granted: Some(granted), ..verdict };
            // A half that waits for its scan has its version as an accepted one has.
            let (record, strays) = if pending {
                (Record::Pending(Pending::Content(Box::new(Judged { judged_at: soon(), ..verdict }))), 1)
            } else {
                (Record::Judged(Box::new(verdict)), strays)
            };
            world.records.store(record);
            expected.extend(versions.into_iter().rev().take(strays).map(|version| (key.to_string(), version)));
        }
    }
    let world = World { policy: Some(KEEPS), ..world };
    world.run(soon).await;
    assert_eq!(sent(&world), expected);
}

/// The key of something that was begun at `at`.
pub(super) fn fresh(n: u16, at: Timestamp) -> ObjectKey {
    let [high, low] = n.to_be_bytes();
    key(ALICE, shared::key::UploadId::new(at, [0, 0, 0, 0, 0, 0, 0, 0, high, low]))
}

/// Half an hour after the eighth day.
fn then() -> Timestamp {
    later(in_eight_days(), SignedDuration::from_mins(30))
}

#[tokio::test]
async fn among_a_thousand_it_touches_the_twenty() {
    let world = World::default();
    for n in 0..1000 {
        let session = world.open(&key(ALICE, id(n))).await;
        // Used yesterday: these live on.
        let deadline = later(in_eight_days(), days(6));
        world.records.store_session(Session { deadline, ..session });
    }
    let live = world.records.sessions();
    let pending: BTreeSet<String> = world.objects.pending().into_iter().collect();
    let counted = Interruption::none();
    let report = world.run_under(&counted, in_eight_days).await.unwrap();
    assert_eq!((figures(&report), report.count(Count::UploadsUnderWay)), (vec![], 1000));
    let idle = counted.calls();
    // One look for what is due, the bookmark read and kept, one page of uploads with its sessions, 256 prefixes a day.
    assert_eq!(idle, 1 + 2 + 2 + 256 * 9);

    for n in 1000..1010 {
        world.open(&key(ALICE, id(n))).await;
        let key = fresh(n, later(in_eight_days(), SignedDuration::from_mins(10)));
        world.objects.put_granted(&key, &grant(key.owner(), PNG.len() as u64), PNG);
    }
    let counted = Interruption::none();
    let report = world.run_under(&counted, then).await.unwrap();
    // The uploads of stale sessions are no more when the walk begins.
    let expected = [
        (Count::SessionsExpired, 10),
        (Count::BytesFreed, 10 * PART),
        (Count::ObjectsRequeued, 10),
        (Count::BytesRequeued, 10 * PNG.len() as u64),
    ];
    assert_eq!(figures(&report), expected);
    // A session: read twice over, closed, aborted, looked for, swept. An object: one look for its record, one message.
    let spent = counted.calls() - idle;
    assert!(spent <= 10 * 7 + 10 * 2 + 1, "{spent} calls for twenty");
    let after: Vec<Session> = world.records.sessions().into_iter().filter(|s| live.contains(s)).collect();
    assert_eq!(after, live, "nobody touched the others");
    assert_eq!(world.objects.pending().into_iter().collect::<BTreeSet<_>>(), pending);
    assert_eq!(sent(&world).len(), 10);
    let settled = Interruption::none();
    assert_eq!(figures(&world.run_under(&settled, then).await.unwrap()), []);
    assert_eq!(settled.calls(), idle, "and there is nothing left to do");
}

#[tokio::test]
async fn out_of_time_it_stops_and_goes_on_where_it_stopped() {
    let world = World::default();
    for n in 0..20 {
        let key = key(ALICE, id(n));
        world.objects.put_granted(&key, &grant(key.owner(), PNG.len() as u64), PNG);
    }
    for n in 0..1500 {
        world.orphan(&key(ALICE, id(1000 + n))).await;
    }
    let (mut runs, mut sum, mut calls) = (0, Report::default(), 0);
    loop {
        let steps = AtomicUsize::new(500);
        let left = || steps.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        let counted = Interruption::none();
        let report = world.run_while(&counted, || later(now(), days(2)), &left).await.unwrap();
        runs += 1;
        calls += counted.calls();
        sum += report.clone();
        if report.count(Count::PiecesLeft) == 0 {
            break;
        }
        assert!(runs < 20, "it comes to an end");
    }
    assert!(runs > 3, "{runs}");
    assert_eq!((sum.count(Count::UploadsAborted), sum.count(Count::ObjectsRequeued)), (1500, 20));
    assert_eq!(world.objects.pending(), Vec::<String>::new());
    assert!(calls < 2000 + 256 * 9 + 1500 * 4, "nothing was looked at twice: {calls}");
}

#[tokio::test]
async fn without_time_it_touches_nothing() {
    let (world, calls) = (World::default(), Interruption::none());
    world.open(&key(ALICE, id(1))).await;
    let report = world.run_while(&calls, in_eight_days, &|| false).await.unwrap();
    assert_eq!((figures(&report), calls.calls()), (vec![], 0));
    for deadline in [SystemTime::UNIX_EPOCH, SystemTime::now(), SystemTime::now() + MARGIN] {
        let deps = Deps {
            config: config(&[]),
            records: calls.of(&world.records),
            objects: calls.of(&world.objects),
            events: calls.of(&world.events),
            ambient: ambient(),
        };
        handle(&deps, &Value::Null, deadline).await.unwrap();
        assert_eq!(calls.calls(), 0);
    }
}

#[tokio::test]
async fn a_bookmark_of_another_version_begins_the_walk_anew() {
    let world = World::default();
    let key = key(ALICE, id(1));
    world.objects.put_granted(&key, &grant(key.owner(), PNG.len() as u64), PNG);
    let odd = Bookmark { edition: 1, text: "{\"version\":2}".to_owned() };
    assert!(world.records.keep(&odd).await.unwrap());
    assert_eq!(world.run(soon).await.count(Count::ObjectsRequeued), 1);
    assert_eq!(world.records.bookmark().await.unwrap().unwrap().edition, 2);
}
