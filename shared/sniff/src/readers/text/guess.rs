//! Scored guesses for text types.

/// The maximum number of lines scored. More lines rarely change the result.
pub(crate) const MAX_LINES: usize = 250;

/// The minimum score that names a type without a claim.
pub(crate) const SURE_SCORE: u32 = 60;

/// The minimum score that confirms a claimed type.
pub(crate) const CLAIMED_SCORE: u32 = 20;

/// A text type and the evidence for it, from 0 to 100.
pub(crate) struct Guess {
    pub(crate) media_type: &'static str,
    pub(crate) score: u32,
}
