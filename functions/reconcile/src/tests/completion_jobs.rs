//! Completions that take longer than an HTTP request may last.

use testkit::clock::ticking;
use testkit::golden_events;
use testkit::scripted::{CompleteFault, ScriptedBucket, ScriptedError};
use uploads_core::multipart::CompletionJob;

use super::*;

const REFUSED: CompleteFault = CompleteFault::Only(ScriptedError::Refused);

/// Stores a session under a lease, and returns the event with the job that completes it.
async fn enqueue_job(fixture: &Fixture) -> Value {
    let session = fixture.uploaded_session(&key(ALICE, id(1))).await;
    let lease = Lease { holder: "01020304050607080900".to_owned(), until: after_minutes(1) };
    let leased = session.step(Event::Leased(lease.clone(), CompletionRequest::default()), now()).unwrap();
    fixture.records.store_session(leased);
    batch(&CompletionJob { key: session.key, holder: lease.holder }.to_json())
}

fn batch(body: &str) -> Value {
    json!({ "Records": [{ "messageId": "1", "eventSource": "aws:sqs", "body": body }] })
}

/// Handles an event while S3 answers completions with `faults`.
async fn handle(fixture: &Fixture, faults: &[CompleteFault], event: &Value) -> Result<Value, Unfinished> {
    let none = FaultInjector::none();
    let deps = Deps {
        lost_announcements: None,
        config: config(&[]),
        records: none.of(&fixture.records),
        objects: ScriptedBucket::new(&fixture.objects, faults),
        events: none.of(&fixture.events),
        env: Env { now: ticking, ..env() },
    };
    deps.handle(event.clone(), SystemTime::now() + Duration::from_mins(15)).await
}

fn is_completed(fixture: &Fixture) -> bool {
    matches!(fixture.state(&key(ALICE, id(1))), Some(State::Completed(_))) && fixture.objects.pending().is_empty()
}

#[tokio::test(start_paused = true)]
async fn a_completion_of_minutes_finishes_and_a_second_delivery_changes_nothing() {
    let fixture = Fixture::default();
    let event = enqueue_job(&fixture).await;
    assert!(handle(&fixture, &[CompleteFault::Later(Duration::from_mins(10))], &event).await.is_ok());
    assert!(is_completed(&fixture));
    assert!(handle(&fixture, &[REFUSED], &event).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_completion_that_outlasts_the_invocation_is_delivered_again() {
    let fixture = Fixture::default();
    let event = enqueue_job(&fixture).await;
    assert_eq!(handle(&fixture, &[CompleteFault::Later(Duration::from_mins(20))], &event).await, Err(Unfinished(1)));
    let unclear = [CompleteFault::Only(ScriptedError::Unclear); 4];
    assert_eq!(handle(&fixture, &unclear, &event).await, Err(Unfinished(1)));
    assert!(handle(&fixture, &[], &event).await.is_ok());
    assert!(is_completed(&fixture));
}

#[tokio::test(start_paused = true)]
async fn a_refused_completion_reopens_the_session() {
    let fixture = Fixture::default();
    let event = enqueue_job(&fixture).await;
    assert!(handle(&fixture, &[REFUSED; 2], &event).await.is_ok());
    assert!(matches!(fixture.state(&key(ALICE, id(1))), Some(State::Open { .. })));
}

#[tokio::test(start_paused = true)]
async fn jobs_of_other_holders_and_invalid_messages_change_nothing() {
    let fixture = Fixture::default();
    enqueue_job(&fixture).await;
    let before = fixture.records.session_of(id(1));
    let other_holder = CompletionJob { key: key(ALICE, id(1)), holder: "other".to_owned() }.to_json();
    let no_session = CompletionJob { key: key(ALICE, id(2)), holder: "other".to_owned() }.to_json();
    for body in [other_holder.as_str(), &no_session, "invalid", "{}", ""] {
        assert!(handle(&fixture, &[REFUSED], &batch(body)).await.is_ok(), "{body}");
        assert_eq!(fixture.records.session_of(id(1)), before, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_golden_event_is_a_job() {
    let event = &golden_events("reconcile")["handed-over"];
    assert!(handle(&Fixture::default(), &[], event).await.is_ok());
    let job = event["Records"][0]["body"].as_str().and_then(CompletionJob::from_json);
    assert_eq!(job.map(|job| job.key), Some(key(ALICE, id(1))));
}
