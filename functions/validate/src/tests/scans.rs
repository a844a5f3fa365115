//! Content and scan, in any order, interrupted anywhere: nothing is accepted without both.

use jiff::SignedDuration;

use shared::filename::FileName;
use shared::media::MediaType;
use shared::policy::Grant;
use shared::upload::Pending;

use super::*;

const SCANS: &str = r#"{"version": 1, "classes": {"default": {"allow": [{"types": ["*/*"]}], "scan": "required"}}}"#;

const CLEAN: &str = "NO_THREATS_FOUND";

/// The event that `GuardDuty` sends, as its guide shows it.
fn scan(key: &ObjectKey, version: &str, status: &str) -> Value {
    let mut event = golden_events("validate")["direct-scan-clean"].clone();
    event["detail"]["s3ObjectDetails"]["objectKey"] = json!(key.to_string());
    event["detail"]["s3ObjectDetails"]["versionId"] = json!(version);
    event["detail"]["scanResultDetails"]["scanResultStatus"] = json!(status);
    event
}

fn world() -> World {
    World { policy: Some(SCANS), ..World::default() }
}

/// All events of a story, one after the other, in this order.
async fn tell(world: &World, events: &[&Value]) {
    for event in events {
        world.handle((*event).clone()).await.unwrap();
    }
}

#[tokio::test]
async fn only_content_and_scan_together_accept_in_either_order_and_however_often() {
    for (bytes, status, outcome, reasons) in [
        (PNG, CLEAN, Outcome::Accepted, &[][..]),
        (PNG, "THREATS_FOUND", Outcome::Rejected, &["threat-found"]),
        (PNG, "UNSUPPORTED", Outcome::Rejected, &["unscannable"]),
        (PNG, "ACCESS_DENIED", Outcome::Rejected, &["unscannable"]),
        (PNG, "FAILED", Outcome::Rejected, &["unscannable"]),
        (PNG, "A_WORD_YET_TO_COME", Outcome::Rejected, &["unscannable"]),
        (&PNG[..40], CLEAN, Outcome::Rejected, &["size-mismatch", "truncated"]),
    ] {
        for order in [[0, 1, 0, 1], [1, 0, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]] {
            let world = world();
            let key = key(ALICE, id(1));
            let version = world.put(&key, PNG.len(), bytes);
            let events = [direct(&[created(&key, &version)]), scan(&key, &version, status)];
            tell(&world, &[&events[order[0]]]).await;
            assert_ne!(
                world.outcome(id(1)),
                Some((Outcome::Accepted, version.clone())),
                "{status}: half is not enough"
            );
            tell(&world, &order.map(|n| &events[n])[1..]).await;
            assert_eq!(world.outcome(id(1)), Some((outcome, version.clone())), "{status} {order:?}");
            assert_eq!(world.reasons(id(1)), reasons, "{status} {order:?}");
            let kept = if outcome == Outcome::Accepted { vec![version] } else { Vec::new() };
            assert_eq!(world.objects.kept(&key), kept, "{status} {order:?}");
        }
    }
}

#[tokio::test]
async fn the_threats_name_stands_in_the_record() {
    let world = world();
    let key = key(ALICE, id(1));
    let version = world.put(&key, PNG.len(), PNG);
    let mut threat = scan(&key, &version, "THREATS_FOUND");
    threat["detail"]["scanResultDetails"]["threats"] = json!([{ "name": "EICAR-Test-File (not a virus)" }]);
    tell(&world, &[&threat, &direct(&[created(&key, &version)])]).await;
    let Some(Record::Judged(judged)) = world.records.record(id(1)) else { panic!("no verdict") };
    assert_eq!(judged.reasons[0].detail, "THREATS_FOUND, EICAR-Test-File (not a virus)");
}

#[tokio::test]
async fn a_scan_that_no_class_wants_leaves_no_trace() {
    let world = World::default();
    let key = key(ALICE, id(1));
    let version = world.put(&key, PNG.len(), PNG);
    let events = [scan(&key, &version, "THREATS_FOUND"), direct(&[created(&key, &version)])];
    tell(&world, &[&events[0]]).await;
    assert!(world.records.is_empty());
    tell(&world, &[&events[1], &events[0]]).await;
    assert_eq!(world.outcome(id(1)), Some((Outcome::Accepted, version)));
}

