//! Deletions and verdicts of which somebody left one half.

use shared::upload::{Judged, Outcome, Pending, ScanResult, Scanned, deletion_due};

use super::*;

type Clock = fn() -> Timestamp;

/// Somebody began to delete an upload of two versions, which may be coming once more in parts, and died.
pub(super) async fn deletion(world: &World, key: &ObjectKey, in_parts: bool) {
    for _ in 0..2 {
        world.objects.put_granted(key, &grant(key.owner(), PNG.len() as u64), PNG);
    }
    if in_parts {
        world.open(key).await;
    }
    world.records.bury(key, now()).await.unwrap();
}

fn content(key: &ObjectKey) -> Pending {
    let verdict = shared::testing::contract::judged(key, "v1", Outcome::Accepted);
    Pending::Content(Box::new(Judged { judged_at: now(), ..verdict }))
}

fn scan(key: &ObjectKey) -> Pending {
    let (key, bucket, version) = (key.clone(), "b".to_owned(), "v1".to_owned());
    let detail = "NO_THREATS_FOUND".to_owned();
    Pending::Scan(Scanned { key, bucket, version, result: ScanResult::Clean, detail, scanned_at: now() })
}

#[tokio::test]
async fn a_deletion_is_finished_where_nobody_came_back() {
    let (world, key) = (World::default(), key(ALICE, id(1)));
    deletion(&world, &key, true).await;
    world.run(|| later(deletion_due(now()), SignedDuration::from_millis(-1))).await;
    assert_eq!(world.records.stored(), [Record::Deleting(key.clone())], "they may still come");
    let report = world.run(|| deletion_due(now())).await;
    assert_eq!(figures(&report), [(Count::DeletionsFinished, 1)]);
    assert_eq!(world.records.stored(), [Record::Deleted(key.clone())]);
    assert_eq!((world.objects.kept(&key), world.objects.pending()), (Vec::new(), Vec::new()));
    assert!(matches!(world.state(&key), Some(State::Aborted(Left::Nothing))));
    assert_eq!(figures(&world.run(in_eight_days).await), []);
}

#[tokio::test]
async fn half_a_verdict_is_sent_to_the_validator_when_its_other_half_is_overdue() {
    for half in [content as fn(&ObjectKey) -> Pending, scan] {
        let (world, key) = (World::default(), key(ALICE, id(1)));
        let half = half(&key);
        world.records.hold(&half).await.unwrap();
        let (before, due): (Clock, Clock) = match half {
            Pending::Content(_) => (|| later(now(), SignedDuration::from_mins(24 * 60 - 1)), || later(now(), days(1))),
            Pending::Scan(_) => {
                (|| later(now(), SignedDuration::from_mins(14)), || later(now(), SignedDuration::from_mins(15)))
            }
        };
        assert_eq!(figures(&world.run(before).await), []);
        for n in 1..3 {
            assert_eq!(figures(&world.run(due).await), [(Count::ObjectsRequeued, 1)], "until there is a verdict");
            assert_eq!(world.events.sent().len(), n);
        }
        let event: Value = serde_json::from_str(&world.events.sent()[0]).unwrap();
        let object = &event["Records"][0]["s3"]["object"];
        assert_eq!((object["key"].as_str(), object["versionId"].as_str()), (Some(&*key.to_string()), Some("v1")));
        let Pending::Content(verdict) = content(&key) else { unreachable!() };
        world.records.conclude(&verdict).await.unwrap();
        assert_eq!(figures(&world.run(in_eight_days).await), []);
    }
}
