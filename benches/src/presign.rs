//! Cold starts and warm invocations, compared with a hello-world function of the same build profile.

mod boto3;

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::Result;
use crate::fixture::{batch_request, environment, grant_request};
use crate::machine::{bootstrap, megabytes};
use crate::report::{Report, median, note, row, table};
use crate::runtime::{ProcessRun, function, run_process};

/// Enough that the median varies by about one per cent between runs.
const COLD_STARTS: usize = 150;
const WARM_PROCESSES: usize = 12;
const INVOCATIONS_PER_PROCESS: usize = 400;

/// The limits of the design.
const MAX_COLD_RATIO: f64 = 1.25;
const MAX_WARM_EXTRA_MICROS: f64 = 50.0;
const MAX_READY_RATIO: f64 = 2.0;
const MAX_BATCH_MILLIS: f64 = 20.0;

/// Uploads in a batch: as many as a request may have.
const BATCH_SIZE: usize = 1_000;
/// Batches of one process, for the processor time. One is too short for its resolution of 10 ms.
const BATCHES: u32 = 100;
/// Processes that grant batches. The fastest counts: what else the machine does only makes the others slower.
const BATCH_PROCESSES: usize = 5;

/// Hello world comes first: all ratios are relative to it.
const FUNCTIONS: [&str; 4] = ["hello", "presign", "uploads", "validate"];

/// The figures of one function. Times are in milliseconds, one entry for each process or invocation.
struct FunctionFigures {
    name: &'static str,
    bootstrap: PathBuf,
    /// Whether the function can handle the event, a request for a grant.
    handles_grant: bool,
    ready: Vec<f64>,
    cold: Vec<f64>,
    warm: Vec<f64>,
    /// The peak of all processes in bytes.
    memory: u64,
}

/// Prints the figures and checks them against their limits.
pub(crate) fn measure(report: &mut Report) -> Result {
    let event = grant_request().to_string();
    let mut figures = Vec::new();
    for name in FUNCTIONS {
        let handles_grant = name == "hello" || name == "presign";
        let (ready, cold, warm) = (Vec::new(), Vec::new(), Vec::new());
        figures.push(FunctionFigures {
            name,
            bootstrap: bootstrap(name)?,
            handles_grant,
            ready,
            cold,
            warm,
            memory: 0,
        });
    }
    let environment = environment();
    // In turn, so that other load on the machine affects all functions alike.
    for _ in 0..COLD_STARTS {
        for one in &mut figures {
            let invocations = usize::from(one.handles_grant);
            one.add(&run_process(&mut function(&one.bootstrap, &environment), &event, invocations)?);
        }
    }
    for _ in 0..WARM_PROCESSES {
        for one in figures.iter_mut().filter(|one| one.handles_grant) {
            one.add(&run_process(&mut function(&one.bootstrap, &environment), &event, INVOCATIONS_PER_PROCESS)?);
        }
    }
    note(&format!(
        "{COLD_STARTS} cold starts and {} warm invocations of each function, medians in ms",
        WARM_PROCESSES * (INVOCATIONS_PER_PROCESS - 1)
    ));
    check_figures(report, &mut figures)?;
    check_network_calls(report, &event)?;
    check_batch(report)?;
    boto3::compare(report, &event)
}

