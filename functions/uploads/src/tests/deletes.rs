//! A delete writes the tombstone first; a repeated delete finishes an interrupted one.

use super::*;

/// The state of the upload before the delete.
#[derive(Debug, Clone, Copy)]
enum Before {
    Arrived,
    Accepted,
    Rejected,
    /// Three versions and a delete marker.
    ManyVersions,
    Deleting,
    Deleted,
}

const ALL: [Before; 6] =
    [Before::Arrived, Before::Accepted, Before::Rejected, Before::ManyVersions, Before::Deleting, Before::Deleted];

fn prepare(before: Before) -> Fixture {
    let fixture = Fixture::default();
    let key = key(ALICE, id(1));
    match before {
        Before::Arrived => drop(fixture.arrived(&key)),
        Before::Accepted => drop(fixture.validated(&key, Outcome::Accepted)),
        Before::Rejected => {
            let validated = validated(&key, "deleted", Outcome::Rejected);
            fixture.records.store(Record::Validated(Box::new(validated)));
        }
        Before::ManyVersions => {
            fixture.validated(&key, Outcome::Accepted);
            fixture.arrived(&key);
            fixture.objects.hide(&key);
            fixture.arrived(&key);
        }
        Before::Deleting => {
            fixture.arrived(&key);
            fixture.records.store(Record::Deleting(key));
        }
        Before::Deleted => fixture.records.store(Record::Deleted(key)),
    }
    fixture
}

#[tokio::test]
async fn a_delete_keeps_the_tombstone_and_no_version_and_can_be_repeated() {
    for before in ALL {
        let fixture = prepare(before);
        for _ in 0..3 {
            let answer = fixture.send(&delete(id(1))).await;
            assert_eq!(answer.status, 200, "{before:?}: {}", answer.body);
            assert_eq!(answer.body, json!({ "id": id(1).to_string(), "status": "deleted" }));
            assert_eq!(fixture.records.stored(), [Record::Deleted(key(ALICE, id(1)))], "{before:?}");
            assert!(fixture.objects.is_empty(), "{before:?}");
        }
        for call in [get(id(1)), content(id(1))] {
            assert_eq!(fixture.send(&call).await.outcome(), (404, "deleted"), "{before:?}");
        }
        let listing = fixture.send(&ApiRequest::new("GET", "/uploads").by(ALICE)).await;
        assert_eq!(listing.body["items"], json!([]));
    }
}

#[tokio::test]
async fn an_upload_that_never_arrived_gets_no_tombstone() {
    let fixture = Fixture::default();
    assert_eq!(fixture.send(&delete(id(1))).await.outcome(), (404, "not-received"));
    assert!(fixture.records.is_empty());
}

#[tokio::test]
async fn a_delete_keeps_other_uploads() {
    let fixture = prepare(Before::ManyVersions);
    let (mine, others) = (key(ALICE, id(2)), key(BOB, id(3)));
    fixture.validated(&mine, Outcome::Accepted);
    fixture.validated(&others, Outcome::Accepted);
    fixture.send(&delete(id(1))).await;
    for key in [mine, others] {
        assert!(matches!(fixture.records.record(key.id()), Some(Record::Validated(_))));
        assert_eq!(fixture.objects.kept(&key).len(), 1);
    }
}

#[tokio::test]
async fn a_repeated_delete_finishes_an_interrupted_one() {
    for before in ALL {
        let uninterrupted = prepare(before);
        uninterrupted.send(&delete(id(1))).await;
        let state = |fixture: &Fixture| (fixture.records.stored(), fixture.objects.kept(&key(ALICE, id(1))));
        for (moment, kind) in FaultInjector::WAYS {
            let mut n = 0;
            loop {
                let fixture = prepare(before);
                let faults = FaultInjector::at(n, moment, kind);
                let answer = fixture.send_under(&faults, delete(id(1)).request()).await;
                let was_interrupted = faults.calls() > n;
                let expected = match kind {
                    FaultKind::Kill if was_interrupted => None,
                    FaultKind::Fault if was_interrupted => Some(503),
                    FaultKind::Kill | FaultKind::Fault | FaultKind::Repeat => Some(200),
                };
                assert_eq!(answer.map(|answer| answer.status), expected);
                let again = fixture.send(&delete(id(1))).await;
                assert_eq!(again.status, 200, "{before:?}, {kind:?} at call {n}, {moment:?}: {}", again.body);
                assert_eq!(state(&fixture), state(&uninterrupted), "{before:?}, {kind:?} at call {n}, {moment:?}");
                if !was_interrupted {
                    break;
                }
                n += 1;
            }
            assert!(n >= 4, "{before:?}: {n} calls");
        }
    }
}
