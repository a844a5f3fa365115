//! The receiver in Rust that docs/WEBHOOKS.md prints. `tests/webhooks` tests the other ones.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use standardwebhooks::Webhook;
use tower::ServiceExt;

fn router(webhook: Webhook) -> Router {
    Router::new().route("/webhooks/sluice", post(receive)).with_state(Arc::new(webhook))
}

async fn receive(State(webhook): State<Arc<Webhook>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if webhook.verify(&body, &headers).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(event) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    eprintln!("{} {}", event["type"], event["data"]["id"]);
    StatusCode::NO_CONTENT
}

const BODY: &str = r#"{"type":"upload.accepted","timestamp":"2026-11-28T10:00:00Z","data":{"id":"01a2"}}"#;
const ID: &str = "evt_00000000000000000000000000000000";

fn webhook(byte: u8) -> Webhook {
    Webhook::new(&format!("whsec_{}", BASE64_STANDARD.encode([byte; 32]))).unwrap()
}

/// The status for a delivery of `body` that `signers` signed, as [`BODY`], `age` seconds ago.
async fn status(signers: &[Webhook], age: i64, body: &str) -> StatusCode {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let time = i64::try_from(now).unwrap() - age;
    let signatures: Vec<String> =
        signers.iter().map(|signer| signer.sign(ID, time, BODY.as_bytes()).unwrap()).collect();
    let delivery = Request::post("/webhooks/sluice")
        .header("webhook-id", ID)
        .header("webhook-timestamp", time)
        .header("webhook-signature", signatures.join(" "))
        .body(Body::from(body.to_owned()));
    router(webhook(1)).oneshot(delivery.unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn the_axum_receiver_accepts_what_is_signed_and_new() {
    let tampered = BODY.replace("accepted", "rejected");
    for (what, signers, age, body, expected) in [
        ("signed", vec![webhook(1)], 0, BODY, StatusCode::NO_CONTENT),
        ("signed with two secrets", vec![webhook(2), webhook(1)], 0, BODY, StatusCode::NO_CONTENT),
        ("tampered", vec![webhook(1)], 0, &*tampered, StatusCode::UNAUTHORIZED),
        ("old", vec![webhook(1)], 600, BODY, StatusCode::UNAUTHORIZED),
        ("signed with a wrong secret", vec![webhook(2)], 0, BODY, StatusCode::UNAUTHORIZED),
        ("not signed", vec![], 0, BODY, StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(status(&signers, age, body).await, expected, "{what}");
    }
}

#[test]
fn the_document_prints_this_receiver() {
    let document = std::fs::read_to_string(xtask::root().join("docs/WEBHOOKS.md")).unwrap();
    let printed = document.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(include_str!("webhook_receiver.rs").contains(printed), "docs/WEBHOOKS.md prints another receiver");
}
