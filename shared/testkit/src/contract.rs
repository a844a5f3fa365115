//! The contract of the ports, as checks that every implementation must pass: in memory and on AWS.
//!
//! The stores need not be empty: every call uses new ids and owners.

mod multipart;
mod reconciling;
mod sessions;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::{PNG, Upload, fresh_id, grant};
use content_sniff::ByteRange;
use policy::hash::hex_sha256;
use policy::key::{ObjectKey, OwnerId};
use policy::size::ByteSize;
use policy::upload::{Outcome, Pending, Record, ScanResult, Scanned, ValidatedUpload};
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::{IdempotencyOutcome, IdempotencyStore, Page, UploadRecords, WriteOutcome};

pub use policy::fixtures::validated;

pub use multipart::{PutParts, StoreFeatures, multipart};
pub use reconciling::{due_index, object_listing};
pub use sessions::sessions;

/// Stores objects for the suite. The port has no such call, because no function writes objects.
pub trait PutObjects {
    /// Writes an object and returns its version id.
    fn put(&self, key: &ObjectKey, upload: &Upload) -> impl Future<Output = String>;

    /// Deletes without a version id and returns the delete marker's.
    fn hide(&self, key: &ObjectKey) -> impl Future<Output = String>;
}

impl PutObjects for super::MemoryObjects {
    async fn put(&self, key: &ObjectKey, upload: &Upload) -> String {
        Self::put(self, key, upload.clone())
    }

    async fn hide(&self, key: &ObjectKey) -> String {
        Self::hide(self, key)
    }
}

/// A record as listings have it: some attributes are not projected.
fn slim(record: Record) -> Record {
    match record {
        Record::Validated(validated) => {
            Record::Validated(Box::new(ValidatedUpload { sequencer: None, checksum: None, ..*validated }))
        }
        tombstone => tombstone,
    }
}

fn fresh_owner() -> OwnerId {
    OwnerId::from_claims("contract", &fresh_id().to_string()).expect("a subject")
}

fn fresh_key() -> ObjectKey {
    ObjectKey::new(fresh_owner(), fresh_id())
}

/// Checks the contract of records and idempotency keys.
pub async fn records(table: &(impl UploadRecords + IdempotencyStore)) {
    the_first_verdict_is_final(table).await;
    a_half_waits_for_its_own_version(table).await;
    of_two_scans_the_worse_one_stands(table).await;
    a_tombstone_is_for_ever(table).await;
    a_listing_holds_ones_own_newest_first(table).await;
    a_key_stands_for_one_create(table).await;
}

async fn the_first_verdict_is_final(table: &impl UploadRecords) {
    for outcome in [Outcome::Accepted, Outcome::Rejected] {
        let key = fresh_key();
        assert_eq!(table.get(key.id()).await.expect("an answer"), None);
        let first = validated(&key, "v1", outcome);
        assert_eq!(table.put_verdict(&first).await.expect("an answer"), WriteOutcome::Written);
        let record = Record::Validated(Box::new(first.clone()));
        for other in [Outcome::Accepted, Outcome::Rejected] {
            let later = validated(&key, "v2", other);
            assert_eq!(
                table.put_verdict(&later).await.expect("an answer"),
                WriteOutcome::AlreadyExists(record.clone())
            );
        }
        assert_eq!(table.put_verdict(&first).await.expect("an answer"), WriteOutcome::AlreadyExists(record.clone()));
        assert_eq!(table.get(key.id()).await.expect("an answer"), Some(record));
    }
    let bare = ValidatedUpload {
        sequencer: None,
        granted: None,
        checksum: None,
        findings: Vec::new(),
        ..validated(&fresh_key(), "v1", Outcome::Accepted)
    };
    assert_eq!(table.put_verdict(&bare).await.expect("an answer"), WriteOutcome::Written);
    let read = table.get(bare.key.id()).await.expect("an answer");
    assert_eq!(read, Some(Record::Validated(Box::new(bare))));
}

/// Both pending verdicts of `version`.
fn halves(key: &ObjectKey, version: &str) -> [Pending; 2] {
    let content = ValidatedUpload { reasons: Vec::new(), ..validated(key, version, Outcome::Accepted) };
    let scanned = Scanned {
        key: key.clone(),
        bucket: content.bucket.clone(),
        version: version.to_owned(),
        result: ScanResult::Unscannable,
        detail: "UNSUPPORTED".to_owned(),
        scanned_at: content.judged_at,
    };
    [Pending::Content(Box::new(content)), Pending::Scan(scanned)]
}

