//! Items of upload records, to and from their values. Pure: makes no call.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::item::{Item, SCHEMA, due_shard, due_shard_of};
use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::size::ByteSize;
use policy::upload::{Granted, Note, Outcome, Pending, Record, ScanResult, Scanned, ValidatedUpload, deletion_due};
use uploads_core::ports::records::RecordsError;

/// The prefix of the partition keys of upload records.
pub(super) const UPLOAD: &str = "upload#";

/// The partition key of an upload's record.
pub(super) fn upload_pk(id: UploadId) -> String {
    format!("{UPLOAD}{id}")
}

/// The partition key of an idempotency key.
pub(super) fn idempotency_pk(owner: &OwnerId, key: &str) -> String {
    format!("idempotency#{}#{key}", owner.as_str())
}

/// The partition key of one of the owner's listing partitions.
pub(super) fn owner_shard(owner: &OwnerId, shard: u16) -> String {
    format!("{}#{shard}", owner.as_str())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Scanning,
    Scanned,
    Accepted,
    Rejected,
    Deleting,
    Deleted,
}

/// The stored form of a [`Record`]. Missing values are left out, not written as nulls.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    pk: String,
    schema: u8,
    state: State,
    id: String,
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner_shard: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bucket: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sequencer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    granted: Option<StoredGrant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<StoredNote>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<StoredNote>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    judged_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scan: Option<StoredScan>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    /// Partition and time in the index of due items; the time in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_shard: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredGrant {
    class: String,
    filename: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    content_type: String,
    /// What the client declared, if that is not `content_type`; empty if it declared nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    declared_type: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    policy: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredScan {
    result: StoredResult,
    detail: String,
    scanned_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredResult {
    Clean,
    Threat,
    Unscannable,
}

#[derive(Serialize, Deserialize)]
struct StoredNote {
    code: String,
    detail: String,
}

fn notes(notes: &[Note]) -> Vec<StoredNote> {
    notes.iter().map(|n| StoredNote { code: n.code.clone(), detail: n.detail.clone() }).collect()
}

fn unnotes(notes: Vec<StoredNote>) -> Vec<Note> {
    notes.into_iter().map(|n| Note { code: n.code, detail: n.detail }).collect()
}

/// The attributes that every item has.
fn bare(key: &ObjectKey, state: State) -> Stored {
    Stored {
        pk: upload_pk(key.id()),
        schema: SCHEMA,
        state,
        id: key.id().to_string(),
        key: key.to_string(),
        owner_shard: None,
        bucket: None,
        version_id: None,
        sequencer: None,
        granted: None,
        size: None,
        content_type: None,
        checksum: None,
        reasons: Vec::new(),
        findings: Vec::new(),
        judged_at: None,
        scan: None,
        deleted_at: None,
        due_shard: None,
        due: None,
    }
}

impl Stored {
    /// This item, due at `due`.
    fn due(self, id: UploadId, due: Timestamp) -> Self {
        Self { due_shard: Some(due_shard(due_shard_of(id))), due: Some(due.as_millisecond()), ..self }
    }
}

/// The item of a verdict.
pub(super) fn verdict_item(validated: &ValidatedUpload, shards: u16) -> Result<Item, RecordsError> {
    let state = match validated.outcome {
        Outcome::Accepted => State::Accepted,
        Outcome::Rejected => State::Rejected,
    };
    let shard = owner_shard(validated.key.owner(), shard_of(validated.key.id(), shards));
    to_item(&Stored { owner_shard: Some(shard), ..content(validated, state) })
}

/// The item of a pending verdict. No listing shows it.
pub(super) fn pending_item(pending: &Pending) -> Result<Item, RecordsError> {
    let stored = match pending {
        Pending::Content(validated) => content(validated, State::Scanning),
        Pending::Scan(scanned) => Stored {
            bucket: Some(scanned.bucket.clone()),
            version_id: Some(scanned.version.clone()),
            scan: Some(StoredScan {
                result: match scanned.result {
                    ScanResult::Clean => StoredResult::Clean,
                    ScanResult::Threat => StoredResult::Threat,
                    ScanResult::Unscannable => StoredResult::Unscannable,
                },
                detail: scanned.detail.clone(),
                scanned_at: scanned.scanned_at,
            }),
            ..bare(&scanned.key, State::Scanned)
        },
    };
    to_item(&stored.due(pending.key().id(), pending.due()))
}

fn content(validated: &ValidatedUpload, state: State) -> Stored {
    Stored {
        bucket: Some(validated.bucket.clone()),
        version_id: Some(validated.version.clone()),
        sequencer: validated.sequencer.clone(),
        granted: validated.granted.as_ref().map(|granted| StoredGrant {
            class: granted.class.clone(),
            filename: granted.filename.clone(),
            size: granted.size.map(ByteSize::bytes),
            content_type: granted.content_type.clone(),
            declared_type: (granted.declared_type.as_ref() != Some(&granted.content_type))
                .then(|| granted.declared_type.clone().unwrap_or_default()),
            metadata: granted.metadata.clone(),
            policy: granted.policy_hash.clone(),
        }),
        size: Some(validated.size.bytes()),
        content_type: Some(validated.content_type.clone()),
        checksum: validated.checksum.clone(),
        reasons: notes(&validated.reasons),
        findings: notes(&validated.findings),
        judged_at: Some(validated.judged_at.to_string()),
        ..bare(&validated.key, state)
    }
}

