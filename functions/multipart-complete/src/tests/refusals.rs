//! What is refused, and that it leaves the session as it was.

use super::*;

#[tokio::test]
async fn lists_that_make_no_object() {
    let part = |number: u64, etag: &str| json!({ "partNumber": number, "etag": etag });
    for (body, outcome, detail) in [
        (json!({ "parts": [] }), (409, "parts-missing"), "1-3"),
        (json!({ "parts": [part(1, "a"), part(3, "c")] }), (409, "parts-missing"), "missing: 2"),
        (json!({ "parts": [part(2, "b"), part(1, "a")] }), (422, "invalid-part"), "ascending"),
        (json!({ "parts": [part(1, "a"), part(1, "a")] }), (422, "invalid-part"), "ascending"),
        (
            json!({ "parts": [part(1, "a"), part(2, "b"), part(3, "c"), part(4, "d")] }),
            (422, "invalid-part"),
            "last one, 3",
        ),
        (json!({ "parts": [part(0, "a")] }), (422, "invalid-part"), "from 1"),
        (json!({ "parts": [part(1, "a\nb")] }), (422, "invalid-part"), "part 1"),
        (json!({ "parts": [part(1, "")] }), (422, "invalid-part"), "part 1"),
        (json!({ "parts": [part(4_294_967_296, "a")] }), (400, "invalid-body"), "u32"),
        (json!({ "parts": [{ "partNumber": 1 }] }), (400, "invalid-body"), "etag"),
        (json!({ "partz": [] }), (400, "invalid-body"), "partz"),
        (json!({ "checksum": { "algorithm": "crc64nvme", "value": "?" } }), (400, "invalid-checksum"), "8 bytes"),
        (json!([]), (400, "invalid-body"), "array"),
    ] {
        let world = World::filled().await;
        let answer = world.ask(&complete().body(body.to_string())).await;
        assert_eq!(answer.outcome(), outcome, "{body}: {}", answer.body);
        assert!(answer.body["detail"].as_str().unwrap().contains(detail), "{body}: {}", answer.body);
        world.assert_open(&body.to_string());
    }
    let world = World::filled().await;
    assert_eq!(world.ask(&complete().body("nonsense")).await.outcome(), (400, "invalid-json"));
    world.assert_open("nonsense");
}

#[tokio::test]
async fn parts_that_are_not_as_planned_are_named() {
    for (sizes, outcome, detail) in [
        (&[(1, 8 * MIB), (3, 4 * MIB)][..], (409, "parts-missing"), "missing: 2"),
        (&[(1, 8 * MIB), (2, 8 * MIB - 1), (3, 4 * MIB)], (409, "parts-of-wrong-size"), ": 2"),
        (&[], (409, "parts-missing"), "1-3"),
    ] {
        let world = World::default();
        let session = world.open(sized_plan(SIZE)).await;
        for (number, size) in sizes {
            world.objects.put_hollow_part(&upload_of(&session), *number, *size).unwrap();
        }
        let answer = world.ask(&complete()).await;
        assert_eq!(answer.outcome(), outcome, "{sizes:?}");
        assert!(answer.body["detail"].as_str().unwrap().contains(detail), "{}", answer.body);
        world.assert_open(detail);
    }
}

#[tokio::test]
async fn without_a_declared_size_the_limit_still_holds_to_the_byte() {
    let plan = unsized_plan();
    for (last, outcome) in [(4 * MIB - 1, (200, "")), (4 * MIB, (200, "")), (4 * MIB + 1, (422, "too-large"))] {
        let world = World::default();
        let session = world.open(plan).await;
        for (number, size) in [(1, 8 * MIB), (2, 8 * MIB), (3, last)] {
            world.objects.put_hollow_part(&upload_of(&session), number, size).unwrap();
        }
        let answer = world.ask(&complete()).await;
        assert_eq!(answer.outcome(), outcome, "{last}: {}", answer.body);
        assert_eq!(world.objects.pending(), Vec::<String>::new(), "{last}: uploads left");
        assert_eq!(world.objects.is_empty(), answer.status != 200);
        assert_eq!(world.records.counted(&shared::testing::owner(ALICE)), 0);
    }
    // Below the store's minimum, and not the last.
    let world = World::default();
    let session = world.open(plan).await;
    for (number, size) in [(1, 5 * MIB - 1), (2, 5 * MIB)] {
        world.objects.put_hollow_part(&upload_of(&session), number, size).unwrap();
    }
    assert_eq!(world.ask(&complete()).await.outcome(), (409, "parts-too-small"));
    world.assert_open("too small");
}

