//! `cargo xtask check`: the fast tests, which need no stack and no AWS credentials.

use std::process::{Command, Stdio};

use crate::root;
use crate::tally::Tally;

/// Format, lints, documents and all tests that need no stack.
#[must_use]
pub fn check() -> Tally {
    let mut tally = Tally::default();
    tally.command("format", &mut cargo(&["fmt", "--all", "--check"]));
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "--deny", "warnings"];
    tally.command("lints", &mut cargo(&clippy));
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--locked", "--quiet"]);
    tally.command("documentation", doc.env("RUSTDOCFLAGS", "--deny warnings"));
    tally.tests("unit, property and handler tests", tests(&["--workspace", "--exclude", "acceptance"], &[]));
    tally.tests("documents and house rules", tests(&["--package", "acceptance"], &["documents::", "tidy::"]));
    tally
}

/// Tests that share nothing: with nextest where it is installed, which runs each in a process of its own.
fn tests(packages: &[&str], filters: &[&str]) -> Command {
    let mut nextest = cargo(&["nextest", "--version"]);
    let installed = nextest.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let runner: &[&str] = if installed { &["nextest", "run"] } else { &["test", "--quiet"] };
    let mut tests = cargo(runner);
    tests.args(["--locked", "--no-fail-fast"]).args(packages).arg("--").args(filters);
    tests
}

/// `sluice` of this repository, in the caller's folder: paths among its arguments are relative to that.
#[must_use]
pub fn sluice(args: &[&str]) -> Command {
    let mut sluice = Command::new("cargo");
    sluice.args(["run", "--quiet", "--locked", "--manifest-path"]).arg(root().join("Cargo.toml"));
    sluice.args(["--package", "sluice", "--"]).args(args);
    sluice
}

pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()).args(args);
    cargo
}
