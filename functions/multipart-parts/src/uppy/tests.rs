//! Listing and signing as Uppy wants them, and `signRequest`.

use serde_json::{Value, json};
use shared::key::ObjectKey;
use shared::parts::PartPlan;
use shared::s3_limits::StoreLimits;
use shared::session::{Session, State};
use shared::size::ByteSize;
use shared::testing::http::{Answer, Call};
use shared::testing::{ALICE, BOB, MemoryObjects, MemoryRecords, ambient, config, id, key, now, session_of};

use super::*;
use crate::handle as answer_request;

const PART: u64 = 5 << 20;

type World = Deps<MemoryRecords, MemoryObjects>;

/// A session of Alice's that may take twenty parts.
async fn world() -> (World, ObjectKey) {
    let (sessions, store) = (MemoryRecords::default(), MemoryObjects::default());
    let deps = Deps { config: config(&[]), sessions, store, ambient: ambient() };
    let key = key(ALICE, id(1));
    let limit = ByteSize::from_bytes(20 * PART);
    let plan = PartPlan::unsized_up_to(limit, ByteSize::from_bytes(PART), StoreLimits::S3);
    let session = Session { plan, ..session_of(&key, 1) };
    deps.multipart().open(Session { deadline: session.deadline.max(now()), ..session }, None).await.unwrap();
    (deps, key)
}

async fn ask(world: &World, call: Call) -> Answer {
    Answer::of(&answer_request(world, call.request()).await.unwrap())
}

async fn get(world: &World, path: &str, query: &str) -> Answer {
    ask(world, Call::new("GET", path).query(query).by(ALICE)).await
}

