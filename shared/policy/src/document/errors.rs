//! Errors in a policy document.

use std::fmt;

/// One error in a policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// The place, such as `classes.avatar.allow[2].max`; `$` for the document itself.
    pub path: String,
    /// What is wrong, and what to write instead.
    pub problem: String,
}

/// Every error in a policy document; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyErrors(pub Vec<PolicyError>);

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the policy has {} error(s)", self.0.len())?;
        self.0.iter().try_for_each(|error| write!(f, "; {}: {}", error.path, error.problem))
    }
}
