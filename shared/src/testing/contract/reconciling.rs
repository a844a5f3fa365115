//! What a table and a bucket promise to whoever looks after many uploads at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Stocking, fresh_key, judged};
use crate::key::ObjectKey;
use crate::objects::inventory::Inventory;
use crate::records::UploadRecords;
use crate::records::census::{Bookmark, Census, Due};
use crate::records::sessions::Sessions;
use crate::testing::{Upload, session_of};
use crate::upload::{Judged, Outcome, Pending, Record, ScanResult, Scanned, deletion_due};

/// Everything that a table promises about many items at once.
pub async fn census(table: &(impl Census + Sessions + UploadRecords)) {
    records_are_told_from_none(table).await;
    sessions_are_read_by_key(table).await;
    a_bookmark_follows_the_one_before_it(table).await;
    halves_are_due_until_they_are_whole(table).await;
}

async fn halves_are_due_until_they_are_whole(table: &(impl Census + UploadRecords)) {
    // Long ago, and in whole milliseconds: whatever else lies in the table is due later than these.
    let then =
        Timestamp::from_millisecond(100_000_000 + Timestamp::now().as_millisecond() / 1000).expect("a timestamp");
    let is_due = async |key: &ObjectKey, at: Timestamp| {
        let all = table.due(at, u16::MAX).await.expect("an answer");
        assert!(!all.contains(&Due::Session(key.clone())));
        all.contains(&Due::Upload(key.clone()))
    };
    let just_before = |due: Timestamp| due.checked_sub(SignedDuration::from_millis(1)).expect("a timestamp");
    let (content, scan, deleted) = (fresh_key(), fresh_key(), fresh_key());
    let verdict = |key: &ObjectKey| Judged { judged_at: then, ..judged(key, "v1", Outcome::Accepted) };
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
        table.hold(half).await.expect("an answer");
        assert!(!is_due(key, just_before(half.due())).await && is_due(key, half.due()).await, "{half:?}");
        table.conclude(&verdict(key)).await.expect("an answer");
        assert!(!is_due(key, Timestamp::MAX).await, "{half:?}");
    }
    table.bury(&deleted, then).await.expect("an answer");
    let due = deletion_due(then);
    assert!(!is_due(&deleted, just_before(due)).await && is_due(&deleted, due).await);
    // Asked for again, it is due when it was.
    table.bury(&deleted, due).await.expect("an answer");
    assert!(is_due(&deleted, due).await);
    table.buried(&deleted, due).await.expect("an answer");
    assert!(!is_due(&deleted, Timestamp::MAX).await);
}

async fn records_are_told_from_none(table: &(impl Census + UploadRecords)) {
    let (mut with, mut all) = (BTreeMap::new(), BTreeSet::new());
    for n in 0..230 {
        let key = fresh_key();
        all.insert(key.id());
        let record = match n % 3 {
            0 => {
                let judged = judged(&key, "v1", Outcome::Rejected);
                table.judge(&judged).await.expect("an answer");
                Record::Judged(Box::new(judged))
            }
            1 => {
                table.bury(&key, Timestamp::now()).await.expect("an answer");
                Record::Deleting(key.clone())
            }
            _ => continue,
        };
        with.insert(key.id(), Some(record));
    }
    assert_eq!(table.recorded(&all).await.expect("an answer"), with);
    assert_eq!(table.recorded(&BTreeSet::new()).await.expect("an answer"), BTreeMap::new());
}

async fn sessions_are_read_by_key(table: &(impl Census + Sessions)) {
    let (mut keys, mut stored) = (Vec::new(), BTreeSet::new());
    for n in 0..130 {
        let key = fresh_key();
        if n % 2 == 0 {
            table.open(&session_of(&key, 1)).await.expect("an answer");
            stored.insert(key.to_string());
        }
        // Two uploads of one key are one question.
        keys.extend([key.clone(), key]);
    }
    let stolen = ObjectKey::new(super::fresh_owner(), keys[0].id());
    let read = table.sessions_of(&keys).await.expect("an answer");
    assert_eq!(read.len(), stored.len());
    assert_eq!(read.iter().map(|session| session.key.to_string()).collect::<BTreeSet<_>>(), stored);
    assert_eq!(table.sessions_of(&[stolen]).await.expect("an answer"), [], "of another owner");
    assert_eq!(table.sessions_of(&[]).await.expect("an answer"), []);
}

async fn a_bookmark_follows_the_one_before_it(table: &impl Census) {
    let last = table.bookmark().await.expect("an answer").map_or(0, |kept| kept.edition);
    let next = |edition, text: &str| Bookmark { edition, text: text.to_owned() };
    let first = next(last + 1, "first");
    assert!(table.keep(&first).await.expect("an answer"));
    for stale in [next(last, "x"), next(last + 1, "x"), next(last + 3, "x")] {
        assert!(!table.keep(&stale).await.expect("an answer"), "{stale:?}");
    }
    assert_eq!(table.bookmark().await.expect("an answer"), Some(first));
    assert!(table.keep(&next(last + 2, "second")).await.expect("an answer"));
    assert_eq!(table.bookmark().await.expect("an answer"), Some(next(last + 2, "second")));
}

/// Everything that a bucket promises about what lies in it.
pub async fn inventory(bucket: &impl Inventory, stock: &impl Stocking) {
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
        let page = bucket.stored(&key.to_string(), next).await.expect("an answer");
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
    let none = bucket.stored(&fresh_key().to_string(), None).await.expect("an answer");
    assert_eq!((none.versions, none.next), (Vec::new(), None));
}
