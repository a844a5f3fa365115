//! The first verdict is final: repeated uploads and late events do not change it.

use crate::api::alice;
use crate::aws::{created_event, key_of, send_message, upload_item, versions};
use crate::support::{asset, stack, wait_for};

#[test]
fn a_second_put_after_a_rejection_changes_nothing() {
    let program = asset("program.exe");
    let grant = alice().upload("a.png", "image/png", &program);
    let first = alice().verdict(grant.id());
    wait_for("the deletion of the version", || versions(&key_of(&grant)).is_empty().then_some(()));
    // The version is deleted, so S3 accepts the same PUT again.
    assert_eq!(grant.put(&program).status, 200);
    wait_for("the deletion of the second version", || versions(&key_of(&grant)).is_empty().then_some(()));
    assert_eq!(alice().verdict(grant.id()), first);
}

#[test]
fn a_second_post_does_not_replace_the_accepted_version() {
    let grant = alice().form("lock.png", "image/png");
    assert_eq!(grant.post(&asset("lock.png")).status, 201);
    let first = alice().verdict(grant.id());
    assert_eq!(grant.post(&asset("program.exe")).status, 201);
    let version = first["versionId"].as_str().unwrap().to_owned();
    wait_for("the deletion of the later version", || (versions(&key_of(&grant)) == [version.clone()]).then_some(()));
    assert_eq!(alice().verdict(grant.id()), first);
}

#[test]
fn a_put_after_a_deletion_leaves_no_version() {
    let bytes = asset("lock.png");
    let grant = alice().upload("lock.png", "image/png", &bytes);
    alice().verdict(grant.id());
    assert_eq!(alice().delete(grant.id()).status, 200);
    assert_eq!(grant.put(&bytes).status, 200);
    wait_for("the deletion of the second version", || versions(&key_of(&grant)).is_empty().then_some(()));
    assert_eq!(alice().status(grant.id()).json()["code"], "deleted");
}

#[test]
fn a_late_event_after_a_deletion_restores_nothing() {
    let grant = alice().upload("lock.png", "image/png", &asset("lock.png"));
    let version = alice().verdict(grant.id())["versionId"].as_str().unwrap().to_owned();
    assert_eq!(alice().delete(grant.id()).status, 200);
    let tombstone = upload_item(&stack().table, grant.id());
    send_message(&stack().queue, &created_event(&stack().bucket, &key_of(&grant), Some(&version)).to_string());
    // The verdict of a later upload shows that the queue has delivered the event.
    let next = alice().upload("lock.png", "image/png", &asset("lock.png"));
    alice().verdict(next.id());
    assert_eq!(upload_item(&stack().table, grant.id()), tombstone);
    assert_eq!(versions(&key_of(&grant)), Vec::<String>::new());
}
