//! Uppy's routes to list and sign parts, and `POST /s3/sign` for `signRequest`.

use lambda_http_kit::HttpHandler;
use policy::key::ObjectKey;
use policy::s3_limits::StoreLimits;
use policy::session::{Session, State};
use policy::size::ByteSize;
use serde_json::{Value, json};
use testkit::http::{ApiRequest, ApiResponse};
use testkit::{ALICE, BOB, MemoryObjects, MemoryRecords, config, env, id, key, now, session_of};

use super::*;
const PART_SIZE: u64 = 5 << 20;

type MemoryDeps = Deps<MemoryRecords, MemoryObjects>;

/// With a session of Alice's, limited to the size of twenty parts.
async fn deps_and_session() -> (MemoryDeps, ObjectKey) {
    let (records, objects) = (MemoryRecords::default(), MemoryObjects::default());
    let deps = Deps { config: config(&[]), records, objects, env: env() };
    let key = key(ALICE, id(1));
    let limit = ByteSize::from_bytes(20 * PART_SIZE);
    let plan = PartPlan::unsized_up_to(limit, ByteSize::from_bytes(PART_SIZE), StoreLimits::S3);
    let session = Session { plan, ..session_of(&key, 1) };
    deps.multipart().open(Session { deadline: session.deadline.max(now()), ..session }, None).await.unwrap();
    (deps, key)
}

async fn send(deps: &MemoryDeps, call: ApiRequest) -> ApiResponse {
    ApiResponse::of(&deps.handle(call.request()).await)
}

async fn get(deps: &MemoryDeps, path: &str, query: &str) -> ApiResponse {
    send(deps, ApiRequest::new("GET", path).query(query).by(ALICE)).await
}

