//! Batches of deliveries: what is kept, how long it waits, what is signed; interruptions at any call.

use jiff::{SignedDuration, Timestamp};
use policy::webhook::Delivery;
use testkit::{Delivered, FaultInjector, FaultKind, MemoryEndpoints, MemorySecrets, MemoryWaits, config, env, now};

use super::*;

const FIRST: &str = "https://one.example/hooks";
const SECOND: &str = "https://two.example/hooks";
const OLD: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// The ports of a test.
struct World {
    endpoints: MemoryEndpoints,
    secrets: MemorySecrets,
    waits: MemoryWaits,
}

impl World {
    fn new() -> Self {
        let secrets = MemorySecrets::new(&format!(r#"{{"current": "{OLD}"}}"#));
        Self { endpoints: MemoryEndpoints::default(), secrets, waits: MemoryWaits::default() }
    }

    fn deps<'a>(
        &'a self,
        faults: &'a FaultInjector,
    ) -> Deps<
        testkit::FaultyPort<'a, MemoryEndpoints>,
        testkit::FaultyPort<'a, MemorySecrets>,
        testkit::FaultyPort<'a, MemoryWaits>,
    > {
        let config = config(&[
            ("WEBHOOK_URLS", &format!("{FIRST},{SECOND}")),
            ("WEBHOOK_SECRETS", "arn:one,arn:two"),
            ("WEBHOOK_QUEUES", "https://sqs.example/one,https://sqs.example/two"),
            ("WEBHOOK_RETRY_WAITS", "10s 60s"),
            ("WEBHOOK_ATTEMPTS", "4"),
        ]);
        let queues = vec![faults.of(&self.waits), faults.of(&self.waits)];
        Deps::new(config, faults.of(&self.endpoints), faults.of(&self.secrets), queues, env())
    }

    async fn handle(&self, event: Value) -> Value {
        self.deps(&FaultInjector::none()).handle(event, in_a_minute()).await.unwrap()
    }
}

fn in_a_minute() -> SystemTime {
    SystemTime::now() + Duration::from_mins(1)
}

/// A batch of messages that were received `attempt` times. Message `n` has the receipt `receipt-n`.
fn batch(deliveries: &[(usize, &str)], attempt: u16) -> Value {
    let record = |(n, (endpoint, id)): (usize, &(usize, &str))| {
        let delivery = Delivery { endpoint: *endpoint, id: (*id).to_owned(), body: format!(r#"{{"n":{n}}}"#) };
        json!({
            "messageId": n.to_string(),
            "receiptHandle": format!("receipt-{n}"),
            "body": serde_json::to_string(&delivery).unwrap(),
            "attributes": { "ApproximateReceiveCount": attempt.to_string() },
        })
    };
    json!({ "Records": deliveries.iter().enumerate().map(record).collect::<Vec<_>>() })
}

fn failures(ids: &[&str]) -> Value {
    let failures: Vec<Value> = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "batchItemFailures": failures })
}

fn answer(status: u16) -> Answer {
    Answer { status, retry_after: None }
}

#[tokio::test]
async fn each_endpoint_gets_its_deliveries_signed() {
    let world = World::new();
    assert_eq!(world.handle(batch(&[(1, "evt_a"), (2, "evt_b")], 1)).await, failures(&[]));
    let secrets = secret::Secrets::parse(&format!(r#"{{"current": "{OLD}"}}"#)).ok().unwrap();
    let expected = |n: usize, url: &str, id: &str| {
        let body = format!(r#"{{"n":{n}}}"#);
        let signature = secrets.sign(id, now(), &body);
        Delivered { url: url.to_owned(), id: id.to_owned(), timestamp: now().as_second(), signature, body }
    };
    assert_eq!(world.endpoints.received(), [expected(0, FIRST, "evt_a"), expected(1, SECOND, "evt_b")]);
}

#[tokio::test]
async fn only_a_status_of_success_ends_a_delivery() {
    for code in [200, 201, 202, 204, 299] {
        let world = World::new();
        world.endpoints.answer(FIRST, Ok(answer(code)));
        assert_eq!(world.handle(batch(&[(1, "evt_a")], 1)).await, failures(&[]), "{code}");
        assert_eq!(world.waits.of("receipt-0"), None);
    }
    for outcome in [
        Ok(answer(199)),
        Ok(answer(300)),
        Ok(answer(301)),
        Ok(answer(307)),
        Ok(answer(400)),
        Ok(answer(401)),
        Ok(answer(410)),
        Ok(answer(429)),
        Ok(answer(500)),
        Err(PostError::NoPublicAddress),
        Err(PostError::NotConnected),
        Err(PostError::Broken),
        Err(PostError::TimedOut),
    ] {
        let world = World::new();
        world.endpoints.answer(FIRST, outcome);
        // The other endpoint of the batch is not affected.
        let kept = world.handle(batch(&[(1, "evt_a"), (2, "evt_b")], 1)).await;
        assert_eq!(kept, failures(&["0"]), "{outcome:?}");
        let wait = world.waits.of("receipt-0").unwrap();
        assert!(Duration::from_secs(9) <= wait && wait <= Duration::from_secs(10), "{wait:?}");
        assert_eq!(world.waits.of("receipt-1"), None);
    }
}

#[tokio::test]
async fn waits_grow_and_the_last_attempt_waits_for_nothing() {
    let world = World::new();
    world.endpoints.answer(FIRST, Ok(answer(503)));
    for (attempt, seconds) in [(1, 9..=10), (2, 54..=60), (3, 54..=60), (4, 0..=0), (5, 0..=0)] {
        assert_eq!(world.handle(batch(&[(1, "evt_a")], attempt)).await, failures(&["0"]));
        assert!(seconds.contains(&world.waits.of("receipt-0").unwrap().as_secs()), "{attempt}");
    }
    world.endpoints.answer(FIRST, Ok(Answer { status: 429, retry_after: Some(Duration::from_mins(7)) }));
    world.handle(batch(&[(1, "evt_a")], 1)).await;
    assert_eq!(world.waits.of("receipt-0"), Some(Duration::from_mins(7)));
}

#[tokio::test]
async fn messages_that_are_no_deliveries_stay_and_harm_no_other() {
    let world = World::new();
    let mut event = batch(&[(1, "evt_a"), (0, "evt_b"), (3, "evt_c"), (1, "evt_d")], 1);
    event["Records"][0]["body"] = json!("not JSON");
    assert_eq!(world.handle(event).await, failures(&["0", "1", "2"]));
    assert_eq!(world.endpoints.received().len(), 1);
    let deps = world.deps(&FaultInjector::none()).handle(json!({}), in_a_minute()).await;
    assert_eq!(deps.unwrap_err(), Unreadable);
}

#[tokio::test]
async fn without_time_left_nothing_is_posted() {
    let world = World::new();
    let none = FaultInjector::none();
    for deadline in [SystemTime::UNIX_EPOCH, SystemTime::now()] {
        let answer = world.deps(&none).handle(batch(&[(1, "evt_a")], 1), deadline).await.unwrap();
        assert_eq!(answer, failures(&["0"]));
    }
    assert!(world.endpoints.received().is_empty());
}

#[tokio::test]
async fn a_secret_is_read_again_after_a_minute() {
    thread_local! {
        static SECONDS: std::cell::Cell<i64> = const { std::cell::Cell::new(0) };
    }
    fn clock() -> Timestamp {
        now() + SignedDuration::from_secs(SECONDS.get())
    }
    let (world, none) = (World::new(), FaultInjector::none());
    let deps = Deps { env: Env { now: clock, ..env() }, ..world.deps(&none) };
    for (second, reads) in [(0, 1), (59, 1), (60, 2), (119, 2), (120, 3)] {
        SECONDS.set(second);
        deps.handle(batch(&[(1, "evt_a")], 1), in_a_minute()).await.unwrap();
        assert_eq!(world.secrets.reads(), reads, "second {second}");
    }
    let until = now() + SignedDuration::from_mins(10);
    world.secrets.set(&format!(r#"{{"current": "{NEW}", "previous": "{OLD}", "previousUntil": "{until}"}}"#));
    for (second, signatures) in [(180, 2), (599, 2), (660, 1)] {
        SECONDS.set(second);
        deps.handle(batch(&[(1, "evt_a")], 1), in_a_minute()).await.unwrap();
        let signature = world.endpoints.received().pop().unwrap().signature;
        assert_eq!(signature.split(' ').count(), signatures, "second {second}");
    }
}

#[tokio::test]
async fn an_invalid_secret_signs_nothing() {
    let world = World::new();
    for invalid in ["", "{}", r#"{"current": "c2hvcnQ="}"#] {
        world.secrets.set(invalid);
        assert_eq!(world.handle(batch(&[(1, "evt_a")], 1)).await, failures(&["0"]), "{invalid}");
    }
    assert!(world.endpoints.received().is_empty());
}

#[tokio::test]
async fn after_an_interruption_at_any_call_the_next_receive_delivers() {
    for (point, kind) in FaultInjector::WAYS {
        for call in 0..3 {
            let world = World::new();
            let faults = FaultInjector::at(call, point, kind);
            let deps = world.deps(&faults);
            let first = faults.run(deps.handle(batch(&[(1, "evt_a")], 1), in_a_minute())).await;
            let is_kept = match (&first, kind) {
                (None, FaultKind::Kill) => true,
                (Some(Ok(answer)), _) => *answer == failures(&["0"]),
                other => panic!("{other:?}"),
            };
            if is_kept {
                let again = deps.handle(batch(&[(1, "evt_a")], 2), in_a_minute()).await.unwrap();
                assert_eq!(again, failures(&[]));
            }
            let received = world.endpoints.received();
            assert!(!received.is_empty(), "{kind:?} at call {call}");
            assert!(received.iter().all(|delivered| delivered.id == "evt_a"));
        }
    }
}

/// The variables' names in the errors of an environment with `changes`.
fn errors(changes: &[(&str, &str)]) -> String {
    use lambda_http_kit::config::Config as _;
    let usual =
        [("WEBHOOK_URLS", FIRST), ("WEBHOOK_SECRETS", "arn:one"), ("WEBHOOK_QUEUES", "https://sqs.example/one")];
    let lookup = |name: &str| {
        let mut all = changes.iter().chain(&usual);
        all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    Config::from_lookup(&lookup, &|| None).map_or_else(|errors| errors.to_string(), |_| String::new())
}

#[test]
fn an_invalid_environment_is_refused_at_start() {
    assert_eq!(errors(&[]), "");
    assert_eq!(errors(&[("WEBHOOK_PRIVATE_HOSTS", "true"), ("WEBHOOK_URLS", "http://127.0.0.1:9000/")]), "");
    for (variable, value) in [
        ("WEBHOOK_URLS", ""),
        ("WEBHOOK_URLS", "http://one.example/"),
        ("WEBHOOK_URLS", "https://user:password@one.example/"),
        ("WEBHOOK_URLS", "one.example"),
        ("WEBHOOK_SECRETS", ""),
        ("WEBHOOK_SECRETS", "arn:one,arn:two"),
        ("WEBHOOK_QUEUES", "https://sqs.example/one,https://sqs.example/two"),
        ("WEBHOOK_RETRY_WAITS", "soon"),
        ("WEBHOOK_ATTEMPTS", "0"),
        ("WEBHOOK_TIMEOUT", "26"),
        ("WEBHOOK_PRIVATE_HOSTS", "yes"),
    ] {
        let errors = errors(&[(variable, value)]);
        assert!(errors.contains(variable), "{variable}={value}: {errors}");
        assert!(!errors.contains("password"), "{errors}");
    }
}
