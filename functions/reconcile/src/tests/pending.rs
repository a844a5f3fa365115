//! Interrupted deletions, and pending verdicts.

use policy::upload::{Outcome, Pending, ScanResult, Scanned, ValidatedUpload, deletion_due};
use testkit::validated;

use super::*;

type MakePending = fn(&ObjectKey) -> Pending;

/// Stores two versions, and the tombstone of a deletion that was interrupted after it.
pub(super) async fn start_deletion(fixture: &Fixture, key: &ObjectKey) {
    fixture.put_object(key);
    fixture.put_object(key);
    fixture.records.write_tombstone(key, now()).await.unwrap();
}

fn accepted(key: &ObjectKey) -> ValidatedUpload {
    ValidatedUpload { judged_at: now(), ..validated(key, "v1", Outcome::Accepted) }
}

fn pending_content(key: &ObjectKey) -> Pending {
    Pending::Content(Box::new(accepted(key)))
}

fn pending_scan(key: &ObjectKey) -> Pending {
    let (key, bucket, version) = (key.clone(), "b".to_owned(), "v1".to_owned());
    let detail = "NO_THREATS_FOUND".to_owned();
    Pending::Scan(Scanned { key, bucket, version, result: ScanResult::Clean, detail, scanned_at: now() })
}

#[tokio::test]
async fn an_interrupted_deletion_is_finished_with_its_session() {
    let (fixture, key) = (Fixture::default(), key(ALICE, id(1)));
    fixture.open_session(&key).await;
    start_deletion(&fixture, &key).await;
    fixture.run(|| later(deletion_due(now()), SignedDuration::from_millis(-1))).await;
    assert_eq!(fixture.records.stored(), [Record::Deleting(key.clone())], "before it is due");
    let report = fixture.run(|| deletion_due(now())).await;
    assert_eq!(counts(&report), [(Metric::DeletionsFinished, 1)]);
    assert_eq!(fixture.records.stored(), [Record::Deleted(key.clone())]);
    assert_eq!((fixture.objects.kept(&key), fixture.objects.pending()), (Vec::new(), Vec::new()));
    assert!(matches!(fixture.state(&key), Some(State::Aborted(Cleanup::Done))));
    assert_eq!(counts(&fixture.run(in_eight_days).await), []);
}

#[tokio::test]
async fn an_overdue_pending_verdict_is_requeued_until_it_is_final() {
    let cases: [(MakePending, Clock, Clock); 2] = [
        (pending_content, || after_minutes(24 * 60 - 1), || after_minutes(24 * 60)),
        (pending_scan, || after_minutes(14), || after_minutes(15)),
    ];
    for (pending, before, due) in cases {
        let (fixture, key) = (Fixture::default(), key(ALICE, id(1)));
        fixture.records.put_pending(&pending(&key)).await.unwrap();
        assert_eq!(counts(&fixture.run(before).await), []);
        for n in 1..3 {
            assert_eq!(counts(&fixture.run(due).await), [(Metric::ObjectsRequeued, 1)]);
            assert_eq!(fixture.events.sent().len(), n);
        }
        assert_eq!(walks::requeued(&fixture), [(key.to_string(), "v1".to_owned())].into());
        fixture.records.finalize(&accepted(&key)).await.unwrap();
        assert_eq!(counts(&fixture.run(in_eight_days).await), []);
    }
}
