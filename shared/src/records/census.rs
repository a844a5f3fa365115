//! The port to the table for whoever looks after many uploads at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::RecordsError;
use crate::key::{ObjectKey, UploadId};
use crate::session::Session;
use crate::upload::Record;

/// How far somebody came who could not finish, in their own words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bookmark {
    /// Counts its editions: one is written only over the edition before it. 0 is before the first.
    pub edition: u64,
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
pub trait Census: Send + Sync {
    /// At most `limit` things that are due by `now`. Eventually consistent.
    fn due(&self, now: Timestamp, limit: u16) -> impl Future<Output = Result<Vec<Due>, RecordsError>> + Send;

    /// The records that there are of `ids`; `None` for one that this version can't read. Eventually consistent.
    fn recorded(
        &self,
        ids: &BTreeSet<UploadId>,
    ) -> impl Future<Output = Result<BTreeMap<UploadId, Option<Record>>, RecordsError>> + Send;

    /// The sessions of `keys`, as of now, in any order.
    fn sessions_of(&self, keys: &[ObjectKey]) -> impl Future<Output = Result<Vec<Session>, RecordsError>> + Send;

    /// The bookmark that was kept last, if one was.
    fn bookmark(&self) -> impl Future<Output = Result<Option<Bookmark>, RecordsError>> + Send;

    /// Keeps a bookmark in place of the edition before it; says whether that was still the last one.
    fn keep(&self, bookmark: &Bookmark) -> impl Future<Output = Result<bool, RecordsError>> + Send;
}
