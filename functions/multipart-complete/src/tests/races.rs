//! Two at once.

use super::*;

#[tokio::test(start_paused = true)]
async fn two_completions_at_once_get_the_same_answer_and_s3_is_asked_once() {
    let world = World::filled().await;
    let script = Scripted::new(&world.objects, &[Scene::Later(Duration::from_secs(5))]);
    let (none, call) = (Interruption::interleaved(), listing(&world).await);
    let ask = || world.ask_under(&script, &none, &call);
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    let (one, two, three) = (one.unwrap(), two.unwrap(), three.unwrap());
    assert_eq!(one.status, 200, "{}", one.body);
    assert_eq!((&two, &three), (&one, &one));
    assert_eq!(script.asked(), 1);
    world.assert_whole("three at once");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_slow_one_is_told_to_come_back() {
    let world = World::filled().await;
    let script = Scripted::new(&world.objects, &[Scene::Later(Duration::from_secs(29))]);
    let (none, call) = (Interruption::none(), complete());
    let ask = || world.ask_under(&script, &none, &call);
    let (one, two) = tokio::join!(ask(), ask());
    assert_eq!((one.unwrap().status, two.unwrap().status), (202, 202));
    assert_eq!(world.queue.sent().len(), 1, "one holds the lease, and hands it over");
}

#[tokio::test(start_paused = true)]
async fn an_abortion_during_a_completion_changes_nothing() {
    let world = World::filled().await;
    let script = Scripted::new(&world.objects, &[Scene::Later(Duration::from_secs(5))]);
    let none = Interruption::none();
    let aborted = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.ask_under(&script, &none, &abort()).await.unwrap()
    };
    let call = complete();
    let (done, aborted) = tokio::join!(world.ask_under(&script, &none, &call), aborted);
    assert_eq!(done.unwrap().status, 200);
    assert_eq!((aborted.status, &aborted.body["status"]), (200, &json!("completing")));
    world.assert_whole("abort while completing");
    let after = world.ask(&abort()).await;
    assert_eq!((after.status, &after.body["status"]), (200, &json!("completed")));
    world.assert_whole("abort when complete");
}

#[tokio::test(start_paused = true)]
async fn a_part_sent_again_between_listing_and_completing_is_noticed() {
    let world = World::filled().await;
    let listed = listing(&world).await;
    world.objects.put_part(&upload_of(&world.session()), 2, &vec![7; usize::try_from(8 * MIB).unwrap()]).unwrap();
    let refused = world.ask(&listed).await;
    assert_eq!(refused.outcome(), (409, "parts-changed"));
    assert!(refused.body["detail"].as_str().unwrap().ends_with(": 2"), "{}", refused.body);
    world.assert_open("changed");
    assert_eq!(world.ask(&listing(&world).await).await.status, 200);
    world.assert_whole("listed anew");
}

#[tokio::test(start_paused = true)]
async fn a_part_sent_again_after_a_hand_over_is_noticed() {
    let world = World::filled().await;
    // S3 never hears of the first try, and whoever takes over finds other parts than were listed.
    let script = Scripted::new(&world.objects, &[Scene::Later(Duration::from_hours(1))]);
    let listed = listing(&world).await;
    assert_eq!(world.ask_under(&script, &Interruption::none(), &listed).await.unwrap().status, 202);
    world.objects.put_part(&upload_of(&world.session()), 3, &vec![7; usize::try_from(4 * MIB).unwrap()]).unwrap();
    let hand_over = HandOver::read(&world.queue.sent()[0]).unwrap();
    let multipart = Multipart { sessions: &world.records, store: &world.objects, now: ticking };
    let until = Instant::now() + Duration::from_mins(1);
    let problem = multipart.take_over(&hand_over, StoreLimits::S3, until).await.unwrap_err();
    assert_eq!(Problem::from(problem).code(), Code::PartsChanged);
    world.assert_open("changed");
}
