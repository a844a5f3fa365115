//! Starting and answering, against a hello-world function that was built with the same profile.

mod article;

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::Outcome;
use crate::machine::{bootstrap, megabytes};
use crate::report::{Report, median, note, row, table};
use crate::runtime::{Life, function, live};
use crate::specimen::{environment, grant_request};

/// Enough that the median moves by a hundredth or so between runs.
const STARTS: usize = 150;
const WARM_RUNS: usize = 12;
const WARM_CALLS: usize = 400;

/// The design's budgets.
const COLD_RATIO: f64 = 1.25;
const WARM_EXTRA_MICROS: f64 = 50.0;
const READY_RATIO: f64 = 2.0;

/// The hello world first: every ratio is against it.
const FUNCTIONS: [&str; 4] = ["hello", "presign", "uploads", "validate"];

/// What was seen of one function.
struct Seen {
    name: &'static str,
    bootstrap: PathBuf,
    /// Whether it can answer a request for a grant.
    grants: bool,
    ready: Vec<f64>,
    cold: Vec<f64>,
    warm: Vec<f64>,
    memory: u64,
}

/// Prints and judges the figures.
pub(crate) fn measure(report: &mut Report) -> Outcome {
    let event = grant_request().to_string();
    let mut seen = Vec::new();
    for name in FUNCTIONS {
        let grants = name == "hello" || name == "presign";
        let (ready, cold, warm) = (Vec::new(), Vec::new(), Vec::new());
        seen.push(Seen { name, bootstrap: bootstrap(name)?, grants, ready, cold, warm, memory: 0 });
    }
    let environment = environment();
    // Taking turns, so that whatever slows the machine down slows all of them down.
    for _ in 0..STARTS {
        for one in &mut seen {
            one.add(&live(&mut function(&one.bootstrap, &environment), &event, usize::from(one.grants))?);
        }
    }
    for _ in 0..WARM_RUNS {
        for one in seen.iter_mut().filter(|one| one.grants) {
            one.add(&live(&mut function(&one.bootstrap, &environment), &event, WARM_CALLS)?);
        }
    }
    note(&format!(
        "{STARTS} starts of each in turn, {} warm calls; medians, in milliseconds",
        WARM_RUNS * (WARM_CALLS - 1)
    ));
    judge(report, &mut seen)?;
    no_network(report, &event)?;
    article::compare(report, &event)
}

impl Seen {
    fn add(&mut self, life: &Life) {
        self.ready.push(millis(life.ready));
        self.cold.extend(life.first_answer.map(millis));
        self.warm.extend(life.warm.iter().copied().map(millis));
        self.memory = self.memory.max(life.peak_memory.unwrap_or(0));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn judge(report: &mut Report, seen: &mut [Seen]) -> Outcome {
    let mut rows = vec![row(["function", "start → ready", "start → first answer", "warm", "binary", "peak memory"])];
    let mut medians = Vec::new();
    for one in seen {
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
    report.limit(
        "presign, start → first answer",
        ratio <= COLD_RATIO,
        &format!("{ratio:.2} × hello"),
        &format!("{COLD_RATIO} ×"),
    );
    let extra = (warm - hello_warm) * 1e3;
    report.limit(
        "presign, warm",
        extra <= WARM_EXTRA_MICROS,
        &format!("hello + {extra:.0} µs"),
        &format!("hello + {WARM_EXTRA_MICROS} µs"),
    );
    for (name, ready, ..) in others {
        let ratio = ready / hello_ready;
        let what = format!("{name}, start → ready");
        report.limit(&what, ratio <= READY_RATIO, &format!("{ratio:.2} × hello"), &format!("{READY_RATIO} ×"));
    }
    Ok(())
}

/// Every AWS service is said to answer at an address where nobody answers, but where callers are noticed.
fn no_network(report: &mut Report, event: &str) -> Outcome {
    let text = |e: std::io::Error| e.to_string();
    let trap = TcpListener::bind("127.0.0.1:0").map_err(text)?;
    trap.set_nonblocking(true).map_err(text)?;
    let mut environment = environment();
    environment.push(("AWS_ENDPOINT_URL", format!("http://{}", trap.local_addr().map_err(text)?)));
    let life = live(&mut function(&bootstrap("presign")?, &environment), event, 10)?;
    let answer: Value = serde_json::from_slice(&life.answer).map_err(|e| format!("presign's answer: {e}"))?;
    let calls = match trap.accept() {
        Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
        Ok(_) => 1,
        Err(error) => return Err(text(error)),
    };
    let figure = format!("status {}, {calls} calls", answer["statusCode"]);
    report.limit(
        "presign's network calls for a grant",
        calls == 0 && answer["statusCode"] == 201,
        &figure,
        "status 201, 0 calls",
    );
    Ok(())
}
