//! Many items at a time, in memory.

use std::collections::BTreeSet;

use super::MemoryRecords;
use crate::key::{ObjectKey, UploadId};
use crate::records::RecordsError;
use crate::records::census::{Bookmark, Census};
use crate::session::Session;

impl Census for MemoryRecords {
    async fn recorded(&self, ids: &BTreeSet<UploadId>) -> Result<BTreeSet<UploadId>, RecordsError> {
        let tables = self.tables();
        Ok(ids.iter().copied().filter(|id| tables.records.contains_key(id)).collect())
    }

    async fn sessions_of(&self, keys: &[ObjectKey]) -> Result<Vec<Session>, RecordsError> {
        let tables = self.tables();
        let wanted: BTreeSet<UploadId> = keys.iter().map(ObjectKey::id).collect();
        let found = wanted.iter().filter_map(|id| tables.sessions.get(id));
        Ok(found.filter(|session| keys.contains(&session.key)).cloned().collect())
    }

    async fn bookmark(&self) -> Result<Option<Bookmark>, RecordsError> {
        Ok(self.tables().bookmark.clone())
    }

    async fn keep(&self, bookmark: &Bookmark) -> Result<bool, RecordsError> {
        let mut tables = self.tables();
        let last = tables.bookmark.as_ref().map_or(0, |kept| kept.edition);
        let fits = last + 1 == bookmark.edition;
        if fits {
            tables.bookmark = Some(bookmark.clone());
        }
        Ok(fits)
    }
}
