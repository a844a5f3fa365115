//! The local stack as a client sees it: where it is, how to call it, and two files to upload to it.
//!
//! `xtask` starts it, `sluice` and the acceptance tests use it.

pub mod aws;
pub mod http;
pub mod samples;
pub mod stack;

use std::path::{Path, PathBuf};

/// The repository.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."))
}

/// The folder with every file about the local stack.
#[must_use]
pub fn local() -> PathBuf {
    root().join("target/local")
}
