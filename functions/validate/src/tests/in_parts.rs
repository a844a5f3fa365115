//! Objects that came in parts, and the sessions that they close.

use shared::multipart::{Multipart, Wanted};
use shared::objects::multipart::{Assembly, MultipartUploads};
use shared::s3_limits::StoreLimits;
use shared::session::{Session, State};
use shared::size::ByteSize;
use shared::testing::{session_of, sized_plan};
use tokio::time::Instant;

use super::*;

const SIZE: u64 = PNG.len() as u64;

/// An object in one part that S3 has put together, and the version of it; nobody has told the session.
async fn arrived() -> (World, String) {
    let world = World::default();
    let multipart = Multipart { sessions: &world.records, store: &world.objects, now };
    let session = multipart.open(session_of(&key(ALICE, id(1)), SIZE), None).await.unwrap();
    let State::Open { upload } = session.state.clone() else { panic!("{:?}", session.state) };
    world.objects.put_part(&upload, 1, PNG).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    let wanted = Wanted::default();
    multipart.complete(&session.key, &wanted, "me", StoreLimits::S3, until).await.unwrap();
    let version = world.objects.kept(&session.key).remove(0);
    world.records.store_session(session);
    (world, version)
}

fn event(version: &str) -> Value {
    let mut record = created(&key(ALICE, id(1)), version);
    record["eventName"] = "ObjectCreated:CompleteMultipartUpload".into();
    direct(&[record])
}

fn session(world: &World) -> Session {
    world.records.session_of(id(1)).unwrap()
}

#[tokio::test]
async fn it_is_judged_like_any_other_and_its_session_is_closed() {
    let (world, version) = arrived().await;
    world.handle(event(&version)).await.unwrap();
    assert_eq!(world.outcome(id(1)), Some((Outcome::Accepted, version.clone())));
    let State::Completed(result) = session(&world).state else { panic!("{:?}", session(&world).state) };
    assert_eq!(result.version, version);
    assert!(result.etag.as_str().ends_with("-1"));
    // Again, late: nothing changes.
    let before = session(&world);
    world.handle(event(&version)).await.unwrap();
    assert_eq!(session(&world), before);
}

#[tokio::test]
async fn another_size_than_was_planned_is_rejected() {
    let (world, _) = arrived().await;
    let key = key(ALICE, id(2));
    let multipart = Multipart { sessions: &world.records, store: &world.objects, now };
    let opened = multipart.open(Session { plan: sized_plan(SIZE), ..session_of(&key, SIZE + 1) }, None).await.unwrap();
    let State::Open { upload } = opened.state else { panic!("not open") };
    world.objects.put_part(&upload, 1, PNG).unwrap();
    // Behind our back: completing through us would not do it.
    let parts = world.objects.parts(&key, &upload, None).await.unwrap().unwrap().parts;
    let parts = parts.into_iter().map(|part| (part.number, part.etag, part.checksum)).collect();
    let assembly = Assembly { parts, part_checksum: None, size: ByteSize::from_bytes(SIZE), checksum: None };
    let version = world.objects.assemble(&key, &upload, &assembly).await.unwrap().version;
    world.handle(direct(&[created(&key, &version)])).await.unwrap();
    assert_eq!(world.reasons(id(2)), ["size-mismatch"]);
    assert_eq!(world.objects.kept(&key), Vec::<String>::new());
}

#[tokio::test]
async fn killed_or_failed_at_any_call_and_delivered_again_both_are_right() {
    for (moment, kind) in Interruption::WAYS {
        let mut n = 0;
        loop {
            let (world, version) = arrived().await;
            let trouble = Interruption::at(n, moment, kind);
            drop(world.handle_under(&trouble, event(&version)).await);
            world.handle(event(&version)).await.unwrap();
            let what = format!("call {n}, {moment:?} {kind:?}");
            assert_eq!(world.outcome(id(1)), Some((Outcome::Accepted, version.clone())), "{what}");
            assert!(matches!(session(&world).state, State::Completed(_)), "{what}");
            if trouble.calls() <= n {
                break;
            }
            n += 1;
        }
        assert_eq!(n, 5, "head, read, verdict, session, close");
    }
}

#[tokio::test]
async fn an_object_of_one_request_asks_for_no_session() {
    let world = World::default();
    let key = key(ALICE, id(1));
    let version = world.put(&key, PNG.len(), PNG);
    let count = Interruption::none();
    world.handle_under(&count, direct(&[created(&key, &version)])).await.unwrap().unwrap();
    assert_eq!(count.calls(), 3);
}
