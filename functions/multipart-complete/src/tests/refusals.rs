//! A refused completion leaves the session open.

use super::*;

#[tokio::test]
async fn an_invalid_body_or_part_list_is_refused() {
    let part = |number: u64, etag: &str| json!({ "partNumber": number, "etag": etag });
    for (body, outcome) in [
        (json!({ "parts": [] }), (409, "parts-missing")),
        (json!({ "parts": [part(1, "a"), part(3, "c")] }), (409, "parts-missing")),
        (json!({ "parts": [part(2, "b"), part(1, "a")] }), (422, "invalid-part")),
        (json!({ "parts": [part(1, "a"), part(1, "a")] }), (422, "invalid-part")),
        (json!({ "parts": [part(1, "a"), part(2, "b"), part(3, "c"), part(4, "d")] }), (422, "invalid-part")),
        (json!({ "parts": [part(0, "a")] }), (422, "invalid-part")),
        (json!({ "parts": [part(1, "a\nb")] }), (422, "invalid-part")),
        (json!({ "parts": [part(1, "")] }), (422, "invalid-part")),
        (json!({ "parts": [part(4_294_967_296, "a")] }), (400, "invalid-body")),
        (json!({ "parts": [{ "partNumber": 1 }] }), (400, "invalid-body")),
        (json!({ "partz": [] }), (400, "invalid-body")),
        (json!({ "checksum": { "algorithm": "crc64nvme", "value": "?" } }), (400, "invalid-checksum")),
        (json!([]), (400, "invalid-body")),
        (json!("text"), (400, "invalid-body")),
    ] {
        let fixture = Fixture::with_all_parts().await;
        let answer = fixture.send(&complete().body(body.to_string())).await;
        assert_eq!(answer.outcome(), outcome, "{body}: {}", answer.body);
        fixture.assert_open(&body.to_string());
    }
    let fixture = Fixture::with_all_parts().await;
    assert_eq!(fixture.send(&complete().body("not JSON")).await.outcome(), (400, "invalid-json"));
    fixture.assert_open("not JSON");
}

#[tokio::test]
async fn parts_that_differ_from_the_plan_are_named() {
    for (parts, outcome, named) in [
        (&[(1, 8 * MIB), (3, 4 * MIB)][..], (409, "parts-missing"), '2'),
        (&[(1, 8 * MIB), (2, 8 * MIB - 1), (3, 4 * MIB)], (409, "parts-of-wrong-size"), '2'),
        (&[], (409, "parts-missing"), '3'),
    ] {
        let fixture = Fixture::default();
        let session = fixture.open(sized_plan(SIZE)).await;
        fixture.put_parts(&session, parts);
        let answer = fixture.send(&complete()).await;
        assert_eq!(answer.outcome(), outcome, "{parts:?}");
        assert!(answer.body["evidence"].as_str().unwrap().contains(named), "{}", answer.body);
        fixture.assert_open(&format!("{parts:?}"));
    }
}

#[tokio::test]
async fn an_unsized_session_is_limited_to_the_byte() {
    let plan = unsized_plan();
    for (last, outcome) in [(4 * MIB - 1, (200, "")), (4 * MIB, (200, "")), (4 * MIB + 1, (422, "too-large"))] {
        let fixture = Fixture::default();
        let session = fixture.open(plan).await;
        fixture.put_parts(&session, &[(1, 8 * MIB), (2, 8 * MIB), (3, last)]);
        let answer = fixture.send(&complete()).await;
        assert_eq!(answer.outcome(), outcome, "{last}: {}", answer.body);
        assert_eq!(fixture.objects.pending(), Vec::<String>::new(), "{last}: multipart uploads");
        assert_eq!(fixture.objects.is_empty(), answer.status != 200);
        assert_eq!(fixture.records.counted(&testkit::owner(ALICE)), 0);
    }
}

#[tokio::test]
async fn only_the_last_part_may_be_below_the_minimum_of_s3() {
    let fixture = Fixture::default();
    let session = fixture.open(unsized_plan()).await;
    fixture.put_parts(&session, &[(1, 5 * MIB - 1), (2, 5 * MIB)]);
    assert_eq!(fixture.send(&complete()).await.outcome(), (409, "parts-too-small"));
    fixture.assert_open("too small");
}

