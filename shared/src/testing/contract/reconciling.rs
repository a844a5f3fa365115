//! What a table and a bucket promise to whoever looks after many uploads at once.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Stocking, fresh_key, judged};
use crate::key::ObjectKey;
use crate::objects::inventory::Inventory;
use crate::records::UploadRecords;
use crate::records::census::{Bookmark, Census};
use crate::records::sessions::Sessions;
use crate::testing::{Upload, session_of};
use crate::upload::Outcome;

/// Everything that a table promises about many items at once.
pub async fn census(table: &(impl Census + Sessions + UploadRecords)) {
    records_are_told_from_none(table).await;
    sessions_are_read_by_key(table).await;
    a_bookmark_follows_the_one_before_it(table).await;
}

async fn records_are_told_from_none(table: &(impl Census + UploadRecords)) {
    let (mut with, mut all) = (BTreeSet::new(), BTreeSet::new());
    for n in 0..230 {
        let key = fresh_key();
        all.insert(key.id());
        match n % 3 {
            0 => drop(table.judge(&judged(&key, "v1", Outcome::Rejected)).await.expect("an answer")),
            1 => table.bury(&key, Timestamp::now()).await.expect("an answer"),
            _ => continue,
        }
        with.insert(key.id());
    }
    assert_eq!(table.recorded(&all).await.expect("an answer"), with);
    assert_eq!(table.recorded(&BTreeSet::new()).await.expect("an answer"), BTreeSet::new());
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
