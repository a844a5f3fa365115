//! Multipart uploads through the real functions: the cost of completing 10,000 parts, the size of pages of URLs, and
//! the calls of each operation. A stub on the loopback interface replaces S3 and `DynamoDB`.

use s3_stub::Stub;
use serde_json::{Value, json};

use crate::Result;
use crate::fixture::{environment, grant_request};
use crate::machine::{bootstrap, megabytes};
use crate::report::{Report, median, note, row, table};
use crate::runtime::{ProcessRun, function, run_process};

/// The limits of the design.
const MAX_COMPLETE_MEMORY: u64 = 64_000_000;
const MAX_COMPLETE_GROWTH: f64 = 12.0;

/// The maximum size of a response of Lambda in bytes
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>, read 2026-11).
const MAX_RESPONSE_BYTES: usize = 6 * 1024 * 1024;

/// The largest object that S3 stores, in bytes: 10,000 parts of 5 GiB.
const MAX_OBJECT_BYTES: u64 = 10_000 * (5 << 30);

/// Completions for each number of parts. The figure is their median.
const RUNS: usize = 7;

/// Prints the figures and checks them against their limits.
pub(crate) fn measure(report: &mut Report) -> Result {
    let stub = Stub::start().map_err(|e| e.to_string())?;
    let bench = Bench { stub, environment: environment() };
    measure_completion(report, &bench)?;
    measure_calls(report, &bench)?;
    measure_pages(report, bench)
}

/// The functions' environment and the stub that they call.
struct Bench {
    stub: Stub,
    environment: Vec<(&'static str, String)>,
}

/// A multipart upload whose parts are all uploaded.
struct Session {
    id: String,
    parts: u32,
}

impl Bench {
    /// Invokes a function once, in a new process.
    fn invoke(&self, name: &str, method: &str, path: &str, body: &Value) -> Result<(ProcessRun, Value)> {
        let mut event = grant_request();
        event["routeKey"] = json!(format!("{method} {path}"));
        event["rawPath"] = json!(path);
        event["requestContext"]["http"]["method"] = json!(method);
        event["requestContext"]["http"]["path"] = json!(path);
        event["body"] = json!(body.to_string());
        let mut environment = self.environment.clone();
        environment.push(("AWS_ENDPOINT_URL", self.stub.endpoint()));
        let run = run_process(&mut function(&bootstrap(name)?, &environment), &event.to_string(), 1)?;
        let response: Value = serde_json::from_slice(&run.response).map_err(|e| format!("{name}: {e}"))?;
        Ok((run, response))
    }

    fn initiate(&self, size: u64) -> Result<Value> {
        let body = json!({ "filename": "film.mp4", "contentType": "video/mp4", "size": size });
        Ok(self.invoke("multipart-initiate", "POST", "/uploads/multipart", &body)?.1)
    }

    /// Creates a session of `size` bytes and stores all its parts.
    fn create_session(&self, size: u64) -> Result<Session> {
        let body = read_body(&self.initiate(size)?, 201)?;
        let text = |name: &str| body[name].as_str().map(str::to_owned).ok_or(format!("no {name} in {body}"));
        let number = |name: &str| body[name].as_u64().ok_or(format!("no {name} in {body}"));
        let (part_size, parts) = (number("partSize")?, number("partCount")?);
        let count = u32::try_from(parts).map_err(|e| e.to_string())?;
        for upload in self.stub.under_way() {
            self.stub.fill(&upload, count, part_size, size - (parts - 1) * part_size);
        }
        Ok(Session { id: text("sessionId")?, parts: count })
    }

    /// Completes a session, with or without a list of parts in the body.
    fn complete(&self, session: &Session, with_parts: bool) -> Result<ProcessRun> {
        let part = |n: u32| json!({ "partNumber": n, "etag": format!("{n:032x}") });
        let parts: Vec<Value> = (1..=session.parts).map(part).collect();
        let body = if with_parts { json!({ "parts": parts }) } else { json!({}) };
        let path = format!("/uploads/multipart/{}/complete", session.id);
        let (run, response) = self.invoke("multipart-complete", "POST", &path, &body)?;
        read_body(&response, 200)?;
        Ok(run)
    }

    /// The calls since the last call of this method: to S3 other than listings, listings, and calls to the table.
    fn take_calls(&self) -> [usize; 3] {
        let requests = self.stub.requests();
        let count = |matches: &dyn Fn(&str) -> bool| requests.iter().filter(|request| matches(request)).count();
        let (listing, item) =
            (count(&|request| request == "GET uploadId"), count(&|request| request.ends_with("Item")));
        [requests.len() - listing - item, listing, item]
    }

