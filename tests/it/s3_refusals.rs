//! S3 itself refuses every request that differs from the grant.

use std::thread::sleep;
use std::time::Duration;

use local_stack::http::Answer;
use serde_json::json;

use crate::api::{Grant, alice, bob, post, put};
use crate::aws::{key_of, versions};
use crate::support::asset;

fn granted() -> (Grant, Vec<u8>) {
    let bytes = asset("lock.png");
    (alice().grant("lock.png", "image/png", bytes.len()), bytes)
}

/// S3 answered with `status` and stored nothing.
fn assert_refused(what: &str, answer: &Answer, status: u16, grant: &Grant) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(versions(&key_of(grant)), Vec::<String>::new(), "{what}: something was stored");
}

/// The headers of the grant, with one replaced or left out.
fn headers_with(grant: &Grant, name: &str, value: Option<&str>) -> Vec<(String, String)> {
    let mut headers: Vec<_> = grant.headers().into_iter().filter(|(known, _)| known != name).collect();
    headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    headers
}

#[test]
fn another_length() {
    let (grant, bytes) = granted();
    assert_refused("one byte less", &grant.put(&bytes[1..]), 403, &grant);
    assert_refused("one byte more", &grant.put(&[bytes.as_slice(), b"x"].concat()), 403, &grant);
    assert_refused("nothing", &grant.put(b""), 403, &grant);
}

#[test]
fn another_type() {
    let (grant, bytes) = granted();
    let other = put(grant.url(), &headers_with(&grant, "content-type", Some("text/html")), &bytes);
    assert_refused("text/html", &other, 403, &grant);
    assert_refused("no type", &put(grant.url(), &headers_with(&grant, "content-type", None), &bytes), 403, &grant);
}

#[test]
fn another_key() {
    let (grant, bytes) = granted();
    let (other, _) = granted();
    let url = grant.url().replace(&key_of(&grant), &key_of(&other));
    assert_refused("another key", &put(&url, &grant.headers(), &bytes), 403, &other);
}

#[test]
fn metadata_of_another_owner() {
    let (grant, bytes) = granted();
    let of_bob = bob().grant("lock.png", "image/png", bytes.len());
    let metadata = of_bob.headers().into_iter().find(|(name, _)| name == "x-amz-meta-sluice").unwrap().1;
    let answer = put(grant.url(), &headers_with(&grant, "x-amz-meta-sluice", Some(&metadata)), &bytes);
    assert_refused("metadata of another owner", &answer, 403, &grant);
    assert_refused(
        "no metadata",
        &put(grant.url(), &headers_with(&grant, "x-amz-meta-sluice", None), &bytes),
        403,
        &grant,
    );
}

#[test]
fn a_later_expiry() {
    let (grant, bytes) = granted();
    let url = grant.url().replace("X-Amz-Expires=900", "X-Amz-Expires=90000");
    assert_ne!(url, grant.url());
    assert_refused("a later expiry", &put(&url, &grant.headers(), &bytes), 403, &grant);
}

#[test]
fn an_expired_url() {
    use s3_presigner::{Addressing, BucketEndpoint, Credentials, Request, Signer};
    let stack = crate::support::stack();
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
    // The URL has to expire, so the test waits for two seconds.
    sleep(Duration::from_millis(2100));
    let answer = put(&url, &[("content-length".to_owned(), bytes.len().to_string())], &bytes);
    assert!(answer.text().contains("expired"), "{}", answer.text());
    assert_refused("an expired URL", &answer, 403, &grant);
}

#[test]
fn a_missing_if_none_match() {
    let (grant, bytes) = granted();
    assert_refused(
        "no if-none-match",
        &put(grant.url(), &headers_with(&grant, "if-none-match", None), &bytes),
        403,
        &grant,
    );
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
    let grant = alice().granted(&body);
    assert_refused("bytes of another checksum", &grant.put(&bytes), 400, &grant);
}

#[test]
fn forms_outside_their_range_or_with_other_fields() {
    let body = json!({ "filename": "a.png", "contentType": "image/png", "method": "POST", "class": "avatar" });
    let grant = alice().granted(&body);
    assert_refused("nothing", &grant.post(b""), 400, &grant);
    assert_refused("more than 5 MB", &grant.post(&vec![0; 5_000_001]), 400, &grant);
    for name in ["content-type", "x-amz-meta-sluice", "policy"] {
        let change = |(n, v): (String, String)| if n == name { (n, "text/html".to_owned()) } else { (n, v) };
        let fields: Vec<_> = grant.fields().into_iter().map(change).collect();
        let answer = post(grant.url(), &fields, &asset("lock.png"));
        assert!(matches!(answer.status, 400 | 403), "{name}: {}", answer.text());
        assert_eq!(versions(&key_of(&grant)), Vec::<String>::new(), "{name}");
    }
}
