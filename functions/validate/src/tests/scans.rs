//! Classes that require a malware scan: the content and the scan result arrive in either order.

use jiff::SignedDuration;

use content_sniff::MediaType;
use policy::Grant;
use policy::filename::FileName;
use policy::upload::Pending;

use super::*;

const SCANS: &str = r#"{"version": 1, "classes": {"default": {"allow": [{"types": ["*/*"]}], "scan": "required"}}}"#;

const CLEAN: &str = "NO_THREATS_FOUND";

/// The event that `GuardDuty` sends, as its user guide shows it.
fn scan(key: &ObjectKey, version: &str, status: &str) -> Value {
    let mut event = golden_events("validate")["direct-scan-clean"].clone();
    event["detail"]["s3ObjectDetails"]["objectKey"] = json!(key.to_string());
    event["detail"]["s3ObjectDetails"]["versionId"] = json!(version);
    event["detail"]["scanResultDetails"]["scanResultStatus"] = json!(status);
    event
}

fn scan_fixture() -> Fixture {
    Fixture { policy: Some(SCANS), ..Fixture::default() }
}

/// Handles `events` one after the other.
async fn deliver(fixture: &Fixture, events: &[&Value]) {
    for event in events {
        fixture.handle((*event).clone()).await.unwrap();
    }
}

#[tokio::test]
async fn acceptance_needs_content_and_scan_in_any_order_and_number() {
    for (bytes, status, outcome, reasons) in [
        (PNG, CLEAN, Outcome::Accepted, &[][..]),
        (PNG, "THREATS_FOUND", Outcome::Rejected, &["threat-found"]),
        (PNG, "UNSUPPORTED", Outcome::Rejected, &["unscannable"]),
        (PNG, "ACCESS_DENIED", Outcome::Rejected, &["unscannable"]),
        (PNG, "FAILED", Outcome::Rejected, &["unscannable"]),
        (PNG, "A_FUTURE_STATUS", Outcome::Rejected, &["unscannable"]),
        (&PNG[..40], CLEAN, Outcome::Rejected, &["size-mismatch", "stub", "truncated"]),
    ] {
        for order in [[0, 1, 0, 1], [1, 0, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]] {
            let fixture = scan_fixture();
            let key = key(ALICE, id(1));
            let version = fixture.put(&key, PNG.len(), bytes);
            let events = [direct(&[created(&key, &version)]), scan(&key, &version, status)];
            deliver(&fixture, &[&events[order[0]]]).await;
            assert_ne!(
                fixture.outcome(id(1)),
                Some((Outcome::Accepted, version.clone())),
                "{status}: one of two events"
            );
            deliver(&fixture, &order.map(|n| &events[n])[1..]).await;
            assert_eq!(fixture.outcome(id(1)), Some((outcome, version.clone())), "{status} {order:?}");
            assert_eq!(fixture.reasons(id(1)), reasons, "{status} {order:?}");
            let kept = if outcome == Outcome::Accepted { vec![version] } else { Vec::new() };
            assert_eq!(fixture.objects.kept(&key), kept, "{status} {order:?}");
        }
    }
}

#[tokio::test]
async fn the_record_has_the_name_of_the_threat() {
    let fixture = scan_fixture();
    let key = key(ALICE, id(1));
    let version = fixture.put(&key, PNG.len(), PNG);
    let mut threat = scan(&key, &version, "THREATS_FOUND");
    threat["detail"]["scanResultDetails"]["threats"] = json!([{ "name": "EICAR-Test-File (not a virus)" }]);
    deliver(&fixture, &[&threat, &direct(&[created(&key, &version)])]).await;
    let Some(Record::Validated(validated)) = fixture.records.record(id(1)) else { panic!("no verdict") };
    assert_eq!(validated.reasons[0].detail, "THREATS_FOUND, EICAR-Test-File (not a virus)");
}

#[tokio::test]
async fn a_scan_result_is_ignored_if_the_class_requires_no_scan() {
    let fixture = Fixture::default();
    let key = key(ALICE, id(1));
    let version = fixture.put(&key, PNG.len(), PNG);
    let events = [scan(&key, &version, "THREATS_FOUND"), direct(&[created(&key, &version)])];
    deliver(&fixture, &[&events[0]]).await;
    assert!(fixture.records.is_empty());
    deliver(&fixture, &[&events[1], &events[0]]).await;
    assert_eq!(fixture.outcome(id(1)), Some((Outcome::Accepted, version)));
}

#[tokio::test]
async fn the_first_event_chooses_the_version_and_others_are_deleted() {
    for by_scan in [false, true] {
        let fixture = scan_fixture();
        let key = key(ALICE, id(1));
        let (first, second) = (fixture.put(&key, PNG.len(), PNG), fixture.put(&key, PNG.len(), PNG));
        let content = |version| direct(&[created(&key, version)]);
        let first_event = if by_scan { scan(&key, &second, CLEAN) } else { content(&second) };
        let last_event = if by_scan { content(&second) } else { scan(&key, &second, CLEAN) };
        deliver(&fixture, &[&first_event, &scan(&key, &first, CLEAN), &content(&first), &last_event]).await;
        assert_eq!(fixture.outcome(id(1)), Some((Outcome::Accepted, second.clone())), "scan first: {by_scan}");
        assert_eq!(fixture.objects.kept(&key), [second]);
    }
}

