//! The functions and the S3 adapter on `SeaweedFS`, an S3 store of its own that shares no code with the emulator.
//!
//! It verifies signatures, forms, preconditions and checksums. `docs/PROMISES.md` has the column "Second store" and what
//! `SeaweedFS` does in another way than S3.

mod server;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use aws_adapters::clients::Clients;
use aws_adapters::s3::S3Objects;
use aws_sdk_s3::types::{BucketVersioningStatus, CorsConfiguration, CorsRule, VersioningConfiguration};
use jiff::{SignedDuration, Timestamp};
use lambda_http_kit::config::ApiConfig;
use lambda_http_kit::{EventHandler, HttpHandler};
use local_stack::http::{Answer, send};
use policy::key::ObjectKey;
use serde_json::{Value, json};
use testkit::contract;
use testkit::http::{ApiRequest, ApiResponse};
use testkit::{ALICE, FaultInjector, FaultyPort, MemoryQueue, MemoryRecords, PNG, config};
use uploads_core::env::Env;
use uploads_core::ports::objects::Objects;

use crate::adapters::{TestBucket, client, sdk_config_for};
use crate::api::{Grant, post, put};
use crate::aws::created_event;
use server::{KEY, SecondStore};

/// A bucket in the second store, and what the functions need besides.
struct Fixture {
    store: Arc<SecondStore>,
    bucket: TestBucket,
    records: MemoryRecords,
    faults: FaultInjector,
}

impl Fixture {
    async fn new(purpose: &str) -> Self {
        let store = SecondStore::running();
        let name = format!("second-{purpose}");
        let client = client(&sdk_config_for(&store.endpoint, KEY));
        client.create_bucket().bucket(&name).send().await.unwrap();
        let versioning = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        client.put_bucket_versioning().bucket(&name).versioning_configuration(versioning).send().await.unwrap();
        let bucket = TestBucket { client, name };
        Self { store, bucket, records: MemoryRecords::default(), faults: FaultInjector::none() }
    }

    fn variables(&self) -> [(&str, &str); 6] {
        [
            ("BUCKET", &self.bucket.name),
            ("AWS_ENDPOINT_URL", &self.store.endpoint),
            ("AWS_ACCESS_KEY_ID", KEY.0),
            ("AWS_SECRET_ACCESS_KEY", KEY.1),
            ("AWS_SESSION_TOKEN", ""),
            ("OWNER_SHARDS", "1"),
        ]
    }

    fn config(&self) -> ApiConfig {
        config(&self.variables())
    }

    fn objects(&self) -> S3Objects {
        S3Objects::new(Clients::of(sdk_config_for(&self.store.endpoint, KEY), true), &self.bucket.name)
    }

