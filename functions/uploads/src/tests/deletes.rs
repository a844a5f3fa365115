//! The tombstone comes first, and a killed delete is finished by the next.

use super::*;

/// A way for things to be before the owner deletes.
#[derive(Debug, Clone, Copy)]
enum Before {
    Arrived,
    Accepted,
    Rejected,
    /// Replayed, hidden, and replayed again.
    Layered,
    Deleting,
    Deleted,
}

const ALL: [Before; 6] =
    [Before::Arrived, Before::Accepted, Before::Rejected, Before::Layered, Before::Deleting, Before::Deleted];

fn world(before: Before) -> World {
    let world = World::default();
    let key = key(ALICE, id(1));
    match before {
        Before::Arrived => drop(world.arrived(&key)),
        Before::Accepted => drop(world.judged(&key, Outcome::Accepted)),
        Before::Rejected => {
            let judged = judged(&key, "gone", Outcome::Rejected);
            world.records.store(Record::Judged(Box::new(judged)));
        }
        Before::Layered => {
            world.judged(&key, Outcome::Accepted);
            world.arrived(&key);
            world.objects.hide(&key);
            world.arrived(&key);
        }
        Before::Deleting => {
            world.arrived(&key);
            world.records.store(Record::Deleting(key));
        }
        Before::Deleted => world.records.store(Record::Deleted(key)),
    }
    world
}

#[tokio::test]
async fn a_tombstone_stays_and_every_version_goes_however_often_it_is_asked() {
    for before in ALL {
        let world = world(before);
        for _ in 0..3 {
            let answer = world.ask(&delete(id(1))).await;
            assert_eq!(answer.status, 200, "{before:?}: {}", answer.body);
            assert_eq!(answer.body, json!({ "id": id(1).to_string(), "status": "deleted" }));
            assert_eq!(world.records.stored(), [Record::Deleted(key(ALICE, id(1)))], "{before:?}");
            assert!(world.objects.is_empty(), "{before:?}");
        }
        for call in [get(id(1)), content(id(1))] {
            assert_eq!(world.ask(&call).await.outcome(), (404, "deleted"), "{before:?}");
        }
        let listing = world.ask(&Call::new("GET", "/uploads").by(ALICE)).await;
        assert_eq!(listing.body["items"], json!([]));
    }
}

#[tokio::test]
async fn what_never_arrived_gets_no_tombstone() {
    let world = World::default();
    assert_eq!(world.ask(&delete(id(1))).await.outcome(), (404, "not-received"));
    assert!(world.records.is_empty());
}

#[tokio::test]
async fn a_neighbour_is_left_alone() {
    let world = world(Before::Layered);
    let (mine, others) = (key(ALICE, id(2)), key(BOB, id(3)));
    world.judged(&mine, Outcome::Accepted);
    world.judged(&others, Outcome::Accepted);
    world.ask(&delete(id(1))).await;
    for key in [mine, others] {
        assert!(matches!(world.records.record(key.id()), Some(Record::Judged(_))));
        assert_eq!(world.objects.kept(&key).len(), 1);
    }
}

#[tokio::test]
async fn interrupted_at_any_await_and_asked_again_it_ends_the_same() {
    for before in ALL {
        let calm = world(before);
        calm.ask(&delete(id(1))).await;
        let state = |world: &World| (world.records.stored(), world.objects.kept(&key(ALICE, id(1))));
        for (moment, kind) in Interruption::WAYS {
            let mut n = 0;
            loop {
                let world = world(before);
                let trouble = Interruption::at(n, moment, kind);
                let answer = world.ask_under(&trouble, delete(id(1)).request()).await;
                let undisturbed = trouble.calls() <= n;
                let status = answer.map(|answer| answer.status);
                let interrupted = match kind {
                    Kind::Kill => None,
                    Kind::Fault => Some(503),
                    Kind::Repeat => Some(200),
                };
                assert_eq!(status, if undisturbed { Some(200) } else { interrupted });
                let again = world.ask(&delete(id(1))).await;
                assert_eq!(again.status, 200, "{before:?}, {kind:?} at call {n}, {moment:?}: {}", again.body);
                assert_eq!(state(&world), state(&calm), "{before:?}, {kind:?} at call {n}, {moment:?}");
                if undisturbed {
                    break;
                }
                n += 1;
            }
            assert!(n >= 4, "{before:?}: {n} calls");
        }
    }
}