async fn a_half_waits_for_its_own_version(table: &(impl UploadRecords + IdempotencyStore)) {
    for first in 0..2 {
        let key = fresh_key();
        let (mine, others) = (halves(&key, "v1"), halves(&key, "v2"));
        let record = Record::Pending(mine[first].clone());
        table
            .finalize(&validated(&key, "v1", Outcome::Accepted))
            .await
            .expect_err("nothing is concluded without a half");
        assert_eq!(table.get(key.id()).await.expect("an answer"), None);
        assert_eq!(table.put_pending(&mine[first]).await.expect("an answer"), WriteOutcome::Written);
        for half in mine.iter().chain(&others) {
            assert_eq!(table.put_pending(half).await.expect("an answer"), WriteOutcome::AlreadyExists(record.clone()));
        }
        let early = validated(&key, "v1", Outcome::Rejected);
        assert_eq!(table.put_verdict(&early).await.expect("an answer"), WriteOutcome::AlreadyExists(record.clone()));
        let others = validated(&key, "v2", Outcome::Accepted);
        assert_eq!(table.finalize(&others).await.expect("an answer"), WriteOutcome::AlreadyExists(record.clone()));
        assert_eq!(table.get(key.id()).await.expect("an answer"), Some(record));
        table.mark_purged(&key, Timestamp::now()).await.expect_err("a half is no tombstone");
        let listed = table.list(key.owner(), None, 10).await.expect("an answer");
        assert_eq!(listed.items, [], "a half is in no listing");
        let last = validated(&key, "v1", Outcome::Accepted);
        let verdict = Record::Validated(Box::new(last.clone()));
        assert_eq!(table.finalize(&last).await.expect("an answer"), WriteOutcome::Written);
        assert_eq!(table.finalize(&early).await.expect("an answer"), WriteOutcome::AlreadyExists(verdict.clone()));
        assert_eq!(table.put_pending(&mine[first]).await.expect("an answer"), WriteOutcome::AlreadyExists(verdict));
        assert_eq!(table.list(key.owner(), None, 10).await.expect("an answer").items.len(), 1);
        let buried = fresh_key();
        table.put_pending(&halves(&buried, "v1")[first]).await.expect("an answer");
        table.write_tombstone(&buried, Timestamp::now()).await.expect("an answer");
        let late = table.finalize(&validated(&buried, "v1", Outcome::Accepted)).await.expect("an answer");
        assert_eq!(late, WriteOutcome::AlreadyExists(Record::Deleting(buried)));
    }
}

async fn of_two_scans_the_worse_one_stands(table: &impl UploadRecords) {
    use ScanResult::{Clean, Threat, Unscannable};
    let scan = |key: &ObjectKey, version: &str, result| match halves(key, version) {
        [_, Pending::Scan(scanned)] => Pending::Scan(Scanned { result, ..scanned }),
        [..] => unreachable!("the second one is a scan"),
    };
    for (first, second, stands) in [
        (Clean, Threat, Threat),
        (Clean, Unscannable, Unscannable),
        (Clean, Clean, Clean),
        (Threat, Clean, Threat),
        (Threat, Unscannable, Threat),
        (Unscannable, Threat, Unscannable),
    ] {
        let key = fresh_key();
        let [first, second, stands] = [first, second, stands].map(|result| scan(&key, "v1", result));
        assert_eq!(table.put_pending(&first).await.expect("an answer"), WriteOutcome::Written);
        let held = Record::Pending(first.clone());
        assert_eq!(
            table.put_pending(&scan(&key, "v2", Threat)).await.expect("an answer"),
            WriteOutcome::AlreadyExists(held.clone())
        );
        let replaced = first != stands;
        let expected = if replaced { WriteOutcome::Written } else { WriteOutcome::AlreadyExists(held) };
        assert_eq!(table.put_pending(&second).await.expect("an answer"), expected, "{first:?}, {second:?}");
        assert_eq!(table.get(key.id()).await.expect("an answer"), Some(Record::Pending(stands)));
    }
    let (content, judged_key, buried) = (fresh_key(), fresh_key(), fresh_key());
    table.put_pending(&halves(&content, "v1")[0]).await.expect("an answer");
    table.put_verdict(&validated(&judged_key, "v1", Outcome::Accepted)).await.expect("an answer");
    table.write_tombstone(&buried, Timestamp::now()).await.expect("an answer");
    for key in [content, judged_key, buried] {
        let record = table.get(key.id()).await.expect("an answer").expect("a record");
        assert_eq!(
            table.put_pending(&scan(&key, "v1", Threat)).await.expect("an answer"),
            WriteOutcome::AlreadyExists(record)
        );
    }
}

