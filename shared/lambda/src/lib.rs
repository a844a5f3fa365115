//! What the functions share on the way in and out: requests and problems over HTTP, configuration, logs.

pub mod config;
pub mod http;
pub mod presigned_upload;
mod run;
pub mod telemetry;
pub mod uppy;

pub use run::{EventHandler, HttpHandler, run_events, run_http};
