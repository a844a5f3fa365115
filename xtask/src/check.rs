//! `cargo xtask check`: the quick half, which needs neither a stack nor AWS credentials.

use std::process::Command;

use crate::tally::Tally;
use crate::{Outcome, root};

/// Format, lints, documents and all tests that need no stack.
///
/// # Errors
/// When anything fails.
pub fn check() -> Outcome {
    let mut tally = Tally::default();
    run(&mut tally);
    tally.finish()
}

/// The same, adding to a tally.
pub(crate) fn run(tally: &mut Tally) {
    tally.command("format", &mut cargo(&["fmt", "--all", "--check"]));
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "--deny", "warnings"];
    tally.command("lints", &mut cargo(&clippy));
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--locked", "--quiet"]);
    tally.command("documentation", doc.env("RUSTDOCFLAGS", "--deny warnings"));
    tally.tests(
        "unit, property and handler tests",
        &mut cargo(&["test", "--workspace", "--exclude", "acceptance", "--locked", "--quiet", "--no-fail-fast"]),
    );
    tally.tests(
        "documents and house rules",
        &mut cargo(&["test", "--package", "acceptance", "--locked", "--quiet", "--", "documents::", "tidy::"]),
    );
}

pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()).args(args);
    cargo
}
