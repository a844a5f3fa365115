//! `cargo xtask test`: all tests.

use std::process::Command;

use anyhow::Context;
use clap::ValueEnum;
use local_stack::stack::Stack;

use crate::check::{self, cargo, sluice};
use crate::tally::Tally;
use crate::tools::SAM;
use crate::{bench, down, emulator, root, up, web};

/// A part of the tests that can be run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Uppy in a real browser against the local stack
    Browser,
}

/// `check`, the template's lint, and the tests against the local stack; or one part of them.
#[must_use]
pub fn test(part: Option<Part>, full: bool) -> Tally {
    let mut tally = if part.is_none() { check::check() } else { Tally::default() };
    println!("\n── the local stack");
    let was_up = emulator::is_running();
    match up::ready(&["http://localhost:5173".to_owned()]) {
        Ok(stack) => {
            tally.step("the template deploys", Ok(()));
            if part.is_none() {
                deployed(&mut tally, full);
            }
            web::test(&mut tally, &stack, full);
            if part.is_none() {
                // After Uppy's tests, which install Chromium.
                let mut npm = Command::new("npm");
                npm.args(["run", "--silent", "ci"]).current_dir(root().join("clients/js"));
                npm.env("SLUICE_STACK", Stack::file());
                tally.tests("the JavaScript client", npm);
            }
        }
        Err(error) => tally.step("the template deploys", Err(error)),
    }
    if full && part.is_none() {
        long(&mut tally);
    }
    if !was_up {
        tally.step("the local stack stops", down::down());
    }
    tally
}

fn deployed(tally: &mut Tally, full: bool) {
    tally.step("the template's lint", up::lint());
    // By `cargo test`: the tests of one process share users and queues.
    let mut acceptance = cargo(&["test", "--workspace", "--test", "it", "--locked"]);
    if full {
        acceptance.env("SLUICE_FULL", "true");
    }
    acceptance.args(["--", "--skip", "documents::", "--skip", "tidy::"]);
    tally.tests("acceptance tests against the local stack", acceptance);
    tally.command("`sluice verify` of the local stack", &mut sluice(&["verify", "--stack", "local"]));
    let requests = ["--requests", if full { "5000" } else { "500" }];
    let scripts: [(_, _, &[&str]); 4] = [
        ("judges of template and signatures", "judges", &[]),
        ("the API's description", "openapi", &requests),
        ("webhook receivers of the documents", "webhooks", &[]),
        ("a failed first deployment, repeated", "deploy", &[]),
    ];
    for (name, script, args) in scripts {
        let mut python = Command::new("python3");
        tally.command(name, python.arg(format!("tests/{script}/run.py")).args(args).current_dir(root()));
    }
    if full {
        let mut containers = Command::new(SAM.program("python"));
        containers.arg("tests/containers/run.py").current_dir(root());
        tally.tests("every event through `sam local invoke`", containers);
    }
}

fn long(tally: &mut Tally) {
    let some_seeds = ["test", "--release", "--package", "acceptance", "--locked", "--", "simulation::some_seeds"];
    let mut seeds = cargo(&some_seeds);
    seeds.env("SLUICE_SEEDS", "1000").env("SLUICE_UPLOADS", "1000");
    tally.tests("a thousand seeds of the simulation", seeds);
    let mut fuzzing = cargo(&["test", "--package", "acceptance", "--locked", "--", "fuzzing::"]);
    fuzzing.env("SLUICE_RUNS", "200000");
    tally.tests("long fuzzing of events, policies and bodies", fuzzing);
    println!("\n── ten million runs of the fuzzer");
    let fuzz = bench::bench(&["fuzz", "--runs", "10000000"].map(str::to_owned));
    let kept = fuzz.and_then(|kept| kept.then_some(()).context("it found a fault: see its output above"));
    tally.step("no reader panics or reads beyond its budget", kept);
}
