//! Objects without a verdict whose event was lost.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use policy::key::UploadId;
use uploads_core::multipart::BackendError;
use uploads_core::ports::object_listing::ListedVersion;
use uploads_core::ports::queue::{Queue, QueueError};

use crate::check_times::CheckWindow;
use crate::deps::{Bucket, Deps, MAX_CONCURRENCY, Table};
use crate::progress::PageMarker;
use crate::report::{Metric, Report};
use crate::requeue::needs_validator;

impl<R: Table, O: Bucket, Q: Queue> Deps<R, O, Q> {
    /// Checks one page of the versions below `prefix`, and sends those without a verdict to the validator.
    /// Returns the marker of the next page.
    pub(crate) async fn check_versions_page(
        &self,
        prefix: &str,
        after: Option<PageMarker>,
        window: CheckWindow,
    ) -> Result<(Report, Option<PageMarker>), BackendError> {
        let page = self.objects.list_versions(prefix, after).await?;
        let grace = self.config.grace;
        let due: Vec<ListedVersion> =
            page.versions.into_iter().filter(|found| window.has_check(found.stored_at, grace)).collect();
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
