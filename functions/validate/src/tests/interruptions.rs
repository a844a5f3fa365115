//! A call fails or the process is killed; the next delivery of the event leads to the same result.

use super::*;

/// The state before an event arrives.
struct Scenario {
    name: &'static str,
    first: &'static [u8],
    /// The first version has a verdict, and the event is about a second one.
    second_version: bool,
    /// The upload has a tombstone.
    deleted: bool,
    /// The event names its version.
    versioned: bool,
}

const SCENARIOS: [Scenario; 7] = [
    Scenario { name: "accepted", first: PNG, second_version: false, deleted: false, versioned: true },
    Scenario {
        name: "accepted without a version",
        first: PNG,
        second_version: false,
        deleted: false,
        versioned: false,
    },
    Scenario { name: "rejected", first: b"text", second_version: false, deleted: false, versioned: true },
    Scenario { name: "empty", first: b"", second_version: false, deleted: false, versioned: true },
    Scenario {
        name: "second version after an acceptance",
        first: PNG,
        second_version: true,
        deleted: false,
        versioned: true,
    },
    Scenario {
        name: "second version after a rejection",
        first: b"text",
        second_version: true,
        deleted: false,
        versioned: true,
    },
    Scenario { name: "event after a delete", first: PNG, second_version: false, deleted: true, versioned: true },
];

impl Scenario {
    async fn begin(&self) -> (Fixture, Value) {
        let fixture = Fixture::default();
        let key = key(ALICE, id(1));
        let mut version = fixture.put(&key, PNG.len(), self.first);
        if self.second_version {
            fixture.handle(direct(&[created(&key, &version)])).await.unwrap();
            version = fixture.put(&key, PNG.len(), PNG);
        }
        if self.deleted {
            fixture.records.store(Record::Deleting(key.clone()));
        }
        let mut record = created(&key, &version);
        if !self.versioned {
            record["s3"]["object"].as_object_mut().unwrap().remove("versionId");
        }
        (fixture, direct(&[message("1", &direct(&[record]))]))
    }
}

fn state(fixture: &Fixture) -> (Vec<Record>, Vec<String>) {
    (fixture.records.stored(), fixture.objects.kept(&key(ALICE, id(1))))
}

#[tokio::test]
async fn after_a_kill_at_any_call_the_next_delivery_leads_to_the_same_result() {
    for scenario in SCENARIOS {
        let (expected, event) = scenario.begin().await;
        expected.handle(event).await.unwrap();
        for moment in [FaultPoint::Before, FaultPoint::After] {
            let mut n = 0;
            loop {
                let (fixture, event) = scenario.begin().await;
                let faults = FaultInjector::at(n, moment, FaultKind::Kill);
                let finished = fixture.handle_under(&faults, event.clone()).await.is_some();
                let answer = fixture.handle(event).await.unwrap();
                assert!(failures(&answer).is_empty());
                assert_eq!(state(&fixture), state(&expected), "{}, killed at call {n}, {moment:?}", scenario.name);
                if finished {
                    break;
                }
                n += 1;
            }
            assert!(n >= 3, "{}: {n} calls", scenario.name);
        }
    }
}

#[tokio::test]
async fn a_failed_call_has_the_message_delivered_again_with_the_same_result() {
    for scenario in SCENARIOS {
        let (expected, event) = scenario.begin().await;
        expected.handle(event).await.unwrap();
        for moment in [FaultPoint::Before, FaultPoint::After] {
            let mut n = 0;
            loop {
                let (fixture, event) = scenario.begin().await;
                let faults = FaultInjector::at(n, moment, FaultKind::Fault);
                let answer = fixture.handle_under(&faults, event.clone()).await.unwrap().unwrap();
                let interrupted = faults.calls() > n;
                assert_eq!(failures(&answer).contains("1"), interrupted, "{}, call {n}", scenario.name);
                fixture.handle(event).await.unwrap();
                assert_eq!(state(&fixture), state(&expected), "{}, failed at call {n}, {moment:?}", scenario.name);
                if !interrupted {
                    break;
                }
                n += 1;
            }
        }
    }
}

#[tokio::test]
async fn in_an_outage_every_message_is_delivered_again() {
    let fixture = Fixture::default();
    let records: Vec<Value> = (0..100)
        .map(|n| {
            let key = key(ALICE, id(n));
            created(&key, &fixture.put(&key, PNG.len(), PNG))
        })
        .collect();
    let batch: Vec<Value> = records
        .iter()
        .enumerate()
        .map(|(n, record)| message(&n.to_string(), &direct(std::slice::from_ref(record))))
        .collect();
    let answer = fixture.handle_under(&FaultInjector::outage(), direct(&batch)).await.unwrap().unwrap();
    assert_eq!(failures(&answer).len(), 100);
    let retry = fixture.handle_under(&FaultInjector::outage(), direct(&records)).await.unwrap().unwrap_err();
    assert!(matches!(retry, Retry::FailedEvents(100)));
    assert_eq!(Diagnostic::from(retry).error_type, "MustComeAgain");
    assert!(fixture.records.is_empty());
    fixture.handle(direct(&batch)).await.unwrap();
    assert_eq!(fixture.records.stored().len(), 100);
}

#[tokio::test]
async fn without_time_left_every_message_is_delivered_again_and_no_call_is_made() {
    let fixture = Fixture::default();
    let key = key(ALICE, id(1));
    let version = fixture.put(&key, PNG.len(), PNG);
    let event = direct(&[message("1", &direct(&[created(&key, &version)]))]);
    let faults = FaultInjector::none();
    let deps = Deps {
        config: config(&[]),
        records: faults.of(&fixture.records),
        objects: faults.of(&fixture.objects),
        env: env(),
    };
    for deadline in [SystemTime::UNIX_EPOCH, SystemTime::now(), SystemTime::now() + DEADLINE_MARGIN] {
        let answer = deps.handle(event.clone(), deadline).await.unwrap();
        assert_eq!(failures(&answer), BTreeSet::from(["1"]));
    }
    assert_eq!(faults.calls(), 0);
    assert!(fixture.records.is_empty());
}

#[tokio::test]
async fn a_verdict_takes_one_head_one_get_and_one_write() {
    let fixture = Fixture::default();
    for (n, bytes, calls) in [(1, PNG, 3), (2, b"MZ\x90\0 is not a picture".as_slice(), 4)] {
        let key = key(ALICE, id(n));
        let version = fixture.put(&key, bytes.len(), bytes);
        let event = direct(&[message("1", &direct(&[created(&key, &version)]))]);
        let counter = FaultInjector::none();
        fixture.handle_under(&counter, event).await.unwrap().unwrap();
        // A rejection takes one more call, to delete the version.
        assert_eq!(counter.calls(), calls, "upload {n}");
    }
}
