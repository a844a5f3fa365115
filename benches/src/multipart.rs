//! Uploads in parts through the real functions: what completing ten thousand parts costs, how large pages of URLs are, and
//! how many calls each operation makes. Bucket and table are a stand-in on the loopback interface.

use s3_stub::Stub;
use serde_json::{Value, json};

use crate::Outcome;
use crate::machine::{bootstrap, megabytes};
use crate::report::{Report, median, note, row, table};
use crate::runtime::{Life, function, live};
use crate::specimen::{environment, grant_request};

/// The design's budgets.
const COMPLETE_MEMORY: u64 = 64_000_000;
const COMPLETE_GROWTH: f64 = 12.0;

/// What Lambda answers at most
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>, read 2026-11).
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

/// The largest object that S3 holds: 10,000 parts of 5 GiB.
const LARGEST: u64 = 10_000 * (5 << 30);

/// Runs of each number of parts; the median counts.
const RUNS: usize = 7;

/// Prints and judges the figures.
pub(crate) fn measure(report: &mut Report) -> Outcome {
    let stub = Stub::start().map_err(|e| e.to_string())?;
    let bench = Bench { stub, environment: environment() };
    completing(report, &bench)?;
    largest(report, &bench)?;
    pages(report, bench)
}

/// The functions and what they call.
struct Bench {
    stub: Stub,
    environment: Vec<(&'static str, String)>,
}

/// A session that was begun.
struct Begun {
    id: String,
    parts: u32,
}

impl Bench {
    /// One invocation of a function in a process of its own.
    fn call(&self, name: &str, method: &str, path: &str, body: &Value) -> Outcome<(Life, Value)> {
        let mut event = grant_request();
        event["routeKey"] = json!(format!("{method} {path}"));
        event["rawPath"] = json!(path);
        event["requestContext"]["http"]["method"] = json!(method);
        event["requestContext"]["http"]["path"] = json!(path);
        event["body"] = json!(body.to_string());
        let mut environment = self.environment.clone();
        environment.push(("AWS_ENDPOINT_URL", self.stub.endpoint()));
        let life = live(&mut function(&bootstrap(name)?, &environment), &event.to_string(), 1)?;
        let answer: Value = serde_json::from_slice(&life.answer).map_err(|e| format!("{name}: {e}"))?;
        Ok((life, answer))
    }

    fn initiate(&self, size: u64) -> Outcome<Value> {
        let body = json!({ "filename": "film.mp4", "contentType": "video/mp4", "size": size });
        Ok(self.call("multipart-initiate", "POST", "/uploads/multipart", &body)?.1)
    }

    /// A session of `size` bytes, all of whose parts have arrived.
    fn begun(&self, size: u64) -> Outcome<Begun> {
        let body = read(&self.initiate(size)?, 201)?;
        let text = |name: &str| body[name].as_str().map(str::to_owned).ok_or(format!("no {name} in {body}"));
        let number = |name: &str| body[name].as_u64().ok_or(format!("no {name} in {body}"));
        let (part_size, parts) = (number("partSize")?, number("partCount")?);
        let count = u32::try_from(parts).map_err(|e| e.to_string())?;
        for upload in self.stub.under_way() {
            self.stub.fill(&upload, count, part_size, size - (parts - 1) * part_size);
        }
        Ok(Begun { id: text("sessionId")?, parts: count })
    }

    fn complete(&self, begun: &Begun, listed: bool) -> Outcome<Life> {
        let part = |n: u32| json!({ "partNumber": n, "etag": format!("{n:032x}") });
        let parts: Vec<Value> = (1..=begun.parts).map(part).collect();
        let body = if listed { json!({ "parts": parts }) } else { json!({}) };
        let path = format!("/uploads/multipart/{}/complete", begun.id);
        let (life, answer) = self.call("multipart-complete", "POST", &path, &body)?;
        read(&answer, 200)?;
        Ok(life)
    }

    /// What was asked of the bucket, of its listings, and of the table since the last look.
    fn asked(&self) -> [usize; 3] {
        let all = self.stub.requests();
        let of = |wanted: &dyn Fn(&str) -> bool| all.iter().filter(|asked| wanted(asked)).count();
        let (listing, item) = (of(&|asked| asked == "GET uploadId"), of(&|asked| asked.ends_with("Item")));
        [all.len() - listing - item, listing, item]
    }

