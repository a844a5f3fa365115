//! Table items and the values they stand for. Pure: no call is made here.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RecordsError;
use crate::key::{ObjectKey, OwnerId, UploadId};
use crate::size::ByteSize;
use crate::upload::{Granted, Judged, Note, Outcome, Record};

pub(super) type Item = HashMap<String, AttributeValue>;

/// The schema version written into every item.
pub(super) const SCHEMA: u8 = 1;

/// The partition key of an upload's record.
pub(super) fn upload_pk(id: UploadId) -> String {
    format!("upload#{id}")
}

/// The partition key of an idempotency key.
pub(super) fn answer_pk(owner: &OwnerId, key: &str) -> String {
    format!("answer#{}#{key}", owner.as_str())
}

/// One of the owner's listing partitions.
pub(super) fn owner_shard(owner: &OwnerId, shard: u16) -> String {
    format!("{}#{shard}", owner.as_str())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Accepted,
    Rejected,
    Deleting,
    Deleted,
}

/// The stored form of a [`Record`]. Absent means absent: no nulls are written.
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
    buried_at: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredGrant {
    class: String,
    filename: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    content_type: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    policy: String,
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

/// The item of a verdict.
pub(super) fn judged_item(judged: &Judged, shards: u16) -> Result<Item, RecordsError> {
    let id = judged.key.id();
    to_item(&Stored {
        pk: upload_pk(id),
        schema: SCHEMA,
        state: match judged.outcome {
            Outcome::Accepted => State::Accepted,
            Outcome::Rejected => State::Rejected,
        },
        id: id.to_string(),
        key: judged.key.to_string(),
        owner_shard: Some(owner_shard(judged.key.owner(), shard_of(id, shards))),
        bucket: Some(judged.bucket.clone()),
        version_id: Some(judged.version.clone()),
        sequencer: judged.sequencer.clone(),
        granted: judged.granted.as_ref().map(|granted| StoredGrant {
            class: granted.class.clone(),
            filename: granted.filename.clone(),
            size: granted.size.map(ByteSize::bytes),
            content_type: granted.content_type.clone(),
            metadata: granted.metadata.clone(),
            policy: granted.policy_hash.clone(),
        }),
        size: Some(judged.size.bytes()),
        content_type: Some(judged.content_type.clone()),
        checksum: judged.checksum.clone(),
        reasons: notes(&judged.reasons),
        findings: notes(&judged.findings),
        judged_at: Some(judged.judged_at.to_string()),
        buried_at: None,
    })
}

/// The item of a tombstone. It leaves the owner's listing, and everything the user typed is gone from it.
pub(super) fn tombstone_item(key: &ObjectKey, now: Timestamp) -> Result<Item, RecordsError> {
    to_item(&Stored {
        pk: upload_pk(key.id()),
        schema: SCHEMA,
        state: State::Deleting,
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
        buried_at: Some(now.to_string()),
    })
}

/// Reads an item back.
pub(super) fn record(item: Item) -> Result<Record, RecordsError> {
    let stored: Stored = serde_dynamo::from_item(item).map_err(|e| RecordsError::Unreadable(e.to_string()))?;
    if stored.schema != SCHEMA {
        return Err(RecordsError::Unreadable(format!("schema {}", stored.schema)));
    }
    let key = ObjectKey::parse(&stored.key).map_err(|e| RecordsError::Unreadable(e.to_string()))?;
    let outcome = match stored.state {
        State::Deleting => return Ok(Record::Deleting(key)),
        State::Deleted => return Ok(Record::Deleted(key)),
        State::Accepted => Outcome::Accepted,
        State::Rejected => Outcome::Rejected,
    };
    let missing = |name: &str| RecordsError::Unreadable(format!("{name} is missing"));
    Ok(Record::Judged(Box::new(Judged {
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
            content_type: granted.content_type,
            metadata: granted.metadata,
            policy_hash: granted.policy,
        }),
        size: ByteSize::from_bytes(stored.size.ok_or_else(|| missing("size"))?),
        content_type: stored.content_type.ok_or_else(|| missing("contentType"))?,
        checksum: stored.checksum,
        judged_at: stored.judged_at.and_then(|at| at.parse().ok()).ok_or_else(|| missing("judgedAt"))?,
    })))
}

/// Which listing partition an id belongs to. Its last byte is random, so they fill evenly.
pub(super) fn shard_of(id: UploadId, shards: u16) -> u16 {
    // 256 shards at most: nothing but the last byte decides.
    u16::from(id.last_byte()) % shards.max(1)
}

fn to_item(stored: &Stored) -> Result<Item, RecordsError> {
    serde_dynamo::to_item(stored).map_err(|e| RecordsError::Unreadable(e.to_string()))
}

#[cfg(test)]
mod tests;
