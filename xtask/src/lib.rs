//! The build tool's parts, as a library so that the acceptance tests can talk to the local stack too.

#![expect(clippy::print_stdout, reason = "a tool tells on standard output what it does")]

pub mod account;
pub mod aws;
pub mod bench;
pub mod check;
pub mod down;
pub mod emulator;
pub mod http;
pub mod process;
pub mod redrive;
pub mod republish;
pub mod samples;
mod service;
pub mod stack;
pub mod stub;
pub mod tally;
pub mod test;
pub mod tools;
pub mod up;
pub mod upload;
pub mod verify;
pub mod web;

use std::path::{Path, PathBuf};

/// What went wrong, as one sentence with what to do about it.
pub type Outcome<T = ()> = Result<T, String>;

/// The repository.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where everything about the local stack lies.
#[must_use]
pub fn local() -> PathBuf {
    root().join("target/local")
}
