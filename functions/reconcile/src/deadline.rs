//! When a run stops.

use tokio::time::Instant;

/// The end of a run.
pub(crate) struct Deadline<'a> {
    /// When the run stops.
    pub(crate) at: Instant,
    /// Whether another step may start. Tests limit the number of steps instead of the time.
    pub(crate) has_time: &'a (dyn Fn() -> bool + Sync),
}

impl Deadline<'_> {
    pub(crate) fn has_passed(&self) -> bool {
        !(self.has_time)()
    }
}
