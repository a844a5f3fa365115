//! Everything that S3 has, from any device.

use shared::session::{Asked, Completing, Lease};

use super::*;

#[tokio::test]
async fn ten_thousand_parts_come_back_complete() {
    for count in [0, 1, 999, 1000, 1001, 10_000] {
        let world = World::with(sized_plan(53_687_091_200_000), None).await;
        for number in 1..=count {
            world.objects.put_hollow_part(&world.upload(), number, 5 << 30).unwrap();
        }
        let answer = world.ask(&list()).await;
        let parts = answer.body["parts"].as_array().unwrap();
        assert_eq!(parts.len(), usize::try_from(count).unwrap());
        for (i, part) in parts.iter().enumerate() {
            assert_eq!((&part["partNumber"], &part["size"]), (&json!(i + 1), &json!(5_u64 << 30)));
            let etag = part["etag"].as_str().unwrap();
            assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
        }
    }
}

#[tokio::test]
async fn a_lost_upload_lists_nothing_and_goes_on_under_the_same_session() {
    let world = World::open().await;
    world.objects.put_hollow_part(&world.upload(), 1, 8 * MIB).unwrap();
    let lost = world.upload();
    world.objects.lose(&lost);
    let answer = world.ask(&list()).await;
    assert_eq!((answer.status, &answer.body["parts"]), (200, &json!([])));
    assert_ne!(world.upload(), lost);
    assert_eq!(world.objects.pending(), [world.upload()]);
    let signed = world.ask(&sign(&json!({ "from": 1, "count": 1 }))).await;
    assert!(signed.body["parts"][0]["url"].as_str().unwrap().contains(&world.upload()));
}

#[tokio::test]
async fn a_session_that_was_begun_by_a_dead_process_is_begun_by_listing_or_signing() {
    for call in [list(), sign(&json!({ "from": 1 }))] {
        let world = World::open().await;
        let begun = world.upload();
        world.records.store_session(Session { state: State::Opening, ..world.session() });
        assert_eq!(world.ask(&call).await.status, 200);
        assert_ne!(world.upload(), begun);
    }
}

#[tokio::test]
async fn what_s3_hides_while_it_puts_it_together_is_listed_as_it_was_asked_for() {
    let world = World::with(unsized_plan(), None).await;
    let upload = world.upload();
    world.objects.lose(&upload);
    for (listed, expected) in [(Some("3:0123456789abcdef"), json!([1, 2, 3])), (None, json!([]))] {
        let lease = Lease { holder: "another".to_owned(), until: now() + SignedDuration::from_mins(1) };
        let asked = Asked { listed: listed.map(str::to_owned), checksum: None };
        let state = State::Completing(Completing { upload: upload.clone(), lease, asked });
        world.records.store_session(Session { state, ..world.session() });
        let answer = world.ask(&list()).await;
        let numbers = answer.body["parts"].as_array().unwrap().iter().map(|part| part["partNumber"].clone());
        assert_eq!(numbers.collect::<Value>(), expected);
        assert_eq!(world.objects.pending(), Vec::<String>::new(), "nothing is begun anew");
    }
}

#[tokio::test]
async fn above_the_limit_listing_gives_it_up() {
    let world = World::with(unsized_plan(), None).await;
    world.objects.put_hollow_part(&world.upload(), 1, SIZE).unwrap();
    assert_eq!(world.ask(&list()).await.status, 200);
    world.objects.put_hollow_part(&world.upload(), 2, 1).unwrap();
    let over = world.ask(&list()).await;
    assert_eq!(over.outcome(), (422, "too-large"));
    assert!(over.body["detail"].as_str().unwrap().contains("20 MiB"), "{}", over.body);
    assert!(world.objects.pending().is_empty());
    assert_eq!(world.ask(&list()).await.outcome(), (410, "session-closed"));
}

#[tokio::test]
async fn an_outage_is_a_503_and_changes_nothing() {
    let world = World::open().await;
    let before = world.session();
    for call in [list(), sign(&json!({ "from": 1 }))] {
        let answer = world.ask_at(now, &Interruption::outage(), call.request()).await;
        assert_eq!(answer.outcome(), (503, "unavailable"));
        assert_eq!(world.session(), before);
    }
}
