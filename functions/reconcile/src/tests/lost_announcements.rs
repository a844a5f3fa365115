//! Announcements that the stream lost are repeated, however a run is interrupted.

use policy::upload::Outcome;
use testkit::contract::validated;

use super::*;

/// Lambda's message about a batch that arrived from `first` to `last`.
fn lost_batch(first: Timestamp, last: Timestamp) -> String {
    let info = json!({ "approximateArrivalOfFirstRecord": first, "approximateArrivalOfLastRecord": last });
    json!({ "timestamp": later(last, SignedDuration::from_hours(6)), "DDBStreamBatchInfo": info }).to_string()
}

/// Ten uploads with a verdict each minute; the last one is deleted.
async fn uploads(fixture: &Fixture) -> Vec<ObjectKey> {
    let keys: Vec<ObjectKey> = (0..10).map(|n| key(ALICE, id(n))).collect();
    for (key, minute) in keys.iter().zip(0..) {
        let mut verdict = validated(key, "v1", Outcome::Accepted);
        verdict.judged_at = after_minutes(minute);
        fixture.records.put_verdict(&verdict).await.unwrap();
    }
    fixture.records.write_tombstone(&keys[9], after_minutes(9)).await.unwrap();
    fixture.records.mark_purged(&keys[9], after_minutes(9)).await.unwrap();
    keys
}

/// The uploads that the stream has after its first `n` changes.
fn announced_after(fixture: &Fixture, n: usize) -> BTreeSet<String> {
    let changes = fixture.records.changes_from(n).into_iter();
    changes.filter(|change| change.old.is_none()).map(|change| change.new.key().id().to_string()).collect()
}

#[tokio::test]
async fn changes_of_the_lost_time_are_announced_again() {
    let fixture = Fixture::default();
    let keys = uploads(&fixture).await;
    let before = fixture.records.changes_from(0).len();
    // Of minutes 65 to 67: verdicts of the hour before count, as do those of the minute after.
    fixture.lost_announcements.send(&lost_batch(after_minutes(65), after_minutes(67))).await.unwrap();
    let report = fixture.run(|| after_minutes(500)).await;
    let expected: BTreeSet<String> = keys[5..].iter().map(|key| key.id().to_string()).collect();
    assert_eq!(announced_after(&fixture, before), expected);
    assert_eq!(report.value(Metric::AnnouncementsRepeated), 5);
    assert!(fixture.lost_announcements.sent().is_empty());
    assert_eq!(fixture.run(|| after_minutes(500)).await.value(Metric::AnnouncementsRepeated), 0);
}

#[tokio::test]
async fn a_message_that_can_not_be_read_stays_and_fails_the_run() {
    let fixture = Fixture::default();
    fixture.lost_announcements.send("{}").await.unwrap();
    assert_eq!(fixture.run(|| after_minutes(1)).await.value(Metric::Failures), 1);
    assert_eq!(fixture.lost_announcements.sent(), ["{}"]);
}

#[tokio::test]
async fn a_run_without_time_leaves_the_rest_to_the_next() {
    for steps in 0..12 {
        let fixture = Fixture::default();
        let keys = uploads(&fixture).await;
        let before = fixture.records.changes_from(0).len();
        fixture.lost_announcements.send(&lost_batch(after_minutes(0), after_minutes(9))).await.unwrap();
        let left = AtomicUsize::new(steps);
        let has_time = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        fixture.run_while(&FaultInjector::none(), || after_minutes(500), &has_time).await.unwrap();
        fixture.run(|| after_minutes(500)).await;
        assert_eq!(announced_after(&fixture, before).len(), keys.len(), "{steps}");
        assert!(fixture.lost_announcements.sent().is_empty());
    }
}

#[tokio::test]
async fn after_an_interruption_at_any_call_the_next_run_announces_everything() {
    for (point, kind) in FaultInjector::WAYS {
        for call in 0.. {
            let fixture = Fixture::default();
            let keys = uploads(&fixture).await;
            let before = fixture.records.changes_from(0).len();
            fixture.lost_announcements.send(&lost_batch(after_minutes(0), after_minutes(9))).await.unwrap();
            let faults = FaultInjector::at(call, point, kind);
            fixture.run_interrupted(&faults, || after_minutes(500)).await;
            let calls = faults.calls();
            fixture.run(|| after_minutes(500)).await;
            assert_eq!(announced_after(&fixture, before).len(), keys.len(), "{kind:?} at call {call}");
            assert!(fixture.lost_announcements.sent().is_empty());
            if calls <= call {
                break;
            }
        }
    }
}