    fn records(&self) -> FaultyPort<'_, MemoryRecords> {
        self.faults.of(&self.records)
    }

    /// Sends a request to the function that answers it.
    async fn call(&self, method: &str, path: &str, query: &str, body: &Value) -> ApiResponse {
        let (config, records, objects, env) = (self.config(), self.records(), self.objects(), Env::system());
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = ApiRequest::new(method, path).by(ALICE).query(query).body(body).request();
        let multipart = path.starts_with("/uploads/multipart");
        let response = if path.ends_with("/parts") {
            multipart_parts::Deps { config, records, objects, env }.handle(request).await
        } else if path.ends_with("/complete") || (multipart && method == "DELETE") {
            let completions = MemoryQueue::default();
            multipart_complete::Deps { config, records, objects, completions, env }.handle(request).await
        } else if multipart {
            multipart_initiate::Deps { config, records, objects, env }.handle(request).await
        } else if path == "/uploads" && method == "POST" {
            presign::Deps { config, records, env }.handle(request).await
        } else {
            uploads::Deps { config, records, objects, env }.handle(request).await
        };
        ApiResponse::of(&response)
    }

    async fn grant(&self, body: &Value) -> Grant {
        let answer = self.call("POST", "/uploads", "", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        Grant(answer.body)
    }

    async fn png(&self) -> Grant {
        self.grant(&json!({ "filename": "a.png", "contentType": "image/png", "size": PNG.len() })).await
    }

    fn key(&self, grant: &Grant) -> ObjectKey {
        let from_url =
            || grant.url().split_once(&format!("/{}/", self.bucket.name)).unwrap().1.split('?').next().unwrap();
        ObjectKey::parse(grant.0["fields"]["key"].as_str().unwrap_or_else(from_url)).unwrap()
    }

    /// The store answered with one of the statuses and stored nothing.
    async fn refused(&self, what: &str, answer: &Answer, statuses: &[u16], grant: &Grant) {
        assert!(statuses.contains(&answer.status), "{what}: {} {}", answer.status, answer.text());
        let stored = self.objects().versions(&self.key(grant)).await.unwrap();
        assert_eq!(stored, Vec::<String>::new(), "{what}: something was stored");
    }

    /// Validates the object that was stored for a grant, and returns its record.
    async fn verdict(&self, key: &ObjectKey) -> Value {
        let version = self.objects().versions(key).await.unwrap().remove(0);
        let (config, records, objects, env) =
            (config(&self.variables()), self.records(), self.objects(), Env::system());
        let event = created_event(&self.bucket.name, &key.to_string(), Some(&version));
        let deadline = SystemTime::now() + Duration::from_mins(1);
        validate::Deps { config, records, objects, env }.handle(event, deadline).await.unwrap();
        self.call("GET", &format!("/uploads/{}", key.id()), "", &Value::Null).await.body
    }
}

/// The headers of a grant, with one replaced or left out.
fn headers_with(grant: &Grant, name: &str, value: Option<&str>) -> Vec<(String, String)> {
    let mut headers: Vec<_> = grant.headers().into_iter().filter(|(known, _)| known != name).collect();
    headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    headers
}

#[tokio::test]
async fn the_adapter_fulfils_the_contract_of_objects() {
    let fixture = Fixture::new("contract").await;
    let (objects, bucket) = (fixture.objects(), &fixture.bucket);
    contract::objects(&objects, bucket).await;
    contract::object_listing(&objects, bucket).await;
}

#[tokio::test]
async fn a_put_that_differs_from_its_grant_is_refused() {
    let fixture = Fixture::new("put").await;
    let (grant, other) = (fixture.png().await, fixture.png().await);
    let longer = [PNG, b"x"].concat();
    for (what, answer) in [
        ("one byte less", grant.put(&PNG[1..])),
        ("one byte more", grant.put(&longer)),
        ("another type", put(grant.url(), &headers_with(&grant, "content-type", Some("text/html")), PNG)),
        ("no precondition", put(grant.url(), &headers_with(&grant, "if-none-match", None), PNG)),
        ("other metadata", put(grant.url(), &headers_with(&grant, "x-amz-meta-sluice", Some("e30")), PNG)),
        ("a header that was not signed", put(grant.url(), &headers_with(&grant, "x-amz-meta-x", Some("x")), PNG)),
        (
            "a later expiry",
            put(&grant.url().replace("X-Amz-Expires=900", "X-Amz-Expires=90000"), &grant.headers(), PNG),
        ),
    ] {
        fixture.refused(what, &answer, &[403], &grant).await;
    }
    let moved = grant.url().replace(&fixture.key(&grant).to_string(), &fixture.key(&other).to_string());
    fixture.refused("another key", &put(&moved, &grant.headers(), PNG), &[403], &other).await;

    assert_eq!(grant.put(PNG).status, 200);
    assert_eq!(grant.put(PNG).status, 412, "a second PUT");
    assert_eq!(fixture.objects().versions(&fixture.key(&grant)).await.unwrap().len(), 1);
    assert_eq!(fixture.verdict(&fixture.key(&grant)).await["status"], "accepted");
}

