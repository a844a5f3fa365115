//! What an upload and an idle month use of each AWS service.
//!
//! The calls are those of the budgets in docs/ARCHITECTURE.md and of the code. Times and log sizes are assumptions,
//! and each is a constant here.

use std::collections::BTreeMap;

use super::Options;
use crate::TEMPLATE;

/// Quantities by the key of their price.
pub(super) type Usage = BTreeMap<&'static str, f64>;

/// The functions' memory: `MemorySize: 256` in the template.
const MEMORY_GB: f64 = 0.25;

// Billed seconds of a warm invocation.
const PRESIGN_SECONDS: f64 = 0.005;
const VALIDATE_SECONDS: f64 = 0.06;
const STATUS_SECONDS: f64 = 0.01;
const FORWARD_SECONDS: f64 = 0.03;
const INITIATE_SECONDS: f64 = 0.06;
const SIGN_PARTS_SECONDS: f64 = 0.02;
const COMPLETE_SECONDS: f64 = 0.3;
/// Posting to a receiver that answers in about 100 ms, up to ten notifications at once.
const NOTIFY_SECONDS: f64 = 0.15;
/// Listing about 20 times, 16 at once, and querying 64 shards.
const RECONCILE_SECONDS: f64 = 1.0;

/// Log lines of one invocation with Lambda's own, in GB: 1,000 bytes.
const LOG_GB: f64 = 1e-6;

/// Ranged GETs per verdict: the mean over the corpus of `cargo xtask bench sniff`.
const GETS_PER_VERDICT: f64 = 1.31;

/// Send, receive and delete. Batches need fewer, but at one upload every few seconds a batch holds one message.
const SQS_REQUESTS_PER_MESSAGE: f64 = 3.0;

/// A function reads a secret once a minute. At a million notifications a month, one function works all the time.
const SECRET_READS_PER_NOTIFICATION: f64 = 60.0 * 24.0 * DAYS / 1e6;

/// URLs on a page of `POST .../parts`.
const PARTS_PER_PAGE: u32 = 1000;

const DAYS: f64 = 30.0;

/// `ReconcileSchedule`: every 15 minutes.
const RECONCILE_RUNS: f64 = 96.0 * DAYS;

/// Listings of one day: the multipart uploads in 96 runs; 16 prefixes of today in 96 runs, of yesterday in 14, and then
/// every four hours in 5 (`ReconcileDays` is 2; `functions/reconcile/src/check_times.rs`).
const LISTS_PER_DAY: f64 = 96.0 + 16.0 * (96.0 + 14.0 + 5.0);

/// Queries of the due index in one run, one per shard. An empty one costs half a unit.
const DUE_QUERIES_PER_RUN: f64 = 64.0;

/// Lambda polls a queue with five long polls of 20 seconds at once: 15 receives a minute.
const RECEIVES_PER_QUEUE: f64 = 15.0 * 60.0 * 24.0 * DAYS;

/// Queues that Lambda polls: events and completions. Each webhook endpoint has one more.
const POLLED_QUEUES: f64 = 2.0;

fn add(usage: &mut Usage, key: &'static str, quantity: f64) {
    *usage.entry(key).or_default() += quantity;
}

fn invoke(usage: &mut Usage, count: f64, seconds: f64) {
    add(usage, "lambdaRequests", count);
    add(usage, "lambdaGbSeconds", count * seconds * MEMORY_GB);
    add(usage, "logGb", count * LOG_GB);
}

fn call_api(usage: &mut Usage, count: f64, seconds: f64) {
    add(usage, "apiRequests", count);
    invoke(usage, count, seconds);
}

/// An event of the bucket or the scanner, through the queue to the validator.
fn validate(usage: &mut Usage) {
    add(usage, "sqsRequests", SQS_REQUESTS_PER_MESSAGE);
    invoke(usage, 1.0, VALIDATE_SECONDS);
}

