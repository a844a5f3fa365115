//! The build tool's parts, as a library so that the acceptance tests can deploy stacks too.

#![expect(clippy::print_stdout, reason = "the tool writes its progress to standard output")]

pub mod bench;
pub mod check;
pub mod down;
pub mod emulator;
pub mod process;
mod service;
pub mod tally;
pub mod test;
pub mod tools;
pub mod up;
pub mod web;

pub use local_stack::{local, root};
