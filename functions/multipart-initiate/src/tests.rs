//! Requests create sessions and uploads; refused requests create nothing, and interrupted ones can be repeated.

use std::collections::BTreeSet;

use policy::Grant;
use policy::session::State;
use serde_json::{Value, json};
use testkit::http::{ApiRequest, ApiResponse, refusal_type, request};
use testkit::{ALICE, FaultInjector, FaultKind, MemoryObjects, MemoryRecords, config, env, golden_events, owner};

use super::*;

#[derive(Default)]
struct Fixture {
    records: MemoryRecords,
    objects: MemoryObjects,
    policy: &'static str,
}

impl Fixture {
    /// The response to `request`, or `None` when `faults` killed the function.
    async fn send_interrupted(&self, faults: &FaultInjector, request: Request) -> Option<ApiResponse> {
        self.send_in(env(), faults, request).await
    }

    async fn send_in(&self, env: Env, faults: &FaultInjector, request: Request) -> Option<ApiResponse> {
        let deps = Deps {
            config: config(&[("POLICY", self.policy)]),
            records: faults.of(&self.records),
            objects: faults.of(&self.objects),
            env,
        };
        faults.run(deps.handle(request)).await.map(|response| ApiResponse::of(&response))
    }

    async fn send(&self, request: Request) -> ApiResponse {
        self.send_interrupted(&FaultInjector::none(), request).await.unwrap()
    }

    async fn create(&self, body: &Value) -> ApiResponse {
        self.send(create(body).request()).await
    }

    /// How many sessions the table has, and how many uploads in progress S3 has.
    fn counts(&self) -> (usize, usize) {
        (self.records.sessions().len(), self.objects.pending().len())
    }

    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.objects.is_empty() && self.objects.pending().is_empty()
    }
}

fn create(body: &Value) -> ApiRequest {
    ApiRequest::new("POST", "/uploads/multipart").by(ALICE).body(body.to_string())
}

fn create_with_key(body: &Value) -> Request {
    create(body).header("idempotency-key", "k").request()
}

fn video(size: u64) -> Value {
    json!({ "filename": "film.mp4", "contentType": "video/mp4", "size": size })
}

#[tokio::test]
async fn golden_events_get_the_expected_answers() {
    let expected = [
        ("sized", (201, "")),
        ("largest", (201, "")),
        ("unsized", (201, "")),
        ("part-checksums", (201, "")),
        ("whole-checksum", (201, "")),
        ("idempotency-key", (201, "")),
        ("bad-one-byte-more", (422, "too-large")),
        ("bad-checksum-type-unsupported", (422, "checksum-type-unsupported")),
        ("bad-no-claims", (401, "unauthenticated")),
        ("uppy-create-5", (200, "")),
        ("uppy-create-6", (200, "")),
        ("uppy-create-class", (200, "")),
        ("bad-uppy-no-filename", (400, "invalid-filename")),
    ];
    let events = golden_events("multipart-initiate");
    let (files, known): (BTreeSet<&str>, BTreeSet<&str>) =
        (events.keys().map(String::as_str).collect(), expected.iter().map(|(name, _)| *name).collect());
    assert_eq!(files, known, "the golden events and the expectations have the same names");
    for (name, outcome) in expected {
        let fixture = Fixture::default();
        let answer = fixture.send(request(&events[name])).await;
        assert_eq!(answer.outcome(), outcome, "{name}: {}", answer.body);
        if answer.status >= 400 {
            assert_eq!(answer.content_type, refusal_type(&events[name]), "{name}");
        }
        assert_eq!(fixture.is_empty(), name.starts_with("bad-"), "{name}");
    }
}

