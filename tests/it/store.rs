//! What the store itself refuses: everything that was not granted.

use std::thread::sleep;
use std::time::Duration;

use local_stack::http::Answer;
use serde_json::json;

use crate::world::{Grant, alice, asset, bob, key_of, post, put, versions};

fn granted() -> (Grant, Vec<u8>) {
    let bytes = asset("lock.png");
    (alice().grant("lock.png", "image/png", bytes.len()), bytes)
}

fn refused(what: &str, answer: &Answer, status: u16, grant: &Grant) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(versions(&key_of(grant)), Vec::<String>::new(), "{what}: something was stored");
}

fn with(grant: &Grant, name: &str, value: Option<&str>) -> Vec<(String, String)> {
    let mut headers: Vec<_> = grant.headers().into_iter().filter(|(known, _)| known != name).collect();
    headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    headers
}

#[test]
fn another_length() {
    let (grant, bytes) = granted();
    refused("one byte less", &grant.put(&bytes[1..]), 403, &grant);
    refused("one byte more", &grant.put(&[bytes.as_slice(), b"x"].concat()), 403, &grant);
    refused("nothing", &grant.put(b""), 403, &grant);
}

#[test]
fn another_type() {
    let (grant, bytes) = granted();
    let other = put(grant.url(), &with(&grant, "content-type", Some("text/html")), &bytes);
    refused("text/html", &other, 403, &grant);
    refused("no type", &put(grant.url(), &with(&grant, "content-type", None), &bytes), 403, &grant);
}

#[test]
fn another_key() {
    let (grant, bytes) = granted();
    let (other, _) = granted();
    let url = grant.url().replace(&key_of(&grant), &key_of(&other));
    refused("another key", &put(&url, &grant.headers(), &bytes), 403, &other);
}

#[test]
fn another_owners_metadata() {
    let (grant, bytes) = granted();
    let theirs = bob().grant("lock.png", "image/png", bytes.len());
    let metadata = theirs.headers().into_iter().find(|(name, _)| name == "x-amz-meta-sluice").unwrap().1;
    let answer = put(grant.url(), &with(&grant, "x-amz-meta-sluice", Some(&metadata)), &bytes);
    refused("another's metadata", &answer, 403, &grant);
    refused("no metadata", &put(grant.url(), &with(&grant, "x-amz-meta-sluice", None), &bytes), 403, &grant);
}

#[test]
fn a_stretched_expiry() {
    let (grant, bytes) = granted();
    let url = grant.url().replace("X-Amz-Expires=900", "X-Amz-Expires=90000");
    assert_ne!(url, grant.url());
    refused("a stretched expiry", &put(&url, &grant.headers(), &bytes), 403, &grant);
}

#[test]
fn an_expired_url() {
    use s3_presigner::{Addressing, BucketEndpoint, Credentials, Request, Signer};
    let stack = crate::world::stack();
    let (access_key_id, secret_access_key) =
        (stack.credentials.access_key_id.clone(), stack.credentials.secret_access_key.clone());
    let credentials = Credentials { access_key_id, secret_access_key, session_token: None };
    let endpoint =
        BucketEndpoint::new(&stack.bucket, &stack.region, &Addressing::Custom { endpoint: stack.endpoint.clone() });
    let (grant, bytes) = granted();
    let key = key_of(&grant);
    let headers = [("content-length", bytes.len().to_string())];
    let request = Request { method: "PUT", endpoint: &endpoint, key: &key, headers: &headers, query: &[] };
    let signer = Signer::new(&credentials, &stack.region, (uploads_core::env::Env::system().now)());
    let url = signer.presign(&request, Duration::from_secs(1));
    // The one wait for a clock in these tests: expiry is about time.
    sleep(Duration::from_millis(2100));
    let answer = put(&url, &[("content-length".to_owned(), bytes.len().to_string())], &bytes);
    assert!(answer.text().contains("expired"), "{}", answer.text());
    refused("an expired URL", &answer, 403, &grant);
}

#[test]
fn a_dropped_if_none_match() {
    let (grant, bytes) = granted();
    refused("no if-none-match", &put(grant.url(), &with(&grant, "if-none-match", None), &bytes), 403, &grant);
}

#[test]
fn a_second_put() {
    let (grant, bytes) = granted();
    assert_eq!(grant.put(&bytes).status, 200);
    assert_eq!(grant.put(&bytes).status, 412);
    assert_eq!(alice().verdict(grant.id())["status"], "accepted");
    assert_eq!(versions(&key_of(&grant)).len(), 1);
}

#[test]
fn another_checksum() {
    let bytes = asset("lock.png");
    let body = json!({ "filename": "a.png", "contentType": "image/png", "size": bytes.len(),
        "checksum": { "algorithm": "sha256", "value": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" } });
    let grant = Grant(alice().ask(&body).json());
    refused("bytes of another checksum", &grant.put(&bytes), 400, &grant);
}

#[test]
fn forms_outside_their_range_or_with_other_fields() {
    let body = json!({ "filename": "a.png", "contentType": "image/png", "method": "POST", "class": "avatar" });
    let grant = Grant(alice().ask(&body).json());
    let fields: Vec<(String, String)> = grant.0["fields"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(n, v)| (n.clone(), v.as_str().unwrap().to_owned()))
        .collect();
    refused("nothing", &grant.post(b""), 400, &grant);
    refused("more than 5 MB", &grant.post(&vec![0; 5_000_001]), 400, &grant);
    for name in ["content-type", "x-amz-meta-sluice", "policy"] {
        let altered: Vec<_> = fields
            .iter()
            .map(|(n, v)| (n.clone(), if n == name { "text/html".to_owned() } else { v.clone() }))
            .collect();
        let answer = post(grant.url(), &altered, &asset("lock.png"));
        assert!(matches!(answer.status, 400 | 403), "{name}: {}", answer.text());
        assert_eq!(versions(&key_of(&grant)), Vec::<String>::new(), "{name}");
    }
}
