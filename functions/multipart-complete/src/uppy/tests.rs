//! Completing and giving up as Uppy asks for them.

use std::time::Duration;

use serde_json::{Value, json};
use shared::key::ObjectKey;
use shared::parts::PartPlan;
use shared::s3_limits::StoreLimits;
use shared::session::{Session, State};
use shared::size::ByteSize;
use shared::testing::http::{Answer, Call};
use shared::testing::scripted::{Scene, Scripted};
use shared::testing::{
    ALICE, BOB, BUCKET, MemoryObjects, MemoryQueue, MemoryRecords, ambient, config, id, key, session_of,
};

use super::*;
use crate::handle as answer_request;

const PART: u64 = 5 << 20;

type World = Deps<MemoryRecords, MemoryObjects, MemoryQueue>;

/// A session of Alice's for at most `limit` bytes, with parts of these sizes in S3, and their `ETag`s.
async fn world(limit: u64, sizes: &[u64]) -> (World, ObjectKey, Vec<String>) {
    let (sessions, store) = (MemoryRecords::default(), MemoryObjects::default());
    let deps = Deps { config: config(&[]), sessions, store, completions: MemoryQueue::default(), ambient: ambient() };
    let key = key(ALICE, id(1));
    let plan = PartPlan::unsized_up_to(ByteSize::from_bytes(limit), ByteSize::from_bytes(PART), StoreLimits::S3);
    let session = deps.multipart().open(Session { plan, ..session_of(&key, 1) }, None).await.unwrap();
    let State::Open { upload } = session.state else { panic!("{:?}", session.state) };
    let put = |(number, size): (u32, &u64)| deps.store.put_hollow_part(&upload, number, *size).unwrap();
    let etags = (1..).zip(sizes).map(put).map(|etag| etag.as_str().to_owned()).collect();
    (deps, key, etags)
}

fn named(parts: impl IntoIterator<Item = (u32, String)>) -> Value {
    let parts = parts.into_iter().map(|(number, etag)| json!({ "PartNumber": number, "ETag": etag }));
    json!({ "parts": parts.collect::<Value>() })
}

fn call(key: &ObjectKey, body: &Value) -> Call {
    Call::new("POST", &format!("/s3/multipart/{}/complete", key.id())).by(ALICE).body(body.to_string())
}

async fn ask(world: &World, call: Call) -> Answer {
    Answer::of(&answer_request(world, call.request()).await.unwrap())
}

fn state(world: &World, key: &ObjectKey) -> State {
    world.sessions.session_of(key.id()).unwrap().state
}

#[tokio::test(start_paused = true)]
async fn etags_may_be_quoted_or_not() {
    let (world, key, etags) = world(20 * PART, &[PART, PART, 1]).await;
    let body = named([(1, etags[0].clone()), (2, format!("\"{}\"", etags[1])), (3, etags[2].clone())]);
    let answer = ask(&world, call(&key, &body)).await;
    assert_eq!(answer.outcome(), (200, ""), "{}", answer.body);
    let location = format!("https://{BUCKET}.s3.eu-central-1.amazonaws.com/{key}");
    let expected = json!({ "location": location, "key": key.to_string(), "bucket": BUCKET });
    assert_eq!(answer.body, expected);
    assert_eq!(world.store.kept(&key).len(), 1);
    // The answer was lost: the same question has the same answer, and giving up changes nothing.
    let delete = Call::new("DELETE", &format!("/s3/multipart/{}", key.id())).by(ALICE);
    assert_eq!(ask(&world, delete).await.body, json!({}));
    assert_eq!(ask(&world, call(&key, &body)).await.body, expected);
    assert!(matches!(state(&world, &key), State::Completed(_)));
}

#[tokio::test(start_paused = true)]
async fn a_completion_that_outlasts_the_gateway_is_handed_over_and_answered_as_done() {
    let (world, key, etags) = world(20 * PART, &[PART, 1]).await;
    let script = Scripted::new(&world.store, &[Scene::Later(Duration::from_secs(30))]);
    let Deps { config, sessions, completions, ambient, .. } = world;
    let deps = Deps { config, sessions, store: script, completions, ambient };
    let body = named((1..).zip(etags));
    let answer = Answer::of(&answer_request(&deps, call(&key, &body).request()).await.unwrap());
    assert_eq!((answer.outcome(), &answer.body["key"]), ((200, ""), &json!(key.to_string())));
    assert_eq!(deps.completions.sent().len(), 1, "somebody finishes it");
    // Version 5 would send this after a failure; nothing it says can hurt any more.
    let delete = Call::new("DELETE", &format!("/s3/multipart/{}", key.id())).by(ALICE);
    assert_eq!(Answer::of(&answer_request(&deps, delete.request()).await.unwrap()).body, json!({}));
    assert!(matches!(deps.sessions.session_of(key.id()).unwrap().state, State::Completing(_)));
}

