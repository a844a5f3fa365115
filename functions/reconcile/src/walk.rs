//! The walk through the bucket: every multipart upload, and every object of the last days.

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use policy::key::ObjectKey;
use uploads_core::multipart::BackendError;
use uploads_core::ports::queue::Queue;

use crate::check_times::CheckWindow;
use crate::deadline::Deadline;
use crate::deps::{Bucket, Deps, MAX_CONCURRENCY, Table};
use crate::progress::{BucketListing, WalkProgress};
use crate::report::{Metric, Report};

impl<R: Table, O: Bucket, Q: Queue> Deps<R, O, Q> {
    /// Continues the walk where the last run stopped, or starts a new one.
    pub(crate) async fn walk(&self, deadline: &Deadline<'_>) -> Result<Report, BackendError> {
        if deadline.has_passed() {
            return Ok(Report::default());
        }
        let checkpoint = self.records.checkpoint().await?.unwrap_or_default();
        let mut progress = match WalkProgress::read(&checkpoint.text) {
            Some(unfinished) if !unfinished.remaining.is_empty() => unfinished,
            finished => {
                let last_walk = finished.and_then(|finished| finished.last_walk);
                WalkProgress::new(last_walk, (self.env.now)(), &self.config)
            }
        };
        let (last_walk, started_at) = (progress.last_walk, progress.started_at);
        let outcomes: Vec<(Report, Option<BucketListing>)> = stream::iter(std::mem::take(&mut progress.remaining))
            .map(|listing| self.read_listing(deadline, listing, last_walk, started_at))
            .buffer_unordered(MAX_CONCURRENCY)
            .collect()
            .await;
        let mut report = Report::default();
        for (listing_report, unread) in outcomes {
            report += listing_report;
            progress.remaining.extend(unread);
        }
        report += Report::of(Metric::ListingsLeft, progress.remaining.len() as u64);
        progress.without_failure &= report.value(Metric::Failures) == 0;
        // After a failure, the next walk repeats the checks of this one.
        if progress.remaining.is_empty() && progress.without_failure {
            progress.last_walk = Some(progress.started_at);
        }
        self.records.save_checkpoint(&progress.checkpoint(&checkpoint)).await?;
        Ok(report)
    }

    /// Reads one listing page by page. At the deadline it returns what it has not read.
    async fn read_listing(
        &self,
        deadline: &Deadline<'_>,
        listing: BucketListing,
        last_walk: Option<Timestamp>,
        started_at: Timestamp,
    ) -> (Report, Option<BucketListing>) {
        let mut report = Report::default();
        let mut unread = Some(listing);
        while let Some(listing) = unread.take() {
            if deadline.has_passed() {
                return (report, Some(listing));
            }
            let page = match &listing {
                BucketListing::MultipartUploads(after) => self.abort_orphans_page(after.clone()).await,
                BucketListing::Objects(day, shard, after) => {
                    let window = CheckWindow::of(*day, last_walk, started_at, &self.config);
                    self.check_versions_page(&ObjectKey::day_prefix(*shard, *day), after.clone(), window).await
                }
            };
            match page {
                Ok((page_report, next)) => {
                    report += page_report;
                    unread = next.map(|marker| listing.after(marker));
                }
                Err(error) => report += Report::failure(&error, "read a page of the bucket"),
            }
        }
        (report, None)
    }
}
