//! Completions and aborts by Uppy and Companion clients.

use std::time::Duration;

use lambda_http_kit::HttpHandler;
use policy::key::ObjectKey;
use policy::parts::PartPlan;
use policy::s3_limits::StoreLimits;
use policy::session::{Session, State};
use policy::size::ByteSize;
use serde_json::{Value, json};
use testkit::http::{ApiRequest, ApiResponse};
use testkit::scripted::{CompleteFault, ScriptedBucket};
use testkit::{ALICE, BOB, BUCKET, MemoryObjects, MemoryQueue, MemoryRecords, config, env, id, key, session_of};

use super::*;

const PART: u64 = 5 << 20;

type MemoryDeps = Deps<MemoryRecords, MemoryObjects, MemoryQueue>;

/// A session of Alice's for at most `limit` bytes, parts of these sizes in S3, and their `ETag`s.
async fn open(limit: u64, sizes: &[u64]) -> (MemoryDeps, ObjectKey, Vec<String>) {
    let deps = Deps {
        config: config(&[]),
        records: MemoryRecords::default(),
        objects: MemoryObjects::default(),
        completions: MemoryQueue::default(),
        env: env(),
    };
    let key = key(ALICE, id(1));
    let plan = PartPlan::unsized_up_to(ByteSize::from_bytes(limit), ByteSize::from_bytes(PART), StoreLimits::S3);
    let session = deps.multipart().open(Session { plan, ..session_of(&key, 1) }, None).await.unwrap();
    let State::Open { upload } = session.state else { panic!("{:?}", session.state) };
    let put = |(number, size): (u32, &u64)| deps.objects.put_hollow_part(&upload, number, *size).unwrap();
    let etags = (1..).zip(sizes).map(put).map(|etag| etag.as_str().to_owned()).collect();
    (deps, key, etags)
}

fn part_list(parts: impl IntoIterator<Item = (u32, String)>) -> Value {
    let parts = parts.into_iter().map(|(number, etag)| json!({ "PartNumber": number, "ETag": etag }));
    json!({ "parts": parts.collect::<Value>() })
}

fn complete(key: &ObjectKey, body: &Value) -> ApiRequest {
    ApiRequest::new("POST", &format!("/s3/multipart/{}/complete", key.id())).by(ALICE).body(body.to_string())
}

fn abort(key: &ObjectKey) -> ApiRequest {
    ApiRequest::new("DELETE", &format!("/s3/multipart/{}", key.id())).by(ALICE)
}

async fn send(deps: &impl HttpHandler, call: ApiRequest) -> ApiResponse {
    ApiResponse::of(&deps.handle(call.request()).await)
}

fn state(records: &MemoryRecords, key: &ObjectKey) -> State {
    records.session_of(key.id()).unwrap().state
}

#[tokio::test(start_paused = true)]
async fn etags_may_be_quoted() {
    let (deps, key, etags) = open(20 * PART, &[PART, PART, 1]).await;
    let body = part_list([(1, etags[0].clone()), (2, format!("\"{}\"", etags[1])), (3, etags[2].clone())]);
    let answer = send(&deps, complete(&key, &body)).await;
    assert_eq!(answer.outcome(), (200, ""), "{}", answer.body);
    let location = format!("https://{BUCKET}.s3.eu-central-1.amazonaws.com/{key}");
    let expected = json!({ "location": location, "key": key.to_string(), "bucket": BUCKET });
    assert_eq!(answer.body, expected);
    assert_eq!(deps.objects.kept(&key).len(), 1);
    // After a lost response the client sends both again.
    assert_eq!(send(&deps, abort(&key)).await.body, json!({}));
    assert_eq!(send(&deps, complete(&key, &body)).await.body, expected);
    assert!(matches!(state(&deps.records, &key), State::Completed(_)));
}

#[tokio::test(start_paused = true)]
async fn a_slow_completion_is_queued_and_answers_200() {
    let (deps, key, etags) = open(20 * PART, &[PART, 1]).await;
    let Deps { config, records, objects, completions, env } = deps;
    let script = ScriptedBucket::new(&objects, &[CompleteFault::Later(Duration::from_secs(30))]);
    let deps = Deps { config, records, objects: script, completions, env };
    let answer = send(&deps, complete(&key, &part_list((1..).zip(etags)))).await;
    assert_eq!((answer.outcome(), &answer.body["key"]), ((200, ""), &json!(key.to_string())));
    assert_eq!(deps.completions.sent().len(), 1);
    // An abort does not change the session any more.
    assert_eq!(send(&deps, abort(&key)).await.body, json!({}));
    assert!(matches!(state(&deps.records, &key), State::Completing(_)));
}

