//! Every event of `events/multipart-complete` has its expected response.

use super::*;

#[tokio::test]
async fn every_golden_event_has_its_answer() {
    // With all parts in S3, and without a session.
    let expected = [
        ("complete", (200, ""), (404, "session-not-found")),
        ("complete-listed", (409, "parts-changed"), (404, "session-not-found")),
        ("complete-bad-order", (422, "invalid-part"), (404, "session-not-found")),
        ("complete-other-user", (404, "session-not-found"), (404, "session-not-found")),
        ("abort", (200, ""), (404, "session-not-found")),
        ("uppy-complete", (409, "parts-missing"), (404, "session-not-found")),
        ("uppy-abort", (200, ""), (404, "session-not-found")),
        ("abort-no-claims", (401, "unauthenticated"), (401, "unauthenticated")),
    ];
    let events = golden_events("multipart-complete");
    let (files, known): (BTreeSet<&str>, BTreeSet<&str>) =
        (events.keys().map(String::as_str).collect(), expected.iter().map(|(name, ..)| *name).collect());
    assert_eq!(files, known, "files and expectations must match");
    for (name, with_parts, without_session) in expected {
        let none = FaultInjector::none();
        for (fixture, outcome) in [(Fixture::with_all_parts().await, with_parts), (Fixture::default(), without_session)]
        {
            let script = ScriptedBucket::new(&fixture.objects, &[]);
            let answer = fixture.send_under(&script, &none, request(&events[name])).await.unwrap();
            assert_eq!(answer.outcome(), outcome, "{name}: {}", answer.body);
            if answer.status >= 400 {
                assert_eq!(answer.content_type, refusal_type(&events[name]), "{name}");
            }
        }
    }
}
