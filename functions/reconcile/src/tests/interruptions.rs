//! Killed or refused at every call, and run again: the same end.

use super::*;

/// An object of the last day.
fn unjudged() -> ObjectKey {
    walks::fresh(8, later(in_eight_days(), SignedDuration::from_mins(-30)))
}

/// One of everything that can be left behind.
async fn begin() -> World {
    let world = World { days: Some("2"), ..World::default() };
    world.open(&key(ALICE, id(1))).await;
    world.records.store_session(session_of(&key(ALICE, id(2)), PART));
    world.orphan(&key(ALICE, id(2))).await;
    let whole = world.whole(&key(ALICE, id(3))).await;
    leased(&world, &whole, now(), Asked::default());
    let partial = world.open(&key(ALICE, id(4))).await;
    leased(&world, &partial, now(), Asked::default());
    let given_up = world.open(&key(ALICE, id(5))).await;
    world.records.store_session(given_up.step(Event::Aborted, now()).unwrap());
    let full = unsized_session(&world, &key(ALICE, id(6)), PART - 1).await;
    world.objects.put_hollow_part(upload_of(&full), 1, PART).unwrap();
    world.orphan(&key(ALICE, id(7))).await;
    halves::deletion(&world, &key(ALICE, id(8)), false).await;
    verdicts::complete(&world, &key(ALICE, id(9)), verdicts::in_five_days).await;
    let unjudged = unjudged();
    world.objects.put_granted(&unjudged, &grant(unjudged.owner(), PNG.len() as u64), PNG);
    world
}

/// What must be the same in the end. How often an event was sent is not: it may come more than once.
fn end(world: &World) -> (Vec<State>, Vec<String>, usize, BTreeSet<String>, Vec<Record>) {
    let states = world.records.sessions().into_iter().map(|session| match session.state {
        // Which number an object has depends on what was written before it.
        State::Completed(_) => State::Opening,
        other => other,
    });
    // Whether the object that a completion made meanwhile is older than its event depends on when it was made.
    let told = [unjudged(), key(ALICE, id(9))].map(|key| key.to_string());
    let events = world.events.sent().into_iter().filter(|event| told.iter().any(|key| event.contains(key)));
    let events = events.map(|event| event.split("\"s3\":").last().unwrap().to_owned()).collect();
    let kept = world.objects.kept(&key(ALICE, id(3))).len() + world.objects.kept(&key(ALICE, id(8))).len();
    (states.collect(), world.objects.pending(), kept, events, world.records.stored())
}

/// Runs again, and when the lease of somebody who was killed has run out, and when what became of that is due.
async fn settle(world: &World) {
    world.run(in_eight_days).await;
    for _ in 0..2 {
        world.run(|| later(in_eight_days(), SignedDuration::from_mins(2))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn killed_or_refused_at_any_call_and_run_again_it_ends_the_same() {
    let calm = begin().await;
    let calls = Interruption::none();
    calm.run_under(&calls, in_eight_days).await.unwrap();
    let (first, calls) = (end(&calm), calls.calls());
    settle(&calm).await;
    // The session whose parts were not all there is its owner's again, and has long expired.
    assert_eq!(end(&calm).1, Vec::<String>::new());
    assert_eq!(end(&calm).0.iter().filter(|state| **state == State::Opening).count(), 2, "two were complete");
    assert_ne!(first.0, Vec::<State>::new());
    let interesting = calls - 256 * 2;
    assert!(interesting > 30, "{interesting}");
    for kind in [Kind::Kill, Kind::Fault] {
        for moment in [Moment::Before, Moment::After] {
            // The walk's quiet prefixes are all alike: one in a hundred of them will do.
            let tried = (0..calls).filter(|n| *n < 80 || n % 100 == 0 || *n + 5 > calls);
            for n in tried {
                let world = begin().await;
                let trouble = Interruption::at(n, moment, kind);
                let finished = world.run_under(&trouble, in_eight_days).await;
                assert_eq!(finished.is_none(), kind == Kind::Kill, "call {n}");
                settle(&world).await;
                assert_eq!(end(&world), end(&calm), "{kind:?} at call {n}, {moment:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_reported_and_changes_nothing() {
    let world = begin().await;
    let before = end(&world);
    let report = world.run_under(&Interruption::outage(), in_eight_days).await.unwrap();
    assert_eq!(report.count(Count::Failures), 2, "what is due, and the bookmark");
    assert_eq!(end(&world), before);
    let trouble = Interruption::outage();
    let deps = Deps {
        config: config(&[]),
        records: trouble.of(&world.records),
        objects: trouble.of(&world.objects),
        events: trouble.of(&world.events),
        ambient: ambient(),
    };
    let refused = handle(&deps, &Value::Null, SystemTime::now() + Duration::from_mins(15)).await.unwrap_err();
    assert_eq!(Diagnostic::from(refused).error_type, "Unfinished");
}
