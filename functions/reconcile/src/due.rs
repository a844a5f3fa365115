//! Everything that is due: sessions, and records that wait for a second step.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use uploads_core::ports::due_index::Due;
use uploads_core::ports::queue::Queue;

use crate::deadline::Deadline;
use crate::deps::{Bucket, Deps, MAX_CONCURRENCY, Table};
use crate::report::Report;

/// How many new items each query of the index requests.
const BATCH_SIZE: usize = 100;

impl<R: Table, O: Bucket, Q: Queue> Deps<R, O, Q> {
    /// Processes everything that is due, until the deadline.
    pub(crate) async fn process_due(&self, deadline: &Deadline<'_>) -> Report {
        let mut report = Report::default();
        let mut seen: HashSet<Due> = HashSet::new();
        while !deadline.has_passed() {
            // Items that failed stay due. The limit grows by them, so that new items still fit.
            let limit = u16::try_from(BATCH_SIZE.saturating_add(seen.len())).unwrap_or(u16::MAX);
            let due = match self.records.due((self.env.now)(), limit).await {
                Ok(due) => due,
                Err(error) => return report + Report::failure(&error, "query due items"),
            };
            let is_last = due.len() < usize::from(limit);
            let new: Vec<Due> = due.into_iter().filter(|due| seen.insert(due.clone())).collect();
            let found_none = new.is_empty();
            let reports = stream::iter(new).map(|due| self.process(deadline, due)).buffer_unordered(MAX_CONCURRENCY);
            report = reports.fold(report, async |sum, report| sum + report).await;
            if is_last || found_none {
                break;
            }
        }
        report
    }

    async fn process(&self, deadline: &Deadline<'_>, due: Due) -> Report {
        if deadline.has_passed() {
            return Report::default();
        }
        let outcome = match &due {
            Due::Session(key) => self.process_session(deadline, key).await,
            Due::Upload(key) => self.process_record(key).await,
        };
        outcome.unwrap_or_else(|error| Report::failure(&error, &format!("process due item {}", due.key().id())))
    }
}
