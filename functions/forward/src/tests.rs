//! Stream records and their events on the bus; refused events, interruptions and unreadable records.

use std::collections::BTreeSet;

use aws_adapters::dynamodb::stream;
use testkit::{BUCKET, FaultInjector, FaultKind, MemoryBus, MemoryQueue, config, golden_events, id};

use super::*;

fn in_a_minute() -> SystemTime {
    SystemTime::now() + Duration::from_mins(1)
}

fn deps<B>(bus: B) -> Deps<B, MemoryQueue> {
    Deps { config: config(&[]), read_change: stream::change, bus: Some(bus), webhooks: Vec::new() }
}

/// Handles `event` while `faults` affects the bus. `None` if it killed the process.
async fn forward_under(bus: &MemoryBus, faults: &FaultInjector, event: Value) -> Option<Result<Value, Retry>> {
    let deps = deps(faults.of(bus));
    faults.run(deps.handle(event, in_a_minute())).await
}

async fn forward(bus: &MemoryBus, event: Value) -> Result<Value, Retry> {
    forward_under(bus, &FaultInjector::none(), event).await.unwrap()
}

fn event(name: &str) -> Value {
    golden_events("forward")[name].clone()
}

/// A batch of `n` records of accepted uploads. Their sequence numbers count from 0.
fn acceptances(n: u16) -> Value {
    let one = event("accepted")["Records"][0].clone();
    let record = |n: u16| {
        let mut record = one.clone();
        let (old, new) = (record["dynamodb"]["NewImage"]["id"]["S"].as_str().unwrap().to_owned(), id(n).to_string());
        let key = record["dynamodb"]["NewImage"]["key"]["S"].as_str().unwrap().replace(&old, &new);
        let hex = &new[new.len() - 1..];
        record["dynamodb"]["NewImage"]["key"]["S"] = json!(format!("1/{hex}/{}", &key[4..]));
        record["dynamodb"]["NewImage"]["id"]["S"] = json!(new);
        record["dynamodb"]["NewImage"]["pk"]["S"] = json!(format!("upload#{new}"));
        record["dynamodb"]["SequenceNumber"] = json!(n.to_string());
        record
    };
    json!({ "Records": (0..n).map(record).collect::<Vec<_>>() })
}

/// The event ids of [`acceptances`].
fn event_ids(n: u16) -> BTreeSet<String> {
    (0..n).map(|n| format!("{}:version-1:accepted", id(n))).collect()
}

#[tokio::test]
async fn golden_events_lead_to_the_expected_events() {
    let validated = |n: u16, kind: &str| format!("{}:version-{n}:{kind}", id(n));
    let expected: [(&str, Vec<String>); 7] = [
        ("accepted", vec![validated(1, "accepted")]),
        ("deleted", vec![format!("{}::deleted", id(1))]),
        ("deleted-unjudged", vec![format!("{}::deleted", id(1))]),
        ("none-of-ours", Vec::new()),
        ("rejected", vec![validated(2, "rejected")]),
        ("scanned-then-accepted", vec![validated(1, "accepted")]),
        // The second of three records is unreadable.
        ("unreadable", vec![validated(1, "accepted"), validated(2, "accepted")]),
    ];
    let events = golden_events("forward");
    let files: BTreeSet<&str> = events.keys().map(String::as_str).collect();
    assert_eq!(files, expected.iter().map(|(name, ..)| *name).collect());
    for (name, event_ids) in expected {
        let bus = MemoryBus::default();
        let answer = forward(&bus, events[name].clone()).await.unwrap();
        assert_eq!(answer, json!({ "batchItemFailures": [] }), "{name}");
        assert_eq!(bus.ids(), event_ids, "{name}");
    }
}

