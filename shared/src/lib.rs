//! What the functions share, in two halves.
//!
//! The **core** decides: values in, values out. It knows no clock, no environment, no AWS client and no HTTP, and
//! so it needs neither to be tested. The **edges** perform: each names one vendor, and nothing else may.
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should"))]

// core, in reading order
pub mod checksum;
pub mod filename;
pub mod grant;
pub mod key;
pub mod media;
pub mod policy;
pub mod s3_limits;
pub mod signing;
pub mod size;
pub mod sniff;
pub mod upload;
pub mod verdict;

// edges
pub mod ambient;
pub mod clients;
pub mod config;
pub mod http;
pub mod objects;
pub mod records;
pub mod telemetry;

// what tests need, and no release build has
#[cfg(any(test, feature = "testing"))]
pub mod testing;
