//! `cargo xtask test`.
use crate::Outcome;
/// Everything.
///
/// # Errors
/// When anything fails.
pub fn test(_full: bool) -> Outcome {
    Ok(())
}
