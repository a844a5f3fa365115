//! Golden events in, sessions out; and nothing left where one is refused or its process dies.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::session::State;
use shared::testing::http::{Answer, Call, refusal_type, request};
use shared::testing::{ALICE, Interruption, Kind, MemoryObjects, MemoryRecords, ambient, config, golden_events, owner};

use super::*;

#[derive(Default)]
struct World {
    records: MemoryRecords,
    objects: MemoryObjects,
    policy: &'static str,
}

impl World {
    async fn ask_under(&self, trouble: &Interruption, request: Request) -> Option<Answer> {
        self.ask_as(trouble, request, ambient()).await
    }

    async fn ask_as(&self, trouble: &Interruption, request: Request, ambient: Ambient) -> Option<Answer> {
        let deps = Deps {
            config: config(&[("POLICY", self.policy)]),
            records: trouble.of(&self.records),
            store: trouble.of(&self.objects),
            ambient,
        };
        trouble.run(handle(&deps, request)).await.map(|response| Answer::of(&response.unwrap()))
    }

    async fn ask(&self, body: &Value) -> Answer {
        self.ask_under(&Interruption::none(), initiate(body).request()).await.unwrap()
    }

    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.objects.is_empty() && self.objects.pending().is_empty()
    }
}

fn initiate(body: &Value) -> Call {
    Call::new("POST", "/uploads/multipart").by(ALICE).body(body.to_string())
}

fn film(size: u64) -> Value {
    json!({ "filename": "film.mp4", "contentType": "video/mp4", "size": size })
}

#[tokio::test]
async fn every_golden_event_has_its_answer() {
    let expected = [
        ("sized", (201, "")),
        ("largest", (201, "")),
        ("unsized", (201, "")),
        ("part-checksums", (201, "")),
        ("whole-checksum", (201, "")),
        ("idempotency-key", (201, "")),
        ("bad-one-byte-more", (422, "too-large")),
        ("bad-checksum-unfit", (422, "checksum-unfit")),
        ("bad-no-claims", (401, "unauthenticated")),
        ("uppy-create-5", (200, "")),
        ("uppy-create-6", (200, "")),
        ("uppy-create-class", (200, "")),
        ("bad-uppy-no-filename", (400, "invalid-filename")),
    ];
    let events = golden_events("multipart-initiate");
    let (files, known): (BTreeSet<&str>, BTreeSet<&str>) =
        (events.keys().map(String::as_str).collect(), expected.iter().map(|(name, _)| *name).collect());
    assert_eq!(files, known, "every file is used, and every use has its file");
    for (name, outcome) in expected {
        let world = World::default();
        let answer = world.ask_under(&Interruption::none(), request(&events[name])).await.unwrap();
        assert_eq!(answer.outcome(), outcome, "{name}: {}", answer.body);
        if answer.status >= 400 {
            assert_eq!(answer.content_type, refusal_type(&events[name]), "{name}");
        }
        assert_eq!(world.is_empty(), name.starts_with("bad-"), "{name}");
    }
}

#[tokio::test]
async fn a_session_is_planned_opened_and_signed() {
    let world = World::default();
    let answer = world.ask(&film(20 << 20)).await;
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
    let [session] = world.records.sessions().try_into().unwrap();
    assert!(matches!(session.state, State::Open { .. }));
    assert_eq!(session.key.owner(), &owner(ALICE));
    assert_eq!(world.objects.pending().len(), 1);
}

