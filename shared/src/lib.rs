//! What the functions share, in two halves.
//!
//! The **core** decides: values in, values out. It knows no clock, no environment, no AWS client and no HTTP, and
//! so it needs neither to be tested. The **edges** perform: each names one vendor, and nothing else may.

// core, in reading order
pub mod size;
pub mod key;
pub mod media;
pub mod filename;
pub mod checksum;
pub mod s3_limits;
pub mod parts;
pub mod policy;
pub mod grant;
pub mod signing;
pub mod sniff;
pub mod upload;
pub mod session;
pub mod verdict;
pub mod announcement;

// what several functions do, over the ports
pub mod multipart;
pub mod deletion;

// edges
pub mod ambient;
pub mod bus;
pub mod clients;
pub mod config;
pub mod http;
pub mod objects;
pub mod queue;
pub mod records;
pub mod telemetry;
pub mod uppy;
pub mod view;

// what tests need, and no release build has
#[cfg(any(test, feature = "testing"))]
pub mod testing;
