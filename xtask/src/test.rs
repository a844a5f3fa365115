//! `cargo xtask test`: all tests.

use std::process::Command;
use std::thread;

use anyhow::Context;
use clap::ValueEnum;
use local_stack::stack::Stack;

use crate::check::{self, cargo, sluice};
use crate::tally::Tally;
use crate::tools::{CARGO_LAMBDA, EMULATOR, SAM, SECOND_STORE, install_beside};
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
    // They wait for the network, and `check` compiles for minutes.
    let installed = install_beside(&[CARGO_LAMBDA, SAM, EMULATOR, SECOND_STORE]);
    let browser = web::install_browser();
    let mut tally = if part.is_none() { check::check() } else { Tally::default() };
    let _ = browser.map(|mut browser| browser.wait());
    println!("\n── the local stack");
    let was_up = emulator::is_running();
    match installed().and_then(|()| up::ready(&["http://localhost:5173".to_owned()])) {
        Ok(stack) => {
            tally.step("the template deploys", Ok(()));
            if part.is_none() {
                deployed(&mut tally, &stack, full);
            } else {
                web::test(&mut tally, &stack, full);
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

/// The tests against a stack. Most of them wait most of their time, so two groups run at the same time.
fn deployed(tally: &mut Tally, stack: &Stack, full: bool) {
    tally.step("the template's lint", up::lint());
    let mut beside = Tally::beside();
    thread::scope(|scope| {
        scope.spawn(|| {
            web::test(&mut beside, stack, full);
            let mut npm = Command::new("npm");
            npm.args(["run", "--silent", "ci"]).current_dir(root().join("clients/js"));
            npm.env("SLUICE_STACK", Stack::file());
            beside.tests("the JavaScript client", npm);
            scripts(&mut beside, full);
        });
        acceptance(tally, full);
    });
    tally.append(beside);
}

fn acceptance(tally: &mut Tally, full: bool) {
    // By `cargo test`: the tests of one process share users and queues.
    let mut acceptance = cargo(&["test", "--workspace", "--test", "it", "--locked"]);
    if full {
        acceptance.env("SLUICE_FULL", "true");
    }
    acceptance.args(["--", "--skip", "documents::", "--skip", "tidy::"]);
    tally.tests("acceptance tests against the local stack", acceptance);
    tally.command("`sluice verify` of the local stack", sluice(&["verify", "--stack", "local"]));
}

fn scripts(tally: &mut Tally, full: bool) {
    let requests = ["--requests", if full { "5000" } else { "500" }];
    let scripts: [(_, _, &[&str]); 4] = [
        ("judges of template and signatures", "judges", &[]),
        ("the API's description", "openapi", &requests),
        ("webhook receivers of the documents", "webhooks", &[]),
        ("a failed first deployment, repeated", "deploy", &[]),
    ];
    for (name, script, args) in scripts {
        let mut python = Command::new("python3");
        python.arg(format!("tests/{script}/run.py")).args(args).current_dir(root());
        tally.command(name, python);
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
