//! Seeded fuzzing of all JSON input: events, policies, request bodies. Each run mutates golden events or the shipped
//! policy, in their structure or in their bytes. No handler may panic or answer 5xx, and an event of a missing object
//! may store nothing.
//!
//! A failing run prints its seed. `SLUICE_SEED=N SLUICE_RUNS=1 cargo test -p acceptance fuzzing` repeats it.
//! `SLUICE_RUNS` sets the number of runs of each test.

use lambda_http_kit::{EventHandler, HttpHandler};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, SystemTime};

use lambda_http::Request;
use lambda_http_kit::config::ApiConfig;
use policy::document;
use serde_json::{Value, json};
use testkit::http::{ApiRequest, ApiResponse};
use testkit::{ALICE, MemoryBus, MemoryObjects, MemoryQueue, MemoryRecords, Random, config, env, golden_events};
use uploads_core::env::Env;

use crate::support::number_from_env;

/// Runs of each test, unless `SLUICE_RUNS` is set.
const RUNS: u64 = 3000;

/// Runs `once` with one seed after the other.
fn fuzz(what: &str, once: impl Fn(&Random)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let first = number_from_env("SLUICE_SEED").unwrap_or(0);
    for seed in first..first + number_from_env("SLUICE_RUNS").unwrap_or(RUNS) {
        if let Err(problem) = catch_unwind(AssertUnwindSafe(|| once(&Random::new(seed)))) {
            eprintln!("{what}, seed {seed} failed; repeat with SLUICE_SEED={seed} SLUICE_RUNS=1");
            resume_unwind(problem);
        }
    }
}

/// Runs a handler to its end. The memory ports never wait.
fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(work)
}

/// A random element of `all`.
fn pick<'a, T>(random: &Random, all: &'a [T]) -> &'a T {
    &all[random.below(all.len())]
}

/// A JSON value that handlers rarely expect.
fn unusual_value(random: &Random) -> Value {
    match random.below(14) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(u64::MAX),
        3 => json!(-1),
        4 => json!(1e308),
        5 => json!([]),
        6 => json!({}),
        7 => json!([[[[[[[[[[[[]]]]]]]]]]]]),
        8 => json!("x".repeat(random.below(5000))),
        9 => json!("\u{202e}\0\u{fffd}%zz+%C3%28"),
        10 => json!("aws:sqs"),
        11 => json!("aws:s3"),
        12 => json!("1/0/1970-01-01/open/00000000-0000-7000-8000-000000000000"),
        _ => json!("9999-12-31T23:59:60.999999999999Z"),
    }
}

/// Changes one value somewhere inside `value`. `others` are possible replacements.
fn mutate(random: &Random, value: &mut Value, others: &[Value]) {
    let deeper = random.below(4) != 0;
    match value {
        Value::Object(fields) if deeper && !fields.is_empty() => {
            let name = pick(random, &fields.keys().cloned().collect::<Vec<_>>()).clone();
            match random.below(8) {
                0 => drop(fields.remove(&name)),
                1 => drop(fields.insert(format!("{name}x"), unusual_value(random))),
                _ => mutate(random, fields.get_mut(&name).unwrap(), others),
            }
        }
        Value::Array(items) if deeper && !items.is_empty() => {
            let n = random.below(items.len());
            match random.below(8) {
                0 => drop(items.remove(n)),
                1 => items.push(items[n].clone()),
                _ => mutate(random, &mut items[n], others),
            }
        }
        // SQS and SNS wrap an event as text inside another event.
        Value::String(text) if deeper && text.starts_with('{') => {
            if let Ok(mut inner) = serde_json::from_str(text) {
                mutate(random, &mut inner, others);
                *text = inner.to_string();
            }
        }
        Value::String(text) if random.below(3) == 0 => {
            let at = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect::<Vec<_>>();
            text.truncate(*pick(random, &at));
        }
        _ if random.below(4) == 0 => *value = pick(random, others).clone(),
        _ => *value = unusual_value(random),
    }
}

