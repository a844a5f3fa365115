//! A run that is killed, or whose calls fail, at any call: later runs lead to the same end.

use super::*;

/// The key of an object of the last day, without a verdict.
fn unvalidated_key() -> ObjectKey {
    walks::key_created_at(8, later(in_eight_days(), SignedDuration::from_mins(-30)))
}

/// One of everything that can be interrupted.
async fn interrupted_work() -> Fixture {
    let fixture = Fixture { days: Some("2"), ..Fixture::default() };
    fixture.open_session(&key(ALICE, id(1))).await;
    fixture.records.store_session(session_of(&key(ALICE, id(2)), PART_SIZE));
    fixture.orphan(&key(ALICE, id(2))).await;
    let uploaded = fixture.uploaded_session(&key(ALICE, id(3))).await;
    fixture.store_lease(&uploaded, now());
    let partial = fixture.open_session(&key(ALICE, id(4))).await;
    fixture.store_lease(&partial, now());
    let aborted = fixture.open_session(&key(ALICE, id(5))).await;
    fixture.records.store_session(aborted.step(Event::Aborted, now()).unwrap());
    let too_large = fixture.unsized_session(&key(ALICE, id(6)), PART_SIZE - 1).await;
    fixture.objects.put_hollow_part(upload_of(&too_large), 1, PART_SIZE).unwrap();
    fixture.orphan(&key(ALICE, id(7))).await;
    pending::start_deletion(&fixture, &key(ALICE, id(8))).await;
    verdicts::complete_upload(&fixture, &key(ALICE, id(9)), verdicts::in_five_days).await;
    fixture.put_object(&unvalidated_key());
    fixture
}

/// What must be the same in the end. It excludes how often an event was sent, because duplicates are allowed.
#[derive(Debug, PartialEq)]
struct End {
    states: Vec<State>,
    uploads: Vec<String>,
    versions: usize,
    events: BTreeSet<String>,
    records: Vec<Record>,
}

fn end(fixture: &Fixture) -> End {
    let states = fixture.records.sessions().into_iter().map(|session| match session.state {
        // The version id depends on the order of writes.
        State::Completed(_) => State::Opening,
        other => other,
    });
    // Only objects whose time of storage does not depend on the faults.
    let requeued = [unvalidated_key(), key(ALICE, id(9))].map(|key| key.to_string());
    let events = fixture.events.sent().into_iter().filter(|event| requeued.iter().any(|key| event.contains(key)));
    End {
        states: states.collect(),
        uploads: fixture.objects.pending(),
        versions: fixture.objects.kept(&key(ALICE, id(3))).len() + fixture.objects.kept(&key(ALICE, id(8))).len(),
        events: events.map(|event| event.split("\"s3\":").last().unwrap().to_owned()).collect(),
        records: fixture.records.stored(),
    }
}

/// Runs once at the same time, and twice after the lease of a killed run.
async fn run_to_the_end(fixture: &Fixture) {
    fixture.run(in_eight_days).await;
    for _ in 0..2 {
        fixture.run(|| later(in_eight_days(), SignedDuration::from_mins(2))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_interrupted_at_any_call_ends_the_same_after_later_runs() {
    let undisturbed = interrupted_work().await;
    let counter = FaultInjector::none();
    undisturbed.run_interrupted(&counter, in_eight_days).await.unwrap();
    assert_ne!(end(&undisturbed).states, Vec::<State>::new());
    run_to_the_end(&undisturbed).await;
    let expected = end(&undisturbed);
    assert_eq!(expected.uploads, Vec::<String>::new());
    assert_eq!(expected.states.iter().filter(|state| **state == State::Opening).count(), 2, "two were complete");
    let calls = counter.calls();
    let calls_with_effect = calls - 16 * 2;
    assert!(calls_with_effect > 30, "{calls_with_effect}");
    for kind in [FaultKind::Kill, FaultKind::Fault] {
        for moment in [FaultPoint::Before, FaultPoint::After] {
            // The listings of empty prefixes are all alike: one in ten is enough.
            for n in (0..calls).filter(|n| *n < 80 || n % 10 == 0 || *n + 5 > calls) {
                let fixture = interrupted_work().await;
                let faults = FaultInjector::at(n, moment, kind);
                let report = fixture.run_interrupted(&faults, in_eight_days).await;
                assert_eq!(report.is_none(), kind == FaultKind::Kill, "call {n}");
                run_to_the_end(&fixture).await;
                assert_eq!(end(&fixture), expected, "{kind:?} at call {n}, {moment:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_reported_and_changes_nothing() {
    let fixture = interrupted_work().await;
    let before = end(&fixture);
    let outage = FaultInjector::outage();
    let report = fixture.run_interrupted(&outage, in_eight_days).await.unwrap();
    assert_eq!(report.value(Metric::Failures), 3, "due items, lost announcements and checkpoint");
    assert_eq!(end(&fixture), before);
    let deadline = SystemTime::now() + Duration::from_mins(15);
    let unfinished = fixture.deps(&outage, now).handle(Value::Null, deadline).await.unwrap_err();
    assert_eq!(Diagnostic::from(unfinished).error_type, "Unfinished");
}
