//! The whole story, against the deployed local stack, and the laws of the repository itself.
//!
//! `cargo xtask test` brings the stack up and runs this; `documents` and `tidy` need no stack.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

mod abuse;
mod content;
mod deadletters;
mod documents;
mod downstream;
mod events;
mod every_fault;
mod faults;
mod fuzzing;
mod multipart;
mod ownership;
mod permissions;
mod ports;
mod readme;
mod reconcile;
mod replay;
mod scale;
mod scanning;
mod simulation;
mod single_upload;
mod store;
mod tidy;
mod wire;
mod world;
