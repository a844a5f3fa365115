//! The first verdict stands, whatever comes again or late.

use crate::world::{alice, asset, created_event, enqueue, eventually, item, key_of, stack, versions};

#[test]
fn a_replay_after_a_rejection_changes_nothing() {
    let program = asset("program.exe");
    let grant = alice().upload("a.png", "image/png", &program);
    let first = alice().verdict(grant.id());
    eventually("the version to go", || versions(&key_of(&grant)).is_empty().then_some(()));
    // The version is deleted, so the store would take the same PUT once more.
    assert_eq!(grant.put(&program).status, 200);
    eventually("the replay to go", || versions(&key_of(&grant)).is_empty().then_some(()));
    assert_eq!(alice().verdict(grant.id()), first);
}

#[test]
fn a_replayed_form_does_not_replace_what_was_accepted() {
    let grant = alice().form("lock.png", "image/png");
    assert_eq!(grant.post(&asset("lock.png")).status, 201);
    let first = alice().verdict(grant.id());
    assert_eq!(grant.post(&asset("program.exe")).status, 201);
    let version = first["versionId"].as_str().unwrap().to_owned();
    eventually("the newcomer to go", || (versions(&key_of(&grant)) == [version.clone()]).then_some(()));
    assert_eq!(alice().verdict(grant.id()), first);
}

#[test]
fn a_replay_after_a_delete_leaves_nothing() {
    let bytes = asset("lock.png");
    let grant = alice().upload("lock.png", "image/png", &bytes);
    alice().verdict(grant.id());
    assert_eq!(alice().delete(grant.id()).status, 200);
    assert_eq!(grant.put(&bytes).status, 200);
    eventually("the replay to go", || versions(&key_of(&grant)).is_empty().then_some(()));
    assert_eq!(alice().status(grant.id()).json()["code"], "deleted");
}

#[test]
fn a_late_event_after_a_delete_brings_nothing_back() {
    let grant = alice().upload("lock.png", "image/png", &asset("lock.png"));
    let version = alice().verdict(grant.id())["versionId"].as_str().unwrap().to_owned();
    assert_eq!(alice().delete(grant.id()).status, 200);
    let tombstone = item(grant.id());
    enqueue(&created_event(&stack().bucket, &key_of(&grant), Some(&version)));
    // Another upload's verdict shows that the queue has moved on.
    let next = alice().upload("lock.png", "image/png", &asset("lock.png"));
    alice().verdict(next.id());
    assert_eq!(item(grant.id()), tombstone);
    assert_eq!(versions(&key_of(&grant)), Vec::<String>::new());
}