fn s3_upload(world: &World, key: &ObjectKey) -> String {
    match world.sessions.session_of(key.id()).unwrap().state {
        State::Open { upload } => upload,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn parts_are_listed_as_an_array_of_numbers() {
    let (world, key) = world().await;
    let path = format!("/s3/multipart/{}", key.id());
    // The key is what Uppy sends along, and says nothing.
    assert_eq!(get(&world, &path, "key=somebody%2Felse").await.body, json!([]));
    let etag = world.store.put_hollow_part(&s3_upload(&world, &key), 2, PART).unwrap();
    let expected = json!([{ "PartNumber": 2, "ETag": format!("\"{}\"", etag.as_str()), "Size": PART }]);
    assert_eq!(get(&world, &path, "").await.body, expected);
    let xml = answer_request(&world, Call::new("GET", &path).query("xml").by(ALICE).request()).await.unwrap();
    let Body::Text(xml) = xml.body() else { panic!("text") };
    assert!(xml.contains("<PartNumber>2</PartNumber><ETag>&quot;"), "{xml}");
}

#[tokio::test]
async fn an_upload_that_s3_has_lost_lists_nothing_and_goes_on() {
    let (world, key) = world().await;
    let lost = s3_upload(&world, &key);
    world.store.put_hollow_part(&lost, 1, PART).unwrap();
    world.store.lose(&lost);
    assert_eq!(get(&world, &format!("/s3/multipart/{}", key.id()), "").await.body, json!([]));
    assert_ne!(s3_upload(&world, &key), lost);
}

#[tokio::test]
async fn a_part_is_signed_for_host_alone() {
    let (world, key) = world().await;
    let answer = get(&world, &format!("/avatar/s3/multipart/{}/20", key.id()), "key=x").await;
    assert_eq!((answer.outcome(), &answer.body["expires"]), ((200, ""), &json!(900)));
    let url = answer.body["url"].as_str().unwrap();
    assert!(url.contains(&format!("/{key}?")) && url.contains("&X-Amz-SignedHeaders=host&"), "{url}");
    assert!(url.contains(&format!("partNumber=20&uploadId={}", s3_upload(&world, &key))), "{url}");
    let names: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["expires", "url"]);
}

#[tokio::test]
async fn a_batch_is_an_object_by_number() {
    let (world, key) = world().await;
    let answer = get(&world, &format!("/s3/multipart/{}/batch", key.id()), "key=x&partNumbers=1,2,20").await;
    let urls = answer.body["presignedUrls"].as_object().unwrap();
    assert_eq!(urls.keys().collect::<Vec<_>>(), ["1", "2", "20"]);
    assert!(urls["2"].as_str().unwrap().contains("partNumber=2&"));
}

#[tokio::test]
async fn numbers_that_are_none_or_beyond_the_limit_are_refused() {
    let (world, key) = world().await;
    let path = format!("/s3/multipart/{}", key.id());
    for number in ["0", "-1", "1.5", "one", "99999999999"] {
        assert_eq!(
            get(&world, &format!("{path}/{number}"), "").await.outcome(),
            (400, "invalid-parameter"),
            "{number}"
        );
    }
    for query in ["", "partNumbers=", "partNumbers=1,x"] {
        assert_eq!(get(&world, &format!("{path}/batch"), query).await.outcome(), (400, "invalid-parameter"), "{query}");
    }
    assert_eq!(get(&world, &format!("{path}/20"), "").await.outcome(), (200, ""));
    let beyond = [("21", ""), ("10001", ""), ("4294967295", ""), ("batch", "partNumbers=20,21")];
    for (number, query) in beyond {
        let answer = get(&world, &format!("{path}/{number}"), query).await;
        assert_eq!(answer.outcome(), (422, "too-large"), "{number} {query}");
    }
    assert_eq!(world.store.pending().len(), 1, "what has not filled its limit stays");
}

#[tokio::test]
async fn a_file_that_can_not_keep_to_its_limit_is_given_up_once_it_has_filled_it() {
    let (world, key) = world().await;
    let (path, upload) = (format!("/s3/multipart/{}", key.id()), s3_upload(&world, &key));
    for arrived in [19, 20, 20] {
        for number in 1..=arrived {
            world.store.put_hollow_part(&upload, number, PART);
        }
        let answer = get(&world, &format!("{path}/21"), "").await;
        assert_eq!(answer.outcome(), (422, "too-large"));
        assert_eq!(answer.body["message"], "the file is above the maximum of 100 MiB for this upload");
        assert_eq!(world.store.pending().len(), usize::from(arrived == 19));
    }
    assert_eq!(get(&world, &format!("{path}/20"), "").await.outcome(), (410, "session-closed"));
}

#[tokio::test]
async fn a_session_is_its_owners_alone() {
    let (world, key) = world().await;
    let id = key.id().to_string();
    let part = json!({ "method": "PUT", "key": key.to_string(), "uploadId": id, "partNumber": 1 });
    for (method, path) in [
        ("GET", format!("/s3/multipart/{id}")),
        ("GET", format!("/s3/multipart/{id}/1")),
        ("GET", format!("/s3/multipart/{id}/batch")),
        ("POST", "/s3/sign".to_owned()),
    ] {
        let call = Call::new(method, &path).query("partNumbers=1").body(part.to_string());
        assert_eq!(ask(&world, call.clone().by(BOB)).await.outcome(), (404, "session-not-found"), "{path}");
        assert_eq!(ask(&world, call).await.outcome(), (401, "unauthenticated"), "{path}");
    }
    assert_eq!(get(&world, "/s3/multipart/unheard-of", "").await.outcome(), (404, "session-not-found"));
}

async fn sign(world: &World, path: &str, body: &Value) -> Answer {
    let call = Call::new("POST", path).by(ALICE).header("authorization", "Bearer t").body(body.to_string());
    ask(world, call).await
}

#[tokio::test]
async fn a_client_that_speaks_s3_sends_bytes_to_s3_and_all_else_to_us() {
    let (world, key) = world().await;
    let id = key.id().to_string();
    let part = sign(&world, "/s3/sign", &json!({ "method": "PUT", "key": "k", "uploadId": id, "partNumber": 3 })).await;
    assert_eq!(part.body.as_object().unwrap().len(), 1);
    assert!(part.body["url"].as_str().unwrap().contains("partNumber=3&"));

    let name = "0b4c3b8e-5d0f-4f0e-9d6f-2f1f6f3f9a11-me.png";
    let whole = json!({ "method": "PUT", "key": name, "contentType": "image/png", "size": 72 });
    let whole = sign(&world, "/avatar/s3/sign", &whole).await;
    assert_eq!(whole.outcome(), (200, ""), "{}", whole.body);
    assert_eq!((&whole.body["fields"]["content-type"], whole.body.get("headers")), (&json!("image/png"), None));
    assert!(whole.body["fields"]["key"].as_str().unwrap().starts_with("1/"));

    let list = sign(&world, "/s3/sign", &json!({ "method": "GET", "key": "k", "uploadId": id })).await;
    assert_eq!(list.body["url"], format!("https://api.example/s3/multipart/{}?xml", id.replace('-', "%2D")));
    assert_eq!(list.body["headers"], json!({ "authorization": "Bearer t" }));
    let large = json!({ "method": "PUT", "key": "a.png", "size": 5_000_001 });
    assert_eq!(sign(&world, "/avatar/s3/sign", &large).await.outcome(), (422, "too-large"));
    assert_eq!(
        sign(&world, "/s3/sign", &json!({ "method": "DELETE", "key": "k" })).await.outcome(),
        (400, "invalid-body")
    );
}

#[tokio::test]
async fn what_would_not_be_created_is_not_signed() {
    let (world, _) = world().await;
    let create = |key: &str, more: Value| {
        let mut body = json!({ "method": "POST", "key": key, "expiresIn": 900 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let png = json!({ "type": "image/png" });
    for (path, body, expected) in [
        ("/s3/sign", create("a.png", json!({ "type": "image/png", "size": 7 })), (200, "")),
        ("/avatar/s3/sign", create("a.txt", json!({ "type": "text/plain" })), (422, "type-not-allowed")),
        ("/avatar/s3/sign", create("a.txt", png.clone()), (422, "extension-not-allowed")),
        ("/avatar/s3/sign", create("a.png", json!({ "type": "image/png", "size": 5_000_001 })), (422, "too-large")),
        ("/giant/s3/sign", create("a.png", png.clone()), (422, "unknown-class")),
        ("/s3/sign", create("a.png", json!({ "class": "giant" })), (422, "unknown-class")),
        ("/s3/sign", create("a.png", json!({ "type": "png" })), (400, "invalid-content-type")),
        ("/s3/sign", create("", png.clone()), (400, "invalid-filename")),
        ("/avatar/s3/sign", create("a.png", json!({ "metadata": { "album": "x" } })), (422, "metadata-not-allowed")),
        (
            "/s3/sign",
            create("a.png", json!({ "type": "image/png", "metadata": { "album": "x".repeat(2000) } })),
            (400, "metadata-too-large"),
        ),
        // Uppy says the type when it creates, and not before: what hinges on it waits until then.
        ("/avatar/s3/sign", create("a", json!({})), (200, "")),
        ("/avatar/s3/sign", create("a.txt", json!({})), (200, "")),
        ("/avatar/s3/sign", create("a.png", json!({ "size": 5_000_001 })), (200, "")),
    ] {
        let answer = sign(&world, path, &body).await;
        assert_eq!(answer.outcome(), expected, "{path} {body}: {}", answer.body);
        assert_eq!(answer.body.get("url").is_some(), expected.0 == 200, "{path} {body}");
    }
    let large =
        sign(&world, "/avatar/s3/sign", &create("a.png", json!({ "type": "image/png", "size": 6_000_000 }))).await;
    assert_eq!(large.body["message"], "6 MB is above the maximum of 5 MB for this type");
    assert_eq!(world.store.pending().len(), 1, "signing begins nothing");
}