#[tokio::test]
async fn a_declared_size_must_be_reached_with_parts_of_any_size() {
    let size = ByteSize::from_bytes(SIZE);
    for (last, outcome) in
        [(4 * MIB - 1, (409, "parts-missing")), (4 * MIB, (200, "")), (4 * MIB + 1, (422, "too-large"))]
    {
        let fixture = Fixture::default();
        let session = fixture.open_with(unsized_plan(), SizeGrant::Exactly(size)).await;
        fixture.put_parts(&session, &[(1, 8 * MIB), (2, 8 * MIB), (3, last)]);
        let answer = fixture.send(&complete()).await;
        assert_eq!(answer.outcome(), outcome, "{last}: {}", answer.body);
        if answer.status == 409 {
            fixture.assert_open("a part is missing");
            fixture.put_parts(&session, &[(3, 4 * MIB)]);
            assert_eq!(fixture.send(&complete()).await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_checksum_that_the_session_does_not_support_is_refused() {
    let sha = json!({ "algorithm": "sha256", "value": "A".repeat(43) + "=" });
    let crc = json!({ "algorithm": "crc32", "value": "AAAAAA==" });
    let part = json!({ "partNumber": 1, "etag": "a", "checksum": "AAAAAA==" });
    for body in [json!({ "checksum": sha }), json!({ "checksum": crc }), json!({ "parts": [part] })] {
        let fixture = Fixture::with_all_parts().await;
        let answer = fixture.send(&complete().body(body.to_string())).await;
        assert_eq!(answer.outcome(), (422, "checksum-type-unsupported"), "{body}: {}", answer.body);
        fixture.assert_open(&body.to_string());
    }
}

#[tokio::test]
async fn a_part_checksum_must_be_valid() {
    for (checksum, outcome) in [("zzz", (400, "invalid-checksum")), ("AAAAAA==", (409, "parts-missing"))] {
        let fixture = Fixture::with_all_parts().await;
        let session = fixture.session();
        let terms = SessionTerms { part_checksum: ChecksumAlgorithm::from_name("crc32"), ..session.terms };
        fixture.records.store_session(Session { terms, ..session });
        let body = json!({ "parts": [{ "partNumber": 1, "etag": "a", "checksum": checksum }] });
        let answer = fixture.send(&complete().body(body.to_string())).await;
        assert_eq!(answer.outcome(), outcome, "{checksum}: {}", answer.body);
        fixture.assert_open(checksum);
    }
}

#[tokio::test]
async fn a_session_of_another_owner_is_not_found() {
    let fixture = Fixture::with_all_parts().await;
    for call in [complete().by(BOB), abort().by(BOB)] {
        assert_eq!(fixture.send(&call).await.outcome(), (404, "session-not-found"));
        fixture.assert_open("Bob");
    }
    let without_claims = ApiRequest::new("POST", &format!("/uploads/multipart/{}/complete", id(1)));
    assert_eq!(fixture.send(&without_claims).await.outcome(), (401, "unauthenticated"));
    fixture.assert_open("no claims");
}

#[tokio::test]
async fn an_unknown_session_is_not_found() {
    let fixture = Fixture::default();
    let invalid_id = ApiRequest::new("POST", "/uploads/multipart/not-an-id/complete").by(ALICE);
    for call in [complete(), abort(), invalid_id] {
        assert_eq!(fixture.send(&call).await.outcome(), (404, "session-not-found"));
        assert!(fixture.records.is_empty());
    }
}

#[tokio::test]
async fn a_route_of_another_function_is_refused() {
    let fixture = Fixture::default();
    for (method, path) in [
        ("POST", "/uploads/multipart//complete"),
        ("POST", "/uploads/multipart"),
        ("GET", "/s3/multipart/x"),
        ("GET", "/x"),
    ] {
        let answer = fixture.send(&ApiRequest::new(method, path).by(ALICE)).await;
        assert_eq!(answer.outcome(), (404, "no-such-route"), "{method} {path}");
    }
}
