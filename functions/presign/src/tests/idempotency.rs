//! The same key and body give the same id.

use jiff::{SignedDuration, Timestamp};

use super::*;

fn keyed(body: &Value, key: &str) -> Request {
    create(body).header("idempotency-key", key).request()
}

/// Another moment, another id.
fn later(answers: MemoryRecords, now: fn() -> Timestamp) -> Deps<MemoryRecords> {
    Deps { ambient: Ambient { now, random: || [9; 10] }, ..deps(answers) }
}

fn an_hour_later() -> Timestamp {
    now().checked_add(SignedDuration::from_hours(1)).unwrap()
}

fn a_day_later() -> Timestamp {
    now().checked_add(SignedDuration::from_hours(24)).unwrap()
}

#[tokio::test]
async fn a_repeated_create_is_the_same_create_with_a_fresh_url() {
    let first = deps(MemoryRecords::default());
    let one = ask(&first, keyed(&png(), "k")).await;
    let again = later(first.answers, an_hour_later);
    let two = ask(&again, keyed(&png(), "k")).await;
    assert_eq!((one.status, two.status), (201, 201));
    assert_eq!(one.body["id"], two.body["id"]);
    assert_eq!(two.body["expiresAt"], "2026-11-03T13:15:00Z");
    assert_ne!(one.body["url"], two.body["url"]);
    assert_eq!(again.answers.answers(), 1);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused() {
    let deps = deps(MemoryRecords::default());
    ask(&deps, keyed(&png(), "k")).await;
    let other = ask(&deps, keyed(&with(png(), "size", json!(73)), "k")).await;
    assert_eq!(other.outcome(), (422, "idempotency-key-reused"));
    assert_eq!(deps.answers.answers(), 1);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let first = deps(MemoryRecords::default());
    let one = ask(&first, keyed(&png(), "k")).await;
    let next_day = later(first.answers, a_day_later);
    let two = ask(&next_day, keyed(&with(png(), "size", json!(73)), "k")).await;
    assert_eq!(two.status, 201);
    assert_ne!(one.body["id"], two.body["id"]);
}

#[tokio::test]
async fn a_key_is_its_owners_own() {
    let first = deps(MemoryRecords::default());
    let one = ask(&first, keyed(&png(), "k")).await;
    let again = later(first.answers, an_hour_later);
    let two = ask(&again, create(&png()).by(BOB).header("idempotency-key", "k").request()).await;
    assert_eq!(two.status, 201);
    assert_ne!(one.body["id"], two.body["id"]);
    assert_eq!(again.answers.answers(), 2);
}

#[tokio::test]
async fn nothing_is_no_key() {
    // Two files whose client forgot its key would be one, and the second never stored.
    for key in ["", " ", "\t "] {
        let deps = deps(MemoryRecords::default());
        assert_eq!(ask(&deps, keyed(&png(), key)).await.outcome(), (400, "invalid-idempotency-key"), "{key:?}");
        assert!(deps.answers.is_empty());
    }
}

#[tokio::test]
async fn any_text_is_a_key() {
    let long = "x".repeat(10_000);
    for key in ["a b", "~!@#$%^&*()", &long] {
        assert_eq!(ask(&deps(MemoryRecords::default()), keyed(&png(), key)).await.status, 201, "{key}");
    }
}

#[tokio::test]
async fn a_refused_create_uses_no_key_up() {
    let deps = deps(MemoryRecords::default());
    for body in [
        with(png(), "size", json!(0)),
        with(png(), "class", json!("enormous")),
        with(png(), "metadata", json!({ "note": "x".repeat(10_000) })),
    ] {
        assert!((400..500).contains(&ask(&deps, keyed(&body, "k")).await.status));
        assert!(deps.answers.is_empty(), "{body}");
    }
    assert_eq!(ask(&deps, keyed(&png(), "k")).await.status, 201);
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_a_503_that_can_be_repeated() {
    let table = MemoryRecords::default();
    for moment in [Moment::Before, Moment::After] {
        let trouble = Interruption::at(0, moment, Kind::Fault);
        let answer = ask(&deps(trouble.of(&table)), keyed(&png(), "k")).await;
        assert_eq!(answer.outcome(), (503, "unavailable"));
        assert!(!answer.body.to_string().contains("interrupted"), "the cause is for the log alone");
    }
    let answer = ask(&later(table, an_hour_later), keyed(&png(), "k")).await;
    assert_eq!(answer.status, 201);
    let first = ambient().upload_id().to_string();
    assert_eq!(answer.body["id"], first, "the create whose answer was lost is the one that counts");
}