/// The item of a tombstone, without the owner's listing and without anything that the user typed.
pub(super) fn tombstone_item(key: &ObjectKey, now: Timestamp) -> Result<Item, RecordsError> {
    let stored = Stored { deleted_at: Some(now.to_string()), ..bare(key, State::Deleting) };
    to_item(&stored.due(key.id(), deletion_due(now)))
}

/// The item of any record, for tests: the deletion time is the epoch.
#[cfg(any(test, feature = "fixtures"))]
pub(super) fn of(record: &Record) -> Result<Item, RecordsError> {
    match record {
        Record::Validated(validated) => verdict_item(validated, 1),
        Record::Pending(pending) => pending_item(pending),
        Record::Deleting(key) => tombstone_item(key, Timestamp::UNIX_EPOCH),
        Record::Deleted(key) => {
            let deleted_at = Some(Timestamp::UNIX_EPOCH.to_string());
            to_item(&Stored { deleted_at, ..bare(key, State::Deleted) })
        }
    }
}

/// Reads an item, from the SDK or from an image of the stream.
pub(super) fn record(item: impl Into<serde_dynamo::Item>) -> Result<Record, RecordsError> {
    let stored: Stored = serde_dynamo::from_item(item.into()).map_err(|e| unreadable(&e))?;
    if stored.schema != SCHEMA {
        return Err(RecordsError::Unreadable(format!("schema {}", stored.schema)));
    }
    let key = ObjectKey::parse(&stored.key).map_err(|e| unreadable(&e))?;
    Ok(match stored.state {
        State::Deleting => Record::Deleting(key),
        State::Deleted => Record::Deleted(key),
        State::Accepted => Record::Validated(Box::new(validated(stored, key, Outcome::Accepted)?)),
        State::Rejected => Record::Validated(Box::new(validated(stored, key, Outcome::Rejected)?)),
        State::Scanning => Record::Pending(Pending::Content(Box::new(validated(stored, key, Outcome::Accepted)?))),
        State::Scanned => Record::Pending(Pending::Scan(scanned(stored, key)?)),
    })
}

fn validated(stored: Stored, key: ObjectKey, outcome: Outcome) -> Result<ValidatedUpload, RecordsError> {
    Ok(ValidatedUpload {
        key,
        bucket: stored.bucket.ok_or_else(|| missing("bucket"))?,
        version: stored.version_id.ok_or_else(|| missing("versionId"))?,
        sequencer: stored.sequencer,
        outcome,
        reasons: unnotes(stored.reasons),
        findings: unnotes(stored.findings),
        granted: stored.granted.map(|granted| Granted {
            class: granted.class,
            filename: granted.filename,
            size: granted.size.map(ByteSize::from_bytes),
            declared_type: match granted.declared_type {
                None => Some(granted.content_type.clone()),
                Some(declared) => Some(declared).filter(|declared| !declared.is_empty()),
            },
            content_type: granted.content_type,
            metadata: granted.metadata,
            policy_hash: granted.policy,
        }),
        size: ByteSize::from_bytes(stored.size.ok_or_else(|| missing("size"))?),
        content_type: stored.content_type.ok_or_else(|| missing("contentType"))?,
        checksum: stored.checksum,
        judged_at: stored.judged_at.and_then(|at| at.parse().ok()).ok_or_else(|| missing("judgedAt"))?,
    })
}

fn scanned(stored: Stored, key: ObjectKey) -> Result<Scanned, RecordsError> {
    let scan = stored.scan.ok_or_else(|| missing("scan"))?;
    Ok(Scanned {
        key,
        bucket: stored.bucket.ok_or_else(|| missing("bucket"))?,
        version: stored.version_id.ok_or_else(|| missing("versionId"))?,
        result: match scan.result {
            StoredResult::Clean => ScanResult::Clean,
            StoredResult::Threat => ScanResult::Threat,
            StoredResult::Unscannable => ScanResult::Unscannable,
        },
        detail: scan.detail,
        scanned_at: scan.scanned_at,
    })
}

fn missing(name: &str) -> RecordsError {
    RecordsError::Unreadable(format!("{name} is missing"))
}

fn unreadable(error: &impl std::fmt::Display) -> RecordsError {
    RecordsError::Unreadable(error.to_string())
}

/// The listing partition of an id. Its last byte is random, so partitions fill evenly.
pub(super) fn shard_of(id: UploadId, shards: u16) -> u16 {
    // There are at most 256 shards, so the last byte is enough.
    u16::from(id.last_byte()) % shards.max(1)
}

fn to_item(stored: &Stored) -> Result<Item, RecordsError> {
    serde_dynamo::to_item(stored).map_err(|e| RecordsError::Unreadable(e.to_string()))
}

#[cfg(test)]
mod tests;
