//! Announcements that the stream may have lost, in memory.

use jiff::Timestamp;

use super::MemoryRecords;
use policy::key::UploadId;
use policy::upload::Record;
use uploads_core::ports::announced::{AnnouncedPage, AnnouncedRecords};
use uploads_core::ports::records::{RecordChange, RecordsError};

/// How many records a page has read, small enough that tests see several pages.
const PAGE: usize = 3;

impl AnnouncedRecords for MemoryRecords {
    async fn announced_between(
        &self,
        from: Timestamp,
        until: Timestamp,
        start: Option<&str>,
    ) -> Result<AnnouncedPage, RecordsError> {
        let tables = self.tables();
        let after = |id: &UploadId| start.is_none_or(|start| id.to_string().as_str() > start);
        let read: Vec<(&UploadId, &Record)> = tables.records.iter().filter(|(id, _)| after(id)).take(PAGE).collect();
        let is_meant = |(id, record): &(&UploadId, &Record)| {
            let at = match record {
                Record::Validated(validated) => Some(validated.judged_at),
                Record::Pending(_) => None,
                Record::Deleting(_) | Record::Deleted(_) => tables.buried.get(*id).copied(),
            };
            at.is_some_and(|at| from <= at && at <= until)
        };
        let next = if read.len() == PAGE { read.last().map(|(id, _)| id.to_string()) } else { None };
        let ids = read.into_iter().filter(is_meant).map(|(id, _)| *id).collect();
        Ok(AnnouncedPage { ids, next })
    }

    async fn announce_again(&self, id: UploadId, _now: Timestamp) -> Result<(), RecordsError> {
        let mut tables = self.tables();
        if let Some(record) = tables.records.get(&id).cloned() {
            let deleted_at = tables.buried.get(&id).copied();
            tables.changes.push(RecordChange { old: None, new: record, deleted_at });
        }
        Ok(())
    }
}
