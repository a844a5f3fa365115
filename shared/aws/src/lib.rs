//! The ports of `uploads-core` on AWS. The only crate that names an SDK.

pub mod clients;
pub mod dynamodb;
pub mod eventbridge;
pub mod s3;
pub mod secrets;
pub mod sqs;
