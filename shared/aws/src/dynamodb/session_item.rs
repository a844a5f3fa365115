//! Items of multipart sessions, to and from their values. Pure: makes no call.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::item::{Item, SCHEMA, due_shard, due_shard_of};
use policy::checksum::{Checksum, ChecksumAlgorithm};
use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::parts::{ETag, PartNumber, PartPlan};
use policy::session::{Cleanup, Completed, Completing, CompletionRequest, Lease, Session, State};
use policy::size::ByteSize;
use policy::{Grant, SessionTerms};
use uploads_core::ports::records::RecordsError;

/// How long an item stays after its session's deadline: longer than the bucket's lifecycle rule keeps parts.
const SESSION_RETENTION: SignedDuration = SignedDuration::from_hours(60 * 24);

/// The partition key of a session.
pub(super) fn session_pk(id: UploadId) -> String {
    format!("session#{id}")
}

/// The most ids in one item of an owner's count. The set is written as a whole, and an item holds at most 400 KB.
const ONE_COUNT: u32 = 1_000;

/// The number of items of a larger count, with at most 5,000 ids each.
const SPREAD: u8 = 64;

/// The partition keys under which `id` may be counted among its owner's sessions without a size: the whole count, or its
/// part of a large one.
pub(super) fn unsized_pks(owner: &OwnerId, id: UploadId) -> [String; 2] {
    let whole = format!("unsized#{}", owner.as_str());
    let part = format!("{whole}#{:02x}", id.last_byte() % SPREAD);
    [whole, part]
}

/// The item that counts `id` if `most` are allowed, and its own limit. Ids spread at random, so one item of a large count
/// may be full before the limit is reached.
pub(super) fn unsized_count(owner: &OwnerId, id: UploadId, most: u32) -> (String, u32) {
    let [whole, part] = unsized_pks(owner, id);
    if most <= ONE_COUNT { (whole, most) } else { (part, most.div_ceil(SPREAD.into())) }
}

/// The stored name of each state. The two final states have a second name for when S3 holds nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum StateName {
    Opening,
    Open,
    Completing,
    Completed,
    Aborting,
    Aborted,
    Expiring,
    Expired,
}

/// The stored form of a [`Session`]. Missing values are left out, not written as nulls.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    pk: String,
    schema: u8,
    state: StateName,
    id: String,
    key: String,
    revision: u64,
    generation: u32,
    grant: String,
    /// The declared size, or the limit.
    bytes: u64,
    sized: bool,
    part_size: u64,
    parts: u32,
    url_life_seconds: u64,
    session_life_seconds: u64,
    deadline: Timestamp,
    summed_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part_checksum: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s3_upload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_holder: Option<String>,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_until: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    listed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    whole: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_shard: Option<String>,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<i64>,
    /// When `DynamoDB` deletes the item (TTL), in seconds since 1970.
    expires_at: i64,
}

/// The item of a session.
pub(super) fn session_item(session: &Session) -> Result<Item, RecordsError> {
    let id = session.key.id();
    let (sized, bytes, parts) = match session.plan {
        PartPlan::Sized { size, count, .. } => (true, size, count),
        PartPlan::Unsized { limit, last, .. } => (false, limit, last.get()),
    };
    let grant = session.grant.encode().map_err(|e| RecordsError::Unreadable(e.to_string()))?;
    let due = session.due();
    let mut stored = Stored {
        pk: session_pk(id),
        schema: SCHEMA,
        state: StateName::Opening,
        id: id.to_string(),
        key: session.key.to_string(),
        revision: session.revision,
        generation: session.generation,
        grant,
        bytes: bytes.bytes(),
        sized,
        part_size: session.plan.part_size().bytes(),
        parts,
        url_life_seconds: session.terms.url_life.as_secs(),
        session_life_seconds: session.terms.session_life.as_secs(),
        deadline: session.deadline,
        summed_at: session.summed_at,
        part_checksum: session.terms.part_checksum.map(|algorithm| algorithm.name().to_owned()),
        s3_upload: None,
        lease_holder: None,
        lease_until: None,
        listed: None,
        whole: None,
        version_id: None,
        etag: None,
        due_shard: due.map(|_| due_shard(due_shard_of(id))),
        due: due.map(Timestamp::as_millisecond),
        expires_at: session.deadline.checked_add(SESSION_RETENTION).unwrap_or(Timestamp::MAX).as_second(),
    };
    stored.put(&session.state);
    serde_dynamo::to_item(&stored).map_err(|e| RecordsError::Unreadable(e.to_string()))
}

