//! The HTTP and Lambda parts that the functions share: requests, responses, problems, configuration, logs.

pub mod config;
pub mod http;
pub mod presigned_upload;
mod run;
pub mod telemetry;
pub mod uppy;
mod uppy_route;

pub use run::{EventHandler, HttpHandler, run_events, run_http};