#[tokio::test]
async fn an_event_contains_the_record_as_its_owner_sees_it() {
    let bus = MemoryBus::default();
    forward(&bus, event("rejected")).await.unwrap();
    forward(&bus, event("deleted")).await.unwrap();
    let [rejected, deleted] = &bus.told()[..] else { panic!("two events") };
    let detail: Value = serde_json::from_str(&rejected.detail).unwrap();
    let record = &event("rejected")["Records"][0]["dynamodb"]["NewImage"];
    assert_eq!(rejected.detail_type, "Upload Rejected");
    assert_eq!(rejected.resource, format!("arn:aws:s3:::{BUCKET}/{}", record["key"]["S"].as_str().unwrap()));
    assert_eq!(detail["eventId"], format!("{}:version-2:rejected", id(2)));
    assert_eq!((&detail["id"], &detail["status"]), (&record["id"]["S"], &json!("rejected")));
    assert_eq!((&detail["filename"], &detail["key"]), (&json!("photo.png"), &record["key"]["S"]));
    assert_eq!(detail["reasons"][0]["code"], "truncated");
    let detail: Value = serde_json::from_str(&deleted.detail).unwrap();
    let key = &event("deleted")["Records"][0]["dynamodb"]["NewImage"]["key"]["S"];
    let id = id(1).to_string();
    let deleted_at = &event("deleted")["Records"][0]["dynamodb"]["NewImage"]["deletedAt"]["S"];
    let expected = json!({
        "eventId": format!("{id}::deleted"), "id": id, "status": "deleted", "bucket": BUCKET, "key": key,
        "deletedAt": deleted_at,
    });
    assert_eq!((deleted.detail_type, detail), ("Upload Deleted", expected));
}

#[tokio::test]
async fn batches_of_any_length_are_forwarded() {
    for n in [0, 1, 9, 10, 11, 1000] {
        let bus = MemoryBus::default();
        forward(&bus, acceptances(n)).await.unwrap();
        assert_eq!((bus.ids().len(), bus.known()), (usize::from(n), event_ids(n)));
    }
}

#[tokio::test]
async fn all_records_from_the_first_refused_one_are_delivered_again() {
    for refused in [0, 1, 9, 10, 24] {
        let bus = MemoryBus::default();
        bus.refuse(Some(&id(refused).to_string()));
        match forward(&bus, acceptances(25)).await {
            Ok(answer) => {
                assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": refused.to_string() }] }));
            }
            Err(retry) => {
                assert_eq!(refused, 0);
                assert_eq!(Diagnostic::from(retry).error_type, "EventRefused");
            }
        }
        assert!(event_ids(refused).is_subset(&bus.known()), "earlier events were put");
        bus.refuse(None);
        forward(&bus, acceptances(25)).await.unwrap();
        assert_eq!(bus.known(), event_ids(25));
    }
}

#[tokio::test]
async fn after_an_interruption_at_any_call_the_next_delivery_puts_every_event() {
    for (moment, kind) in FaultInjector::WAYS {
        for n in 0..4 {
            let bus = MemoryBus::default();
            let faults = FaultInjector::at(n, moment, kind);
            let answer = forward_under(&bus, &faults, acceptances(25)).await;
            match (n, kind) {
                (3, _) => assert_eq!(answer.unwrap().unwrap(), json!({ "batchItemFailures": [] }), "three calls only"),
                (_, FaultKind::Kill) => assert!(answer.is_none()),
                (_, FaultKind::Repeat) => assert_eq!(answer.unwrap().unwrap(), json!({ "batchItemFailures": [] })),
                (0, FaultKind::Fault) => assert!(matches!(answer, Some(Err(Retry::Bus(_))))),
                (n, FaultKind::Fault) => {
                    let first = (n * event_bus::MAX_BATCH).to_string();
                    assert_eq!(answer.unwrap().unwrap()["batchItemFailures"][0]["itemIdentifier"], first);
                }
            }
            forward(&bus, acceptances(25)).await.unwrap();
            assert_eq!(bus.known(), event_ids(25), "{kind:?} at call {n}, {moment:?}");
        }
    }
}

#[tokio::test]
async fn without_time_left_nothing_is_put() {
    let deps = deps(MemoryBus::default());
    for deadline in [SystemTime::UNIX_EPOCH, SystemTime::now() + DEADLINE_MARGIN] {
        let retry = deps.handle(acceptances(1), deadline).await.unwrap_err();
        assert!(matches!(retry, Retry::Deadline));
    }
    assert!(deps.bus.unwrap().ids().is_empty());
}

#[tokio::test]
async fn an_unknown_payload_is_an_unreadable_event() {
    for event in [json!({}), json!(null), json!({ "Records": "x" })] {
        let retry = forward(&MemoryBus::default(), event).await.unwrap_err();
        assert_eq!(Diagnostic::from(retry).error_type, "UnreadableEvent");
    }
}

