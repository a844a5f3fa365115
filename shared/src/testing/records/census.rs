//! Many items at a time, in memory.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::MemoryRecords;
use crate::key::{ObjectKey, UploadId};
use crate::records::RecordsError;
use crate::records::census::{Bookmark, Census, Due};
use crate::session::Session;
use crate::upload::{Record, deletion_due};

impl Census for MemoryRecords {
    async fn due(&self, now: Timestamp, limit: u16) -> Result<Vec<Due>, RecordsError> {
        let tables = self.tables();
        let sessions = tables.sessions.values().filter(|session| session.due().is_some_and(|due| due <= now));
        let sessions = sessions.map(|session| Due::Session(session.key.clone()));
        let halves = tables.records.values().filter(|record| match record {
            Record::Deleting(key) => tables.buried.get(&key.id()).is_none_or(|since| deletion_due(*since) <= now),
            Record::Pending(pending) => pending.due() <= now,
            Record::Judged(_) | Record::Deleted(_) => false,
        });
        Ok(sessions.chain(halves.map(|record| Due::Upload(record.key().clone()))).take(limit.into()).collect())
    }

    async fn recorded(&self, ids: &BTreeSet<UploadId>) -> Result<BTreeMap<UploadId, Option<Record>>, RecordsError> {
        let tables = self.tables();
        Ok(ids.iter().filter_map(|id| Some((*id, Some(tables.records.get(id)?.clone())))).collect())
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
