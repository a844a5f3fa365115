//! Invalid input through the deployed API: a 4xx with a problem code, and nothing is stored.

use policy::hash::hex_sha256;
use serde_json::{Value, json};

use crate::api::alice;
use crate::aws::dynamodb;
use crate::support::stack;

/// The number of items that the table has for an idempotency key.
fn idempotency_items(key: &str) -> u64 {
    let hash = hex_sha256(&[key.as_bytes()]);
    let body = json!({ "TableName": stack().table, "Select": "COUNT", "FilterExpression": "contains(pk, :hash)",
        "ExpressionAttributeValues": { ":hash": { "S": hash } } });
    dynamodb("Scan", &body)["Count"].as_u64().unwrap()
}

fn valid() -> Value {
    json!({ "filename": "a.png", "contentType": "image/png", "size": 10 })
}

fn with(name: &str, value: Value) -> String {
    let mut body = valid();
    body[name] = value;
    body.to_string()
}

fn without(name: &str) -> String {
    let mut body = valid();
    body.as_object_mut().unwrap().remove(name);
    body.to_string()
}

#[test]
fn every_invalid_body_has_a_code_and_stores_nothing() {
    let key = format!("invalid bodies {:?}", std::time::SystemTime::now());
    for (body, status, code) in [
        ("not json".to_owned(), 400, "invalid-json"),
        (String::new(), 400, "invalid-json"),
        ("[]".to_owned(), 400, "invalid-body"),
        (with("surprise", json!(1)), 400, "invalid-body"),
        (without("filename"), 400, "invalid-body"),
        (without("size"), 422, "size-required"),
        (with("size", json!(-1)), 400, "invalid-size"),
        (with("size", json!(1.5)), 400, "invalid-size"),
        (with("size", json!(1e300)), 400, "invalid-size"),
        (with("size", json!("10")), 400, "invalid-body"),
        (with("size", json!(u64::MAX)), 422, "too-large"),
        (with("size", json!(53_687_091_200_001_u64)), 422, "too-large"),
        (with("size", json!(5_000_000_001_u64)), 422, "use-multipart"),
        (with("filename", json!("a\u{0}.png")), 400, "invalid-filename"),
        (with("filename", json!("gpj\u{202e}png.png")), 400, "invalid-filename"),
        (with("filename", json!("../../etc/passwd.png")), 400, "invalid-filename"),
        (with("filename", json!("")), 400, "invalid-filename"),
        (with("filename", json!("a.exe")), 422, "extension-not-allowed"),
        (with("contentType", json!("png")), 400, "invalid-content-type"),
        (with("contentType", json!("image/png\r\nx: y")), 400, "invalid-content-type"),
        (with("contentType", json!("application/x-msdownload")), 422, "type-not-allowed"),
        (with("class", json!("no such class")), 422, "unknown-class"),
        (with("metadata", json!({ "a": "x".repeat(10_240) })), 400, "metadata-too-large"),
        (with("metadata", json!({ "a": 1 })), 400, "invalid-body"),
        (with("checksum", json!({ "algorithm": "md5", "value": "" })), 400, "invalid-checksum"),
        (with("method", json!("PATCH")), 400, "invalid-body"),
    ] {
        let key = [("idempotency-key", key.as_str())];
        let answer = alice().call("POST", "/uploads", &key, body.as_bytes());
        let problem = answer.json();
        assert_eq!((answer.status, problem["code"].as_str().unwrap_or_default()), (status, code), "{body}: {problem}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert!(problem["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    assert_eq!(idempotency_items(&key), 0, "something was stored");
}

#[test]
fn invalid_ids_cursors_and_parameters_have_a_code() {
    for (path, status, code) in [
        ("/uploads/x", 404, "not-found"),
        ("/uploads/01900000-0000-4000-8000-000000000000", 404, "not-found"),
        ("/uploads/01900000-0000-7000-8000-000000000000", 404, "not-received"),
        ("/uploads/01900000-0000-7000-8000-000000000000/content", 404, "not-received"),
        ("/uploads?cursor=x", 400, "invalid-cursor"),
        ("/uploads?limit=0", 400, "invalid-parameter"),
        ("/uploads?limit=1001", 400, "invalid-parameter"),
        ("/uploads?limit=ten", 400, "invalid-parameter"),
    ] {
        let answer = alice().get(path);
        assert_eq!((answer.status, answer.json()["code"].as_str().unwrap_or_default()), (status, code), "{path}");
    }
}
