//! The cost of a verdict in a warm validator, which must not grow with the object. An object that fits into the first
//! read takes three calls; a larger one, up to 48.8 TiB, takes one more read. A stub on the loopback interface replaces
//! S3 and `DynamoDB`.

use std::collections::BTreeMap;

use content_sniff::MediaType;
use policy::filename::FileName;
use policy::grant::METADATA_HEADER;
use policy::key::{ObjectKey, OwnerId};
use policy::size::ByteSize;
use policy::{Grant, SizeGrant};
use s3_stub::Stub;
use serde_json::{Value, json};
use uploads_core::env::Env;

use crate::Result;
use crate::fixture::environment;
use crate::machine::{bootstrap, megabytes};
use crate::report::{Report, note, row, table};
use crate::runtime::{ProcessRun, function, run_process};

/// Events to one warm process. The figures leave out its start and first event.
const EVENTS: u16 = 3_000;

/// The ratio up to which processor times count as equal, with other load on the machine.
const MAX_TIME_RATIO: f64 = 1.25;
/// The same ratio to an object of 1 KB, which takes three calls instead of four and a sixteenth of the bytes.
const MAX_TIME_RATIO_TO_SMALL: f64 = 2.0;
const MAX_MEMORY_RATIO: f64 = 1.1;

/// The largest object that S3 stores, in bytes: 10,000 parts of 5 GiB.
const MAX_OBJECT_BYTES: u64 = 10_000 * (5 << 30);

/// Prints the figures and checks them against their limits.
pub(crate) fn measure(report: &mut Report) -> Result {
    let stub = Stub::start().map_err(|e| e.to_string())?;
    note(&format!("{EVENTS} events of one object each to one warm process, without its start"));
    let mut rows = vec![row(["object", "processor time", "events per second of processor time", "peak memory"])];
    let mut figures = Vec::new();
    // An object that fits into the first read needs no second one. Beyond that, nothing depends on the size.
    for (name, size, calls) in [("1 KB", 1_000, 3), ("1 MB", 1_000_000, 4), ("48.8 TiB", MAX_OBJECT_BYTES, 4)] {
        let event = event(&stub, size)?;
        stub.requests();
        validate(&stub, &event, 1)?;
        let count = stub.requests().len();
        let (start, all) = (validate(&stub, &event, 1)?, validate(&stub, &event, usize::from(EVENTS) + 1)?);
        let processor = |run: &ProcessRun| run.processor.ok_or("the kernel reports no processor time");
        let each = (processor(&all)?.saturating_sub(processor(&start)?)).as_secs_f64() / f64::from(EVENTS);
        let memory = all.peak_memory.ok_or("the kernel reports no peak memory")?;
        rows.push(row([name, &format!("{:.0} µs", each * 1e6), &format!("{:.0}", 1.0 / each), &megabytes(memory)]));
        let what = format!("calls for a verdict of {name}");
        report.check(&what, count <= calls, &count.to_string(), &calls.to_string());
        figures.push((each, memory));
    }
    table(&rows);
    let [small, usual, large] = figures.as_slice() else { return Err("nothing was measured".to_owned()) };
    let ratio = large.0 / usual.0;
    let shown = |ratio: f64| format!("{ratio:.2} ×");
    report.check("processor time, 48.8 TiB over 1 MB", ratio <= MAX_TIME_RATIO, &shown(ratio), &shown(MAX_TIME_RATIO));
    let ratio = large.0 / small.0;
    let what = "processor time, 48.8 TiB over 1 KB, which needs one read less";
    report.check(what, ratio <= MAX_TIME_RATIO_TO_SMALL, &shown(ratio), &shown(MAX_TIME_RATIO_TO_SMALL));
    let kilobytes = |bytes: u64| f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX));
    let ratio = kilobytes(large.1) / kilobytes(small.1);
    report.check("peak memory, 48.8 TiB over 1 KB", ratio <= MAX_MEMORY_RATIO, &shown(ratio), &shown(MAX_MEMORY_RATIO));
    Ok(())
}

/// Stores an object that matches its grant in the stub, and returns the event for it.
fn event(stub: &Stub, size: u64) -> Result<Value> {
    let text = |e: &dyn std::fmt::Display| e.to_string();
    let owner = OwnerId::from_claims("https://issuer.example", "alice").map_err(|e| text(&e))?;
    let key = ObjectKey::new(owner.clone(), Env::system().upload_id()).to_string();
    let grant = Grant {
        owner,
        class: "default".to_owned(),
        filename: FileName::parse("rows.csv").map_err(|e| text(&e))?,
        content_type: MediaType::parse("text/csv").map_err(|e| text(&e))?,
        declared_type: Some(MediaType::parse("text/csv").map_err(|e| text(&e))?),
        size: SizeGrant::Exactly(ByteSize::from_bytes(size)),
        checksum: None,
        metadata: BTreeMap::new(),
        policy_hash: "0123456789abcdef".to_owned(),
    };
    let encoded_grant = grant.encode().map_err(|e| text(&e))?;
    let headers = [("content-type", "text/csv".to_owned()), (METADATA_HEADER, encoded_grant)];
    stub.hold(&key, size, headers.map(|(name, value)| (name.to_owned(), value)).into());
    let bucket = environment().into_iter().find(|(name, _)| *name == "BUCKET").map(|(_, value)| value);
    Ok(json!({ "Records": [{
        "eventVersion": "2.6", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": { "bucket": { "name": bucket }, "object": { "key": key, "versionId": "v1", "sequencer": "0055AED6DCD90281E5" } }
    }] }))
}

/// Starts a validator and sends `event` to it `invocations` times.
fn validate(stub: &Stub, event: &Value, invocations: usize) -> Result<ProcessRun> {
    let mut environment = environment();
    environment.push(("AWS_ENDPOINT_URL", stub.endpoint()));
    let run = run_process(&mut function(&bootstrap("validate")?, &environment), &event.to_string(), invocations)?;
    let response = String::from_utf8_lossy(&run.response).into_owned();
    if response.contains("error") { Err(format!("the validator failed: {response}")) } else { Ok(run) }
}