/// A random sample with one to four changes.
fn mutated(random: &Random, samples: &[Value]) -> Value {
    let mut value = pick(random, samples).clone();
    for _ in 0..=random.below(4) {
        mutate(random, &mut value, samples);
    }
    value
}

/// The value as text. A third of the texts has changed or missing bytes.
fn mutated_text(random: &Random, value: &Value) -> String {
    let mut bytes = value.to_string().into_bytes();
    if random.below(3) == 0 {
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] = u8::try_from(random.below(256)).unwrap();
        }
        bytes.truncate(bytes.len() - random.below(bytes.len().min(9)));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn samples(functions: &[&str]) -> Vec<Value> {
    functions.iter().flat_map(|function| golden_events(function).into_values()).collect()
}

fn in_a_minute() -> SystemTime {
    SystemTime::now() + Duration::from_mins(1)
}

#[test]
fn the_validator_survives_any_event_and_stores_nothing_for_a_missing_object() {
    let samples = samples(&["validate", "forward"]);
    let (records, objects) = (MemoryRecords::default(), MemoryObjects::default());
    let deps = validate::Deps { config: config(&[]), records, objects, env: env() };
    fuzz("events", |random| {
        let event = mutated(random, &samples);
        let records = event["Records"].as_array().map_or(0, Vec::len);
        if let Ok(answer) = run(deps.handle(event, in_a_minute())) {
            assert!(
                answer["batchItemFailures"].as_array().is_none_or(|failures| failures.len() <= records),
                "{answer}"
            );
        }
        assert!(deps.records.is_empty());
    });
}

#[test]
fn the_forwarder_survives_any_stream() {
    let samples = samples(&["forward", "validate"]);
    let deps = forward::Deps {
        config: config(&[]),
        read_change: aws_adapters::dynamodb::stream::change,
        bus: Some(MemoryBus::default()),
        webhooks: vec![MemoryQueue::default()],
    };
    fuzz("streams", |random| {
        if let Ok(answer) = run(deps.handle(mutated(random, &samples), in_a_minute())) {
            assert!(answer["batchItemFailures"].as_array().unwrap().len() <= 1, "{answer}");
        }
    });
    for event in deps.bus.iter().flat_map(MemoryBus::told) {
        assert!(event.detail.starts_with("{\"eventId\":\""), "{}", event.detail);
    }
}

#[test]
fn a_policy_is_either_valid_or_refused_with_its_faults() {
    let shipped: Value = serde_json::from_str(policy::document::SHIPPED_POLICY).unwrap();
    let samples = [shipped];
    fuzz("policies", |random| {
        let text = mutated_text(random, &mutated(random, &samples));
        match document::parse(&text) {
            Ok(policy) => assert!(!policy.classes.is_empty(), "{text}"),
            Err(faults) => assert!(!faults.0.is_empty() && faults.0.iter().all(|fault| !fault.problem.is_empty())),
        }
    });
}

/// Every HTTP function over empty memory ports.
struct Functions {
    presign: presign::Deps<MemoryRecords>,
    uploads: uploads::Deps<MemoryRecords, MemoryObjects>,
    initiate: multipart_initiate::Deps<MemoryRecords, MemoryObjects>,
    parts: multipart_parts::Deps<MemoryRecords, MemoryObjects>,
    complete: multipart_complete::Deps<MemoryRecords, MemoryObjects, MemoryQueue>,
}

impl Functions {
    fn new() -> Self {
        let (config, env): (ApiConfig, Env) = (config(&[]), env());
        let (records, objects) = (MemoryRecords::default, MemoryObjects::default);
        Self {
            presign: presign::Deps { config: config.clone(), records: records(), env },
            uploads: uploads::Deps { config: config.clone(), records: records(), objects: objects(), env },
            initiate: multipart_initiate::Deps { config: config.clone(), records: records(), objects: objects(), env },
            parts: multipart_parts::Deps { config: config.clone(), records: records(), objects: objects(), env },
            complete: multipart_complete::Deps {
                config,
                records: records(),
                objects: objects(),
                completions: MemoryQueue::default(),
                env,
            },
        }
    }