    /// Judges what was asked since the last look.
    fn budget(&self, report: &mut Report, what: &str, limit: [usize; 3]) {
        let asked = self.asked();
        let held = asked.iter().zip(limit).all(|(asked, limit)| *asked <= limit);
        let shown = |[bucket, listing, table]: [usize; 3]| format!("{bucket} + {listing} + {table}");
        report.limit(what, held, &shown(asked), &shown(limit));
    }
}

/// The body of an answer with this status.
fn read(answer: &Value, status: u64) -> Outcome<Value> {
    let body = answer["body"].as_str().unwrap_or_default();
    if answer["statusCode"] != json!(status) {
        return Err(format!("{} instead of {status}: {body}", answer["statusCode"]));
    }
    serde_json::from_str(body).map_err(|e| e.to_string())
}

fn completing(report: &mut Report, bench: &Bench) -> Outcome {
    const PART: u64 = 8 << 20;
    note(&format!("completing with a list of parts, {RUNS} processes each; medians"));
    let mut rows = vec![row(["parts", "processor time", "peak memory"])];
    let mut medians = Vec::new();
    let mut memory = 0;
    for parts in [1, 1_000, 10_000] {
        let (mut processor, mut peak) = (Vec::new(), 0);
        for _ in 0..RUNS {
            let begun = bench.begun((parts - 1) * PART + 1)?;
            if u64::from(begun.parts) != parts {
                return Err(format!("{} parts where {parts} were expected", begun.parts));
            }
            let life = bench.complete(&begun, true)?;
            processor.push(life.processor.ok_or("the kernel does not count processor time")?.as_secs_f64() * 1e3);
            peak = peak.max(life.peak_memory.unwrap_or(u64::MAX));
        }
        let processor = median(&mut processor);
        rows.push(row([&parts.to_string(), &format!("{processor:.1} ms"), &megabytes(peak)]));
        medians.push(processor);
        memory = memory.max(peak);
    }
    table(&rows);
    let limit = megabytes(COMPLETE_MEMORY);
    report.limit("completing 10,000 parts, peak memory", memory <= COMPLETE_MEMORY, &megabytes(memory), &limit);
    let [start, thousand, ten_thousand] = medians.as_slice() else { return Err("nothing was measured".to_owned()) };
    let growth = (ten_thousand - start) / (thousand - start);
    report.limit(
        "processor time of 10,000 parts over that of 1,000, starting left out",
        growth <= COMPLETE_GROWTH,
        &format!("{growth:.1} ×"),
        &format!("{COMPLETE_GROWTH} ×"),
    );
    Ok(())
}

/// The largest object there is, and one byte more; and how many calls each step makes.
fn largest(report: &mut Report, bench: &Bench) -> Outcome {
    note("calls per operation, to the bucket, for listings, and to the table; an object of 48.8 TiB");
    bench.asked();
    let begun = bench.begun(LARGEST)?;
    bench.budget(report, "initiate", [1, 0, 2]);
    let path = format!("/uploads/multipart/{}/parts", begun.id);
    read(&bench.call("multipart-parts", "POST", &path, &json!({ "from": 1, "count": 100 }))?.1, 200)?;
    bench.budget(report, "sign a page", [0, 0, 1]);
    let listed = read(&bench.call("multipart-parts", "GET", &path, &json!({}))?.1, 200)?;
    bench.budget(report, "list 10,000 parts", [0, 10, 1]);
    let found = listed["parts"].as_array().map_or(0, Vec::len);
    report.limit("parts listed", found == 10_000, &found.to_string(), "10000");
    bench.complete(&begun, true)?;
    bench.budget(report, "complete, parts given", [1, 0, 2]);
    let begun = bench.begun(LARGEST)?;
    bench.asked();
    bench.complete(&begun, false)?;
    bench.budget(report, "complete, parts asked for", [1, 10, 2]);
    let body = read(&bench.initiate(LARGEST + 1)?, 422)?;
    let code = body["code"].as_str().unwrap_or_default();
    report.limit("one byte more is refused as", code == "too-large", code, "too-large");
    Ok(())
}

/// Pages of URLs with session tokens of several lengths.
fn pages(report: &mut Report, mut bench: Bench) -> Outcome {
    note("pages of signed URLs for 10,000 parts");
    let mut rows = vec![row(["session token", "pages", "largest answer"])];
    let mut largest = 0;
    for token in [900, 2_000, 4_000, 12_000] {
        bench.environment.retain(|(name, _)| *name != "AWS_SESSION_TOKEN");
        bench.environment.push(("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2Vj/+abc=".chars().cycle().take(token).collect()));
        let begun = bench.begun(LARGEST)?;
        let path = format!("/uploads/multipart/{}/parts", begun.id);
        let (mut next, mut seen, mut pages, mut most) = (1, 0, 0, 0);
        while next <= 10_000 {
            let (life, answer) = bench.call("multipart-parts", "POST", &path, &json!({ "from": next }))?;
            let body = read(&answer, 200)?;
            let signed = body["parts"].as_array().map_or(0, Vec::len);
            if signed == 0 {
                return Err(format!("an empty page from part {next}"));
            }
            (seen, pages, most) = (seen + signed, pages + 1, most.max(life.answer.len()));
            next = body["next"].as_u64().unwrap_or(u64::MAX);
        }
        if seen != 10_000 {
            return Err(format!("{seen} URLs for 10,000 parts"));
        }
        rows.push(row([&format!("{token} bytes"), &pages.to_string(), &megabytes(most as u64)]));
        largest = largest.max(most);
    }
    table(&rows);
    let (figure, limit) = (megabytes(largest as u64), megabytes(LARGEST_ANSWER as u64));
    report.limit("the largest answer with URLs", largest < LARGEST_ANSWER, &figure, &limit);
    Ok(())
}
