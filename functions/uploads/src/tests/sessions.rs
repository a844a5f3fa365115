//! Multipart uploads that are in progress.

use policy::session::{Event, Session};
use testkit::session_of;
use uploads_core::multipart::Multipart;

use super::*;

/// An open session of Alice's.
async fn uploading() -> Fixture {
    let fixture = Fixture::default();
    multipart(&fixture).open(session_of(&key(ALICE, id(1)), 20 << 20), None).await.unwrap();
    fixture
}

fn multipart(fixture: &Fixture) -> Multipart<'_, MemoryRecords, MemoryObjects> {
    Multipart { records: &fixture.records, objects: &fixture.objects, now: env().now }
}

/// Applies an event to the stored session.
fn step(fixture: &Fixture, event: Event) {
    let session = fixture.records.session_of(id(1)).unwrap();
    fixture.records.store_session(session.step(event, (env().now)()).unwrap());
}

#[tokio::test]
async fn an_open_session_is_uploading_for_its_owner_only() {
    let fixture = uploading().await;
    let answer = fixture.send(&get(id(1))).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("uploading")));
    assert_eq!(answer.body["declared"], json!({ "size": 20 << 20, "contentType": "image/png" }));
    assert_eq!(answer.body.get("observed"), None);
    assert_eq!(fixture.send(&get(id(1)).by(BOB)).await.outcome(), (404, "not-received"));
    assert_eq!(fixture.send(&content(id(1))).await.outcome(), (404, "not-received"));
    fixture.arrived(&key(ALICE, id(1)));
    assert_eq!(fixture.send(&get(id(1))).await.body["status"], "validating");
}

#[tokio::test]
async fn a_session_without_an_object_is_not_received_once_it_ended() {
    let etag = policy::parts::ETag::parse("e-3").unwrap();
    let completed = uploading().await;
    step(&completed, Event::Completed(Completed { version: "v".to_owned(), etag }));
    assert_eq!(completed.send(&get(id(1))).await.outcome(), (404, "not-received"));
    let aborted = uploading().await;
    step(&aborted, Event::Aborted);
    let expired = uploading().await;
    let session = expired.records.session_of(id(1)).unwrap();
    expired.records.store_session(Session { deadline: (env().now)(), ..session });
    for fixture in [aborted, expired] {
        for call in [get(id(1)), delete(id(1))] {
            assert_eq!(fixture.send(&call).await.outcome(), (404, "not-received"));
            assert_eq!(fixture.records.stored(), []);
        }
    }
}

#[tokio::test]
async fn a_repeated_delete_finishes_an_interrupted_one() {
    for (moment, kind) in FaultInjector::WAYS {
        let mut n = 0;
        loop {
            let fixture = uploading().await;
            let faults = FaultInjector::at(n, moment, kind);
            let first = fixture.send_under(&faults, delete(id(1)).request()).await;
            let context = format!("call {n}, {moment:?} {kind:?}: {first:?}");
            assert_eq!(fixture.send(&delete(id(1))).await.status, 200, "{context}");
            assert_eq!(fixture.records.stored(), [Record::Deleted(key(ALICE, id(1)))], "{context}");
            assert_eq!(fixture.objects.pending(), Vec::<String>::new(), "{context}");
            let session = fixture.records.session_of(id(1)).unwrap();
            assert!(matches!(session.state, State::Aborted(_)), "{context}");
            assert_eq!(session.grant, session.grant.redacted(), "{context}: user input");
            if faults.calls() <= n {
                break;
            }
            n += 1;
        }
        assert!(n >= 8, "{n} calls");
    }
}

#[tokio::test]
async fn a_delete_redacts_a_completed_session() {
    let fixture = uploading().await;
    let etag = policy::parts::ETag::parse("e-3").unwrap();
    step(&fixture, Event::Completed(Completed { version: "v".to_owned(), etag }));
    fixture.arrived(&key(ALICE, id(1)));
    fixture.validated(&key(ALICE, id(1)), Outcome::Accepted);
    assert_eq!(fixture.send(&delete(id(1))).await.status, 200);
    let session = fixture.records.session_of(id(1)).unwrap();
    assert_eq!(session.grant, session.grant.redacted());
    assert!(matches!(session.state, State::Completed(_)), "a repeated completion needs the result");
}

#[tokio::test]
async fn a_session_of_another_owner_is_not_deleted() {
    let fixture = uploading().await;
    assert_eq!(fixture.send(&delete(id(1)).by(BOB)).await.outcome(), (404, "not-received"));
    assert_eq!(fixture.objects.pending().len(), 1);
    assert_eq!(fixture.records.stored(), []);
}
