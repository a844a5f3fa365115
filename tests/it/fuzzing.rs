//! Seeded fuzzing of everything that comes from outside as JSON: event envelopes, policies, request bodies. Golden
//! events and the shipped policy, mutated in their structure and in their bytes: nothing may panic, nothing may be
//! answered with a 5xx, and what is not there may leave no trace.
//!
//! A run that fails is named; `SLUICE_SEED=N SLUICE_RUNS=1 cargo test -p acceptance fuzzing` runs it again.
//! `SLUICE_RUNS` is how many runs there are of each kind.

use lambda_http_kit::{EventHandler, HttpHandler};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, SystemTime};

use lambda_http::Request;
use lambda_http_kit::config::ApiConfig;
use policy::document;
use serde_json::{Value, json};
use testkit::http::{Answer, Call};
use testkit::{ALICE, MemoryBus, MemoryObjects, MemoryQueue, MemoryRecords, Random, config, env, golden_events};
use uploads_core::env::Env;

/// So many of each kind in every test run.
const RUNS: u64 = 3000;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Runs `once` many times, each with a chance of its own.
fn fuzz(what: &str, once: impl Fn(&Random)) {
    let clock = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _within = clock.enter();
    let first = number("SLUICE_SEED", 0);
    for seed in first..first + number("SLUICE_RUNS", RUNS) {
        if let Err(problem) = catch_unwind(AssertUnwindSafe(|| once(&Random::new(seed)))) {
            eprintln!("{what}, run {seed}; again: SLUICE_SEED={seed} SLUICE_RUNS=1");
            resume_unwind(problem);
        }
    }
}

/// Nothing in memory ever waits.
fn now<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(work)
}

/// One of `all`.
fn any<'a, T>(random: &Random, all: &'a [T]) -> &'a T {
    &all[random.below(all.len())]
}

fn odd(random: &Random) -> Value {
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
        12 => json!("1/00/1970-01-01/open/00000000-0000-7000-8000-000000000000"),
        _ => json!("9999-12-31T23:59:60.999999999999Z"),
    }
}

