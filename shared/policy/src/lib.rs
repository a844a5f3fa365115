//! What callers may upload, what Sluice granted them, what arrived in S3, and the verdict on it.
//!
//! This crate is pure: it has no clock, no environment, no network and no SDK.

pub mod announcement;
pub mod checksum;
pub mod clean_name;
pub mod content_rules;
pub mod danger;
pub mod declared_type;
pub mod document;
pub mod filename;
#[cfg(any(test, feature = "fixtures"))]
pub mod fixtures;
pub mod grant;
pub mod hash;
pub mod key;
mod multipart_review;
pub mod name_problems;
pub mod observed;
pub mod parts;
mod policy;
mod reason;
mod removed_class;
mod request;
pub mod s3_limits;
pub mod session;
pub mod size;
pub mod type_pattern;
pub mod upload;
pub mod verdict;
pub mod view;
pub mod webhook;
pub mod words;

pub use checksum::check_multipart_checksums;
pub use grant::{Grant, SizeGrant};
pub use multipart_review::ReviewedMultipart;
pub use policy::{
    Actual, AllowedMetadata, Class, DeclaredType, Facts, MAX_UNSIZED_SESSIONS, OnRejection, Policy, Refusal,
    Requirement, ReviewedUpload, Rule, Scan,
};
pub use request::{DEFAULT_CLASS, Transport, UploadRequest};
pub use session::SessionTerms;