#[tokio::test]
async fn a_size_told_to_a_client_that_cuts_as_it_likes_has_to_be_reached() {
    let size = ByteSize::from_bytes(SIZE);
    for (last, outcome) in
        [(4 * MIB - 1, (409, "parts-missing")), (4 * MIB, (200, "")), (4 * MIB + 1, (422, "too-large"))]
    {
        let world = World::default();
        let session = world.open_for(unsized_plan(), SizeGrant::Exactly(size)).await;
        for (number, size) in [(1, 8 * MIB), (2, 8 * MIB), (3, last)] {
            world.objects.put_hollow_part(&upload_of(&session), number, size).unwrap();
        }
        let answer = world.ask(&complete()).await;
        assert_eq!(answer.outcome(), outcome, "{last}: {}", answer.body);
        if answer.status == 409 {
            world.assert_open("the rest may come");
            world.objects.put_hollow_part(&upload_of(&session), 3, 4 * MIB).unwrap();
            assert_eq!(world.ask(&complete()).await.status, 200);
        }
    }
}

#[tokio::test]
async fn checksums_that_the_session_can_t_have_are_refused_before_s3_is_asked() {
    let sha = json!({ "algorithm": "sha256", "value": "A".repeat(43) + "=" });
    let crc = json!({ "algorithm": "crc32", "value": "AAAAAA==" });
    let part = json!({ "partNumber": 1, "etag": "a", "checksum": "AAAAAA==" });
    for body in [json!({ "checksum": sha }), json!({ "checksum": crc }), json!({ "parts": [part] })] {
        let world = World::filled().await;
        let answer = world.ask(&complete().body(body.to_string())).await;
        assert_eq!(answer.outcome(), (422, "checksum-unfit"), "{body}: {}", answer.body);
        world.assert_open(&body.to_string());
    }
    // Where parts carry them, one has to be what it says.
    for (sum, outcome) in [("zzz", (400, "invalid-checksum")), ("AAAAAA==", (409, "parts-missing"))] {
        let world = World::filled().await;
        let session = world.session();
        let terms = Terms { part_checksum: ChecksumAlgorithm::named("crc32"), ..session.terms };
        world.records.store_session(Session { terms, ..session });
        let body = json!({ "parts": [{ "partNumber": 1, "etag": "a", "checksum": sum }] });
        let answer = world.ask(&complete().body(body.to_string())).await;
        assert_eq!(answer.outcome(), outcome, "{sum}: {}", answer.body);
        world.assert_open(sum);
    }
}

#[tokio::test]
async fn another_user_s_session_is_none() {
    let world = World::filled().await;
    for call in [complete().by(BOB), abort().by(BOB)] {
        assert_eq!(world.ask(&call).await.outcome(), (404, "session-not-found"));
        world.assert_open("Bob");
    }
    let nobody = Call::new("POST", &format!("/uploads/multipart/{}/complete", id(1)));
    assert_eq!(world.ask(&nobody).await.outcome(), (401, "unauthenticated"));
    for path in ["/uploads/multipart/nonsense/complete", "/uploads/multipart//complete"] {
        let odd = world.ask(&Call::new("POST", path).by(ALICE)).await;
        assert_eq!(odd.outcome(), (404, "session-not-found"), "{path}");
    }
    world.assert_open("nobody");
    let unknown = World::default();
    for call in [complete(), abort()] {
        assert_eq!(unknown.ask(&call).await.outcome(), (404, "session-not-found"));
        assert!(unknown.records.is_empty());
    }
}
