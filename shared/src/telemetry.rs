//! Logs: one JSON object a line, with the request's id, for people and for queries.

use std::io::Write;

use serde_json::Value;
use tracing::level_filters::LevelFilter;

/// Sends logs to standard output, where Lambda picks them up. `LOG_LEVEL` is `error`, `warn`, `info` (the
/// default) or `debug`.
///
/// The runtime's own span gives each line its `requestId`. Never logged: bodies, tokens, signed URLs, file names.
pub fn init() {
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_span_list(false)
        .with_max_level(level)
        .init();
}

/// Writes figures as one line of standard output, where `CloudWatch` makes metrics of them.
pub fn metrics(figures: &Value) {
    let line = format!("{figures}\n");
    // Figures that can't be written are no reason to fail.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}
