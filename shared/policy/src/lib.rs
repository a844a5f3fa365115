//! The policy: what may be uploaded, what was granted, what arrived, and what follows from that.
//!
//! Values in, values out. This crate knows no clock, no environment, no network and no SDK.

pub mod announcement;
pub mod checksum;
pub mod content_rules;
pub mod document;
pub mod filename;
#[cfg(any(test, feature = "fixtures"))]
pub mod fixtures;
pub mod grant;
pub mod hash;
pub mod key;
pub mod name_problems;
pub mod parts;
mod policy;
mod request;
pub mod s3_limits;
pub mod session;
pub mod size;
pub mod type_pattern;
pub mod upload;
pub mod verdict;
pub mod view;

pub use grant::{Grant, SizeGrant};
pub use policy::*;
pub use request::{Transport, UploadRequest};
