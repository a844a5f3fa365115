//! Uploads that are on their way in parts.

use shared::multipart::Multipart;
use shared::session::{Event, Session};
use shared::testing::session_of;

use super::*;

async fn under_way() -> World {
    let world = World::default();
    multipart(&world).open(session_of(&key(ALICE, id(1)), 20 << 20), None).await.unwrap();
    world
}

fn multipart(world: &World) -> Multipart<'_, MemoryRecords, MemoryObjects> {
    Multipart { sessions: &world.records, store: &world.objects, now: ambient().now }
}

fn step(world: &World, event: Event) {
    let session = world.records.session_of(id(1)).unwrap();
    world.records.store_session(session.step(event, (ambient().now)()).unwrap());
}

#[tokio::test]
async fn an_open_session_is_uploading_and_its_owner_s_only() {
    let world = under_way().await;
    let answer = world.ask(&get(id(1))).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("uploading")));
    assert_eq!(answer.body["declared"], json!({ "size": 20 << 20, "contentType": "image/png" }));
    assert_eq!(answer.body.get("observed"), None);
    assert_eq!(world.ask(&get(id(1)).by(BOB)).await.outcome(), (404, "not-received"));
    assert_eq!(world.ask(&content(id(1))).await.outcome(), (404, "not-received"));
    world.arrived(&key(ALICE, id(1)));
    assert_eq!(world.ask(&get(id(1))).await.body["status"], "validating");
}

#[tokio::test]
async fn a_session_that_is_over_is_no_upload() {
    let etag = shared::parts::ETag::parse("e-3").unwrap();
    let complete = under_way().await;
    step(&complete, Event::Completed(Completed { version: "v".to_owned(), etag }));
    assert_eq!(complete.ask(&get(id(1))).await.outcome(), (404, "not-received"));
    let aborted = under_way().await;
    step(&aborted, Event::Aborted);
    let stale = under_way().await;
    let session = stale.records.session_of(id(1)).unwrap();
    stale.records.store_session(Session { deadline: (ambient().now)(), ..session });
    for world in [aborted, stale] {
        for call in [get(id(1)), delete(id(1))] {
            assert_eq!(world.ask(&call).await.outcome(), (404, "not-received"));
            assert_eq!(world.records.stored(), []);
        }
    }
}

#[tokio::test]
async fn killed_or_failed_at_any_call_and_asked_again_a_delete_leaves_nothing_under_way() {
    for (moment, kind) in Interruption::WAYS {
        let mut n = 0;
        loop {
            let world = under_way().await;
            let trouble = Interruption::at(n, moment, kind);
            let first = world.ask_under(&trouble, delete(id(1)).request()).await;
            let what = format!("call {n}, {moment:?} {kind:?}: {first:?}");
            assert_eq!(world.ask(&delete(id(1))).await.status, 200, "{what}");
            assert_eq!(world.records.stored(), [Record::Deleted(key(ALICE, id(1)))], "{what}");
            assert_eq!(world.objects.pending(), Vec::<String>::new(), "{what}");
            let session = world.records.session_of(id(1)).unwrap();
            assert!(matches!(session.state, State::Aborted(_)), "{what}");
            assert_eq!(session.grant, session.grant.forgotten(), "{what}: nothing that the user typed");
            if trouble.calls() <= n {
                break;
            }
            n += 1;
        }
        assert!(n >= 8, "{n} calls");
    }
}

#[tokio::test]
async fn a_deleted_upload_that_came_in_parts_is_forgotten_by_its_session_too() {
    let world = under_way().await;
    let etag = shared::parts::ETag::parse("e-3").unwrap();
    step(&world, Event::Completed(Completed { version: "v".to_owned(), etag }));
    world.arrived(&key(ALICE, id(1)));
    world.judged(&key(ALICE, id(1)), Outcome::Accepted);
    assert_eq!(world.ask(&delete(id(1))).await.status, 200);
    let session = world.records.session_of(id(1)).unwrap();
    assert_eq!(session.grant, session.grant.forgotten());
    assert!(matches!(session.state, State::Completed(_)), "completing it again still has its answer");
}

#[tokio::test]
async fn another_s_session_is_not_deleted() {
    let world = under_way().await;
    assert_eq!(world.ask(&delete(id(1)).by(BOB)).await.outcome(), (404, "not-received"));
    assert_eq!(world.objects.pending().len(), 1);
    assert_eq!(world.records.stored(), []);
}
