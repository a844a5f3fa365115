//! A thousand classes, types, events and records, without any change to the code.

use lambda_http_kit::{EventHandler, HttpHandler};
use std::time::{Duration, SystemTime};

use policy::document;
use serde_json::{Value, json};
use testkit::http::ApiRequest;
use testkit::{BUCKET, MemoryObjects, MemoryRecords, PNG, config, env, grant, id, key, owner};

/// A thousand classes of a thousand types. The last class allows 200 GB, all others S3's maximum.
fn policy() -> String {
    let types: Vec<String> = (0..1000).map(|n| format!("application/x-type-{n}")).collect();
    let class = |max: &str| json!({ "allow": [{ "types": types, "max": max }] });
    let mut classes: serde_json::Map<String, Value> =
        (0..999).map(|n| (format!("class-{n}"), class("48.828125 TiB"))).collect();
    classes.insert("last".to_owned(), class("200 GB"));
    json!({ "version": 1, "classes": classes }).to_string()
}

#[tokio::test]
async fn a_thousand_classes_types_events_and_records() {
    // presign enforces the policy.
    let text = policy();
    assert!(document::parse(&text).is_ok());
    let deps = presign::Deps { config: config(&[("POLICY", &text)]), records: MemoryRecords::default(), env: env() };
    for (class, size, status) in [
        ("class-998", 5_000_000_000_u64, 201),
        ("class-998", 53_687_091_200_000, 422),
        ("class-998", 53_687_091_200_001, 422),
        ("last", 200_000_000_000, 422),
        ("last", 200_000_000_001, 422),
    ] {
        let body = json!({ "filename": "x", "contentType": "application/x-type-999", "size": size, "class": class });
        let call = ApiRequest::new("POST", "/uploads").by("alice").body(body.to_string());
        let response = deps.handle(call.request()).await;
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        assert_eq!(response.status().as_u16(), status, "{class} {size}: {text}");
        // The class allows the size, but not in one request. One byte more is above the limit of the class.
        let code = if size % 10 == 1 { "too-large" } else { "use-multipart" };
        assert!(status == 201 || text.contains(&format!("\"{code}\"")), "{class} {size}: {text}");
    }

    // A single class fits into one answer of Lambda. The whole policy would not.
    let call = ApiRequest::new("GET", "/policy").by("alice").query("class=last");
    let response = deps.handle(call.request()).await;
    assert_eq!(response.status(), 200);
    assert!((20_000..1_000_000).contains(&response.body().to_vec().len()));

    // One invocation validates a thousand events.
    let (records, objects) = (MemoryRecords::default(), MemoryObjects::default());
    let alice = owner("alice");
    let events: Vec<Value> = (0..1000)
        .map(|n| {
            let key = key("alice", id(n));
            let version = objects.put_granted(&key, &grant(&alice, PNG.len() as u64), PNG);
            json!({ "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
                "bucket": { "name": BUCKET },
                "object": { "key": key.to_string(), "versionId": version, "sequencer": "00" } } })
        })
        .collect();
    let deps = validate::Deps { config: config(&[]), records, objects, env: env() };
    let deadline = SystemTime::now() + Duration::from_mins(10);
    deps.handle(json!({ "Records": events }), deadline).await.unwrap();
    assert_eq!(deps.records.stored().len(), 1000);

    // The list returns all records in pages.
    let deps = uploads::Deps { config: config(&[]), records: deps.records, objects: deps.objects, env: env() };
    let (mut seen, mut cursor) = (0, String::new());
    loop {
        let call = ApiRequest::new("GET", "/uploads").by("alice").query(&format!("limit=7{cursor}"));
        let response = deps.handle(call.request()).await;
        let page: Value = serde_json::from_slice(response.body()).unwrap();
        seen += page["items"].as_array().unwrap().len();
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, 1000);
}
