//! Everything that S3 may say, or not say, when it is to put an object together.

use super::*;

/// A script for S3, and what the caller gets.
struct Fault {
    name: &'static str,
    scenes: &'static [Scene],
    answer: (u16, &'static str),
}

const HALF_A_MINUTE: Duration = Duration::from_secs(30);
const SIX_MINUTES: Duration = Duration::from_mins(6);

/// What ends well, sooner or later.
const MENDED: [Fault; 13] = [
    Fault { name: "no fault", scenes: &[], answer: (200, "") },
    Fault { name: "an error with status 200", scenes: &[Scene::Only(Says::Unclear)], answer: (200, "") },
    Fault { name: "three of them", scenes: &[Scene::Only(Says::Unclear); 3], answer: (200, "") },
    Fault { name: "a lost answer", scenes: &[Scene::After(Says::Unclear)], answer: (200, "") },
    Fault {
        name: "NoSuchUpload, and the object is there",
        scenes: &[Scene::After(Says::NoSuchUpload)],
        answer: (200, ""),
    },
    Fault { name: "412, and the object is ours", scenes: &[Scene::After(Says::Exists)], answer: (200, "") },
    Fault { name: "409, and the object is there", scenes: &[Scene::After(Says::Conflict)], answer: (200, "") },
    Fault { name: "409", scenes: &[Scene::Only(Says::Conflict)], answer: (200, "") },
    Fault { name: "InvalidPart, and no part is wrong", scenes: &[Scene::Only(Says::InvalidPart)], answer: (200, "") },
    Fault { name: "EntityTooSmall, and no part is", scenes: &[Scene::Only(Says::PartTooSmall)], answer: (200, "") },
    Fault { name: "BadDigest once", scenes: &[Scene::Only(Says::Refused)], answer: (200, "") },
    Fault { name: "more than 30 seconds", scenes: &[Scene::Later(HALF_A_MINUTE)], answer: (202, "") },
    Fault { name: "more than 5 minutes", scenes: &[Scene::Later(SIX_MINUTES)], answer: (202, "") },
];

#[tokio::test(start_paused = true)]
async fn whatever_s3_says_the_object_is_there_once_and_everybody_gets_the_same_answer() {
    for fault in MENDED {
        for listed in [false, true] {
            let name = fault.name;
            let world = World::filled().await;
            let call = if listed { listing(&world).await } else { complete() };
            let script = Scripted::new(&world.objects, fault.scenes);
            let first = world.ask_under(&script, &Interruption::none(), &call).await.unwrap();
            assert_eq!(first.outcome(), fault.answer, "{name}: {}", first.body);
            assert!(script.is_over(), "{name}");
            if first.status == 202 {
                assert_eq!(first.body["status"], "completing");
                finish(&world, &script).await;
            }
            world.assert_whole(name);
            let again = world.ask_under(&script, &Interruption::none(), &call).await.unwrap();
            assert_eq!((again.status, &again.body["status"]), (200, &json!("validating")), "{name}");
            if first.status == 200 {
                assert_eq!(again.body, first.body, "{name}");
            }
        }
    }
}

/// What the reconciler does with a completion that was handed over, with 15 minutes to wait.
async fn finish(world: &World, script: &Scripted<'_, MemoryObjects>) {
    let sent = world.queue.sent();
    let [message] = sent.as_slice() else { panic!("one message: {sent:?}") };
    let hand_over = HandOver::read(message).unwrap();
    let multipart = Multipart { sessions: &world.records, store: script, now: ticking };
    let until = Instant::now() + Duration::from_mins(14);
    let done = multipart.take_over(&hand_over, StoreLimits::S3, until).await.unwrap();
    assert!(matches!(done, Completion::Done(_)), "{done:?}");
    // The message comes twice: nothing happens.
    let again = multipart.take_over(&hand_over, StoreLimits::S3, until).await.unwrap();
    assert_eq!(again, done);
}

#[tokio::test(start_paused = true)]
async fn who_took_over_keeps_the_lease_for_as_long_as_s3_needs() {
    let world = World::filled().await;
    let script = Scripted::new(&world.objects, &[Scene::Later(SIX_MINUTES), Scene::Later(SIX_MINUTES)]);
    let first = world.ask_under(&script, &Interruption::none(), &complete()).await.unwrap();
    assert_eq!(first.status, 202);
    let none = Interruption::none();
    let ask = async {
        tokio::time::sleep(Duration::from_mins(3)).await;
        world.ask_under(&script, &none, &complete()).await.unwrap()
    };
    let ((), busy) = tokio::join!(finish(&world, &script), ask);
    // In the middle of it: still at it, by the one who took over, and nobody asked S3 a third time.
    assert_eq!((busy.status, script.asked()), (202, 2), "{}", busy.body);
    world.assert_whole("six minutes");
}

#[tokio::test(start_paused = true)]
async fn a_completion_that_nobody_finished_is_finished_by_the_next_who_asks() {
    // Handed over, and the message is lost for ever.
    let world = World::filled().await;
    let script = Scripted::new(&world.objects, &[Scene::Later(HALF_A_MINUTE)]);
    let call = listing(&world).await;
    assert_eq!(world.ask_under(&script, &Interruption::none(), &call).await.unwrap().status, 202);
    let mut answers = Vec::new();
    while answers.last() != Some(&200) && answers.len() < 10 {
        answers.push(world.ask_under(&script, &Interruption::none(), &call).await.unwrap().status);
    }
    assert_eq!(answers.last(), Some(&200), "{answers:?}");
    world.assert_whole("lost message");
}

#[tokio::test(start_paused = true)]
async fn what_the_caller_can_mend_leaves_the_session_open() {
    let forever = [Scene::Only(Says::Refused); 2];
    let conflict = [Scene::Only(Says::Conflict); 4];
    for (name, scenes, answer) in [
        ("a wrong checksum", &forever[..], (422, "whole-refused")),
        ("409 without end", &conflict[..], (422, "whole-refused")),
    ] {
        let world = World::filled().await;
        let script = Scripted::new(&world.objects, scenes);
        let refused = world.ask_under(&script, &Interruption::none(), &complete()).await.unwrap();
        assert_eq!(refused.outcome(), answer, "{name}");
        assert!(script.is_over());
        world.assert_open(name);
        assert_eq!(world.ask(&complete()).await.status, 200);
        world.assert_whole(name);
    }
}

#[tokio::test(start_paused = true)]
async fn s3_out_of_order_is_a_503_and_nothing_is_lost() {
    let world = World::filled().await;
    let script = Scripted::new(&world.objects, &[Scene::Only(Says::Unclear); 4]);
    let answer = world.ask_under(&script, &Interruption::none(), &complete()).await.unwrap();
    assert_eq!(answer.outcome(), (503, "unavailable"));
    world.assert_open("out of order");
    let down = world.ask_under(&script, &Interruption::outage(), &complete()).await.unwrap();
    assert_eq!(down.outcome(), (503, "unavailable"));
    assert_eq!(world.ask(&complete()).await.status, 200);
    world.assert_whole("back again");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_not_ours_is_left_alone() {
    let world = World::filled().await;
    let key = world.session().key;
    let foreign = world.objects.put(&key, Upload::foreign(b"x"));
    assert_eq!(world.ask(&complete()).await.outcome(), (409, "key-taken"));
    assert_eq!(world.objects.kept(&key), [foreign]);
    assert!(matches!(world.session().state, State::Open { .. }));
}

#[tokio::test(start_paused = true)]
async fn killed_or_failed_at_any_call_and_asked_again_it_ends_the_same() {
    for (listed, sized) in [(false, true), (true, true), (false, false)] {
        for (moment, kind) in Interruption::WAYS {
            let mut n = 0;
            loop {
                let world = World::default();
                let session = world.open(if sized { sized_plan(SIZE) } else { unsized_plan() }).await;
                world.fill(&session);
                let call = if listed { listing(&world).await } else { complete() };
                let trouble = Interruption::at(n, moment, kind);
                let script = Scripted::new(&world.objects, &[]);
                let first = world.ask_under(&script, &trouble, &call).await;
                let what = format!("call {n}, {moment:?} {kind:?}, listed {listed}, sized {sized}: {first:?}");
                if let Some(first) = &first {
                    assert!([200, 503].contains(&first.status), "{what}");
                }
                // A dead process's lease has to run out first; whoever asks meanwhile is told to come back.
                let mut last = 0;
                for _ in 0..10 {
                    last = world.ask(&call).await.status;
                    if last == 200 {
                        break;
                    }
                    assert_eq!(last, 202, "{what}");
                }
                assert_eq!(last, 200, "{what}");
                world.assert_whole(&what);
                assert_eq!(world.records.counted(session.key.owner()), 0, "{what}");
                if trouble.calls() <= n {
                    break;
                }
                n += 1;
            }
            assert!(n >= 3, "{n} calls");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_completion_costs_one_call_to_s3_and_two_to_the_table() {
    for (listed, calls) in [(true, 3), (false, 4)] {
        let world = World::filled().await;
        let call = if listed { listing(&world).await } else { complete() };
        let (count, script) = (Interruption::none(), Scripted::new(&world.objects, &[]));
        world.ask_under(&script, &count, &call).await.unwrap();
        assert_eq!(count.calls(), calls, "listed: {listed}");
    }
}