impl FunctionFigures {
    fn add(&mut self, run: &ProcessRun) {
        self.ready.push(millis(run.ready));
        self.cold.extend(run.first_response.map(millis));
        self.warm.extend(run.warm.iter().copied().map(millis));
        self.memory = self.memory.max(run.peak_memory.unwrap_or(0));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn check_figures(report: &mut Report, figures: &mut [FunctionFigures]) -> Result {
    let mut rows = vec![row(["function", "start → ready", "start → first response", "warm", "binary", "peak memory"])];
    let mut medians = Vec::new();
    for one in figures {
        let (ready, cold, warm) = (median(&mut one.ready), median(&mut one.cold), median(&mut one.warm));
        let size = fs::metadata(&one.bootstrap).map_err(|e| e.to_string())?.len();
        let shown = |figure: f64| if figure.is_nan() { "–".to_owned() } else { format!("{figure:.3}") };
        let (size, memory) = (megabytes(size), megabytes(one.memory));
        rows.push(row([one.name, &shown(ready), &shown(cold), &shown(warm), &size, &memory]));
        medians.push((one.name, ready, cold, warm));
    }
    table(&rows);
    let [(_, hello_ready, hello_cold, hello_warm), (_, _, cold, warm), others @ ..] = medians.as_slice() else {
        return Err("nothing was measured".to_owned());
    };
    let ratio = cold / hello_cold;
    report.check(
        "presign, start → first response",
        ratio <= MAX_COLD_RATIO,
        &format!("{ratio:.2} × hello"),
        &format!("{MAX_COLD_RATIO} ×"),
    );
    let extra = (warm - hello_warm) * 1e3;
    report.check(
        "presign, warm",
        extra <= MAX_WARM_EXTRA_MICROS,
        &format!("hello + {extra:.0} µs"),
        &format!("hello + {MAX_WARM_EXTRA_MICROS} µs"),
    );
    for (name, ready, ..) in others {
        let ratio = ready / hello_ready;
        let what = format!("{name}, start → ready");
        report.check(&what, ratio <= MAX_READY_RATIO, &format!("{ratio:.2} × hello"), &format!("{MAX_READY_RATIO} ×"));
    }
    Ok(())
}

/// Checks that a grant needs no network call. Every AWS service gets an address that accepts connections and never
/// responds.
fn check_network_calls(report: &mut Report, event: &str) -> Result {
    let text = |e: std::io::Error| e.to_string();
    let listener = TcpListener::bind("127.0.0.1:0").map_err(text)?;
    listener.set_nonblocking(true).map_err(text)?;
    let mut environment = environment();
    environment.push(("AWS_ENDPOINT_URL", format!("http://{}", listener.local_addr().map_err(text)?)));
    let run = run_process(&mut function(&bootstrap("presign")?, &environment), event, 10)?;
    let response: Value = serde_json::from_slice(&run.response).map_err(|e| format!("the response of presign: {e}"))?;
    let calls = match listener.accept() {
        Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
        Ok(_) => 1,
        Err(error) => return Err(text(error)),
    };
    let figure = format!("status {}, {calls} calls", response["statusCode"]);
    report.check(
        "presign, network calls for a grant",
        calls == 0 && response["statusCode"] == 201,
        &figure,
        "status 201, 0 calls",
    );
    Ok(())
}

/// The number of grants in a response to `POST /uploads/batch`.
fn grants(response: &[u8]) -> Result<usize> {
    let response: Value = serde_json::from_slice(response).map_err(|e| format!("the response of presign: {e}"))?;
    let body = response["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok()).unwrap_or_default();
    Ok(body["results"].as_array().map_or(0, |results| results.iter().filter(|one| one["grant"].is_object()).count()))
}

/// Checks the processor time of `POST /uploads/batch`, the function's start included. Without the kernel's, which is that
/// of this bench's connection: Lambda's own takes the response elsewhere.
fn check_batch(report: &mut Report) -> Result {
    let event = batch_request(BATCH_SIZE).to_string();
    let (mut granted, mut each) = (BATCH_SIZE, f64::INFINITY);
    for _ in 0..BATCH_PROCESSES {
        let run = run_process(&mut function(&bootstrap("presign")?, &environment()), &event, BATCHES as usize)?;
        granted = granted.min(grants(&run.response)?);
        let user = run.user.ok_or("the processor time of presign is unknown")?;
        each = each.min(millis(user) / f64::from(BATCHES));
    }
    let figure = format!("{granted} grants in {each:.1} ms");
    let kept = granted == BATCH_SIZE && each <= MAX_BATCH_MILLIS;
    report.check(
        "presign, processor time of a batch",
        kept,
        &figure,
        &format!("{BATCH_SIZE} in {MAX_BATCH_MILLIS} ms"),
    );
    Ok(())
}
