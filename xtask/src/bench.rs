//! `cargo xtask bench [NAME]`: builds what is measured as it is built for AWS, then measures it.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::tools::CARGO_LAMBDA;
use crate::up::deploy::functions;
use crate::{root, web};

/// The benches that start the functions themselves.
const STARTING: &[&str] = &["presign", "multipart", "validate"];

/// Runs one bench, or all but `client`; the rest of `args` is the bench's own. Returns whether every limit was kept.
///
/// # Errors
/// When something does not build.
pub fn bench(args: &[String]) -> Result<bool> {
    if args.first().is_some_and(|name| name == "client") {
        return web::bench(&args[1..]);
    }
    CARGO_LAMBDA.install()?;
    // By cargo-lambda, so that the signer is measured with the compiler's flags of the functions, and so that the
    // SDKs need not be built a second time without them.
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()).env("PATH", CARGO_LAMBDA.path()).args(["lambda", "build", "--release", "--locked"]);
    cargo.args(["--bin", "bench", "--bin", "hello"]);
    if args.first().is_none_or(|name| STARTING.contains(&name.as_str())) {
        for name in functions()? {
            cargo.args(["--bin", &name]);
        }
    }
    let built = cargo.stdin(Stdio::null()).status().context("cargo could not be started")?;
    ensure!(built.success(), "the bench did not build: see the compiler's output above");
    let mut bench = Command::new(root().join("target/lambda/bench/bootstrap"));
    let ended = bench.current_dir(root()).args(args).stdin(Stdio::null()).status();
    Ok(ended.context("the bench could not be started")?.success())
}