    /// Checks the calls since the last check.
    fn check_calls(&self, report: &mut Report, what: &str, limit: [usize; 3]) {
        let calls = self.take_calls();
        let met = calls.iter().zip(limit).all(|(calls, limit)| *calls <= limit);
        let shown = |[bucket, listing, table]: [usize; 3]| format!("{bucket} + {listing} + {table}");
        report.check(what, met, &shown(calls), &shown(limit));
    }
}

/// The body of a response; an error if the status is another one.
fn read_body(response: &Value, status: u64) -> Result<Value> {
    let body = response["body"].as_str().unwrap_or_default();
    if response["statusCode"] != json!(status) {
        return Err(format!("status {} instead of {status}: {body}", response["statusCode"]));
    }
    serde_json::from_str(body).map_err(|e| e.to_string())
}

/// Processor time and memory of completions.
fn measure_completion(report: &mut Report, bench: &Bench) -> Result {
    const PART_SIZE: u64 = 8 << 20;
    note(&format!("completion with a list of parts, {RUNS} processes each, medians"));
    let mut rows = vec![row(["parts", "processor time", "peak memory"])];
    let mut medians = Vec::new();
    let mut memory = 0;
    for parts in [1, 1_000, 10_000] {
        let (mut processor, mut peak) = (Vec::new(), 0);
        for _ in 0..RUNS {
            let session = bench.create_session((parts - 1) * PART_SIZE + 1)?;
            if u64::from(session.parts) != parts {
                return Err(format!("{} parts instead of {parts}", session.parts));
            }
            let run = bench.complete(&session, true)?;
            processor.push(run.processor.ok_or("the kernel reports no processor time")?.as_secs_f64() * 1e3);
            peak = peak.max(run.peak_memory.unwrap_or(u64::MAX));
        }
        let processor = median(&mut processor);
        rows.push(row([&parts.to_string(), &format!("{processor:.1} ms"), &megabytes(peak)]));
        medians.push(processor);
        memory = memory.max(peak);
    }
    table(&rows);
    let limit = megabytes(MAX_COMPLETE_MEMORY);
    report.check("completing 10,000 parts, peak memory", memory <= MAX_COMPLETE_MEMORY, &megabytes(memory), &limit);
    let [start, thousand, ten_thousand] = medians.as_slice() else { return Err("nothing was measured".to_owned()) };
    let growth = (ten_thousand - start) / (thousand - start);
    report.check(
        "processor time of 10,000 parts over that of 1,000, without the start",
        growth <= MAX_COMPLETE_GROWTH,
        &format!("{growth:.1} ×"),
        &format!("{MAX_COMPLETE_GROWTH} ×"),
    );
    Ok(())
}

/// The calls of each operation for the largest object, and the refusal of an object that is one byte larger.
fn measure_calls(report: &mut Report, bench: &Bench) -> Result {
    note("calls per operation for an object of 48.8 TiB: to S3 + listings + to DynamoDB");
    bench.take_calls();
    let session = bench.create_session(MAX_OBJECT_BYTES)?;
    bench.check_calls(report, "initiate", [1, 0, 2]);
    let path = format!("/uploads/multipart/{}/parts", session.id);
    read_body(&bench.invoke("multipart-parts", "POST", &path, &json!({ "from": 1, "count": 100 }))?.1, 200)?;
    bench.check_calls(report, "sign a page", [0, 0, 1]);
    let listed = read_body(&bench.invoke("multipart-parts", "GET", &path, &json!({}))?.1, 200)?;
    bench.check_calls(report, "list 10,000 parts", [0, 10, 1]);
    let count = listed["parts"].as_array().map_or(0, Vec::len);
    report.check("parts listed", count == 10_000, &count.to_string(), "10000");
    bench.complete(&session, true)?;
    bench.check_calls(report, "complete, parts in the body", [1, 0, 2]);
    let session = bench.create_session(MAX_OBJECT_BYTES)?;
    bench.take_calls();
    bench.complete(&session, false)?;
    bench.check_calls(report, "complete, parts listed from S3", [1, 10, 2]);
    let body = read_body(&bench.initiate(MAX_OBJECT_BYTES + 1)?, 422)?;
    let code = body["code"].as_str().unwrap_or_default();
    report.check("problem code for one byte more", code == "too-large", code, "too-large");
    Ok(())
}

/// The size of pages of URLs for several lengths of the session token.
fn measure_pages(report: &mut Report, mut bench: Bench) -> Result {
    note("pages of signed URLs for 10,000 parts");
    let mut rows = vec![row(["session token", "pages", "largest response"])];
    let mut largest = 0;
    for token in [900, 2_000, 4_000, 12_000] {
        bench.environment.retain(|(name, _)| *name != "AWS_SESSION_TOKEN");
        bench.environment.push(("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2Vj/+abc=".chars().cycle().take(token).collect()));
        let session = bench.create_session(MAX_OBJECT_BYTES)?;
        let path = format!("/uploads/multipart/{}/parts", session.id);
        let (mut next, mut urls, mut pages, mut max_bytes) = (1, 0, 0, 0);
        while next <= 10_000 {
            let (run, response) = bench.invoke("multipart-parts", "POST", &path, &json!({ "from": next }))?;
            let body = read_body(&response, 200)?;
            let signed = body["parts"].as_array().map_or(0, Vec::len);
            if signed == 0 {
                return Err(format!("the page from part {next} is empty"));
            }
            (urls, pages, max_bytes) = (urls + signed, pages + 1, max_bytes.max(run.response.len()));
            next = body["next"].as_u64().unwrap_or(u64::MAX);
        }
        if urls != 10_000 {
            return Err(format!("{urls} URLs for 10,000 parts"));
        }
        rows.push(row([&format!("{token} bytes"), &pages.to_string(), &megabytes(max_bytes as u64)]));
        largest = largest.max(max_bytes);
    }
    table(&rows);
    let (figure, limit) = (megabytes(largest as u64), megabytes(MAX_RESPONSE_BYTES as u64));
    report.check("the largest response with URLs", largest < MAX_RESPONSE_BYTES, &figure, &limit);
    Ok(())
}
