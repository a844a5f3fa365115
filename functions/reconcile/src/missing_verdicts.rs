//! Objects without a verdict whose event was lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use policy::key::UploadId;
use uploads_core::multipart::BackendError;
use uploads_core::ports::object_listing::ListedVersion;
use uploads_core::ports::queue::{Queue, QueueError};

use crate::deps::{Bucket, Deps, MAX_CONCURRENCY, Table};
use crate::progress::PageMarker;
use crate::report::{Metric, Report};
use crate::requeue::needs_validator;

/// How many times later each check is than the one before. A slow validator must not get its backlog in every run.
const CHECK_TIME_FACTOR: i32 = 4;

impl<R: Table, O: Bucket, Q: Queue> Deps<R, O, Q> {
    /// Checks one page of the versions below `prefix`, and sends those without a verdict to the validator.
    /// Returns the marker of the next page.
    pub(crate) async fn check_versions_page(
        &self,
        prefix: &str,
        after: Option<PageMarker>,
        last_walk: Option<Timestamp>,
    ) -> Result<(Report, Option<PageMarker>), BackendError> {
        let page = self.objects.list_versions(prefix, after).await?;
        let (now, grace) = ((self.env.now)(), self.config.grace);
        let due: Vec<ListedVersion> =
            page.versions.into_iter().filter(|found| check_is_due(found.stored_at, grace, last_walk, now)).collect();
        let ids: BTreeSet<UploadId> = due.iter().map(|found| found.key.id()).collect();
        let records = if ids.is_empty() { BTreeMap::new() } else { self.records.records_of(&ids).await? };
        let policy = &self.config.storage.policy;
        let unvalidated =
            due.into_iter().filter(|found| needs_validator(records.get(&found.key.id()), &found.version, policy));
        let requeued = stream::iter(unvalidated)
            .map(|found| async move {
                self.requeue(&found.key, &found.version).await?;
                let bytes = found.size.bytes();
                Ok::<_, QueueError>(Report::of(Metric::ObjectsRequeued, 1).and(Metric::BytesRequeued, bytes))
            })
            .buffer_unordered(MAX_CONCURRENCY)
            .try_fold(Report::default(), async |sum, report| Ok(sum + report))
            .await?;
        Ok((requeued, page.next))
    }
}

/// Whether a check time of the version lies between the last walk and now. The check times are `grace` after the
/// version was stored, four times as long after it, sixteen times, and so on.
fn check_is_due(stored_at: Timestamp, grace: Duration, last_walk: Option<Timestamp>, now: Timestamp) -> bool {
    let grace = SignedDuration::try_from(grace).unwrap_or(SignedDuration::MAX).max(SignedDuration::from_secs(1));
    let age = now.duration_since(stored_at);
    let last_age = last_walk.map(|last_walk| last_walk.duration_since(stored_at));
    std::iter::successors(Some(grace), |check| check.checked_mul(CHECK_TIME_FACTOR))
        .take_while(|check| *check <= age)
        .any(|check| last_age.is_none_or(|last_age| last_age < check))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::now;

    #[test]
    fn each_check_is_due_in_exactly_one_walk() {
        let grace = Duration::from_mins(15);
        let mins = |n: i64| now().checked_add(SignedDuration::from_mins(n)).unwrap();
        for (check, next) in [(15, 60), (60, 240), (240, 960), (960, 3840)] {
            let due = |last_walk, at| check_is_due(now(), grace, Some(mins(last_walk)), mins(at));
            assert!(!due(check - 2, check - 1) && due(check - 1, check) && due(check - 1, check + 1), "{check}");
            assert!(!due(check, check + 1) && !due(check, next - 1) && due(check, next), "{check}");
        }
        let due = |last_walk, at| check_is_due(now(), grace, last_walk, mins(at));
        assert!(due(None, 15) && !due(None, 14));
        assert!(due(Some(mins(-5)), 15), "stored since the last walk");
        assert!(!due(Some(mins(-5)), -1), "clocks differ");
    }
}
