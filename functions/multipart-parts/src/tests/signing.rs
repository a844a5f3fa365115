//! `POST …/parts`: which parts are signed, with which headers, and how many in one answer.

use super::*;

#[tokio::test]
async fn part_numbers_and_ranges_are_signed_in_the_callers_order() {
    let fixture = Fixture::with_three_parts().await;
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
        let answer = fixture.send(&sign(&body)).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
        let signed: Vec<u64> =
            answer.body["parts"].as_array().unwrap().iter().map(|part| part["partNumber"].as_u64().unwrap()).collect();
        assert_eq!(signed, numbers, "{body}");
        assert_eq!(answer.body["next"], Value::Null);
    }
}

#[tokio::test]
async fn invalid_parts_and_bodies_are_refused() {
    let fixture = Fixture::with_three_parts().await;
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
        (json!({ "partNumbers": [1], "checksums": { "1": "AAAAAA==" } }), (422, "checksum-type-unsupported")),
    ] {
        let answer = fixture.send(&sign(&body)).await;
        assert_eq!(answer.outcome(), outcome, "{body}: {}", answer.body);
    }
}

#[tokio::test]
async fn with_part_checksums_each_url_is_bound_to_its_checksum() {
    let fixture = Fixture::with(sized_plan(SIZE), Some(ChecksumAlgorithm::Crc32c)).await;
    let answer = fixture.send(&sign(&json!({ "partNumbers": [2], "checksums": { "2": "AAAAAA==" } }))).await;
    let part = &answer.body["parts"][0];
    let expected = json!({ "content-length": (8 * MIB).to_string(), "x-amz-checksum-crc32c": "AAAAAA==" });
    assert_eq!(part["headers"], expected);
    let url = part["url"].as_str().unwrap();
    assert!(url.contains("X-Amz-SignedHeaders=content-length%3Bhost%3Bx-amz-checksum-crc32c"), "{url}");
    let missing = fixture.send(&sign(&json!({ "partNumbers": [1, 2], "checksums": { "2": "AAAAAA==" } }))).await;
    assert_eq!(missing.outcome(), (422, "checksum-required"));
    let wrong = fixture.send(&sign(&json!({ "partNumbers": [2], "checksums": { "2": "AAAA" } }))).await;
    assert_eq!(wrong.outcome(), (400, "invalid-checksum"));
}

#[tokio::test]
async fn ten_thousand_parts_are_signed_in_pages_within_lambdas_limit() {
    let fixture = Fixture::with(sized_plan(53_687_091_200_000), None).await;
    let (mut from, mut signed, mut pages) = (json!(1), BTreeSet::new(), 0);
    while from != Value::Null {
        let answer = fixture.send(&sign(&json!({ "from": from }))).await;
        assert_eq!(answer.status, 200);
        // Lambda's response contains the body as a JSON string.
        let bytes = serde_json::to_string(&answer.body.to_string()).unwrap().len();
        assert!(bytes < 6_000_000, "{bytes} bytes");
        let numbers = answer.body["parts"].as_array().unwrap().iter().map(|part| part["partNumber"].as_u64().unwrap());
        signed.extend(numbers);
        from = answer.body["next"].clone();
        pages += 1;
    }
    assert_eq!(signed, (1..=10_000).collect());
    assert!(pages > 1);
}

#[tokio::test]
async fn signing_makes_one_call_to_the_table_and_a_second_to_extend_the_session() {
    fn six_hours_later() -> Timestamp {
        now().checked_add(SignedDuration::from_hours(6)).unwrap()
    }
    fn seven_hours_later() -> Timestamp {
        now().checked_add(SignedDuration::from_hours(7)).unwrap()
    }
    let fixture = Fixture::with_three_parts().await;
    let call = sign(&json!({ "from": 1 }));
    // A session of 48 hours is extended when that adds more than an eighth of it: 6 hours.
    for (now, calls, hours) in [(now as fn() -> Timestamp, 1, 48), (six_hours_later, 1, 48), (seven_hours_later, 2, 55)]
    {
        let faults = FaultInjector::none();
        assert_eq!(fixture.send_at(now, &faults, call.request()).await.status, 200);
        let deadline = super::now().checked_add(SignedDuration::from_hours(hours)).unwrap();
        assert_eq!((faults.calls(), fixture.session().deadline), (calls, deadline));
    }
}

#[tokio::test]
async fn no_part_of_a_closed_session_is_signed_or_listed() {
    fn two_days_later() -> Timestamp {
        now().checked_add(SignedDuration::from_hours(48)).unwrap()
    }
    let fixture = Fixture::with_three_parts().await;
    let none = FaultInjector::none();
    let late = fixture.send_at(two_days_later, &none, sign(&json!({ "from": 1 })).request()).await;
    assert_eq!(late.outcome(), (410, "session-closed"));
    fixture.multipart().abort(&key(ALICE, id(1))).await.unwrap();
    for call in [sign(&json!({ "from": 1 })), list()] {
        assert_eq!(fixture.send(&call).await.outcome(), (410, "session-closed"));
    }
    assert!(fixture.objects.pending().is_empty());
}

#[tokio::test]
async fn without_a_declared_size_signing_ends_at_the_limit() {
    fn a_minute_later() -> Timestamp {
        now().checked_add(SignedDuration::from_mins(1)).unwrap()
    }
    fn two_minutes_later() -> Timestamp {
        now().checked_add(SignedDuration::from_mins(2)).unwrap()
    }
    let fixture = Fixture::with(unsized_plan(), None).await;
    let none = FaultInjector::none();
    // 20 MiB are at most four parts of at least 5 MiB.
    let four = fixture.send(&sign(&json!({ "partNumbers": [1, 2, 3, 4] }))).await;
    assert_eq!(four.body["parts"].as_array().unwrap().len(), 4);
    assert!(four.body["parts"][0].get("size").is_none());
    assert_eq!(fixture.send(&sign(&json!({ "partNumbers": [5] }))).await.outcome(), (422, "invalid-part"));
    // Once a minute, signing adds up the sizes of all parts. It aborts an upload above its limit.
    fixture.objects.put_hollow_part(&fixture.upload_id(), 1, SIZE).unwrap();
    let signed = fixture.send_at(a_minute_later, &none, sign(&json!({ "partNumbers": [2] })).request()).await;
    assert_eq!(signed.status, 200, "exactly the limit: {}", signed.body);
    fixture.objects.put_hollow_part(&fixture.upload_id(), 2, 1).unwrap();
    assert_eq!(
        fixture.send_at(a_minute_later, &none, sign(&json!({ "partNumbers": [3] })).request()).await.status,
        200
    );
    let over = fixture.send_at(two_minutes_later, &none, sign(&json!({ "partNumbers": [3] })).request()).await;
    assert_eq!(over.outcome(), (422, "too-large"));
    assert!(fixture.objects.pending().is_empty());
    assert_eq!(fixture.records.counted(&owner(ALICE)), 0);
}
