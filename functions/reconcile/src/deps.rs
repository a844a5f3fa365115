//! Table, bucket and queue, and what every part of the reconciler does with them.

use lambda_http_kit::config::ReconcileConfig;
use policy::key::ObjectKey;
use uploads_core::env::Env;
use uploads_core::multipart::Multipart;
use uploads_core::ports::announced::AnnouncedRecords;
use uploads_core::ports::due_index::DueIndex;
use uploads_core::ports::multipart_uploads::MultipartUploads;
use uploads_core::ports::object_listing::ObjectListing;
use uploads_core::ports::objects::{Objects, ObjectsError};
use uploads_core::ports::queue::{Inbox, Queue};
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;

/// What the reconciler works with.
pub struct Deps<R, O, Q> {
    /// Bucket, policy and time limits.
    pub config: ReconcileConfig,
    /// The table.
    pub records: R,
    /// The bucket.
    pub objects: O,
    /// The queue that the validator reads S3's events from.
    pub events: Q,
    /// The queue of stream records that were not forwarded, if there is a forwarder.
    pub lost_announcements: Option<Q>,
    /// Clock and randomness.
    pub env: Env,
}

/// Every port to the table that the reconciler uses.
pub trait Table: Sessions + DueIndex + UploadRecords + AnnouncedRecords {}
impl<T: Sessions + DueIndex + UploadRecords + AnnouncedRecords> Table for T {}

/// Every port to a queue that the reconciler uses.
pub trait Messages: Queue + Inbox {}
impl<T: Queue + Inbox> Messages for T {}

/// Every port to the bucket that the reconciler uses.
pub trait Bucket: Objects + MultipartUploads + ObjectListing {}
impl<T: Objects + MultipartUploads + ObjectListing> Bucket for T {}

/// How many sessions, listings or versions are processed concurrently. Each mostly waits for S3 and the table.
pub(crate) const MAX_CONCURRENCY: usize = 16;

impl<R, O, Q> Deps<R, O, Q> {
    pub(crate) fn multipart(&self) -> Multipart<'_, R, O> {
        Multipart { records: &self.records, objects: &self.objects, now: self.env.now }
    }
}

impl<R, O: MultipartUploads, Q> Deps<R, O, Q> {
    /// The size of all stored parts of an upload, in bytes; 0 if S3 does not know the upload.
    pub(crate) async fn stored_bytes(&self, key: &ObjectKey, upload: &str) -> Result<u64, ObjectsError> {
        let (mut sum, mut after) = (0_u64, None);
        while let Some(page) = self.objects.list_parts(key, upload, after).await? {
            sum = page.parts.iter().fold(sum, |sum, part| sum.saturating_add(part.size.bytes()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(sum)
    }
}
