//! Giving up: repeatable, and S3 is asked whether anything is left.

use super::*;

fn assert_gone(world: &World, what: &str) {
    assert_eq!(world.objects.pending(), Vec::<String>::new(), "{what}: uploads left");
    assert!(world.objects.is_empty(), "{what}: an object");
    let session = world.session();
    assert!(matches!(session.state, State::Aborted(_)), "{what}: {:?}", session.state);
    assert_eq!(session.due(), None, "{what}: nothing left to do");
}

#[tokio::test]
async fn however_often_it_is_asked() {
    let world = World::filled().await;
    for _ in 0..3 {
        let answer = world.ask(&abort()).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!("aborted")));
        assert_gone(&world, "aborted");
    }
    assert_eq!(world.ask(&complete()).await.outcome(), (410, "session-closed"));
    assert_gone(&world, "completed after all");
}

#[tokio::test]
async fn killed_or_failed_at_any_call_and_asked_again_nothing_is_left() {
    for begun in [true, false] {
        for (moment, kind) in Interruption::WAYS {
            let mut n = 0;
            loop {
                let world = World::filled().await;
                if !begun {
                    // S3 was asked by a process that did not live to tell: nobody knows of its upload.
                    world.records.store_session(Session { state: State::Opening, ..world.session() });
                }
                let (trouble, script) = (Interruption::at(n, moment, kind), Scripted::new(&world.objects, &[]));
                let first = world.ask_under(&script, &trouble, &abort()).await;
                let what = format!("call {n}, {moment:?} {kind:?}, begun {begun}: {first:?}");
                assert!(first.is_none_or(|first| [200, 503].contains(&first.status)), "{what}");
                assert_eq!(world.ask(&abort()).await.status, 200, "{what}");
                assert_gone(&world, &what);
                if trouble.calls() <= n {
                    break;
                }
                n += 1;
            }
            assert!(n >= 4, "{n} calls");
        }
    }
}

#[tokio::test]
async fn a_session_without_a_size_is_counted_no_more() {
    let world = World::default();
    let owner = shared::testing::owner(ALICE);
    world.open(unsized_plan()).await;
    assert_eq!(world.records.counted(&owner), 1);
    assert_eq!(world.ask(&abort()).await.status, 200);
    assert_eq!(world.records.counted(&owner), 0);
}