#[tokio::test(start_paused = true)]
async fn s3s_own_words_are_understood() {
    let (world, key, etags) = world(20 * PART, &[PART, 1]).await;
    let part = |number, etag: &str| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
    let body = [part(1, &etags[0]), part(2, &format!("&quot;{}&quot;", etags[1]))].concat();
    let body = format!("<CompleteMultipartUpload>{body}</CompleteMultipartUpload>");
    let path = format!("/s3/multipart/{}/complete", key.id());
    let call = Call::new("POST", &path).query("xml").by(ALICE).body(body);
    let answer = answer_request(&world, call.request()).await.unwrap();
    let Body::Text(xml) = answer.body() else { panic!("text") };
    assert_eq!(answer.status(), 200, "{xml}");
    assert!(xml.starts_with("<CompleteMultipartUploadResult><Location>https://"), "{xml}");
    assert!(xml.contains(&format!("<Key>{key}</Key>")), "{xml}");
}

#[tokio::test(start_paused = true)]
async fn parts_must_be_the_parts() {
    let (world, key, etags) = world(20 * PART, &[PART, PART, 1]).await;
    let (one, two, three) = (etags[0].clone(), etags[1].clone(), etags[2].clone());
    for (body, expected) in [
        (json!({}), (400, "invalid-body")),
        (json!({ "parts": [{ "PartNumber": "1", "ETag": one }] }), (400, "invalid-body")),
        (json!({ "parts": [{ "PartNumber": 1 }] }), (400, "invalid-body")),
        (named([(0, one.clone())]), (422, "invalid-part")),
        (named([(1, String::new())]), (422, "invalid-part")),
        (named([(2, two.clone()), (1, one.clone())]), (422, "invalid-part")),
        (named([]), (409, "parts-missing")),
        (named([(1, one.clone()), (3, three.clone())]), (409, "parts-missing")),
        (named([(1, one.clone()), (2, one.clone()), (3, three)]), (409, "parts-changed")),
    ] {
        let answer = ask(&world, call(&key, &body)).await;
        assert_eq!(answer.outcome(), expected, "{body}: {}", answer.body);
    }
    assert_eq!(world.store.kept(&key), Vec::<String>::new());
    assert!(matches!(state(&world, &key), State::Open { .. }), "nothing is lost by asking wrongly");
}

#[tokio::test(start_paused = true)]
async fn what_is_above_the_limit_is_given_up() {
    let (world, key, etags) = world(2 * PART, &[PART, PART + 1]).await;
    let answer = ask(&world, call(&key, &named((1..).zip(etags)))).await;
    assert_eq!(answer.outcome(), (422, "too-large"), "{}", answer.body);
    assert!(matches!(state(&world, &key), State::Aborted(_)));
    assert_eq!((world.store.pending().len(), world.store.kept(&key).len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_parts_fit_into_one_request() {
    let (world, key, etags) = world(10_000 * PART, &vec![PART; 10_000]).await;
    let body = named((1..).zip(etags));
    assert!(body.to_string().len() < 1_000_000);
    assert_eq!(ask(&world, call(&key, &body)).await.outcome(), (200, ""));
}

#[tokio::test]
async fn deletion_answers_an_empty_object() {
    let (world, key, _) = world(20 * PART, &[PART]).await;
    let path = format!("/avatar/s3/multipart/{}", key.id());
    let delete = |who: &str| Call::new("DELETE", &path).query("key=x").by(who);
    assert_eq!(ask(&world, delete(BOB)).await.outcome(), (404, "session-not-found"));
    assert_eq!(world.store.pending().len(), 1);
    for _ in 0..2 {
        let answer = ask(&world, delete(ALICE)).await;
        assert_eq!((answer.status, answer.body), (200, json!({})));
    }
    assert_eq!(world.store.pending(), Vec::<String>::new());
    let gone = Call::new("DELETE", "/s3/multipart/unheard-of").by(ALICE);
    assert_eq!(ask(&world, gone).await.outcome(), (404, "session-not-found"));
}