#[tokio::test(start_paused = true)]
async fn an_xml_request_gets_an_xml_response() {
    let (deps, key, etags) = open(20 * PART, &[PART, 1]).await;
    let part = |number, etag: &str| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
    let parts = [part(1, &etags[0]), part(2, &format!("&quot;{}&quot;", etags[1]))].concat();
    let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    let path = format!("/s3/multipart/{}/complete", key.id());
    let call = ApiRequest::new("POST", &path).query("xml").by(ALICE).body(body);
    let answer = deps.handle(call.request()).await;
    let Body::Text(xml) = answer.body() else { panic!("text") };
    assert_eq!(answer.status(), 200, "{xml}");
    assert!(xml.starts_with("<CompleteMultipartUploadResult><Location>https://"), "{xml}");
    assert!(xml.contains(&format!("<Key>{key}</Key>")), "{xml}");
}

#[tokio::test(start_paused = true)]
async fn an_invalid_part_list_leaves_the_session_open() {
    let (deps, key, etags) = open(20 * PART, &[PART, PART, 1]).await;
    let (one, two, three) = (etags[0].clone(), etags[1].clone(), etags[2].clone());
    for (body, expected) in [
        (json!({}), (400, "invalid-body")),
        (json!({ "parts": [{ "PartNumber": "1", "ETag": one }] }), (400, "invalid-body")),
        (json!({ "parts": [{ "PartNumber": 1 }] }), (400, "invalid-body")),
        (part_list([(0, one.clone())]), (422, "invalid-part")),
        (part_list([(1, String::new())]), (422, "invalid-part")),
        (part_list([(2, two.clone()), (1, one.clone())]), (422, "invalid-part")),
        (part_list([]), (409, "parts-missing")),
        (part_list([(1, one.clone()), (3, three.clone())]), (409, "parts-missing")),
        (part_list([(1, one.clone()), (2, one.clone()), (3, three)]), (409, "parts-changed")),
    ] {
        let answer = send(&deps, complete(&key, &body)).await;
        assert_eq!(answer.outcome(), expected, "{body}: {}", answer.body);
    }
    assert_eq!(deps.objects.kept(&key), Vec::<String>::new());
    assert!(matches!(state(&deps.records, &key), State::Open { .. }));
}

#[tokio::test(start_paused = true)]
async fn an_upload_above_its_limit_is_aborted() {
    let (deps, key, etags) = open(2 * PART, &[PART, PART + 1]).await;
    let answer = send(&deps, complete(&key, &part_list((1..).zip(etags)))).await;
    assert_eq!(answer.outcome(), (422, "too-large"), "{}", answer.body);
    assert!(matches!(state(&deps.records, &key), State::Aborted(_)));
    assert_eq!((deps.objects.pending().len(), deps.objects.kept(&key).len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_parts_fit_into_one_request() {
    let (deps, key, etags) = open(10_000 * PART, &vec![PART; 10_000]).await;
    let body = part_list((1..).zip(etags));
    assert!(body.to_string().len() < 1_000_000);
    assert_eq!(send(&deps, complete(&key, &body)).await.outcome(), (200, ""));
}

#[tokio::test]
async fn an_abort_answers_an_empty_object() {
    let (deps, key, _) = open(20 * PART, &[PART]).await;
    let path = format!("/avatar/s3/multipart/{}", key.id());
    let abort_by = |subject: &str| ApiRequest::new("DELETE", &path).query("key=x").by(subject);
    assert_eq!(send(&deps, abort_by(BOB)).await.outcome(), (404, "session-not-found"));
    assert_eq!(deps.objects.pending().len(), 1);
    for _ in 0..2 {
        let answer = send(&deps, abort_by(ALICE)).await;
        assert_eq!((answer.status, answer.body), (200, json!({})));
    }
    assert_eq!(deps.objects.pending(), Vec::<String>::new());
    let unknown = ApiRequest::new("DELETE", "/s3/multipart/not-an-id").by(ALICE);
    assert_eq!(send(&deps, unknown).await.outcome(), (404, "session-not-found"));
}