#[tokio::test]
async fn the_first_page_is_short_and_says_where_to_go_on() {
    for (count, signed, next) in [(99, 99, Value::Null), (100, 100, Value::Null), (101, 100, json!(101))] {
        let answer = World::default().ask(&film(count * (8 << 20))).await;
        let body = &answer.body;
        assert_eq!((body["parts"].as_array().unwrap().len(), &body["next"]), (signed, &next), "{count}");
    }
    let largest = World::default().ask(&film(53_687_091_200_000)).await;
    assert_eq!((&largest.body["partCount"], &largest.body["partSize"]), (&json!(10_000), &json!(5_u64 << 30)));
    let checked = World::default();
    let mut body = film(20 << 20);
    body["partChecksum"] = "crc32c".into();
    let answer = checked.ask(&body).await;
    assert_eq!((&answer.body["parts"], &answer.body["next"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn a_refusal_leaves_nothing() {
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
        let world = World::default();
        let mut body = film(5 << 30);
        body[field] = value.clone();
        let answer = world.ask(&body).await;
        assert_eq!(answer.outcome(), outcome, "{field}: {value}: {}", answer.body);
        assert!(world.is_empty(), "{field}: {value}");
    }
}

#[tokio::test]
async fn metadata_leaves_room_for_the_generation() {
    // What one request could just carry does not fit beside the mark of a session.
    let fits = |length: usize, parts: bool| {
        let mut grant = shared::testing::grant(&owner(ALICE), 1);
        grant.metadata = [("x".to_owned(), "y".repeat(length))].into();
        if parts { grant.encode_for_parts().is_ok() } else { grant.encode().is_ok() }
    };
    let longest = |parts| (0..2048).take_while(|length| fits(*length, parts)).last().unwrap();
    assert!(longest(true) < longest(false));
}

#[tokio::test]
async fn the_same_key_and_body_begin_one_session() {
    let world = World::default();
    let none = Interruption::none();
    let keyed = |body: &Value| initiate(body).header("idempotency-key", "k").request();
    let first = world.ask_under(&none, keyed(&film(20 << 20))).await.unwrap();
    let later = Ambient { random: || [9; 10], ..ambient() };
    let again = world.ask_as(&none, keyed(&film(20 << 20)), later).await.unwrap();
    assert_eq!((again.status, &again.body["sessionId"]), (201, &first.body["sessionId"]));
    assert_eq!(again.body["parts"], first.body["parts"]);
    assert_eq!((world.records.sessions().len(), world.objects.pending().len()), (1, 1));
    let other = world.ask_as(&none, keyed(&film(21 << 20)), later).await.unwrap();
    assert_eq!(other.outcome(), (422, "idempotency-key-reused"));
    assert_eq!((world.records.sessions().len(), world.objects.pending().len()), (1, 1));
}

#[tokio::test]
async fn two_at_once_with_one_key_begin_one_session() {
    let world = World::default();
    let side_by_side = Interruption::interleaved();
    let ask = || {
        let request = initiate(&film(20 << 20)).header("idempotency-key", "k").request();
        world.ask_under(&side_by_side, request)
    };
    let (one, two) = tokio::join!(ask(), ask());
    assert_eq!(one.unwrap().body, two.unwrap().body);
    assert_eq!((world.records.sessions().len(), world.objects.pending().len()), (1, 1));
}

#[tokio::test]
async fn killed_or_failed_at_any_call_and_asked_again_nothing_is_begun_that_nobody_knows_of() {
    for (moment, kind) in Interruption::WAYS {
        let mut n = 0;
        loop {
            let world = World::default();
            let trouble = Interruption::at(n, moment, kind);
            let request = || initiate(&film(20 << 20)).header("idempotency-key", "k").request();
            let first = world.ask_under(&trouble, request()).await;
            let what = format!("call {n}, {moment:?} {kind:?}: {first:?}");
            // S3 has no upload that no session of the table leads to.
            assert!(world.objects.pending().is_empty() || !world.records.is_empty(), "{what}");
            assert_eq!(first.is_some_and(|first| first.status == 201), trouble.calls() <= n || kind == Kind::Repeat);
            let again = world.ask_under(&Interruption::none(), request()).await.unwrap();
            assert_eq!(again.status, 201, "{what}");
            let [session] = world.records.sessions().try_into().unwrap();
            let State::Open { upload } = &session.state else { panic!("{what}: {:?}", session.state) };
            assert!(world.objects.pending().contains(upload), "{what}");
            // The one that a dead process began has this session's key, where the reconciler finds it.
            assert!(world.objects.pending().len() <= 2, "{what}");
            if trouble.calls() <= n {
                break;
            }
            n += 1;
        }
        assert_eq!(n, 4, "key, intent, S3, session");
    }
}

#[tokio::test]
async fn sessions_without_a_size_are_counted_and_end_at_the_limit() {
    let policy = r#"{"version": 1, "classes": {"default": {"allow": [{"types": ["*/*"]}], "unsizedSessions": 2}}}"#;
    let world = World { policy, ..World::default() };
    let none = Interruption::none();
    let body = json!({ "filename": "film.mp4", "contentType": "video/mp4" });
    let ask =
        |random: fn() -> [u8; 10]| world.ask_as(&none, initiate(&body).request(), Ambient { random, ..ambient() });
    for random in [(|| [1; 10]) as fn() -> [u8; 10], || [2; 10]] {
        let answer = ask(random).await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!((&answer.body["partCount"], &answer.body["parts"][0]["size"]), (&Value::Null, &Value::Null));
        assert_eq!(answer.body["parts"][0]["headers"], json!({}));
    }
    let refused = ask(|| [3; 10]).await.unwrap();
    assert_eq!(refused.outcome(), (429, "too-many-sessions"));
    assert!(refused.body["detail"].as_str().unwrap().starts_with("2 uploads"));
    assert_eq!((world.objects.pending().len(), world.records.counted(&owner(ALICE))), (2, 2));
    // One with a size is no such session.
    let sized = world.ask_as(&none, initiate(&film(1)).request(), Ambient { random: || [4; 10], ..ambient() }).await;
    assert_eq!(sized.unwrap().status, 201);
}

#[tokio::test]
async fn beginning_costs_one_call_to_s3_and_two_to_the_table() {
    let (world, count) = (World::default(), Interruption::none());
    world.ask_under(&count, initiate(&film(20 << 20)).request()).await.unwrap();
    assert_eq!(count.calls(), 3);
}

#[tokio::test]
async fn an_outage_is_a_503() {
    let world = World::default();
    let answer = world.ask_under(&Interruption::outage(), initiate(&film(1)).request()).await.unwrap();
    assert_eq!(answer.outcome(), (503, "unavailable"));
    assert!(world.is_empty());
}
