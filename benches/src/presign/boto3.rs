//! Comparison with the usual implementation: the same grant from a Python function with boto3.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;
use crate::fixture::environment;
use crate::machine::bootstrap;
use crate::report::{Report, median, note, row, table};
use crate::runtime::{function, run_process};

/// Cold starts of the Python function, and of presign after each of them. One takes about half a second in Python.
const COLD_STARTS: usize = 7;
const MIN_SPEEDUP: f64 = 100.0;
const SOURCE: &str = include_str!("boto3.py");

/// Compares cold starts in turn, if `cargo xtask up` has installed Python with boto3.
pub(super) fn compare(report: &mut Report, event: &str) -> Result {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let python = root.join("target/tools/sam/bin/python");
    let mut probe = Command::new(&python);
    probe.args(["-c", "import boto3"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        note("boto3 not measured: run `cargo xtask up` once to install it");
        return Ok(());
    }
    let (presign, environment) = (bootstrap("presign")?, environment());
    let (mut presign_times, mut boto3_times) = (Vec::new(), Vec::new());
    for _ in 0..COLD_STARTS {
        let mut command = Command::new(&python);
        command.args(["-c", SOURCE]).env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
        boto3_times.extend(run_process(&mut command, event, 1)?.first_response.map(super::millis));
        for _ in 0..COLD_STARTS {
            let run = run_process(&mut function(&presign, &environment), event, 1)?;
            presign_times.extend(run.first_response.map(super::millis));
        }
    }
    let (presign, boto3) = (median(&mut presign_times), median(&mut boto3_times));
    let speedup = boto3 / presign;
    table(&[
        row(["the same grant", "start → first response, ms"]),
        row(["presign", &format!("{presign:.1}")]),
        row(["Python and boto3", &format!("{boto3:.1}")]),
    ]);
    report.check(
        "faster than boto3, start → first response",
        speedup >= MIN_SPEEDUP,
        &format!("{speedup:.0} ×"),
        &format!("{MIN_SPEEDUP} ×"),
    );
    Ok(())
}
