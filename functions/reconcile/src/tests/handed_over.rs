//! Completions that took longer than a request.

use serde_json::json;
use shared::multipart::HandOver;
use shared::testing::clock::ticking;
use shared::testing::golden_events;
use shared::testing::scripted::{Says, Scene, Scripted};

use super::*;

/// A session whose completion is somebody's, and the message that hands it over.
async fn handed_over(world: &World) -> Value {
    let session = world.whole(&key(ALICE, id(1))).await;
    let lease = Lease { holder: "01020304050607080900".to_owned(), until: later(now(), SignedDuration::from_mins(1)) };
    let leased = session.step(Event::Leased(lease.clone(), Asked::default()), now()).unwrap();
    world.records.store_session(leased);
    message(&HandOver { key: session.key, holder: lease.holder }.write())
}

fn message(body: &str) -> Value {
    json!({ "Records": [{ "messageId": "1", "eventSource": "aws:sqs", "body": body }] })
}

async fn told(world: &World, scenes: &[Scene], event: &Value) -> Result<Value, Unfinished> {
    let none = Interruption::none();
    let deps = Deps {
        config: config(&[]),
        records: none.of(&world.records),
        objects: Scripted::new(&world.objects, scenes),
        events: none.of(&world.events),
        ambient: Ambient { now: ticking, ..ambient() },
    };
    handle(&deps, event, SystemTime::now() + Duration::from_mins(15)).await
}

fn is_whole(world: &World) -> bool {
    matches!(world.records.session_of(id(1)).unwrap().state, State::Completed(_)) && world.objects.pending().is_empty()
}

#[tokio::test(start_paused = true)]
async fn what_takes_minutes_is_waited_for() {
    let world = World::default();
    let event = handed_over(&world).await;
    assert!(told(&world, &[Scene::Later(Duration::from_mins(10))], &event).await.is_ok());
    assert!(is_whole(&world));
    // It comes twice: nothing happens.
    assert!(told(&world, &[Scene::Only(Says::Refused)], &event).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_comes_again() {
    let world = World::default();
    let event = handed_over(&world).await;
    assert_eq!(told(&world, &[Scene::Later(Duration::from_mins(20))], &event).await, Err(Unfinished(1)));
    assert_eq!(told(&world, &[Scene::Only(Says::Unclear); 4], &event).await, Err(Unfinished(1)), "out of order");
    assert!(told(&world, &[], &event).await.is_ok());
    assert!(is_whole(&world));
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_finished_is_its_owner_s_again() {
    let world = World::default();
    let event = handed_over(&world).await;
    assert!(told(&world, &[Scene::Only(Says::Refused); 2], &event).await.is_ok());
    assert!(matches!(world.records.session_of(id(1)).unwrap().state, State::Open { .. }));
}

#[tokio::test(start_paused = true)]
async fn somebody_else_s_and_nonsense_are_left_alone() {
    let world = World::default();
    handed_over(&world).await;
    let before = world.records.session_of(id(1));
    let other = HandOver { key: key(ALICE, id(1)), holder: "somebody else".to_owned() }.write();
    let unknown = HandOver { key: key(ALICE, id(2)), holder: "nobody".to_owned() }.write();
    for body in [other.as_str(), &unknown, "nonsense", "{}", ""] {
        assert!(told(&world, &[Scene::Only(Says::Refused)], &message(body)).await.is_ok(), "{body}");
        assert_eq!(world.records.session_of(id(1)), before, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_golden_event_is_one() {
    let world = World::default();
    assert!(told(&world, &[], &golden_events("reconcile")["handed-over"]).await.is_ok());
    let read = golden_events("reconcile")["handed-over"]["Records"][0]["body"].as_str().and_then(HandOver::read);
    assert_eq!(read.map(|hand_over| hand_over.key), Some(key(ALICE, id(1))));
}
