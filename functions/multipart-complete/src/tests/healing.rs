//! What S3 has lost is begun anew; what it has finished is not lost.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_lost_upload_is_begun_anew_and_the_caller_is_told() {
    for listed in [false, true] {
        let world = World::filled().await;
        let call = if listed { listing(&world).await } else { complete() };
        let lost = upload_of(&world.session());
        world.objects.lose(&lost);
        assert_eq!(world.ask(&call).await.outcome(), (409, "upload-restarted"), "listed: {listed}");
        world.assert_open("restarted");
        let session = world.session();
        assert_eq!(session.generation, 2);
        assert_ne!(upload_of(&session), lost);
        // The same session goes on.
        assert_eq!(world.ask(&complete()).await.outcome(), (409, "parts-missing"));
        world.fill(&session);
        assert_eq!(world.ask(&complete()).await.status, 200);
        world.assert_whole("sent again");
    }
}

#[tokio::test(start_paused = true)]
async fn two_who_find_it_lost_begin_one_upload_between_them() {
    let world = World::filled().await;
    let key = world.session().key;
    world.objects.lose(&upload_of(&world.session()));
    // Both read the session before either writes.
    let side_by_side = Interruption::interleaved();
    let (sessions, store) = (side_by_side.of(&world.records), side_by_side.of(&world.objects));
    let multipart = Multipart { sessions: &sessions, store: &store, now: ticking };
    let (one, two) = tokio::join!(multipart.list(&key), multipart.list(&key));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.parts.len(), two.parts.len()), (0, 0));
    assert_eq!(upload_of(&one.session), upload_of(&two.session));
    // Session, parts, head, begin and change for each, and the one who came second aborts.
    assert!(side_by_side.calls() >= 11, "{} calls", side_by_side.calls());
    world.assert_open("healed by two");
    assert_eq!(world.session().generation, 2);
}

#[tokio::test(start_paused = true)]
async fn killed_while_healing_the_next_one_heals_and_only_the_reconciler_has_work_left() {
    for (moment, kind) in Interruption::WAYS {
        let mut n = 0;
        loop {
            let world = World::filled().await;
            let key = world.session().key;
            world.objects.lose(&upload_of(&world.session()));
            let trouble = Interruption::at(n, moment, kind);
            {
                let (sessions, store) = (trouble.of(&world.records), trouble.of(&world.objects));
                let multipart = Multipart { sessions: &sessions, store: &store, now: ticking };
                drop(trouble.run(multipart.list(&key)).await);
            }
            let multipart = Multipart { sessions: &world.records, store: &world.objects, now: ticking };
            assert_eq!(multipart.list(&key).await.unwrap().parts, []);
            world.fill(&world.session());
            assert_eq!(world.ask(&complete()).await.status, 200);
            assert!(matches!(world.session().state, State::Completed(_)));
            assert_eq!(world.objects.kept(&key).len(), 1);
            // At most the one that the dead process began, which nobody has a URL for.
            assert!(world.objects.pending().len() <= 1, "call {n}, {moment:?} {kind:?}");
            if trouble.calls() <= n {
                assert_eq!(world.objects.pending(), Vec::<String>::new());
                break;
            }
            n += 1;
        }
        assert!(n >= 4, "{n} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_lost_because_it_is_complete_is_complete() {
    let world = World::filled().await;
    let (script, none) =
        (Scripted::new(&world.objects, &[Scene::Later(Duration::from_secs(25))]), Interruption::none());
    assert_eq!(world.ask_under(&script, &none, &complete()).await.unwrap().status, 202);
    tokio::time::sleep(Duration::from_mins(1)).await;
    let multipart = Multipart { sessions: &world.records, store: &script, now: ticking };
    let listing = multipart.list(&world.session().key).await.unwrap();
    assert_eq!(listing.parts.len(), 3);
    world.assert_whole("found by listing");
}
