//! What is remembered: the port to the table.

use jiff::Timestamp;

use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::upload::{Pending, Record, ValidatedUpload};

/// Why the table could not answer. There is nothing a caller could do but try again later.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The table did not answer, or refused us.
    #[error("the table is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An item is there that this version can't read.
    #[error("an item can't be read: {0}")]
    Unreadable(String),
}

/// How an upload's record changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChange {
    /// The record before, where there was one that can be read.
    pub old: Option<Record>,
    /// The record now.
    pub new: Record,
}

/// What became of a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It is the first for its id and is now final.
    Written,
    /// The id had a record, which stands.
    AlreadyExists(Record),
}

/// What an idempotency key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdempotencyOutcome {
    /// It is new and now stands for the id given.
    New,
    /// It stands for this id, from the same body.
    SameRequest(UploadId),
    /// It was used with another body.
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

/// The table, as far as single uploads need it. Each method is one conditional write or one read.
pub trait UploadRecords: Send + Sync {
    /// The record of `id`, as of now.
    fn get(&self, id: UploadId) -> impl Future<Output = Result<Option<Record>, RecordsError>> + Send;

    /// Writes a verdict unless the id has a record.
    fn put_verdict(
        &self,
        validated: &ValidatedUpload,
    ) -> impl Future<Output = Result<WriteOutcome, RecordsError>> + Send;

    /// Writes one half of a verdict unless the id has a record. A scan that is not clean also takes the place of a clean
    /// one of its own version: of two results the worse one counts, in whatever order they come.
    fn put_pending(&self, pending: &Pending) -> impl Future<Output = Result<WriteOutcome, RecordsError>> + Send;

    /// Writes a verdict in the place of a half of its own version, and of nothing else.
    fn finalize(&self, validated: &ValidatedUpload) -> impl Future<Output = Result<WriteOutcome, RecordsError>> + Send;

    /// Writes the tombstone, whatever verdict stands; a tombstone that is already there stays as it is.
    fn write_tombstone(&self, key: &ObjectKey, now: Timestamp)
    -> impl Future<Output = Result<(), RecordsError>> + Send;

    /// Notes that every version is gone.
    fn mark_purged(&self, key: &ObjectKey, now: Timestamp) -> impl Future<Output = Result<(), RecordsError>> + Send;

    /// At most `limit` uploads of `owner` older than `before`. Eventually consistent.
    fn list(
        &self,
        owner: &OwnerId,
        before: Option<UploadId>,
        limit: u16,
    ) -> impl Future<Output = Result<Page, RecordsError>> + Send;
}

/// What makes a repeated create the same create.
pub trait IdempotencyStore: Send + Sync {
    /// Lets `key` of `owner` stand for `id` for 24 hours, unless it stands for one already.
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
