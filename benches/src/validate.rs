//! What a verdict costs a warm validator, and that it does not grow with the object: up to the first window three calls,
//! beyond it one ranged read more, up to 48.8 TiB. Bucket and table are a stand-in on the loopback interface.

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

use crate::Outcome;
use crate::machine::{bootstrap, megabytes};
use crate::report::{Report, note, row, table};
use crate::runtime::{Life, function, live};
use crate::specimen::environment;

/// Events to one process; with those of starting left out, enough for the kernel's hundredths of a second.
const EVENTS: u16 = 3_000;

/// "The same" on a machine that does other things as well.
const SAME_TIME: f64 = 1.25;
/// What fits into one window takes three calls instead of four, and sixteen times less to look at.
const ONE_READ_MORE: f64 = 2.0;
const SAME_MEMORY: f64 = 1.1;

/// The largest object that S3 holds: 10,000 parts of 5 GiB.
const LARGEST: u64 = 10_000 * (5 << 30);

/// Prints and judges the figures.
pub(crate) fn measure(report: &mut Report) -> Outcome {
    let stub = Stub::start().map_err(|e| e.to_string())?;
    note(&format!("{EVENTS} events of one object each to one warm process; starting left out"));
    let mut rows = vec![row(["object", "processor time", "events a second of it", "peak memory"])];
    let mut seen = Vec::new();
    // What fits into the first window needs no second one; from there on nothing depends on the size.
    for (name, size, calls) in [("1 KB", 1_000, 3), ("1 MB", 1_000_000, 4), ("48.8 TiB", LARGEST, 4)] {
        let event = event(&stub, size)?;
        stub.requests();
        judge(&stub, &event, 1)?;
        let asked = stub.requests().len();
        let (start, all) = (judge(&stub, &event, 1)?, judge(&stub, &event, usize::from(EVENTS) + 1)?);
        let processor = |life: &Life| life.processor.ok_or("the kernel does not count processor time");
        let each = (processor(&all)?.saturating_sub(processor(&start)?)).as_secs_f64() / f64::from(EVENTS);
        let memory = all.peak_memory.ok_or("the kernel does not tell peak memory")?;
        rows.push(row([name, &format!("{:.0} µs", each * 1e6), &format!("{:.0}", 1.0 / each), &megabytes(memory)]));
        let limit = format!("calls for a verdict of {name}");
        report.limit(&limit, asked <= calls, &asked.to_string(), &calls.to_string());
        seen.push((each, memory));
    }
    table(&rows);
    let [small, usual, large] = seen.as_slice() else { return Err("nothing was measured".to_owned()) };
    let ratio = large.0 / usual.0;
    let shown = |ratio: f64| format!("{ratio:.2} ×");
    report.limit("processor time, 48.8 TiB over 1 MB", ratio <= SAME_TIME, &shown(ratio), &shown(SAME_TIME));
    let ratio = large.0 / small.0;
    let what = "processor time, 48.8 TiB over 1 KB, which takes one read less";
    report.limit(what, ratio <= ONE_READ_MORE, &shown(ratio), &shown(ONE_READ_MORE));
    let kilobytes = |bytes: u64| f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX));
    let ratio = kilobytes(large.1) / kilobytes(small.1);
    report.limit("peak memory, 48.8 TiB over 1 KB", ratio <= SAME_MEMORY, &shown(ratio), &shown(SAME_MEMORY));
    Ok(())
}

/// The event of an object that keeps to its grant, and lies in the stand-in.
fn event(stub: &Stub, size: u64) -> Outcome<Value> {
    let text = |e: &dyn std::fmt::Display| e.to_string();
    let owner = OwnerId::from_claims("https://issuer.example", "somebody").map_err(|e| text(&e))?;
    let key = ObjectKey::new(owner.clone(), Env::system().upload_id()).to_string();
    let grant = Grant {
        owner,
        class: "default".to_owned(),
        filename: FileName::parse("rows.csv").map_err(|e| text(&e))?,
        content_type: MediaType::parse("text/csv").map_err(|e| text(&e))?,
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

/// One process that judges the object of `event` so many times.
fn judge(stub: &Stub, event: &Value, times: usize) -> Outcome<Life> {
    let mut environment = environment();
    environment.push(("AWS_ENDPOINT_URL", stub.endpoint()));
    let life = live(&mut function(&bootstrap("validate")?, &environment), &event.to_string(), times)?;
    let answer = String::from_utf8_lossy(&life.answer).into_owned();
    if answer.contains("error") { Err(format!("it answered {answer}")) } else { Ok(life) }
}
