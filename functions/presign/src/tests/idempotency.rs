//! A repeated request with the same `Idempotency-Key` gets the same id.

use jiff::{SignedDuration, Timestamp};

use super::*;

fn keyed(body: &Value, key: &str) -> Request {
    create(body).header("idempotency-key", key).request()
}

/// At another time and with other randomness, so a new id would differ.
fn later(records: MemoryRecords, now: fn() -> Timestamp) -> Deps<MemoryRecords> {
    Deps { env: Env { now, random: || [9; 10] }, ..deps(records) }
}

fn an_hour_later() -> Timestamp {
    now().checked_add(SignedDuration::from_hours(1)).unwrap()
}

fn a_day_later() -> Timestamp {
    now().checked_add(SignedDuration::from_hours(24)).unwrap()
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_id_and_a_new_url() {
    let first = deps(MemoryRecords::default());
    let one = send(&first, keyed(&png(), "k")).await;
    let again = later(first.records, an_hour_later);
    let two = send(&again, keyed(&png(), "k")).await;
    assert_eq!((one.status, two.status), (201, 201));
    assert_eq!(one.body["id"], two.body["id"]);
    assert_eq!(two.body["expiresAt"], "2026-11-03T13:15:00Z");
    assert_ne!(one.body["url"], two.body["url"]);
    assert_eq!(again.records.answers(), 1);
}

#[tokio::test]
async fn another_body_with_the_same_key_is_refused() {
    let deps = deps(MemoryRecords::default());
    send(&deps, keyed(&png(), "k")).await;
    let other = send(&deps, keyed(&with(png(), "size", json!(73)), "k")).await;
    assert_eq!(other.outcome(), (422, "idempotency-key-reused"));
    assert_eq!(deps.records.answers(), 1);
}

#[tokio::test]
async fn a_key_expires_after_a_day() {
    let first = deps(MemoryRecords::default());
    let one = send(&first, keyed(&png(), "k")).await;
    let next_day = later(first.records, a_day_later);
    let two = send(&next_day, keyed(&with(png(), "size", json!(73)), "k")).await;
    assert_eq!(two.status, 201);
    assert_ne!(one.body["id"], two.body["id"]);
}

#[tokio::test]
async fn each_owner_has_separate_keys() {
    let first = deps(MemoryRecords::default());
    let one = send(&first, keyed(&png(), "k")).await;
    let again = later(first.records, an_hour_later);
    let two = send(&again, create(&png()).by(BOB).header("idempotency-key", "k").request()).await;
    assert_eq!(two.status, 201);
    assert_ne!(one.body["id"], two.body["id"]);
    assert_eq!(again.records.answers(), 2);
}

#[tokio::test]
async fn a_blank_key_is_refused() {
    // Two files with a blank key would share one id, and the second would not be stored.
    for key in ["", " ", "\t "] {
        let deps = deps(MemoryRecords::default());
        assert_eq!(send(&deps, keyed(&png(), key)).await.outcome(), (400, "invalid-idempotency-key"), "{key:?}");
        assert!(deps.records.is_empty());
    }
}

#[tokio::test]
async fn a_key_may_have_any_text_and_length() {
    let long = "x".repeat(10_000);
    for key in ["a b", "~!@#$%^&*()", &long] {
        assert_eq!(send(&deps(MemoryRecords::default()), keyed(&png(), key)).await.status, 201, "{key}");
    }
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_key() {
    let deps = deps(MemoryRecords::default());
    for body in [
        with(png(), "size", json!(0)),
        with(png(), "class", json!("enormous")),
        with(png(), "metadata", json!({ "note": "x".repeat(10_000) })),
    ] {
        assert!((400..500).contains(&send(&deps, keyed(&body, "k")).await.status));
        assert!(deps.records.is_empty(), "{body}");
    }
    assert_eq!(send(&deps, keyed(&png(), "k")).await.status, 201);
}

#[tokio::test]
async fn an_outage_of_the_table_answers_503_and_the_request_can_be_repeated() {
    let table = MemoryRecords::default();
    for moment in [FaultPoint::Before, FaultPoint::After] {
        let faults = FaultInjector::at(0, moment, FaultKind::Fault);
        let answer = send(&deps(faults.of(&table)), keyed(&png(), "k")).await;
        assert_eq!(answer.outcome(), (503, "unavailable"));
        assert!(!answer.body.to_string().contains("interrupted"), "the cause is only logged");
    }
    let answer = send(&later(table, an_hour_later), keyed(&png(), "k")).await;
    assert_eq!(answer.status, 201);
    let first = env().upload_id().to_string();
    assert_eq!(answer.body["id"], first, "the first request had reserved the key");
}