#[tokio::test]
async fn creating_opens_a_session_and_signs_its_parts() {
    let fixture = Fixture::default();
    let answer = fixture.create(&video(20 << 20)).await;
    let body = &answer.body;
    assert_eq!(body["id"], body["sessionId"]);
    assert_eq!((&body["partSize"], &body["partCount"]), (&json!(8 << 20), &json!(3)));
    assert_eq!(body["expiresAt"], "2026-11-10T12:00:00.25Z");
    assert_eq!(body["next"], Value::Null);
    let parts = body["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 3);
    for (i, part) in parts.iter().enumerate() {
        let size = if i == 2 { 4 << 20 } else { 8 << 20 };
        assert_eq!((&part["partNumber"], &part["size"]), (&json!(i + 1), &json!(size)));
        assert_eq!(part["headers"], json!({ "content-length": size.to_string() }));
        let url = part["url"].as_str().unwrap();
        assert!(url.contains(&format!("partNumber={}&uploadId=upload-", i + 1)), "{url}");
        assert!(url.contains("X-Amz-SignedHeaders=content-length%3Bhost"), "{url}");
        assert_eq!(part["expiresAt"], "2026-11-03T12:15:00Z");
    }
    let [session] = fixture.records.sessions().try_into().unwrap();
    assert!(matches!(session.state, State::Open { .. }));
    assert_eq!(session.key.owner(), &owner(ALICE));
    assert_eq!(fixture.objects.pending().len(), 1);
}

#[tokio::test]
async fn the_first_page_has_at_most_100_parts_and_the_number_of_the_next() {
    for (count, signed, next) in [(99, 99, Value::Null), (100, 100, Value::Null), (101, 100, json!(101))] {
        let answer = Fixture::default().create(&video(count * (8 << 20))).await;
        let body = &answer.body;
        assert_eq!((body["parts"].as_array().unwrap().len(), &body["next"]), (signed, &next), "{count}");
    }
    let largest = Fixture::default().create(&video(53_687_091_200_000)).await;
    assert_eq!((&largest.body["partCount"], &largest.body["partSize"]), (&json!(10_000), &json!(5_u64 << 30)));
    let mut body = video(20 << 20);
    body["partChecksum"] = "crc32c".into();
    let answer = Fixture::default().create(&body).await;
    assert_eq!((&answer.body["parts"], &answer.body["next"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn a_refused_request_creates_nothing() {
    for (field, value, outcome) in [
        ("size", json!(0), (422, "too-small")),
        ("size", json!(53_687_091_200_001_u64), (422, "too-large")),
        ("size", json!(-1), (400, "invalid-size")),
        ("size", json!(0.5), (400, "invalid-size")),
        ("size", json!(1e300), (400, "invalid-size")),
        ("filename", json!("../x.mp4"), (400, "invalid-filename")),
        ("contentType", json!("video/x-unknown"), (422, "type-not-allowed")),
        ("class", json!("nonsense"), (422, "unknown-class")),
        ("partChecksum", json!("md5"), (400, "invalid-checksum")),
        ("method", json!("PUT"), (400, "invalid-body")),
        ("metadata", json!({ "x": "y".repeat(2048) }), (400, "metadata-too-large")),
    ] {
        let fixture = Fixture::default();
        let mut body = video(5 << 30);
        body[field] = value.clone();
        let answer = fixture.create(&body).await;
        assert_eq!(answer.outcome(), outcome, "{field}: {value}: {}", answer.body);
        assert!(fixture.is_empty(), "{field}: {value}");
    }
}

#[tokio::test]
async fn metadata_must_fit_beside_the_generation_of_a_multipart_upload() {
    let metadata = |length: usize| [("x".to_owned(), "y".repeat(length))].into();
    let body = |length: usize| {
        let mut body = video(1);
        body["metadata"] = json!({ "x": "y".repeat(length) });
        body
    };
    let fixture = Fixture::default();
    fixture.create(&video(1)).await;
    let [session] = fixture.records.sessions().try_into().unwrap();
    let grant = |length| Grant { metadata: metadata(length), ..session.grant.clone() };
    let longest = (1..2048).take_while(|length| grant(*length).encode_for_multipart().is_ok()).last().unwrap();
    assert_eq!(Fixture::default().create(&body(longest)).await.status, 201);
    let refused = Fixture::default().create(&body(longest + 1)).await;
    assert_eq!(refused.outcome(), (400, "metadata-too-large"));
    assert!(grant(longest + 1).encode().is_ok(), "an upload in one request has more space");
}

#[tokio::test]
async fn the_same_idempotency_key_and_body_create_one_session() {
    let fixture = Fixture::default();
    let first = fixture.send(create_with_key(&video(20 << 20))).await;
    let other_env = Env { random: || [9; 10], ..env() };
    let none = FaultInjector::none();
    let second = fixture.send_in(other_env, &none, create_with_key(&video(20 << 20))).await.unwrap();
    assert_eq!((second.status, &second.body["sessionId"]), (201, &first.body["sessionId"]));
    assert_eq!(second.body["parts"], first.body["parts"]);
    assert_eq!(fixture.counts(), (1, 1));
    let other_body = fixture.send_in(other_env, &none, create_with_key(&video(21 << 20))).await.unwrap();
    assert_eq!(other_body.outcome(), (422, "idempotency-key-reused"));
    assert_eq!(fixture.counts(), (1, 1));
}

#[tokio::test]
async fn concurrent_requests_with_the_same_idempotency_key_create_one_session() {
    let fixture = Fixture::default();
    let interleaved = FaultInjector::interleaved();
    let send = || fixture.send_interrupted(&interleaved, create_with_key(&video(20 << 20)));
    let (one, two) = tokio::join!(send(), send());
    assert_eq!(one.unwrap().body, two.unwrap().body);
    assert_eq!(fixture.counts(), (1, 1));
}

#[tokio::test]
async fn after_an_interruption_at_any_call_a_repeated_request_succeeds_and_no_upload_lacks_a_session() {
    for (moment, kind) in FaultInjector::WAYS {
        let mut n = 0;
        loop {
            let fixture = Fixture::default();
            let faults = FaultInjector::at(n, moment, kind);
            let request = || create_with_key(&video(20 << 20));
            let first = fixture.send_interrupted(&faults, request()).await;
            let case = format!("call {n}, {moment:?} {kind:?}: {first:?}");
            assert!(fixture.objects.pending().is_empty() || !fixture.records.is_empty(), "{case}");
            let created = first.is_some_and(|first| first.status == 201);
            assert_eq!(created, faults.calls() <= n || kind == FaultKind::Repeat, "{case}");
            assert_eq!(fixture.send(request()).await.status, 201, "{case}");
            let [session] = fixture.records.sessions().try_into().unwrap();
            let State::Open { upload } = &session.state else { panic!("{case}: {:?}", session.state) };
            assert!(fixture.objects.pending().contains(upload), "{case}");
            // The interrupted request may leave a second upload under the session's key. The reconciler aborts it.
            assert!(fixture.objects.pending().len() <= 2, "{case}");
            if faults.calls() <= n {
                break;
            }
            n += 1;
        }
        assert_eq!(n, 4, "idempotency key, session, S3, session");
    }
}

#[tokio::test]
async fn sessions_without_a_declared_size_are_limited_per_owner() {
    let policy = r#"{"version": 1, "classes": {"default": {"allow": [{"types": ["*/*"]}], "unsizedSessions": 2}}}"#;
    let fixture = Fixture { policy, ..Fixture::default() };
    let none = FaultInjector::none();
    let send = |body: &Value, random: fn() -> [u8; 10]| {
        fixture.send_in(Env { random, ..env() }, &none, create(body).request())
    };
    let body = json!({ "filename": "film.mp4", "contentType": "video/mp4" });
    for random in [(|| [1; 10]) as fn() -> [u8; 10], || [2; 10]] {
        let answer = send(&body, random).await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!((&answer.body["partCount"], &answer.body["parts"][0]["size"]), (&Value::Null, &Value::Null));
        assert_eq!(answer.body["parts"][0]["headers"], json!({}));
    }
    let refused = send(&body, || [3; 10]).await.unwrap();
    assert_eq!(refused.outcome(), (429, "too-many-sessions"));
    assert_eq!((fixture.objects.pending().len(), fixture.records.counted(&owner(ALICE))), (2, 2));
    let sized = send(&video(1), || [4; 10]).await.unwrap();
    assert_eq!(sized.status, 201, "a session with a declared size does not count");
}

#[tokio::test]
async fn creating_makes_two_calls_to_the_table_and_one_to_s3() {
    let (fixture, faults) = (Fixture::default(), FaultInjector::none());
    fixture.send_interrupted(&faults, create(&video(20 << 20)).request()).await.unwrap();
    assert_eq!(faults.calls(), 3);
}

#[tokio::test]
async fn an_outage_is_a_503() {
    let fixture = Fixture::default();
    let answer = fixture.send_interrupted(&FaultInjector::outage(), create(&video(1)).request()).await.unwrap();
    assert_eq!(answer.outcome(), (503, "unavailable"));
    assert!(fixture.is_empty());
}
