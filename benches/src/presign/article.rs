//! The usual way for comparison: the same grant by a Python function over boto3.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::machine::bootstrap;
use crate::report::{Report, median, note, row, table};
use crate::runtime::{function, live};
use crate::specimen::environment;

/// Each start takes about half a second.
const STARTS: usize = 7;
const TIMES_FASTER: f64 = 100.0;
const SOURCE: &str = include_str!("article.py");

/// Compares presign with it, taking turns, where a Python with boto3 is at hand.
pub(super) fn compare(report: &mut Report, event: &str) -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let python = root.join("target/tools/sam/bin/python");
    let mut probe = Command::new(&python);
    probe.args(["-c", "import boto3"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        note("boto3 for comparison: not measured, `cargo xtask up` has not installed it yet");
        return Ok(());
    }
    let (presign, environment) = (bootstrap("presign")?, environment());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let mut command = Command::new(&python);
        command.args(["-c", SOURCE]).env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
        theirs.extend(live(&mut command, event, 1)?.first_answer.map(super::millis));
        for _ in 0..STARTS {
            let life = live(&mut function(&presign, &environment), event, 1)?;
            ours.extend(life.first_answer.map(super::millis));
        }
    }
    let (cold, boto3) = (median(&mut ours), median(&mut theirs));
    let times = boto3 / cold;
    table(&[
        row(["the same grant", "start → first answer"]),
        row(["presign", &format!("{cold:.1}")]),
        row(["Python and boto3", &format!("{boto3:.1}")]),
    ]);
    report.limit(
        "faster than boto3, start → first answer",
        times >= TIMES_FASTER,
        &format!("{times:.0} ×"),
        &format!("{TIMES_FASTER} ×"),
    );
    Ok(())
}
