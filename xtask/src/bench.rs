//! `cargo xtask bench [NAME]`: builds what is measured as it is built for AWS, then measures it.

use std::process::{Command, Stdio};

use crate::process::run;
use crate::tools::SAM;
use crate::up::deploy::functions;
use crate::{Outcome, root};

/// The benches that start the functions themselves.
const STARTING: &[&str] = &["presign", "multipart", "validate"];

/// Runs one bench, or all of them; the rest of `args` is the bench's own.
///
/// # Errors
/// When something doesn't build, or a stated limit is missed.
pub fn bench(args: &[String]) -> Outcome {
    SAM.install()?;
    // By cargo-lambda, so that the signer is measured with the compiler's flags of the functions, and so that the
    // SDKs need not be built a second time without them.
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()).env("PATH", SAM.path()).args(["lambda", "build", "--release", "--locked"]);
    cargo.args(["--bin", "bench", "--bin", "hello"]);
    if args.first().is_none_or(|name| STARTING.contains(&name.as_str())) {
        for name in functions()? {
            cargo.args(["--bin", &name]);
        }
    }
    run(&mut cargo)?;
    let mut bench = Command::new(root().join("target/lambda/bench/bootstrap"));
    match bench.current_dir(root()).args(args).stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        // The bench has said what it missed.
        Ok(_) => Err(String::new()),
        Err(error) => Err(format!("the bench could not be started: {error}")),
    }
}
