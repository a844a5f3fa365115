//! Every file of `events/multipart-complete` has its answer.

use super::*;

#[tokio::test]
async fn every_golden_event_has_its_answer() {
    // Where all parts have arrived, and where there is no session.
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
    assert_eq!(files, known, "every file is used, and every use has its file");
    for (name, there, nothing) in expected {
        let none = Interruption::none();
        for (world, outcome) in [(World::filled().await, there), (World::default(), nothing)] {
            let script = Scripted::new(&world.objects, &[]);
            let answer = world.answer_under(&script, &none, request(&events[name])).await.unwrap();
            assert_eq!(answer.outcome(), outcome, "{name}: {}", answer.body);
            if answer.status >= 400 {
                assert_eq!(answer.content_type, refusal_type(&events[name]), "{name}");
            }
        }
    }
}
