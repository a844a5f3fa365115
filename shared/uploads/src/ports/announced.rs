//! The ports for announcements that the stream may have lost.

use jiff::Timestamp;

use super::records::RecordsError;
use policy::key::UploadId;

/// One page of records that were announced, or should have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnouncedPage {
    /// The uploads.
    pub ids: Vec<UploadId>,
    /// Where the next page begins, in the table's own format, if there is one.
    pub next: Option<String>,
}

/// Records whose verdict or deletion is announced.
pub trait AnnouncedRecords: Send + Sync {
    /// The uploads with a verdict or a deletion from `from` to `until`, and perhaps others. Reads the whole table, page
    /// by page, beginning at `start`.
    fn announced_between(
        &self,
        from: Timestamp,
        until: Timestamp,
        start: Option<&str>,
    ) -> impl Future<Output = Result<AnnouncedPage, RecordsError>> + Send;

    /// Puts the record of `id` into the stream as a new one, so that its verdict or deletion is announced again. Does
    /// nothing if there is no record.
    fn announce_again(&self, id: UploadId, now: Timestamp) -> impl Future<Output = Result<(), RecordsError>> + Send;
}
