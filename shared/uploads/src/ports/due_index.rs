//! The port to the table for whoever looks after many uploads at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::records::RecordsError;
use policy::key::{ObjectKey, UploadId};
use policy::session::Session;
use policy::upload::Record;

/// How far somebody came who could not finish, in their own words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// Counts its editions: one is written only over the revision before it. 0 is before the first.
    pub revision: u64,
    /// What its writer wants to know next time.
    pub text: String,
}

/// Something whose time has come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Due {
    /// A session that somebody has to look after.
    Session(ObjectKey),
    /// An upload's record that is half of something: a deletion, or a verdict.
    Upload(ObjectKey),
}

impl Due {
    /// Whose it is.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        match self {
            Self::Session(key) | Self::Upload(key) => key,
        }
    }
}

/// The table, as far as reconciling needs it beyond single sessions.
pub trait DueIndex: Send + Sync {
    /// At most `limit` things that are due by `now`. Eventually consistent.
    fn due(&self, now: Timestamp, limit: u16) -> impl Future<Output = Result<Vec<Due>, RecordsError>> + Send;

    /// The records that there are of `ids`; `None` for one that this version can't read. Eventually consistent.
    fn records_of(
        &self,
        ids: &BTreeSet<UploadId>,
    ) -> impl Future<Output = Result<BTreeMap<UploadId, Option<Record>>, RecordsError>> + Send;

    /// The sessions of `keys`, as of now, in any order.
    fn sessions_of(&self, keys: &[ObjectKey]) -> impl Future<Output = Result<Vec<Session>, RecordsError>> + Send;

    /// The checkpoint that was kept last, if one was.
    fn checkpoint(&self) -> impl Future<Output = Result<Option<Checkpoint>, RecordsError>> + Send;

    /// Keeps a checkpoint in place of the revision before it; says whether that was still the last one.
    fn save_checkpoint(&self, checkpoint: &Checkpoint) -> impl Future<Output = Result<bool, RecordsError>> + Send;
}