#[tokio::test]
async fn whoever_speaks_first_pins_the_version_and_the_other_one_goes() {
    for by_scan in [false, true] {
        let world = world();
        let key = key(ALICE, id(1));
        let (first, second) = (world.put(&key, PNG.len(), PNG), world.put(&key, PNG.len(), PNG));
        let content = |version| direct(&[created(&key, version)]);
        let pin = if by_scan { scan(&key, &second, CLEAN) } else { content(&second) };
        let rest = if by_scan { content(&second) } else { scan(&key, &second, CLEAN) };
        tell(&world, &[&pin, &scan(&key, &first, CLEAN), &content(&first), &rest]).await;
        assert_eq!(world.outcome(id(1)), Some((Outcome::Accepted, second.clone())), "pinned by the scan: {by_scan}");
        assert_eq!(world.objects.kept(&key), [second]);
    }
}

#[tokio::test]
async fn what_no_grant_wrote_pins_nothing() {
    let world = world();
    let key = key(ALICE, id(1));
    let foreign = world.objects.put(&key, Upload::foreign(PNG));
    let others = world.objects.put(&key, Upload::granted(&grant(&owner("somebody"), PNG.len() as u64), PNG));
    tell(&world, &[&scan(&key, &foreign, CLEAN), &scan(&key, &others, CLEAN), &scan(&key, "gone", CLEAN)]).await;
    assert!(world.records.is_empty());
}

#[tokio::test]
async fn of_two_results_the_worse_one_counts_until_there_is_a_verdict() {
    for (first, second, reason) in [
        (CLEAN, "THREATS_FOUND", "threat-found"),
        ("THREATS_FOUND", CLEAN, "threat-found"),
        (CLEAN, "FAILED", "unscannable"),
        ("FAILED", "THREATS_FOUND", "unscannable"),
    ] {
        let world = world();
        let key = key(ALICE, id(1));
        let version = world.put(&key, PNG.len(), PNG);
        let content = direct(&[created(&key, &version)]);
        tell(&world, &[&scan(&key, &version, first), &scan(&key, &version, second), &content]).await;
        assert_eq!(world.outcome(id(1)), Some((Outcome::Rejected, version)), "{first}, {second}");
        assert_eq!(world.reasons(id(1)), [reason], "{first}, {second}");
    }
    let world = world();
    let key = key(ALICE, id(1));
    let version = world.put(&key, PNG.len(), PNG);
    let events = [direct(&[created(&key, &version)]), scan(&key, &version, CLEAN)];
    tell(&world, &[&events[0], &events[1], &scan(&key, &version, "THREATS_FOUND")]).await;
    assert_eq!(world.outcome(id(1)), Some((Outcome::Accepted, version.clone())), "the first verdict is final");
    assert_eq!(world.objects.kept(&key), [version]);
}

#[tokio::test]
async fn half_a_verdict_on_a_version_that_is_gone_ends() {
    for (half_by_scan, last, rejected) in [
        (false, "content", false),
        (false, CLEAN, false),
        (false, "THREATS_FOUND", true),
        (false, "FAILED", true),
        (true, "content", false),
        (true, CLEAN, false),
        (true, "THREATS_FOUND", false),
    ] {
        let world = world();
        let key = key(ALICE, id(1));
        let version = world.put(&key, PNG.len(), PNG);
        let content = direct(&[created(&key, &version)]);
        tell(&world, &[&if half_by_scan { scan(&key, &version, CLEAN) } else { content.clone() }]).await;
        // Another version's going says nothing of this one.
        let before = world.records.stored();
        tell(&world, &[&direct(&[created(&key, "gone")]), &scan(&key, "gone", "THREATS_FOUND")]).await;
        assert_eq!(world.records.stored(), before);

        world.objects.delete_version(&key, &version).await.unwrap();
        tell(&world, &[&if last == "content" { content.clone() } else { scan(&key, &version, last) }]).await;
        let what = format!("half by scan: {half_by_scan}, {last}");
        if rejected {
            assert_eq!(world.outcome(id(1)), Some((Outcome::Rejected, version.clone())), "{what}");
        } else {
            assert_eq!(world.records.stored(), [Record::Deleting(key.clone())], "{what}");
        }
        let ended = world.records.stored();
        tell(&world, &[&content, &scan(&key, &version, CLEAN), &scan(&key, &version, "THREATS_FOUND")]).await;
        assert_eq!(world.records.stored(), ended, "{what}");
    }
}