/// The usage of one upload.
pub(super) fn upload(options: &Options) -> Usage {
    let mut total = Usage::new();
    let usage = &mut total;
    if options.parts == 0 {
        call_api(usage, 1.0, PRESIGN_SECONDS);
        add(usage, "s3WriteRequests", 1.0);
    } else {
        // `initiate` returns the first page of URLs.
        let pages = f64::from(options.parts.div_ceil(PARTS_PER_PAGE) - 1);
        call_api(usage, 1.0, INITIATE_SECONDS);
        call_api(usage, pages, SIGN_PARTS_SECONDS);
        call_api(usage, 1.0, COMPLETE_SECONDS);
        // Create, every part, complete.
        add(usage, "s3WriteRequests", f64::from(options.parts) + 2.0);
        // Two writes at the start and two at the end, each to the table and to the due index.
        add(usage, "tableWriteUnits", 8.0);
        add(usage, "tableReadUnits", pages + 1.0);
    }
    validate(usage);
    add(usage, "s3ReadRequests", 1.0 + GETS_PER_VERDICT);
    // The record and its entry in the owner's index.
    add(usage, "tableWriteUnits", 2.0);
    if options.scan {
        add(usage, "malwareObjects", 1.0);
        add(usage, "malwareGb", options.gigabytes());
        // The scanner's event, and a pending verdict with its entry in the due index.
        validate(usage);
        add(usage, "tableWriteUnits", 2.0);
    }
    // Lambda's reads of the stream are free.
    if options.announce || options.webhooks > 0 {
        invoke(usage, 1.0, FORWARD_SECONDS);
    }
    if options.announce {
        add(usage, "busEvents", 1.0);
    }
    let notifications = f64::from(options.webhooks);
    add(usage, "sqsRequests", notifications * SQS_REQUESTS_PER_MESSAGE);
    invoke(usage, notifications, NOTIFY_SECONDS);
    add(usage, "secretReads", notifications * SECRET_READS_PER_NOTIFICATION);
    let polls = f64::from(options.polls);
    call_api(usage, polls, STATUS_SECONDS);
    add(usage, "tableReadUnits", polls);
    add(usage, "s3StorageGbMonths", options.gigabytes() * options.months);
    total
}

/// The usage of a month without uploads.
pub(super) fn idle(options: &Options) -> Usage {
    let mut total = Usage::new();
    let usage = &mut total;
    invoke(usage, RECONCILE_RUNS, RECONCILE_SECONDS);
    add(usage, "s3WriteRequests", DAYS * LISTS_PER_DAY);
    add(usage, "tableReadUnits", RECONCILE_RUNS * DUE_QUERIES_PER_RUN / 2.0);
    // The checkpoint, at the start and at the end.
    add(usage, "tableWriteUnits", RECONCILE_RUNS * 2.0);
    let webhooks = f64::from(options.webhooks);
    add(usage, "sqsRequests", (POLLED_QUEUES + webhooks) * RECEIVES_PER_QUEUE);
    add(usage, "secretMonths", webhooks);
    // No metrics: the reconciler and the log filters write only values above 0.
    add(usage, "alarmMonths", alarms(options));
    total
}

/// The condition of each alarm in the template; empty for none.
fn alarm_conditions() -> impl Iterator<Item = &'static str> {
    let mut lines = TEMPLATE.lines().peekable();
    std::iter::from_fn(move || {
        lines.by_ref().find(|line| *line == "    Type: AWS::CloudWatch::Alarm")?;
        Some(lines.peek().and_then(|line| line.strip_prefix("    Condition: ")).unwrap_or_default())
    })
}

/// Whether the template's condition holds. `None` if it is not about alarms.
fn holds(condition: &str, options: &Options) -> Option<bool> {
    match condition {
        "" => Some(true),
        "Announced" => Some(options.announce),
        "Webhooks" => Some(options.webhooks > 0),
        "Forwarded" => Some(options.announce || options.webhooks > 0),
        _ => None,
    }
}

/// How many alarms the template deploys.
fn alarms(options: &Options) -> f64 {
    alarm_conditions().map(|condition| if holds(condition, options) == Some(true) { 1.0 } else { 0.0 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_of_an_alarm_is_known() {
        let options = crate::cost::tests::PLAIN;
        for condition in alarm_conditions() {
            assert!(holds(condition, &options).is_some(), "{condition}");
        }
        assert!(alarms(&options) > 1.0 && alarms(&Options { announce: true, ..options }) > alarms(&options));
    }
}
