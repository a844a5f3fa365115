//! Acceptance tests against the deployed local stack, and checks of the repository itself.
//!
//! `cargo xtask test` starts the stack and runs them. `documents` and `tidy` need no stack.

#![expect(clippy::unwrap_used, reason = "a test fails by unwrapping")]

mod adapters;
mod api;
mod aws;
mod completion;
mod content;
mod dead_letter_queue;
mod documents;
mod event_bus;
mod every_fault;
mod examples;
mod fuzzing;
mod golden_events;
mod invalid_input;
mod malware_scan;
mod multipart;
mod ownership;
mod permissions;
mod ports;
mod real_files;
mod reconcile;
mod replay;
mod s3_refusals;
mod scale;
mod second_store;
mod simulation;
mod single_upload;
mod support;
mod tcp;
mod tidy;
mod transport_errors;
mod webhook_receiver;
mod webhooks;