#[tokio::test]
async fn a_class_that_is_gone_asks_for_what_any_class_asks_for() {
    const OTHERS: &str = r#"{"version": 1, "classes": {
        "default": {"allow": [{"types": ["*/*"]}]},
        "careful": {"allow": [{"types": ["*/*"]}], "content": {"base": "strict"}, "scan": "required"}
    }}"#;
    // Flagged by the standard rules, refused by the strict ones.
    const ODD: &[u8] = b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-";
    let world = World { policy: Some(OTHERS), ..World::default() };
    for (n, class, bytes) in [(1, "renamed", PNG), (2, "default", ODD), (3, "renamed", ODD), (4, "default", &PNG[..40])]
    {
        let key = key(ALICE, id(n));
        let granted = grant(key.owner(), bytes.len() as u64);
        let granted = Grant { class: class.to_owned(), ..if bytes == ODD { text(granted) } else { granted } };
        let version = world.objects.put_granted(&key, &granted, bytes);
        tell(&world, &[&direct(&[created(&key, &version)])]).await;
    }
    assert!(matches!(world.records.record(id(1)), Some(Record::Pending(Pending::Content(_)))), "it waits for its scan");
    let outcomes = [2, 3, 4].map(|n| world.outcome(id(n)).unwrap().0);
    assert_eq!(outcomes, [Outcome::Accepted, Outcome::Rejected, Outcome::Rejected]);
    let kept = [3, 4].map(|n| world.objects.kept(&key(ALICE, id(n))).len());
    assert_eq!(kept, [1, 0], "nobody knows whether its own class would have kept it");
}

fn text(grant: Grant) -> Grant {
    let (filename, content_type) = (FileName::parse("notes.txt").unwrap(), MediaType::parse("text/plain").unwrap());
    Grant { filename, content_type, ..grant }
}

#[tokio::test]
async fn a_delete_in_between_stays() {
    for order in [[0, 1], [1, 0]] {
        let world = world();
        let key = key(ALICE, id(1));
        let version = world.put(&key, PNG.len(), PNG);
        let events = [direct(&[created(&key, &version)]), scan(&key, &version, CLEAN)];
        tell(&world, &[&events[order[0]]]).await;
        shared::records::UploadRecords::bury(&world.records, &key, now()).await.unwrap();
        tell(&world, &[&events[order[1]], &events[order[0]]]).await;
        assert_eq!(world.records.stored(), [Record::Deleting(key.clone())]);
        assert!(world.objects.is_empty());
    }
}

#[tokio::test]
async fn a_scan_that_never_comes_is_given_up_after_a_day() {
    let world = world();
    let key = key(ALICE, id(1));
    let version = world.put(&key, PNG.len(), PNG);
    let event = direct(&[created(&key, &version)]);
    tell(&world, &[&event, &event]).await;
    assert_eq!(world.outcome(id(1)), None, "it still may come");
    let Some(Record::Pending(Pending::Content(mut content))) = world.records.record(id(1)) else { panic!("no half") };
    content.judged_at = now() - SignedDuration::from_hours(24);
    world.records.store(Record::Pending(Pending::Content(content)));
    tell(&world, &[&event]).await;
    assert_eq!(world.outcome(id(1)), Some((Outcome::Rejected, version)));
    assert_eq!(world.reasons(id(1)), ["not-scanned"]);
    assert!(world.objects.is_empty());
}

#[tokio::test]
async fn a_policy_that_wants_no_scan_any_more_lets_what_waits_go_on() {
    let mut world = world();
    let key = key(ALICE, id(1));
    let version = world.put(&key, PNG.len(), PNG);
    let event = direct(&[created(&key, &version)]);
    tell(&world, &[&event]).await;
    world.policy = None;
    tell(&world, &[&event]).await;
    assert_eq!(world.outcome(id(1)), Some((Outcome::Accepted, version)));
}

#[tokio::test]
async fn killed_or_failed_at_any_call_and_told_again_it_ends_the_same() {
    for status in [CLEAN, "THREATS_FOUND"] {
        for order in [[0, 1], [1, 0]] {
            let begin = || {
                let world = world();
                let key = key(ALICE, id(1));
                let version = world.put(&key, PNG.len(), PNG);
                let events = [direct(&[created(&key, &version)]), scan(&key, &version, status)];
                (world, order.map(|n| direct(&[message("1", &events[n])])))
            };
            let state = |world: &World| (world.records.stored(), world.objects.kept(&key(ALICE, id(1))));
            let (calm, events) = begin();
            tell(&calm, &[&events[0], &events[1]]).await;
            for (moment, kind) in Interruption::WAYS {
                for interrupted in 0..2 {
                    let mut n = 0;
                    loop {
                        let (world, events) = begin();
                        tell(&world, &[&events[0]][..interrupted]).await;
                        let trouble = Interruption::at(n, moment, kind);
                        world.handle_under(&trouble, events[interrupted].clone()).await;
                        tell(&world, &[&events[interrupted], &events[1]]).await;
                        assert_eq!(state(&world), state(&calm), "{status} {order:?}, {kind:?} at call {n}, {moment:?}");
                        if trouble.calls() <= n {
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
