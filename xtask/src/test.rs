//! `cargo xtask test`: everything.

use crate::check::{self, cargo};
use crate::tally::Tally;
use crate::{Outcome, bench, down, emulator, up, verify};

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
    let up = stack.is_ok();
    tally.step("the template deploys", stack.map(drop));
    tally.step("the template's lint", up::lint());
    if up {
        let mut acceptance = cargo(&["test", "--package", "acceptance", "--locked"]);
        let without = ["--", "--skip", "documents::", "--skip", "tidy::"];
        tally.cargo_test("acceptance tests against the deployed stack", acceptance.args(without));
        println!("\n── promises of the deployed stack");
        tally.step("`verify` finds every promise kept", verify::verify("local"));
    }
    if full {
        println!("\n── ten million runs of the fuzzer");
        let runs = ["fuzz", "--runs", "10000000"].map(str::to_owned);
        tally.step("no reader panics or reads beyond its budget", bench::bench(&runs));
    }
    if !was_up {
        tally.step("the local stack goes down", down::down());
    }
    tally.finish()
}