    /// Sends a request to a function.
    fn answer(&self, function: &str, request: Request) -> ApiResponse {
        let response = match function {
            "presign" => run(self.presign.handle(request)),
            "uploads" => run(self.uploads.handle(request)),
            "multipart-initiate" => run(self.initiate.handle(request)),
            "multipart-parts" => run(self.parts.handle(request)),
            "multipart-complete" => run(self.complete.handle(request)),
            other => panic!("{other} is not an HTTP function"),
        };
        ApiResponse::of(&response)
    }
}

const HTTP_FUNCTIONS: [&str; 5] = ["presign", "uploads", "multipart-initiate", "multipart-parts", "multipart-complete"];

#[test]
fn no_body_is_answered_with_a_5xx() {
    let bodies: Vec<Value> = samples(&HTTP_FUNCTIONS)
        .iter()
        .filter_map(|event| serde_json::from_str(event["body"].as_str()?).ok())
        .collect();
    assert!(bodies.len() > 5);
    let functions = Functions::new();
    let session = testkit::id(1);
    let routes = [
        ("presign", "/uploads".to_owned()),
        ("multipart-initiate", "/uploads/multipart".to_owned()),
        ("multipart-initiate", "/s3/multipart".to_owned()),
        ("multipart-parts", format!("/uploads/multipart/{session}/parts")),
        ("multipart-parts", "/s3/sign".to_owned()),
        ("multipart-complete", format!("/uploads/multipart/{session}/complete")),
        ("multipart-complete", format!("/s3/multipart/{session}/complete?key=k")),
        ("multipart-complete", format!("/s3/multipart/{session}/complete?key=k&xml")),
    ];
    fuzz("bodies", |random| {
        let body = mutated_text(random, &mutated(random, &bodies));
        for (function, path) in &routes {
            let answer =
                functions.answer(function, ApiRequest::new("POST", path).by(ALICE).body(body.clone()).request());
            assert!(answer.status < 500, "{function} {path} {body}: {}", answer.body);
        }
    });
}

#[test]
fn no_gateway_event_is_answered_with_a_5xx() {
    let samples: Vec<(&str, Value)> = HTTP_FUNCTIONS
        .iter()
        .flat_map(|function| golden_events(function).into_values().map(move |event| (*function, event)))
        .collect();
    let others: Vec<Value> = samples.iter().map(|(_, event)| event.clone()).collect();
    let functions = Functions::new();
    fuzz("requests", |random| {
        let (function, event) = pick(random, &samples);
        let mut event = event.clone();
        for _ in 0..=random.below(4) {
            mutate(random, &mut event, &others);
        }
        // An event that is not a gateway event fails before the handler.
        if let Ok(request) = lambda_http_kit::http::request(&event.to_string()) {
            let answer = functions.answer(function, request);
            assert!(answer.status < 500, "{function} {event}: {}", answer.body);
        }
    });
}

#[test]
fn the_reconciler_survives_any_batch() {
    let samples = samples(&["reconcile", "validate"]);
    let deps = reconcile::Deps {
        config: config(&[("RECONCILE_DAYS", "1")]),
        records: MemoryRecords::default(),
        objects: MemoryObjects::default(),
        events: MemoryQueue::default(),
        lost_announcements: Some(MemoryQueue::default()),
        env: env(),
    };
    fuzz("completions", |random| {
        let event = mutated(random, &samples);
        let records = event["Records"].as_array().map_or(0, Vec::len);
        if let Ok(answer) = run(deps.handle(event, in_a_minute())) {
            assert!(
                answer["batchItemFailures"].as_array().is_none_or(|failures| failures.len() <= records),
                "{answer}"
            );
        }
        assert!(deps.objects.is_empty() && deps.events.sent().is_empty());
    });
}
