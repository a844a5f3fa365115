//! The index of due items and the checkpoint, in memory.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::MemoryRecords;
use policy::key::{ObjectKey, UploadId};
use policy::session::Session;
use policy::upload::{Record, deletion_due};
use uploads_core::ports::due_index::{Checkpoint, Due, DueIndex};
use uploads_core::ports::records::RecordsError;

impl DueIndex for MemoryRecords {
    async fn due(&self, now: Timestamp, limit: u16) -> Result<Vec<Due>, RecordsError> {
        let tables = self.tables();
        let sessions = tables.sessions.values().filter(|session| session.due().is_some_and(|due| due <= now));
        let sessions = sessions.map(|session| Due::Session(session.key.clone()));
        let halves = tables.records.values().filter(|record| match record {
            Record::Deleting(key) => tables.buried.get(&key.id()).is_none_or(|since| deletion_due(*since) <= now),
            Record::Pending(pending) => pending.due() <= now,
            Record::Validated(_) | Record::Deleted(_) => false,
        });
        Ok(sessions.chain(halves.map(|record| Due::Upload(record.key().clone()))).take(limit.into()).collect())
    }

    async fn records_of(&self, ids: &BTreeSet<UploadId>) -> Result<BTreeMap<UploadId, Option<Record>>, RecordsError> {
        let tables = self.tables();
        Ok(ids.iter().filter_map(|id| Some((*id, Some(tables.records.get(id)?.clone())))).collect())
    }

    async fn sessions_of(&self, keys: &[ObjectKey]) -> Result<Vec<Session>, RecordsError> {
        let tables = self.tables();
        let wanted: BTreeSet<UploadId> = keys.iter().map(ObjectKey::id).collect();
        let found = wanted.iter().filter_map(|id| tables.sessions.get(id));
        Ok(found.filter(|session| keys.contains(&session.key)).cloned().collect())
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>, RecordsError> {
        Ok(self.tables().checkpoint.clone())
    }

    async fn save_checkpoint(&self, checkpoint: &Checkpoint) -> Result<bool, RecordsError> {
        let mut tables = self.tables();
        let last = tables.checkpoint.as_ref().map_or(0, |kept| kept.revision);
        let fits = last + 1 == checkpoint.revision;
        if fits {
            tables.checkpoint = Some(checkpoint.clone());
        }
        Ok(fits)
    }
}
