//! Multipart uploads that took longer than the walk looks back, and whose event was lost.

use policy::upload::{Outcome, Pending, ValidatedUpload};
use testkit::validated;

use super::*;

type MakeRecord<'a> = &'a dyn Fn(&ObjectKey, &str) -> Record;

/// After the walk's window of two days, and before the session expires.
pub(super) fn in_five_days() -> Timestamp {
    later(now(), days(5))
}

/// `minutes` after the upload was completed.
fn after_completion(minutes: i64) -> Timestamp {
    later(in_five_days(), SignedDuration::from_mins(minutes))
}

/// Completes an upload at `completed_at`, and returns the version.
pub(super) async fn complete_upload(fixture: &Fixture, key: &ObjectKey, completed_at: Clock) -> String {
    fixture.uploaded_session(key).await;
    match fixture.complete(key, completed_at).await.unwrap() {
        Completion::Done(Session { state: State::Completed(completed), .. }) => completed.version,
        other => panic!("{other:?}"),
    }
}

/// A fixture whose walk looks back two days.
fn short_window() -> (Fixture, ObjectKey) {
    (Fixture { days: Some("2"), ..Fixture::default() }, key(ALICE, id(0)))
}

#[tokio::test]
async fn an_object_is_requeued_daily_until_it_has_a_verdict() {
    let (fixture, key) = short_window();
    let version = complete_upload(&fixture, &key, in_five_days).await;
    let checks: [(Clock, Clock); 2] = [
        (|| later(after_completion(15), SignedDuration::from_millis(-1)), || after_completion(15)),
        (
            || later(after_completion(15), days(1) - SignedDuration::from_millis(1)),
            || later(after_completion(15), days(1)),
        ),
    ];
    for (n, (before, due)) in checks.into_iter().enumerate() {
        assert_eq!(counts(&fixture.run(before).await), [], "before the check is due");
        assert_eq!(counts(&fixture.run(due).await), [(Metric::ObjectsRequeued, 1)]);
        assert_eq!(counts(&fixture.run(due).await), [], "a second run");
        assert_eq!(fixture.events.sent().len(), n + 1);
        assert_eq!(walks::requeued(&fixture), [(key.to_string(), version.clone())].into());
    }
    fixture.records.put_verdict(&validated(&key, &version, Outcome::Accepted)).await.unwrap();
    assert_eq!(counts(&fixture.run(|| later(after_completion(15), days(2))).await), []);
    assert_eq!(fixture.session_due(&key), None);
}

#[tokio::test]
async fn an_object_is_requeued_only_if_its_record_requires_its_deletion() {
    let verdict = |key: &ObjectKey, version: &str, outcome| {
        Box::new(ValidatedUpload { judged_at: after_completion(1), ..validated(key, version, outcome) })
    };
    let cases: [(bool, MakeRecord<'_>); 6] = [
        (false, &|key, version| Record::Validated(verdict(key, version, Outcome::Accepted))),
        (false, &|key, version| Record::Pending(Pending::Content(verdict(key, version, Outcome::Accepted)))),
        (true, &|key, version| Record::Validated(verdict(key, version, Outcome::Rejected))),
        (true, &|key, _| Record::Validated(verdict(key, "another", Outcome::Rejected))),
        (true, &|key, _| Record::Validated(verdict(key, "another", Outcome::Accepted))),
        (true, &|key, _| Record::Deleted(key.clone())),
    ];
    for (is_requeued, record) in cases {
        let (fixture, key) = short_window();
        let version = complete_upload(&fixture, &key, in_five_days).await;
        let record = record(&key, &version);
        fixture.records.store(record.clone());
        fixture.run(|| after_completion(15)).await;
        assert_eq!(fixture.events.sent().len(), usize::from(is_requeued), "{record:?}");
        assert_eq!(fixture.records.stored(), std::slice::from_ref(&record));
        let next_check = is_requeued.then(|| later(after_completion(15), days(1)));
        assert_eq!(fixture.session_due(&key), next_check, "{record:?}");
        fixture.objects.delete_version(&key, &version).await.unwrap();
        fixture.run(|| later(after_completion(15), days(1))).await;
        assert_eq!(fixture.session_due(&key), None, "{record:?}");
        // The pending verdict is overdue by now, and sends one event of its own.
        assert!(fixture.events.sent().len() <= 1, "{record:?}");
    }
}

#[tokio::test]
async fn a_deleted_version_without_a_record_is_not_requeued() {
    let (fixture, key) = short_window();
    let version = complete_upload(&fixture, &key, in_five_days).await;
    fixture.objects.delete_version(&key, &version).await.unwrap();
    assert_eq!(counts(&fixture.run(|| after_completion(15)).await), []);
    assert_eq!(fixture.session_due(&key), None);
}

/// S3 dates an object by the start of its upload. Its first check in the walk may be over before the object exists.
#[tokio::test]
async fn an_object_completed_after_its_first_check_is_requeued_through_its_session() {
    let (fixture, key) = short_window();
    complete_upload(&fixture, &key, || after_minutes(14)).await;
    assert_eq!(fixture.session_due(&key), None);
    assert_eq!(fixture.run(|| after_minutes(15)).await.value(Metric::ObjectsRequeued), 1, "by the walk");

    let (fixture, key) = short_window();
    assert_eq!(counts(&fixture.run(|| after_minutes(15)).await), []);
    complete_upload(&fixture, &key, || after_minutes(16)).await;
    assert_eq!(fixture.session_due(&key), Some(after_minutes(31)));
    assert_eq!(counts(&fixture.run(|| after_minutes(30)).await), []);
    assert_eq!(fixture.run(|| after_minutes(31)).await.value(Metric::ObjectsRequeued), 1);
}
