//! Policies as JSON documents.

mod errors;
mod field;
mod reader;
mod shape;

use crate::policy::Policy;
use reader::Reader;

pub use errors::{PolicyError, PolicyErrors};

/// The version of the document format. [`parse`] refuses every other version.
pub const VERSION: u64 = reader::VERSION;

/// The policy that a deployment uses unless it configures another one: `policy.json`.
pub const SHIPPED_POLICY: &str = include_str!("../../../policy.json");

/// Parses a policy.
///
/// # Errors
/// [`PolicyErrors`] with every error in the document.
pub fn parse(text: &str) -> Result<Policy, PolicyErrors> {
    let document = serde_json::from_str(text)
        .map_err(|e| PolicyErrors(vec![PolicyError { path: "$".to_owned(), problem: e.to_string() }]))?;
    let mut reader = Reader::default();
    let policy = reader.policy(document, Policy::hash_of(text));
    if reader.errors.is_empty() { Ok(policy) } else { Err(PolicyErrors(reader.errors)) }
}

#[cfg(test)]
mod tests;
