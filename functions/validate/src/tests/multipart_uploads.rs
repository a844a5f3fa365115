//! Objects of multipart uploads, whose events close their sessions.

use policy::s3_limits::StoreLimits;
use policy::session::{Session, State};
use policy::size::ByteSize;
use testkit::{session_of, sized_plan};
use tokio::time::Instant;
use uploads_core::multipart::{Multipart, RequestedParts};
use uploads_core::ports::multipart_uploads::{CompleteMultipartUpload, MultipartUploads};

use super::*;

const SIZE: u64 = PNG.len() as u64;

/// A completed multipart upload of one part, whose session is still open in the table. Returns the version.
async fn completed() -> (Fixture, String) {
    let fixture = Fixture::default();
    let multipart = Multipart { records: &fixture.records, objects: &fixture.objects, now };
    let session = multipart.open(session_of(&key(ALICE, id(1)), SIZE), None).await.unwrap();
    let State::Open { upload } = session.state.clone() else { panic!("{:?}", session.state) };
    fixture.objects.put_part(&upload, 1, PNG).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let parts = RequestedParts::default();
    multipart.complete(&session.key, &parts, "me", StoreLimits::S3, deadline).await.unwrap();
    let version = fixture.objects.kept(&session.key).remove(0);
    fixture.records.store_session(session);
    (fixture, version)
}

fn event(version: &str) -> Value {
    let mut record = created(&key(ALICE, id(1)), version);
    record["eventName"] = "ObjectCreated:CompleteMultipartUpload".into();
    direct(&[record])
}

fn session(fixture: &Fixture) -> Session {
    fixture.records.session_of(id(1)).unwrap()
}

#[tokio::test]
async fn the_object_gets_a_verdict_and_its_session_is_closed() {
    let (fixture, version) = completed().await;
    fixture.handle(event(&version)).await.unwrap();
    assert_eq!(fixture.outcome(id(1)), Some((Outcome::Accepted, version.clone())));
    let State::Completed(result) = session(&fixture).state else { panic!("{:?}", session(&fixture).state) };
    assert_eq!(result.version, version);
    assert!(result.etag.as_str().ends_with("-1"));
    // A duplicate event changes nothing.
    let before = session(&fixture);
    fixture.handle(event(&version)).await.unwrap();
    assert_eq!(session(&fixture), before);
}

#[tokio::test]
async fn an_object_whose_size_differs_from_the_plan_is_rejected() {
    let (fixture, _) = completed().await;
    let key = key(ALICE, id(2));
    let multipart = Multipart { records: &fixture.records, objects: &fixture.objects, now };
    let opened = multipart.open(Session { plan: sized_plan(SIZE), ..session_of(&key, SIZE + 1) }, None).await.unwrap();
    let State::Open { upload } = opened.state else { panic!("not open") };
    fixture.objects.put_part(&upload, 1, PNG).unwrap();
    // Completed with S3 directly, because `Multipart::complete` would refuse it.
    let parts = fixture.objects.list_parts(&key, &upload, None).await.unwrap().unwrap().parts;
    let parts = parts.into_iter().map(|part| (part.number, part.etag, part.checksum)).collect();
    let completion =
        CompleteMultipartUpload { parts, part_checksum: None, size: ByteSize::from_bytes(SIZE), checksum: None };
    let version = fixture.objects.complete_upload(&key, &upload, &completion).await.unwrap().version;
    fixture.handle(direct(&[created(&key, &version)])).await.unwrap();
    assert_eq!(fixture.reasons(id(2)), ["size-mismatch"]);
    assert_eq!(fixture.objects.kept(&key), Vec::<String>::new());
}

#[tokio::test]
async fn after_an_interruption_at_any_call_verdict_and_session_are_right() {
    for (moment, kind) in FaultInjector::WAYS {
        let mut n = 0;
        loop {
            let (fixture, version) = completed().await;
            let faults = FaultInjector::at(n, moment, kind);
            drop(fixture.handle_under(&faults, event(&version)).await);
            fixture.handle(event(&version)).await.unwrap();
            let case = format!("call {n}, {moment:?} {kind:?}");
            assert_eq!(fixture.outcome(id(1)), Some((Outcome::Accepted, version.clone())), "{case}");
            assert!(matches!(session(&fixture).state, State::Completed(_)), "{case}");
            if faults.calls() <= n {
                break;
            }
            n += 1;
        }
        assert_eq!(n, 5, "HEAD, GET, verdict, read session, close session");
    }
}

#[tokio::test]
async fn an_object_of_a_single_request_reads_no_session() {
    let fixture = Fixture::default();
    let key = key(ALICE, id(1));
    let version = fixture.put(&key, PNG.len(), PNG);
    let counter = FaultInjector::none();
    fixture.handle_under(&counter, direct(&[created(&key, &version)])).await.unwrap().unwrap();
    assert_eq!(counter.calls(), 3);
}