async fn a_tombstone_is_for_ever(table: &impl UploadRecords) {
    let now = Timestamp::now();
    for verdict in [None, Some(Outcome::Accepted), Some(Outcome::Rejected)] {
        let key = fresh_key();
        table.mark_purged(&key, now).await.expect_err("nothing is buried without a tombstone");
        if let Some(outcome) = verdict {
            let written = validated(&key, "v1", outcome);
            table.put_verdict(&written).await.expect("an answer");
            table.mark_purged(&key, now).await.expect_err("a verdict is no tombstone");
            assert_eq!(table.get(key.id()).await.expect("an answer"), Some(Record::Validated(Box::new(written))));
        }
        let late = validated(&key, "v2", Outcome::Accepted);
        for _ in 0..2 {
            table.write_tombstone(&key, now).await.expect("an answer");
            assert_eq!(table.get(key.id()).await.expect("an answer"), Some(Record::Deleting(key.clone())));
            let stands = table.put_verdict(&late).await.expect("an answer");
            assert_eq!(stands, WriteOutcome::AlreadyExists(Record::Deleting(key.clone())));
        }
        for _ in 0..2 {
            table.mark_purged(&key, now).await.expect("an answer");
            // A repeated DELETE must not undo a finished step.
            table.write_tombstone(&key, now).await.expect("an answer");
            assert_eq!(table.get(key.id()).await.expect("an answer"), Some(Record::Deleted(key.clone())));
            let stands = table.put_verdict(&late).await.expect("an answer");
            assert_eq!(stands, WriteOutcome::AlreadyExists(Record::Deleted(key.clone())));
        }
        let page = table.list(key.owner(), None, 10).await.expect("an answer");
        assert_eq!(page.items, [], "a tombstone is in no listing");
    }
}

async fn a_listing_holds_ones_own_newest_first(table: &impl UploadRecords) {
    let (owner, other) = (fresh_owner(), fresh_owner());
    let mut ids = BTreeSet::new();
    for _ in 0..7 {
        for owner in [&owner, &other] {
            let key = ObjectKey::new(owner.clone(), fresh_id());
            table.put_verdict(&validated(&key, "v1", Outcome::Accepted)).await.expect("an answer");
        }
        let key = ObjectKey::new(owner.clone(), fresh_id());
        table.put_verdict(&validated(&key, "v1", Outcome::Rejected)).await.expect("an answer");
    }
    let mine = table.list(&owner, None, 1000).await.expect("an answer");
    assert_eq!(mine.next, None);
    for record in &mine.items {
        assert_eq!(record.key().owner(), &owner);
        let whole = table.get(record.key().id()).await.expect("an answer").expect("a record");
        assert_eq!(slim(whole), slim(record.clone()));
        ids.insert(record.key().id());
    }
    let newest_first: Vec<_> = ids.iter().rev().copied().collect();
    assert_eq!(newest_first.len(), 14);
    for limit in [1, 3, 7, 14] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let Page { items, next } = table.list(&owner, before, limit).await.expect("an answer");
            assert!(items.len() <= usize::from(limit));
            assert!(next.is_none() || next == items.last().map(|record| record.key().id()));
            seen.extend(items.iter().map(|record| record.key().id()));
            before = next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(seen, newest_first, "{limit} a page");
    }
}

async fn a_key_stands_for_one_create(table: &impl IdempotencyStore) {
    let (owner, other) = (fresh_owner(), fresh_owner());
    let key = hex_sha256(&[b"key"]);
    let (body, changed) = (hex_sha256(&[b"body"]), hex_sha256(&[b"changed"]));
    let now = Timestamp::now();
    let after = |seconds| now.checked_add(SignedDuration::from_secs(seconds)).expect("a timestamp");
    let (first, second) = (fresh_id(), fresh_id());
    let check = async |owner: &OwnerId, body: &str, id, at, expected| {
        assert_eq!(table.reserve(owner, &key, body, id, at).await.expect("an answer"), expected);
    };
    check(&owner, &body, first, now, IdempotencyOutcome::New).await;
    check(&owner, &body, second, now, IdempotencyOutcome::SameRequest(first)).await;
    check(&owner, &changed, second, now, IdempotencyOutcome::DifferentRequest).await;
    check(&other, &changed, second, now, IdempotencyOutcome::New).await;
    check(&owner, &body, second, after(86_399), IdempotencyOutcome::SameRequest(first)).await;
    check(&owner, &changed, second, after(86_400), IdempotencyOutcome::New).await;
    check(&owner, &changed, first, after(86_401), IdempotencyOutcome::SameRequest(second)).await;
}

/// Checks the contract of objects.
pub async fn objects(bucket: &impl Objects, stock: &impl PutObjects) {
    what_was_put_is_seen(bucket, stock).await;
    a_range_is_what_there_is_of_it(bucket, stock).await;
    versions_are_told_apart(bucket, stock).await;
    what_is_not_there_is_none(bucket, stock).await;
}

