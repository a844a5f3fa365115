//! The table, in memory.

mod announced;
mod due_index;
mod sessions;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::session::Session;
use policy::upload::{Pending, Record, ValidatedUpload};
use uploads_core::ports::due_index::Checkpoint;
use uploads_core::ports::records::{
    IdempotencyOutcome, IdempotencyStore, Page, RecordChange, RecordsError, UploadRecords, WriteOutcome,
};

/// A table with the real one's conditions. [`contract::records`](super::contract::records) checks it like the real one.
#[derive(Debug, Default)]
pub struct MemoryRecords(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    records: BTreeMap<UploadId, Record>,
    changes: Vec<RecordChange>,
    answers: HashMap<(OwnerId, String), Answer>,
    sessions: BTreeMap<UploadId, Session>,
    unsized_sessions: HashMap<OwnerId, BTreeSet<UploadId>>,
    checkpoint: Option<Checkpoint>,
    /// When each deletion was requested.
    buried: BTreeMap<UploadId, Timestamp>,
}

impl Tables {
    /// Writes a record and adds the change to the stream.
    fn set(&mut self, record: Record) {
        let old = self.records.insert(record.key().id(), record.clone());
        if old.as_ref() != Some(&record) {
            let deleted_at = self.buried.get(&record.key().id()).copied();
            self.changes.push(RecordChange { old, new: record, deleted_at });
        }
    }
}

#[derive(Debug)]
struct Answer {
    id: UploadId,
    body: String,
    expires: Timestamp,
}

impl MemoryRecords {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every record, oldest first.
    #[must_use]
    pub fn stored(&self) -> Vec<Record> {
        self.tables().records.values().cloned().collect()
    }

    /// Every change of a record, oldest first, from the `n`-th on, as the stream has them.
    #[must_use]
    pub fn changes_from(&self, n: usize) -> Vec<RecordChange> {
        self.tables().changes.iter().skip(n).cloned().collect()
    }

    /// The number of changes.
    #[must_use]
    pub fn change_count(&self) -> usize {
        self.tables().changes.len()
    }

    /// At most `most` changes from the `n`-th on.
    #[must_use]
    pub fn changes_at(&self, n: usize, most: usize) -> Vec<RecordChange> {
        self.tables().changes.iter().skip(n).take(most).cloned().collect()
    }

    /// The record of `id`.
    #[must_use]
    pub fn record(&self, id: UploadId) -> Option<Record> {
        self.tables().records.get(&id).cloned()
    }

    /// The number of idempotency keys.
    #[must_use]
    pub fn answers(&self) -> usize {
        self.tables().answers.len()
    }

    /// Whether the table is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let tables = self.tables();
        tables.records.is_empty() && tables.answers.is_empty() && tables.sessions.is_empty()
    }

    /// Replaces the stored record without a condition.
    pub fn store(&self, record: Record) {
        self.tables().set(record);
    }
}

impl UploadRecords for MemoryRecords {
    async fn get(&self, id: UploadId) -> Result<Option<Record>, RecordsError> {
        Ok(self.record(id))
    }

    async fn put_verdict(&self, validated: &ValidatedUpload) -> Result<WriteOutcome, RecordsError> {
        let mut tables = self.tables();
        if let Some(stands) = tables.records.get(&validated.key.id()) {
            return Ok(WriteOutcome::AlreadyExists(stands.clone()));
        }
        tables.set(Record::Validated(Box::new(validated.clone())));
        Ok(WriteOutcome::Written)
    }

    async fn put_pending(&self, pending: &Pending) -> Result<WriteOutcome, RecordsError> {
        let mut tables = self.tables();
        let worse_of_two = |stands: &Record| match stands {
            Record::Pending(half @ Pending::Scan(_)) => {
                pending.is_worse_than_clean() && !half.is_worse_than_clean() && half.version() == pending.version()
            }
            _ => false,
        };
        if let Some(stands) = tables.records.get(&pending.key().id()).filter(|stands| !worse_of_two(stands)) {
            return Ok(WriteOutcome::AlreadyExists(stands.clone()));
        }
        tables.set(Record::Pending(pending.clone()));
        Ok(WriteOutcome::Written)
    }

    async fn finalize(&self, validated: &ValidatedUpload) -> Result<WriteOutcome, RecordsError> {
        let mut tables = self.tables();
        match tables.records.get(&validated.key.id()) {
            Some(Record::Pending(pending)) if pending.version() == validated.version => {
                tables.set(Record::Validated(Box::new(validated.clone())));
                Ok(WriteOutcome::Written)
            }
            Some(stands) => Ok(WriteOutcome::AlreadyExists(stands.clone())),
            None => Err(RecordsError::Unreadable("there is nothing to conclude".to_owned())),
        }
    }

    async fn write_tombstone(&self, key: &ObjectKey, now: Timestamp) -> Result<(), RecordsError> {
        let mut tables = self.tables();
        match tables.records.get(&key.id()) {
            Some(Record::Deleting(_) | Record::Deleted(_)) => {}
            Some(Record::Validated(_) | Record::Pending(_)) | None => {
                tables.buried.insert(key.id(), now);
                tables.set(Record::Deleting(key.clone()));
            }
        }
        Ok(())
    }

    async fn mark_purged(&self, key: &ObjectKey, _now: Timestamp) -> Result<(), RecordsError> {
        let mut tables = self.tables();
        match tables.records.get(&key.id()) {
            Some(Record::Deleting(key) | Record::Deleted(key)) => {
                let record = Record::Deleted(key.clone());
                tables.set(record);
                Ok(())
            }
            Some(Record::Validated(_) | Record::Pending(_)) | None => {
                Err(RecordsError::Unavailable("there is no tombstone".into()))
            }
        }
    }

    async fn list(&self, owner: &OwnerId, before: Option<UploadId>, limit: u16) -> Result<Page, RecordsError> {
        let tables = self.tables();
        let older = tables.records.iter().rev().filter(|(id, _)| before.is_none_or(|before| **id < before));
        // Tombstones are not in the owner's index.
        let own = older.filter(|(_, record)| matches!(record, Record::Validated(_)) && record.key().owner() == owner);
        let items: Vec<Record> = own.take(limit.into()).map(|(_, record)| record.clone()).collect();
        let next = items.last().filter(|_| items.len() >= usize::from(limit)).map(|record| record.key().id());
        Ok(Page { items, next })
    }
}

impl IdempotencyStore for MemoryRecords {
    async fn reserve(
        &self,
        owner: &OwnerId,
        key: &str,
        body: &str,
        id: UploadId,
        now: Timestamp,
    ) -> Result<IdempotencyOutcome, RecordsError> {
        let mut tables = self.tables();
        let place = (owner.clone(), key.to_owned());
        if let Some(answer) = tables.answers.get(&place).filter(|answer| answer.expires.as_second() > now.as_second()) {
            return Ok(if answer.body == body {
                IdempotencyOutcome::SameRequest(answer.id)
            } else {
                IdempotencyOutcome::DifferentRequest
            });
        }
        let expires = now.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
        tables.answers.insert(place, Answer { id, body: body.to_owned(), expires });
        Ok(IdempotencyOutcome::New)
    }
}

/// A table that panics on every call.
#[derive(Debug, Clone, Copy)]
pub struct PanickingTable;

impl IdempotencyStore for PanickingTable {
    async fn reserve(
        &self,
        _: &OwnerId,
        _: &str,
        _: &str,
        _: UploadId,
        _: Timestamp,
    ) -> Result<IdempotencyOutcome, RecordsError> {
        panic!("a call to the table where none was due")
    }
}
