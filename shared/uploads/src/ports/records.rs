//! The port to the records in the table.

use jiff::Timestamp;

use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::upload::{Pending, Record, ValidatedUpload};

/// Why the table could not answer. The caller can only try again later.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The table did not answer, or refused the call.
    #[error("the table is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// This version can't read an item.
    #[error("an item can't be read: {0}")]
    Unreadable(String),
}

/// How an upload's record changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChange {
    /// The record before, if there was a readable one.
    pub old: Option<Record>,
    /// The record now.
    pub new: Record,
    /// When the owner deleted the upload, if it is deleted.
    pub deleted_at: Option<Timestamp>,
}

/// The outcome of writing a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It is the first for its id, and final.
    Written,
    /// The id already had this record.
    AlreadyExists(Record),
}

/// What an idempotency key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdempotencyOutcome {
    /// The key is new and now belongs to the given id.
    New,
    /// The key belongs to this id, with the same body.
    SameRequest(UploadId),
    /// The key was used with another body.
    DifferentRequest,
}

/// One page of a listing, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The uploads.
    pub items: Vec<Record>,
    /// Where the next page begins, if there is one.
    pub next: Option<UploadId>,
}

/// Upload records. Each method is one conditional write or one read.
pub trait UploadRecords: Send + Sync {
    /// The record of `id`, strongly consistent.
    fn get(&self, id: UploadId) -> impl Future<Output = Result<Option<Record>, RecordsError>> + Send;

    /// Writes a verdict unless the id has a record.
    fn put_verdict(
        &self,
        validated: &ValidatedUpload,
    ) -> impl Future<Output = Result<WriteOutcome, RecordsError>> + Send;

    /// Writes a pending verdict unless the id has a record. A failed scan also replaces a clean one of the same version: of
    /// two results the worse counts, in any order.
    fn put_pending(&self, pending: &Pending) -> impl Future<Output = Result<WriteOutcome, RecordsError>> + Send;

    /// Replaces a pending verdict of the same version by the verdict, and nothing else.
    fn finalize(&self, validated: &ValidatedUpload) -> impl Future<Output = Result<WriteOutcome, RecordsError>> + Send;

    /// Writes the tombstone over any verdict; an existing tombstone stays unchanged.
    fn write_tombstone(&self, key: &ObjectKey, now: Timestamp)
    -> impl Future<Output = Result<(), RecordsError>> + Send;

    /// Stores that every version is deleted.
    fn mark_purged(&self, key: &ObjectKey, now: Timestamp) -> impl Future<Output = Result<(), RecordsError>> + Send;

    /// At most `limit` uploads of `owner` older than `before`. Eventually consistent.
    fn list(
        &self,
        owner: &OwnerId,
        before: Option<UploadId>,
        limit: u16,
    ) -> impl Future<Output = Result<Page, RecordsError>> + Send;
}

/// Idempotency keys.
pub trait IdempotencyStore: Send + Sync {
    /// Reserves `key` of `owner` for `id` for 24 hours, unless it is reserved already.
    /// `key` and `body` are hashes.
    fn reserve(
        &self,
        owner: &OwnerId,
        key: &str,
        body: &str,
        id: UploadId,
        now: Timestamp,
    ) -> impl Future<Output = Result<IdempotencyOutcome, RecordsError>> + Send;
}