#[tokio::test]
async fn a_refused_event_after_an_unreadable_record_is_named_by_its_own_number() {
    let bus = MemoryBus::default();
    bus.refuse(Some(&id(2).to_string()));
    let answer = forward(&bus, event("unreadable")).await.unwrap();
    let third = &event("unreadable")["Records"][2]["dynamodb"]["SequenceNumber"];
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": third }] }));
}

#[tokio::test]
async fn the_resource_arn_has_the_partition_of_the_region() {
    for (region, partition) in [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")] {
        let config = config(&[("AWS_REGION", region)]);
        let deps: Deps<_, MemoryQueue> =
            Deps { config, read_change: stream::change, bus: Some(MemoryBus::default()), webhooks: Vec::new() };
        deps.handle(event("accepted"), in_a_minute()).await.unwrap();
        let resource = deps.bus.unwrap().told()[0].resource.clone();
        assert!(resource.starts_with(&format!("arn:{partition}:s3:::{BUCKET}/1/")), "{resource}");
    }
}

/// Handles `event` with a bus and the queues of two endpoints.
async fn forward_to_all(bus: &MemoryBus, queues: [&MemoryQueue; 2], event: Value) -> Result<Value, Retry> {
    let none = FaultInjector::none();
    let webhooks = queues.to_vec();
    Deps { config: config(&[]), read_change: stream::change, bus: Some(none.of(bus)), webhooks }
        .handle(event, in_a_minute())
        .await
}

/// The deliveries in a queue.
fn deliveries(queue: &MemoryQueue) -> Vec<Delivery> {
    queue.sent().iter().map(|message| serde_json::from_str(message).unwrap()).collect()
}

#[tokio::test]
async fn every_endpoint_gets_the_record_as_its_owner_sees_it() {
    let (bus, one, two) = (MemoryBus::default(), MemoryQueue::default(), MemoryQueue::default());
    for (name, r#type, time) in [
        ("accepted", "upload.accepted", "judgedAt"),
        ("rejected", "upload.rejected", "judgedAt"),
        ("deleted", "upload.deleted", "deletedAt"),
    ] {
        forward_to_all(&bus, [&one, &two], event(name)).await.unwrap();
        let (one, two) = (deliveries(&one).pop().unwrap(), deliveries(&two).pop().unwrap());
        assert_eq!((one.endpoint, &two), (1, &one.to_endpoint(2)));
        let body: Value = serde_json::from_str(&one.body).unwrap();
        let detail: Value = serde_json::from_str(&bus.told().last().unwrap().detail).unwrap();
        assert_eq!(body, json!({ "type": r#type, "timestamp": detail[time], "data": detail }), "{name}");
    }
}

#[tokio::test]
async fn a_target_that_refuses_an_event_delays_no_other_target() {
    for refused in [0_u16, 9, 10, 24] {
        let (bus, one, two) = (MemoryBus::default(), MemoryQueue::default(), MemoryQueue::default());
        one.refuse(Some(&id(refused).to_string()));
        let answer = forward_to_all(&bus, [&one, &two], acceptances(25)).await;
        let from = answer.map(|answer| answer["batchItemFailures"][0]["itemIdentifier"].clone());
        assert_eq!(from.ok(), (refused > 0).then(|| json!(refused.to_string())));
        assert_eq!((bus.known(), deliveries(&two).len()), (event_ids(25), 25));
        assert!(deliveries(&one).len() >= usize::from(refused) && deliveries(&one).len() < 25);
        one.refuse(None);
        forward_to_all(&bus, [&one, &two], acceptances(25)).await.unwrap();
        let ids = |queue: &MemoryQueue| deliveries(queue).into_iter().map(|sent| sent.id).collect::<BTreeSet<_>>();
        assert_eq!((ids(&one).len(), ids(&one)), (25, ids(&two)));
    }
}

#[tokio::test]
async fn without_a_bus_only_the_queues_get_events() {
    let queue = MemoryQueue::default();
    let deps: Deps<MemoryBus, _> =
        Deps { config: config(&[]), read_change: stream::change, bus: None, webhooks: vec![&queue] };
    assert_eq!(deps.handle(acceptances(11), in_a_minute()).await.unwrap(), json!({ "batchItemFailures": [] }));
    assert_eq!(deliveries(&queue).len(), 11);
}