#[tokio::test]
async fn a_scan_result_for_an_object_without_a_grant_writes_nothing() {
    let fixture = scan_fixture();
    let key = key(ALICE, id(1));
    let foreign = fixture.objects.put(&key, Upload::foreign(PNG));
    let other_owner =
        fixture.objects.put(&key, Upload::granted(&grant(&owner("another-owner"), PNG.len() as u64), PNG));
    deliver(
        &fixture,
        &[&scan(&key, &foreign, CLEAN), &scan(&key, &other_owner, CLEAN), &scan(&key, "deleted-version", CLEAN)],
    )
    .await;
    assert!(fixture.records.is_empty());
}

#[tokio::test]
async fn a_scan_that_is_not_clean_replaces_a_clean_one_until_there_is_a_verdict() {
    for (first, second, reason) in [
        (CLEAN, "THREATS_FOUND", "threat-found"),
        ("THREATS_FOUND", CLEAN, "threat-found"),
        (CLEAN, "FAILED", "unscannable"),
        ("FAILED", "THREATS_FOUND", "unscannable"),
    ] {
        let fixture = scan_fixture();
        let key = key(ALICE, id(1));
        let version = fixture.put(&key, PNG.len(), PNG);
        let content = direct(&[created(&key, &version)]);
        deliver(&fixture, &[&scan(&key, &version, first), &scan(&key, &version, second), &content]).await;
        assert_eq!(fixture.outcome(id(1)), Some((Outcome::Rejected, version)), "{first}, {second}");
        assert_eq!(fixture.reasons(id(1)), [reason], "{first}, {second}");
    }
    let fixture = scan_fixture();
    let key = key(ALICE, id(1));
    let version = fixture.put(&key, PNG.len(), PNG);
    let events = [direct(&[created(&key, &version)]), scan(&key, &version, CLEAN)];
    deliver(&fixture, &[&events[0], &events[1], &scan(&key, &version, "THREATS_FOUND")]).await;
    assert_eq!(fixture.outcome(id(1)), Some((Outcome::Accepted, version.clone())), "the first verdict is final");
    assert_eq!(fixture.objects.kept(&key), [version]);
}

#[tokio::test]
async fn a_pending_verdict_ends_when_its_version_was_deleted() {
    for (scan_first, last, rejected) in [
        (false, "content", false),
        (false, CLEAN, false),
        (false, "THREATS_FOUND", true),
        (false, "FAILED", true),
        (true, "content", false),
        (true, CLEAN, false),
        (true, "THREATS_FOUND", false),
    ] {
        let fixture = scan_fixture();
        let key = key(ALICE, id(1));
        let version = fixture.put(&key, PNG.len(), PNG);
        let content = direct(&[created(&key, &version)]);
        deliver(&fixture, &[&if scan_first { scan(&key, &version, CLEAN) } else { content.clone() }]).await;
        // Events about another deleted version change nothing.
        let before = fixture.records.stored();
        deliver(
            &fixture,
            &[&direct(&[created(&key, "deleted-version")]), &scan(&key, "deleted-version", "THREATS_FOUND")],
        )
        .await;
        assert_eq!(fixture.records.stored(), before);

        fixture.objects.delete_version(&key, &version).await.unwrap();
        deliver(&fixture, &[&if last == "content" { content.clone() } else { scan(&key, &version, last) }]).await;
        let case = format!("scan first: {scan_first}, {last}");
        if rejected {
            assert_eq!(fixture.outcome(id(1)), Some((Outcome::Rejected, version.clone())), "{case}");
        } else {
            assert_eq!(fixture.records.stored(), [Record::Deleting(key.clone())], "{case}");
        }
        let ended = fixture.records.stored();
        deliver(&fixture, &[&content, &scan(&key, &version, CLEAN), &scan(&key, &version, "THREATS_FOUND")]).await;
        assert_eq!(fixture.records.stored(), ended, "{case}");
    }
}

