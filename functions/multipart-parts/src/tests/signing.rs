//! Which parts are signed, with what, and how many to an answer.

use super::*;

#[tokio::test]
async fn numbers_and_ranges_in_the_caller_s_order() {
    let world = World::open().await;
    for (body, numbers) in [
        (json!({ "partNumbers": [3, 1] }), vec![3, 1]),
        (json!({ "partNumbers": [2, 2] }), vec![2, 2]),
        (json!({ "partNumbers": [] }), vec![]),
        (json!({ "from": 1 }), vec![1, 2, 3]),
        (json!({ "from": 2, "count": 1 }), vec![2]),
        (json!({ "from": 2, "count": 100 }), vec![2, 3]),
        (json!({ "from": 3, "count": 4_294_967_295_u32 }), vec![3]),
        (json!({ "from": 1, "count": 0 }), vec![]),
    ] {
        let answer = world.ask(&sign(&body)).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
        let signed: Vec<u64> =
            answer.body["parts"].as_array().unwrap().iter().map(|part| part["partNumber"].as_u64().unwrap()).collect();
        assert_eq!(signed, numbers, "{body}");
        assert_eq!(answer.body["next"], Value::Null);
    }
}

#[tokio::test]
async fn what_no_plan_has_is_refused() {
    let world = World::open().await;
    for (body, outcome) in [
        (json!({ "partNumbers": [0] }), (422, "invalid-part")),
        (json!({ "partNumbers": [1, 4] }), (422, "invalid-part")),
        (json!({ "from": 0 }), (422, "invalid-part")),
        (json!({ "from": 4 }), (422, "invalid-part")),
        (json!({ "from": 4_294_967_295_u32 }), (422, "invalid-part")),
        (json!({ "from": -1 }), (400, "invalid-body")),
        (json!({ "partNumbers": [1.5] }), (400, "invalid-body")),
        (json!({ "partNumbers": [1], "from": 1 }), (400, "invalid-body")),
        (json!({ "partNumbers": [1], "count": 1 }), (400, "invalid-body")),
        (json!({}), (400, "invalid-body")),
        (json!({ "all": true }), (400, "invalid-body")),
        (json!({ "partNumbers": [1], "checksums": { "1": "AAAAAA==" } }), (422, "checksum-unfit")),
    ] {
        let answer = world.ask(&sign(&body)).await;
        assert_eq!(answer.outcome(), outcome, "{body}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_session_with_checksums_binds_every_part_to_its_own() {
    let world = World::with(sized_plan(SIZE), Some(ChecksumAlgorithm::Crc32c)).await;
    let answer = world.ask(&sign(&json!({ "partNumbers": [2], "checksums": { "2": "AAAAAA==" } }))).await;
    let part = &answer.body["parts"][0];
    let expected = json!({ "content-length": (8 * MIB).to_string(), "x-amz-checksum-crc32c": "AAAAAA==" });
    assert_eq!(part["headers"], expected);
    let url = part["url"].as_str().unwrap();
    assert!(url.contains("X-Amz-SignedHeaders=content-length%3Bhost%3Bx-amz-checksum-crc32c"), "{url}");
    let missing = world.ask(&sign(&json!({ "partNumbers": [1, 2], "checksums": { "2": "AAAAAA==" } }))).await;
    assert_eq!(missing.outcome(), (422, "checksum-required"));
    let wrong = world.ask(&sign(&json!({ "partNumbers": [2], "checksums": { "2": "AAAA" } }))).await;
    assert_eq!(wrong.outcome(), (400, "invalid-checksum"));
}

#[tokio::test]
async fn ten_thousand_parts_are_signed_page_by_page_and_no_page_is_too_long_for_lambda() {
    let world = World::with(sized_plan(53_687_091_200_000), None).await;
    let (mut from, mut signed, mut pages) = (json!(1), BTreeSet::new(), 0);
    while from != Value::Null {
        let answer = world.ask(&sign(&json!({ "from": from }))).await;
        assert_eq!(answer.status, 200);
        // As Lambda carries it: the body as a string within the response.
        let carried = serde_json::to_string(&answer.body.to_string()).unwrap().len();
        assert!(carried < 6_000_000, "{carried} bytes");
        let numbers = answer.body["parts"].as_array().unwrap().iter().map(|part| part["partNumber"].as_u64().unwrap());
        signed.extend(numbers);
        from = answer.body["next"].clone();
        pages += 1;
    }
    assert_eq!(signed, (1..=10_000).collect());
    assert!(pages > 1, "one page would have been enough");
}

#[tokio::test]
async fn signing_costs_one_call_to_the_table_and_one_more_only_when_it_prolongs() {
    fn six_hours_on() -> Timestamp {
        now().checked_add(SignedDuration::from_hours(6)).unwrap()
    }
    fn seven_hours_on() -> Timestamp {
        now().checked_add(SignedDuration::from_hours(7)).unwrap()
    }
    let world = World::open().await;
    let call = sign(&json!({ "from": 1 }));
    // The session lives for 48 hours: an eighth of that is worth a write.
    for (now, calls, hours) in [(now as fn() -> Timestamp, 1, 48), (six_hours_on, 1, 48), (seven_hours_on, 2, 55)] {
        let count = Interruption::none();
        assert_eq!(world.ask_at(now, &count, call.request()).await.status, 200);
        let deadline = super::now().checked_add(SignedDuration::from_hours(hours)).unwrap();
        assert_eq!((count.calls(), world.session().deadline), (calls, deadline));
    }
}

#[tokio::test]
async fn no_part_is_signed_for_a_session_that_is_over() {
    fn two_days_on() -> Timestamp {
        now().checked_add(SignedDuration::from_hours(48)).unwrap()
    }
    let world = World::open().await;
    let none = Interruption::none();
    let late = world.ask_at(two_days_on, &none, sign(&json!({ "from": 1 })).request()).await;
    assert_eq!(late.outcome(), (410, "session-closed"));
    let multipart = Multipart { sessions: &world.records, store: &world.objects, now };
    multipart.abort(&key(ALICE, id(1))).await.unwrap();
    for call in [sign(&json!({ "from": 1 })), list()] {
        assert_eq!(world.ask(&call).await.outcome(), (410, "session-closed"));
    }
    assert!(world.objects.pending().is_empty());
}

#[tokio::test]
async fn without_a_size_signing_ends_where_the_limit_does() {
    fn a_minute_on() -> Timestamp {
        now().checked_add(SignedDuration::from_mins(1)).unwrap()
    }
    fn two_minutes_on() -> Timestamp {
        now().checked_add(SignedDuration::from_mins(2)).unwrap()
    }
    let world = World::with(unsized_plan(), None).await;
    let none = Interruption::none();
    // 20 MiB in parts of 5 MiB.
    let four = world.ask(&sign(&json!({ "partNumbers": [1, 2, 3, 4] }))).await;
    assert_eq!(four.body["parts"].as_array().unwrap().len(), 4);
    assert!(four.body["parts"][0].get("size").is_none());
    assert_eq!(world.ask(&sign(&json!({ "partNumbers": [5] }))).await.outcome(), (422, "invalid-part"));
    // Larger parts than that are noticed within a minute, and the upload is given up.
    world.objects.put_hollow_part(&world.upload(), 1, SIZE).unwrap();
    let signed = world.ask_at(a_minute_on, &none, sign(&json!({ "partNumbers": [2] })).request()).await;
    assert_eq!(signed.status, 200, "exactly the limit: {}", signed.body);
    world.objects.put_hollow_part(&world.upload(), 2, 1).unwrap();
    assert_eq!(world.ask_at(a_minute_on, &none, sign(&json!({ "partNumbers": [3] })).request()).await.status, 200);
    let over = world.ask_at(two_minutes_on, &none, sign(&json!({ "partNumbers": [3] })).request()).await;
    assert_eq!(over.outcome(), (422, "too-large"));
    assert!(world.objects.pending().is_empty());
    assert_eq!(world.records.counted(&owner(ALICE)), 0);
}
