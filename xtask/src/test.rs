//! `cargo xtask test`: everything.

use clap::ValueEnum;

use crate::check::{self, cargo};
use crate::tally::Tally;
use crate::{Outcome, bench, down, emulator, up, verify, web};

/// A part of the tests that can be run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Uppy in a real browser against the local stack
    Browser,
}

/// One part alone, on the local stack.
///
/// # Errors
/// When anything fails.
pub fn part(part: Part, full: bool) -> Outcome {
    let mut tally = Tally::default();
    let was_up = emulator::is_running();
    let stack = up::ready()?;
    match part {
        Part::Browser => web::test(&mut tally, &stack, full),
    }
    if !was_up {
        tally.step("the local stack goes down", down::down());
    }
    tally.finish()
}

/// `check`, the template's lint, and the acceptance tests against the deployed local stack.
///
/// # Errors
/// When anything fails.
pub fn test(full: bool) -> Outcome {
    let mut tally = Tally::default();
    check::run(&mut tally);
    println!("\n── the local stack");
    let was_up = emulator::is_running();
    let stack = up::ready();
    tally.step("the template deploys", stack.as_ref().map(|_| ()).map_err(Clone::clone));
    tally.step("the template's lint", up::lint());
    if let Ok(stack) = stack {
        let mut acceptance = cargo(&["test", "--package", "acceptance", "--locked"]);
        let without = ["--", "--skip", "documents::", "--skip", "tidy::"];
        if full {
            acceptance.env("SLUICE_FULL", "true");
        }
        tally.tests("acceptance tests against the deployed stack", acceptance.args(without));
        println!("\n── promises of the deployed stack");
        tally.step("`verify` finds every promise kept", verify::verify("local"));
        web::test(&mut tally, &stack, full);
    }
    if full {
        let some_seeds = ["test", "--release", "--package", "acceptance", "--locked", "--", "simulation::some_seeds"];
        let mut seeds = cargo(&some_seeds);
        seeds.env("SLUICE_SEEDS", "1000").env("SLUICE_UPLOADS", "1000");
        tally.tests("a thousand seeds of the simulation", &mut seeds);
        let mut fuzzing = cargo(&["test", "--package", "acceptance", "--locked", "--", "fuzzing::"]);
        tally.tests("long fuzzing of events, policies and bodies", fuzzing.env("SLUICE_RUNS", "200000"));
        println!("\n── ten million runs of the fuzzer");
        let runs = ["fuzz", "--runs", "10000000"].map(str::to_owned);
        tally.step("no reader panics or reads beyond its budget", bench::bench(&runs));
    }
    if !was_up {
        tally.step("the local stack goes down", down::down());
    }
    tally.finish()
}
