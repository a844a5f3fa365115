//! `cargo xtask check`: the fast tests, which need no stack and no AWS credentials.

use std::process::{Command, Stdio};

use crate::root;
use crate::tally::Tally;

/// Format, lints, documents and all tests that need no stack.
#[must_use]
pub fn check() -> Tally {
    let mut tally = Tally::default();
    tally.command("format", cargo(&["fmt", "--all", "--check"]));
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "--deny", "warnings"];
    tally.command("lints", cargo(&clippy));
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--locked", "--quiet"]);
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    tally.command("documentation", doc);
    // With nextest where it is installed, which runs each test in a process of its own. Always the whole workspace is
    // built: another selection of packages has other features, and would compile the SDKs a second time.
    let mut nextest = cargo(&["nextest", "--version"]);
    let installed = nextest.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if installed {
        let filter = "not package(acceptance) or test(/^(documents|tidy)::/)";
        let run = ["nextest", "run", "--workspace", "--locked", "--no-fail-fast", "--filterset", filter];
        tally.tests("unit, property, handler and document tests", cargo(&run));
    } else {
        let run =
            |part: &[&str]| cargo(&[&["test", "--workspace", "--locked", "--quiet", "--no-fail-fast"], part].concat());
        tally.tests("unit, property and handler tests", run(&["--lib", "--bins"]));
        tally.tests("documents and house rules", run(&["--test", "it", "--", "documents::", "tidy::"]));
    }
    tally.tests("examples in documentation", cargo(&["test", "--workspace", "--doc", "--locked", "--quiet"]));
    let package = ["package", "--quiet", "--package", "content-sniff", "--package", "s3-presigner", "--allow-dirty"];
    tally.command("crates that other projects can use", cargo(&[&package[..], &["--locked"]].concat()));
    tally
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
