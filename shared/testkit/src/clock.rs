//! A clock that goes with tokio's, so that a test which stops and winds that one stops and winds both.

use std::cell::OnceCell;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

thread_local! {
    // Each test runs its own runtime on its own thread.
    static START: OnceCell<Instant> = const { OnceCell::new() };
}

/// The time of the golden events, and what has passed on tokio's clock since this test first asked.
#[must_use]
pub fn ticking() -> Timestamp {
    let start = START.with(|start| *start.get_or_init(Instant::now));
    let passed = SignedDuration::try_from(start.elapsed()).unwrap_or_default();
    super::now().checked_add(passed).unwrap_or_else(|_| super::now())
}