#[tokio::test]
async fn a_removed_class_has_the_strictest_rules_of_all_classes() {
    const POLICY: &str = r#"{"version": 1, "classes": {
        "default": {"allow": [{"types": ["*/*"]}]},
        "careful": {"allow": [{"types": ["*/*"]}], "content": {"base": "strict"}, "scan": "required"}
    }}"#;
    // The standard rules flag it, and the strict ones reject it.
    const UTF7_SCRIPT: &[u8] = b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-";
    let fixture = Fixture { policy: Some(POLICY), ..Fixture::default() };
    for (n, class, bytes) in
        [(1, "renamed", PNG), (2, "default", UTF7_SCRIPT), (3, "renamed", UTF7_SCRIPT), (4, "default", &PNG[..40])]
    {
        let key = key(ALICE, id(n));
        let granted = grant(key.owner(), bytes.len() as u64);
        let granted = Grant { class: class.to_owned(), ..if bytes == UTF7_SCRIPT { text(granted) } else { granted } };
        let version = fixture.objects.put_granted(&key, &granted, bytes);
        deliver(&fixture, &[&direct(&[created(&key, &version)])]).await;
    }
    assert!(matches!(fixture.records.record(id(1)), Some(Record::Pending(Pending::Content(_)))), "waits for its scan");
    let outcomes = [2, 3, 4].map(|n| fixture.outcome(id(n)).unwrap().0);
    assert_eq!(outcomes, [Outcome::Accepted, Outcome::Rejected, Outcome::Rejected]);
    let kept = [3, 4].map(|n| fixture.objects.kept(&key(ALICE, id(n))).len());
    assert_eq!(kept, [1, 0], "a removed class keeps rejected versions");
}

fn text(grant: Grant) -> Grant {
    let (filename, content_type) = (FileName::parse("notes.txt").unwrap(), MediaType::parse("text/plain").unwrap());
    Grant { filename, content_type, ..grant }
}

#[tokio::test]
async fn a_delete_between_both_events_is_final() {
    for order in [[0, 1], [1, 0]] {
        let fixture = scan_fixture();
        let key = key(ALICE, id(1));
        let version = fixture.put(&key, PNG.len(), PNG);
        let events = [direct(&[created(&key, &version)]), scan(&key, &version, CLEAN)];
        deliver(&fixture, &[&events[order[0]]]).await;
        fixture.records.write_tombstone(&key, now()).await.unwrap();
        deliver(&fixture, &[&events[order[1]], &events[order[0]]]).await;
        assert_eq!(fixture.records.stored(), [Record::Deleting(key.clone())]);
        assert!(fixture.objects.is_empty());
    }
}

#[tokio::test]
async fn an_upload_without_a_scan_result_is_rejected_after_24_hours() {
    let fixture = scan_fixture();
    let key = key(ALICE, id(1));
    let version = fixture.put(&key, PNG.len(), PNG);
    let event = direct(&[created(&key, &version)]);
    deliver(&fixture, &[&event, &event]).await;
    assert_eq!(fixture.outcome(id(1)), None, "still waits");
    let Some(Record::Pending(Pending::Content(mut content))) = fixture.records.record(id(1)) else {
        panic!("no pending verdict")
    };
    content.judged_at = now() - SignedDuration::from_hours(24);
    fixture.records.store(Record::Pending(Pending::Content(content)));
    deliver(&fixture, &[&event]).await;
    assert_eq!(fixture.outcome(id(1)), Some((Outcome::Rejected, version)));
    assert_eq!(fixture.reasons(id(1)), ["not-scanned"]);
    assert!(fixture.objects.is_empty());
}

#[tokio::test]
async fn a_policy_without_scans_completes_pending_verdicts() {
    let mut fixture = scan_fixture();
    let key = key(ALICE, id(1));
    let version = fixture.put(&key, PNG.len(), PNG);
    let event = direct(&[created(&key, &version)]);
    deliver(&fixture, &[&event]).await;
    fixture.policy = None;
    deliver(&fixture, &[&event]).await;
    assert_eq!(fixture.outcome(id(1)), Some((Outcome::Accepted, version)));
}

#[tokio::test]
async fn after_an_interruption_at_any_call_the_next_delivery_leads_to_the_same_result() {
    for status in [CLEAN, "THREATS_FOUND"] {
        for order in [[0, 1], [1, 0]] {
            let start = || {
                let fixture = scan_fixture();
                let key = key(ALICE, id(1));
                let version = fixture.put(&key, PNG.len(), PNG);
                let events = [direct(&[created(&key, &version)]), scan(&key, &version, status)];
                (fixture, order.map(|n| direct(&[message("1", &events[n])])))
            };
            let state = |fixture: &Fixture| (fixture.records.stored(), fixture.objects.kept(&key(ALICE, id(1))));
            let (expected, events) = start();
            deliver(&expected, &[&events[0], &events[1]]).await;
            for (moment, kind) in FaultInjector::WAYS {
                for interrupted in 0..2 {
                    let mut n = 0;
                    loop {
                        let (fixture, events) = start();
                        deliver(&fixture, &[&events[0]][..interrupted]).await;
                        let faults = FaultInjector::at(n, moment, kind);
                        fixture.handle_under(&faults, events[interrupted].clone()).await;
                        deliver(&fixture, &[&events[interrupted], &events[1]]).await;
                        assert_eq!(
                            state(&fixture),
                            state(&expected),
                            "{status} {order:?}, {kind:?} at call {n}, {moment:?}"
                        );
                        if faults.calls() <= n {
                            break;
                        }
                        n += 1;
                    }
                    assert!(n >= 2, "{n} calls");
                }
            }
        }
    }
}