/// A grant whose URL expires in two seconds.
async fn expiring(fixture: &Fixture) -> Grant {
    let past = Env { now: || Timestamp::now() - SignedDuration::from_secs(898), ..Env::system() };
    let body = json!({ "filename": "a.png", "contentType": "image/png", "size": PNG.len() });
    let request = ApiRequest::new("POST", "/uploads").by(ALICE).body(body.to_string()).request();
    let presign = presign::Deps { config: fixture.config(), records: fixture.records(), env: past };
    Grant(ApiResponse::of(&presign.handle(request).await).body)
}

#[tokio::test]
async fn an_expired_url_is_refused() {
    let fixture = Fixture::new("expired").await;
    let grant = expiring(&fixture).await;
    // The URL has to expire.
    sleep(Duration::from_millis(3100));
    fixture.refused("an expired URL", &grant.put(PNG), &[403], &grant).await;
}

#[tokio::test]
async fn an_upload_that_began_in_time_finishes() {
    let fixture = Fixture::new("slow").await;
    let grant = expiring(&fixture).await;
    let (host, path) = grant.url().strip_prefix("http://").unwrap().split_once('/').unwrap();
    let headers: Vec<String> = grant.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("PUT /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{}\r\n", headers.concat());
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(&[head.as_bytes(), &PNG[..1]].concat()).unwrap();
    // The URL expires while the client is sending.
    sleep(Duration::from_millis(3100));
    stream.write_all(&PNG[1..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(fixture.objects().versions(&fixture.key(&grant)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn bytes_that_differ_from_a_declared_checksum_are_refused() {
    let fixture = Fixture::new("checksum").await;
    for (algorithm, wrong, right) in [
        ("sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
        ("crc32", "AAAAAA==", "NhCmhg=="),
    ] {
        let request = |value: &str| {
            json!({ "filename": "a.txt", "contentType": "text/plain", "size": 5,
                "checksum": { "algorithm": algorithm, "value": value } })
        };
        let grant = fixture.grant(&request(wrong)).await;
        fixture.refused(algorithm, &grant.put(b"hello"), &[400], &grant).await;
        let grant = fixture.grant(&request(right)).await;
        assert_eq!(grant.put(b"hello").status, 200, "{algorithm}");
        let seen = fixture.objects().head(&fixture.key(&grant), None).await.unwrap().unwrap();
        assert_eq!(seen.checksums, [format!("{algorithm}:{right}")]);
    }
}

#[tokio::test]
async fn a_form_outside_its_policy_is_refused() {
    let fixture = Fixture::new("form").await;
    let body = json!({ "filename": "a.png", "contentType": "image/png", "method": "POST", "class": "avatar" });
    let grant = fixture.grant(&body).await;
    fixture.refused("nothing", &grant.post(b""), &[400], &grant).await;
    fixture.refused("more than 5 MB", &grant.post(&vec![0; 5_000_001]), &[400], &grant).await;
    for name in ["content-type", "x-amz-meta-sluice", "policy", "key"] {
        let change = |(n, v): (String, String)| if n == name { (n, "text/html".to_owned()) } else { (n, v) };
        let fields: Vec<_> = grant.fields().into_iter().map(change).collect();
        fixture.refused(name, &post(grant.url(), &fields, PNG), &[400, 403], &grant).await;
    }
    let more = [grant.fields(), vec![("x-amz-meta-x".to_owned(), "x".to_owned())]].concat();
    fixture.refused("another field", &post(grant.url(), &more, PNG), &[403], &grant).await;
    // Amazon S3 answers 204 unless the form asks for another status.
    assert!([201, 204].contains(&grant.post(PNG).status));
    assert_eq!(fixture.verdict(&fixture.key(&grant)).await["status"], "accepted");
}

#[tokio::test]
async fn parts_are_held_to_their_urls_and_become_one_object() {
    let fixture = Fixture::new("parts").await;
    let size: usize = (8 << 20) + 5;
    let body = json!({ "filename": "a.csv", "contentType": "text/csv", "size": size });
    let created = fixture.call("POST", "/uploads/multipart", "", &body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let session = format!("/uploads/multipart/{}", created.body["sessionId"].as_str().unwrap());
    let part = |n: usize| Grant(created.body["parts"][n].clone());
    let bytes = b"a,b\n".repeat(size / 4 + 1);
    let (first, rest) = bytes[..size].split_at(8 << 20);
    assert_eq!(part(1).put(first).status, 403, "a part of another length");
    let source = format!("/{}/{}", fixture.bucket.name, fixture.key(&part(0)));
    let copy = headers_with(&part(1), "x-amz-copy-source", Some(&source));
    assert_eq!(put(part(1).url(), &copy, rest).status, 403, "a part that is a copy");
    for (n, bytes) in [(0, first), (1, rest)] {
        let stored = part(n).put(bytes);
        assert_eq!(stored.status, 200, "{}", stored.text());
    }
    let complete = async || fixture.call("POST", &format!("{session}/complete"), "", &Value::Null).await;
    let done = complete().await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(complete().await, done, "a repeated completion has the same answer");
    let key = fixture.key(&part(0));
    assert_eq!(fixture.objects().versions(&key).await.unwrap().len(), 1);
    assert_eq!(fixture.verdict(&key).await["status"], "accepted");
    assert_eq!(part(1).put(rest).status, 404, "a part of a completed upload");

    let created = fixture.call("POST", "/uploads/multipart", "", &body).await.body;
    let session = format!("/uploads/multipart/{}", created["sessionId"].as_str().unwrap());
    assert_eq!(fixture.call("DELETE", &session, "", &Value::Null).await.status, 200);
    assert_eq!(Grant(created["parts"][1].clone()).put(rest).status, 404, "a part of an aborted upload");
}

#[tokio::test]
async fn content_is_the_pinned_version_with_the_type_that_was_observed() {
    let fixture = Fixture::new("content").await;
    let grant = fixture.png().await;
    assert_eq!(grant.put(PNG).status, 200);
    let key = fixture.key(&grant);
    assert_eq!(fixture.verdict(&key).await["status"], "accepted");
    // A newer version, which only the bucket's owner can write.
    contract::PutObjects::put(&fixture.bucket, &key, &testkit::Upload::foreign(b"another")).await;
    for disposition in ["inline", "attachment"] {
        let query = format!("disposition={disposition}");
        let content = fixture.call("GET", &format!("/uploads/{}/content", key.id()), &query, &Value::Null).await.body;
        let url = content["url"].as_str().unwrap_or_else(|| panic!("{content}"));
        let whole = send("GET", url, &[], &[]).unwrap();
        assert_eq!((whole.status, whole.body.as_slice()), (200, PNG));
        assert_eq!(whole.header("content-type"), Some("image/png"));
        assert!(whole.header("content-disposition").unwrap().starts_with(disposition), "{whole:?}");
        let range = send("GET", url, &[("range", "bytes=1-3")], &[]).unwrap();
        assert_eq!((range.status, range.body.as_slice()), (206, b"PNG".as_slice()));
    }
}

#[tokio::test]
async fn an_allowed_page_can_read_refusals() {
    let fixture = Fixture::new("cors").await;
    let rule = CorsRule::builder()
        .allowed_origins("https://app.example")
        .allowed_methods("PUT")
        .allowed_headers("*")
        .build()
        .unwrap();
    let cors = CorsConfiguration::builder().cors_rules(rule).build().unwrap();
    fixture.bucket.client.put_bucket_cors().bucket(&fixture.bucket.name).cors_configuration(cors).send().await.unwrap();
    let grant = fixture.png().await;
    for (origin, allowed) in [("https://app.example", true), ("https://other.example", false)] {
        let headers =
            [headers_with(&grant, "content-type", Some("text/html")), vec![("origin".to_owned(), origin.to_owned())]];
        let refused = put(grant.url(), &headers.concat(), PNG);
        assert_eq!(refused.status, 403);
        assert_eq!(refused.header("access-control-allow-origin").is_some(), allowed, "{origin}: {refused:?}");
    }
}
