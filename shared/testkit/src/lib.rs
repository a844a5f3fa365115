//! Test doubles for AWS: ports in memory that pass the same contract suite as the real ones, fault injection for every
//! call, and requests as API Gateway sends them.
//!
//! Only dev-dependencies use this crate: no release build contains it.
#![expect(clippy::missing_panics_doc, reason = "a helper that panics has failed its test, as it should")]

pub mod bus;
pub mod clock;
pub mod contract;
pub mod http;
pub mod fault_injector;
pub mod objects;
pub mod queue;
pub mod random;
pub mod records;
pub mod scripted;
pub mod webhooks;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use lambda_http_kit::config::Config;
use policy::key::UploadId;
use uploads_core::env::Env;

pub use policy::fixtures::*;

pub use bus::MemoryBus;
pub use fault_injector::{FaultInjector, FaultKind, FaultPoint, FaultyPort};
pub use objects::{MemoryObjects, Upload};
pub use queue::MemoryQueue;
pub use random::Random;
pub use records::MemoryRecords;
pub use webhooks::{Delivered, MemoryEndpoints, MemorySecrets, MemoryWaits};

/// The bucket of the golden events.
pub const BUCKET: &str = "sluice-example";

/// A fixed clock and fixed random bytes.
#[must_use]
pub fn env() -> Env {
    Env { now, random: || [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }
}

/// An id that no store has seen before.
#[must_use]
pub fn fresh_id() -> UploadId {
    Env::system().upload_id()
}

/// A function's configuration in tests, with `extra` variables.
#[must_use]
pub fn config<C: Config>(extra: &[(&str, &str)]) -> C {
    let usual = [
        ("BUCKET", BUCKET),
        ("TABLE", "sluice-example"),
        ("QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/123456789012/events"),
        ("COMPLETIONS_URL", "https://sqs.eu-central-1.amazonaws.com/123456789012/completions"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", "session/token+example=="),
    ];
    let lookup = |name: &str| {
        let all = extra.iter().chain(&usual);
        all.copied().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    };
    C::from_lookup(&lookup, &|| None).expect("a usable environment")
}

/// The golden events of one function, by file name without `.json`.
#[must_use]
pub fn golden_events(function: &str) -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(function);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    files
        .map(|file| {
            let path = file.expect("a readable folder").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name in UTF-8").to_owned();
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let event = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            (name, event)
        })
        .collect()
}

#[cfg(test)]
mod tests;