async fn what_was_put_is_seen(bucket: &impl Objects, stock: &impl PutObjects) {
    let key = fresh_key();
    let grant = grant(key.owner(), PNG.len() as u64);
    let version = stock.put(&key, &Upload::granted(&grant, PNG)).await;
    for asked in [None, Some(version.as_str())] {
        let seen = bucket.head(&key, asked).await.expect("an answer").expect("an object");
        assert_eq!(seen.version, version);
        assert_eq!(seen.size, ByteSize::from_bytes(PNG.len() as u64));
        assert_eq!(seen.content_type.as_deref(), Some("image/png"));
        assert_eq!(seen.grant.as_ref(), Ok(&grant));
        assert_eq!(seen.unexpected_metadata, Vec::<String>::new());
    }
    let mut marked = Upload::granted(&grant, PNG);
    marked.metadata.insert("other".to_owned(), "x".to_owned());
    let version = stock.put(&key, &marked).await;
    let seen = bucket.head(&key, Some(&version)).await.expect("an answer").expect("an object");
    assert_eq!((seen.grant.is_ok(), seen.unexpected_metadata.len()), (true, 1));
    let version = stock.put(&key, &Upload::foreign(b"x")).await;
    let seen = bucket.head(&key, Some(&version)).await.expect("an answer").expect("an object");
    assert!(seen.grant.is_err());
}

async fn a_range_is_what_there_is_of_it(bucket: &impl Objects, stock: &impl PutObjects) {
    let key = fresh_key();
    let version = stock.put(&key, &Upload::foreign(b"0123456789")).await;
    for (start, len, expected) in
        [(0, 10, "0123456789"), (0, 16_384, "0123456789"), (3, 4, "3456"), (9, 1, "9"), (9, 5, "9"), (10, 1, "")]
    {
        let read = bucket.read(&key, &version, ByteRange { start, len }).await.expect("an answer");
        assert_eq!(read.as_deref(), Some(expected.as_bytes()), "{len} bytes from {start}");
    }
    let empty = stock.put(&key, &Upload::foreign(b"")).await;
    let read = bucket.read(&key, &empty, ByteRange { start: 0, len: 16_384 }).await.expect("an answer");
    assert_eq!(read, Some(Vec::new()));
    let read = bucket.read(&key, &version, ByteRange { start: 0, len: 1 }).await.expect("an answer");
    assert_eq!(read.as_deref(), Some(b"0".as_slice()), "a read is pinned to its version");
}

async fn versions_are_told_apart(bucket: &impl Objects, stock: &impl PutObjects) {
    let key = fresh_key();
    let first = stock.put(&key, &Upload::foreign(b"first")).await;
    let second = stock.put(&key, &Upload::foreign(b"the second")).await;
    let marker = stock.hide(&key).await;
    let size = async |version: Option<&str>| {
        bucket.head(&key, version).await.expect("an answer").map(|seen| seen.size.bytes())
    };
    let all = async || bucket.versions(&key).await.expect("an answer").into_iter().collect::<BTreeSet<_>>();
    assert_eq!(all().await, BTreeSet::from([first.clone(), second.clone(), marker.clone()]));
    assert_eq!((size(None).await, size(Some(&first)).await, size(Some(&second)).await), (None, Some(5), Some(10)));
    assert_eq!(size(Some(&marker)).await, None);
    bucket.delete_version(&key, &marker).await.expect("an answer");
    assert_eq!(size(None).await, Some(10));
    for _ in 0..2 {
        bucket.delete_version(&key, &second).await.expect("an answer");
        assert_eq!((size(None).await, size(Some(&second)).await), (Some(5), None));
        assert_eq!(all().await, BTreeSet::from([first.clone()]));
    }
    bucket.delete_version(&key, &first).await.expect("an answer");
    assert_eq!((size(None).await, all().await), (None, BTreeSet::new()));
}

async fn what_is_not_there_is_none(bucket: &impl Objects, stock: &impl PutObjects) {
    let (key, never) = (fresh_key(), fresh_key());
    let gone = stock.put(&key, &Upload::foreign(b"x")).await;
    bucket.delete_version(&key, &gone).await.expect("an answer");
    for (key, version) in [(&key, None), (&key, Some(gone.as_str())), (&never, None)] {
        assert_eq!(bucket.head(key, version).await.expect("an answer"), None);
    }
    let window = ByteRange { start: 0, len: 1 };
    assert_eq!(bucket.read(&key, &gone, window).await.expect("an answer"), None);
    assert_eq!(bucket.versions(&never).await.expect("an answer"), Vec::<String>::new());
}
