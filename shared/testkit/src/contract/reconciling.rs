//! The contract of what the reconciler uses.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{PutObjects, fresh_key, validated};
use crate::{Upload, session_of};
use policy::key::ObjectKey;
use policy::upload::{Outcome, Pending, Record, ScanResult, Scanned, ValidatedUpload, deletion_due};
use uploads_core::ports::due_index::{Checkpoint, Due, DueIndex};
use uploads_core::ports::object_listing::ObjectListing;
use uploads_core::ports::records::UploadRecords;
use uploads_core::ports::sessions::Sessions;

/// Checks the contract of the due index, of batch reads and of the checkpoint.
pub async fn due_index(table: &(impl DueIndex + Sessions + UploadRecords)) {
    records_are_told_from_none(table).await;
    sessions_are_read_by_key(table).await;
    a_bookmark_follows_the_one_before_it(table).await;
    halves_are_due_until_they_are_whole(table).await;
}

async fn halves_are_due_until_they_are_whole(table: &(impl DueIndex + UploadRecords)) {
    // In the past and in whole milliseconds, so that all other items of the table are due later.
    let then =
        Timestamp::from_millisecond(100_000_000 + Timestamp::now().as_millisecond() / 1000).expect("a timestamp");
    let is_due = async |key: &ObjectKey, at: Timestamp| {
        let all = table.due(at, u16::MAX).await.expect("an answer");
        assert!(!all.contains(&Due::Session(key.clone())));
        all.contains(&Due::Upload(key.clone()))
    };
    let just_before = |due: Timestamp| due.checked_sub(SignedDuration::from_millis(1)).expect("a timestamp");
    let (content, scan, deleted) = (fresh_key(), fresh_key(), fresh_key());
    let verdict = |key: &ObjectKey| ValidatedUpload { judged_at: then, ..validated(key, "v1", Outcome::Accepted) };
    let halves = [
        Pending::Content(Box::new(verdict(&content))),
        Pending::Scan(Scanned {
            key: scan.clone(),
            bucket: "b".to_owned(),
            version: "v1".to_owned(),
            result: ScanResult::Clean,
            detail: "NO_THREATS_FOUND".to_owned(),
            scanned_at: then,
        }),
    ];
    for half in &halves {
        let key = half.key();
        table.put_pending(half).await.expect("an answer");
        assert!(!is_due(key, just_before(half.due())).await && is_due(key, half.due()).await, "{half:?}");
        table.finalize(&verdict(key)).await.expect("an answer");
        assert!(!is_due(key, Timestamp::MAX).await, "{half:?}");
    }
    table.write_tombstone(&deleted, then).await.expect("an answer");
    let due = deletion_due(then);
    assert!(!is_due(&deleted, just_before(due)).await && is_due(&deleted, due).await);
    // A repeated deletion does not change when it is due.
    table.write_tombstone(&deleted, due).await.expect("an answer");
    assert!(is_due(&deleted, due).await);
    table.mark_purged(&deleted, due).await.expect("an answer");
    assert!(!is_due(&deleted, Timestamp::MAX).await);
}

async fn records_are_told_from_none(table: &(impl DueIndex + UploadRecords)) {
    let (mut with, mut all) = (BTreeMap::new(), BTreeSet::new());
    for n in 0..230 {
        let key = fresh_key();
        all.insert(key.id());
        let record = match n % 3 {
            0 => {
                let validated = validated(&key, "v1", Outcome::Rejected);
                table.put_verdict(&validated).await.expect("an answer");
                Record::Validated(Box::new(validated))
            }
            1 => {
                table.write_tombstone(&key, Timestamp::now()).await.expect("an answer");
                Record::Deleting(key.clone())
            }
            _ => continue,
        };
        with.insert(key.id(), Some(record));
    }
    assert_eq!(table.records_of(&all).await.expect("an answer"), with);
    assert_eq!(table.records_of(&BTreeSet::new()).await.expect("an answer"), BTreeMap::new());
}

async fn sessions_are_read_by_key(table: &(impl DueIndex + Sessions)) {
    let (mut keys, mut stored) = (Vec::new(), BTreeSet::new());
    for n in 0..130 {
        let key = fresh_key();
        if n % 2 == 0 {
            table.open(&session_of(&key, 1)).await.expect("an answer");
            stored.insert(key.to_string());
        }
        // Two uploads of one key are read once.
        keys.extend([key.clone(), key]);
    }
    let stolen = ObjectKey::new(super::fresh_owner(), keys[0].id());
    let read = table.sessions_of(&keys).await.expect("an answer");
    assert_eq!(read.len(), stored.len());
    assert_eq!(read.iter().map(|session| session.key.to_string()).collect::<BTreeSet<_>>(), stored);
    assert_eq!(table.sessions_of(&[stolen]).await.expect("an answer"), [], "of another owner");
    assert_eq!(table.sessions_of(&[]).await.expect("an answer"), []);
}

async fn a_bookmark_follows_the_one_before_it(table: &impl DueIndex) {
    let last = table.checkpoint().await.expect("an answer").map_or(0, |kept| kept.revision);
    let next = |revision, text: &str| Checkpoint { revision, text: text.to_owned() };
    let first = next(last + 1, "first");
    assert!(table.save_checkpoint(&first).await.expect("an answer"));
    for stale in [next(last, "x"), next(last + 1, "x"), next(last + 3, "x")] {
        assert!(!table.save_checkpoint(&stale).await.expect("an answer"), "{stale:?}");
    }
    assert_eq!(table.checkpoint().await.expect("an answer"), Some(first));
    assert!(table.save_checkpoint(&next(last + 2, "second")).await.expect("an answer"));
    assert_eq!(table.checkpoint().await.expect("an answer"), Some(next(last + 2, "second")));
}

/// Checks the contract of listings.
pub async fn object_listing(bucket: &impl ObjectListing, stock: &impl PutObjects) {
    let (key, other) = (fresh_key(), fresh_key());
    let mut expected = BTreeSet::new();
    for n in 0..1002 {
        let bytes = if n == 0 { b"long".as_slice() } else { b"x" };
        expected.insert((stock.put(&key, &Upload::foreign(bytes)).await, bytes.len() as u64));
    }
    stock.hide(&key).await;
    stock.put(&other, &Upload::foreign(b"x")).await;
    let (mut seen, mut next, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = bucket.list_versions(&key.to_string(), next).await.expect("an answer");
        seen.extend(page.versions);
        pages += 1;
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert!(pages > 1);
    let about = |at: Timestamp| Timestamp::now().duration_since(at).abs() < SignedDuration::from_mins(10);
    assert!(seen.iter().all(|found| found.key == key && about(found.stored_at)));
    assert_eq!(seen.len(), expected.len(), "none twice, and no marker");
    let seen: BTreeSet<_> = seen.into_iter().map(|found| (found.version, found.size.bytes())).collect();
    assert_eq!(seen, expected);
    let none = bucket.list_versions(&fresh_key().to_string(), None).await.expect("an answer");
    assert_eq!((none.versions, none.next), (Vec::new(), None));
}