/// S3's id of the session's multipart upload.
fn s3_upload_id(deps: &MemoryDeps, key: &ObjectKey) -> String {
    match deps.records.session_of(key.id()).unwrap().state {
        State::Open { upload } => upload,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn parts_are_listed_as_an_array_or_as_s3s_xml() {
    let (deps, key) = deps_and_session().await;
    let path = format!("/s3/multipart/{}", key.id());
    // Uppy sends the key too. It is ignored.
    assert_eq!(get(&deps, &path, "key=another%2Fkey").await.body, json!([]));
    let etag = deps.objects.put_hollow_part(&s3_upload_id(&deps, &key), 2, PART_SIZE).unwrap();
    let expected = json!([{ "PartNumber": 2, "ETag": format!("\"{}\"", etag.as_str()), "Size": PART_SIZE }]);
    assert_eq!(get(&deps, &path, "").await.body, expected);
    let xml = deps.handle(ApiRequest::new("GET", &path).query("xml").by(ALICE).request()).await;
    let Body::Text(xml) = xml.body() else { panic!("text") };
    assert!(xml.contains("<PartNumber>2</PartNumber><ETag>&quot;"), "{xml}");
}

#[tokio::test]
async fn an_upload_that_s3_has_lost_is_recreated_without_parts() {
    let (deps, key) = deps_and_session().await;
    let lost = s3_upload_id(&deps, &key);
    deps.objects.put_hollow_part(&lost, 1, PART_SIZE).unwrap();
    deps.objects.lose(&lost);
    assert_eq!(get(&deps, &format!("/s3/multipart/{}", key.id()), "").await.body, json!([]));
    assert_ne!(s3_upload_id(&deps, &key), lost);
}

#[tokio::test]
async fn a_part_url_signs_only_the_host_header() {
    let (deps, key) = deps_and_session().await;
    let answer = get(&deps, &format!("/avatar/s3/multipart/{}/20", key.id()), "key=x").await;
    assert_eq!((answer.outcome(), &answer.body["expires"]), ((200, ""), &json!(900)));
    let url = answer.body["url"].as_str().unwrap();
    assert!(url.contains(&format!("/{key}?")) && url.contains("&X-Amz-SignedHeaders=host&"), "{url}");
    assert!(url.contains(&format!("partNumber=20&uploadId={}", s3_upload_id(&deps, &key))), "{url}");
    let names: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["expires", "url"]);
}

#[tokio::test]
async fn a_batch_is_an_object_with_a_url_for_each_number() {
    let (deps, key) = deps_and_session().await;
    let answer = get(&deps, &format!("/s3/multipart/{}/batch", key.id()), "key=x&partNumbers=1,2,20").await;
    let urls = answer.body["presignedUrls"].as_object().unwrap();
    assert_eq!(urls.keys().collect::<Vec<_>>(), ["1", "2", "20"]);
    assert!(urls["2"].as_str().unwrap().contains("partNumber=2&"));
}

#[tokio::test]
async fn invalid_numbers_and_numbers_beyond_the_limit_are_refused() {
    let (deps, key) = deps_and_session().await;
    let path = format!("/s3/multipart/{}", key.id());
    for number in ["0", "-1", "1.5", "one", "99999999999"] {
        assert_eq!(get(&deps, &format!("{path}/{number}"), "").await.outcome(), (400, "invalid-parameter"), "{number}");
    }
    for query in ["", "partNumbers=", "partNumbers=1,x"] {
        assert_eq!(get(&deps, &format!("{path}/batch"), query).await.outcome(), (400, "invalid-parameter"), "{query}");
    }
    assert_eq!(get(&deps, &format!("{path}/20"), "").await.outcome(), (200, ""));
    let beyond = [("21", ""), ("10001", ""), ("4294967295", ""), ("batch", "partNumbers=20,21")];
    for (number, query) in beyond {
        let answer = get(&deps, &format!("{path}/{number}"), query).await;
        assert_eq!(answer.outcome(), (422, "too-large"), "{number} {query}");
    }
    assert_eq!(deps.objects.pending().len(), 1, "an upload below its limit is not aborted");
}

#[tokio::test]
async fn a_file_above_the_limit_is_aborted_once_all_parts_up_to_the_limit_are_stored() {
    let (deps, key) = deps_and_session().await;
    let (path, upload_id) = (format!("/s3/multipart/{}", key.id()), s3_upload_id(&deps, &key));
    for stored in [19, 20, 20] {
        for number in 1..=stored {
            deps.objects.put_hollow_part(&upload_id, number, PART_SIZE);
        }
        let answer = get(&deps, &format!("{path}/21"), "").await;
        assert_eq!(answer.outcome(), (422, "too-large"));
        assert_eq!(deps.objects.pending().len(), usize::from(stored == 19));
    }
    assert_eq!(get(&deps, &format!("{path}/20"), "").await.outcome(), (410, "session-closed"));
}

#[tokio::test]
async fn only_the_owner_finds_a_session() {
    let (deps, key) = deps_and_session().await;
    let id = key.id().to_string();
    let part = json!({ "method": "PUT", "key": key.to_string(), "uploadId": id, "partNumber": 1 });
    for (method, path) in [
        ("GET", format!("/s3/multipart/{id}")),
        ("GET", format!("/s3/multipart/{id}/1")),
        ("GET", format!("/s3/multipart/{id}/batch")),
        ("POST", "/s3/sign".to_owned()),
    ] {
        let call = ApiRequest::new(method, &path).query("partNumbers=1").body(part.to_string());
        assert_eq!(send(&deps, call.clone().by(BOB)).await.outcome(), (404, "session-not-found"), "{path}");
        assert_eq!(send(&deps, call).await.outcome(), (401, "unauthenticated"), "{path}");
    }
    assert_eq!(get(&deps, "/s3/multipart/unknown", "").await.outcome(), (404, "session-not-found"));
}

async fn sign(deps: &MemoryDeps, path: &str, body: &Value) -> ApiResponse {
    let call = ApiRequest::new("POST", path).by(ALICE).header("authorization", "Bearer t").body(body.to_string());
    send(deps, call).await
}

#[tokio::test]
async fn signed_requests_with_bytes_go_to_s3_and_all_others_to_this_api() {
    let (deps, key) = deps_and_session().await;
    let id = key.id().to_string();
    let part = sign(&deps, "/s3/sign", &json!({ "method": "PUT", "key": "k", "uploadId": id, "partNumber": 3 })).await;
    assert_eq!(part.body.as_object().unwrap().len(), 1);
    assert!(part.body["url"].as_str().unwrap().contains("partNumber=3&"));

    let name = "0b4c3b8e-5d0f-4f0e-9d6f-2f1f6f3f9a11-me.png";
    let file = json!({ "method": "PUT", "key": name, "contentType": "image/png", "size": 72 });
    let form = sign(&deps, "/avatar/s3/sign", &file).await;
    assert_eq!(form.outcome(), (200, ""), "{}", form.body);
    assert_eq!((&form.body["fields"]["content-type"], form.body.get("headers")), (&json!("image/png"), None));
    assert!(form.body["fields"]["key"].as_str().unwrap().starts_with("1/"));

    let list = sign(&deps, "/s3/sign", &json!({ "method": "GET", "key": "k", "uploadId": id })).await;
    assert_eq!(list.body["url"], format!("https://api.example/s3/multipart/{}?xml", id.replace('-', "%2D")));
    assert_eq!(list.body["headers"], json!({ "authorization": "Bearer t" }));
    let call = ApiRequest::new("POST", "/s3/sign").by(ALICE).header("x-forwarded-prefix", "/files/");
    let below = send(&deps, call.body(json!({ "method": "GET", "key": "k", "uploadId": id }).to_string())).await;
    let url = below.body["url"].as_str().unwrap();
    assert!(url.starts_with("https://api.example/files/s3/multipart/"), "an API that is served below a path: {url}");
    let large = json!({ "method": "PUT", "key": "a.png", "size": 5_000_001 });
    assert_eq!(sign(&deps, "/avatar/s3/sign", &large).await.outcome(), (422, "too-large"));
    assert_eq!(
        sign(&deps, "/s3/sign", &json!({ "method": "DELETE", "key": "k" })).await.outcome(),
        (400, "invalid-body")
    );
}

#[tokio::test]
async fn a_creation_that_would_be_refused_is_not_signed() {
    let (deps, _) = deps_and_session().await;
    let create = |key: &str, fields: Value| {
        let mut body = json!({ "method": "POST", "key": key, "expiresIn": 900 });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
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
        // Without a type, rules that depend on the type are checked at the creation.
        ("/avatar/s3/sign", create("a", json!({})), (200, "")),
        ("/avatar/s3/sign", create("a.txt", json!({})), (200, "")),
        ("/avatar/s3/sign", create("a.png", json!({ "size": 5_000_001 })), (200, "")),
    ] {
        let answer = sign(&deps, path, &body).await;
        assert_eq!(answer.outcome(), expected, "{path} {body}: {}", answer.body);
        assert_eq!(answer.body.get("url").is_some(), expected.0 == 200, "{path} {body}");
    }
    assert_eq!(deps.objects.pending().len(), 1, "signing creates no upload");
}
