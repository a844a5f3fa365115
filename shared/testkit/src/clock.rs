//! A clock that follows tokio's, so that a test that pauses and advances tokio's clock moves both.

use std::cell::OnceCell;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

thread_local! {
    // Each test runs its own runtime on its own thread.
    static START: OnceCell<Instant> = const { OnceCell::new() };
}

/// The time of the golden events plus what has passed on tokio's clock since the first call.
#[must_use]
pub fn ticking() -> Timestamp {
    let start = START.with(|start| *start.get_or_init(Instant::now));
    let passed = SignedDuration::try_from(start.elapsed()).unwrap_or_default();
    super::now().checked_add(passed).unwrap_or_else(|_| super::now())
}
