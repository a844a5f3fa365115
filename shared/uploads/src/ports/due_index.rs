//! The port to the table for the reconciler.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::records::RecordsError;
use policy::key::{ObjectKey, UploadId};
use policy::session::Session;
use policy::upload::Record;

/// How far an unfinished pass has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// Counts the writes; a checkpoint replaces only the revision before it. 0 is before the first.
    pub revision: u64,
    /// The state of the pass, in its own format.
    pub text: String,
}

/// An item that is due.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Due {
    /// A session with work left.
    Session(ObjectKey),
    /// A record with an unfinished deletion or a pending verdict.
    Upload(ObjectKey),
}

impl Due {
    /// The object's key.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        match self {
            Self::Session(key) | Self::Upload(key) => key,
        }
    }
}

/// What the reconciler reads and writes beyond single sessions.
pub trait DueIndex: Send + Sync {
    /// At most `limit` items that are due by `now`. Eventually consistent.
    fn due(&self, now: Timestamp, limit: u16) -> impl Future<Output = Result<Vec<Due>, RecordsError>> + Send;

    /// The existing records of `ids`; `None` for one that this version can't read. Eventually consistent.
    fn records_of(
        &self,
        ids: &BTreeSet<UploadId>,
    ) -> impl Future<Output = Result<BTreeMap<UploadId, Option<Record>>, RecordsError>> + Send;

    /// The sessions of `keys`, as of now, in any order.
    fn sessions_of(&self, keys: &[ObjectKey]) -> impl Future<Output = Result<Vec<Session>, RecordsError>> + Send;

    /// The last checkpoint, if there is one.
    fn checkpoint(&self) -> impl Future<Output = Result<Option<Checkpoint>, RecordsError>> + Send;

    /// Replaces the previous revision of the checkpoint; `false` if another process was first.
    fn save_checkpoint(&self, checkpoint: &Checkpoint) -> impl Future<Output = Result<bool, RecordsError>> + Send;
}
