//! Multipart uploads without a session: their process was killed after it created them.

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use policy::key::ObjectKey;
use policy::session::{Session, State};
use uploads_core::multipart::BackendError;
use uploads_core::ports::multipart_uploads::InProgressUpload;
use uploads_core::ports::objects::ObjectsError;

use crate::deps::{Bucket, Deps, MAX_CONCURRENCY, Table};
use crate::progress::PageMarker;
use crate::report::{Metric, Report};

/// The prefix of every object key that Sluice creates.
const KEY_PREFIX: &str = "1/";

impl<R: Table, O: Bucket, Q> Deps<R, O, Q> {
    /// Lists one page of the multipart uploads in progress, and aborts those that are old and have no session.
    /// Returns the marker of the next page.
    pub(crate) async fn abort_orphans_page(
        &self,
        after: Option<PageMarker>,
    ) -> Result<(Report, Option<PageMarker>), BackendError> {
        let page = self.objects.list_in_progress(KEY_PREFIX, after).await?;
        let created_before = (self.env.now)().checked_sub(self.config.orphan_age).unwrap_or(Timestamp::MIN);
        let old = page.uploads.iter().filter(|found| found.begun_at <= created_before);
        // Keys of another layout are not Sluice's.
        let old: Vec<(ObjectKey, &InProgressUpload)> =
            old.filter_map(|found| ObjectKey::parse(&found.key).ok().map(|key| (key, found))).collect();
        let keys: Vec<ObjectKey> = old.iter().map(|(key, _)| key.clone()).collect();
        let sessions = if keys.is_empty() { Vec::new() } else { self.records.sessions_of(&keys).await? };
        let has_session = |key: &ObjectKey, upload: &str| {
            sessions.iter().any(|session| session.key == *key && may_use(session, upload))
        };
        let orphans = old.into_iter().filter(|(key, found)| !has_session(key, &found.upload));
        let aborted = stream::iter(orphans)
            .map(|(key, found)| async move {
                let bytes = self.stored_bytes(&key, &found.upload).await?;
                self.multipart().remove(&key, &found.upload).await?;
                tracing::warn!(upload = %key.id(), bytes, "aborted a multipart upload without a session");
                Ok::<_, ObjectsError>(Report::of(Metric::UploadsAborted, 1).and(Metric::BytesFreed, bytes))
            })
            .buffer_unordered(MAX_CONCURRENCY)
            .try_fold(Report::default(), async |sum, report| Ok(sum + report))
            .await?;
        Ok((aborted.and(Metric::UploadsInProgress, page.uploads.len() as u64), page.next))
    }
}

/// Whether the session may still use the upload.
pub(crate) fn may_use(session: &Session, upload: &str) -> bool {
    match &session.state {
        // The session may be about to store this upload's id.
        State::Opening => true,
        State::Open { upload: own } => own == upload,
        State::Completing(completing) => completing.upload == upload,
        State::Completed(_) | State::Aborted(_) | State::Expired(_) => false,
    }
}
