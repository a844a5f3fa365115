//! `cargo xtask test`: everything.

use crate::check::{self, cargo};
use crate::tally::Tally;
use crate::{Outcome, down, emulator, up};

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
        acceptance.env("SLUICE_FULL", if full { "true" } else { "false" });
        let without = ["--", "--skip", "documents::", "--skip", "tidy::"];
        tally.cargo_test("acceptance tests against the deployed stack", acceptance.args(without));
    }
    if !was_up {
        tally.step("the local stack goes down", down::down());
    }
    tally.finish()
}