/// Changes a place somewhere in `value`.
fn mutate(random: &Random, value: &mut Value, others: &[Value]) {
    let deeper = random.below(4) != 0;
    match value {
        Value::Object(fields) if deeper && !fields.is_empty() => {
            let name = any(random, &fields.keys().cloned().collect::<Vec<_>>()).clone();
            match random.below(8) {
                0 => drop(fields.remove(&name)),
                1 => drop(fields.insert(format!("{name}x"), odd(random))),
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
        // Events travel as text in one another.
        Value::String(text) if deeper && text.starts_with('{') => {
            if let Ok(mut inner) = serde_json::from_str(text) {
                mutate(random, &mut inner, others);
                *text = inner.to_string();
            }
        }
        Value::String(text) if random.below(3) == 0 => {
            let at = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect::<Vec<_>>();
            text.truncate(*any(random, &at));
        }
        _ if random.below(4) == 0 => *value = any(random, others).clone(),
        _ => *value = odd(random),
    }
}

/// One of the samples, changed in some places.
fn mutated(random: &Random, samples: &[Value]) -> Value {
    let mut value = any(random, samples).clone();
    for _ in 0..=random.below(4) {
        mutate(random, &mut value, samples);
    }
    value
}

/// The same as text, now and then with bytes of it changed.
fn text(random: &Random, value: &Value) -> String {
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
fn no_event_breaks_the_validator_or_leaves_a_trace_where_nothing_lies() {
    let samples = samples(&["validate", "forward"]);
    let (records, objects) = (MemoryRecords::default(), MemoryObjects::default());
    let deps = validate::Deps { config: config(&[]), records, objects, env: env() };
    fuzz("events", |random| {
        let event = mutated(random, &samples);
        let asked = event["Records"].as_array().map_or(0, Vec::len);
        if let Ok(answer) = now(deps.handle(event, in_a_minute())) {
            assert!(answer["batchItemFailures"].as_array().is_none_or(|failures| failures.len() <= asked), "{answer}");
        }
        assert!(deps.records.is_empty());
    });
}

#[test]
fn no_stream_breaks_the_forwarder() {
    let samples = samples(&["forward", "validate"]);
    let deps = forward::Deps {
        config: config(&[]),
        read_change: aws_adapters::dynamodb::stream::change,
        bus: MemoryBus::default(),
    };
    fuzz("streams", |random| {
        if let Ok(answer) = now(deps.handle(mutated(random, &samples), in_a_minute())) {
            assert!(answer["batchItemFailures"].as_array().unwrap().len() <= 1, "{answer}");
        }
    });
    for event in deps.bus.told() {
        assert!(event.detail.starts_with("{\"eventId\":\""), "{}", event.detail);
    }
}

#[test]
fn no_policy_is_half_understood() {
    let shipped: Value = serde_json::from_str(policy::document::SHIPPED_POLICY).unwrap();
    let samples = [shipped];
    fuzz("policies", |random| {
        let text = text(random, &mutated(random, &samples));
        match document::parse(&text) {
            Ok(policy) => assert!(!policy.classes.is_empty(), "{text}"),
            Err(faults) => assert!(!faults.0.is_empty() && faults.0.iter().all(|fault| !fault.problem.is_empty())),
        }
    });
}

/// Every function that answers over HTTP, over nothing.
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
        let (records, store) = (MemoryRecords::default, MemoryObjects::default);
        Self {
            presign: presign::Deps { config: config.clone(), records: records(), env },
            uploads: uploads::Deps { config: config.clone(), records: records(), objects: store(), env },
            initiate: multipart_initiate::Deps { config: config.clone(), records: records(), objects: store(), env },
            parts: multipart_parts::Deps { config: config.clone(), records: records(), objects: store(), env },
            complete: multipart_complete::Deps {
                config,
                records: records(),
                objects: store(),
                completions: MemoryQueue::default(),
                env,
            },
        }
    }

    /// The answer of the function that such a request goes to in the template.
    fn answer(&self, function: &str, request: Request) -> Answer {
        let response = match function {
            "presign" => now(self.presign.handle(request)),
            "uploads" => now(self.uploads.handle(request)),
            "multipart-initiate" => now(self.initiate.handle(request)),
            "multipart-parts" => now(self.parts.handle(request)),
            "multipart-complete" => now(self.complete.handle(request)),
            other => panic!("{other} answers nobody over HTTP"),
        };
        Answer::of(&response)
    }
}

const OVER_HTTP: [&str; 5] = ["presign", "uploads", "multipart-initiate", "multipart-parts", "multipart-complete"];

#[test]
fn no_body_is_answered_with_a_fault_of_ours() {
    let bodies: Vec<Value> =
        samples(&OVER_HTTP).iter().filter_map(|event| serde_json::from_str(event["body"].as_str()?).ok()).collect();
    assert!(bodies.len() > 5);
    let functions = Functions::new();
    let session = testkit::id(1);
    let doors = [
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
        let body = text(random, &mutated(random, &bodies));
        for (function, path) in &doors {
            let answer = functions.answer(function, Call::new("POST", path).by(ALICE).body(body.clone()).request());
            assert!(answer.status < 500, "{function} {path} {body}: {}", answer.body);
        }
    });
}

#[test]
fn no_event_of_the_gateway_is_answered_with_a_fault_of_ours() {
    let samples: Vec<(&str, Value)> = OVER_HTTP
        .iter()
        .flat_map(|function| golden_events(function).into_values().map(move |event| (*function, event)))
        .collect();
    let others: Vec<Value> = samples.iter().map(|(_, event)| event.clone()).collect();
    let functions = Functions::new();
    fuzz("requests", |random| {
        let (function, event) = any(random, &samples);
        let mut event = event.clone();
        for _ in 0..=random.below(4) {
            mutate(random, &mut event, &others);
        }
        // What the gateway would never send is refused before anybody is asked.
        if let Ok(request) = lambda_http_kit::http::request(&event.to_string()) {
            let answer = functions.answer(function, request);
            assert!(answer.status < 500, "{function} {event}: {}", answer.body);
        }
    });
}

#[test]
fn no_batch_breaks_the_reconciler() {
    let samples = samples(&["reconcile", "validate"]);
    let deps = reconcile::Deps {
        config: config(&[("RECONCILE_DAYS", "1")]),
        records: MemoryRecords::default(),
        objects: MemoryObjects::default(),
        events: MemoryQueue::default(),
        env: env(),
    };
    fuzz("completions", |random| {
        let event = mutated(random, &samples);
        let asked = event["Records"].as_array().map_or(0, Vec::len);
        if let Ok(answer) = now(deps.handle(event, in_a_minute())) {
            assert!(answer["batchItemFailures"].as_array().is_none_or(|failures| failures.len() <= asked), "{answer}");
        }
        assert!(deps.objects.is_empty() && deps.events.sent().is_empty());
    });
}