impl Stored {
    fn put(&mut self, state: &State) {
        let upload = |left: &Cleanup| match left {
            Cleanup::Upload(upload) => Some(upload.clone()),
            Cleanup::AnyUpload | Cleanup::Done => None,
        };
        match state {
            State::Opening => self.state = StateName::Opening,
            State::Open { upload } => {
                self.state = StateName::Open;
                self.s3_upload = Some(upload.clone());
            }
            State::Completing(Completing { upload, lease, request }) => {
                self.state = StateName::Completing;
                self.s3_upload = Some(upload.clone());
                self.lease_holder = Some(lease.holder.clone());
                self.lease_until = Some(lease.until.as_millisecond());
                self.listed.clone_from(&request.listed);
                self.whole = request.checksum.as_ref().map(ToString::to_string);
            }
            State::Completed(Completed { version, etag }) => {
                self.state = StateName::Completed;
                self.version_id = Some(version.clone());
                self.etag = Some(etag.as_str().to_owned());
            }
            State::Aborted(Cleanup::Done) => self.state = StateName::Aborted,
            State::Expired(Cleanup::Done) => self.state = StateName::Expired,
            State::Aborted(left) => {
                self.state = StateName::Aborting;
                self.s3_upload = upload(left);
            }
            State::Expired(left) => {
                self.state = StateName::Expiring;
                self.s3_upload = upload(left);
            }
        }
    }

    fn state(&mut self) -> Option<State> {
        let left = |upload: Option<String>| upload.map_or(Cleanup::AnyUpload, Cleanup::Upload);
        Some(match self.state {
            StateName::Opening => State::Opening,
            StateName::Open => State::Open { upload: self.s3_upload.take()? },
            StateName::Completing => State::Completing(Completing {
                upload: self.s3_upload.take()?,
                lease: Lease {
                    holder: self.lease_holder.take()?,
                    until: Timestamp::from_millisecond(self.lease_until?).ok()?,
                },
                request: CompletionRequest {
                    listed: self.listed.take(),
                    checksum: match &self.whole {
                        None => None,
                        Some(text) => {
                            let (algorithm, value) = text.split_once(':')?;
                            Some(Checksum::parse(algorithm, value).ok()?)
                        }
                    },
                },
            }),
            StateName::Completed => State::Completed(Completed {
                version: self.version_id.take()?,
                etag: ETag::parse(self.etag.as_deref()?).ok()?,
            }),
            StateName::Aborting => State::Aborted(left(self.s3_upload.take())),
            StateName::Aborted => State::Aborted(Cleanup::Done),
            StateName::Expiring => State::Expired(left(self.s3_upload.take())),
            StateName::Expired => State::Expired(Cleanup::Done),
        })
    }

    fn plan(&self) -> Option<PartPlan> {
        let (bytes, part_size) = (ByteSize::from_bytes(self.bytes), ByteSize::from_bytes(self.part_size));
        Some(if self.sized {
            PartPlan::Sized { size: bytes, part_size, count: self.parts }
        } else {
            PartPlan::Unsized { limit: bytes, part_size, last: PartNumber::new(self.parts)? }
        })
    }
}

/// Reads an item.
pub(super) fn session(item: Item) -> Result<Session, RecordsError> {
    let mut stored: Stored = serde_dynamo::from_item(item).map_err(|e| RecordsError::Unreadable(e.to_string()))?;
    if stored.schema != SCHEMA {
        return Err(RecordsError::Unreadable(format!("schema {}", stored.schema)));
    }
    let odd = |name: &str| RecordsError::Unreadable(format!("a session's {name}"));
    let part_checksum = match &stored.part_checksum {
        None => None,
        Some(name) => Some(ChecksumAlgorithm::from_name(name).ok_or_else(|| odd("partChecksum"))?),
    };
    let verdict_due = stored.due.filter(|_| stored.state == StateName::Completed);
    Ok(Session {
        key: ObjectKey::parse(&stored.key).map_err(|_| odd("key"))?,
        revision: stored.revision,
        grant: Grant::decode(&stored.grant).map_err(|_| odd("grant"))?,
        plan: stored.plan().ok_or_else(|| odd("plan"))?,
        terms: SessionTerms {
            url_life: Duration::from_secs(stored.url_life_seconds),
            session_life: Duration::from_secs(stored.session_life_seconds),
            part_checksum,
        },
        generation: stored.generation,
        deadline: stored.deadline,
        summed_at: stored.summed_at,
        verdict_due: match verdict_due.map(Timestamp::from_millisecond) {
            None => None,
            Some(due) => Some(due.map_err(|_| odd("due"))?),
        },
        state: stored.state().ok_or_else(|| odd("state"))?,
    })
}

#[cfg(test)]
mod tests;
